/*
 * Runs made up for the tests of the reports: always the same figures.
 *
 * Free each with run_free().
 */
#ifndef SAMPLE_RUN_H
#define SAMPLE_RUN_H

#include "perfgate/results/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE_MS 1000000.0

/* Knuth's MMIX generator: the figures must not depend on the libc. */
static inline double sample_uniform(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (double)(*state >> 11) / 9007199254740992.0;
}

struct sample_endpoint {
	const char *name;
	unsigned requests;
	double median_ms, spread;
};

static inline void sample_count(struct endpoint_result *endpoint, double ms)
{
	histogram_record(endpoint->latency, (uint64_t)(ms * SAMPLE_MS));
	histogram_record(endpoint->service, (uint64_t)(ms * SAMPLE_MS * .98));
	endpoint->requests++;
	endpoint->classes[CLASS_OK]++;
	endpoint->bytes_received += 640;
	endpoint->bytes_sent += 210;
}

static inline void sample_part(struct endpoint_result *endpoint, size_t index, const char *name,
			       double ms)
{
	if (endpoint->timings == NULL)
		endpoint->timings = calloc(3, sizeof *endpoint->timings);
	if (index == endpoint->n_timings) {
		endpoint->timings[endpoint->n_timings++] =
			(struct timing_part){name, histogram_new()};
	}
	histogram_record(endpoint->timings[index].histogram, (uint64_t)(ms * SAMPLE_MS));
}

static inline void sample_requests(struct scenario_result *scenario, size_t index,
				   const struct sample_endpoint *plan, uint64_t *state)
{
	struct endpoint_result *endpoint = &scenario->endpoints[index];

	for (unsigned i = 0; i < plan->requests; i++) {
		double u = sample_uniform(state);
		double ms = plan->median_ms * exp(plan->spread * (2 * u - 1) * (1 + 2 * u * u));
		bool hit = sample_uniform(state) < .93;

		sample_count(endpoint, ms);
		sample_count(&scenario->total, ms);
		endpoint->cache_hits += hit;
		endpoint->cache_misses += !hit;
		scenario->total.cache_hits += hit;
		scenario->total.cache_misses += !hit;
		sample_part(endpoint, 0, "cache", ms * .06);
		sample_part(endpoint, 1, "db", ms * .55);
		sample_part(endpoint, 2, "model", ms * .21);
		sample_part(&scenario->total, 0, "cache", ms * .06);
		sample_part(&scenario->total, 1, "db", ms * .55);
		sample_part(&scenario->total, 2, "model", ms * .21);
	}
}

static inline void sample_series(struct scenario_result *scenario, size_t seconds, double median_ms,
				 uint64_t *state)
{
	scenario->series = calloc(seconds, sizeof *scenario->series);
	scenario->n_series = seconds;
	for (size_t i = 0; i < seconds; i++) {
		double u = sample_uniform(state);

		scenario->series[i] = (struct interval){
			.t_s = (double)i,
			.warmup = (double)i < scenario->warmup_s,
			.users = scenario->users,
			.requests = 10 + (uint64_t)(6 * u),
			.p50_ms = median_ms * (.9 + .2 * u),
			.p95_ms = median_ms * (2.6 + 1.1 * u + (i < 2 ? 2 : 0)),
			.p99_ms = median_ms * (3.4 + 1.6 * u + (i < 2 ? 3 : 0)),
		};
	}
}

