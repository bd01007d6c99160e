/* --base RESULT: the figures of this run against those of one other run. */
#include "perfgate/cli/ab.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/results/codec.h"
#include "perfgate/verdict/gate.h"
#include "perfgate/verdict/history.h"

#include <math.h>

/* A usual noise between runs: what one earlier run can prove is said for it. */
#define NOISE_USUAL 0.05

struct comparing {
	struct run *now;
	const struct run *past;
	const struct settings *settings;
	struct history_cell *cells;
	struct history_result *results;
	struct ab_sample *samples; /* of the past, by cell */
	size_t n;
};

/* ---- comparable? ---- */

static int check_environment(const struct run *now, const struct run *past, struct error *err)
{
	static const char *const keys[] = {"cpu_model", "cores", "quota_cores", "services"};
	const char *differs = "fingerprint";

	if (text_equal(extjson_get_string(now->environment, "fingerprint", ""),
		       extjson_get_string(past->environment, "fingerprint", "none")))
		return 0;
	for (size_t i = ARRAY_SIZE(keys); i-- > 0;)
		if (!json_equal(json_object_get(now->environment, keys[i]),
				json_object_get(past->environment, keys[i])))
			differs = keys[i];
	return error_set(err, ERROR_UNMEASURED,
			 "it was measured elsewhere (its environment.%s differs): compare a "
			 "revision side by side instead",
			 differs);
}

static const struct scenario_result *counterpart(const struct run *past,
						 const struct scenario_result *now)
{
	const struct scenario_result *found = run_find(past, now->name);

	return found && text_equal(found->suite_digest, now->suite_digest) ? found : NULL;
}

/* ---- cells ---- */

/* Throughput is a figure of the capacity phase: what users pace says nothing of the server. */
static struct ab_sample sample_of(const struct scenario_result *scenario,
				  const struct endpoint_result *endpoint, enum metric metric)
{
	struct ab_sample out = {.value = NAN};

	if (!endpoint ||
	    (metric == METRIC_THROUGHPUT && (!scenario->follows || endpoint != &scenario->total)))
		return out;
	out.value = endpoint_metric(scenario, endpoint, metric);
	out.n = histogram_count(endpoint->latency);
	if (metric == METRIC_ERROR_RATE) {
		out.value = (double)endpoint_errors(endpoint);
		out.n = endpoint->requests - endpoint->classes[CLASS_CANCELLED];
	} else if (metric == METRIC_CACHE_HIT_RATE) {
		out.value = (double)endpoint->cache_hits;
		out.n = endpoint->cache_hits + endpoint->cache_misses;
	}
	if (isnan(out.value))
		out.n = 0;
	return out;
}

/* verdict/ab.h: a percentile needs 10 requests beyond it; what never had them holds nothing up. */
static bool has_tail(enum metric metric, uint64_t n)
{
	double quantile = metric_table[metric].quantile;

	return quantile == 0 || (double)n * (1 - quantile) >= 10;
}

static void add_cell(struct comparing *run, const struct scenario_result *now,
		     const struct scenario_result *past, const struct endpoint_result *endpoint,
		     enum metric metric)
{
	struct history_cell *cell = &run->cells[run->n];
	double share = (double)endpoint->requests / fmax(1, (double)now->total.requests);

	run->samples[run->n] = sample_of(past, scenario_endpoint(past, endpoint->name), metric);
	*cell = (struct history_cell){
		.scenario = now->name,
		.endpoint = endpoint->name,
		.metric = metric,
		.primary = ab_is_primary(endpoint->name, metric, share) &&
			   has_tail(metric, run->samples[run->n].n),
		.tolerance = run->settings->tolerance[metric],
		.past = &run->samples[run->n],
		.n_past = run->samples[run->n].n > 0,
		.now = sample_of(now, endpoint, metric),
		.speed_now = NAN,
	};
	/* What neither side has is no cell of this API. */
	run->n += cell->now.n > 0 || cell->n_past > 0;
}

