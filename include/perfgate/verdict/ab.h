/*
 * A/B: the decision between a base and a head that were measured side by side.
 *
 * The same code serves the live run (one call per block), `calibrate` (thousands of calls on
 * relabelled recordings), `compare` and the report. Pure; random numbers come from the caller, so
 * the same samples and seed give the same verdict.
 *
 * Block k of a cell gives d_k = w (g(head) - g(base)): g = ln for percentiles and throughput, the
 * logit of (x + 1/2) / (n - x + 1/2) for error and hit rates, w = -1 where higher is better, so
 * that positive is worse. It counts when both sides have n (1-p) >= 10 for a percentile p, else
 * n > 0; values must be finite, those under ln positive. Where 3/4 of the blocks do not count,
 * the cell is unmeasured.
 *
 * At a look, with d winsorised at 3 median|d| for all but U:
 * - a cell fails when its step-down max-T p (maxt.h) is within the look's level and its shift, the
 *   median of the Walsh averages, is >= its tolerance: ln(1+tol), -ln(1-tol) for throughput, the
 *   raw difference of the fractions for rates; for percentiles also >= ln(1 + floor/base). One
 *   failing cell fails the run;
 * - the run passes when U < 2 tolerance for every primary cell, U the (c+1)-th largest Walsh
 *   average of the d as measured, c the largest integer with P(W+ <= c) <= the pass level: an
 *   intersection-union test (Berger, Technometrics 24, 1982), so without further correction;
 * - else it continues, and after the last look it is inconclusive, or unmeasured when a primary
 *   cell is or there is none. Secondary cells can fail and inform; they never hold up a run, nor
 *   does an endpoint for which the base's own blocks are too small.
 * Between looks only the early abort can end it: a time-uniform lower bound (sequence.h) at the
 * abort level, divided by the number of cells, above the tolerance, with a shift of at least 2x.
 */
#ifndef PERFGATE_VERDICT_AB_H
#define PERFGATE_VERDICT_AB_H

#include "perfgate/base/mem.h"
#include "perfgate/base/rng.h"
#include "perfgate/config/gate.h"
#include "perfgate/results/run.h"

#include <stdint.h>

#define AB_BLOCKS_MAX 64
#define AB_LOOKS_MAX 3
/* Fewer blocks prove nothing: 2^-5 is the smallest p that five of them can have. */
#define AB_BLOCKS_MIN 6
#define AB_PRIMARY_SHARE 0.08
#define AB_FLOOR_MS 0.005

enum ab_side { AB_BASE, AB_HEAD };

/*
 * One side of one block. `value`: percentiles in ms, throughput in requests/s, error rate: failed
 * requests, cache hit rate: hits. `n`: the requests (look-ups) behind it; 0 = not measured.
 */
struct ab_sample {
	double value;
	uint64_t n;
};

struct ab_block {
	struct ab_sample side[2]; /* by enum ab_side */
};

/* One cell; all pointers are borrowed. */
struct ab_cell {
	const char *scenario, *endpoint;
	enum metric metric;
	bool primary;
	double tolerance; /* as configured: fraction; rates absolute (0.5pp = .005) */
	const struct ab_block *blocks; /* ab_trial.n_blocks of them */
};

struct ab_trial {
	const struct ab_cell *cells;
	size_t n_cells;
	size_t n_blocks; /* measured so far, at most AB_BLOCKS_MAX */
	uint64_t swapped; /* bit k: judge block k with its sides exchanged; 0 when live */
	double floor_ms; /* `regression.floor`: percentiles never fail by less */
	bool last; /* no more blocks will come, whatever was planned */
};

struct ab_look {
	unsigned blocks;
	double level; /* of the adjusted p */
	double pass_level; /* of U */
};

struct ab_plan {
	struct ab_look looks[AB_LOOKS_MAX];
	unsigned n_looks; /* 0: the budget allows fewer than AB_BLOCKS_MIN blocks */
	double abort_level; /* of the early abort; 0 = none */
};

/*
 * The looks that `blocks` affordable blocks allow: 8, 16 and 24 at 2/256, .012 and .028 with pass
 * levels .01, .01 and .03. With fewer or more, the last look is at `blocks` and takes the levels
 * that are left; below 16 it is the only one. The levels add up to .0498 with the early abort.
 */
void ab_plan_init(struct ab_plan *plan, size_t blocks);