static inline void sample_scenario(struct run *run, const char *name, const char *follows,
				   const struct sample_endpoint *plan, size_t n, double seconds)
{
	struct scenario_result *scenario = run_add_scenario(run);
	uint64_t state = run->n_scenarios;

	scenario->name = name;
	scenario->follows = follows;
	scenario->purpose = follows != NULL ? "how much it can carry" : "basic functionality";
	scenario->suite_digest = "sha256:5e1f";
	scenario->users = 5;
	scenario->duration_s = seconds;
	scenario->warmup_s = follows != NULL ? 0 : 2;
	scenario->judged_s = seconds - scenario->warmup_s;
	scenario->planned_rps = follows != NULL ? NAN : 12.7;
	scenario->endpoints = calloc(n, sizeof *scenario->endpoints);
	scenario->n_endpoints = n;
	endpoint_result_init(&scenario->total, "total");
	for (size_t i = 0; i < n; i++) {
		endpoint_result_init(&scenario->endpoints[i], plan[i].name);
		sample_requests(scenario, i, &plan[i], &state);
	}
	scenario->throughput_rps = (double)scenario->total.requests / scenario->judged_s;
	scenario->offered_rps = scenario->throughput_rps;
	sample_series(scenario, (size_t)seconds, plan[0].median_ms, &state);
	scenario->generator = (struct generator_health){
		.cpu_percent = follows != NULL ? 21.4 : .84,
		.scheduling_delay = histogram_new(),
		.max_stall_ms = 3.2,
		.steal_percent = 0,
		.throttled_percent = NAN,
		.pressure_percent = 1.3,
	};
	histogram_record_n(scenario->generator.scheduling_delay, 84000, 1000);
	scenario->target = (struct target_health){41.7, 64.2e6};
	scenario->left_out = follows != NULL ? NULL : "api_explorer";
}

static inline void sample_samples(struct scenario_result *scenario, size_t n)
{
	uint64_t state = 7;

	scenario->samples = calloc(n, sizeof *scenario->samples);
	scenario->n_samples = n;
	for (size_t i = 0; i < n; i++)
		scenario->samples[i] = (struct request_sample){
			.wall_ms = 1769860802000 + (int64_t)(i * 137 % 977),
			.elapsed_ms = 4 + 40 * sample_uniform(&state),
			.endpoint = (uint32_t)(i % scenario->n_endpoints),
			.status = 200,
			.outcome = CLASS_OK,
			.bytes = 640,
		};
}

static inline struct cell *sample_cell(struct run *run, const char *scenario, enum metric metric,
				       double value, double limit, enum outcome outcome)
{
	struct verdict *verdict = &run->verdict;
	struct cell *cell;

	verdict->cells = realloc(verdict->cells, (verdict->n_cells + 1) * sizeof *verdict->cells);
	cell = &verdict->cells[verdict->n_cells++];
	*cell = (struct cell){
		.scenario = scenario,
		.endpoint = "total",
		.metric = metric,
		.value = value,
		.limit = limit,
		.baseline = NAN,
		.low = NAN,
		.high = NAN,
		.n = 252,
		.outcome = outcome,
	};
	return cell;
}

/* A run of now-fixed identity without scenarios and cells. */
static inline struct run *sample_bare(void)
{
	struct run *run = run_new();

	run->run_id = "18c2f0a1b2c3d4e5f6071829";
	run->tool_version = "0.1.0";
	run->commit = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";
	run->tree = "0f1e2d3c4b5a69788796a5b4c3d2e1f001234567";
	run->branch = "feature/faster-spatial";
	run->event = "pull_request";
	run->started_wall_ns = 1769860800000000000;
	run->duration_s = 27.3;
	run->seed = 42;
	run->quick = true;
	run->target = "reference";
	run->config_digest = "sha256:9b74c9897bac770f";
	extjson_set(run->environment, "fingerprint", extjson_string("sha256:2c26b46b68ffc68f"));
	extjson_set(run->environment, "cpu_model", extjson_string("AMD EPYC 7763"));
	extjson_set(run->environment, "cores", extjson_integer(2));
	extjson_set(run->environment, "postgres",
		    json_pack("{s:s, s:s}", "version", "15.14", "fsync", "off"));
	run->verdict.reason = "nothing was judged";
	return run;
}

static inline struct run *sample_measured(double median_ms)
{
	struct run *run = sample_bare();
	const struct sample_endpoint plan[] = {
		{"POST /predict/single", 141, median_ms, .55},
		{"POST /predict/batch", 58, 1.9 * median_ms, .5},
		{"POST /predict/spatial", 31, 3.1 * median_ms, .4},
		{"GET /health/", 22, .2 * median_ms, .3},
	};
	const struct sample_endpoint capacity[] = {
		{"POST /predict/single", 3120, 1.4 * median_ms, .55},
		{"POST /predict/batch", 1310, 2.5 * median_ms, .5},
		{"POST /predict/spatial", 702, 4.2 * median_ms, .4},
		{"GET /health/", 489, .3 * median_ms, .3},
	};

	sample_scenario(run, "smoke", NULL, plan, ARRAY_SIZE(plan), 20);
	sample_scenario(run, "capacity", "smoke", capacity, ARRAY_SIZE(capacity), 5);
	return run;
}

