#include "perfgate/verdict/bootstrap.h"

#include "perfgate/base/mem.h"
#include "perfgate/verdict/robust.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static double mean(double *values, size_t n)
{
	return robust_mean(values, n);
}

/* Share of the intervals that hold the true mean 0 of an AR(1) series. */
static double coverage(double correlation, size_t block)
{
	enum { N = 120, RUNS = 300, REPLICATES = 400 };
	const struct bootstrap plan = {block, REPLICATES, .05, mean};
	double series[N], scratch[N + REPLICATES];
	struct rng rng;
	int covered = 0;

	rng_seed(&rng, 11, block);
	for (int run = 0; run < RUNS; run++) {
		double low, high, x = noise_normal(&rng) / sqrt(1 - correlation * correlation);

		for (size_t i = 0; i < N; i++)
			series[i] = x = correlation * x + noise_normal(&rng);
		bootstrap_interval(&plan, series, N, &rng, scratch, &low, &high);
		assert_true(low <= high);
		covered += low <= 0 && high >= 0;
	}
	return (double)covered / RUNS;
}

static void test_interval_covers_independent_values(void **state)
{
	(void)state;
	assert_true(coverage(0, 1) > .90);
	assert_true(coverage(0, 0) > .86);
}

/* What single values would miss: with correlation .6 they cover about two thirds. */
static void test_blocks_keep_the_correlation_of_neighbours(void **state)
{
	double single = coverage(.6, 1), blocks = coverage(.6, 12);

	(void)state;
	assert_true(single < .80);
	assert_true(blocks > .82);
}

static void test_the_same_seed_gives_the_same_interval(void **state)
{
	const struct bootstrap plan = {0, 100, .05, robust_median};
	static const double series[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	double scratch[ARRAY_SIZE(series) + 100], low[2], high[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rng rng;

		rng_seed(&rng, 1, 2);
		bootstrap_interval(&plan, series, ARRAY_SIZE(series), &rng, scratch, &low[i],
				   &high[i]);
	}
	assert_true(low[0] == low[1] && high[0] == high[1]);
	assert_true(low[0] >= 1 && high[0] <= 9 && low[0] < 5 && high[0] > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval_covers_independent_values),
		cmocka_unit_test(test_blocks_keep_the_correlation_of_neighbours),
		cmocka_unit_test(test_the_same_seed_gives_the_same_interval),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
