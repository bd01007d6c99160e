#include "perfgate/api/ridge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const float samples[][3] = {
	{1, 0.5f, -2}, {1, 1.5f, 0.25f}, {1, -1, 3}, {1, 2, 1}, {1, 0, -0.5f},
};
static const double targets[] = {1, 2, -0.5, 4, 0.75};

static int solve(double lambda, size_t times, double weights[3])
{
	struct error err = ERROR_INIT;
	struct ridge ridge;
	int status;

	ridge_init(&ridge, 3);
	for (size_t t = 0; t < times; t++)
		for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
			ridge_add(&ridge, samples[i], targets[i]);
	status = ridge_solve(&ridge, lambda, weights, &err);
	ridge_release(&ridge);
	error_clear(&err);
	return status;
}

/* Gauss-Jordan elimination in exact fractions (Python). */
static void weights_are_those_of_exact_arithmetic(void **state)
{
	static const struct {
		double lambda, expected[3];
	} rows[] = {
		{0.5, {0.64489240041726226, 1.2797782328169069, 0.10640188540741027}},
		{0, {0.55959513634961888, 1.4053702806291026, 0.13480770077977003}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double weights[3];

		assert_int_equal(solve(rows[i].lambda, 1, weights), 0);
		for (size_t j = 0; j < 3; j++)
			if (fabs(weights[j] - rows[i].expected[j]) > 1e-13)
				fail_msg("lambda %g, weight %zu: %.17g", rows[i].lambda, j,
					 weights[j]);
	}
}

static void samples_twice_with_twice_the_penalty_change_nothing(void **state)
{
	double once[3], twice[3];

	(void)state;
	assert_int_equal(solve(0.5, 1, once), 0);
	assert_int_equal(solve(1.0, 2, twice), 0);
	for (size_t j = 0; j < 3; j++)
		assert_true(fabs(once[j] - twice[j]) < 1e-13);
}

/* A huge penalty leaves the constant, which is not penalised: the mean. */
static void the_constant_is_not_penalised(void **state)
{
	double weights[3];

	(void)state;
	assert_int_equal(solve(1e12, 1, weights), 0);
	assert_true(fabs(weights[0] - 1.45) < 1e-9);
	assert_true(fabs(weights[1]) < 1e-9 && fabs(weights[2]) < 1e-9);
}

static void features_that_say_the_same_need_a_penalty(void **state)
{
	static const float twin[] = {1, 2, 2};
	struct error err = ERROR_INIT;
	struct ridge ridge;
	double weights[3];

	(void)state;
	for (int penalised = 0; penalised < 2; penalised++) {
		ridge_init(&ridge, 3);
		for (int i = 0; i < 4; i++) /* 4: its root is exact */
			ridge_add(&ridge, twin, 1);
		assert_int_equal(ridge_solve(&ridge, penalised ? 0.1 : 0, weights, &err),
				 penalised ? 0 : -1);
		ridge_release(&ridge);
		error_clear(&err);
	}
	assert_true(fabs(weights[1] - weights[2]) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_those_of_exact_arithmetic),
		cmocka_unit_test(samples_twice_with_twice_the_penalty_change_nothing),
		cmocka_unit_test(the_constant_is_not_penalised),
		cmocka_unit_test(features_that_say_the_same_need_a_penalty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
