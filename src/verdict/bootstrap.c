#include "perfgate/verdict/bootstrap.h"

#include "perfgate/verdict/robust.h"

#include <assert.h>
#include <math.h>

static void resample(const double *series, size_t n, size_t block, struct rng *rng, double *out)
{
	for (size_t filled = 0; filled < n;) {
		size_t start = (size_t)rng_below(rng, n - block + 1);

		for (size_t i = 0; i < block && filled < n; i++)
			out[filled++] = series[start + i];
	}
}

void bootstrap_interval(const struct bootstrap *plan, const double *series, size_t n,
			struct rng *rng, double *scratch, double *out_low, double *out_high)
{
	size_t block = plan->block > 0 ? plan->block : (size_t)ceil(cbrt((double)n));
	double *replicates = scratch + n;
	size_t tail = (size_t)(plan->alpha / 2 * (double)plan->replicates);

	assert(n > 0 && block <= n && plan->replicates > 0 && 2 * tail <= plan->replicates);
	for (size_t i = 0; i < plan->replicates; i++) {
		resample(series, n, block, rng, scratch);
		replicates[i] = plan->statistic(scratch, n);
	}
	*out_low = robust_select(replicates, plan->replicates, tail);
	*out_high = robust_select(replicates, plan->replicates, plan->replicates - 1 - tail);
}
