/* Latency percentiles over time, with the limits of their gates and the baseline. */
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/svg_draw.h"
#include "perfgate/report/svg_plot.h"

#include <math.h>
#include <stdio.h>

#define LINES 3
#define LABEL_WIDTH 100.0
/* What lies further above the highest point is said instead of drawn. */
#define ON_CHART 3

static const struct line {
	const char *css_class, *base_class, *label_class;
	enum metric metric;
} lines[LINES] = {
	{"line-p50", "base line-p50", "line-p50 base", METRIC_P50},
	{"line-p95", "base line-p95", "line-p95 base", METRIC_P95},
	{"line-p99", "base line-p99", "line-p99 base", METRIC_P99},
};

struct point {
	double t_s, ms[LINES];
};

struct chart {
	struct svg_plot plot;
	struct svg_labels labels;
	const struct run *run;
	const struct scenario_result *scenario;
	double highest_ms;
	struct point *points;
	size_t n_points, seconds_per_point;
};

static double value_of(const struct interval *interval, size_t line)
{
	switch (lines[line].metric) {
	case METRIC_P50: return interval->p50_ms;
	case METRIC_P95: return interval->p95_ms;
	default: return interval->p99_ms;
	}
}

/* The worst of the seconds that share a point: a spike must not vanish by averaging. */
static void collect_points(struct chart *chart)
{
	const struct scenario_result *scenario = chart->scenario;

	chart->seconds_per_point = svg_seconds_per_point(&chart->plot, scenario->n_series);
	chart->points = xcalloc(scenario->n_series + 1, sizeof *chart->points);
	for (size_t i = 0; i < scenario->n_series; i++) {
		const struct interval *interval = &scenario->series[i];
		struct point *point = &chart->points[i / chart->seconds_per_point];

		if (i % chart->seconds_per_point == 0) {
			*point = (struct point){interval->t_s, {NAN, NAN, NAN}};
			chart->n_points++;
		}
		for (size_t line = 0; line < LINES; line++)
			point->ms[line] = fmax(point->ms[line], value_of(interval, line));
		chart->plot.x_max = fmax(chart->plot.x_max, interval->t_s + 1);
	}
}

static double highest(const struct chart *chart)
{
	double most = NAN;

	for (size_t i = 0; i < chart->n_points; i++)
		for (size_t line = 0; line < LINES; line++)
			if (isfinite(chart->points[i].ms[line]))
				most = fmax(most, chart->points[i].ms[line]);
	return most;
}

static bool is_limit(const struct cell *cell, const struct scenario_result *scenario)
{
	return !cell->regression && isfinite(cell->limit) && cell->limit > 0 &&
	       metric_table[cell->metric].quantile > 0 && text_equal(cell->endpoint, "total") &&
	       text_equal(cell->scenario, scenario->name);
}

static bool on_chart(const struct chart *chart, double ms)
{
	return ms <= ON_CHART * chart->highest_ms;
}

static double base_ms(const struct chart *chart, size_t line)
{
	return past_newest(&chart->run->past, chart->scenario->name, "total", lines[line].metric);
}

static void choose_scale(struct chart *chart)
{
	const struct verdict *verdict = &chart->run->verdict;
	double top = chart->highest_ms;

	for (size_t i = 0; i < verdict->n_cells; i++)
		if (is_limit(&verdict->cells[i], chart->scenario) &&
		    on_chart(chart, verdict->cells[i].limit))
			top = fmax(top, verdict->cells[i].limit);
	for (size_t line = 0; line < LINES; line++)
		if (on_chart(chart, base_ms(chart, line)))
			top = fmax(top, base_ms(chart, line));
	svg_plot_scale(&chart->plot, 0, fmax(top * 1.04, 1e-3),
		       chart->plot.bottom - chart->plot.top > 180 ? 5 : 4);
}

static void draw_warmup(const struct chart *chart)
{
	const struct svg_plot *plot = &chart->plot;
	double end_s = 0;

	for (size_t i = 0; i < chart->scenario->n_series; i++)
		if (chart->scenario->series[i].warmup)
			end_s = chart->scenario->series[i].t_s + 1;
	if (end_s <= 0)
		return;
	svg_rectangle(plot->out, "warmup", plot->left, plot->top,
		      svg_plot_x(plot, end_s) - plot->left, plot->bottom - plot->top);
	svg_text(plot->out, "tick", "start", plot->left + 4, plot->top - 10, "warm-up");
}

