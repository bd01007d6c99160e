#include "perfgate/report/formats.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/report/console.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"
#include "perfgate/verdict/gate.h"

#include <math.h>
#include <string.h>

#define COLUMNS_MIN 60
#define COLUMNS_MAX 120
#define GATES_MAX 10
#define ENDPOINTS_MAX 5
#define NOTICES_MAX 4
#define NAME_MIN 12
#define NAME_LEAST 11 /* with the figures: 60 columns */

#define CHANGE_TITLE "vs baseline"
#define WARNING_SYMBOL "▲"
#define WARNING_COLOUR "33"

static const char *const outcome_colours[] = {
	[OUTCOME_PASS] = "32",
	[OUTCOME_FAIL] = "31",
	[OUTCOME_INCONCLUSIVE] = "33",
	[OUTCOME_UNMEASURED] = "35",
	[OUTCOME_NOT_GATED] = CONSOLE_DIM,
	[OUTCOME_SKIPPED] = CONSOLE_DIM,
};

/* -- verdict -------------------------------------------------------------------------------- */

static void print_verdict(struct terminal *terminal, const struct run *run)
{
	enum outcome outcome = run->verdict.outcome;
	bool warning = verdict_is_advisory(&run->verdict);
	AUTO(strbuf) struct strbuf subject = {0}, reason = {0}, word = {0};
	char duration[UNITS_TEXT_SIZE];

	strbuf_printf(&word, "%s ", warning ? WARNING_SYMBOL : figures_symbol(outcome));
	summary_word(&word, run);
	for (char *c = word.data; *c != '\0'; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
	terminal_style(terminal, CONSOLE_BOLD);
	terminal_styled(terminal, warning ? WARNING_COLOUR : outcome_colours[outcome],
			strbuf_text(&word));
	strbuf_puts(terminal->out, "  ");
	summary_subject(&subject, run, true);
	if (isfinite(run->duration_s) && run->duration_s > 0 && run->duration_s < 1e9) {
		units_format_duration((int64_t)round(run->duration_s * 10) * 100000000, duration);
		strbuf_printf(&subject, ", %s", duration);
	}
	terminal_paragraph(terminal, strbuf_text(&subject), text_columns(strbuf_text(&word)) + 2);
	figures_visible(&reason, run->verdict.reason, FIGURES_MESSAGE_MAX);
	terminal_paragraph(terminal, strbuf_text(&reason), 0);
}

/* -- gates ---------------------------------------------------------------------------------- */

struct gate_widths {
	size_t name, value, limit, change;
};

static size_t width_of(void (*write)(struct strbuf *, const struct cell *), const struct cell *cell)
{
	AUTO(strbuf) struct strbuf text = {0};

	write(&text, cell);
	return text_columns(strbuf_text(&text));
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static struct gate_widths measure_gates(const struct terminal *terminal, const struct run *run)
{
	struct gate_widths widths = {.name = 4, .value = 5, .limit = 5};
	size_t fixed;

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];
		size_t change = width_of(figures_cell_change, cell);

		if (cell->regression)
			continue;

		widths.name = larger(widths.name, width_of(summary_cell_name, cell));
		widths.value = larger(widths.value, width_of(figures_cell_value, cell));
		widths.limit = larger(widths.limit, width_of(figures_cell_limit, cell));
		if (change > 0)
			widths.change = larger(larger(widths.change, change), strlen(CHANGE_TITLE));
	}
	fixed = 2 + widths.value + 2 + widths.limit + (widths.change > 0 ? 2 + widths.change : 0);
	if (widths.name + fixed + 2 > terminal->columns)
		widths.name =
			larger(terminal->columns > fixed + 2 ? terminal->columns - fixed - 2 : 0,
			       NAME_MIN);
	return widths;
}

static void column(struct terminal *terminal, void (*write)(struct strbuf *, const struct cell *),
		   const struct cell *cell, size_t width)
{
	AUTO(strbuf) struct strbuf text = {0};

	write(&text, cell);
	terminal_spaces(terminal, 2);
	terminal_fit(terminal, strbuf_text(&text), width, true);
}

