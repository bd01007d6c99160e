/*
 * Random numbers for the load: xoshiro256** seeded through splitmix64
 * (Blackman & Vigna, https://prng.di.unimi.it/). Not for secrets.
 *
 * rng_seed() mixes a run seed with a stream number, so that each user has
 * its own reproducible sequence whatever thread drives it.
 */
#ifndef PERFGATE_BASE_RNG_H
#define PERFGATE_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, 1). */
double rng_double(struct rng *rng);
/* Uniform in [0, bound), unbiased (Lemire 2019); bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* A seed from the kernel, for runs without --seed. */
uint64_t rng_entropy(void);

#endif
