#include "perfgate/report/render.h"

#include "perfgate/report/svg.h"
#include "perfgate/report/view.h"
#include "perfgate/template/template.h"

#include <math.h>

#define TEMPLATE "report/report.html"
#define STYLESHEET "report/report.css"

/* One per width: text in an SVG shrinks with it, so a narrow screen gets its own. */
static const struct svg_size wide_latency = {"chart chart-wide", 960, 300};
static const struct svg_size narrow_latency = {"chart chart-narrow", 360, 280};
static const struct svg_size wide_load = {"chart chart-wide", 464, 300};
static const struct svg_size narrow_load = {"chart chart-narrow", 360, 280};

static json_t *chart_of(struct strbuf *wide, struct strbuf *narrow)
{
	json_t *chart = extjson_object();

	extjson_set(chart, "wide", view_text(wide));
	extjson_set(chart, "narrow", view_text(narrow));
	return chart;
}

/* The member `latency`, null when there is nothing to draw. */
static void add_latency(json_t *view, const struct run *run, const struct scenario_result *scenario)
{
	struct strbuf wide = {0}, narrow = {0};
	size_t seconds = svg_latency(&wide, run, scenario, &wide_latency);
	json_t *chart;

	if (seconds == 0) {
		extjson_set(view, "latency", json_null());
		return;
	}
	svg_latency(&narrow, run, scenario, &narrow_latency);
	chart = chart_of(&wide, &narrow);
	extjson_set(chart, "seconds",
		    seconds > 1 ? extjson_integer((json_int_t)seconds) : json_null());
	extjson_set(chart, "has_base",
		    json_boolean(isfinite(
			    past_newest(&run->past, scenario->name, "total", METRIC_P95))));
	extjson_set(view, "latency", chart);
}

/* The member `load`, null when nothing was sent. */
static void add_load(json_t *view, const struct scenario_result *scenario)
{
	struct strbuf wide = {0}, narrow = {0};

	if (!svg_load(&wide, scenario, &wide_load)) {
		extjson_set(view, "load", json_null());
		return;
	}
	svg_load(&narrow, scenario, &narrow_load);
	extjson_set(view, "load", chart_of(&wide, &narrow));
}

int html_render(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = view_run(run);
	json_t *scenarios = extjson_array();

	for (size_t i = 0; i < run->n_scenarios; i++) {
		json_t *scenario = view_scenario(run, &run->scenarios[i]);

		add_latency(scenario, run, &run->scenarios[i]);
		add_load(scenario, &run->scenarios[i]);
		extjson_set(scenario, "id", extjson_integer((json_int_t)i + 1));
		extjson_append(scenarios, scenario);
	}
	view_environment(view, run);
	/* Smoke and its capacity phase are found without a table of contents. */
	extjson_set(view, "has_contents", json_boolean(run->n_scenarios > 2));
	extjson_set(view, "scenarios", scenarios);
	return template_render(TEMPLATE, TEMPLATE_HTML, view, out, err);
}

int html_render_css(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *nothing = extjson_object();

	(void)run;
	return template_render(STYLESHEET, TEMPLATE_NONE, nothing, out, err);
}
