/*
 * The frame that charts share: where the plot lies, its scales, axes with units, lines with
 * gaps, and labels at the ends of lines that keep clear of each other.
 */
#ifndef PERFGATE_REPORT_SVG_PLOT_H
#define PERFGATE_REPORT_SVG_PLOT_H

#include "perfgate/report/svg.h"

struct svg_plot {
	struct strbuf *out;
	double left, right, top, bottom; /* of the plot, without its axes */
	double x_max; /* what its width stands for, from 0 */
	double y_min, y_max, y_step; /* of its height; svg_plot_scale() */
};

double svg_plot_x(const struct svg_plot *plot, double x);
double svg_plot_y(const struct svg_plot *plot, double y);

/* Choose the y members so that both ends fit: at most `steps` steps of 1, 2 or 5 times 10^n. */
void svg_plot_scale(struct svg_plot *plot, double least, double most, double steps);

/* Grid lines with their values; the unit stands above, NULL = it is said elsewhere. */
void svg_plot_y_axis(const struct svg_plot *plot, const char *unit);
/* x in seconds, written in s or min; without `words` only the ticks. */
void svg_plot_time_axis(const struct svg_plot *plot, bool words);

/* A line through points in drawing order. NaN lifts the pen; a point alone is a dot. */
struct svg_path {
	struct strbuf *out;
	bool drawing;
};
void svg_path_open(struct svg_path *path, struct strbuf *out, const char *css_class);
void svg_path_to(struct svg_path *path, double x, double y);
void svg_path_close(struct svg_path *path);

#define SVG_LABELS_MAX 12

/* Texts right of the plot. More than SVG_LABELS_MAX are left out. */
struct svg_labels {
	struct svg_label {
		double y;
		const char *css_class; /* besides "label"; of static storage */
		char text[64];
	} items[SVG_LABELS_MAX];
	size_t count;
};
/* At the height of y (a value of the plot): "p95 38.4"; those added first come first at a tie. */
void svg_labels_add(struct svg_labels *labels, const struct svg_plot *plot, double y,
		    const char *css_class, const char *text);
/* Sorted by height and pushed apart. */
void svg_labels_draw(struct svg_labels *labels, const struct svg_plot *plot);

/*
 * How many seconds a point of a line stands for when `count` of them have to fit in the plot,
 * at least 1.
 */
size_t svg_seconds_per_point(const struct svg_plot *plot, size_t count);

#endif
