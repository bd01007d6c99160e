/*
 * Change points in the series of baselines, and creep since the last tag. Pure.
 *
 * E-divisive (Matteson & James, JASA 109, 2014): the split of a segment that maximises
 * q = ab/(a+b) E(left, right), E the energy distance 2 E|X-Y| - E|X-X'| - E|Y-Y'| of the a values
 * left and the b right of it, is a change point when fewer than one in a thousand permutations of
 * the segment has a larger maximum; then both parts are searched. In windows of 50 that overlap by
 * half, so that an old change does not hide a new one (Fleming et al., Hunter, ICPE 2023). At last
 * each point must hold between its neighbours, by permutation at its place and by its magnitude:
 * the weakest goes first until all do.
 */
#ifndef PERFGATE_VERDICT_CHANGEPOINT_H
#define PERFGATE_VERDICT_CHANGEPOINT_H

#include "perfgate/base/rng.h"

#include <stdbool.h>
#include <stddef.h>

#define CHANGEPOINT_WINDOW 50
#define CHANGEPOINT_SEGMENT 3 /* the fewest values between two changes */
#define CHANGEPOINT_PERMUTATIONS 1999
#define CHANGEPOINT_LEVEL 0.001
#define CHANGEPOINT_MAGNITUDE 0.05
#define CREEP_RUNS 6

struct changepoint {
	size_t index; /* the first value after the change */
	double p; /* (1 + #) / (CHANGEPOINT_PERMUTATIONS + 1) */
	double change; /* median after minus median before, up to the neighbouring changes */
};

/*
 * Change points of n values in order of time, where a change of `magnitude` counts:
 * ln(1 + CHANGEPOINT_MAGNITUDE) on logarithms. `out` has room for n; returns how many.
 */
size_t changepoint_find(const double *values, size_t n, double magnitude, struct rng *rng,
			struct changepoint *out);

struct creep {
	double change; /* mean of the last runs minus mean of those up to the tag */
	double p; /* one-sided, exact permutation of both groups */
	size_t before, after; /* values compared; 0 = too few */
	bool found; /* p <= .01 and change >= magnitude */
};

/*
 * Compare the up to CREEP_RUNS values that end at `tag` with the up to CREEP_RUNS last ones after
 * it. No single step of a slow rise is a change point; all of them together are. Fewer than five
 * on a side prove nothing.
 */
struct creep changepoint_creep(const double *values, size_t n, size_t tag, double magnitude);

#endif
