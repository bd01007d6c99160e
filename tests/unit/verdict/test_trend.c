#include "perfgate/verdict/trend.h"

#include "perfgate/base/mem.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/trend.inc"

#define SECONDS 3600

static void assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want))))
		fail_msg("got %.15g, want %.15g", got, want);
}

static void test_slope_interval_and_p_match_scipy(void **state)
{
	double t[TREND_POINTS_MAX];

	(void)state;
	for (size_t i = 0; i < TREND_POINTS_MAX; i++)
		t[i] = 15 * (double)i;
	for (size_t i = 0; i < ARRAY_SIZE(trend_values); i++) {
		struct trend_series input = {.t_s = t,
					     .y = &series[trend_values[i].first],
					     .n = trend_values[i].n};
		struct trend trend;

		trend_judge(&input, &trend);
		assert_near(trend.per_hour, trend_values[i].per_hour);
		assert_near(trend.p, trend_values[i].p);
		assert_near(trend.inflation, trend_values[i].inflation);
		assert_true(trend.low <= trend.per_hour && trend.per_hour <= trend.high);
		if (isnan(trend_values[i].low))
			continue;
		assert_near(trend.low, trend_values[i].low);
		assert_near(trend.high, trend_values[i].high);
	}
}

/* An hour of seconds around 100 with 5 % noise of the given correlation, rising by `rise`. */
static void make_hour(struct rng *rng, double rise, double correlation, double *t, double *y)
{
	double noise = noise_normal(rng);

	for (size_t i = 0; i < SECONDS; i++) {
		noise = correlation * noise +
			sqrt(1 - correlation * correlation) * noise_normal(rng);
		t[i] = (double)i;
		y[i] = 100 * (1 + rise * (double)i / SECONDS) + 5 * noise;
	}
}

static double drift_share(double rise, double correlation, double threshold)
{
	enum { RUNS = 40 };
	AUTO_FREE double *t = xcalloc(SECONDS, sizeof *t);
	AUTO_FREE double *y = xcalloc(SECONDS, sizeof *y);
	struct trend_series input = {t, y, SECONDS, threshold, true};
	struct rng rng;
	int found = 0;

	rng_seed(&rng, 21, (uint64_t)(100 * correlation));
	for (int run = 0; run < RUNS; run++) {
		struct trend trend;

		make_hour(&rng, rise, correlation, t, y);
		trend_judge(&input, &trend);
		assert_true(trend.n <= TREND_POINTS_MAX);
		found += trend.verdict == TREND_DRIFT;
	}
	return (double)found / RUNS;
}

static void test_a_leak_drifts_and_a_steady_hour_does_not(void **state)
{
	(void)state;
	assert_true(drift_share(.2, .9, .1) >= .95);
	assert_true(drift_share(0, 0, 0) <= .05);
	assert_true(drift_share(0, .98, 0) <= .05);
	/* A fall is no leak, and a slope below the threshold no verdict. */
	assert_true(drift_share(-.2, .5, .1) <= 0);
	assert_true(drift_share(.04, 0, .1) <= 0);
}

static void test_what_a_leak_comes_to_is_told_per_hour_and_in_all(void **state)
{
	double t[60], y[60];
	struct trend_series input = {t, y, 60, 8, false};
	struct trend trend;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		t[i] = 30 * (double)i;
		y[i] = 50 + 20 * t[i] / 3600;
	}
	trend_judge(&input, &trend);
	assert_int_equal(trend.verdict, TREND_DRIFT);
	assert_near(trend.per_hour, 20);
	assert_near(trend.rise, 20 * 59.0 / 120);
	assert_true(fabs(trend.start - 50) < 1);
	input.relative = true;
	input.threshold = .15;
	trend_judge(&input, &trend);
	assert_near(trend.rise, 20 * 59.0 / 120 / trend.start);
	assert_int_equal(trend.verdict, TREND_DRIFT);
}

static void test_series_without_enough_or_without_change_have_no_trend(void **state)
{
	double t[30], y[30];
	struct trend_series input = {t, y, 30, 0, false};
	struct trend trend;

	(void)state;
	for (size_t i = 0; i < 30; i++) {
		t[i] = (double)i;
		y[i] = i % 4 == 0 ? (double)i : NAN;
	}
	trend_judge(&input, &trend);
	assert_int_equal(trend.verdict, TREND_TOO_FEW);
	assert_int_equal(trend.n, 8);
	assert_true(isnan(trend.p));
	for (size_t i = 0; i < 30; i++)
		y[i] = 7;
	trend_judge(&input, &trend);
	assert_int_equal(trend.verdict, TREND_NONE);
	assert_near(trend.p, 1);
	assert_near(trend.per_hour, 0);
	input.n = 0;
	trend_judge(&input, &trend);
	assert_int_equal(trend.verdict, TREND_TOO_FEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slope_interval_and_p_match_scipy),
		cmocka_unit_test(test_a_leak_drifts_and_a_steady_hour_does_not),
		cmocka_unit_test(test_what_a_leak_comes_to_is_told_per_hour_and_in_all),
		cmocka_unit_test(test_series_without_enough_or_without_change_have_no_trend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
