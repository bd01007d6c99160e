#include "perfgate/verdict/changepoint.h"

#include "perfgate/base/mem.h"
#include "perfgate/verdict/robust.h"

#include <math.h>
#include <string.h>

#define CREEP_LEVEL .01
#define CREEP_MIN 5

/* Where q is largest, and how large. */
struct split {
	size_t at;
	double q;
};

/*
 * q of the split at `at` from sums of |x - y|: between the parts and within each. A part of one
 * value has no pair, and then no distance within.
 */
static double energy(double between, double left, double right, size_t at, size_t n)
{
	double a = (double)at, b = (double)(n - at);
	double within_left = at > 1 ? left / (a * (a - 1) / 2) : 0;
	double within_right = n - at > 1 ? right / (b * (b - 1) / 2) : 0;

	return a * b / (a + b) * (2 * between / (a * b) - within_left - within_right);
}

/* All splits in O(n^2): moving one value over changes the sums by its distances. */
static struct split best_split(const double *x, size_t n)
{
	struct split best = {0, -INFINITY};
	double between = 0, left = 0, right = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			right += fabs(x[i] - x[k]);
	for (size_t at = 1; at + CHANGEPOINT_SEGMENT <= n; at++) {
		double to_left = 0, to_right = 0, q;

		for (size_t i = 0; i + 1 < at; i++)
			to_left += fabs(x[at - 1] - x[i]);
		for (size_t i = at; i < n; i++)
			to_right += fabs(x[at - 1] - x[i]);
		left += to_left;
		right -= to_right;
		between += to_right - to_left;
		if (at < CHANGEPOINT_SEGMENT)
			continue;
		q = energy(between, left, right, at, n);
		if (q > best.q)
			best = (struct split){at, q};
	}
	return best;
}

static double q_at(const double *x, size_t n, size_t at)
{
	double between = 0, left = 0, right = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			*(k < at ? &left : i >= at ? &right : &between) += fabs(x[i] - x[k]);
	return energy(between, left, right, at, n);
}

static void shuffle(double *values, size_t n, struct rng *rng)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)rng_below(rng, i);
		double kept = values[i - 1];

		values[i - 1] = values[k];
		values[k] = kept;
	}
}

/* p of q at a given place, or of the best place when `at` is 0; gives up once p is too large. */
static double permutation_p(const double *x, size_t n, size_t at, double q, struct rng *rng)
{
	AUTO_FREE double *copy = xcalloc(n, sizeof *copy);
	const double enough = CHANGEPOINT_LEVEL * (CHANGEPOINT_PERMUTATIONS + 1);
	size_t reached = 0, i;

	memcpy(copy, x, n * sizeof *copy);
	for (i = 0; i < CHANGEPOINT_PERMUTATIONS && (double)reached < 10 * enough; i++) {
		shuffle(copy, n, rng);
		/* What is equal but for rounding is reached. */
		reached += (at > 0 ? q_at(copy, n, at) : best_split(copy, n).q) >= q * (1 - 1e-9);
	}
	return (1 + (double)reached) / ((double)i + 1);
}

/* Mark the changes within [first, end). Depth is bounded: every part is shorter. */
static void divide(const double *values, size_t first, size_t end, struct rng *rng, bool *marks)
{
	struct split split;

	if (end - first < 2 * CHANGEPOINT_SEGMENT)
		return;
	split = best_split(&values[first], end - first);
	if (!(split.q > 0) ||
	    permutation_p(&values[first], end - first, 0, split.q, rng) >= CHANGEPOINT_LEVEL)
		return;
	marks[first + split.at] = true;
	divide(values, first, first + split.at, rng, marks);
	divide(values, first + split.at, end, rng, marks);
}

