#include "perfgate/verdict/ab.h"

#include "perfgate/verdict/maxt.h"
#include "perfgate/verdict/robust.h"
#include "perfgate/verdict/sequence.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define INTERVAL_LEVEL .025 /* per side */
#define UNKNOWN (-2)
#define ROUNDING 1e-12

struct ab_workspace {
	struct maxt *maxt;
	double *d; /* n_cells x n_blocks, winsorised */
	struct maxt_cell *tests;
	size_t d_capacity, tests_capacity;
	double walsh[WALSH_COUNT(AB_BLOCKS_MAX)];
	/* Signed-rank critical values by number of blocks; UNKNOWN until asked for. */
	long interval_rank[AB_BLOCKS_MAX + 1];
	long pass_rank[AB_BLOCKS_MAX + 1];
	double pass_level; /* that pass_rank is for */
};

/* One call of ab_judge(). */
struct judgement {
	struct ab_workspace *workspace;
	const struct ab_trial *trial;
	struct ab_look look; /* blocks 0: between looks */
	struct ab_result *out;
};

struct ab_workspace *ab_workspace_new(void)
{
	struct ab_workspace *workspace = xcalloc(1, sizeof *workspace);

	workspace->maxt = maxt_new();
	for (size_t n = 0; n <= AB_BLOCKS_MAX; n++)
		workspace->interval_rank[n] = workspace->pass_rank[n] = UNKNOWN;
	return workspace;
}

void ab_workspace_free(struct ab_workspace *workspace)
{
	if (!workspace)
		return;
	maxt_free(workspace->maxt);
	free(workspace->d);
	free(workspace->tests);
	free(workspace);
}

static void reserve(struct ab_workspace *workspace, size_t n_cells, size_t n_blocks)
{
	if (n_cells * n_blocks > workspace->d_capacity) {
		workspace->d_capacity = n_cells * n_blocks;
		workspace->d = xrealloc(workspace->d, workspace->d_capacity, sizeof(double));
	}
	if (n_cells > workspace->tests_capacity) {
		workspace->tests_capacity = n_cells;
		workspace->tests = xrealloc(workspace->tests, n_cells, sizeof *workspace->tests);
	}
}

static long critical(long *table, size_t n, double level)
{
	if (table[n] == UNKNOWN)
		table[n] = robust_signed_rank_critical(n, level);
	return table[n];
}

static long pass_rank(struct ab_workspace *workspace, size_t n, double level)
{
	if (level != workspace->pass_level) {
		workspace->pass_level = level;
		for (size_t i = 0; i <= AB_BLOCKS_MAX; i++)
			workspace->pass_rank[i] = UNKNOWN;
	}
	return critical(workspace->pass_rank, n, level);
}

/* The look that is due at this number of blocks; .blocks 0 when none is. */
static struct ab_look due_look(const struct ab_plan *plan, const struct ab_trial *trial,
			       unsigned *out_number)
{
	struct ab_look rest = {.blocks = (unsigned)trial->n_blocks};

	*out_number = 0;
	for (unsigned i = 0; i < plan->n_looks; i++) {
		if (plan->looks[i].blocks < trial->n_blocks)
			continue;
		*out_number = *out_number > 0 ? *out_number : i + 1;
		if (plan->looks[i].blocks == trial->n_blocks && !trial->last)
			return plan->looks[i];
		rest.level += plan->looks[i].level;
		rest.pass_level += plan->looks[i].pass_level;
	}
	if (!trial->last) {
		*out_number = 0;
		return (struct ab_look){0};
	}
	/* The end came early: what the looks that will not be had is spent here. */
	return rest;
}

static size_t keep_counted(const double *d, size_t n_blocks, double *out)
{
	size_t n = 0;

	for (size_t k = 0; k < n_blocks; k++)
		if (!isnan(d[k]))
			out[n++] = d[k];
	return n;
}

/* Winsorise what counts, in place. */
static void winsorise_row(double *row, size_t n_blocks)
{
	double kept[AB_BLOCKS_MAX], scratch[AB_BLOCKS_MAX];
	size_t n = keep_counted(row, n_blocks, kept), i = 0;

	robust_winsorise(kept, n, scratch);
	for (size_t k = 0; k < n_blocks; k++)
		if (!isnan(row[k]))
			row[k] = kept[i++];
}

/* The value of one side over the blocks that count: median, or pooled fraction of a rate. */
static double side_value(const struct ab_trial *trial, const struct ab_cell *cell,
			 const double *row, enum ab_side side)
{
	double values[AB_BLOCKS_MAX], hits = 0, all = 0;
	size_t n = 0;

	for (size_t k = 0; k < trial->n_blocks; k++) {
		const struct ab_sample *sample =
			&cell->blocks[k].side[(size_t)side ^ (trial->swapped >> k & 1)];

		if (isnan(row[k]))
			continue;
		values[n++] = sample->value;
		hits += sample->value;
		all += (double)sample->n;
	}
	return ab_is_rate(cell->metric) ? hits / all : robust_median(values, n);
}

