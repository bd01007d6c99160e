#include "perfgate/verdict/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/stats.inc"

static void assert_near(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("got %.15g, want %.15g", got, want);
}

/* Sums of exact fractions: sum(comb(n, i) p^i (1-p)^(n-i) for i >= k). */
static void test_binomial_tail_matches_reference_values(void **state)
{
	static const struct {
		uint64_t n;
		double p;
		uint64_t k;
		double want;
	} rows[] = {
		{10, .5, 0, 1},
		{10, .5, 10, 0.0009765625},
		{10, .5, 5, 0.623046875},
		{20, .05, 1, 0.6415140775914577},
		{20, .05, 3, 0.07548367378849634},
		{20, .05, 4, 0.01590152601976356},
		{150, .05, 12, 0.07400412445774161},
		{3, .01, 4, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_near(stats_binomial_tail(rows[i].n, rows[i].p, rows[i].k), rows[i].want,
			    1e-10);
}

/* The tail by plain summation, for every k of some n. */
static void test_binomial_tail_equals_the_sum_of_its_terms(void **state)
{
	const uint64_t n = 60;
	const double p = .07;
	double tail = 0, term[61];

	(void)state;
	term[0] = pow(1 - p, (double)n);
	for (uint64_t k = 1; k <= n; k++)
		term[k] = term[k - 1] * (double)(n - k + 1) / (double)k * p / (1 - p);
	for (uint64_t k = n; k > 0; k--) {
		tail += term[k];
		assert_near(stats_binomial_tail(n, p, k), tail, 1e-11 + tail * 1e-9);
	}
}

/* Each rank keeps its level, and the next one inward would not. */
static void test_quantile_ranks_are_the_tightest_that_keep_the_level(void **state)
{
	static const uint64_t sizes[] = {20, 60, 200, 1000, 20000};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		uint64_t n = sizes[i], low, high;

		stats_quantile_ranks(n, .95, .05, &low, &high);
		/* P(X >= high): the quantile is above the value of rank `high`. */
		assert_true(high > n || stats_binomial_tail(n, .95, high) <= .025);
		assert_true(stats_binomial_tail(n, .95, high - 1) > .025);
		/* P(X < low): the quantile is below the value of rank `low`. */
		assert_true(low > 0);
		assert_true(1 - stats_binomial_tail(n, .95, low) <= .025 + 1e-12);
		assert_true(1 - stats_binomial_tail(n, .95, low + 1) > .025);
	}
}

static void test_quantile_ranks_say_when_a_side_has_no_bound(void **state)
{
	uint64_t low, high;

	(void)state;
	stats_quantile_ranks(20, .99, .05, &low, &high);
	assert_int_equal(high, 21);
	stats_quantile_ranks(1, .5, .05, &low, &high);
	assert_int_equal(low, 0);
	assert_int_equal(high, 2);
}

/* R: binom.test(k, n)$conf.int */
static void test_proportion_interval_matches_reference_values(void **state)
{
	double low, high;

	(void)state;
	stats_proportion_interval(5, 100, .05, &low, &high);
	assert_near(low, 0.01643187918, 1e-9);
	assert_near(high, 0.11283491110, 1e-9);
	stats_proportion_interval(0, 10, .05, &low, &high);
	assert_near(low, 0, 0);
	assert_near(high, 0.30849710782, 1e-9);
	stats_proportion_interval(10, 10, .05, &low, &high);
	assert_near(low, 1 - 0.30849710782, 1e-9);
	assert_near(high, 1, 0);
}

static void assert_close(double got, double want)
{
	assert_near(got, want, 1e-9 * fmax(1e-3, fabs(want)));
}

static void test_quantiles_and_tails_match_scipy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof t_values / sizeof *t_values; i++) {
		assert_close(stats_t_quantile(t_values[i].tail, t_values[i].freedom),
			     t_values[i].t);
		assert_near(stats_t_tail(t_values[i].t, t_values[i].freedom) / t_values[i].tail, 1,
			    1e-9);
	}
	for (size_t i = 0; i < sizeof normal_values / sizeof *normal_values; i++) {
		assert_close(stats_normal_quantile(normal_values[i].tail), normal_values[i].z);
		assert_near(stats_normal_tail(normal_values[i].z) / normal_values[i].tail, 1, 1e-9);
	}
}

static void test_holm_matches_its_definition_and_leaves_out_what_is_missing(void **state)
{
	enum { N = sizeof holm_p / sizeof *holm_p };
	double out[N + 1], p[N + 1];
	size_t order[N + 1];

	(void)state;
	p[0] = NAN;
	for (size_t i = 0; i < N; i++)
		p[i + 1] = holm_p[i];
	stats_holm(p, N + 1, out, order);
	assert_true(isnan(out[0]));
	for (size_t i = 0; i < N; i++)
		assert_near(out[i + 1], holm_adjusted[i], 1e-15);
}

static void test_hoeffding_limit_matches_scipy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hoeffding_values / sizeof *hoeffding_values; i++)
		assert_close(stats_hoeffding_limit(hoeffding_values[i].mean,
						   hoeffding_values[i].bound, hoeffding_values[i].n,
						   hoeffding_values[i].alpha),
			     hoeffding_values[i].limit);
	assert_near(stats_hoeffding_limit(.05, .05, 10, .05), .05, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binomial_tail_matches_reference_values),
		cmocka_unit_test(test_binomial_tail_equals_the_sum_of_its_terms),
		cmocka_unit_test(test_quantile_ranks_are_the_tightest_that_keep_the_level),
		cmocka_unit_test(test_quantile_ranks_say_when_a_side_has_no_bound),
		cmocka_unit_test(test_proportion_interval_matches_reference_values),
		cmocka_unit_test(test_quantiles_and_tails_match_scipy),
		cmocka_unit_test(test_holm_matches_its_definition_and_leaves_out_what_is_missing),
		cmocka_unit_test(test_hoeffding_limit_matches_scipy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