/* Judge point i between its neighbours, no farther than a window. */
static void weigh(const double *values, size_t n, struct changepoint *points, size_t count,
		  size_t i, struct rng *rng)
{
	double copy[CHANGEPOINT_WINDOW], before, after;
	size_t index = points[i].index;
	size_t first = i > 0 ? points[i - 1].index : 0;
	size_t end = i + 1 < count ? points[i + 1].index : n;

	first = index - first > CHANGEPOINT_WINDOW / 2 ? index - CHANGEPOINT_WINDOW / 2 : first;
	end = end - index > CHANGEPOINT_WINDOW / 2 ? index + CHANGEPOINT_WINDOW / 2 : end;
	points[i].p = permutation_p(&values[first], end - first, index - first,
				    q_at(&values[first], end - first, index - first), rng);
	memcpy(copy, &values[first], (index - first) * sizeof *copy);
	before = robust_median(copy, index - first);
	memcpy(copy, &values[index], (end - index) * sizeof *copy);
	after = robust_median(copy, end - index);
	points[i].change = after - before;
}

/* The point that holds least, or count when all hold. */
static size_t weakest(const struct changepoint *points, size_t count, double magnitude)
{
	size_t worst = count;

	for (size_t i = 0; i < count; i++) {
		if (points[i].p < CHANGEPOINT_LEVEL && fabs(points[i].change) >= magnitude)
			continue;
		if (worst == count || points[i].p > points[worst].p ||
		    (points[i].p == points[worst].p &&
		     fabs(points[i].change) < fabs(points[worst].change)))
			worst = i;
	}
	return worst;
}

size_t changepoint_find(const double *values, size_t n, double magnitude, struct rng *rng,
			struct changepoint *out)
{
	AUTO_FREE bool *marks = xcalloc(n + 1, sizeof *marks);
	size_t count = 0, worst;

	for (size_t first = 0; first < n; first += CHANGEPOINT_WINDOW / 2) {
		size_t end = first + CHANGEPOINT_WINDOW < n ? first + CHANGEPOINT_WINDOW : n;

		divide(values, first, end, rng, marks);
		if (end == n)
			break;
	}
	for (size_t i = 0; i < n; i++)
		if (marks[i])
			out[count++] = (struct changepoint){.index = i};
	for (;;) {
		for (size_t i = 0; i < count; i++)
			weigh(values, n, out, count, i, rng);
		worst = weakest(out, count, magnitude);
		if (worst == count)
			return count;
		count--;
		memmove(&out[worst], &out[worst + 1], (count - worst) * sizeof *out);
	}
}

/* Share of the ways to choose `after` of n values whose mean is at least the observed. */
static double exact_p(const double *values, size_t n, size_t after)
{
	double observed = 0;
	size_t all = 0, reached = 0;

	for (size_t i = n - after; i < n; i++)
		observed += values[i];
	for (unsigned mask = 0; mask < 1u << n; mask++) {
		double sum = 0;

		if ((size_t)__builtin_popcount(mask) != after)
			continue;
		for (size_t i = 0; i < n; i++)
			sum += mask >> i & 1 ? values[i] : 0;
		all++;
		reached += sum >= observed - 1e-9 * fabs(observed);
	}
	return (double)reached / (double)all;
}

struct creep changepoint_creep(const double *values, size_t n, size_t tag, double magnitude)
{
	struct creep creep = {NAN, NAN, 0, 0, false};
	double both[2 * CREEP_RUNS];
	size_t before = tag + 1 < CREEP_RUNS ? tag + 1 : CREEP_RUNS;
	size_t after = tag + 1 < n ? n - tag - 1 : 0;

	after = after < CREEP_RUNS ? after : CREEP_RUNS;
	if (before < CREEP_MIN || after < CREEP_MIN)
		return creep;
	memcpy(both, &values[tag + 1 - before], before * sizeof *both);
	memcpy(&both[before], &values[n - after], after * sizeof *both);
	creep.before = before;
	creep.after = after;
	creep.change = robust_mean(&both[before], after) - robust_mean(both, before);
	creep.p = exact_p(both, before + after, after);
	creep.found = creep.p <= CREEP_LEVEL && creep.change >= magnitude;
	return creep;
}
