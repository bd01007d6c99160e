/*
 * A confidence sequence: an interval of the mean of independent normal values of unknown variance
 * that holds after every value at once, however often it is looked at. Pure.
 *
 * The values so far have mean m and Q = sum (x-m)^2. For a mean mu, the t-test martingale with a
 * N(0, 1/c^2) prior on (mean - mu)/sd,
 *
 *     M_n = sqrt(c^2/(n+c^2)) (V / (V - S^2/(n+c^2)))^(n/2),  V = Q + n (m-mu)^2,  S = n (m-mu),
 *
 * exceeds 1/level with probability <= level (Lai, Annals of Statistics 4, 1976; Wang & Ramdas,
 * Anytime-valid t-tests and confidence sequences for Gaussian means with unknown variance, 2023,
 * arXiv:2310.03722). Solved for |m-mu| it gives the radius.
 */
#ifndef PERFGATE_VERDICT_SEQUENCE_H
#define PERFGATE_VERDICT_SEQUENCE_H

#include <stddef.h>

/* Tightest for means of about 1/c standard deviations: a factor of 2 against d of 7 % noise. */
#define SEQUENCE_C 0.1

/*
 * Half the width of the two-sided sequence at `level` around the mean of n values with standard
 * deviation `sd` (n-1); INFINITY while n is too small for any.
 */
double sequence_radius(size_t n, double sd, double level);

#endif
