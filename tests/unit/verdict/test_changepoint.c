#include "perfgate/verdict/changepoint.h"

#include "perfgate/base/mem.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 160

/* ln ms of baselines with 2 % noise, `step` higher from each place on. */
static void make_series(struct rng *rng, const size_t *places, size_t n_places, double step,
			double *out)
{
	double level = 1;

	for (size_t i = 0, next = 0; i < N; i++) {
		if (next < n_places && i == places[next]) {
			level += next % 2 == 0 ? step : -step;
			next++;
		}
		out[i] = level + .02 * noise_normal(rng);
	}
}

static size_t find(const double *values, size_t n, struct changepoint *out)
{
	struct rng rng;

	rng_seed(&rng, 1, 1);
	return changepoint_find(values, n, log1p(CHANGEPOINT_MAGNITUDE), &rng, out);
}

static void test_steps_are_found_where_they_are(void **state)
{
	static const size_t places[] = {37, 60, 110, 150};
	struct changepoint points[N];
	double values[N];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 2, 0);
	make_series(&rng, places, ARRAY_SIZE(places), .12, values);
	assert_int_equal(find(values, N, points), ARRAY_SIZE(places));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		assert_int_equal(points[i].index, places[i]);
		assert_true(points[i].p < CHANGEPOINT_LEVEL);
		assert_true(fabs(points[i].change - (i % 2 == 0 ? .12 : -.12)) < .02);
	}
}

static void test_steps_below_the_magnitude_and_single_outliers_are_left(void **state)
{
	static const size_t places[] = {80};
	struct changepoint points[N];
	double values[N];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 3, 0);
	make_series(&rng, places, 1, .12, values);
	assert_int_equal(find(values, N, points), 1);
	/* As clear, but a step of 3 %. */
	for (size_t i = 0; i < N; i++)
		values[i] /= 4;
	assert_int_equal(find(values, N, points), 0);
	make_series(&rng, NULL, 0, 0, values);
	values[40] = values[90] = 3;
	assert_int_equal(find(values, N, points), 0);
}

static void test_short_and_constant_series_have_none(void **state)
{
	static const double constant[20] = {0};
	static const double few[] = {1, 1, 9, 9, 9};
	struct changepoint points[20];

	(void)state;
	assert_int_equal(find(constant, 0, points), 0);
	assert_int_equal(find(few, ARRAY_SIZE(few), points), 0);
	assert_int_equal(find(constant, 20, points), 0);
}

/* Six runs after it are enough for a step of several sd. */
static void test_a_recent_step_is_found_after_a_few_runs(void **state)
{
	static const size_t places[] = {N - 6};
	struct changepoint points[N];
	double values[N];
	struct rng rng;
	int found = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		rng_seed(&rng, 4, seed);
		make_series(&rng, places, 1, .15, values);
		found += find(values, N, points) == 1 && points[0].index == places[0];
	}
	assert_true(found >= 18);
}

static void test_series_without_a_change_rarely_have_one(void **state)
{
	enum { RUNS = 60 };
	struct changepoint points[N];
	double values[N];
	struct rng rng;
	size_t found = 0;

	(void)state;
	rng_seed(&rng, 5, 0);
	for (int run = 0; run < RUNS; run++) {
		/* 10 % of heavy-tailed noise: the magnitude alone would let many through. */
		for (size_t i = 0; i < N; i++)
			values[i] = .1 / sqrt(3) * noise_heavy(&rng);
		found += find(values, N, points);
	}
	assert_true(found <= 3);
}

static void test_creep_is_seen_since_the_tag_though_no_step_is(void **state)
{
	double values[N];
	struct creep creep;
	struct rng rng;

	(void)state;
	rng_seed(&rng, 6, 0);
	/* 1 % a week, two runs a week, for 15 weeks after a quiet time. */
	for (size_t i = 0; i < 60; i++)
		values[i] = (i < 30 ? 0 : .005 * (double)(i - 30)) + .02 * noise_normal(&rng);
	creep = changepoint_creep(values, 60, 30, log(1.05));
	assert_true(creep.found);
	assert_true(creep.change > .10 && creep.change < .17);
	assert_int_equal(creep.before, CREEP_RUNS);
	assert_int_equal(creep.after, CREEP_RUNS);
	creep = changepoint_creep(values, 30, 15, log(1.05));
	assert_false(creep.found);
	creep = changepoint_creep(values, 30, 26, log(1.05));
	assert_false(creep.found);
	assert_int_equal(creep.after, 0);
	assert_true(isnan(creep.p));
}

/* All after above all before: one of C(12, 6) = 924 ways. */
static void test_creep_has_the_exact_p_of_its_permutations(void **state)
{
	static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

	(void)state;
	assert_true(fabs(changepoint_creep(values, 12, 5, 0).p - 1.0 / 924) < 1e-12);
	assert_true(fabs(changepoint_creep(values, 10, 4, 0).p - 1.0 / 252) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_are_found_where_they_are),
		cmocka_unit_test(test_steps_below_the_magnitude_and_single_outliers_are_left),
		cmocka_unit_test(test_short_and_constant_series_have_none),
		cmocka_unit_test(test_a_recent_step_is_found_after_a_few_runs),
		cmocka_unit_test(test_series_without_a_change_rarely_have_one),
		cmocka_unit_test(test_creep_is_seen_since_the_tag_though_no_step_is),
		cmocka_unit_test(test_creep_has_the_exact_p_of_its_permutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
