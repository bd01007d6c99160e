#include "perfgate/report/svg.h"

#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/svg_draw.h"

#include <math.h>

#define MARGIN_LEFT 46.0
#define MARGIN_RIGHT 100.0
#define MARGIN_TOP 22.0
#define MARGIN_BOTTOM 28.0
#define LABEL_GAP 16.0
#define PIXELS_PER_POINT 2.0
#define LINES 3
#define LABELS_MAX 8

static const struct line {
	const char *name, *css_class;
	enum metric metric;
} lines[LINES] = {
	{"p50", "line-p50", METRIC_P50},
	{"p95", "line-p95", METRIC_P95},
	{"p99", "line-p99", METRIC_P99},
};

struct point {
	double t_s, ms[LINES];
};

struct label {
	double y;
	const char *css_class;
	char text[64];
};

struct chart {
	struct strbuf *out;
	double left, right, top, bottom; /* of the plot */
	double t_max, y_max, y_step;
	struct point *points;
	size_t n_points, seconds_per_point;
	struct label labels[LABELS_MAX];
	size_t n_labels;
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
static void collect_points(struct chart *chart, const struct scenario_result *scenario)
{
	size_t most = (size_t)((chart->right - chart->left) / PIXELS_PER_POINT);
	size_t per = (scenario->n_series + most - 1) / most;

	chart->seconds_per_point = per > 0 ? per : 1;
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
		chart->t_max = fmax(chart->t_max, interval->t_s + 1);
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

/* 1, 2 or 5 times a power of ten: at most `most` steps up to `range`. */
static double nice_step(double range, double most)
{
	double power = pow(10, floor(log10(range / most)));

	for (int i = 0; i < 2; i++, power *= 10)
		for (size_t j = 0; j < 3; j++) {
			double step = power * (double[]){1, 2, 5}[j];

			if (range / step <= most)
				return step;
		}
	return power;
}

static bool is_limit(const struct cell *cell, const struct scenario_result *scenario)
{
	return !cell->regression && isfinite(cell->limit) && cell->limit > 0 &&
	       metric_table[cell->metric].quantile > 0 && text_equal(cell->endpoint, "total") &&
	       text_equal(cell->scenario, scenario->name);
}

static bool on_chart(double limit, double most)
{
	return limit <= 3 * most;
}

static void choose_scale(struct chart *chart, const struct run *run,
			 const struct scenario_result *scenario, double most)
{
	double top = most;

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];

		if (is_limit(cell, scenario) && on_chart(cell->limit, most))
			top = fmax(top, cell->limit);
	}
	top = fmax(top * 1.04, 1e-3);
	chart->y_step = nice_step(top, chart->bottom - chart->top > 180 ? 5 : 4);
	chart->y_max = ceil(top / chart->y_step) * chart->y_step;
}

static double x_of(const struct chart *chart, double t_s)
{
	return chart->left + (chart->right - chart->left) * t_s / chart->t_max;
}

static double y_of(const struct chart *chart, double ms)
{
	return chart->bottom - (chart->bottom - chart->top) * ms / chart->y_max;
}

static void draw_y_axis(struct chart *chart)
{
	int decimals = chart->y_step >= 1 ? 0 : (int)ceil(-log10(chart->y_step));

	for (int i = 0; i * chart->y_step <= chart->y_max * 1.0001; i++) {
		AUTO(strbuf) struct strbuf text = {0};
		double y = y_of(chart, i * chart->y_step);

		figures_number(&text, i * chart->y_step, i == 0 ? 0 : decimals);
		svg_line(chart->out, i == 0 ? "axis" : "grid", chart->left, y, chart->right, y);
		svg_text(chart->out, "tick", "end", chart->left - 8, y + 4, strbuf_text(&text));
	}
	svg_text(chart->out, "tick", "end", chart->left - 8, chart->top - 10, "ms");
}

static void draw_x_axis(struct chart *chart)
{
	static const double steps_s[] = {1,   2,   5,	10,   15,   30,	  60,	120,
					 300, 600, 900, 1800, 3600, 7200, 21600};
	double most = (chart->right - chart->left) / 80, step_s = 86400;
	bool minutes = chart->t_max > 180;

	for (size_t i = ARRAY_SIZE(steps_s); i-- > 0;)
		if (chart->t_max / steps_s[i] <= most)
			step_s = steps_s[i];
	if (minutes && step_s < 60)
		step_s = 60;
	for (int i = 0; i * step_s <= chart->t_max; i++) {
		AUTO(strbuf) struct strbuf text = {0};
		double x = x_of(chart, i * step_s);

		figures_number(&text, i * step_s / (minutes ? 60 : 1), 0);
		strbuf_puts(&text, minutes ? " min" : " s");
		svg_line(chart->out, "axis", x, chart->bottom, x, chart->bottom + 4);
		svg_text(chart->out, "tick", "middle", x, chart->bottom + 18, strbuf_text(&text));
	}
}

static void draw_warmup(struct chart *chart, const struct scenario_result *scenario)
{
	double end_s = 0;

	for (size_t i = 0; i < scenario->n_series; i++)
		if (scenario->series[i].warmup)
			end_s = scenario->series[i].t_s + 1;
	if (end_s <= 0)
		return;
	strbuf_puts(chart->out, "<rect class=\"warmup\"");
	svg_attribute(chart->out, "x", chart->left);
	svg_attribute(chart->out, "y", chart->top);
	svg_attribute(chart->out, "width", x_of(chart, end_s) - chart->left);
	svg_attribute(chart->out, "height", chart->bottom - chart->top);
	strbuf_puts(chart->out, "/>\n");
	svg_text(chart->out, "tick", "start", chart->left + 4, chart->top - 10, "warm-up");
}

