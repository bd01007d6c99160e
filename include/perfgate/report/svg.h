/*
 * Charts as inline SVG, without script and style: geometry by presentation
 * attributes, colours by classes that report.css knows, so that they follow
 * light and dark and survive Jenkins' content security policy.
 *
 * Lines are labelled at their ends, never by a legend.
 */
#ifndef PERFGATE_REPORT_SVG_H
#define PERFGATE_REPORT_SVG_H

#include "perfgate/base/strbuf.h"
#include "perfgate/results/run.h"

struct svg_size {
	const char *css_class; /* of the <svg> */
	double width, height;
};

/*
 * p50, p95 and p99 of the scenario's seconds, the warm-up shaded, the limits of
 * its percentile gates and the figures of the newest baseline as lines. More
 * seconds than the width can show are drawn as their worst; returns how many
 * seconds a point stands for, 0 when there is nothing to draw (nothing is
 * appended then).
 */
size_t svg_latency(struct strbuf *out, const struct run *run,
		   const struct scenario_result *scenario, const struct svg_size *size);

/*
 * Requests per second, users, and, when there are any, failures and the memory of the target,
 * below each other. False when nothing was sent; nothing is appended then.
 */
bool svg_load(struct strbuf *out, const struct scenario_result *scenario,
	      const struct svg_size *size);

/* Are there enough requests for svg_distribution()? NULL: no. */
bool svg_distribution_shows(const struct histogram *latency);

/* Latency by percentile, both axes logarithmic; `base` (the baseline's) may be NULL. */
void svg_distribution(struct strbuf *out, const struct histogram *latency,
		      const struct histogram *base, const char *label, const struct svg_size *size);

/* Is there any value? */
bool svg_history_shows(const struct run_past *past, const struct past_values *values);

struct svg_history_look {
	const char *label; /* for those who do not see it */
	const char *now_class; /* of the last point: "mark-own", "mark-bad" … */
	double bound; /* where the alarm begins, in the metric's unit; NaN = none */
};

/* The metric in each baseline and, last, in this run. */
void svg_history(struct strbuf *out, const struct run_past *past, const struct past_values *values,
		 const struct svg_history_look *look, const struct svg_size *size);

/* The same without axes, as high as a line of text. */
void svg_spark(struct strbuf *out, const struct run_past *past, const struct past_values *values,
	       const char *label);

/* A bar of this share of its width; the figure stands beside it. */
void svg_bar(struct strbuf *out, double share);

/* A change of the cell's metric with the sign that positive is worse. */
double svg_cell_worse(const struct cell *cell, double change);

/* Has the cell a change to be drawn? */
bool svg_forest_shows(const struct cell *cell);

/*
 * The cells of a comparison (svg_forest_shows()), from the top: change with its 95 % interval in
 * multiples of the cell's tolerance, which is a line. `wide` has the names beside the plot.
 */
void svg_forest(struct strbuf *out, const struct cell *const *cells, size_t count, bool wide);

/* The cell's change in each block, with its tolerance and the shift found. */
void svg_blocks(struct strbuf *out, const struct cell *cell, const struct svg_size *size);

#endif
