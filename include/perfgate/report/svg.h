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
 * its percentile gates as lines. More seconds than the width can show are drawn as
 * their worst; returns how many seconds a point stands for, 0 when there is
 * nothing to draw (nothing is appended then).
 */
size_t svg_latency(struct strbuf *out, const struct run *run,
		   const struct scenario_result *scenario, const struct svg_size *size);

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