static inline double sample_p95(const struct run *run)
{
	return endpoint_metric(&run->scenarios[0], &run->scenarios[0].total, METRIC_P95);
}

/* The four gates of the seed; `p95_ms` against 2,000 ms. */
static inline void sample_gates(struct run *run, double p95_ms)
{
	struct cell *cell = sample_cell(run, "smoke", METRIC_P95, p95_ms, 2000,
					p95_ms <= 2000 ? OUTCOME_PASS : OUTCOME_FAIL);

	cell->low = p95_ms * .93;
	cell->high = p95_ms * 1.11;
	cell->reason = arena_printf(&run->arena, "%.4g ms %s 2000 ms", p95_ms,
				    p95_ms <= 2000 ? "<=" : ">");
	cell->origin = "ci_cd_config.yml:5";
	cell = sample_cell(run, "smoke", METRIC_THROUGHPUT, 1124.2, 50, OUTCOME_PASS);
	cell->n = 5621;
	cell->at_least = true;
	cell->reason = "at least 1124 requests/s >= 50 requests/s: in the capacity phase";
	cell->origin = "ci_cd_config.yml:6";
	cell = sample_cell(run, "smoke", METRIC_ERROR_RATE, 0, .01, OUTCOME_PASS);
	cell->n = 5873;
	cell->low = 0;
	cell->high = .000628;
	cell->reason = "0% <= 1%";
	cell->origin = "ci_cd_config.yml:7";
	cell = sample_cell(run, "smoke", METRIC_CACHE_HIT_RATE, .9305, .7, OUTCOME_PASS);
	cell->n = 5873;
	cell->low = .9237;
	cell->high = .9369;
	cell->reason = "93.05% >= 70%";
	cell->origin = "ci_cd_config.yml:8";
}

static inline void sample_past_values(struct run *run, struct past_values *out,
				      const struct endpoint_result *endpoint, enum metric metric)
{
	const struct scenario_result *scenario = &run->scenarios[0];
	double *values = arena_alloc(&run->arena, run->past.n_runs, sizeof *values);
	double now = endpoint_metric(scenario, endpoint, metric);
	uint64_t state = 11 + (uint64_t)metric;

	for (size_t i = 0; i < run->past.n_runs; i++)
		values[i] = now * (metric < METRIC_THROUGHPUT ? .92 : 1) *
			    (1 + .04 * (sample_uniform(&state) - .5));
	if (metric == METRIC_THROUGHPUT)
		values[2] = NAN;
	*out = (struct past_values){.scenario = scenario->name,
				    .endpoint = endpoint->name,
				    .metric = metric,
				    .since = metric == METRIC_P99 ? 3 : 0,
				    .values = values,
				    .now = now};
}

/* Six baselines of the first scenario; the newest a tenth faster, on an older kernel. */
static inline void sample_past(struct run *run)
{
	static const struct past_run runs[] = {
		{"6a09e667f3bcc908b2fb1366ea957d3e3adec17a", "2026-01-24T03:10:00Z"},
		{"bb67ae8584caa73b2b6e4a5e3a1d0f1c5e2d9b07", "2026-01-25T03:10:00Z"},
		{"3c6ef372fe94f82b9a1d6c2e7b5f4a3d2c1b0a99", "2026-01-26T03:10:00Z"},
		{"a54ff53a5f1d36f1c0b9a8d7e6f5a4b3c2d1e0f1", "2026-01-28T03:10:00Z"},
		{"510e527fade682d1f9e8d7c6b5a493827160f5e4", "2026-01-29T03:10:00Z"},
		{"0123456789abcdef0123456789abcdef01234567", "2026-01-30T03:10:00Z"},
	};
	const struct scenario_result *scenario = &run->scenarios[0];
	struct past_latency *latency = arena_alloc(&run->arena, 1, sizeof *latency);
	struct past_values *values =
		arena_alloc(&run->arena, METRIC_COUNT + scenario->n_endpoints, sizeof *values);
	struct histogram *histogram = histogram_new();
	struct strbuf payload = {0};
	size_t n = 0;

	run->past.runs = runs;
	run->past.n_runs = ARRAY_SIZE(runs);
	for (int metric = 0; metric < METRIC_COUNT; metric++)
		sample_past_values(run, &values[n++], &scenario->total, (enum metric)metric);
	for (size_t i = 0; i < scenario->n_endpoints; i++)
		sample_past_values(run, &values[n++], &scenario->endpoints[i], METRIC_P95);
	for (int i = 0; i < 240; i++)
		histogram_record(histogram,
				 histogram_quantile_ns(scenario->total.latency, (i + .5) / 240) *
					 92 / 100);
	histogram_encode(histogram, &payload);
	latency->scenario = scenario->name;
	latency->histogram = arena_strdup(&run->arena, strbuf_text(&payload));
	run->past.values = values;
	run->past.n_values = n;
	run->past.latencies = latency;
	run->past.n_latencies = 1;
	run->past.environment = json_deep_copy(run->environment);
	json_object_del(run->past.environment, "fingerprint");
	extjson_set(run->past.environment, "kernel", extjson_string("6.1.0-18-amd64"));
	extjson_set(run->environment, "kernel", extjson_string("6.1.0-21-amd64"));
	strbuf_release(&payload);
	histogram_free(histogram);
}

