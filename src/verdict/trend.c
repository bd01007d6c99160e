#include "perfgate/verdict/trend.h"

#include "perfgate/base/mem.h"
#include "perfgate/verdict/robust.h"
#include "perfgate/verdict/stats.h"

#include <math.h>

#define HOUR_S 3600
#define AUTOCORRELATION_MAX .98

/* At most TREND_POINTS_MAX points with values. */
struct points {
	double t[TREND_POINTS_MAX], y[TREND_POINTS_MAX];
	size_t n;
};

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static int sign(double value)
{
	return (value > 0) - (value < 0);
}

/* Medians of equal stretches of time; a stretch without a value has no point. */
static void reduce(const struct trend_series *series, struct points *points)
{
	AUTO_FREE double *bin = xcalloc(series->n + 1, sizeof *bin);
	double start = series->t_s[0], length = series->t_s[series->n - 1] - start;
	size_t i = 0;

	for (size_t b = 0; b < TREND_POINTS_MAX; b++) {
		double end = start + length * (double)(b + 1) / TREND_POINTS_MAX, time = 0;
		size_t n = 0;

		for (; i < series->n && (series->t_s[i] < end || b + 1 == TREND_POINTS_MAX); i++) {
			if (!isfinite(series->y[i]))
				continue;
			time += series->t_s[i];
			bin[n++] = series->y[i];
		}
		if (n == 0)
			continue;
		points->t[points->n] = time / (double)n;
		points->y[points->n++] = robust_median(bin, n);
	}
}

static void load_points(const struct trend_series *series, struct points *points)
{
	points->n = 0;
	if (series->n > TREND_POINTS_MAX) {
		reduce(series, points);
		return;
	}
	for (size_t i = 0; i < series->n; i++) {
		if (!isfinite(series->y[i]))
			continue;
		points->t[points->n] = series->t_s[i];
		points->y[points->n++] = series->y[i];
	}
}

/* Pairs of different times only. */
static size_t pair_slopes(const struct points *points, double *out)
{
	size_t count = 0;

	for (size_t i = 0; i < points->n; i++)
		for (size_t k = i + 1; k < points->n; k++)
			if (points->t[k] > points->t[i])
				out[count++] = (points->y[k] - points->y[i]) /
					       (points->t[k] - points->t[i]);
	return count;
}

static double score(const struct points *points)
{
	long s = 0;

	for (size_t i = 0; i < points->n; i++)
		for (size_t k = i + 1; k < points->n; k++)
			s += sign(points->y[k] - points->y[i]);
	return (double)s;
}

/* n(n-1)(2n+5)/18, less the same of every group of ties. */
static double score_variance(const struct points *points)
{
	double sorted[TREND_POINTS_MAX], n = (double)points->n;
	double variance = n * (n - 1) * (2 * n + 5);

	for (size_t i = 0; i < points->n; i++)
		sorted[i] = points->y[i];
	qsort(sorted, points->n, sizeof *sorted, by_value);
	for (size_t i = 0, end; i < points->n; i = end) {
		double ties;

		for (end = i + 1; end < points->n && sorted[end] <= sorted[i]; end++)
			;
		ties = (double)(end - i);
		variance -= ties * (ties - 1) * (2 * ties + 5);
	}
	return variance / 18;
}

/* Ranks of the detrended series around their mean, ties shared. */
static void residual_ranks(const struct points *points, double slope, double *out)
{
	double residual[TREND_POINTS_MAX];

	for (size_t i = 0; i < points->n; i++)
		residual[i] = points->y[i] - slope * points->t[i];
	for (size_t i = 0; i < points->n; i++) {
		out[i] = 0;
		for (size_t k = 0; k < points->n; k++)
			out[i] += .5 * sign(residual[i] - residual[k]);
	}
}

/* Of an AR(1) series: 1 + 2 sum (1 - k/n) r^k over the lags k. */
static double inflation(const struct points *points, double slope)
{
	double ranks[TREND_POINTS_MAX], n = (double)points->n;
	double squares = 0, products = 0, sum = 0, r, power = 1;

	residual_ranks(points, slope, ranks);
	for (size_t i = 0; i < points->n; i++) {
		squares += ranks[i] * ranks[i];
		products += i > 0 ? ranks[i] * ranks[i - 1] : 0;
	}
	if (!(squares > 0))
		return 1;
	r = fmin(AUTOCORRELATION_MAX, (n * products / squares + 2) / (n - 4));
	for (size_t k = 1; k < points->n; k++)
		sum += (1 - (double)k / n) * (power *= r);
	return fmax(1, 1 + 2 * sum);
}

/* Sen's interval: the slopes of rank (pairs -+ z sd(S))/2. */
static void slope_interval(double *slopes, size_t count, double sd, struct trend *out)
{
	double pairs = (double)count, half = stats_normal_quantile(.025) * sd;
	double low = rint((pairs - half) / 2) - 1, high = rint((pairs + half) / 2);

	/* Counted from 0. */
	low = fmax(low, 0);
	high = fmin(high, pairs - 1);
	out->low = HOUR_S * robust_select(slopes, count, (size_t)low);
	out->high = HOUR_S * robust_select(slopes, count, (size_t)high);
}

static double first_tenth(const struct points *points)
{
	double values[TREND_POINTS_MAX];
	size_t n = points->n / 10;

	for (size_t i = 0; i < n; i++)
		values[i] = points->y[i];
	return robust_median(values, n);
}

void trend_judge(const struct trend_series *series, struct trend *out)
{
	AUTO_FREE double *slopes = NULL;
	struct points points;
	double s, sd, slope;
	size_t count;

	*out = (struct trend){TREND_TOO_FEW, 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	load_points(series, &points);
	out->n = points.n;
	if (points.n < TREND_POINTS_MIN)
		return;
	slopes = xcalloc(points.n * (points.n - 1) / 2, sizeof *slopes);
	count = pair_slopes(&points, slopes);
	if (count == 0)
		return;
	slope = robust_median(slopes, count);
	out->inflation = inflation(&points, slope);
	s = score(&points);
	sd = sqrt(score_variance(&points) * out->inflation);
	/* Continuity: S moves in steps of two. A constant series has no variance, and no trend. */
	out->p = sd > 0 ? stats_normal_tail((s - sign(s)) / sd) : 1;
	out->per_hour = HOUR_S * slope;
	slope_interval(slopes, count, sd, out);
	out->start = first_tenth(&points);
	out->rise = slope * (points.t[points.n - 1] - points.t[0]);
	if (series->relative)
		out->rise /= fabs(out->start);
	out->verdict =
		out->p <= TREND_LEVEL && out->rise >= series->threshold ? TREND_DRIFT : TREND_NONE;
}
