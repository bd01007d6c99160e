/* The screen's table of a comparison: what changed first, in as few lines as tell it. */
#include "perfgate/report/console.h"

#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"
#include "perfgate/report/svg.h"
#include "perfgate/report/view.h"

#include <math.h>

#define ROWS_MAX 8
#define NAME_MIN 16
/* Columns of the terminal from which on these are shown. */
#define INTERVAL_FROM 76
#define TOLERANCE_FROM 96

enum { BASE, HEAD, CHANGE, INTERVAL, TOLERANCE, COLUMNS };

static const struct {
	const char *title;
	size_t width;
} columns[COLUMNS] = {
	{"base", 9}, {"head", 9}, {"change", 8}, {"95% interval", 19}, {"tolerance", 9}};

static void write_figure(struct strbuf *out, const struct cell *cell, int column)
{
	const struct regression *found = cell->regression;

	switch (column) {
	case BASE: figures_metric(out, cell->metric, cell->baseline); break;
	case HEAD: figures_metric(out, cell->metric, cell->value); break;
	case CHANGE: figures_change(out, cell->metric, found->change); break;
	case INTERVAL:
		if (!isfinite(found->low) || !isfinite(found->high))
			break;
		figures_change(out, cell->metric, found->low);
		strbuf_puts(out, " to ");
		figures_change(out, cell->metric, found->high);
		break;
	default: figures_change(out, cell->metric, found->tolerance); break;
	}
}

static size_t shown_columns(const struct terminal *terminal)
{
	if (terminal->columns < INTERVAL_FROM)
		return INTERVAL;
	return terminal->columns < TOLERANCE_FROM ? TOLERANCE : COLUMNS;
}

static size_t name_width(const struct terminal *terminal)
{
	size_t taken = 2;

	for (size_t i = 0; i < shown_columns(terminal); i++)
		taken += columns[i].width + 2;
	return terminal->columns > taken + NAME_MIN ? terminal->columns - taken : NAME_MIN;
}

static void print_header(struct terminal *terminal, enum judged_by by, size_t width)
{
	terminal_style(terminal, CONSOLE_DIM);
	strbuf_puts(terminal->out, "\n  ");
	terminal_fit(terminal, view_comparison_title(by), width, false);
	for (size_t i = 0; i < shown_columns(terminal); i++) {
		terminal_spaces(terminal, 2);
		terminal_fit(terminal, columns[i].title, columns[i].width, true);
	}
	terminal_style(terminal, "0");
	strbuf_putc(terminal->out, '\n');
}

static void print_row(struct terminal *terminal, const struct cell *cell, size_t width)
{
	AUTO(strbuf) struct strbuf name = {0};

	console_outcome(terminal, cell);
	summary_cell_short_name(&name, cell);
	terminal_fit(terminal, strbuf_text(&name), width, false);
	terminal_style(terminal, "0");
	for (size_t i = 0; i < shown_columns(terminal); i++) {
		AUTO(strbuf) struct strbuf text = {0};

		write_figure(&text, cell, (int)i);
		terminal_spaces(terminal, 2);
		terminal_fit(terminal, strbuf_text(&text), columns[i].width, true);
	}
	strbuf_putc(terminal->out, '\n');
}

/* Secondary cells without a finding inform nobody who looks at a screen. */
static bool is_worth_a_row(const struct cell *cell)
{
	return cell->outcome == OUTCOME_FAIL ||
	       (cell->regression->primary && svg_forest_shows(cell));
}

static void print_kind(struct terminal *terminal, const struct run *run, enum judged_by by)
{
	const struct cell **cells;
	size_t count = view_compared_cells(run, by, &cells), width = name_width(terminal);
	size_t shown = 0;

	for (size_t i = 0; i < count && shown < ROWS_MAX; i++) {
		if (!is_worth_a_row(cells[i]))
			continue;
		if (shown++ == 0)
			print_header(terminal, by, width);
		print_row(terminal, cells[i], width);
	}
	if (count > shown && shown > 0)
		strbuf_printf(terminal->out, "  … and %zu more, in the report\n", count - shown);
	free(cells);
}

void console_comparisons(struct terminal *terminal, const struct run *run)
{
	for (int by = 0; by < JUDGED_BY_COUNT; by++)
		print_kind(terminal, run, (enum judged_by)by);
}
