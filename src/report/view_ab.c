/*
 * Comparisons as the templates see them, by what judged them: cell by cell, worst first.
 */
#include "perfgate/report/view.h"

#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"
#include "perfgate/report/svg.h"

#include <math.h>
#include <string.h>

/* More rows than this are no chart any more; the table has them all. */
#define FOREST_MAX 16
#define BLOCKS_MAX 6

static const struct svg_size wide_blocks = {"chart chart-wide", 960, 190};
static const struct svg_size narrow_blocks = {"chart chart-narrow", 360, 180};

/* How the figures of each are called. */
static const struct {
	const char *title, *base, *head, *extra;
} words[JUDGED_BY_COUNT] = {
	[JUDGED_BY_AB] = {"Head against base", "Base", "Head", "Would find"},
	[JUDGED_BY_HISTORY] = {"Against the baselines", "Baselines", "Now", "Alarm beyond"},
	[JUDGED_BY_TREND] = {"Drift", "At first", "At last", "Per hour"},
};

static const char *const finding_words[][2] = {
	{"regression", "slower than the tolerance allows"},
	{"regression_early", "plainly worse, ended early"},
	{"improved", "improved"},
	{"within_tolerance", "within tolerance"},
	{"undecided", "undecided"},
	{"too_few_samples", "too few samples"},
};

static const char *finding_word(const char *finding)
{
	for (size_t i = 0; i < ARRAY_SIZE(finding_words); i++)
		if (strcmp(finding, finding_words[i][0]) == 0)
			return finding_words[i][1];
	return finding;
}

static json_t *change_text(const struct cell *cell, double change)
{
	struct strbuf text = {0};

	if (isnan(change))
		return json_null();
	figures_change(&text, cell->metric, change);
	return view_text(&text);
}

static json_t *interval_text(const struct cell *cell)
{
	struct strbuf text = {0};

	if (!isfinite(cell->regression->low) || !isfinite(cell->regression->high))
		return json_null();
	figures_change(&text, cell->metric, cell->regression->low);
	strbuf_puts(&text, " to ");
	figures_change(&text, cell->metric, cell->regression->high);
	return view_text(&text);
}

static json_t *p_text(double p)
{
	struct strbuf text = {0};

	if (isnan(p))
		return json_null();
	if (p < .0001)
		strbuf_puts(&text, "< 0.0001");
	else
		figures_number(&text, p, 4);
	return view_text(&text);
}

/* Magnitudes have no sign: "8.0%", "0.50 pp". */
static json_t *magnitude_text(const struct cell *cell, double change)
{
	struct strbuf text = {0};

	if (!isfinite(change))
		return json_null();
	figures_change(&text, cell->metric, change);
	if (text.data[0] == '+')
		memmove(text.data, text.data + 1, text.length--);
	return view_text(&text);
}

/* What only this kind of comparison has to say. */
static json_t *extra_text(const struct cell *cell)
{
	const struct regression *found = cell->regression;

	if (found->by == JUDGED_BY_AB)
		return magnitude_text(cell, found->detectable);
	if (found->by == JUDGED_BY_TREND)
		return view_metric(cell->metric, found->per_hour);
	return found->bound != 0 ? change_text(cell, found->bound) : json_null();
}

static json_t *view_row(const struct cell *cell)
{
	const struct regression *found = cell->regression;
	json_t *row = view_outcome(cell->outcome, cell->warn);
	struct strbuf name = {0};

	summary_cell_short_name(&name, cell);
	extjson_set(row, "cell", view_text(&name));
	extjson_set(row, "finding", extjson_string(finding_word(found->finding)));
	extjson_set(row, "primary", json_boolean(found->primary));
	extjson_set(row, "base", view_metric(cell->metric, cell->baseline));
	extjson_set(row, "head", view_metric(cell->metric, cell->value));
	extjson_set(row, "change", change_text(cell, found->change));
	extjson_set(row, "interval", interval_text(cell));
	extjson_set(row, "p", p_text(found->p));
	extjson_set(row, "tolerance", magnitude_text(cell, found->tolerance));
	extjson_set(row, "extra", extra_text(cell));
	return row;
}

