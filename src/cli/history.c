#include "perfgate/cli/history.h"

#include "perfgate/base/units.h"
#include "perfgate/cli/ab.h"
#include "perfgate/cli/creep.h"
#include "perfgate/verdict/changepoint.h"
#include "perfgate/verdict/gate.h"
#include "perfgate/verdict/history.h"

#include <math.h>
#include <string.h>

#define CAPACITY "-capacity"
/* From here on the bound is the cell's own (verdict.md, section 3). */
#define MANY 10

/* The cells that are judged together, and the memory behind them. */
struct table {
	struct history_cell *cells;
	struct history_result *results;
	size_t n, capacity;
	struct arena arena;
};

static void table_release(struct table *table)
{
	free(table->cells);
	free(table->results);
	arena_release(&table->arena);
}
DEFINE_AUTO_VALUE(table, struct table, table_release)

/* ---- what is compared ---- */

static struct ab_sample sample_of(const struct record_cell *cell)
{
	double n = (double)cell->n;

	return (struct ab_sample){.value = ab_is_rate(cell->metric) ? round(cell->value * n)
								    : cell->value,
				  .n = cell->n};
}

static bool is_bound_only(const struct record *record, const struct record_cell *cell)
{
	AUTO_FREE char *capacity = xasprintf("%s" CAPACITY, cell->scenario);
	const struct record_scenario *own = record_scenario(record, cell->scenario);
	const struct record_scenario *phase = record_scenario(record, capacity);

	return cell->metric == METRIC_THROUGHPUT &&
	       ((own && own->at_least) || (phase && phase->at_least));
}

static double share_of(const struct record *record, const struct record_cell *cell)
{
	const struct record_cell *own =
		record_find(record, cell->scenario, cell->endpoint, METRIC_ERROR_RATE);
	const struct record_cell *all =
		record_find(record, cell->scenario, "total", METRIC_ERROR_RATE);

	return own && all ? (double)own->n / (double)all->n : 0;
}

static double speed_of(const struct record *record, const char *scenario)
{
	const struct record_scenario *found = record_scenario(record, scenario);

	return found && found->speed_ms > 0 ? log(found->speed_ms) : NAN;
}

/* How many of the newest n belong to the level of today; `past` and `speed` are newest first. */
static size_t since_last_change(enum metric metric, const struct ab_sample *past, size_t n)
{
	double levels[HISTORY_RECORDS];
	struct changepoint found[HISTORY_RECORDS];
	struct rng rng;
	size_t count;

	if (ab_is_rate(metric) || n < (size_t)2 * CHANGEPOINT_SEGMENT)
		return n;
	for (size_t i = 0; i < n; i++) {
		levels[n - 1 - i] = ab_level(metric, &past[i], false);
		if (!isfinite(levels[n - 1 - i]))
			return n;
	}
	rng_seed(&rng, CHANGEPOINT_SEED, 0);
	count = changepoint_find(levels, n, log1p(CHANGEPOINT_MAGNITUDE), &rng, found);
	return count ? n - found[count - 1].index : n;
}

/* What the generator or a signal spoiled is no evidence. */
static bool counts(const struct run *run, const struct record *now, const struct record_cell *cell)
{
	const struct scenario_result *found = run_find(run, cell->scenario);

	if (found &&
	    (found->interrupted || found->aborted || found->generator.invalid != INVALID_NOT))
		return false;
	/* Of an endpoint it is its share of the mix. */
	if (cell->metric == METRIC_THROUGHPUT && !text_equal(cell->endpoint, "total"))
		return false;
	return !text_ends_with(cell->scenario, CAPACITY) && !is_bound_only(now, cell);
}

static void add_row(struct table *table, const struct record *now, const struct record_cell *cell,
		    const struct baseline_history *history, const struct settings *rules)
{
	size_t usable =
		baseline_history_usable(history, cell->scenario, cell->endpoint, cell->metric);
	struct ab_sample *past = arena_alloc(&table->arena, usable + 1, sizeof *past);
	double *speed = arena_alloc(&table->arena, usable + 1, sizeof *speed);
	double tolerance = rules->tolerance[cell->metric];
	struct history_cell *row;
	size_t n = 0;

	for (size_t i = 0; i < usable && i < HISTORY_RECORDS; i++) {
		const struct record *record = history->items[i];
		const struct record_cell *found =
			record_find(record, cell->scenario, cell->endpoint, cell->metric);

		if (!found || is_bound_only(record, found))
			continue;
		past[n] = sample_of(found);
		speed[n++] = speed_of(record, cell->scenario);
	}
	if (n == 0)
		return;
	/* `regression.floor`: percentiles never fail by less. */
	if (metric_table[cell->metric].quantile > 0 && past[0].value > 0)
		tolerance = fmax(tolerance, rules->regression_floor_ms / past[0].value);
	row = VEC_PUSH(table->cells, table->n, table->capacity);
	*row = (struct history_cell){
		.scenario = cell->scenario,
		.endpoint = cell->endpoint,
		.metric = cell->metric,
		.primary = ab_is_primary(cell->endpoint, cell->metric, share_of(now, cell)),
		.tolerance = tolerance,
		.past = past,
		.n_past = since_last_change(cell->metric, past, n),
		.now = sample_of(cell),
		.speed = speed,
		.speed_now = speed_of(now, cell->scenario),
	};
}