static void draw_percentile(struct chart *chart, size_t line)
{
	bool pen_down = false;

	strbuf_printf(chart->out,
		      "<path class=\"%s\" fill=\"none\" stroke-width=\"2\" "
		      "stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
		      lines[line].css_class);
	for (size_t i = 0; i < chart->n_points; i++) {
		double ms = chart->points[i].ms[line];
		double t_s = chart->points[i].t_s + (double)chart->seconds_per_point / 2;

		if (isfinite(ms)) {
			strbuf_putc(chart->out, pen_down ? 'L' : 'M');
			figures_plain(chart->out, x_of(chart, fmin(t_s, chart->t_max)), 1);
			strbuf_putc(chart->out, ' ');
			figures_plain(chart->out, y_of(chart, ms), 1);
			/* A second alone is a dot: a line of no length with a round end. */
			strbuf_puts(chart->out, pen_down ? "" : "h0");
		}
		pen_down = isfinite(ms);
	}
	strbuf_puts(chart->out, "\"/>\n");
}

static void add_label(struct chart *chart, double y, const char *css_class, const char *name,
		      double ms)
{
	struct label *label = &chart->labels[chart->n_labels];
	AUTO(strbuf) struct strbuf text = {0};

	if (chart->n_labels == LABELS_MAX)
		return;
	figures_short(&text, ms); /* the axis says ms */
	label->y = y;
	label->css_class = css_class;
	snprintf(label->text, sizeof label->text, "%s %s", name, strbuf_text(&text));
	chart->n_labels++;
}

static void label_percentile(struct chart *chart, size_t line)
{
	for (size_t i = chart->n_points; i-- > 0;) {
		double ms = chart->points[i].ms[line];

		if (isfinite(ms)) {
			add_label(chart, y_of(chart, ms), lines[line].css_class, lines[line].name,
				  ms);
			return;
		}
	}
}

static void draw_limits(struct chart *chart, const struct run *run,
			const struct scenario_result *scenario, double most)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];
		AUTO(strbuf) struct strbuf text = {0};
		char name[16];
		double y;

		if (!is_limit(cell, scenario))
			continue;
		if (on_chart(cell->limit, most)) {
			y = y_of(chart, cell->limit);
			svg_line(chart->out, "limit", chart->left, y, chart->right, y);
			snprintf(name, sizeof name, "%s ≤", metric_table[cell->metric].name);
			add_label(chart, y, "limit", name, cell->limit);
			continue;
		}
		strbuf_printf(&text, "%s limit ", metric_table[cell->metric].name);
		figures_metric(&text, METRIC_P95, cell->limit);
		strbuf_puts(&text, " is far above");
		svg_text(chart->out, "tick", "end", chart->right, chart->top - 10,
			 strbuf_text(&text));
	}
}

/* Sorted by height, pushed apart downwards, then back up into the plot. */
static void place_labels(struct chart *chart)
{
	struct label *labels = chart->labels;
	double lowest = chart->bottom;

	for (size_t i = 1; i < chart->n_labels; i++)
		for (size_t j = i; j > 0 && labels[j].y < labels[j - 1].y; j--) {
			struct label swap = labels[j];

			labels[j] = labels[j - 1];
			labels[j - 1] = swap;
		}
	for (size_t i = 1; i < chart->n_labels; i++)
		labels[i].y = fmax(labels[i].y, labels[i - 1].y + LABEL_GAP);
	for (size_t i = chart->n_labels; i-- > 0; lowest -= LABEL_GAP)
		labels[i].y = fmin(labels[i].y, lowest);
}

static void draw_labels(struct chart *chart)
{
	char css_class[64];

	place_labels(chart);
	for (size_t i = 0; i < chart->n_labels; i++) {
		snprintf(css_class, sizeof css_class, "label %s", chart->labels[i].css_class);
		svg_text(chart->out, css_class, "start", chart->right + 8, chart->labels[i].y + 4,
			 chart->labels[i].text);
	}
}

static void open_svg(struct chart *chart, const struct scenario_result *scenario,
		     const struct svg_size *size)
{
	AUTO(strbuf) struct strbuf label = {0};

	figures_visible(&label, scenario->name, FIGURES_NAME_MAX);
	strbuf_puts(&label, ": latency percentiles over time; the figures are in the table below");
	svg_open(chart->out, size, strbuf_text(&label));
}

size_t svg_latency(struct strbuf *out, const struct run *run,
		   const struct scenario_result *scenario, const struct svg_size *size)
{
	struct chart chart = {
		.out = out,
		.left = MARGIN_LEFT,
		.right = size->width - MARGIN_RIGHT,
		.top = MARGIN_TOP,
		.bottom = size->height - MARGIN_BOTTOM,
	};
	double most;

	collect_points(&chart, scenario);
	most = highest(&chart);
	if (!isfinite(most)) {
		free(chart.points);
		return 0;
	}
	choose_scale(&chart, run, scenario, most);
	open_svg(&chart, scenario, size);
	draw_warmup(&chart, scenario);
	draw_y_axis(&chart);
	draw_x_axis(&chart);
	draw_limits(&chart, run, scenario, most);
	for (size_t line = 0; line < LINES; line++)
		draw_percentile(&chart, line);
	/* The highest first: labels at the same height keep this order. */
	for (size_t line = LINES; line-- > 0;)
		label_percentile(&chart, line);
	draw_labels(&chart);
	svg_close(out);
	free(chart.points);
	return chart.seconds_per_point;
}
