/*
 * The open model: when requests arrive, whatever the server does.
 *
 * The rate follows the scenario's stages: from the one before (0 at first)
 * linearly during the ramp, then held. Arrivals are numbered from 0 over all
 * workers, each belongs to one of them, and all walk through the same
 * sequence. Even: one per unit of the area below the rate, the first
 * at once. Poisson: exponential gaps of mean 1 in that area, from the seed.
 * Pure: no clock.
 */
#ifndef PERFGATE_LOAD_ARRIVALS_H
#define PERFGATE_LOAD_ARRIVALS_H

#include "perfgate/base/rng.h"
#include "perfgate/scenario/suite.h"

struct arrivals {
	const struct scenario *scenario;
	struct rng rng;
	const uint16_t *worker_of; /* number i belongs to worker_of[i % n_worker_of]; borrowed */
	size_t n_worker_of;
	uint32_t index; /* this worker */
	uint64_t number; /* of the next one, global */
	double place; /* of the next one: area below the rate before it */
	/* The stage that was reached: */
	size_t stage;
	int64_t begin_ns;
	double before, area; /* rate and area at its begin */
};

void arrivals_init(struct arrivals *arrivals, const struct scenario *scenario, uint64_t seed,
		   const uint16_t *worker_of, size_t n_worker_of, uint32_t index);

/* The worker's next: time after the start, INT64_MAX when the last stage is over. */
int64_t arrivals_next(struct arrivals *arrivals, uint64_t *out_number);

#endif
