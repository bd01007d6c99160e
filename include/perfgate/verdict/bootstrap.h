/*
 * Moving-block bootstrap (Kuensch, Annals of Statistics 17, 1989): an interval of a statistic of a
 * series whose neighbours are correlated. For drawing intervals only, never for a verdict.
 */
#ifndef PERFGATE_VERDICT_BOOTSTRAP_H
#define PERFGATE_VERDICT_BOOTSTRAP_H

#include "perfgate/base/rng.h"

#include <stddef.h>

/* The statistic of n values, which it may reorder. */
typedef double (*bootstrap_statistic)(double *values, size_t n);

struct bootstrap {
	size_t block; /* values per block, 1 <= block <= n; 0 = the cube root of n, rounded up */
	size_t replicates; /* >= 1 */
	double alpha; /* two-sided */
	bootstrap_statistic statistic;
};

/*
 * The percentile interval of plan->statistic over `replicates` series put together from blocks that
 * start anywhere. `scratch` has room for n + plan->replicates; n >= 1.
 */
void bootstrap_interval(const struct bootstrap *plan, const double *series, size_t n,
			struct rng *rng, double *scratch, double *out_low, double *out_high);

#endif
