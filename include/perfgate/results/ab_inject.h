/*
 * A known regression put into a recorded block, to measure what the verdict finds of it.
 *
 * The recording is of two equal sides; one side's answers are changed as the fault would have
 * changed them: every request of the endpoints concerned becomes slower, or some of them
 * slower, failed or missed. A request that fails leaves the latencies, as in a run. Throughput is
 * that of a closed loop: it falls as the mean latency of all requests rises. Not modelled: that a
 * slower server is also more contended, and that a miss is slower than a hit.
 */
#ifndef PERFGATE_RESULTS_AB_INJECT_H
#define PERFGATE_RESULTS_AB_INJECT_H

#include "perfgate/base/rng.h"
#include "perfgate/results/ab_record.h"

enum ab_injection_kind {
	AB_INJECT_LATENCY, /* every request takes (1 + amount) times as long */
	AB_INJECT_TAIL, /* this share of the requests takes twice as long */
	AB_INJECT_ERRORS, /* this share of the requests fails */
	AB_INJECT_MISSES, /* the hit rate falls by this fraction of all look-ups */
};

struct ab_injection {
	enum ab_injection_kind kind;
	double amount; /* fraction, in [0, 1] but for latency */
	size_t endpoint; /* index; n_endpoints = all of them */
};

/* *out, zeroed, gets the side as the fault would have left it, with the names of `side`. */
void ab_side_inject(const struct ab_side_record *side, const struct ab_injection *injection,
		    struct rng *rng, struct ab_side_record *out);

#endif
