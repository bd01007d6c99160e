/*
 * History: one new run against the accepted baselines, where no A/B is possible. Pure.
 *
 * On the scale of ab_level(): y of the past runs, y of the new one, positive is worse; c is the
 * logarithm of the speed probe's time in the same runs. With N past values of a cell and m cells
 *
 * N = 0     nothing is judged.
 * N < 10    x = y - median(past). Beyond ln 1.2 it is suspect; it fails above
 *           max(ln 1.2, t(1-.05/m, N+3) S sqrt(1 + pi/(2N))),
 *           S = max(.05, sqrt(((N-1) V + .04)/(N+3))), V the mean variance over the cells: a prior
 *           of four runs with a between-run sd of 10 %; pi/2 is the price of the median.
 * N >= 10   x = y' - mean(past'), y' = y - beta (c - mean c), and the prediction bound
 *           t(1-a, N-2) sd sqrt(1 + 1/N + (c - mean c)^2/SS_c)
 *           (Draper & Smith, Applied Regression Analysis, 3rd ed., 3.2), sd with N-2 degrees of
 *           freedom, at least 1 %; Holm over the cells at .05. One beta for all cells: the median
 *           of their slopes, each clamped to [0, 2]; 0, and without the last term, where c varies
 *           by less than 3 %.
 *
 * An alarm also needs x >= the cell's tolerance (of rates the raw difference). When the probe was
 * slower than its own 95 % prediction interval and by 3 % (by 10 % while fewer than three runs are
 * past), and more than 60 % of a scenario's endpoints (by their p50, before the correction) slowed
 * by at least half of that, the machine moved: the scenario's alarms are inconclusive, but not
 * those of times and throughput that lie beyond their bound by more than twice what the probe lost
 * (the steepest slope that is believed): no machine that is 20 % slower makes an answer ten times
 * as late.
 */
#ifndef PERFGATE_VERDICT_HISTORY_H
#define PERFGATE_VERDICT_HISTORY_H

#include "perfgate/verdict/ab.h"

#define HISTORY_MAX 64
#define HISTORY_LEVEL 0.05

/* All pointers are borrowed. The cells of a scenario stand together. */
struct history_cell {
	const char *scenario, *endpoint;
	enum metric metric;
	bool primary; /* ab_is_primary(); a total, or one without any request, must be measured */
	double tolerance; /* as configured */
	const struct ab_sample *past; /* n_past <= HISTORY_MAX */
	size_t n_past;
	struct ab_sample now;
	const double *speed; /* ln of the probe's time in each past run, or NULL; NaN = unknown */
	double speed_now; /* NaN = unknown */
};

enum history_reason {
	HISTORY_REGRESSION,
	HISTORY_ENVIRONMENT, /* would be a regression, but the machine moved */
	HISTORY_SUSPECT, /* beyond 20 %, not provable with so few baselines: A/B decides */
	HISTORY_IMPROVED,
	HISTORY_WITHIN_BOUND,
	HISTORY_NO_BASELINE,
	HISTORY_TOO_FEW_SAMPLES,
	HISTORY_REASON_COUNT
};
extern const char *const history_reason_names[HISTORY_REASON_COUNT];

/* x and bound are on the scale of d: ab_change() makes percent of them; rates: logits. */
struct history_result {
	enum outcome outcome; /* fail = alarm */
	enum history_reason reason;
	size_t n; /* past values that count */
	double baseline; /* median of the past in the metric's unit; NaN = none */
	double x, bound; /* the bound before Holm's later steps: the one to print */
	double p; /* adjusted over the cells; NaN = not judged */
	double shift; /* x, of rates the raw difference */
};

struct history_summary {
	enum outcome outcome; /* of the primary cells and all alarms */
	double beta; /* speed slope used; 0 = none */
	size_t judged; /* m */
	bool environment;
};

/* Fills n_cells of `out`. Allocates while it runs. */
struct history_summary history_judge(const struct history_cell *cells, size_t n_cells,
				     struct history_result *out);

/*
 * The bound for a cell with between-run sd `sd` under m cells: what history can detect. N < 10
 * takes sd for the root of V. Speed is at its mean. INFINITY for n = 0.
 */
double history_bound(size_t n, size_t m, double sd);

#endif
