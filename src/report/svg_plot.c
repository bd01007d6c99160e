#include "perfgate/report/svg_plot.h"

#include "perfgate/report/figures.h"
#include "perfgate/report/svg_draw.h"

#include <math.h>
#include <stdio.h>

#define LABEL_GAP 15.0
#define PIXELS_PER_POINT 2.0
#define PIXELS_PER_TICK 80.0

double svg_plot_x(const struct svg_plot *plot, double x)
{
	return plot->left + (plot->right - plot->left) * x / plot->x_max;
}

double svg_plot_y(const struct svg_plot *plot, double y)
{
	return plot->bottom -
	       (plot->bottom - plot->top) * (y - plot->y_min) / (plot->y_max - plot->y_min);
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

void svg_plot_scale(struct svg_plot *plot, double least, double most, double steps)
{
	plot->y_step = nice_step(most - least, steps);
	plot->y_min = floor(least / plot->y_step) * plot->y_step;
	plot->y_max = ceil(most / plot->y_step) * plot->y_step;
}

void svg_plot_y_axis(const struct svg_plot *plot, const char *unit)
{
	int decimals = plot->y_step >= 1 ? 0 : (int)ceil(-log10(plot->y_step));

	for (int i = 0; plot->y_min + i * plot->y_step <= plot->y_max + plot->y_step / 1000; i++) {
		AUTO(strbuf) struct strbuf text = {0};
		double value = plot->y_min + i * plot->y_step, y = svg_plot_y(plot, value);

		figures_number(&text, value, i == 0 && plot->y_min == 0 ? 0 : decimals);
		svg_line(plot->out, i == 0 ? "axis" : "grid", plot->left, y, plot->right, y);
		svg_text(plot->out, "tick", "end", plot->left - 8, y + 4, strbuf_text(&text));
	}
	if (unit != NULL)
		svg_text(plot->out, "tick", "end", plot->left - 8, plot->top - 10, unit);
}

static double time_step_s(const struct svg_plot *plot, bool minutes)
{
	static const double steps_s[] = {1,   2,   5,	10,   15,   30,	  60,	120,
					 300, 600, 900, 1800, 3600, 7200, 21600};
	double most = (plot->right - plot->left) / PIXELS_PER_TICK, step_s = 86400;

	for (size_t i = ARRAY_SIZE(steps_s); i-- > 0;)
		if (plot->x_max / steps_s[i] <= most)
			step_s = steps_s[i];
	return minutes ? fmax(step_s, 60) : step_s;
}

void svg_plot_time_axis(const struct svg_plot *plot, bool words)
{
	bool minutes = plot->x_max > 180;
	double step_s = time_step_s(plot, minutes);

	for (int i = 0; i * step_s <= plot->x_max; i++) {
		AUTO(strbuf) struct strbuf text = {0};
		double x = svg_plot_x(plot, i * step_s);

		svg_line(plot->out, "axis", x, plot->bottom, x, plot->bottom + 4);
		if (!words)
			continue;
		figures_number(&text, i * step_s / (minutes ? 60 : 1), 0);
		strbuf_puts(&text, minutes ? " min" : " s");
		svg_text(plot->out, "tick", "middle", x, plot->bottom + 18, strbuf_text(&text));
	}
}

size_t svg_seconds_per_point(const struct svg_plot *plot, size_t count)
{
	size_t most = (size_t)((plot->right - plot->left) / PIXELS_PER_POINT);
	size_t per = (count + most - 1) / most;

	return per > 0 ? per : 1;
}

/* ---- lines ---- */

void svg_path_open(struct svg_path *path, struct strbuf *out, const char *css_class)
{
	*path = (struct svg_path){.out = out};
	strbuf_printf(out,
		      "<path class=\"%s\" fill=\"none\" stroke-width=\"2\" "
		      "stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
		      css_class);
}

void svg_path_to(struct svg_path *path, double x, double y)
{
	if (isfinite(y)) {
		strbuf_putc(path->out, path->drawing ? 'L' : 'M');
		figures_plain(path->out, x, 1);
		strbuf_putc(path->out, ' ');
		figures_plain(path->out, y, 1);
		/* A point alone is a dot: a line of no length with a round end. */
		strbuf_puts(path->out, path->drawing ? "" : "h0");
	}
	path->drawing = isfinite(y);
}

void svg_path_close(struct svg_path *path)
{
	strbuf_puts(path->out, "\"/>\n");
}

/* ---- labels ---- */

void svg_labels_add(struct svg_labels *labels, const struct svg_plot *plot, double y,
		    const char *css_class, const char *text)
{
	struct svg_label *label = &labels->items[labels->count];

	if (labels->count == SVG_LABELS_MAX)
		return;
	label->y = svg_plot_y(plot, y);
	label->css_class = css_class;
	snprintf(label->text, sizeof label->text, "%s", text);
	labels->count++;
}

static void sort_labels(struct svg_labels *labels)
{
	struct svg_label *items = labels->items;

	for (size_t i = 1; i < labels->count; i++)
		for (size_t j = i; j > 0 && items[j].y < items[j - 1].y; j--) {
			struct svg_label swap = items[j];

			items[j] = items[j - 1];
			items[j - 1] = swap;
		}
}

/* Pushed apart downwards, then back up into the plot. */
static void place_labels(struct svg_labels *labels, double lowest)
{
	sort_labels(labels);
	for (size_t i = 1; i < labels->count; i++)
		labels->items[i].y = fmax(labels->items[i].y, labels->items[i - 1].y + LABEL_GAP);
	for (size_t i = labels->count; i-- > 0; lowest -= LABEL_GAP)
		labels->items[i].y = fmin(labels->items[i].y, lowest);
}

void svg_labels_draw(struct svg_labels *labels, const struct svg_plot *plot)
{
	char css_class[64];

	place_labels(labels, plot->bottom);
	for (size_t i = 0; i < labels->count; i++) {
		snprintf(css_class, sizeof css_class, "label %s", labels->items[i].css_class);
		svg_text(plot->out, css_class, "start", plot->right + 8, labels->items[i].y + 4,
			 labels->items[i].text);
	}
}
