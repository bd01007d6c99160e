/*
 * Shares that the forms of a calibration report have in common.
 */
#ifndef PERFGATE_REPORT_CALIBRATION_VIEW_H
#define PERFGATE_REPORT_CALIBRATION_VIEW_H

#include "perfgate/report/calibration.h"
#include "perfgate/report/svg.h"
#include "perfgate/verdict/stats.h"

/* hits of runs, with the 95 % Clopper-Pearson interval; NaN without runs. */
struct share {
	size_t hits, runs;
	double share, low, high;
};
struct share calibration_share(size_t hits, size_t runs);
/* Of a rule (index, -1 = ours): found on one endpoint, over all endpoints tried. */
struct share calibration_pooled(const struct calibration_report *report, double amount, int rule);
/* Of a rule (index, -1 = ours): alarms without any change. */
struct share calibration_alarms(const struct calibration_report *report, int rule);

/*
 * False alarms (across) against detection of 10 % on one endpoint (up), one labelled
 * point per rule with its 95 % intervals.
 */
void calibration_svg(const struct calibration_report *report, const struct svg_size *size,
		     struct strbuf *out);

#endif
