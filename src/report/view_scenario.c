#include "perfgate/report/view.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"
#include "perfgate/report/svg.h"

#include <math.h>

#define SECONDS_ROWS 60

json_t *view_metric(enum metric metric, double value)
{
	struct strbuf text = {0};

	figures_metric(&text, metric, value);
	return view_text(&text);
}

json_t *view_short(double value)
{
	struct strbuf text = {0};

	figures_short(&text, value);
	return view_text(&text);
}

/* One decimal for all, so that a column of them lines up. */
static json_t *share_text(double share)
{
	struct strbuf text = {0};

	figures_number(&text, share * 100, 1);
	strbuf_puts(&text, isfinite(share) ? "%" : "");
	return view_text(&text);
}

json_t *view_count(uint64_t count)
{
	struct strbuf text = {0};

	figures_count(&text, count);
	return view_text(&text);
}

static double max_ms(const struct endpoint_result *endpoint)
{
	if (endpoint->latency == NULL || histogram_count(endpoint->latency) == 0)
		return NAN;
	return (double)histogram_max_ns(endpoint->latency) / 1e6;
}

/* -- key figures ---------------------------------------------------------------------------- */

static void add_figure(json_t *figures, const char *name, json_t *value, json_t *note)
{
	json_t *figure = extjson_object();

	extjson_set(figure, "name", extjson_string(name));
	extjson_set(figure, "value", value);
	extjson_set(figure, "note", note);
	extjson_append(figures, figure);
}

static json_t *errors_note(const struct endpoint_result *total)
{
	struct strbuf text = {0};

	figures_count(&text, endpoint_errors(total));
	strbuf_puts(&text, " of ");
	figures_count(&text, total->requests);
	return view_text(&text);
}

static json_t *planned_note(const struct scenario_result *scenario)
{
	struct strbuf text = {0};

	if (!isfinite(scenario->planned_rps))
		return extjson_string("no think time");
	figures_metric(&text, METRIC_THROUGHPUT, scenario->planned_rps);
	strbuf_puts(&text, " planned");
	return view_text(&text);
}

static json_t *base_note(const struct run *run, const struct scenario_result *scenario,
			 enum metric metric)
{
	double base = past_newest(&run->past, scenario->name, "total", metric);
	struct strbuf text = {0};

	if (!isfinite(base))
		return json_null();
	strbuf_puts(&text, "base ");
	figures_metric(&text, metric, base);
	return view_text(&text);
}

static json_t *view_figures(const struct run *run, const struct scenario_result *scenario)
{
	const struct endpoint_result *total = &scenario->total;
	json_t *figures = extjson_array();
	static const enum metric percentiles[] = {METRIC_P50, METRIC_P95, METRIC_P99};

	for (size_t i = 0; i < ARRAY_SIZE(percentiles); i++)
		add_figure(figures, metric_table[percentiles[i]].name,
			   view_metric(percentiles[i],
				       endpoint_metric(scenario, total, percentiles[i])),
			   base_note(run, scenario, percentiles[i]));
	add_figure(figures, scenario->generator.limited ? "throughput, at least" : "throughput",
		   view_metric(METRIC_THROUGHPUT,
			       endpoint_metric(scenario, total, METRIC_THROUGHPUT)),
		   planned_note(scenario));
	add_figure(figures, "errors",
		   view_metric(METRIC_ERROR_RATE,
			       endpoint_metric(scenario, total, METRIC_ERROR_RATE)),
		   errors_note(total));
	if (total->cache_hits + total->cache_misses > 0)
		add_figure(figures, "cache hits",
			   view_metric(METRIC_CACHE_HIT_RATE,
				       endpoint_metric(scenario, total, METRIC_CACHE_HIT_RATE)),
			   json_null());
	return figures;
}

/* -- endpoints ------------------------------------------------------------------------------ */

static const struct cell *compared_cell(const struct run *run,
					const struct scenario_result *scenario,
					const struct endpoint_result *endpoint)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];

		if (cell->metric == METRIC_P95 && isfinite(cell->baseline) &&
		    text_equal(cell->scenario, scenario->name) &&
		    text_equal(cell->endpoint, endpoint->name))
			return cell;
	}
	return NULL;
}

/* Of its cell, else of the change of its p95. */
static json_t *direction_text(const struct cell *cell, double change)
{
	int direction = cell != NULL ? figures_cell_direction(cell) : (change > 0) - (change < 0);

	return extjson_string(direction > 0 ? "worse" : direction < 0 ? "better" : "");
}

