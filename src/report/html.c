#include "perfgate/report/render.h"

#include "perfgate/report/svg.h"
#include "perfgate/report/view.h"
#include "perfgate/template/template.h"

#define TEMPLATE "report/report.html"
#define STYLESHEET "report/report.css"

/* One per width: text in an SVG shrinks with it, so a narrow screen gets its own. */
static const struct svg_size wide = {"chart chart-wide", 960, 300};
static const struct svg_size narrow = {"chart chart-narrow", 360, 260};

static void add_charts(json_t *view, const struct run *run, const struct scenario_result *scenario)
{
	struct strbuf large = {0}, small = {0};
	size_t seconds = svg_latency(&large, run, scenario, &wide);

	svg_latency(&small, run, scenario, &narrow);
	extjson_set(view, "has_chart", json_boolean(seconds > 0));
	extjson_set(view, "chart_wide", view_text(&large));
	extjson_set(view, "chart_narrow", view_text(&small));
	extjson_set(view, "chart_seconds",
		    seconds > 1 ? extjson_integer((json_int_t)seconds) : json_null());
}

int html_render(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = view_run(run);
	json_t *scenarios = extjson_array();

	for (size_t i = 0; i < run->n_scenarios; i++) {
		json_t *scenario = view_scenario(run, &run->scenarios[i]);

		add_charts(scenario, run, &run->scenarios[i]);
		extjson_set(scenario, "id", extjson_integer((json_int_t)i + 1));
		extjson_append(scenarios, scenario);
	}
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