/* Shift, interval and bound, on the scale of the tolerance. */
static void estimate(struct judgement *judgement, const struct ab_cell *cell,
		     struct ab_cell_result *result)
{
	struct ab_workspace *workspace = judgement->workspace;
	const struct ab_trial *trial = judgement->trial;
	double d[AB_BLOCKS_MAX], values[AB_BLOCKS_MAX], scratch[AB_BLOCKS_MAX];
	size_t n, count;
	long rank;

	ab_differences(cell, trial->n_blocks, trial->swapped, true, d);
	n = keep_counted(d, trial->n_blocks, values);
	if (judgement->look.blocks > 0) {
		rank = pass_rank(workspace, n, judgement->look.pass_level);
		count = robust_walsh(values, n, workspace->walsh);
		result->upper = robust_upper(workspace->walsh, count, rank);
	}
	robust_winsorise(values, n, scratch);
	count = robust_walsh(values, n, workspace->walsh);
	rank = critical(workspace->interval_rank, n, INTERVAL_LEVEL);
	result->shift = robust_shift(workspace->walsh, count);
	result->low = robust_lower(workspace->walsh, count, rank);
	result->high = robust_upper(workspace->walsh, count, rank);
	result->sd = robust_sd(values, n);
	result->base = side_value(trial, cell, d, AB_BASE);
	result->head = side_value(trial, cell, d, AB_HEAD);
	result->tolerance = ab_tolerance(cell->metric, cell->tolerance);
	if (metric_table[cell->metric].quantile > 0)
		result->tolerance = fmax(result->tolerance, log1p(trial->floor_ms / result->base));
}

/* Does anything speak of this cell, and did the base at least have enough? */
static void explain_missing(const struct ab_trial *trial, const struct ab_cell *cell,
			    struct ab_cell_result *result)
{
	bool any = false, total = strcmp(cell->endpoint, "total") == 0;
	struct ab_block both[AB_BLOCKS_MAX];
	struct ab_cell base = *cell;
	double d[AB_BLOCKS_MAX];

	for (size_t k = 0; k < trial->n_blocks; k++) {
		const struct ab_sample *side = cell->blocks[k].side;

		any = any || side[AB_BASE].n > 0 || side[AB_HEAD].n > 0;
		both[k].side[0] = both[k].side[1] = side[AB_BASE ^ (trial->swapped >> k & 1)];
	}
	result->reason = any ? AB_TOO_FEW_SAMPLES : AB_NO_DATA;
	result->outcome = OUTCOME_NOT_GATED;
	if (!cell->primary || !any)
		return;
	base.blocks = both;
	/* An endpoint that the slots are too short for does not hold up the others. */
	if (total || ab_differences(&base, trial->n_blocks, 0, false, d) * 4 >= trial->n_blocks * 3)
		result->outcome = OUTCOME_UNMEASURED;
}

static void measure_cell(struct judgement *judgement, size_t j)
{
	const struct ab_trial *trial = judgement->trial;
	const struct ab_cell *cell = &trial->cells[j];
	struct ab_cell_result *result = &judgement->out->cells[j];
	double *row = &judgement->workspace->d[j * trial->n_blocks];
	size_t n = ab_differences(cell, trial->n_blocks, trial->swapped, false, row);

	*result = (struct ab_cell_result){.outcome = OUTCOME_INCONCLUSIVE,
					  .reason = AB_UNDECIDED,
					  .blocks = (unsigned)n,
					  .base = NAN,
					  .head = NAN,
					  .shift = NAN,
					  .low = NAN,
					  .high = NAN,
					  .p = NAN,
					  .p_better = NAN,
					  .tolerance = ab_tolerance(cell->metric, cell->tolerance),
					  .upper = NAN,
					  .sd = NAN,
					  .mde = NAN};
	if (n * 4 >= trial->n_blocks * 3 && n > 0) {
		estimate(judgement, cell, result);
		winsorise_row(row, trial->n_blocks);
		return;
	}
	explain_missing(trial, cell, result);
	for (size_t k = 0; k < trial->n_blocks; k++)
		row[k] = NAN;
}

static bool is_measured(const struct ab_cell_result *result)
{
	return result->reason != AB_TOO_FEW_SAMPLES && result->reason != AB_NO_DATA;
}