static void add_cells(struct comparing *run)
{
	size_t room = 0;

	for (size_t i = 0; i < run->now->n_scenarios; i++)
		room += (run->now->scenarios[i].n_endpoints + 1) * METRIC_COUNT;
	run->cells = xcalloc(room + 1, sizeof *run->cells);
	run->results = xcalloc(room + 1, sizeof *run->results);
	run->samples = xcalloc(room + 1, sizeof *run->samples);
	for (size_t i = 0; i < run->now->n_scenarios; i++) {
		const struct scenario_result *now = &run->now->scenarios[i];
		const struct scenario_result *past = counterpart(run->past, now);

		for (size_t k = 0; past && k <= now->n_endpoints; k++)
			for (int metric = 0; metric < METRIC_COUNT; metric++)
				add_cell(run, now, past, k ? &now->endpoints[k - 1] : &now->total,
					 (enum metric)metric);
	}
}

/* ---- into the run ---- */

static const struct regression *describe(const struct history_cell *cell,
					 const struct history_result *result, struct arena *arena)
{
	struct regression *out = arena_alloc(arena, 1, sizeof *out);

	out->finding = history_reason_names[result->reason];
	out->primary = cell->primary;
	out->change = ab_change(cell->metric, result->shift);
	out->low = out->high = out->upper = NAN;
	out->tolerance = cell->tolerance;
	out->p = result->p;
	out->detectable = ab_is_rate(cell->metric) || !isfinite(result->bound)
				  ? NAN
				  : fabs(ab_change(cell->metric, result->bound));
	return out;
}

static double shown_value(enum metric metric, const struct ab_sample *sample)
{
	return ab_is_rate(metric) ? sample->value / (double)sample->n : sample->value;
}

static const char *sentence(const struct history_cell *cell, const struct regression *regression,
			    struct arena *arena)
{
	const char *change = ab_change_text(arena, cell->metric, regression->change);

	if (cell->n_past == 0 || cell->now.n == 0 || isnan(regression->change))
		return "too few requests in one of the two runs";
	if (isnan(regression->detectable))
		return arena_printf(arena, "%s since one earlier run", change);
	return arena_printf(arena,
			    "%s since one earlier run, which proves only changes beyond %.0f %%",
			    change, 100 * regression->detectable);
}

static void store(const struct comparing *run)
{
	for (size_t i = 0; i < run->n; i++) {
		const struct history_cell *item = &run->cells[i];
		const struct history_result *result = &run->results[i];
		struct arena *arena = &run->now->arena;
		struct cell cell = {
			.scenario = item->scenario,
			.endpoint = item->endpoint,
			.metric = item->metric,
			.regression = describe(item, result, arena),
			.value = shown_value(item->metric, &item->now),
			.limit = NAN,
			.baseline = shown_value(item->metric, &run->samples[i]),
			.low = NAN,
			.high = NAN,
			.n = item->now.n,
			.warn = run->settings->regression_enforce == ENFORCE_WARN,
			.outcome = result->outcome,
		};

		cell.reason = sentence(item, cell.regression, arena);
		verdict_add_cell(run->now, &cell);
	}
}

static void set_comparison(const struct comparing *run, const struct ab_base *base,
			   const struct history_summary *summary)
{
	struct arena *arena = &run->now->arena;
	struct comparison *out = arena_alloc(arena, 1, sizeof *out);
	double bound = history_bound(1, summary->judged, NOISE_USUAL);

	out->base = arena_strdup(arena, base->path);
	out->base_commit = run->past->commit ? arena_strdup(arena, run->past->commit) : NULL;
	out->head_commit = run->now->commit;
	out->duration_s = out->load_s = 0;
	out->budget_s = NAN;
	out->reason =
		arena_printf(arena,
			     "%s; one earlier run proves only changes beyond %.0f %%, %zu "
			     "cells",
			     outcome_names[summary->outcome], 100 * expm1(bound), summary->judged);
	run->now->comparison = out;
}

int ab_compare_result(struct session *session, const struct ab_base *base, struct error *err)
{
	AUTO(run) struct run *past = NULL;
	struct comparing run = {.now = session->run, .settings = session->settings};
	struct history_summary summary;

	if (codec_load(base->path, &past, err) || check_environment(session->run, past, err))
		return error_wrap(err, "--base %s", base->path);
	run.past = past;
	add_cells(&run);
	if (run.n == 0) {
		error_set(err, ERROR_UNMEASURED,
			  "--base %s: it has no scenario with the same users, tasks and durations",
			  base->path);
	} else {
		summary = history_judge(run.cells, run.n, run.results);
		set_comparison(&run, base, &summary);
		store(&run);
	}
	free(run.cells);
	free(run.results);
	free(run.samples);
	return run.n == 0 ? -1 : 0;
}