void console_outcome(struct terminal *terminal, const struct cell *cell)
{
	bool warning = cell->warn && cell->outcome == OUTCOME_FAIL;

	terminal_style(terminal, warning ? WARNING_COLOUR : outcome_colours[cell->outcome]);
	strbuf_printf(terminal->out, "%s ",
		      warning ? WARNING_SYMBOL : figures_symbol(cell->outcome));
}

static void print_gate(struct terminal *terminal, const struct run *run, const struct cell *cell,
		       const struct gate_widths *widths)
{
	AUTO(strbuf) struct strbuf name = {0}, reason = {0};

	console_outcome(terminal, cell);
	summary_cell_name(&name, cell);
	terminal_fit(terminal, strbuf_text(&name), widths->name, false);
	terminal_style(terminal, "0");
	column(terminal, figures_cell_value, cell, widths->value);
	column(terminal, figures_cell_limit, cell, widths->limit);
	if (widths->change > 0)
		column(terminal, figures_cell_change, cell, widths->change);
	strbuf_putc(terminal->out, '\n');
	if (cell->outcome == OUTCOME_PASS || !summary_reason_adds(cell) ||
	    (run->verdict.reason != NULL && strstr(run->verdict.reason, cell->reason) != NULL))
		return;
	terminal_spaces(terminal, 4);
	summary_cell_reason(&reason, cell);
	terminal_paragraph(terminal, strbuf_text(&reason), 4);
}

static void print_gate_header(struct terminal *terminal, const struct gate_widths *widths)
{
	terminal_style(terminal, CONSOLE_DIM);
	strbuf_puts(terminal->out, "\n  ");
	terminal_fit(terminal, "gate", widths->name, false);
	terminal_spaces(terminal, 2);
	terminal_fit(terminal, "value", widths->value, true);
	terminal_spaces(terminal, 2);
	terminal_fit(terminal, "limit", widths->limit, true);
	if (widths->change > 0) {
		terminal_spaces(terminal, 2);
		terminal_fit(terminal, CHANGE_TITLE, widths->change, true);
	}
	terminal_style(terminal, "0");
	strbuf_putc(terminal->out, '\n');
}

static void print_gates(struct terminal *terminal, const struct run *run)
{
	struct gate_widths widths = measure_gates(terminal, run);
	AUTO_FREE size_t *order = summary_order(run);
	size_t gates = 0;

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[order[i]];

		if (cell->regression)
			continue;
		if (gates == 0)
			print_gate_header(terminal, &widths);
		if (gates++ < GATES_MAX)
			print_gate(terminal, run, cell, &widths);
	}
	if (gates > GATES_MAX)
		strbuf_printf(terminal->out, "  … and %zu more, in the report\n",
			      gates - GATES_MAX);
}

/* -- endpoints ------------------------------------------------------------------------------ */

static const size_t figure_widths[] = {8, 7, 8, 8, 8, 8};

static void print_endpoint(struct terminal *terminal, const char *name,
			   const struct scenario_result *scenario,
			   const struct endpoint_result *endpoint, size_t width)
{
	const double latencies[] = {
		endpoint_metric(scenario, endpoint, METRIC_P50),
		endpoint_metric(scenario, endpoint, METRIC_P95),
		endpoint_metric(scenario, endpoint, METRIC_P99),
		endpoint->latency != NULL && histogram_count(endpoint->latency) > 0
			? (double)histogram_max_ns(endpoint->latency) / 1e6
			: NAN,
	};
	AUTO(strbuf) struct strbuf text = {0};

	terminal_spaces(terminal, 2);
	terminal_fit(terminal, name, width, false);
	figures_count(&text, endpoint->requests);
	terminal_fit(terminal, strbuf_text(&text), figure_widths[0], true);
	strbuf_clear(&text);
	figures_count(&text, endpoint_errors(endpoint));
	if (endpoint_errors(endpoint) > 0)
		terminal_style(terminal, "31");
	terminal_fit(terminal, strbuf_text(&text), figure_widths[1], true);
	if (endpoint_errors(endpoint) > 0)
		terminal_style(terminal, "0");
	for (size_t i = 0; i < ARRAY_SIZE(latencies); i++) {
		strbuf_clear(&text);
		figures_short(&text, latencies[i]);
		terminal_fit(terminal, strbuf_text(&text), figure_widths[2 + i], true);
	}
	strbuf_putc(terminal->out, '\n');
}