static inline void sample_baseline(struct run *run)
{
	static const double baselines[] = {.931, 1.042, 0, .9411};

	run->baseline_commit = "0123456789abcdef0123456789abcdef01234567";
	run->baseline_when = "2026-01-30";
	for (size_t i = 0; i < run->verdict.n_cells && i < ARRAY_SIZE(baselines); i++) {
		struct cell *cell = &run->verdict.cells[i];

		cell->baseline = i < 2 ? cell->value * baselines[i] : baselines[i];
	}
	sample_past(run);
}

/* Passes, with a baseline, a sample of requests, and a generator that was the limit. */
static inline struct run *sample_passing(void)
{
	struct run *run = sample_measured(11.3);

	sample_gates(run, sample_p95(run));
	sample_baseline(run);
	sample_samples(&run->scenarios[0], 12);
	run->scenarios[1].generator.limited = true;
	run->verdict.outcome = OUTCOME_PASS;
	run->verdict.reason = "4 gates passed";
	return run;
}

/* p95 over its limit and 2.1 % of errors. */
static inline struct run *sample_failing(void)
{
	struct run *run = sample_measured(520);
	struct endpoint_result *batch = &run->scenarios[0].endpoints[1];
	struct endpoint_result *total = &run->scenarios[0].total;

	sample_gates(run, sample_p95(run));
	run->baseline_note = "no baseline yet";
	batch->classes[CLASS_OK] -= 5;
	batch->classes[CLASS_HTTP_ERROR] += 4;
	batch->classes[CLASS_TIMEOUT] += 1;
	batch->first_failure = "HTTP 503: pool exhausted, 30 s waited for a connection";
	total->classes[CLASS_OK] -= 5;
	total->classes[CLASS_HTTP_ERROR] += 4;
	total->classes[CLASS_TIMEOUT] += 1;
	run->verdict.cells[1].value = 61.3;
	run->verdict.cells[1].at_least = false;
	run->verdict.cells[1].reason = "61.3 requests/s >= 50 requests/s: in the capacity phase";
	run->verdict.cells[2].value = 5 / 252.0;
	run->verdict.cells[2].n = 252;
	run->verdict.cells[2].outcome = OUTCOME_FAIL;
	run->verdict.cells[2].low = .0069;
	run->verdict.cells[2].high = .0462;
	run->verdict.cells[2].reason = "1.984% > 1%";
	run->verdict.outcome = OUTCOME_FAIL;
	run->verdict.reason = "smoke total p95: 2986 ms > 2000 ms (and 1 more)";
	return run;
}

/* What fails may not fail the run: `enforce: warn`. */
static inline struct run *sample_advisory(void)
{
	struct run *run = sample_failing();

	for (size_t i = 0; i < run->verdict.n_cells; i++)
		run->verdict.cells[i].warn = true;
	run->verdict.outcome = OUTCOME_PASS;
	run->verdict.reason = "advisory (enforce: warn), would have failed: smoke total p95: "
			      "2986 ms > 2000 ms (and 1 more)";
	return run;
}

