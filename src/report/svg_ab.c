/* The charts of a comparison: all cells against their tolerance, and one cell block by block. */
#include "perfgate/report/svg.h"

#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"
#include "perfgate/report/svg_draw.h"

#include <math.h>

#define ROW 26.0
#define AXIS_HEIGHT 34.0
/* Multiples of the tolerance; what lies beyond ends in an arrow. */
#define LEAST (-3.0)
#define MOST 5.0

struct forest {
	struct strbuf *out;
	double left, right; /* of the plot */
	double bottom;
	bool wide; /* names beside the plot, else above their row */
};

double svg_cell_worse(const struct cell *cell, double change)
{
	return metric_table[cell->metric].higher_is_better ? -change : change;
}

static double in_tolerances(const struct cell *cell, double change)
{
	return svg_cell_worse(cell, change) / cell->regression->tolerance;
}

static double x_of(const struct forest *forest, double tolerances)
{
	double inside = fmin(fmax(tolerances, LEAST), MOST);

	return forest->left + (forest->right - forest->left) * (inside - LEAST) / (MOST - LEAST);
}

static const char *css_class_of(const struct cell *cell)
{
	if (cell->outcome == OUTCOME_FAIL)
		return cell->warn ? "mark-unsure" : "mark-bad";
	if (cell->outcome == OUTCOME_INCONCLUSIVE)
		return "mark-unsure";
	return cell->outcome == OUTCOME_PASS ? "mark-good" : "mark-other";
}

static void draw_axis(const struct forest *forest)
{
	static const struct {
		double at;
		const char *text;
		/* A narrow plot has no room for both words in the middle of their lines. */
		const char *narrow_anchor;
	} ticks[] = {{-2, "better", "middle"},
		     {0, "same", "end"},
		     {1, "tolerance", "start"},
		     {3, "3×", "middle"},
		     {5, "5×", "end"}};

	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++) {
		double x = x_of(forest, ticks[i].at);

		svg_line(forest->out,
			 ticks[i].at == 1 ? "limit" : (ticks[i].at == 0 ? "axis" : "grid"), x, 4, x,
			 forest->bottom);
		svg_text(forest->out, ticks[i].at == 1 ? "tick limit" : "tick",
			 forest->wide ? "middle" : ticks[i].narrow_anchor, x, forest->bottom + 18,
			 ticks[i].text);
	}
}

/* An end of the interval: a tick inside, an arrow where it goes on. */
static void draw_end(const struct forest *forest, const char *css_class, double tolerances,
		     double y)
{
	double x = x_of(forest, tolerances);
	bool beyond = tolerances < LEAST || tolerances > MOST;
	double inward = tolerances > MOST ? -6 : 6;

	svg_line(forest->out, css_class, x, y, x + (beyond ? inward : 0), y - 4);
	svg_line(forest->out, css_class, x, y, x + (beyond ? inward : 0), y + 4);
}

static void draw_row(const struct forest *forest, const struct cell *cell, double y)
{
	const struct regression *found = cell->regression;
	const char *css_class = css_class_of(cell);
	double low = in_tolerances(cell, found->low), high = in_tolerances(cell, found->high);
	AUTO(strbuf) struct strbuf name = {0}, change = {0};

	summary_cell_short_name(&name, cell);
	figures_change(&change, cell->metric, found->change);
	if (isfinite(low) && isfinite(high)) {
		svg_line(forest->out, css_class, x_of(forest, low), y, x_of(forest, high), y);
		draw_end(forest, css_class, low, y);
		draw_end(forest, css_class, high, y);
	}
	svg_circle(forest->out, css_class, x_of(forest, in_tolerances(cell, found->change)), y, 5);
	if (forest->wide) {
		svg_text(forest->out, "label", "end", forest->left - 14, y + 4, strbuf_text(&name));
		svg_text(forest->out, "label", "start", forest->right + 14, y + 4,
			 strbuf_text(&change));
		return;
	}
	strbuf_printf(&name, "  %s", strbuf_text(&change));
	svg_text(forest->out, "label", "start", forest->left, y - 12, strbuf_text(&name));
}

