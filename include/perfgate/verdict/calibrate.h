/*
 * How often the A/B decision is wrong, and what it finds, on a recording (verdict.md, section 4).
 *
 * A recording is many blocks of two equal sides. It is cut into disjoint runs, one after the
 * other, each of which stops at its verdict as a live one would. Pure.
 *
 * False alarms. Which side of a block came first was a fair coin, so every relabelling of a run's
 * blocks could have happened as well: the share f of them that fail is the run's chance of a
 * false alarm given its noise. Runs are disjoint, and f is at most the levels' sum b, so the mean
 * has an upper limit by Hoeffding (stats_hoeffding_limit()). Bootstrapped runs would share blocks
 * and are no evidence of their number.
 *
 * A relabelling that has no verdict within the run's own blocks goes on to the blocks that follow
 * it; those are shared with the next runs, but only few relabellings get there.
 */
#ifndef PERFGATE_VERDICT_CALIBRATE_H
#define PERFGATE_VERDICT_CALIBRATE_H

#include "perfgate/verdict/ab.h"

/* The whole recording: the cells' `blocks` are n_blocks each, all borrowed. */
struct calibration {
	const struct ab_cell *cells;
	size_t n_cells, n_blocks;
	const struct ab_plan *plan;
	double floor_ms;
};

/* One run of the cut. */
struct calibration_run {
	size_t first, blocks;
	unsigned look; /* at which it ended, from 1; 0 = between looks */
	enum outcome outcome;
};

/* Room that calibration_cut() needs in `out`. */
#define CALIBRATION_RUNS_MAX(n_blocks) ((n_blocks) / 2 + 1)

/*
 * Cut the recording. What is left at the end without a verdict is no run. Returns how many there
 * are; `out` has room for CALIBRATION_RUNS_MAX(n_blocks).
 */
size_t calibration_cut(const struct calibration *calibration, struct ab_workspace *workspace,
		       struct rng *rng, struct calibration_run *out);

/*
 * Share of the relabellings of the run's blocks that fail: all 2^blocks of them when they are at
 * most `draws`, else that many random ones.
 */
double calibration_false_share(const struct calibration *calibration,
			       const struct calibration_run *run, size_t draws,
			       struct ab_workspace *workspace, struct rng *rng);

/* Sum of the levels: what f cannot exceed by design. */
double calibration_level(const struct ab_plan *plan);

/* Counted over the runs of a cut. */
struct calibration_counts {
	size_t runs, fail, pass, inconclusive; /* unmeasured ones are inconclusive here */
	size_t at_look[AB_LOOKS_MAX + 1]; /* by look, 0 = between looks */
	double median_blocks; /* until the verdict; NaN without runs */
};
void calibration_count(const struct calibration_run *runs, size_t n_runs,
		       struct calibration_counts *out);

/*
 * The mean of d by true label over the whole recording, with its 95 % interval by t: relabelling
 * cannot see sides that truly differ. Returns how many blocks count; NaN below two.
 */
size_t calibration_bias(const struct calibration *calibration, size_t cell, double *out_mean,
			double *out_low, double *out_high);

#endif
