/*
 * Latency by percentile. Across: log10(1 / (1 - quantile)), so that each factor of ten in rarity
 * takes the same room (as HdrHistogram's plots do); up: log of the latency, so that
 * equal distances are equal ratios.
 */
#include "perfgate/report/figures.h"
#include "perfgate/report/svg_draw.h"
#include "perfgate/report/svg_plot.h"

#include <math.h>
#include <stdio.h>

#define NS_PER_MS_F 1e6
#define PIXELS_PER_POINT 4.0
/* Two ticks need so much room for their words. */
#define TICK_ROOM 38.0

struct chart {
	struct svg_plot plot; /* x in decades of rarity, y in log10(ms) */
	struct svg_labels labels;
};

static double decades_of(const struct histogram *latency)
{
	return log10((double)histogram_count(latency));
}

static double quantile_ms(const struct histogram *latency, double quantile)
{
	return (double)histogram_quantile_ns(latency, quantile) / NS_PER_MS_F;
}

/* The nearest of 1, 2, 5 times a power of ten below (or above) the value. */
static double round_out(double ms, bool up)
{
	static const double steps[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(ms))), found = up ? 10 * power : power;

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		double step = steps[i] * power;

		if (up && step >= ms * (1 - 1e-9))
			return step;
		if (!up && step <= ms * (1 + 1e-9))
			found = step;
	}
	return found;
}

static double next_tick(double ms)
{
	return round_out(ms * 1.5, true);
}

static void draw_y_axis(const struct chart *chart, double least_ms, double most_ms)
{
	const struct svg_plot *plot = &chart->plot;
	/* Beyond two decades only the tens have room. */
	bool tens = most_ms / least_ms > 150;

	for (double ms = least_ms; ms <= most_ms * 1.001; ms = next_tick(ms)) {
		AUTO(strbuf) struct strbuf text = {0};
		double y = svg_plot_y(plot, log10(ms));
		bool ten = fabs(log10(ms) - round(log10(ms))) < 1e-6;

		svg_line(plot->out, ms == least_ms ? "axis" : "grid", plot->left, y, plot->right,
			 y);
		if (tens && !ten)
			continue;
		figures_number(&text, ms, ms >= 1 ? 0 : (int)ceil(-log10(ms) - 1e-6));
		svg_text(plot->out, "tick", "end", plot->left - 8, y + 4, strbuf_text(&text));
	}
	svg_text(plot->out, "tick", "end", plot->left - 8, plot->top - 10, "ms");
}

/* "99.9%": two digits, then a nine per decade. */
static void percent_text(double quantile, char *out, size_t size)
{
	snprintf(out, size, "%.10g%%", 100 * quantile);
}

static void draw_x_axis(const struct chart *chart)
{
	static const double quantiles[] = {.9, .99, .999, .9999, .99999, .999999, 0, .5, .95};
	const struct svg_plot *plot = &chart->plot;
	double drawn[ARRAY_SIZE(quantiles)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		double decade = -log10(1 - quantiles[i]), x = svg_plot_x(plot, decade);
		char text[24];
		bool clear = decade <= plot->x_max + 1e-9;

		for (size_t j = 0; j < n; j++)
			clear = clear && fabs(drawn[j] - x) >= TICK_ROOM;
		if (!clear)
			continue;
		drawn[n++] = x;
		percent_text(quantiles[i], text, sizeof text);
		svg_line(plot->out, i < 6 ? "grid" : "axis", x, i < 6 ? plot->top : plot->bottom, x,
			 plot->bottom + 4);
		svg_text(plot->out, "tick", "middle", x, plot->bottom + 18, text);
	}
}

static void draw_line(struct chart *chart, const struct histogram *latency, const char *css_class,
		      const char *name)
{
	const struct svg_plot *plot = &chart->plot;
	double end = decades_of(latency), max_ms = (double)histogram_max_ns(latency) / NS_PER_MS_F;
	size_t steps = (size_t)((plot->right - plot->left) / PIXELS_PER_POINT);
	AUTO(strbuf) struct strbuf text = {0};
	struct svg_path path;

	svg_path_open(&path, plot->out, css_class);
	for (size_t i = 0; i <= steps; i++) {
		double decade = end * (double)i / (double)steps;
		double ms = i == steps ? max_ms : quantile_ms(latency, 1 - pow(10, -decade));

		svg_path_to(&path, svg_plot_x(plot, decade), svg_plot_y(plot, log10(ms)));
	}
	svg_path_close(&path);
	strbuf_printf(&text, "%s max ", name);
	figures_short(&text, max_ms);
	svg_labels_add(&chart->labels, plot, log10(max_ms), css_class, strbuf_text(&text));
}

/* The percentiles that gates are about. */
static void draw_marks(const struct chart *chart, const struct histogram *latency)
{
	static const double quantiles[] = {.5, .95, .99};
	const struct svg_plot *plot = &chart->plot;

	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		double decade = -log10(1 - quantiles[i]), ms = quantile_ms(latency, quantiles[i]);
		double x = svg_plot_x(plot, decade), y = svg_plot_y(plot, log10(ms));
		AUTO(strbuf) struct strbuf text = {0};

		if (decade > decades_of(latency))
			continue;
		figures_short(&text, ms);
		svg_circle(plot->out, "mark-own", x, y, 3.5);
		svg_text(plot->out, "label line-p95", "end", x - 4, y - 8, strbuf_text(&text));
	}
}

static double least_ms(const struct histogram *latency)
{
	return fmax((double)histogram_min_ns(latency) / NS_PER_MS_F, 1e-3);
}

static double most_ms(const struct histogram *latency)
{
	return fmax((double)histogram_max_ns(latency) / NS_PER_MS_F, 2e-3);
}

bool svg_distribution_shows(const struct histogram *latency)
{
	return latency != NULL && histogram_count(latency) >= 20 && histogram_min_ns(latency) > 0;
}

void svg_distribution(struct strbuf *out, const struct histogram *latency,
		      const struct histogram *base, const char *label, const struct svg_size *size)
{
	struct chart chart = {.plot = {.out = out,
				       .left = 46,
				       .right = size->width - 112,
				       .top = 22,
				       .bottom = size->height - 28,
				       .x_max = decades_of(latency)}};
	double least = least_ms(latency), most = most_ms(latency);

	if (base != NULL) {
		chart.plot.x_max = fmax(chart.plot.x_max, decades_of(base));
		least = fmin(least, least_ms(base));
		most = fmax(most, most_ms(base));
	}
	least = round_out(least, false);
	most = fmax(round_out(most, true), least * 2);
	chart.plot.y_min = log10(least);
	chart.plot.y_max = log10(most);
	svg_open(out, size, label);
	draw_y_axis(&chart, least, most);
	draw_x_axis(&chart);
	if (base != NULL)
		draw_line(&chart, base, "line-base", "base");
	draw_line(&chart, latency, "line-p95", "now");
	draw_marks(&chart, latency);
	svg_labels_draw(&chart.labels, &chart.plot);
	svg_close(out);
}
