#include "perfgate/baseline/baseline.h"

#include "perfgate/base/log.h"

#include <math.h>

/* What a report has room for. */
static bool is_kept(const struct record_cell *cell)
{
	return text_equal(cell->endpoint, "total") || cell->metric == METRIC_P95;
}

/* The history is newest first, a report reads from the left. */
static const struct record *at(const struct baseline_history *history, size_t i)
{
	return history->items[history->count - 1 - i];
}

static void keep_runs(struct run *run, const struct baseline_history *history)
{
	struct past_run *runs = arena_alloc(&run->arena, history->count + 1, sizeof *runs);

	for (size_t i = 0; i < history->count; i++) {
		if (!text_equal(at(history, i)->commit, RECORD_NOWHERE))
			runs[i].commit = arena_strdup(&run->arena, at(history, i)->commit);
		runs[i].when = arena_strdup(&run->arena, at(history, i)->when);
	}
	run->past.runs = runs;
	run->past.n_runs = history->count;
}

static struct past_values values_of(struct arena *arena, const struct record_cell *now,
				    const struct baseline_history *history)
{
	size_t usable = baseline_history_usable(history, now->scenario, now->endpoint, now->metric);
	double *values = arena_alloc(arena, history->count + 1, sizeof *values);

	for (size_t i = 0; i < history->count; i++) {
		const struct record_cell *found =
			record_find(at(history, i), now->scenario, now->endpoint, now->metric);

		values[i] = found ? found->value : NAN;
	}
	return (struct past_values){
		.scenario = arena_strdup(arena, now->scenario),
		.endpoint = arena_strdup(arena, now->endpoint),
		.metric = now->metric,
		.since = history->count - usable,
		.values = values,
		.now = now->value,
	};
}

/* This run as a record: the same figures as the past ones. NULL when it cannot be one. */
static struct record *record_now(const struct run *run)
{
	struct error err = ERROR_INIT;
	struct record *now = NULL;

	if (record_of_run(run, &now, &err)) {
		log_debug("no history in the report: %s", err.message);
		return NULL;
	}
	return now;
}

static void keep_values(struct run *run, const struct baseline_history *history)
{
	AUTO(record) struct record *now = record_now(run);
	size_t count = now ? now->n_cells : 0;
	struct past_values *values = arena_alloc(&run->arena, count + 1, sizeof *values);

	for (size_t i = 0; i < count; i++)
		if (is_kept(&now->cells[i]))
			values[run->past.n_values++] =
				values_of(&run->arena, &now->cells[i], history);
	run->past.values = values;
}

static void keep_latencies(struct run *run, const struct record *newest)
{
	struct past_latency *latencies =
		arena_alloc(&run->arena, newest->n_scenarios + 1, sizeof *latencies);

	for (size_t i = 0; i < newest->n_scenarios; i++)
		if (newest->scenarios[i].sketch)
			latencies[run->past.n_latencies++] = (struct past_latency){
				arena_strdup(&run->arena, newest->scenarios[i].name),
				arena_strdup(&run->arena, newest->scenarios[i].sketch)};
	run->past.latencies = latencies;
}

void baseline_keep_past(struct run *run, const struct baseline_history *history)
{
	const struct record *newest = history->count ? history->items[0] : history->nearest;

	past_clear(&run->past);
	if (newest && newest->environment)
		run->past.environment = json_deep_copy(newest->environment);
	if (history->count == 0)
		return;
	keep_runs(run, history);
	keep_values(run, history);
	keep_latencies(run, newest);
}
