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

#endif
