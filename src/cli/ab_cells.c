/* From recorded blocks to the cells that verdict/ab.h judges, and from its findings to the run. */
#include "perfgate/cli/ab.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/cli/history.h"
#include "perfgate/verdict/gate.h"

#include <math.h>

/* verdict/ab.h asks for 10 in the tail; less than expected must not make it unmeasured. */
#define TAIL_WANTED 13

/*
 * Half of a block's slots are one side's, one request at a time. How many requests that makes is
 * known from the suite, which the head has just answered; NaN when it was not run.
 */
static double expected_requests(const struct session *session, const struct scenario *slot)
{
	const struct scenario_result *suite = run_find(session->run, session->scenarios[0]->name);
	double mean_ns = suite ? histogram_mean_ns(suite->total.latency) : 0;

	return mean_ns > 0 ? (double)(AB_SLOTS / 2 * slot->duration_ns) / mean_ns : NAN;
}

/* A percentile that its blocks are too short for would hold up every run. */
static bool is_measurable(enum metric metric, double requests)
{
	double tail = 1 - metric_table[metric].quantile;

	return tail == 1 || isnan(requests) || requests * tail >= TAIL_WANTED;
}

void ab_cells_init(struct ab_cells *cells, const struct session *session,
		   const struct scenario *slot, size_t room)
{
	double requests = expected_requests(session, slot);
	const struct suite *suite = session->suite;
	size_t most = (suite->n_endpoints + 1) * METRIC_COUNT;

	*cells = (struct ab_cells){
		.items = xcalloc(most, sizeof *cells->items),
		.results = xcalloc(most, sizeof *cells->results),
		.blocks = xcalloc(most * room, sizeof *cells->blocks),
		.endpoints = xcalloc(most, sizeof *cells->endpoints),
		.room = room,
	};
	/* The total first: it is what people look for. */
	for (size_t i = 0; i <= suite->n_endpoints; i++) {
		size_t endpoint = i == 0 ? suite->n_endpoints : i - 1;
		const char *name = i == 0 ? "total" : suite->endpoint_names[endpoint];
		double share = i == 0 ? 1 : suite_endpoint_share(slot, endpoint);

		for (int metric = 0; metric < METRIC_COUNT; metric++) {
			if (metric == METRIC_THROUGHPUT && i > 0)
				continue;
			cells->endpoints[cells->n] = endpoint;
			cells->items[cells->n] = (struct ab_cell){
				.scenario = AB_SCENARIO,
				.endpoint = name,
				.metric = (enum metric)metric,
				.primary = ab_is_primary(name, (enum metric)metric, share) &&
					   is_measurable((enum metric)metric, requests * share),
				.tolerance = session_rules(session)->tolerance[metric],
				.blocks = &cells->blocks[cells->n * room],
			};
			cells->n++;
		}
	}
}

void ab_cells_keep_alarms(struct ab_cells *cells, const struct run *alarmed)
{
	size_t kept = 0;

	for (size_t i = 0; alarmed && i < cells->n; i++) {
		if (!history_has_alarm(alarmed, cells->items[i].endpoint, cells->items[i].metric))
			continue;
		cells->items[kept] = cells->items[i];
		cells->items[kept].primary = true;
		cells->endpoints[kept++] = cells->endpoints[i];
	}
	for (size_t i = 0; alarmed && i < kept; i++)
		cells->items[i].blocks = &cells->blocks[i * cells->room];
	cells->n = alarmed ? kept : cells->n;
}

void ab_cells_release(struct ab_cells *cells)
{
	free(cells->items);
	free(cells->results);
	free(cells->blocks);
	free(cells->endpoints);
}

void ab_cells_add(struct ab_cells *cells, size_t k, const struct ab_side_record *base,
		  const struct ab_side_record *head)
{
	const struct ab_side_record *const sides[] = {[AB_BASE] = base, [AB_HEAD] = head};

	for (size_t i = 0; i < cells->n; i++) {
		struct ab_block *block = &cells->blocks[i * cells->room + k];

		for (int s = 0; s < 2; s++)
			block->side[s].n =
				ab_side_figure(sides[s], cells->endpoints[i],
					       cells->items[i].metric, &block->side[s].value);
	}
}

/* ---- in words ---- */

static void append_number(struct strbuf *out, double value, int digits)
{
	char text[UNITS_TEXT_SIZE];

	units_format_number(value, digits, text);
	strbuf_puts(out, text);
}

static void append_change(struct strbuf *out, enum metric metric, double change)
{
	/* A tenth of a per cent is the most anybody reads. */
	double rounded =
		round(change * (ab_is_rate(metric) ? 1e4 : 1e3)) / (ab_is_rate(metric) ? 100 : 10);

	if (rounded >= 0)
		strbuf_putc(out, '+');
	append_number(out, rounded == 0 ? 0 : rounded, 6);
}

static const char *change_unit(enum metric metric)
{
	return ab_is_rate(metric) ? "pp" : "%";
}

const char *ab_change_text(struct arena *arena, enum metric metric, double change)
{
	AUTO(strbuf) struct strbuf out = {0};

	append_change(&out, metric, change);
	return arena_printf(arena, "%s %s", strbuf_text(&out), change_unit(metric));
}

static void append_quantity(struct strbuf *out, enum metric metric, double value)
{
	append_number(out, ab_is_rate(metric) ? 100 * value : value, 4);
	strbuf_printf(out, " %s", ab_is_rate(metric) ? "%" : metric_table[metric].unit);
}