static void add_blocks(json_t *failed, const struct cell *cell)
{
	struct strbuf wide = {0}, narrow = {0}, name = {0};
	json_t *item;

	if (cell->outcome != OUTCOME_FAIL || cell->regression->n_changes == 0 ||
	    json_array_size(failed) == BLOCKS_MAX)
		return;
	item = extjson_object();
	summary_cell_short_name(&name, cell);
	svg_blocks(&wide, cell, &wide_blocks);
	svg_blocks(&narrow, cell, &narrow_blocks);
	extjson_set(item, "cell", view_text(&name));
	extjson_set(item, "wide", view_text(&wide));
	extjson_set(item, "narrow", view_text(&narrow));
	extjson_append(failed, item);
}

static double badness(const struct cell *cell)
{
	double worse = svg_cell_worse(cell, cell->regression->change);

	return isfinite(worse) ? worse / cell->regression->tolerance : -HUGE_VAL;
}

static bool goes_before(const struct cell *a, const struct cell *b)
{
	if ((a->outcome == OUTCOME_FAIL) != (b->outcome == OUTCOME_FAIL))
		return a->outcome == OUTCOME_FAIL;
	return badness(a) > badness(b);
}

size_t view_compared_cells(const struct run *run, enum judged_by by, const struct cell ***out)
{
	const struct cell **cells = xcalloc(run->verdict.n_cells + 1, sizeof *cells);
	size_t count = 0;

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		size_t at = count;

		if (!run->verdict.cells[i].regression || run->verdict.cells[i].regression->by != by)
			continue;
		for (; at > 0 && goes_before(&run->verdict.cells[i], cells[at - 1]); at--)
			cells[at] = cells[at - 1];
		cells[at] = &run->verdict.cells[i];
		count++;
	}
	*out = cells;
	return count;
}

static void add_forest(json_t *view, const struct cell *const *cells, size_t count)
{
	const struct cell *shown[FOREST_MAX];
	struct strbuf wide = {0}, narrow = {0};
	size_t n = 0;

	for (size_t i = 0; i < count && n < FOREST_MAX; i++)
		if (svg_forest_shows(cells[i]) &&
		    (cells[i]->regression->primary || cells[i]->outcome == OUTCOME_FAIL))
			shown[n++] = cells[i];
	extjson_set(view, "has_forest", json_boolean(n > 0));
	if (n > 0) {
		svg_forest(&wide, shown, n, true);
		svg_forest(&narrow, shown, n, false);
	}
	extjson_set(view, "forest_wide", view_text(&wide));
	extjson_set(view, "forest_narrow", view_text(&narrow));
}

/* NULL when nothing was judged so. */
static json_t *view_kind(const struct run *run, enum judged_by by)
{
	const struct cell **cells;
	size_t count = view_compared_cells(run, by, &cells);
	json_t *view = count ? extjson_object() : NULL, *rows, *failed;
	struct strbuf summary = {0};

	if (!view) {
		free(cells);
		return NULL;
	}
	rows = extjson_array();
	failed = extjson_array();
	for (size_t i = 0; i < count; i++) {
		extjson_append(rows, view_row(cells[i]));
		add_blocks(failed, cells[i]);
	}
	if (by == JUDGED_BY_AB)
		summary_comparison(&summary, run);
	else if (by == JUDGED_BY_HISTORY)
		summary_baseline(&summary, run);
	extjson_set(view, "kind", extjson_string(words[by].title));
	extjson_set(view, "base_title", extjson_string(words[by].base));
	extjson_set(view, "head_title", extjson_string(words[by].head));
	extjson_set(view, "extra_title", extjson_string(words[by].extra));
	extjson_set(view, "how", view_text(&summary));
	extjson_set(view, "note",
		    by == JUDGED_BY_AB && run->comparison ? view_name(run->comparison->note)
							  : json_null());
	add_forest(view, cells, by == JUDGED_BY_TREND ? 0 : count);
	extjson_set(view, "rows", rows);
	extjson_set(view, "blocks", failed);
	free(cells);
	return view;
}

void view_comparisons(json_t *view, const struct run *run)
{
	json_t *kinds = extjson_array();

	for (int by = 0; by < JUDGED_BY_COUNT; by++) {
		json_t *kind = view_kind(run, (enum judged_by)by);

		if (kind)
			extjson_append(kinds, kind);
	}
	extjson_set(view, "comparisons", kinds);
}

const char *view_comparison_title(enum judged_by by)
{
	return words[by].title;
}
