/* The control: real regressions in one side, found or not by the same decision. */
#include "perfgate/cli/calibrate.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#define INJECTED "latency=20%"
#define BLOCKS_AT_MOST 24

/* Blocks until a verdict. */
static int decide(struct session *session, struct ab_session *ab, uint64_t seed, enum outcome *out,
		  struct error *err)
{
	AUTO(ab_judging) struct ab_judging judging;

	ab_judging_init(&judging, session, NULL, BLOCKS_AT_MOST, seed);
	while (!judging.result.done) {
		AUTO(ab_record) struct ab_record record = {0};

		if (ab_measure_block(ab, &record, err))
			return -1;
		if (record.spoiled)
			continue;
		ab_judging_add(&judging, &record);
		ab_judging_judge(&judging);
	}
	*out = judging.result.outcome;
	return 0;
}

static int repeat(struct session *session, struct ab_session *ab, size_t runs,
		  struct calibration_report *out, struct error *err)
{
	int status = 0;

	while (status == 0 && out->live_runs < runs && !cli_stop) {
		enum outcome outcome;

		status = decide(session, ab, session->run->seed + out->live_runs, &outcome, err);
		if (status)
			break;
		out->live_runs++;
		out->live_found += outcome == OUTCOME_FAIL;
		log_info("live control %zu of %zu: %s", out->live_runs, runs,
			 outcome_names[outcome]);
	}
	return cli_stop ? 0 : status;
}

int calibrate_live(struct session *session, size_t runs, struct calibration_report *out,
		   struct error *err)
{
	static const char *const arguments[] = {"--inject", INJECTED, NULL};
	struct ab_sides sides = {.head_arguments = arguments, .coin_seed = session->run->seed + 1};
	AUTO(ab) struct ab_session *ab = NULL;

	if (session->settings->target.kind != TARGET_REFERENCE)
		return error_set(err, ERROR_USAGE,
				 "--live needs the reference API: it can make itself slower");
	out->live_what = INJECTED;
	if (ab_open(session, &sides, &ab, err))
		return -1;
	return repeat(session, ab, runs, out, err);
}
