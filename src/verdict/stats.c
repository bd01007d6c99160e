#include "perfgate/verdict/stats.h"

#include <math.h>
#include <stdlib.h>

#define EPSILON 1e-15
#define TINY 1e-300
#define MAX_TERMS 10000

/* Continued fraction of the incomplete beta function, modified Lentz. */
static double beta_fraction(double a, double b, double x)
{
	double c = 1;
	double d = 1 - (a + b) * x / (a + 1);
	double h;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	h = d;
	for (int m = 1; m <= MAX_TERMS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		step = d * c;
		h *= step;
		if (fabs(step - 1) < EPSILON)
			break;
	}
	return h;
}

/* lgamma() writes the global signgam; the arguments here are positive. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

static double incomplete_beta(double a, double b, double x)
{
	double front;

	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_binomial_tail(uint64_t n, double p, uint64_t k)
{
	if (k == 0)
		return 1;
	if (k > n)
		return 0;
	return incomplete_beta((double)k, (double)(n - k) + 1, p);
}

/* Smallest k in [0, n+1] with P(X >= k) <= level: the tail falls as k grows. */
static uint64_t tail_rank(uint64_t n, double p, double level)
{
	uint64_t low = 0, high = n + 1;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (stats_binomial_tail(n, p, middle) <= level)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void stats_quantile_ranks(uint64_t n, double quantile, double alpha, uint64_t *out_low,
			  uint64_t *out_high)
{
	/* X = values at or below the quantile. X_(r) is above it iff X < r. */
	uint64_t high = tail_rank(n, quantile, alpha / 2);
	/* By symmetry, counting the values above it. */
	uint64_t above = tail_rank(n, 1 - quantile, alpha / 2);

	*out_high = high <= n ? high : n + 1;
	*out_low = above <= n ? n + 1 - above : 0;
}

/* x in [0,1] with I_x(a, b) = level; I is increasing. */
static double beta_quantile(double a, double b, double level)
{
	double low = 0, high = 1;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (incomplete_beta(a, b, middle) < level)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

void stats_proportion_interval(uint64_t k, uint64_t n, double alpha, double *out_low,
			       double *out_high)
{
	double successes = (double)k, failures = (double)(n - k);

	*out_low = k == 0 ? 0 : beta_quantile(successes, failures + 1, alpha / 2);
	*out_high = k == n ? 1 : beta_quantile(successes + 1, failures, 1 - alpha / 2);
}

double stats_normal_tail(double z)
{
	return erfc(z * M_SQRT1_2) / 2;
}

double stats_normal_quantile(double tail)
{
	/* erfc is below the smallest double from 38.6 on. */
	double low = -40, high = 40;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if (stats_normal_tail(middle) > tail)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

double stats_t_tail(double t, double freedom)
{
	double square = t * t;
	/* I_x(v/2, 1/2), x = v/(v+t^2), is P(|T| > |t|); near 0 its complement has the digits. */
	double both = square < 1 ? 1 - incomplete_beta(.5, freedom / 2, square / (freedom + square))
				 : incomplete_beta(freedom / 2, .5, freedom / (freedom + square));

	return t > 0 ? both / 2 : 1 - both / 2;
}

double stats_t_quantile(double tail, double freedom)
{
	double x;

	if (tail > .5)
		return -stats_t_quantile(1 - tail, freedom);
	if (tail > .25) {
		x = beta_quantile(.5, freedom / 2, 1 - 2 * tail);
		return sqrt(freedom * x / (1 - x));
	}
	x = beta_quantile(freedom / 2, .5, 2 * tail);
	return sqrt(freedom * (1 - x) / x);
}

static int by_p(const void *left, const void *right, void *context)
{
	const double *p = context;
	double a = p[*(const size_t *)left], b = p[*(const size_t *)right];

	return (a > b) - (a < b);
}

void stats_holm(const double *p, size_t n, double *out, size_t *order)
{
	size_t m = 0;
	double largest = 0;

	for (size_t i = 0; i < n; i++) {
		if (isnan(p[i]))
			out[i] = p[i];
		else
			order[m++] = i;
	}
	qsort_r(order, m, sizeof *order, by_p, (void *)(uintptr_t)p);
	for (size_t i = 0; i < m; i++) {
		largest = fmax(largest, fmin(1, (double)(m - i) * p[order[i]]));
		out[order[i]] = largest;
	}
}

/* KL divergence of Bernoulli(p) from Bernoulli(q). */
static double divergence(double p, double q)
{
	double hit = p > 0 ? p * log(p / q) : 0;
	double miss = p < 1 ? (1 - p) * log((1 - p) / (1 - q)) : 0;

	return hit + miss;
}

double stats_hoeffding_limit(double mean, double bound, size_t n, double alpha)
{
	double p = mean / bound, low = p, high = 1;

	for (int i = 0; i < 100; i++) {
		double middle = (low + high) / 2;

		if ((double)n * divergence(p, middle) < -log(alpha))
			low = middle;
		else
			high = middle;
	}
	return bound * (low + high) / 2;
}
