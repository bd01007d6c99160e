/* The control: real regressions in one side, found or not by the same decision. */
#include "perfgate/cli/calibrate.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#define INJECTED "latency=20%"
#define BLOCKS_AT_MOST 24

/* Blocks until a verdict. */
static int decide(struct session *session, struct ab_session *ab, struct rng *rng,
		  struct ab_workspace *workspace, enum outcome *out, struct error *err)
{
	AUTO(ab_cells) struct ab_cells cells;
	struct ab_trial trial = {.floor_ms = session_rules(session)->regression_floor_ms};
	struct ab_result result = {0};
	struct ab_plan plan;

	ab_plan_init(&plan, BLOCKS_AT_MOST);
	ab_cells_init(&cells, session, ab_slot(session), AB_BLOCKS_MAX);
	trial.cells = cells.items;
	trial.n_cells = cells.n;
	result.cells = cells.results;
	while (!result.done) {
		AUTO(ab_record) struct ab_record record = {0};

		if (ab_measure_block(ab, &record, err))
			return -1;
		if (record.spoiled)
			continue;
		ab_cells_add(&cells, trial.n_blocks++, &record.side[AB_BASE],
			     &record.side[AB_HEAD]);
		ab_judge(workspace, &plan, &trial, rng, &result);
	}
	*out = result.outcome;
	return 0;
}

static int repeat(struct session *session, struct ab_session *ab, size_t runs,
		  struct calibration_report *out, struct error *err)
{
	struct ab_workspace *workspace = ab_workspace_new();
	struct rng rng;
	int status = 0;

	rng_seed(&rng, session->run->seed, 0);
	while (status == 0 && out->live_runs < runs && !cli_stop) {
		enum outcome outcome;

		status = decide(session, ab, &rng, workspace, &outcome, err);
		if (status)
			break;
		out->live_runs++;
		out->live_found += outcome == OUTCOME_FAIL;
		log_info("live control %zu of %zu: %s", out->live_runs, runs,
			 outcome_names[outcome]);
	}
	ab_workspace_free(workspace);
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