static void print_endpoint_header(struct terminal *terminal, const char *what, size_t width)
{
	static const char *const names[] = {"requests", "errors", "p50 ms", "p95", "p99", "max"};

	terminal_style(terminal, CONSOLE_DIM);
	strbuf_puts(terminal->out, "\n  ");
	terminal_fit(terminal, what, width, false);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		terminal_fit(terminal, names[i], figure_widths[i], true);
	terminal_style(terminal, "0");
	strbuf_putc(terminal->out, '\n');
}

static size_t name_width(const struct terminal *terminal)
{
	size_t width = terminal->columns - 2;

	for (size_t i = 0; i < ARRAY_SIZE(figure_widths); i++)
		width = width > figure_widths[i] + NAME_LEAST ? width - figure_widths[i]
							      : NAME_LEAST;
	return width < 44 ? width : 44;
}

static void print_named(struct terminal *terminal, const char *suffix,
			const struct scenario_result *scenario,
			const struct endpoint_result *endpoint, size_t width)
{
	AUTO(strbuf) struct strbuf name = {0};

	figures_visible(&name, suffix != NULL ? scenario->name : endpoint->name, FIGURES_NAME_MAX);
	strbuf_puts(&name, suffix != NULL ? suffix : "");
	print_endpoint(terminal, strbuf_text(&name), scenario, endpoint, width);
}

/* The slowest endpoints by p95: has `index` fewer than ENDPOINTS_MAX slower ones before it? */
static bool among_slowest(const struct scenario_result *scenario, size_t index)
{
	double own = endpoint_metric(scenario, &scenario->endpoints[index], METRIC_P95);
	size_t slower = 0;

	for (size_t i = 0; i < scenario->n_endpoints; i++) {
		double other = endpoint_metric(scenario, &scenario->endpoints[i], METRIC_P95);

		slower += i != index && (other > own || (isnan(own) && !isnan(other)) ||
					 (i < index && !(other < own)));
	}
	return slower < ENDPOINTS_MAX;
}

static size_t count_judged(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->n_scenarios; i++)
		count += run->scenarios[i].follows == NULL;
	return count;
}

/* One scenario: its endpoints; several: their totals. */
static void print_endpoints(struct terminal *terminal, const struct run *run)
{
	bool only = count_judged(run) == 1;
	size_t width = name_width(terminal);

	if (run->n_scenarios == 0)
		return;
	print_endpoint_header(terminal, only ? "endpoint" : "scenario", width);
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];

		for (size_t j = 0; only && scenario->follows == NULL && j < scenario->n_endpoints;
		     j++)
			if (among_slowest(scenario, j))
				print_named(terminal, NULL, scenario, &scenario->endpoints[j],
					    width);
		print_named(terminal, only ? " in all" : "", scenario, &scenario->total, width);
	}
}

/* -- the rest ------------------------------------------------------------------------------- */

static void print_notices(struct terminal *terminal, const struct run *run)
{
	AUTO_JSON json_t *notices = summary_notices(run);
	size_t count = json_array_size(notices);

	for (size_t i = 0; i < count && i < NOTICES_MAX; i++)
		terminal_labelled(terminal, "notice", "33",
				  json_string_value(json_array_get(notices, i)));
	if (count > NOTICES_MAX)
		terminal_labelled(terminal, "notice", "33", "and more, in the report");
}

static bool worse_health(const struct scenario_result *a, const struct scenario_result *b)
{
	if (a->generator.invalid != b->generator.invalid)
		return a->generator.invalid != INVALID_NOT && b->generator.invalid == INVALID_NOT;
	return a->follows == NULL && b->follows != NULL;
}