/* ---- in words ---- */

static void append_quantity(struct strbuf *out, enum metric metric, double value)
{
	char text[UNITS_TEXT_SIZE];

	units_format_number(ab_is_rate(metric) ? 100 * value : value, 4, text);
	strbuf_printf(out, "%s %s", text, ab_is_rate(metric) ? "%" : metric_table[metric].unit);
}

static const char *const openings[HISTORY_REASON_COUNT] = {
	[HISTORY_REGRESSION] = "",
	[HISTORY_ENVIRONMENT] = "the machine was slower, and most endpoints with it: ",
	[HISTORY_SUSPECT] = "suspect, but not proven: ",
	[HISTORY_IMPROVED] = "improved: ",
	[HISTORY_WITHIN_BOUND] = "",
	[HISTORY_NO_BASELINE] = "",
	[HISTORY_TOO_FEW_SAMPLES] = "too few requests: ",
};

/* "baseline 10.1 ms -> 12.3 ms: +21.8 %, alarm above +15.2 % (12 baselines), tolerance 8 %" */
static const char *sentence(struct arena *arena, const struct cell *cell,
			    const struct history_result *result)
{
	const struct regression *found = cell->regression;
	AUTO(strbuf) struct strbuf out = {0};

	strbuf_puts(&out, openings[result->reason]);
	append_quantity(&out, cell->metric, cell->baseline);
	strbuf_puts(&out, " -> ");
	append_quantity(&out, cell->metric, cell->value);
	if (isfinite(found->change))
		strbuf_printf(&out, ": %s", ab_change_text(arena, cell->metric, found->change));
	if (isfinite(found->bound))
		strbuf_printf(&out, ", alarm beyond %s",
			      ab_change_text(arena, cell->metric, found->bound));
	strbuf_printf(&out, " (%zu baseline%s)", result->n, result->n == 1 ? "" : "s");
	if (isfinite(found->tolerance))
		strbuf_printf(&out, ", tolerance %.3g %s", 100 * found->tolerance,
			      ab_is_rate(cell->metric) ? "pp" : "%");
	if (result->reason == HISTORY_REGRESSION && isfinite(result->p))
		strbuf_printf(&out, ", adjusted p %.2g", result->p);
	return arena_strdup(arena, strbuf_text(&out));
}

static const struct regression *describe(struct arena *arena, const struct history_cell *row,
					 const struct history_result *result)
{
	struct regression *out = arena_alloc(arena, 1, sizeof *out);
	bool rate = ab_is_rate(row->metric);

	*out = (struct regression){
		.by = JUDGED_BY_HISTORY,
		.finding = history_reason_names[result->reason],
		.primary = row->primary,
		.change = ab_change(row->metric, result->shift),
		.low = NAN,
		.high = NAN,
		.tolerance = row->tolerance,
		.upper = NAN,
		.p = result->p,
		.detectable = NAN,
		.baselines = (uint32_t)result->n,
		/* A rate's bound is a logit: no change of the rate itself. */
		.bound = rate ? NAN : ab_change(row->metric, result->bound),
	};
	if (!rate)
		out->detectable = fmax(fabs(out->bound), row->tolerance);
	return out;
}

/* The fraction or figure of today as the record has it. */
static double value_of(const struct history_cell *row)
{
	return ab_is_rate(row->metric) ? row->now.value / (double)row->now.n : row->now.value;
}

static void add_cell(struct run *run, const struct history_cell *row,
		     const struct history_result *result, bool warn)
{
	struct cell cell = {
		.scenario = arena_strdup(&run->arena, row->scenario),
		.endpoint = arena_strdup(&run->arena, row->endpoint),
		.metric = row->metric,
		.value = value_of(row),
		.limit = NAN,
		.baseline = result->baseline,
		.low = NAN,
		.high = NAN,
		.n = row->now.n,
		.warn = warn,
		.outcome = result->outcome,
		.regression = describe(&run->arena, row, result),
	};

	cell.reason = sentence(&run->arena, &cell, result);
	verdict_add_cell(run, &cell);
}

