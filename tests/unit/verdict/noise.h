/*
 * Simulated noise for the tests of verdict/: fixed seeds, nothing else. Included by tests only.
 */
#ifndef TESTS_VERDICT_NOISE_H
#define TESTS_VERDICT_NOISE_H

#include "perfgate/base/rng.h"

#include <math.h>

/* Standard normal (Box and Muller). */
static inline double noise_normal(struct rng *rng)
{
	double u = 1 - rng_double(rng), v = rng_double(rng);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Student's t with 3 degrees of freedom: tails as machine noise has them; variance 3. */
static inline double noise_heavy(struct rng *rng)
{
	double square = 0;

	for (int i = 0; i < 3; i++) {
		double z = noise_normal(rng);

		square += z * z;
	}
	return noise_normal(rng) / sqrt(square / 3);
}

#endif
