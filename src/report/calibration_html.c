#include "perfgate/report/calibration_view.h"

#include "perfgate/report/svg_draw.h"
#include "perfgate/report/view.h"
#include "perfgate/template/template.h"

#include <math.h>

#define TEMPLATE "report/calibration.html"
static const struct svg_size wide_size = {"chart chart-wide", 960, 380};
static const struct svg_size narrow_size = {"chart chart-narrow", 360, 320};

#define LEFT 52.0
#define RIGHT 20.0
#define TOP 14.0
#define BOTTOM 44.0
#define LABEL_GAP 17.0

/* ---- the plot ---- */

struct plot {
	struct strbuf *out;
	double left, right, top, bottom;
};

static double across(const struct plot *plot, double share)
{
	return plot->left + share * (plot->right - plot->left);
}

static double up(const struct plot *plot, double share)
{
	return plot->bottom - share * (plot->bottom - plot->top);
}

static void axes(const struct plot *plot)
{
	for (int i = 0; i <= 4; i++) {
		double x = across(plot, i / 4.0), y = up(plot, i / 4.0);
		char percent[16];

		svg_line(plot->out, "grid", plot->left, y, plot->right, y);
		svg_line(plot->out, "grid", x, plot->top, x, plot->bottom);
		snprintf(percent, sizeof percent, "%d %%", 25 * i);
		svg_text(plot->out, "tick", "end", plot->left - 6, y + 4, percent);
		svg_text(plot->out, "tick", "middle", x, plot->bottom + 17, percent);
	}
	svg_text(plot->out, "tick", "middle", (plot->left + plot->right) / 2, plot->bottom + 36,
		 "unchanged commits that fail");
}

struct mark {
	const char *name, *css_class;
	struct share alarms, found;
	double label_y;
};

static bool is_free(const struct plot *plot, const struct mark *marks, size_t i, double y)
{
	if (y < plot->top + LABEL_GAP / 2 || y > plot->bottom - 4)
		return false;
	for (size_t j = 0; j < i; j++)
		if (fabs(y - marks[j].label_y) < LABEL_GAP &&
		    fabs(marks[i].alarms.share - marks[j].alarms.share) < .35)
			return false;
	return true;
}

/* A name stands on its interval; one that would meet another goes the shortest way up or down. */
static void spread_labels(const struct plot *plot, struct mark *marks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double own = up(plot, marks[i].found.share) - 5;

		marks[i].label_y = own;
		for (size_t step = 1; step <= 2 * n && !is_free(plot, marks, i, marks[i].label_y);
		     step++)
			marks[i].label_y = own + (step % 2 ? -LABEL_GAP : LABEL_GAP) *
							 (double)((step + 1) / 2);
	}
}

static void draw_mark(const struct plot *plot, const struct mark *mark)
{
	double x = across(plot, mark->alarms.share), y = up(plot, mark->found.share);
	bool left = mark->alarms.share > .6;

	svg_line(plot->out, mark->css_class, across(plot, mark->alarms.low), y,
		 across(plot, mark->alarms.high), y);
	svg_line(plot->out, mark->css_class, x, up(plot, mark->found.low), x,
		 up(plot, mark->found.high));
	svg_circle(plot->out, mark->css_class, x, y, 5);
	svg_text(plot->out, mark->css_class, left ? "end" : "start", left ? x - 10 : x + 10,
		 mark->label_y, mark->name);
}

void calibration_svg(const struct calibration_report *report, const struct svg_size *size,
		     struct strbuf *out)
{
	struct plot plot = {out, LEFT, size->width - RIGHT, TOP, size->height - BOTTOM};
	struct mark marks[RULE_COUNT + 1];

	for (int rule = -1; rule < RULE_COUNT; rule++)
		marks[rule + 1] = (struct mark){
			.name = rule < 0 ? "perfgate" : rule_table[rule].name,
			.css_class = rule < 0 ? "mark-own" : "mark-other",
			.alarms = calibration_alarms(report, rule),
			.found = calibration_pooled(report, .1, rule),
		};
	svg_open(out, size, "False alarms against detection, by rule; the figures are below");
	axes(&plot);
	spread_labels(&plot, marks, ARRAY_SIZE(marks));
	for (size_t i = ARRAY_SIZE(marks); i-- > 0;)
		if (!isnan(marks[i].alarms.share) && !isnan(marks[i].found.share))
			draw_mark(&plot, &marks[i]);
	svg_close(out);
}

/* ---- the page ---- */

static json_t *percent(double share, int digits)
{
	AUTO_FREE char *text =
		isnan(share) ? xstrdup("–") : xasprintf("%.*f %%", digits, 100 * share);

	return extjson_string(text);
}

static json_t *interval(struct share share)
{
	AUTO_FREE char *text =
		isnan(share.low) ? xstrdup("")
				 : xasprintf("%.0f–%.0f %%", 100 * share.low, 100 * share.high);

	return extjson_string(text);
}