void history_add_cells(struct run *run, const struct record *now,
		       const struct baseline_history *history, const struct settings *rules)
{
	AUTO(table) struct table table = {0};

	for (size_t i = 0; i < now->n_cells && history->count > 0; i++)
		if (counts(run, now, &now->cells[i]))
			add_row(&table, now, &now->cells[i], history, rules);
	table.results = xcalloc(table.n + 1, sizeof *table.results);
	history_judge(table.cells, table.n, table.results);
	for (size_t i = 0; i < table.n; i++)
		if (table.results[i].reason != HISTORY_NO_BASELINE)
			add_cell(run, &table.cells[i], &table.results[i],
				 rules->regression_enforce == ENFORCE_WARN);
}

const char *history_caveat(struct arena *arena, size_t n)
{
	if (n == 0 || n >= MANY)
		return NULL;
	if (n == 1)
		return "compared with a single run: how much two runs of the same code differ is "
		       "not known from it, so a fail takes a change far beyond 20 %, and a pass "
		       "proves nothing about smaller ones";
	return arena_printf(arena,
			    "compared with %zu runs: below %d a change beyond 20 %% is suspect, "
			    "and only a far larger one fails",
			    n, MANY);
}

/* ---- alarms ---- */

/* What the machine is blamed for, too: side by side its speed does not matter. */
static bool is_alarm(const struct cell *cell)
{
	static const enum history_reason alarms[] = {HISTORY_REGRESSION, HISTORY_SUSPECT,
						     HISTORY_ENVIRONMENT};

	if (!cell->regression || cell->regression->by != JUDGED_BY_HISTORY)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(alarms); i++)
		if (text_equal(cell->regression->finding, history_reason_names[alarms[i]]))
			return true;
	return false;
}

size_t history_alarms(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->verdict.n_cells; i++)
		count += is_alarm(&run->verdict.cells[i]);
	return count;
}

bool history_has_alarm(const struct run *run, const char *endpoint, enum metric metric)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];

		if (is_alarm(cell) && cell->metric == metric &&
		    text_equal(cell->endpoint, endpoint))
			return true;
	}
	return false;
}

static struct cell *find_side_by_side(const struct run *run, const struct cell *alarm)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		struct cell *cell = &run->verdict.cells[i];

		if (cell->regression && cell->regression->by == JUDGED_BY_AB &&
		    cell->metric == alarm->metric && text_equal(cell->endpoint, alarm->endpoint))
			return cell;
	}
	return NULL;
}

void history_settle(struct run *run)
{
	static const char *const words[OUTCOME_COUNT] = {
		[OUTCOME_FAIL] = "confirmed", [OUTCOME_PASS] = "not confirmed"};

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		struct cell *alarm = &run->verdict.cells[i];
		struct cell *found = is_alarm(alarm) ? find_side_by_side(run, alarm) : NULL;
		bool settled;

		if (!found)
			continue;
		/* The slots were too short for it: the alarm stands, and nothing else is wrong. */
		if (found->outcome == OUTCOME_UNMEASURED) {
			found->outcome = OUTCOME_NOT_GATED;
			alarm->reason = arena_printf(&run->arena, "%s; side by side: %s",
						     alarm->reason, found->reason);
			continue;
		}
		settled = found->outcome == OUTCOME_FAIL || found->outcome == OUTCOME_PASS;
		alarm->outcome = settled ? found->outcome : OUTCOME_INCONCLUSIVE;
		alarm->reason =
			arena_printf(&run->arena, "%s; side by side %s: %s", alarm->reason,
				     settled ? words[found->outcome] : "undecided", found->reason);
	}
}

void history_stand(struct run *run, const char *why)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		struct cell *alarm = &run->verdict.cells[i];

		if (is_alarm(alarm) && !find_side_by_side(run, alarm))
			alarm->reason =
				arena_printf(&run->arena, "%s; not measured side by side: %s",
					     alarm->reason, why);
	}
}

/* ---- two runs ---- */

int history_of_run(struct run *base, const struct run *run, struct baseline_history *out,
		   struct error *err)
{
	AUTO(record) struct record *record = NULL;
	char why[600];

	/* Named by hand, a run that failed may be compared with, too. */
	base->verdict.outcome = OUTCOME_PASS;
	if (record_of_run(base, &record, err))
		return -1;
	if (!record_is_comparable(record, run, 0, false, why, sizeof why))
		return error_set(err, ERROR_USAGE, "the two do not compare: %s", why);
	*VEC_PUSH(out->items, out->count, out->capacity) = TAKE(record);
	return 0;
}
