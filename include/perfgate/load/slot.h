/*
 * A slot: one short load on one server, a piece of an A/B comparison (verdict.md, section 2).
 *
 * The scenario is one of suite_slot(): all its users at once, no think time, no warm-up. What is
 * sent follows from the seed alone, so two servers that get the same seed get the same
 * requests in the same order, as many as each answers in time. A request under way at the end
 * is waited for and counts.
 */
#ifndef PERFGATE_LOAD_SLOT_H
#define PERFGATE_LOAD_SLOT_H

#include "perfgate/load/engine.h"
#include "perfgate/results/ab_record.h"

struct slot {
	const struct suite *suite;
	const struct scenario *scenario; /* of suite_slot() */
	const struct load_target *target; /* its pid is not looked at */
	const struct load_options *options; /* progress and alive are not used */
	uint64_t seed; /* instead of the options' */
};

/* What a slot says besides its answers. */
struct slot_result {
	double seconds; /* of load */
	double throughput_rps; /* ok per second */
	uint64_t ok;
	double max_stall_ms; /* of our loop; NaN when unknown */
	bool interrupted;
	bool limited; /* the generator itself was the limit */
};

/*
 * Load the target; its answers are added to *into (NULL: a warm-up, or only the throughput is
 * wanted). Errors as load_run(), and ERROR_UNMEASURED when the generator ran out of something.
 */
PG_MUST_CHECK int slot_run(const struct slot *slot, struct ab_side_record *into,
			   struct slot_result *out, struct error *err);

#endif
