/*
 * Drift and leaks: does a series rise over a scenario? Pure.
 *
 * Mann-Kendall: S = sum of sign(y_k - y_i), i < k, with the variance corrected for ties (Kendall,
 * Rank Correlation Methods, 4th ed., 1975) and for autocorrelation: times 1 + 2 sum (1 - k/n) r^k
 * over the lags k (Yue & Wang, Water Resources Management 18, 2004), never below 1, r the lag-1
 * autocorrelation of the ranks of the detrended series, (n r + 2)/(n - 4) instead of r for the bias
 * that detrending gives it (Hamed, Journal of Hydrology 368, 2009). The lags' own correlations
 * (Hamed & Rao 1998) keep the level less well: too many of them miss significance.
 * The slope is Theil-Sen's, the median of the slopes of all pairs, with Sen's interval from the
 * same variance (JASA 63, 1968).
 *
 * A series drifts when it rises with a one-sided p <= .01 and the rise over the time observed is at
 * least the threshold. Significance alone is not enough: an hour of seconds makes any slope
 * significant. Magnitude alone is not either: noise has slopes.
 */
#ifndef PERFGATE_VERDICT_TREND_H
#define PERFGATE_VERDICT_TREND_H

#include <stdbool.h>
#include <stddef.h>

#define TREND_POINTS_MIN 10
#define TREND_POINTS_MAX 240
#define TREND_LEVEL 0.01

struct trend_series {
	const double *t_s, *y; /* seconds, ascending; NaN in y = no value */
	size_t n;
	/* The rise that counts: as a fraction of the first tenth's median, or in y's unit. */
	double threshold;
	bool relative;
};

enum trend_verdict { TREND_NONE, TREND_DRIFT, TREND_TOO_FEW };

struct trend {
	enum trend_verdict verdict;
	size_t n; /* points judged */
	double per_hour, low, high; /* slope in y's unit, two-sided 95 % */
	double p; /* one-sided, for a rise */
	double inflation; /* of the variance by autocorrelation, >= 1 */
	double start; /* median of the first tenth */
	double rise; /* slope times the time observed; a fraction of start when relative */
};

/*
 * Judge the series. Above TREND_POINTS_MAX points it is first reduced to the medians of as many
 * equal stretches of time; below TREND_POINTS_MIN it is TREND_TOO_FEW and the rest NaN.
 * Allocates about 250 KB while it runs.
 */
void trend_judge(const struct trend_series *series, struct trend *out);

#endif