/* NaN: no run came to a verdict. */
static json_t *seconds(double value)
{
	AUTO_FREE char *text = isnan(value) ? xstrdup("–") : xasprintf("%.0f s", value);

	return extjson_string(text);
}

static json_t *detection_rows(const struct calibration_report *report)
{
	json_t *rows = extjson_array();

	for (size_t i = 0; i < report->n_detections; i++) {
		const struct calibration_detection *row = &report->detections[i];
		struct share found = calibration_share(row->counts.fail, row->counts.runs);
		AUTO_FREE char *count = xasprintf("%zu of %zu", found.hits, found.runs);
		json_t *item = extjson_object();

		extjson_set(item, "what", extjson_string(row->what));
		extjson_set(item, "found", extjson_string(count));
		extjson_set(item, "interval", interval(found));
		extjson_set(item, "passed", extjson_integer((int64_t)row->counts.pass));
		extjson_set(item, "load", seconds(row->load_s));
		extjson_append(rows, item);
	}
	return rows;
}

static json_t *rule_rows(const struct calibration_report *report)
{
	json_t *rows = extjson_array();

	for (int rule = -1; rule < RULE_COUNT; rule++) {
		json_t *item = extjson_object();

		extjson_set(item, "name",
			    extjson_string(rule < 0 ? "perfgate" : rule_table[rule].name));
		extjson_set(item, "source",
			    extjson_string(rule < 0 ? "this verdict: see above"
						    : rule_table[rule].source));
		extjson_set(item, "alarms", percent(calibration_alarms(report, rule).share, 0));
		extjson_set(item, "alarms_interval", interval(calibration_alarms(report, rule)));
		extjson_set(item, "ten", percent(calibration_pooled(report, .1, rule).share, 0));
		extjson_set(item, "twenty", percent(calibration_pooled(report, .2, rule).share, 0));
		extjson_append(rows, item);
	}
	return rows;
}

static json_t *bias_rows(const struct calibration_report *report)
{
	json_t *rows = extjson_array();

	for (size_t i = 0; i < report->n_biases; i++) {
		const struct calibration_bias *bias = &report->biases[i];
		AUTO_FREE char *change = xasprintf("%+.2f %%", 100 * bias->change);
		AUTO_FREE char *range =
			xasprintf("%+.2f to %+.2f %%", 100 * bias->low, 100 * bias->high);
		json_t *item = extjson_object();

		extjson_set(item, "cell", extjson_string(bias->endpoint));
		extjson_set(item, "metric", extjson_string(metric_table[bias->metric].name));
		extjson_set(item, "change", extjson_string(change));
		extjson_set(item, "range", extjson_string(range));
		extjson_append(rows, item);
	}
	return rows;
}

static json_t *view_of(const struct calibration_report *report)
{
	const struct calibration_counts *counts = &report->unchanged;
	struct strbuf wide = {0}, narrow = {0};
	AUTO_FREE char *recorded =
		xasprintf("%zu blocks in %.0f min, %zu spoiled by the machine", report->blocks,
			  report->recorded_s / 60, report->spoiled);
	json_t *view = extjson_object();

	extjson_set(view, "target", extjson_string(report->target));
	extjson_set(view, "machine", extjson_string(report->machine));
	extjson_set(view, "commit", report->commit ? extjson_string(report->commit) : NULL);
	extjson_set(view, "date", extjson_string(report->date));
	extjson_set(view, "recorded", extjson_string(recorded));
	extjson_set(view, "any", json_boolean(counts->runs > 0));
	extjson_set(view, "runs", extjson_integer((int64_t)counts->runs));
	extjson_set(view, "pass", extjson_integer((int64_t)counts->pass));
	extjson_set(view, "fail", extjson_integer((int64_t)counts->fail));
	extjson_set(view, "inconclusive", extjson_integer((int64_t)counts->inconclusive));
	extjson_set(view, "load", seconds(report->unchanged_load_s));
	extjson_set(view, "false_share", percent(report->false_share, 2));
	extjson_set(view, "false_limit", percent(report->false_limit, 2));
	extjson_set(view, "level", percent(report->level, 1));
	calibration_svg(report, &wide_size, &wide);
	calibration_svg(report, &narrow_size, &narrow);
	extjson_set(view, "plot_wide", view_text(&wide));
	extjson_set(view, "plot_narrow", view_text(&narrow));
	extjson_set(view, "detections", detection_rows(report));
	extjson_set(view, "rules", rule_rows(report));
	extjson_set(view, "has_biases", json_boolean(report->n_biases > 0));
	extjson_set(view, "biases", bias_rows(report));
	extjson_set(view, "live", json_boolean(report->live_runs > 0));
	extjson_set(view, "live_runs", extjson_integer((int64_t)report->live_runs));
	extjson_set(view, "live_found", extjson_integer((int64_t)report->live_found));
	extjson_set(view, "live_what",
		    report->live_what ? extjson_string(report->live_what) : NULL);
	return view;
}

int calibration_html(const struct calibration_report *report, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = view_of(report);

	return template_render(TEMPLATE, TEMPLATE_HTML, view, out, err);
}