/* Its p95 in the baselines, as a line; null without any. */
static json_t *spark_of(const struct run *run, const struct scenario_result *scenario,
			const struct endpoint_result *endpoint)
{
	const struct past_values *values =
		past_find(&run->past, scenario->name, endpoint->name, METRIC_P95);
	AUTO(strbuf) struct strbuf label = {0};
	struct strbuf spark = {0};

	if (values == NULL || !svg_history_shows(&run->past, values))
		return json_null();
	strbuf_puts(&label, "p95 of ");
	figures_visible(&label, endpoint->name, FIGURES_NAME_MAX);
	strbuf_printf(&label, " in %zu baselines and now; the figures are in the history",
		      run->past.n_runs);
	svg_spark(&spark, &run->past, values, strbuf_text(&label));
	return view_text(&spark);
}

static json_t *view_endpoint(const struct run *run, const struct scenario_result *scenario,
			     const struct endpoint_result *endpoint, bool *compared)
{
	const struct cell *cell = compared_cell(run, scenario, endpoint);
	double share = scenario->total.requests > 0
			       ? (double)endpoint->requests / (double)scenario->total.requests
			       : NAN;
	double past_change =
		endpoint_metric(scenario, endpoint, METRIC_P95) /
			past_newest(&run->past, scenario->name, endpoint->name, METRIC_P95) -
		1;
	struct strbuf change = {0};
	json_t *view = extjson_object();

	if (cell != NULL)
		figures_cell_change(&change, cell);
	else if (isfinite(past_change))
		figures_change(&change, METRIC_P95, past_change);
	*compared = *compared || change.length > 0;
	extjson_set(view, "name", view_name(endpoint->name));
	extjson_set(view, "total", json_boolean(endpoint == &scenario->total));
	extjson_set(view, "requests", view_count(endpoint->requests));
	extjson_set(view, "errors", view_count(endpoint_errors(endpoint)));
	extjson_set(view, "has_errors", json_boolean(endpoint_errors(endpoint) > 0));
	extjson_set(view, "p50", view_short(endpoint_metric(scenario, endpoint, METRIC_P50)));
	extjson_set(view, "p95", view_short(endpoint_metric(scenario, endpoint, METRIC_P95)));
	extjson_set(view, "p99", view_short(endpoint_metric(scenario, endpoint, METRIC_P99)));
	extjson_set(view, "max", view_short(max_ms(endpoint)));
	extjson_set(view, "share", share_text(share));
	extjson_set(view, "change", view_text(&change));
	extjson_set(view, "direction", direction_text(cell, past_change));
	extjson_set(view, "spark", spark_of(run, scenario, endpoint));
	return view;
}

static void view_endpoints(json_t *view, const struct run *run,
			   const struct scenario_result *scenario)
{
	json_t *rows = extjson_array();
	bool compared = false;

	for (size_t i = 0; i < scenario->n_endpoints; i++)
		extjson_append(rows,
			       view_endpoint(run, scenario, &scenario->endpoints[i], &compared));
	extjson_append(rows, view_endpoint(run, scenario, &scenario->total, &compared));
	extjson_set(view, "endpoints", rows);
	extjson_set(view, "compared", json_boolean(compared));
	extjson_set(view, "has_past",
		    json_boolean(past_find(&run->past, scenario->name, "total", METRIC_P95) !=
				 NULL));
}

/* -- failures ------------------------------------------------------------------------------- */

/* "12 http_error, 3 timeout" */
static json_t *classes_text(const struct endpoint_result *endpoint)
{
	struct strbuf text = {0};

	for (size_t i = 0; i < CLASS_COUNT; i++) {
		if (i == CLASS_OK || i == CLASS_CANCELLED || endpoint->classes[i] == 0)
			continue;
		strbuf_puts(&text, text.length > 0 ? ", " : "");
		figures_count(&text, endpoint->classes[i]);
		strbuf_printf(&text, " %s", request_class_names[i]);
	}
	return view_text(&text);
}