bool svg_forest_shows(const struct cell *cell)
{
	return cell->regression != NULL && isfinite(cell->regression->change) &&
	       cell->regression->tolerance > 0;
}

void svg_forest(struct strbuf *out, const struct cell *const *cells, size_t count, bool wide)
{
	double row = wide ? ROW : ROW + 16, first = wide ? ROW : ROW + 8;
	struct svg_size size = {wide ? "chart chart-wide" : "chart chart-narrow", wide ? 960 : 360,
				first + row * (double)count + AXIS_HEIGHT - ROW / 2};
	struct forest forest = {.out = out,
				.left = wide ? 330 : 8,
				.right = wide ? 840 : 352,
				.bottom = size.height - AXIS_HEIGHT,
				.wide = wide};

	svg_open(out, &size,
		 "Change of each cell with its 95 % interval, in multiples of its "
		 "tolerance; the figures are in the table below");
	draw_axis(&forest);
	for (size_t i = 0; i < count; i++)
		draw_row(&forest, cells[i], first + row * (double)i);
	svg_close(out);
}

/* ---- one cell, block by block ---- */

struct blocks {
	struct strbuf *out;
	const struct cell *cell;
	double left, right, top, bottom, low, high;
};

static double block_y(const struct blocks *blocks, double change)
{
	double inside = fmin(fmax(change, blocks->low), blocks->high);

	return blocks->bottom - (blocks->bottom - blocks->top) * (inside - blocks->low) /
					(blocks->high - blocks->low);
}

static void span(struct blocks *blocks)
{
	const struct regression *found = blocks->cell->regression;
	double limit = svg_cell_worse(blocks->cell, found->tolerance);

	blocks->low = fmin(0, fmin(limit, found->change));
	blocks->high = fmax(0, fmax(limit, found->change));
	for (size_t i = 0; i < found->n_changes; i++) {
		if (!isfinite(found->changes[i]))
			continue;
		blocks->low = fmin(blocks->low, found->changes[i]);
		blocks->high = fmax(blocks->high, found->changes[i]);
	}
}

static void level(const struct blocks *blocks, const char *css_class, double change)
{
	double y = block_y(blocks, change);

	svg_line(blocks->out, css_class, blocks->left, y, blocks->right, y);
}

static void label_level(const struct blocks *blocks, const char *css_class, double change,
			const char *name)
{
	AUTO(strbuf) struct strbuf text = {0};

	strbuf_printf(&text, "%s ", name);
	figures_change(&text, blocks->cell->metric, change);
	svg_text(blocks->out, css_class, "start", blocks->right + 8, block_y(blocks, change) + 4,
		 strbuf_text(&text));
}

void svg_blocks(struct strbuf *out, const struct cell *cell, const struct svg_size *size)
{
	const struct regression *found = cell->regression;
	struct blocks blocks = {.out = out,
				.cell = cell,
				.left = 48,
				.right = size->width - 100,
				.top = 12,
				.bottom = size->height - 30};
	double step = (blocks.right - blocks.left) / (double)(found->n_changes + 1);
	double limit = svg_cell_worse(cell, found->tolerance);

	span(&blocks);
	svg_open(out, size, "Change of the cell in each block");
	level(&blocks, "axis", 0);
	level(&blocks, "limit", limit);
	level(&blocks, "line-p95", found->change);
	svg_text(out, "tick", "end", blocks.left - 8, block_y(&blocks, 0) + 4, "same");
	label_level(&blocks, "tick limit", limit, "tol.");
	/* Where the two fall together the points tell enough. */
	if (fabs(block_y(&blocks, limit) - block_y(&blocks, found->change)) > 14)
		label_level(&blocks, "tick", found->change, "shift");
	svg_text(out, "tick", "end", blocks.left - 8, blocks.bottom + 20, "block");
	for (size_t i = 0; i < found->n_changes; i++) {
		double x = blocks.left + step * (double)(i + 1);
		char number[24];

		snprintf(number, sizeof number, "%zu", i + 1);
		if (isfinite(found->changes[i]))
			svg_circle(out, css_class_of(cell), x, block_y(&blocks, found->changes[i]),
				   4);
		svg_text(out, "tick", "middle", x, blocks.bottom + 20, number);
	}
	svg_close(out);
}
