#include "perfgate/results/codec.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fill_scenario(struct scenario_result *scenario, const char *name, const char *follows)
{
	scenario->name = name;
	scenario->follows = follows;
	scenario->planned_rps = NAN;
	scenario->endpoints = xcalloc(1, sizeof *scenario->endpoints);
	scenario->n_endpoints = 1;
	endpoint_result_init(&scenario->endpoints[0], "GET /\"items\"");
	endpoint_result_init(&scenario->total, "total");
	scenario->total.requests = 3;
	scenario->total.classes[CLASS_OK] = 2;
	scenario->total.classes[CLASS_TIMEOUT] = 1;
	scenario->total.cache_hits = 7;
	scenario->total.first_failure = "HTTP 503: \x1b[31mno";
	histogram_record(scenario->total.latency, 12 * NS_PER_MS);
	histogram_record(scenario->total.latency, 34 * NS_PER_MS);
	scenario->total.timings = xcalloc(1, sizeof *scenario->total.timings);
	scenario->total.timings[0] = (struct timing_part){"db", histogram_new()};
	scenario->total.n_timings = 1;
	histogram_record(scenario->total.timings[0].histogram, NS_PER_MS);
	scenario->series = xcalloc(1, sizeof *scenario->series);
	scenario->n_series = 1;
	scenario->series[0] = (struct interval){.users = 5, .p50_ms = NAN, .requests = 2};
	scenario->generator.scheduling_delay = histogram_new();
	scenario->generator.steal_percent = NAN;
	scenario->generator.invalid = INVALID_MACHINE;
	scenario->generator.invalid_reason = "steal 9 %";
	scenario->generator.unsent = 7;
	scenario->aborted = "60 % failed";
	scenario->open = true;
	scenario->workers = 2;
}

static const double changes[] = {.012, NAN, -.03};
static const struct regression regression = {.finding = "within_tolerance",
					     .primary = true,
					     .change = .01,
					     .low = -.02,
					     .high = NAN,
					     .tolerance = .08,
					     .upper = .031,
					     .p = .4,
					     .detectable = .11,
					     .blocks = 2,
					     .changes = changes,
					     .n_changes = ARRAY_SIZE(changes)};
static const struct comparison comparison = {.base = "v1",
					     .base_commit = "0123",
					     .reason = "pass after 2 blocks",
					     .order = "bh",
					     .coin_seed = UINT64_MAX,
					     .blocks = 2,
					     .planned = 8,
					     .look = 1,
					     .load_s = 10,
					     .budget_s = NAN};

static const struct past_run past_runs[] = {{"aa", "2026-01-01T00:00:00Z"}, {"bb", NULL}};
static const double past_ms[] = {NAN, 12.5};
static const struct past_values past_values[] = {
	{"smoke", "total", METRIC_P95, 1, past_ms, 13},
};
static const struct past_latency past_latencies[] = {{"smoke", "HISTFAAA"}};

static struct run *sample(void)
{
	struct run *run = run_new();

	run->seed = UINT64_MAX;
	run->commit = "0123456789012345678901234567890123456789";
	fill_scenario(run_add_scenario(run), "smoke", NULL);
	fill_scenario(run_add_scenario(run), "smoke-capacity", "smoke");
	run->past = (struct run_past){.runs = past_runs,
				      .n_runs = ARRAY_SIZE(past_runs),
				      .values = past_values,
				      .n_values = ARRAY_SIZE(past_values),
				      .latencies = past_latencies,
				      .n_latencies = ARRAY_SIZE(past_latencies),
				      .environment = extjson_object()};
	run->comparison = &comparison;
	run->verdict.cells = xcalloc(2, sizeof *run->verdict.cells);
	run->verdict.n_cells = 2;
	run->verdict.cells[1] = (struct cell){.scenario = "ab",
					      .endpoint = "total",
					      .metric = METRIC_P95,
					      .regression = &regression,
					      .outcome = OUTCOME_PASS,
					      .reason = "+1 %"};
	run->verdict.cells[0] = (struct cell){.scenario = "smoke",
					      .endpoint = "total",
					      .metric = METRIC_ERROR_RATE,
					      .value = .25,
					      .limit = .01,
					      .baseline = NAN,
					      .low = NAN,
					      .high = INFINITY,
					      .n = 3,
					      .outcome = OUTCOME_FAIL,
					      .reason = "25% > 1%",
					      .origin = "ci_cd_config.yml:7"};
	run->verdict.outcome = OUTCOME_FAIL;
	run->verdict.reason = "smoke total error_rate: 25% > 1%";
	return run;
}