enum ab_reason {
	AB_REGRESSION,
	AB_ABORTED, /* a regression, proven before a look */
	AB_IMPROVED, /* better by the tolerance, adjusted p within the level */
	AB_WITHIN_TOLERANCE, /* U < 2 tolerance */
	AB_UNDECIDED,
	AB_TOO_FEW_SAMPLES,
	AB_NO_DATA, /* neither side has anything: not a cell of this API */
	AB_REASON_COUNT
};
/* "regression", "within_tolerance" … */
extern const char *const ab_reason_names[AB_REASON_COUNT];

/*
 * What became of a cell. shift, low, high, upper and tolerance are on the scale of d (rates: raw
 * difference of the fractions), positive is worse; ab_change() turns them into a change of the
 * metric. NaN where there is none.
 */
struct ab_cell_result {
	enum outcome outcome; /* not_gated: a secondary cell that neither fails nor passes */
	enum ab_reason reason;
	unsigned blocks; /* that counted */
	double base, head; /* ms, requests/s: median of the blocks; rates: pooled fraction */
	double shift, low, high; /* Hodges-Lehmann with its two-sided 95 % interval */
	double p; /* adjusted, one-sided for worse; NaN between looks */
	double p_better; /* the same for better */
	double tolerance; /* effective: with the floor */
	double upper; /* U; NaN between looks */
	double sd; /* of the winsorised d */
	double mde; /* smallest change found with a power of about .8, on the metric's own scale */
};

struct ab_result {
	bool done; /* false: measure another block */
	enum outcome outcome; /* fail, pass, inconclusive or unmeasured, as far as measured */
	unsigned look; /* 1-based; 0 between looks */
	double level, pass_level; /* of this look; NaN between looks */
	double q; /* .95 quantile of max-T */
	struct ab_cell_result *cells; /* n_cells, the caller's */
};

/* Memory for judging; grows to the largest trial seen and is then reused. Not thread-safe. */
struct ab_workspace;
struct ab_workspace *ab_workspace_new(void);
void ab_workspace_free(struct ab_workspace *workspace);
DEFINE_AUTO(ab_workspace, struct ab_workspace *, ab_workspace_free)

/*
 * Judge the trial at its n_blocks: as a look when the plan has one there, or when it is the last;
 * else for the early abort only. `out->cells` has room for n_cells. Returns out->done.
 */
bool ab_judge(struct ab_workspace *workspace, const struct ab_plan *plan,
	      const struct ab_trial *trial, struct rng *rng, struct ab_result *out);

/* Judged by points instead of a factor: error rate, cache hit rate. */
bool ab_is_rate(enum metric metric);

/*
 * w g(sample), so that more is worse; with `raw` of rates w times the fraction instead of the
 * logit. NaN for a sample that does not count.
 */
double ab_level(enum metric metric, const struct ab_sample *sample, bool raw);

/*
 * d_k of the cell's blocks as measured, NaN where a block does not count; with `raw` the rates'
 * differences of fractions instead of logits. Returns how many count.
 */
size_t ab_differences(const struct ab_cell *cell, size_t n_blocks, uint64_t swapped, bool raw,
		      double *out);

/*
 * max(tol + .84 se, (q + .88) se), se = sd/sqrt(blocks): the shift that is found with a power of
 * about .8, on the scale of d. A one-sided test with critical value c finds a shift of (c + z) se
 * with power P(Z < z), and z = .84 gives .8 (normal approximation; Cohen, Statistical Power
 * Analysis for the Behavioral Sciences, 2nd ed., 1988). The shift must pass the tolerance as well
 * as max-T's quantile q; .88, since sd is estimated from few blocks. q = 3 serves before any load.
 */
double ab_detectable(double tolerance, double sd, size_t blocks, double q);

/* tol on the scale of d: ln(1+tol), -ln(1-tol) for throughput, tol itself for rates. */
double ab_tolerance(enum metric metric, double tolerance);

/*
 * A shift as a change of the metric itself: percentiles exp(shift)-1 (.1 = 10 % slower),
 * throughput exp(-shift)-1 (-.1 = 10 % less), rates +-shift (.01 = one percentage point more).
 */
double ab_change(enum metric metric, double shift);

/* total p50, p95, throughput, error and hit rate; p50, p95 of endpoints with >= 8 % of requests */
bool ab_is_primary(const char *endpoint, enum metric metric, double share);

#endif
