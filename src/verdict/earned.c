#include "perfgate/verdict/earned.h"

#include "perfgate/verdict/stats.h"

#include <assert.h>

static double upper_limit(size_t runs, size_t alarms)
{
	double low, high;

	if (runs == 0)
		return 1;
	stats_proportion_interval(alarms, runs, 2 * (1 - EARNED_CONFIDENCE), &low, &high);
	return high;
}

struct earned earned_judge(size_t runs, size_t alarms)
{
	struct earned out = {.upper = upper_limit(runs, alarms)};
	size_t too_few = runs, enough = runs + 1;

	assert(alarms <= runs);
	out.earned = out.upper <= EARNED_SHARE;
	if (out.earned)
		return out;
	/* The limit falls with every run: double, then halve. */
	while (upper_limit(enough, alarms) > EARNED_SHARE) {
		too_few = enough;
		enough *= 2;
	}
	while (enough - too_few > 1) {
		size_t middle = too_few + (enough - too_few) / 2;

		if (upper_limit(middle, alarms) > EARNED_SHARE)
			too_few = middle;
		else
			enough = middle;
	}
	out.more = enough - runs;
	return out;
}