static inline void sample_compared_cell(struct run *run, const char *endpoint, enum metric metric,
					double base, double head, const struct regression *found,
					enum outcome outcome, const char *reason)
{
	struct cell *cell = sample_cell(run, "ab", metric, head, NAN, outcome);

	cell->endpoint = endpoint;
	cell->baseline = base;
	cell->n = 15812;
	cell->regression = found;
	cell->reason = reason;
}

/* Head and base side by side: one endpoint is slower. */
static inline struct run *sample_compared(void)
{
	static const double changes[] = {.21, .19, .26, NAN, .24, .2, .23, .22};
	static const struct regression slower = {.finding = "regression",
						 .primary = true,
						 .change = .221,
						 .low = .195,
						 .high = .245,
						 .tolerance = .08,
						 .upper = .26,
						 .p = 1 / 128.0,
						 .detectable = .094,
						 .blocks = 7,
						 .changes = changes,
						 .n_changes = 8},
				       same = {.finding = "within_tolerance",
					       .primary = true,
					       .change = .004,
					       .low = -.011,
					       .high = .017,
					       .tolerance = .05,
					       .upper = .019,
					       .p = .71,
					       .detectable = .061,
					       .blocks = 8},
				       fewer = {.finding = "undecided",
						.change = -.004,
						.low = -.021,
						.high = .009,
						.tolerance = .02,
						.upper = .024,
						.p = .4,
						.detectable = NAN,
						.blocks = 8};
	static const struct comparison comparison = {
		.base = "merge-base with main",
		.base_commit = "1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
		.head_commit = "0123456789abcdef0123456789abcdef01234567",
		.reason = "fail after 8 blocks, 40 s of load",
		.order = "bhhbbhbh",
		.coin_seed = 1,
		.blocks = 8,
		.planned = 24,
		.look = 1,
		.load_s = 40,
		.duration_s = 61,
		.budget_s = 300,
	};
	struct run *run = sample_passing();

	run->comparison = &comparison;
	sample_compared_cell(run, "POST /predict/batch", METRIC_P95, 6.61, 8.07, &slower,
			     OUTCOME_FAIL,
			     "6.61 ms -> 8.07 ms: +22.1 % (95 %: +19.5 .. +24.5 %), tolerance 8 %, "
			     "adjusted p 0.0078");
	sample_compared_cell(
		run, "total", METRIC_P50, .0412, .0414, &same, OUTCOME_PASS,
		"0.0412 ms -> 0.0414 ms: +0.4 % (95 %: -1.1 .. +1.7 %), tolerance 5 %");
	sample_compared_cell(run, "total", METRIC_CACHE_HIT_RATE, .97, .966, &fewer,
			     OUTCOME_NOT_GATED,
			     "97 % -> 96.6 %: -0.4 pp (95 %: -2.1 .. +0.9 pp), tolerance 2 pp");
	run->verdict.outcome = OUTCOME_FAIL;
	run->verdict.reason = "ab POST /predict/batch p95 response time: 6.61 ms -> 8.07 ms: "
			      "+22.1 % (95 %: +19.5 .. +24.5 %), tolerance 8 %, adjusted p 0.0078";
	return run;
}

/* The machine was disturbed, so the p95 over its limit is no evidence. */
static inline struct run *sample_inconclusive(void)
{
	struct run *run = sample_measured(348);

	sample_gates(run, 2000.0004);
	run->baseline_note = "no comparison: cpu_model differs";
	run->scenarios[0].generator.invalid = INVALID_MACHINE;
	run->scenarios[0].generator.steal_percent = 11.2;
	run->scenarios[0].generator.invalid_reason =
		"11.2% of the CPU was stolen (limit 5%): use a machine of your own";
	run->verdict.cells[0].outcome = OUTCOME_INCONCLUSIVE;
	run->verdict.cells[0].reason =
		"2000.0004 ms > 2000 ms INVALID: 11.2% of the CPU was stolen (limit 5%): use a "
		"machine of your own";
	sample_cell(run, "smoke", METRIC_P99, 2311.4, NAN, OUTCOME_NOT_GATED)->reason = "not gated";
	run->verdict.outcome = OUTCOME_INCONCLUSIVE;
	run->verdict.reason = "smoke total p95: 2000.0004 ms > 2000 ms INVALID: 11.2% of the CPU "
			      "was stolen (limit 5%): use a machine of your own";
	return run;
}