static void view_failures(json_t *view, const struct scenario_result *scenario)
{
	json_t *failures = extjson_array();

	for (size_t i = 0; i < scenario->n_endpoints; i++) {
		const struct endpoint_result *endpoint = &scenario->endpoints[i];
		struct strbuf message = {0};
		json_t *failure;

		if (endpoint_errors(endpoint) == 0)
			continue;
		failure = extjson_object();
		figures_visible(&message, endpoint->first_failure, 2000);
		extjson_set(failure, "name", view_name(endpoint->name));
		extjson_set(failure, "classes", classes_text(endpoint));
		extjson_set(failure, "message", view_text(&message));
		extjson_append(failures, failure);
	}
	extjson_set(view, "has_failures", json_boolean(json_array_size(failures) > 0));
	extjson_set(view, "failures", failures);
}

/* -- seconds: what the chart shows, as figures ---------------------------------------------- */

static json_t *view_seconds_row(const struct interval *series, size_t count)
{
	json_t *view = extjson_object();
	double p50 = NAN, p95 = NAN, p99 = NAN;
	uint64_t requests = 0, errors = 0;
	uint32_t users = 0;

	for (size_t i = 0; i < count; i++) {
		p50 = fmax(p50, series[i].p50_ms);
		p95 = fmax(p95, series[i].p95_ms);
		p99 = fmax(p99, series[i].p99_ms);
		requests += series[i].requests;
		errors += series[i].errors;
		users = series[i].users > users ? series[i].users : users;
	}
	extjson_set(view, "second", view_count((uint64_t)fmax(series->t_s, 0)));
	extjson_set(view, "warmup", json_boolean(series->warmup));
	extjson_set(view, "users", view_count(users));
	extjson_set(view, "requests", view_count(requests));
	extjson_set(view, "errors", view_count(errors));
	extjson_set(view, "p50", view_short(p50));
	extjson_set(view, "p95", view_short(p95));
	extjson_set(view, "p99", view_short(p99));
	return view;
}

static void view_seconds(json_t *view, const struct scenario_result *scenario)
{
	size_t per = (scenario->n_series + SECONDS_ROWS - 1) / SECONDS_ROWS;
	json_t *rows = extjson_array();

	for (size_t i = 0; i < scenario->n_series; i += per) {
		size_t left = scenario->n_series - i;

		extjson_append(rows,
			       view_seconds_row(&scenario->series[i], left < per ? left : per));
	}
	extjson_set(view, "has_seconds", json_boolean(json_array_size(rows) > 0));
	extjson_set(view, "worst_of", per > 1 ? view_count(per) : json_null());
	extjson_set(view, "seconds", rows);
}

/* -- the scenario --------------------------------------------------------------------------- */

static json_t *plan_text(const struct scenario_result *scenario)
{
	struct strbuf text = {0};
	char duration[UNITS_TEXT_SIZE];

	strbuf_puts(&text, scenario->open ? "at most " : "");
	figures_count(&text, scenario->users);
	strbuf_puts(&text, scenario->users == 1 ? " user" : " users");
	strbuf_puts(&text, scenario->open || scenario->workers > 0 ? ", " : "");
	summary_load(&text, scenario);
	if (scenario->left_out != NULL) {
		strbuf_puts(&text, " (too few for ");
		figures_visible(&text, scenario->left_out, FIGURES_NAME_MAX);
		strbuf_putc(&text, ')');
	}
	if (isfinite(scenario->duration_s) && scenario->duration_s > 0) {
		units_format_duration((int64_t)(scenario->duration_s * 1e9), duration);
		strbuf_printf(&text, ", %s", duration);
	}
	if (isfinite(scenario->warmup_s) && scenario->warmup_s > 0) {
		units_format_duration((int64_t)(scenario->warmup_s * 1e9), duration);
		strbuf_printf(&text, ", the first %s not judged", duration);
	}
	if (scenario->follows != NULL) {
		strbuf_puts(&text, ", follows ");
		figures_visible(&text, scenario->follows, FIGURES_NAME_MAX);
	}
	strbuf_puts(&text, scenario->interrupted ? "; interrupted" : "");
	return view_text(&text);
}

json_t *view_scenario(const struct run *run, const struct scenario_result *scenario)
{
	json_t *view = extjson_object();

	extjson_set(view, "scenario", view_name(scenario->name));
	extjson_set(view, "purpose", view_name(scenario->purpose));
	extjson_set(view, "plan", plan_text(scenario));
	extjson_set(view, "figures", view_figures(run, scenario));
	view_endpoints(view, run, scenario);
	view_times(view, scenario);
	view_failures(view, scenario);
	view_health(view, scenario);
	view_seconds(view, scenario);
	view_distribution(view, run, scenario);
	view_history(view, run, scenario);
	return view;
}
