/*
 * How other tools decide, on the same blocks: the yardstick of `perfgate calibrate`. Pure.
 *
 * Each rule sees what its tool would keep of a run: one value per cell and block, or, for the
 * rank test, all requests. Only changes for the worse alarm, and one cell that alarms is enough,
 * as one alert fails a build. Rules of ratios look at percentiles and throughput, the others at
 * rates too; cells with too few samples (ab_differences()) are left out.
 */
#ifndef PERFGATE_VERDICT_RULES_H
#define PERFGATE_VERDICT_RULES_H

#include "perfgate/verdict/calibrate.h"

/* Latencies of one side of one block, ascending. */
struct rule_values {
	const double *values;
	const uint64_t *counts;
	size_t n;
};

/* What a rule judges: some blocks of a recording's primary cells. */
struct rule_case {
	const struct calibration *calibration;
	size_t first, blocks;
	/* By block of the recording and side, of the total; NULL: the rank test is not done. */
	const struct rule_values (*requests)[2];
};

struct rule {
	const char *name; /* "ratio 200 %" */
	const char *source; /* which tool, by which default */
	bool (*alarms)(const struct rule_case *what);
};

enum { RULE_COUNT = 6 };
extern const struct rule rule_table[RULE_COUNT];

#endif
