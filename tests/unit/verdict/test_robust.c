#include "perfgate/verdict/robust.h"

#include "perfgate/base/mem.h"
#include "perfgate/base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reference/robust.inc"

static void assert_near(double got, double want)
{
	if (!(got == want || fabs(got - want) <= 1e-12))
		fail_msg("got %.15g, want %.15g", got, want);
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void test_select_finds_every_rank_among_ties_and_in_any_order(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3, 0);
	for (int round = 0; round < 500; round++) {
		double values[40], sorted[40];
		size_t n = 1 + (size_t)rng_below(&rng, 40);
		/* Few distinct values in every third round. */
		uint64_t distinct = round % 3 == 0 ? 3 : 1000;

		for (size_t i = 0; i < n; i++)
			sorted[i] = (double)rng_below(&rng, distinct);
		memcpy(values, sorted, sizeof values);
		qsort(sorted, n, sizeof *sorted, by_value);
		for (size_t k = 0; k < n; k++)
			assert_near(robust_select(values, n, k), sorted[k]);
		assert_near(robust_median(values, n), (sorted[(n - 1) / 2] + sorted[n / 2]) / 2);
	}
	assert_true(isnan(robust_median(NULL, 0)));
}

static void test_winsorise_clips_at_three_medians_but_not_when_most_are_zero(void **state)
{
	double values[] = {.1, -.1, .1, 5, -7}, scratch[5];
	double rare[] = {0, 0, 0, 0, 5};

	(void)state;
	robust_winsorise(values, 5, scratch);
	assert_near(values[0], .1);
	assert_near(values[3], .3);
	assert_near(values[4], -.3);
	robust_winsorise(rare, 5, scratch);
	assert_near(rare[4], 5);
}

static void test_signed_rank_matches_exact_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signed_rank_values); i++)
		assert_int_equal(robust_signed_rank_critical(signed_rank_values[i].n,
							     signed_rank_values[i].level),
				 signed_rank_values[i].c);
}

/* What verdict.md names: 2nd of 36, 24th of 136, 84th of 300. */
static void test_pass_bound_is_the_walsh_average_that_the_looks_name(void **state)
{
	static const struct {
		size_t n;
		double level;
		size_t rank, of;
	} rows[] = {{8, .01, 2, 36}, {16, .01, 24, 136}, {24, .03, 84, 300}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double ranks[300];

		for (size_t k = 0; k < rows[i].of; k++)
			ranks[k] = (double)(rows[i].of - k);
		assert_int_equal(WALSH_COUNT(rows[i].n), rows[i].of);
		assert_near(robust_upper(ranks, rows[i].of,
					 robust_signed_rank_critical(rows[i].n, rows[i].level)),
			    (double)(rows[i].of + 1 - rows[i].rank));
	}
}

static void test_shift_and_interval_match_numpy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shift_values); i++) {
		const double *x = &samples[shift_values[i].first];
		size_t n = shift_values[i].n;
		AUTO_FREE double *walsh = xcalloc(WALSH_COUNT(n), sizeof *walsh);
		AUTO_FREE double *copy = xcalloc(n, sizeof *copy);
		AUTO_FREE double *scratch = xcalloc(n, sizeof *scratch);
		long c = robust_signed_rank_critical(n, .025);
		size_t count = robust_walsh(x, n, walsh);

		assert_near(robust_shift(walsh, count), shift_values[i].shift);
		assert_near(robust_lower(walsh, count, c), shift_values[i].low);
		assert_near(robust_upper(walsh, count, c), shift_values[i].high);
		memcpy(copy, x, n * sizeof *copy);
		robust_winsorise(copy, n, scratch);
		for (size_t k = 0; k < n; k++)
			assert_near(copy[k], fmax(-shift_values[i].limit,
						  fmin(shift_values[i].limit, x[k])));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select_finds_every_rank_among_ties_and_in_any_order),
		cmocka_unit_test(test_winsorise_clips_at_three_medians_but_not_when_most_are_zero),
		cmocka_unit_test(test_signed_rank_matches_exact_counts),
		cmocka_unit_test(test_pass_bound_is_the_walsh_average_that_the_looks_name),
		cmocka_unit_test(test_shift_and_interval_match_numpy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