static void test_a_run_survives_the_round_trip(void **state)
{
	AUTO(run) struct run *run = sample();
	AUTO_JSON json_t *document = codec_encode(run);
	AUTO(run) struct run *again = NULL;
	AUTO_JSON json_t *second = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	if (codec_decode(document, &again, &err))
		fail_msg("%s", err.message);
	second = codec_encode(again);
	assert_true(json_equal(document, second));
	assert_int_equal(again->seed, UINT64_MAX);
	assert_int_equal(again->n_scenarios, 2);
	assert_non_null(run_find_capacity(again, "smoke"));
	assert_int_equal(histogram_count(again->scenarios[0].total.latency), 2);
	assert_int_equal(again->scenarios[0].generator.invalid, INVALID_MACHINE);
	assert_int_equal(again->scenarios[0].generator.unsent, 7);
	assert_string_equal(again->scenarios[0].aborted, "60 % failed");
	assert_true(again->scenarios[0].open);
	assert_int_equal(again->scenarios[0].workers, 2);
	assert_int_equal(again->verdict.cells[0].outcome, OUTCOME_FAIL);
	assert_true((bool)isnan(again->verdict.cells[0].high));
	assert_null(again->verdict.cells[0].regression);
	const struct regression *found = again->verdict.cells[1].regression;
	assert_string_equal(found->finding, "within_tolerance");
	assert_true(found->primary && found->n_changes == 3 && found->changes[2] == -.03);
	assert_true((bool)isnan(found->changes[1]));
	assert_true(again->comparison->coin_seed == UINT64_MAX);
	assert_string_equal(again->comparison->order, "bh");
	assert_int_equal(again->past.n_runs, 2);
	assert_float_equal(past_newest(&again->past, "smoke", "total", METRIC_P95), 12.5, 0);
	assert_true((bool)isnan(past_newest(&again->past, "smoke", "total", METRIC_P50)));
	assert_true((bool)isnan(again->past.values[0].values[0]));
	assert_string_equal(past_histogram(&again->past, "smoke"), "HISTFAAA");
	assert_null(past_histogram(&again->past, "load"));
}

/* OUT-22: every number is finite or null. */
static void test_numbers_are_finite_or_null(void **state)
{
	AUTO(run) struct run *run = sample();
	AUTO_JSON json_t *document = codec_encode(run);
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_JSON json_t *parsed = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	extjson_dump_pretty(document, &text);
	assert_int_equal(extjson_parse(strbuf_text(&text), text.length, 1 << 20, ERROR_USAGE,
				       &parsed, &err),
			 0);
	assert_null(strstr(strbuf_text(&text), "nan"));
	assert_null(strstr(strbuf_text(&text), "inf\n"));
}

/* Spoil one member of a good document; the reader must name the place. */
static void test_malformed_results_are_refused(void **state)
{
	static const struct {
		const char *pointer, *key, *json, *want;
	} rows[] = {
		{"", "schema", "\"perfgate.result/9\"", "perfgate.result/9"},
		{"", "schema", "null", "schema"},
		{"", "scenarios", "7", "scenarios"},
		{"scenario", "name", "null", "scenarios[0]"},
		{"total", "requests", "4", "sum of its classes"},
		{"total", "histogram", "\"AAAA\"", "histogram"},
		{"verdict", "outcome", "\"maybe\"", "maybe"},
		{"verdict", "outcome", "null", "outcome"},
		{"cell", "metric", "\"p12\"", "p12"},
		{"cell", "metric", "7", "metric"},
		{"cell", "outcome", "null", "cells[0]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample();
		AUTO_JSON json_t *document = codec_encode(run);
		json_t *scenario = json_array_get(json_object_get(document, "scenarios"), 0);
		json_t *verdict = json_object_get(document, "verdict");
		json_t *place = document;
		struct error err = ERROR_INIT;
		struct run *out = NULL;

		if (text_equal(rows[i].pointer, "scenario"))
			place = scenario;
		else if (text_equal(rows[i].pointer, "total"))
			place = json_object_get(scenario, "total");
		else if (text_equal(rows[i].pointer, "verdict"))
			place = verdict;
		else if (text_equal(rows[i].pointer, "cell"))
			place = json_array_get(json_object_get(verdict, "cells"), 0);
		json_object_set_new(place, rows[i].key,
				    json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
		assert_int_equal(codec_decode(document, &out, &err), -1);
		assert_null(out);
		if (!strstr(err.message, rows[i].want))
			fail_msg("row %zu: %s", i, err.message);
	}
}

/* What a reader cannot use of the past is left out; what is too much is refused. */
static void test_a_malformed_past_is_bounded(void **state)
{
	static const struct {
		const char *json;
		int result;
		size_t n_runs, n_values;
	} rows[] = {
		{"7", 0, 0, 0},
		{"{\"runs\": {}, \"values\": 3}", 0, 0, 0},
		{"{\"runs\": [null, 7], \"values\": [null]}", 0, 2, 0},
		{"{\"runs\": [{}], \"values\": [{\"metric\": \"p12\"}]}", 0, 1, 0},
		{"{\"runs\": [{}], \"values\": [{\"scenario\": \"a\", \"endpoint\": \"b\", "
		 "\"metric\": \"p50\", \"since\": 9, \"values\": [1, 2, 3]}]}",
		 0, 1, 1},
	};
	AUTO_JSON json_t *many = extjson_object();
	json_t *runs = extjson_array();
	AUTO(run) struct run *run = sample();
	AUTO_JSON json_t *document = codec_encode(run);
	struct error err = ERROR_INIT;
	struct run *out = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *again = NULL;

		json_object_set_new(document, "past",
				    json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
		assert_int_equal(codec_decode(document, &again, &err), rows[i].result);
		assert_int_equal(again->past.n_runs, rows[i].n_runs);
		assert_int_equal(again->past.n_values, rows[i].n_values);
		assert_true((bool)isnan(past_newest(&again->past, "a", "b", METRIC_P50)));
	}
	for (int i = 0; i < PAST_RUNS_MAX + 1; i++)
		extjson_append(runs, extjson_object());
	extjson_set(many, "runs", runs);
	json_object_set(document, "past", many);
	assert_int_equal(codec_decode(document, &out, &err), -1);
	assert_non_null(strstr(err.message, "past: more than 64 baselines"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_run_survives_the_round_trip),
		cmocka_unit_test(test_numbers_are_finite_or_null),
		cmocka_unit_test(test_malformed_results_are_refused),
		cmocka_unit_test(test_a_malformed_past_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