/* The target was never reached: no number anywhere. */
static inline struct run *sample_unmeasured(void)
{
	struct run *run = sample_bare();
	struct scenario_result *scenario = run_add_scenario(run);

	scenario->name = "smoke";
	scenario->users = 5;
	scenario->duration_s = NAN;
	scenario->warmup_s = NAN;
	scenario->judged_s = NAN;
	scenario->planned_rps = NAN;
	scenario->offered_rps = NAN;
	scenario->throughput_rps = NAN;
	endpoint_result_init(&scenario->total, "total");
	scenario->generator.cpu_percent = NAN;
	scenario->generator.max_stall_ms = NAN;
	scenario->generator.steal_percent = NAN;
	scenario->generator.throttled_percent = NAN;
	scenario->generator.pressure_percent = NAN;
	scenario->target = (struct target_health){NAN, NAN};
	sample_cell(run, "smoke", METRIC_P95, NAN, 2000, OUTCOME_UNMEASURED)->reason =
		"no request succeeded";
	sample_cell(run, "smoke", METRIC_CACHE_HIT_RATE, NAN, .7, OUTCOME_UNMEASURED)->reason =
		"no answer told of a cache";
	run->verdict.cells[0].n = run->verdict.cells[1].n = 0;
	run->commit = run->tree = run->branch = run->event = NULL;
	run->verdict.outcome = OUTCOME_UNMEASURED;
	run->verdict.reason = "smoke total p95: no request succeeded (and 1 more)";
	return run;
}

static inline struct run *sample_interrupted(void)
{
	struct run *run = sample_measured(11.3);

	sample_gates(run, sample_p95(run));
	run->interrupted = true;
	run->scenarios[1].interrupted = true;
	run->verdict.outcome = OUTCOME_PASS;
	run->verdict.reason = "4 gates passed";
	return run;
}

static inline struct run *sample_skipped(void)
{
	struct run *run = sample_bare();

	run->duration_s = 0;
	run->verdict.outcome = OUTCOME_SKIPPED;
	run->verdict.reason = "enabled: false in ci_cd_config.yml:1";
	return run;
}

#define SAMPLE_SCRIPT "<script>alert(1)</script>"
#define SAMPLE_BRANCH "zzz\";echo${IFS}\"hello\";#"
#define SAMPLE_CSV "=cmd|' /C calc'!A0"
#define SAMPLE_BIDI "abc\u202edef"

/* Names and messages that try to break out of every format. */
static inline struct run *sample_hostile(void)
{
	struct run *run = sample_failing();
	struct scenario_result *scenario = &run->scenarios[0];

	run->branch = SAMPLE_BRANCH;
	run->target = "http://x/?a=1&b='2'\"><img src=x onerror=alert(1)>";
	run->baseline_note = "--> <!-- @everyone #1 `code` | \x1b[31mred\x07";
	extjson_set(run->environment, "runner\"><b>", extjson_string("]]> & <b>"));
	scenario->name = SAMPLE_SCRIPT;
	scenario->purpose = "|x|y| [link](javascript:alert(1)) **bold**";
	run->scenarios[1].follows = SAMPLE_SCRIPT;
	run->scenarios[1].name = SAMPLE_BIDI;
	scenario->endpoints[0].name = SAMPLE_CSV;
	scenario->endpoints[1].name = "POST /a,\"b\"\nline two\ttab";
	scenario->endpoints[1].first_failure =
		"::error::]]> \x1b]8;;http://x\x07 \xff\xfe \xef\xbf\xbe \xed\xa0\x80 <b>&amp;";
	scenario->endpoints[2].name = "-2+3";
	scenario->endpoints[3].name = "@SUM(1)";
	for (size_t i = 0; i < run->verdict.n_cells; i++)
		run->verdict.cells[i].scenario = SAMPLE_SCRIPT;
	run->verdict.cells[0].endpoint = "POST /a,\"b\"\nline two\ttab";
	run->verdict.cells[0].reason = "]]> \x01\x1b[2J \xc3\x28 \xef\xbf\xbf <&>\"' `x` --> done";
	run->verdict.cells[0].origin = "C:\\x\"y.yml:12";
	run->verdict.reason = "<b>bold</b> | `x` @all #1 -->\n::error::second line";
	return run;
}

#endif
