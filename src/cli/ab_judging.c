#include "perfgate/cli/ab.h"

void ab_judging_init(struct ab_judging *judging, const struct session *session,
		     const struct run *alarmed, size_t blocks, uint64_t seed)
{
	*judging = (struct ab_judging){.workspace = ab_workspace_new()};
	rng_seed(&judging->rng, seed, 0);
	ab_plan_init(&judging->plan, blocks);
	ab_cells_init(&judging->cells, session, ab_slot(session), AB_BLOCKS_MAX);
	ab_cells_keep_alarms(&judging->cells, alarmed);
	judging->result.cells = judging->cells.results;
	judging->trial = (struct ab_trial){.cells = judging->cells.items,
					   .n_cells = judging->cells.n,
					   .floor_ms = session_rules(session)->regression_floor_ms};
}

void ab_judging_release(struct ab_judging *judging)
{
	ab_workspace_free(judging->workspace);
	ab_cells_release(&judging->cells);
}

void ab_judging_add(struct ab_judging *judging, const struct ab_record *record)
{
	ab_cells_add(&judging->cells, judging->trial.n_blocks++, &record->side[AB_BASE],
		     &record->side[AB_HEAD]);
}

bool ab_judging_judge(struct ab_judging *judging)
{
	return ab_judge(judging->workspace, &judging->plan, &judging->trial, &judging->rng,
			&judging->result);
}
