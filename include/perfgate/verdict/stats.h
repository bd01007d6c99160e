/*
 * Statistics of the verdict: distributions and limits. Pure functions on numbers; location, ranks
 * and intervals of samples are in robust.h.
 */
#ifndef PERFGATE_VERDICT_STATS_H
#define PERFGATE_VERDICT_STATS_H

#include <stddef.h>
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

/* P(Z > z) of the standard normal distribution, and the z with P(Z > z) = tail, 0 < tail < 1. */
double stats_normal_tail(double z);
double stats_normal_quantile(double tail);

/*
 * P(T > t) of Student's t with `freedom` > 0 degrees (DLMF 8.17 with x = v/(v+t^2)), and the t with
 * P(T > t) = tail, 0 < tail < 1. Relative error below 1e-9.
 */
double stats_t_tail(double t, double freedom);
double stats_t_quantile(double tail, double freedom);

/*
 * Holm's adjusted p values (Scandinavian Journal of Statistics 6, 1979): in order of p,
 * max over j <= i of min(1, (m-j+1) p_(j)). NaN stays NaN and does not count in m. `order` is
 * scratch for n; out may be p.
 */
void stats_holm(const double *p, size_t n, double *out, size_t *order);

/*
 * Upper limit, at confidence 1-alpha, of the mean of n independent values in [0, bound] with the
 * sample mean `mean`: the u > mean with n KL(mean/bound || u/bound) = ln(1/alpha), KL of two
 * Bernoulli distributions (Hoeffding, JASA 58, 1963, theorem 1). At most `bound`.
 */
double stats_hoeffding_limit(double mean, double bound, size_t n, double alpha);

#endif
