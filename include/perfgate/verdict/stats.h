/*
 * Statistics of the verdict: pure functions on numbers.
 */
#ifndef PERFGATE_VERDICT_STATS_H
#define PERFGATE_VERDICT_STATS_H

#include <stdint.h>

/*
 * P(X >= k) for X ~ Bin(n, p), 0 <= p <= 1: the regularised incomplete beta
 * function I_p(k, n-k+1) by Lentz's continued fraction (Press et al., Numerical
 * Recipes 3rd ed., 6.4; DLMF 8.17.22). Relative error below 1e-10.
 */
double stats_binomial_tail(uint64_t n, double p, uint64_t k);

/*
 * Two-sided order-statistic interval of the `quantile` of n independent
 * values (David & Nagaraja, Order Statistics, 3rd ed., 7.1): ranks 1 <= low
 * <= high <= n such that each tail is at most alpha/2. 0 is returned as `low`, and
 * n+1 as `high`, when no rank reaches that level on its side.
 */
void stats_quantile_ranks(uint64_t n, double quantile, double alpha, uint64_t *out_low,
			  uint64_t *out_high);

/* Two-sided Clopper-Pearson interval of a proportion k/n (Biometrika 26, 1934). */
void stats_proportion_interval(uint64_t k, uint64_t n, double alpha, double *out_low,
			       double *out_high);

#endif
