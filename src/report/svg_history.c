/* A metric over the baselines, this run last: as a chart and as a spark. */
#include "perfgate/report/figures.h"
#include "perfgate/report/svg_draw.h"
#include "perfgate/report/svg_plot.h"

#include <math.h>

/* The scale covers at least this share of the level to either side: noise is to look small. */
#define LEAST_SPAN .15

static double value_at(const struct past_values *values, size_t n_past, size_t i)
{
	return i < n_past ? values->values[i] : values->now;
}

static double shown_factor(enum metric metric)
{
	return metric == METRIC_ERROR_RATE || metric == METRIC_CACHE_HIT_RATE ? 100 : 1;
}

static const char *axis_unit(enum metric metric)
{
	if (shown_factor(metric) != 1)
		return "%";
	return metric == METRIC_THROUGHPUT ? "/s" : "ms";
}

struct range {
	double least, most;
};

/* Of the values and the bound, NaN without any; in the unit of the axis. */
static struct range range_of(const struct past_values *values, size_t n_past, double bound)
{
	double factor = shown_factor(values->metric);
	struct range out = {bound * factor, bound * factor};

	for (size_t i = 0; i <= n_past; i++) {
		double value = value_at(values, n_past, i) * factor;

		out.least = fmin(out.least, value);
		out.most = fmax(out.most, value);
	}
	return out;
}

static void widen(struct range *range, enum metric metric)
{
	double middle = (range->least + range->most) / 2;

	range->least = fmin(range->least, middle * (1 - LEAST_SPAN));
	range->most = fmax(range->most, middle * (1 + LEAST_SPAN));
	if (shown_factor(metric) == 1)
		return;
	/* Rates: a percentage point at least, inside 0 to 100. */
	range->least = fmax(0, fmin(range->least, middle - .5));
	range->most = fmin(100, fmax(range->most, range->least + 1));
	range->least = fmin(range->least, range->most - 1);
}

static void draw_values(const struct svg_plot *plot, const struct past_values *values,
			size_t n_past, double radius)
{
	double factor = shown_factor(values->metric);
	struct svg_path path;

	svg_path_open(&path, plot->out, "line-p95");
	for (size_t i = 0; i <= n_past; i++) {
		double value = value_at(values, n_past, i) * factor;

		/* What was accepted as another level is no line with what follows. */
		if (i == values->since && i > 0)
			svg_path_to(&path, 0, NAN);
		svg_path_to(&path, svg_plot_x(plot, (double)i), svg_plot_y(plot, value));
	}
	svg_path_close(&path);
	for (size_t i = 0; radius > 0 && i < n_past; i++)
		if (isfinite(value_at(values, n_past, i)))
			svg_circle(plot->out, i < values->since ? "mark-other" : "mark-own",
				   svg_plot_x(plot, (double)i),
				   svg_plot_y(plot, value_at(values, n_past, i) * factor), radius);
}

static void draw_now(const struct svg_plot *plot, const struct past_values *values, size_t n_past,
		     const char *css_class, double radius)
{
	if (isfinite(values->now))
		svg_circle(plot->out, css_class, svg_plot_x(plot, (double)n_past),
			   svg_plot_y(plot, values->now * shown_factor(values->metric)), radius);
}

static void draw_bound(const struct svg_plot *plot, struct svg_labels *labels,
		       const struct past_values *values, double bound)
{
	double shown = bound * shown_factor(values->metric), y = svg_plot_y(plot, shown);

	if (!isfinite(bound))
		return;
	svg_line(plot->out, "limit", plot->left, y, plot->right, y);
	svg_labels_add(labels, plot, shown, "limit", "alarm");
}

/* The first and the last day: "2026-01-30". */
static void draw_days(const struct svg_plot *plot, const struct run_past *past)
{
	const char *first = past->runs[0].when;

	if (first != NULL) {
		AUTO_FREE char *day = xstrndup(first, 10);
		AUTO(strbuf) struct strbuf text = {0};

		figures_visible(&text, day, FIGURES_NAME_MAX);
		svg_text(plot->out, "tick", "start", plot->left, plot->bottom + 18,
			 strbuf_text(&text));
	}
	svg_text(plot->out, "tick", "end", plot->right, plot->bottom + 18, "now");
}

bool svg_history_shows(const struct run_past *past, const struct past_values *values)
{
	struct range range = range_of(values, past->n_runs, NAN);

	return past->n_runs > 0 && isfinite(range.least);
}

void svg_history(struct strbuf *out, const struct run_past *past, const struct past_values *values,
		 const struct svg_history_look *look, const struct svg_size *size)
{
	struct svg_plot plot = {.out = out,
				.left = 46,
				.right = size->width - 58,
				.top = 22,
				.bottom = size->height - 26,
				.x_max = (double)past->n_runs};
	struct range range = range_of(values, past->n_runs, look->bound);
	AUTO(strbuf) struct strbuf text = {0};
	struct svg_labels labels = {0};

	widen(&range, values->metric);
	svg_plot_scale(&plot, range.least, fmax(range.most, range.least + 1e-3), 4);
	svg_open(out, size, look->label);
	svg_plot_y_axis(&plot, axis_unit(values->metric));
	draw_days(&plot, past);
	if (isfinite(values->now)) {
		figures_short(&text, values->now * shown_factor(values->metric));
		svg_labels_add(&labels, &plot, values->now * shown_factor(values->metric),
			       look->now_class, strbuf_text(&text));
	}
	draw_bound(&plot, &labels, values, look->bound);
	draw_values(&plot, values, past->n_runs, 2);
	draw_now(&plot, values, past->n_runs, look->now_class, 5);
	svg_labels_draw(&labels, &plot);
	svg_close(out);
}

void svg_spark(struct strbuf *out, const struct run_past *past, const struct past_values *values,
	       const char *label)
{
	static const struct svg_size size = {"spark", 96, 22};
	struct svg_plot plot = {.out = out,
				.left = 4,
				.right = size.width - 5,
				.top = 4,
				.bottom = size.height - 4,
				.x_max = (double)past->n_runs};
	struct range range = range_of(values, past->n_runs, NAN);

	widen(&range, values->metric);
	plot.y_min = range.least;
	plot.y_max = fmax(range.most, range.least + 1e-6);
	svg_open(out, &size, label);
	draw_values(&plot, values, past->n_runs, 0);
	draw_now(&plot, values, past->n_runs, "mark-own", 3);
	svg_close(out);
}
