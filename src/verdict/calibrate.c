#include "perfgate/verdict/calibrate.h"

#include "perfgate/verdict/robust.h"
#include "perfgate/verdict/stats.h"

#include <math.h>
#include <string.h>

/* Cells that look at the blocks from one on, and room to judge them. */
struct window {
	struct ab_cell *cells;
	struct ab_cell_result *results;
};

static void window_init(struct window *window, const struct calibration *calibration, size_t first)
{
	window->cells = xcalloc(calibration->n_cells, sizeof *window->cells);
	window->results = xcalloc(calibration->n_cells, sizeof *window->results);
	memcpy(window->cells, calibration->cells, calibration->n_cells * sizeof *window->cells);
	for (size_t i = 0; i < calibration->n_cells; i++)
		window->cells[i].blocks += first;
}

static void window_release(struct window *window)
{
	free(window->cells);
	free(window->results);
}

static size_t last_look(const struct ab_plan *plan)
{
	return plan->n_looks ? plan->looks[plan->n_looks - 1].blocks : 0;
}

/*
 * Block by block from the window's first, at most `most`, until the verdict. False when the
 * blocks ended before it.
 */
static bool replay(const struct calibration *calibration, const struct window *window, size_t most,
		   uint64_t swapped, struct ab_workspace *workspace, struct rng *rng,
		   struct ab_result *out, size_t *out_blocks)
{
	struct ab_trial trial = {.cells = window->cells,
				 .n_cells = calibration->n_cells,
				 .swapped = swapped,
				 .floor_ms = calibration->floor_ms};

	out->cells = window->results;
	for (trial.n_blocks = 1; trial.n_blocks <= most; trial.n_blocks++) {
		if (!ab_judge(workspace, calibration->plan, &trial, rng, out))
			continue;
		*out_blocks = trial.n_blocks;
		return true;
	}
	return false;
}

size_t calibration_cut(const struct calibration *calibration, struct ab_workspace *workspace,
		       struct rng *rng, struct calibration_run *out)
{
	size_t first = 0, count = 0, blocks = 0;
	bool done = true;

	while (done && first < calibration->n_blocks) {
		struct ab_result result;
		struct window window;

		window_init(&window, calibration, first);
		done = replay(calibration, &window, calibration->n_blocks - first, 0, workspace,
			      rng, &result, &blocks);
		window_release(&window);
		if (!done)
			break;
		out[count++] = (struct calibration_run){.first = first,
							.blocks = blocks,
							.look = result.look,
							.outcome = result.outcome};
		first += blocks;
	}
	return count;
}

double calibration_false_share(const struct calibration *calibration,
			       const struct calibration_run *run, size_t draws,
			       struct ab_workspace *workspace, struct rng *rng)
{
	bool all = run->blocks < 32 && (UINT64_C(1) << run->blocks) <= draws;
	size_t count = all ? (size_t)1 << run->blocks : draws, failed = 0;
	size_t left = calibration->n_blocks - run->first, most = last_look(calibration->plan);
	uint64_t own = run->blocks < 64 ? (UINT64_C(1) << run->blocks) - 1 : UINT64_MAX;
	struct window window;

	window_init(&window, calibration, run->first);
	for (size_t i = 0; i < count; i++) {
		/* The blocks after the run's own are relabelled too: their coin was as fair. */
		uint64_t later = rng_next(rng) & ~own;
		uint64_t swapped = (all ? i : rng_next(rng) & own) | later;
		struct ab_result result;
		size_t blocks;

		if (replay(calibration, &window, left < most ? left : most, swapped, workspace, rng,
			   &result, &blocks))
			failed += result.outcome == OUTCOME_FAIL;
	}
	window_release(&window);
	return (double)failed / (double)count;
}

double calibration_level(const struct ab_plan *plan)
{
	double level = plan->abort_level;

	for (unsigned i = 0; i < plan->n_looks; i++)
		level += plan->looks[i].level;
	return level;
}

void calibration_count(const struct calibration_run *runs, size_t n_runs,
		       struct calibration_counts *out)
{
	double *blocks = xcalloc(n_runs + 1, sizeof *blocks);

	*out = (struct calibration_counts){.runs = n_runs};
	for (size_t i = 0; i < n_runs; i++) {
		blocks[i] = (double)runs[i].blocks;
		out->at_look[runs[i].look]++;
		if (runs[i].outcome == OUTCOME_FAIL)
			out->fail++;
		else if (runs[i].outcome == OUTCOME_PASS)
			out->pass++;
		else
			out->inconclusive++;
	}
	out->median_blocks = robust_median(blocks, n_runs);
	free(blocks);
}

size_t calibration_bias(const struct calibration *calibration, size_t cell, double *out_mean,
			double *out_low, double *out_high)
{
	double *d = xcalloc(calibration->n_blocks + AB_BLOCKS_MAX, sizeof *d);
	struct ab_cell part = calibration->cells[cell];
	size_t count = 0;

	*out_mean = *out_low = *out_high = NAN;
	for (size_t k = 0; k < calibration->n_blocks; k += AB_BLOCKS_MAX) {
		size_t left = calibration->n_blocks - k;
		size_t n = left < AB_BLOCKS_MAX ? left : AB_BLOCKS_MAX;
		double piece[AB_BLOCKS_MAX];

		ab_differences(&part, n, 0, false, piece);
		for (size_t i = 0; i < n; i++)
			if (!isnan(piece[i]))
				d[count++] = piece[i];
		part.blocks += n;
	}
	if (count >= 2) {
		double radius = stats_t_quantile(.025, (double)(count - 1)) * robust_sd(d, count) /
				sqrt((double)count);

		*out_mean = robust_mean(d, count);
		*out_low = *out_mean - radius;
		*out_high = *out_mean + radius;
	}
	free(d);
	return count;
}