static void draw_percentile(const struct chart *chart, size_t line)
{
	struct svg_path path;

	svg_path_open(&path, chart->plot.out, lines[line].css_class);
	for (size_t i = 0; i < chart->n_points; i++) {
		double t_s = chart->points[i].t_s + (double)chart->seconds_per_point / 2;

		svg_path_to(&path, svg_plot_x(&chart->plot, fmin(t_s, chart->plot.x_max)),
			    svg_plot_y(&chart->plot, chart->points[i].ms[line]));
	}
	svg_path_close(&path);
}

/* "p95 38.4"; the axis says ms. */
static void add_label(struct chart *chart, const char *css_class, enum metric metric,
		      const char *what, double ms)
{
	AUTO(strbuf) struct strbuf text = {0};

	strbuf_printf(&text, "%s%s ", metric_table[metric].name, what);
	figures_short(&text, ms);
	svg_labels_add(&chart->labels, &chart->plot, ms, css_class, strbuf_text(&text));
}

static void label_percentile(struct chart *chart, size_t line)
{
	for (size_t i = chart->n_points; i-- > 0;) {
		double ms = chart->points[i].ms[line];

		if (isfinite(ms)) {
			add_label(chart, lines[line].css_class, lines[line].metric, "", ms);
			return;
		}
	}
}

static void draw_level(const struct chart *chart, const char *css_class, double ms)
{
	double y = svg_plot_y(&chart->plot, ms);

	svg_line(chart->plot.out, css_class, chart->plot.left, y, chart->plot.right, y);
}

static void draw_limit(struct chart *chart, const struct cell *cell)
{
	const struct svg_plot *plot = &chart->plot;
	AUTO(strbuf) struct strbuf text = {0};

	if (on_chart(chart, cell->limit)) {
		draw_level(chart, "limit", cell->limit);
		add_label(chart, "limit", cell->metric, " ≤", cell->limit);
		return;
	}
	strbuf_printf(&text, "%s limit ", metric_table[cell->metric].name);
	figures_metric(&text, METRIC_P95, cell->limit);
	strbuf_puts(&text, " is far above");
	/* Up to the edge: a narrow chart has "warm-up" on the left. */
	svg_text(plot->out, "tick", "end", plot->right + LABEL_WIDTH, plot->top - 10,
		 strbuf_text(&text));
}

static void draw_limits(struct chart *chart)
{
	const struct verdict *verdict = &chart->run->verdict;

	for (size_t i = 0; i < verdict->n_cells; i++)
		if (is_limit(&verdict->cells[i], chart->scenario))
			draw_limit(chart, &verdict->cells[i]);
}

static void draw_base(struct chart *chart, size_t line)
{
	double ms = base_ms(chart, line);

	if (!on_chart(chart, ms))
		return;
	draw_level(chart, lines[line].base_class, ms);
	add_label(chart, lines[line].label_class, lines[line].metric, " base", ms);
}

static void draw(struct chart *chart, const struct svg_size *size)
{
	AUTO(strbuf) struct strbuf label = {0};

	figures_visible(&label, chart->scenario->name, FIGURES_NAME_MAX);
	strbuf_puts(&label, ": latency percentiles over time; the figures are in the table below");
	svg_open(chart->plot.out, size, strbuf_text(&label));
	draw_warmup(chart);
	svg_plot_y_axis(&chart->plot, "ms");
	svg_plot_time_axis(&chart->plot, true);
	draw_limits(chart);
	for (size_t line = 0; line < LINES; line++)
		draw_base(chart, line);
	for (size_t line = 0; line < LINES; line++)
		draw_percentile(chart, line);
	/* The highest first: labels at the same height keep this order. */
	for (size_t line = LINES; line-- > 0;)
		label_percentile(chart, line);
	svg_labels_draw(&chart->labels, &chart->plot);
	svg_close(chart->plot.out);
}

size_t svg_latency(struct strbuf *out, const struct run *run,
		   const struct scenario_result *scenario, const struct svg_size *size)
{
	struct chart chart = {
		.plot = {.out = out,
			 .left = 46,
			 .right = size->width - LABEL_WIDTH - 8,
			 .top = 22,
			 .bottom = size->height - 28},
		.run = run,
		.scenario = scenario,
	};

	collect_points(&chart);
	chart.highest_ms = highest(&chart);
	if (isfinite(chart.highest_ms)) {
		choose_scale(&chart);
		draw(&chart, size);
	}
	free(chart.points);
	return isfinite(chart.highest_ms) ? chart.seconds_per_point : 0;
}
