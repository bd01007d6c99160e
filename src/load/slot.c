#include "perfgate/load/slot.h"

#include <math.h>

static void describe(const struct scenario_result *result, struct slot_result *out)
{
	*out = (struct slot_result){
		.seconds = result->judged_s,
		.throughput_rps = result->throughput_rps,
		.ok = result->total.classes[CLASS_OK],
		.max_stall_ms = result->generator.max_stall_ms,
		.interrupted = result->interrupted,
		.limited = result->generator.limited,
	};
}

int slot_run(const struct slot *slot, struct ab_side_record *into, struct slot_result *out,
	     struct error *err)
{
	AUTO(arena) struct arena arena = {0};
	struct load_target target = *slot->target;
	struct load_options options = *slot->options;
	struct scenario_result result = {0};
	int status = 0;

	/* The servers' CPU is not asked for: reading it 20 times a block is load as well. */
	target.pid = 0;
	options.seed = slot->seed;
	options.workers = 1;
	options.progress = NULL;
	options.alive = NULL;
	if (load_run(slot->suite, slot->scenario, &target, &options, &arena, &result, err))
		return -1;
	/* Nobody thinks in a slot, so what makes it invalid is only a shortage of ours. */
	if (result.generator.invalid == INVALID_OURS)
		status = error_set(err, ERROR_UNMEASURED, "%s", result.generator.invalid_reason);
	describe(&result, out);
	if (into && status == 0)
		ab_side_add(into, &result);
	scenario_result_release(&result);
	return status;
}