/* "6.61 ms -> 8.12 ms: +22.9 % (95 %: +18.4 .. +27.1 %), tolerance 8 %" */
static void append_figures(struct strbuf *out, const struct ab_cell *cell,
			   const struct ab_cell_result *result, const struct regression *regression)
{
	append_quantity(out, cell->metric, result->base);
	strbuf_puts(out, " -> ");
	append_quantity(out, cell->metric, result->head);
	strbuf_puts(out, ": ");
	append_change(out, cell->metric, regression->change);
	strbuf_printf(out, " %s", change_unit(cell->metric));
	if (isfinite(regression->low) && isfinite(regression->high)) {
		strbuf_puts(out, " (95 %: ");
		append_change(out, cell->metric, regression->low);
		strbuf_puts(out, " .. ");
		append_change(out, cell->metric, regression->high);
		strbuf_printf(out, " %s)", change_unit(cell->metric));
	}
	strbuf_puts(out, ", tolerance ");
	append_number(out, 100 * regression->tolerance, 3);
	strbuf_printf(out, " %s", change_unit(cell->metric));
}

static const char *sentence(const struct ab_cell *cell, const struct ab_cell_result *result,
			    const struct regression *regression, struct arena *arena)
{
	AUTO(strbuf) struct strbuf out = {0};

	if (isnan(result->shift))
		return "too few requests in a block: the answers take too long for its slots";
	if (result->reason == AB_IMPROVED)
		strbuf_puts(&out, "improved: ");
	append_figures(&out, cell, result, regression);
	if (result->reason == AB_REGRESSION) {
		strbuf_puts(&out, ", adjusted p ");
		append_number(&out, result->p, 2);
	} else if (result->reason == AB_ABORTED) {
		strbuf_printf(&out, ", plain after %u blocks", result->blocks);
	} else if (result->outcome == OUTCOME_INCONCLUSIVE && !isnan(result->mde)) {
		strbuf_puts(&out, "; ");
		append_number(&out, 100 * result->mde, 2);
		strbuf_printf(&out, " %s would be found", change_unit(cell->metric));
	}
	return arena_strdup(arena, strbuf_text(&out));
}

/* ---- into the run ---- */

/* What a change of the metric means for its other direction: the interval's ends swap. */
static void set_interval(enum metric metric, const struct ab_cell_result *result,
			 struct regression *out)
{
	double low = ab_change(metric, result->low), high = ab_change(metric, result->high);

	out->change = ab_change(metric, result->shift);
	/* Too few blocks bound nothing. */
	out->low = isfinite(result->low) && isfinite(result->high) ? fmin(low, high) : NAN;
	out->high = isfinite(result->low) && isfinite(result->high) ? fmax(low, high) : NAN;
	out->upper = fabs(ab_change(metric, fmax(0, result->upper)));
	out->tolerance = fabs(ab_change(metric, result->tolerance));
}

static const double *block_changes(const struct ab_cell *cell, const struct ab_trial *trial,
				   struct arena *arena)
{
	double *out = arena_alloc(arena, trial->n_blocks + 1, sizeof *out);

	ab_differences(cell, trial->n_blocks, 0, true, out);
	for (size_t k = 0; k < trial->n_blocks; k++)
		out[k] = ab_change(cell->metric, out[k]);
	return out;
}

static const struct regression *describe(const struct ab_cell *cell,
					 const struct ab_cell_result *result,
					 const struct ab_trial *trial, struct arena *arena)
{
	struct regression *out = arena_alloc(arena, 1, sizeof *out);

	out->finding = ab_reason_names[result->reason];
	out->primary = cell->primary;
	set_interval(cell->metric, result, out);
	out->p = result->p;
	out->detectable = result->mde;
	out->blocks = result->blocks;
	out->changes = block_changes(cell, trial, arena);
	out->n_changes = trial->n_blocks;
	return out;
}

static uint64_t requests_behind(const struct ab_cell *cell, size_t n_blocks)
{
	uint64_t n = 0;

	for (size_t k = 0; k < n_blocks; k++)
		n += cell->blocks[k].side[AB_HEAD].n;
	return n;
}

/* Not the end that was planned: what is proven by then is not proven at a look. */
static void distrust(struct cell *cell, struct arena *arena)
{
	if (isnan(cell->value))
		return;
	cell->outcome = cell->regression->primary ? OUTCOME_INCONCLUSIVE : OUTCOME_NOT_GATED;
	cell->reason = arena_printf(arena, "interrupted at %s", cell->reason);
}

void ab_cells_store(const struct ab_cells *cells, const struct ab_trial *trial, bool interrupted,
		    bool warn, struct run *run)
{
	for (size_t i = 0; i < cells->n; i++) {
		const struct ab_cell *item = &cells->items[i];
		const struct ab_cell_result *result = &cells->results[i];
		struct cell cell = {
			.scenario = AB_SCENARIO,
			.endpoint = arena_strdup(&run->arena, item->endpoint),
			.metric = item->metric,
			.value = result->head,
			.limit = NAN,
			.baseline = result->base,
			.low = NAN,
			.high = NAN,
			.n = requests_behind(item, trial->n_blocks),
			.warn = warn,
			.outcome = result->outcome,
		};

		if (result->reason == AB_NO_DATA)
			continue;
		cell.regression = describe(item, result, trial, &run->arena);
		cell.reason = sentence(item, result, cell.regression, &run->arena);
		if (interrupted)
			distrust(&cell, &run->arena);
		verdict_add_cell(run, &cell);
	}
}
