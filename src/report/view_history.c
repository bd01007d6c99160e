/* The figures of a scenario in the baselines it was compared with, this run last. */
#include "perfgate/report/view.h"

#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/svg.h"

#include <math.h>

static const struct svg_size size = {"chart", 316, 150};

struct history {
	const struct run *run;
	const struct scenario_result *scenario;
	const struct past_values **columns; /* heap */
	size_t n_columns;
};

/* The cell that was judged by these baselines, or NULL. */
static const struct cell *judged(const struct run *run, const struct past_values *values)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];

		if (cell->regression && cell->regression->by == JUDGED_BY_HISTORY &&
		    cell->metric == values->metric &&
		    text_equal(cell->scenario, values->scenario) &&
		    text_equal(cell->endpoint, values->endpoint))
			return cell;
	}
	return NULL;
}

/* The worst value that is no alarm; NaN where it is not known as a change of the value itself. */
static double bound_of(const struct cell *cell)
{
	if (cell == NULL || cell->regression->bound == 0)
		return NAN;
	return cell->baseline * (1 + cell->regression->bound);
}

static const char *now_class(const struct cell *cell)
{
	if (cell == NULL || cell->outcome == OUTCOME_PASS)
		return "mark-own";
	if (cell->outcome == OUTCOME_FAIL)
		return cell->warn ? "mark-unsure" : "mark-bad";
	return cell->outcome == OUTCOME_INCONCLUSIVE ? "mark-unsure" : "mark-own";
}

static json_t *chart_of(const struct history *history, const struct past_values *values)
{
	const struct cell *cell = judged(history->run, values);
	AUTO(strbuf) struct strbuf label = {0};
	struct svg_history_look look = {.now_class = now_class(cell), .bound = bound_of(cell)};
	struct strbuf svg = {0};
	json_t *out = extjson_object();

	figures_visible(&label, history->scenario->name, FIGURES_NAME_MAX);
	strbuf_printf(&label, ": %s in the baselines and now; the figures are in the table below",
		      metric_table[values->metric].title);
	look.label = strbuf_text(&label);
	svg_history(&svg, &history->run->past, values, &look, &size);
	extjson_set(out, "title", extjson_string(metric_table[values->metric].title));
	extjson_set(out, "svg", view_text(&svg));
	return out;
}

static json_t *charts_of(const struct history *history)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < history->n_columns; i++)
		if (text_equal(history->columns[i]->endpoint, "total") &&
		    svg_history_shows(&history->run->past, history->columns[i]))
			extjson_append(out, chart_of(history, history->columns[i]));
	return out;
}

/* ---- the same as figures ---- */

static json_t *column_name(const struct past_values *values)
{
	struct strbuf text = {0};

	if (!text_equal(values->endpoint, "total")) {
		figures_visible(&text, values->endpoint, FIGURES_NAME_MAX);
		strbuf_putc(&text, ' ');
	}
	strbuf_puts(&text, metric_table[values->metric].title);
	return view_text(&text);
}

static json_t *columns_of(const struct history *history)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < history->n_columns; i++)
		extjson_append(out, column_name(history->columns[i]));
	return out;
}

static json_t *figure(enum metric metric, double value)
{
	return isfinite(value) ? view_metric(metric, value) : extjson_string("–");
}

/* `at` = number of baselines: this run. */
static json_t *row_of(const struct history *history, size_t at)
{
	const struct run_past *past = &history->run->past;
	json_t *out = extjson_object(), *values = extjson_array();
	bool now = at == past->n_runs;
	struct strbuf commit = {0}, when = {0};

	for (size_t i = 0; i < history->n_columns; i++)
		extjson_append(values, figure(history->columns[i]->metric,
					      now ? history->columns[i]->now
						  : history->columns[i]->values[at]));
	if (now) {
		strbuf_puts(&when, "this run");
	} else {
		AUTO_FREE char *day = xstrndup(past->runs[at].when ? past->runs[at].when : "", 10);

		figures_visible(&when, day, FIGURES_NAME_MAX);
		figures_commit(&commit, past->runs[at].commit ? past->runs[at].commit : "");
	}
	extjson_set(out, "now", json_boolean(now));
	extjson_set(out, "when", view_text(&when));
	extjson_set(out, "commit", view_text(&commit));
	extjson_set(out, "values", values);
	return out;
}

static void choose_columns(struct history *history)
{
	const struct run_past *past = &history->run->past;

	history->columns = xcalloc(past->n_values + METRIC_COUNT, sizeof *history->columns);
	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		const struct past_values *total =
			past_find(past, history->scenario->name, "total", (enum metric)metric);

		if (total != NULL)
			history->columns[history->n_columns++] = total;
	}
	for (size_t i = 0; i < past->n_values; i++)
		if (text_equal(past->values[i].scenario, history->scenario->name) &&
		    !text_equal(past->values[i].endpoint, "total"))
			history->columns[history->n_columns++] = &past->values[i];
}

static json_t *view_of(const struct history *history)
{
	const struct run_past *past = &history->run->past;
	json_t *out = extjson_object(), *rows = extjson_array();

	for (size_t i = past->n_runs + 1; i-- > 0;)
		extjson_append(rows, row_of(history, i));
	extjson_set(out, "count", extjson_integer((int64_t)past->n_runs));
	extjson_set(out, "one", json_boolean(past->n_runs == 1));
	extjson_set(out, "charts", charts_of(history));
	extjson_set(out, "columns", columns_of(history));
	extjson_set(out, "rows", rows);
	return out;
}

void view_history(json_t *view, const struct run *run, const struct scenario_result *scenario)
{
	struct history history = {.run = run, .scenario = scenario};

	choose_columns(&history);
	extjson_set(view, "history",
		    run->past.n_runs > 0 && history.n_columns > 0 ? view_of(&history)
								  : json_null());
	free(history.columns);
}