/* One line: of the scenario whose measurement is doubted, else of the first. */
static void print_health(struct terminal *terminal, const struct run *run)
{
	const struct scenario_result *shown = run->n_scenarios > 0 ? run->scenarios : NULL;
	AUTO(strbuf) struct strbuf text = {0};

	for (size_t i = 1; i < run->n_scenarios; i++)
		if (worse_health(&run->scenarios[i], shown))
			shown = &run->scenarios[i];
	if (shown == NULL || shown->total.requests == 0)
		return;
	strbuf_puts(&text, shown->generator.invalid == INVALID_NOT ? "valid: " : "INVALID: ");
	summary_generator(&text, shown);
	terminal_labelled(terminal, "generator", CONSOLE_DIM, strbuf_text(&text));
	strbuf_clear(&text);
	summary_loads(&text, run);
	if (text.length > 0)
		terminal_labelled(terminal, "load", CONSOLE_DIM, strbuf_text(&text));
}

static void print_artifacts(struct terminal *terminal, const struct run *run, const char *dir)
{
	AUTO(strbuf) struct strbuf text = {0};

	if (dir == NULL)
		return;
	figures_visible(&text, dir, FIGURES_NAME_MAX);
	strbuf_puts(&text, "/report.html");
	for (size_t i = 0; i < report_formats_count; i++)
		if (report_formats[i].applies(run) && !text_equal(report_formats[i].name, "html") &&
		    !text_equal(report_formats[i].name, "css"))
			strbuf_printf(&text, " %s", report_formats[i].filename);
	terminal_labelled(terminal, "report", CONSOLE_DIM, strbuf_text(&text));
}

static void print_next(struct terminal *terminal, const struct run *run)
{
	AUTO_JSON json_t *next = summary_next(run);

	for (size_t i = 0; i < json_array_size(next); i++)
		terminal_labelled(terminal, "next", CONSOLE_BOLD,
				  json_string_value(json_array_get(next, i)));
}

/* A terminal shows the narrow space in many widths. */
static void widen_spaces(struct strbuf *out, const struct strbuf *from)
{
	const char *at = strbuf_text(from), *found;

	for (; (found = strstr(at, FIGURES_GROUP)) != NULL; at = found + strlen(FIGURES_GROUP)) {
		strbuf_append(out, at, (size_t)(found - at));
		strbuf_putc(out, ' ');
	}
	strbuf_puts(out, at);
}

/* A line that begins with "::" is a command to GitHub's runner; a name may begin so. */
static void defuse_commands(struct strbuf *out, const char *text)
{
	for (const char *line = text; *line != '\0';) {
		size_t blanks = strspn(line, " "), length = strcspn(line, "\n");

		strbuf_append(out, line, blanks);
		if (text_starts_with(line + blanks, "::"))
			strbuf_putc(out, '\\');
		strbuf_append(out, line + blanks, length - blanks);
		line += length;
		if (*line == '\n')
			strbuf_putc(out, *line++);
	}
}

void report_console(const struct run *run, const char *dir, bool colour, int columns,
		    struct strbuf *out)
{
	AUTO(strbuf) struct strbuf text = {0}, baseline = {0}, comparison = {0}, wide = {0};
	struct terminal terminal = {&text, colour, COLUMNS_MIN};

	if (columns > COLUMNS_MIN)
		terminal.columns = (size_t)(columns < COLUMNS_MAX ? columns : COLUMNS_MAX);
	print_verdict(&terminal, run);
	print_gates(&terminal, run);
	console_comparisons(&terminal, run);
	print_endpoints(&terminal, run);
	strbuf_putc(&text, '\n');
	print_notices(&terminal, run);
	print_health(&terminal, run);
	summary_comparison(&comparison, run);
	if (comparison.length > 0)
		terminal_labelled(&terminal, "compared", CONSOLE_DIM, strbuf_text(&comparison));
	summary_baseline(&baseline, run);
	if (run->verdict.outcome != OUTCOME_SKIPPED)
		terminal_labelled(&terminal, "baseline", CONSOLE_DIM, strbuf_text(&baseline));
	print_artifacts(&terminal, run, dir);
	print_next(&terminal, run);
	widen_spaces(&wide, &text);
	defuse_commands(out, strbuf_text(&wide));
}
