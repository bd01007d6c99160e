#include "perfgate/verdict/robust.h"

#include <assert.h>
#include <math.h>

static void swap(double *a, double *b)
{
	double kept = *a;

	*a = *b;
	*b = kept;
}

/* Wirth's form: after each pass [low, j] <= pivot <= [i, high]. */
double robust_select(double *values, size_t n, size_t k)
{
	ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, rank = (ptrdiff_t)k;

	assert(k < n);
	while (low < high) {
		double pivot = values[rank];
		ptrdiff_t i = low, j = high;

		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (pivot < values[j])
				j--;
			if (i <= j)
				swap(&values[i++], &values[j--]);
		}
		if (j < rank)
			low = i;
		if (rank < i)
			high = j;
	}
	return values[k];
}

double robust_median(double *values, size_t n)
{
	double upper;

	if (n == 0)
		return NAN;
	upper = robust_select(values, n, n / 2);
	if (n % 2 == 1)
		return upper;
	return (robust_select(values, n, n / 2 - 1) + upper) / 2;
}

double robust_mean(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return n == 0 ? NAN : sum / (double)n;
}

double robust_sd(const double *values, size_t n)
{
	double mean = robust_mean(values, n), squares = 0;

	for (size_t i = 0; i < n; i++)
		squares += (values[i] - mean) * (values[i] - mean);
	return n < 2 ? NAN : sqrt(squares / (double)(n - 1));
}

void robust_winsorise(double *values, size_t n, double *scratch)
{
	double limit;

	for (size_t i = 0; i < n; i++)
		scratch[i] = fabs(values[i]);
	limit = 3 * robust_median(scratch, n);
	if (!(limit > 0))
		return;
	for (size_t i = 0; i < n; i++)
		values[i] = fmax(-limit, fmin(limit, values[i]));
}

size_t robust_walsh(const double *values, size_t n, double *out)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++)
			out[count++] = (values[i] + values[j]) / 2;
	return count;
}

long robust_signed_rank_critical(size_t n, double level)
{
	/* probability[w] of W+ = w: rank r is positive or not, each with 1/2. */
	double probability[WALSH_COUNT(SIGNED_RANK_MAX) + 1] = {1};
	double below = 0;
	size_t top = 0;

	assert(n <= SIGNED_RANK_MAX);
	for (size_t rank = 1; rank <= n; rank++) {
		top += rank;
		for (size_t w = top + 1; w-- > 0;) {
			double with = w >= rank ? probability[w - rank] : 0;

			probability[w] = (probability[w] + with) / 2;
		}
	}
	for (size_t w = 0; w <= top; w++) {
		below += probability[w];
		if (below > level)
			return (long)w - 1;
	}
	return (long)top;
}

double robust_shift(double *walsh, size_t count)
{
	return robust_median(walsh, count);
}

double robust_lower(double *walsh, size_t count, long c)
{
	if (c < 0 || (size_t)c >= count)
		return -INFINITY;
	return robust_select(walsh, count, (size_t)c);
}

double robust_upper(double *walsh, size_t count, long c)
{
	if (c < 0 || (size_t)c >= count)
		return INFINITY;
	return robust_select(walsh, count, count - 1 - (size_t)c);
}
