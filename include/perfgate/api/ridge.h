/*
 * Ridge regression: weights w that minimise sum (y - w.x)^2 + lambda * sum w_j^2 for j > 0.
 *
 * The first feature is the constant 1 by convention and is not penalised. Solved by
 * the normal equations (X'X + lambda I) w = X'y and a Cholesky factorisation in double
 * precision (Golub & Van Loan, Matrix Computations, 4th ed., algorithm 4.2.1); lambda > 0
 * keeps the matrix positive definite whatever the samples are.
 *
 * Hoerl & Kennard 1970, Technometrics 12:55-67.
 */
#ifndef PERFGATE_API_RIDGE_H
#define PERFGATE_API_RIDGE_H

#include "perfgate/base/error.h"

#include <stddef.h>

struct ridge {
	size_t features;
	double *gram; /* X'X, lower triangle, row by row in a square */
	double *moment; /* X'y */
};

void ridge_init(struct ridge *ridge, size_t features);
void ridge_release(struct ridge *ridge);
void ridge_add(struct ridge *ridge, const float *x, double y);
/* Overwrites the sums. ERROR_INTERNAL when the matrix is singular in floating point. */
PG_MUST_CHECK int ridge_solve(struct ridge *ridge, double lambda, double *weights,
			      struct error *err);

#endif
