/*
 * Location and ranks of small samples, robust against outliers. Pure; nothing allocates: scratch
 * is the caller's, and what reorders its argument says so. Values are finite.
 */
#ifndef PERFGATE_VERDICT_ROBUST_H
#define PERFGATE_VERDICT_ROBUST_H

#include <stddef.h>

/* Walsh averages of n values. */
#define WALSH_COUNT(n) ((n) * ((n) + 1) / 2)

/* The value of rank k, 0 <= k < n, in ascending order (Hoare's find). Reorders `values`. */
double robust_select(double *values, size_t n, size_t k);

/* Mean of the two middle values when n is even; NaN when n is 0. Reorders `values`. */
double robust_median(double *values, size_t n);

/* Mean, and the standard deviation with n-1 (NaN below two values). */
double robust_mean(const double *values, size_t n);
double robust_sd(const double *values, size_t n);

/*
 * Clip each value to +-3 median|value|, unless that is 0 (then most values are 0, and the few that
 * are not would be all the evidence there is). `scratch` has room for n.
 */
void robust_winsorise(double *values, size_t n, double *scratch);

/* The averages (x_i + x_j)/2, i <= j, of n values to `out`; returns WALSH_COUNT(n). */
size_t robust_walsh(const double *values, size_t n, double *out);

/*
 * Wilcoxon's signed-rank distribution: the largest c with P(W+ <= c) <= level for n values without
 * ties, symmetric about 0 (Hollander, Wolfe & Chicken, Nonparametric Statistical Methods, 3rd ed.,
 * 3.1). -1 when even P(W+ = 0) = 2^-n is above the level. n <= SIGNED_RANK_MAX.
 */
#define SIGNED_RANK_MAX 128
long robust_signed_rank_critical(size_t n, double level);

/*
 * The Hodges-Lehmann shift, the median of the Walsh averages, and its distribution-free interval:
 * the (c+1)-th smallest and the (c+1)-th largest (op. cit. 3.2, 3.3). With c for level a each
 * bound alone holds with confidence 1-a. `walsh` comes from robust_walsh() and is reordered;
 * -+INFINITY when c is -1.
 */
double robust_shift(double *walsh, size_t count);
double robust_lower(double *walsh, size_t count, long c);
double robust_upper(double *walsh, size_t count, long c);

#endif
