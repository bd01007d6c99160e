#include "perfgate/api/ridge.h"

#include "perfgate/base/mem.h"

#include <math.h>

void ridge_init(struct ridge *ridge, size_t features)
{
	ridge->features = features;
	ridge->gram = xcalloc(features * features, sizeof *ridge->gram);
	ridge->moment = xcalloc(features, sizeof *ridge->moment);
}

void ridge_release(struct ridge *ridge)
{
	free(ridge->gram);
	free(ridge->moment);
	*ridge = (struct ridge){0};
}

void ridge_add(struct ridge *ridge, const float *x, double y)
{
	size_t n = ridge->features;

	for (size_t i = 0; i < n; i++) {
		double *row = ridge->gram + i * n;
		double xi = (double)x[i];

		for (size_t j = 0; j <= i; j++)
			row[j] += xi * (double)x[j];
		ridge->moment[i] += xi * y;
	}
}

/* A = LL', L over A. */
static int factorise(double *a, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		double *row_j = a + j * n;
		double pivot = row_j[j];

		for (size_t k = 0; k < j; k++)
			pivot -= row_j[k] * row_j[k];
		if (!(pivot > 0))
			return -1;
		row_j[j] = sqrt(pivot);
		for (size_t i = j + 1; i < n; i++) {
			double *row_i = a + i * n;
			double sum = row_i[j];

			for (size_t k = 0; k < j; k++)
				sum -= row_i[k] * row_j[k];
			row_i[j] = sum / row_j[j];
		}
	}
	return 0;
}

int ridge_solve(struct ridge *ridge, double lambda, double *weights, struct error *err)
{
	size_t n = ridge->features;
	double *l = ridge->gram, *y = ridge->moment;

	for (size_t i = 1; i < n; i++)
		l[i * n + i] += lambda;
	if (factorise(l, n) < 0)
		return error_set(err, ERROR_INTERNAL, "ridge regression: the matrix is singular");
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			y[i] -= l[i * n + k] * y[k];
		y[i] /= l[i * n + i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			y[i] -= l[k * n + i] * y[k];
		y[i] /= l[i * n + i];
		weights[i] = y[i];
	}
	return 0;
}