static void decide_cell(const struct ab_cell *cell, const struct ab_look *look,
			struct ab_cell_result *result)
{
	if (result->p <= look->level + ROUNDING && result->shift >= result->tolerance) {
		result->outcome = OUTCOME_FAIL;
		result->reason = AB_REGRESSION;
	} else if (result->upper < 2 * result->tolerance) {
		result->outcome = OUTCOME_PASS;
		result->reason = result->p_better <= look->level + ROUNDING &&
						 result->shift <= -result->tolerance
					 ? AB_IMPROVED
					 : AB_WITHIN_TOLERANCE;
	} else if (!cell->primary) {
		result->outcome = OUTCOME_NOT_GATED;
	}
}

static void look_at_cells(struct judgement *judgement, struct rng *rng)
{
	const struct ab_trial *trial = judgement->trial;
	struct ab_workspace *workspace = judgement->workspace;

	judgement->out->q = maxt_run(workspace->maxt, workspace->d, trial->n_cells, trial->n_blocks,
				     rng, workspace->tests);
	for (size_t j = 0; j < trial->n_cells; j++) {
		struct ab_cell_result *result = &judgement->out->cells[j];

		if (!is_measured(result))
			continue;
		result->p = workspace->tests[j].p;
		result->p_better = workspace->tests[j].p_less;
		result->mde = fabs(ab_change(trial->cells[j].metric,
					     ab_detectable(result->tolerance, result->sd,
							   result->blocks, judgement->out->q)));
		decide_cell(&trial->cells[j], &judgement->look, result);
	}
}

/* Rates are far from normal in few blocks: only what is under ln can end a trial early. */
static bool can_abort(const struct ab_cell *cell, const struct ab_cell_result *result)
{
	return is_measured(result) && !ab_is_rate(cell->metric);
}

static void look_for_abort(struct judgement *judgement, double level)
{
	const struct ab_trial *trial = judgement->trial;
	size_t candidates = 0;

	for (size_t j = 0; j < trial->n_cells; j++)
		candidates += can_abort(&trial->cells[j], &judgement->out->cells[j]);
	for (size_t j = 0; j < trial->n_cells; j++) {
		const struct ab_cell *cell = &trial->cells[j];
		struct ab_cell_result *result = &judgement->out->cells[j];
		double d[AB_BLOCKS_MAX];
		size_t n;

		if (!can_abort(cell, result) || result->shift < M_LN2)
			continue;
		ab_differences(cell, trial->n_blocks, trial->swapped, false, d);
		n = keep_counted(d, trial->n_blocks, d);
		if (robust_mean(d, n) -
			    sequence_radius(n, robust_sd(d, n), level / (double)candidates) <=
		    result->tolerance)
			continue;
		result->outcome = OUTCOME_FAIL;
		result->reason = AB_ABORTED;
	}
}

static void roll_up(const struct ab_trial *trial, struct ab_result *out, bool look, bool last)
{
	size_t count[OUTCOME_COUNT] = {0}, failed = 0;

	for (size_t j = 0; j < trial->n_cells; j++) {
		failed += out->cells[j].outcome == OUTCOME_FAIL;
		if (trial->cells[j].primary)
			count[out->cells[j].outcome]++;
	}
	out->outcome = OUTCOME_INCONCLUSIVE;
	if (failed > 0)
		out->outcome = OUTCOME_FAIL;
	else if (count[OUTCOME_UNMEASURED] > 0 ||
		 count[OUTCOME_PASS] + count[OUTCOME_INCONCLUSIVE] == 0)
		out->outcome = OUTCOME_UNMEASURED;
	else if (look && count[OUTCOME_INCONCLUSIVE] == 0)
		out->outcome = OUTCOME_PASS;
	out->done = last || out->outcome == OUTCOME_FAIL || out->outcome == OUTCOME_PASS;
}

bool ab_judge(struct ab_workspace *workspace, const struct ab_plan *plan,
	      const struct ab_trial *trial, struct rng *rng, struct ab_result *out)
{
	struct judgement judgement = {workspace, trial, due_look(plan, trial, &out->look), out};
	bool look = judgement.look.blocks > 0;

	assert(trial->n_blocks > 0 && trial->n_blocks <= AB_BLOCKS_MAX);
	out->level = look ? judgement.look.level : NAN;
	out->pass_level = look ? judgement.look.pass_level : NAN;
	out->q = NAN;
	reserve(workspace, trial->n_cells, trial->n_blocks);
	for (size_t j = 0; j < trial->n_cells; j++)
		measure_cell(&judgement, j);
	if (look)
		look_at_cells(&judgement, rng);
	else if (plan->abort_level > 0)
		look_for_abort(&judgement, plan->abort_level);
	roll_up(trial, out, look, trial->last || (look && out->look == plan->n_looks));
	return out->done;
}
