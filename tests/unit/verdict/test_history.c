#include "perfgate/verdict/history.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/history.inc"

static void assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9))
		fail_msg("got %.15g, want %.15g", got, want);
}

static struct ab_sample latency(double ln_ms)
{
	return (struct ab_sample){exp(ln_ms), 5000};
}

static void assert_result(const struct history_result *result, enum outcome outcome,
			  enum history_reason reason)
{
	assert_string_equal(history_reason_names[result->reason], history_reason_names[reason]);
	assert_string_equal(outcome_names[result->outcome], outcome_names[outcome]);
}

static void test_bounds_match_scipy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bound_values); i++)
		assert_near(history_bound(bound_values[i].n, bound_values[i].m, bound_values[i].sd),
			    bound_values[i].bound);
	assert_true(isinf(history_bound(0, 1, .1)));
}

/* At N = 20 and 200 cells, for a between-run sd of 2, 5 and 10 %. */
static void test_bounds_of_a_big_suite_are_wide(void **state)
{
	(void)state;
	assert_true(fabs(expm1(history_bound(20, 200, .02)) - .09) < .005);
	assert_true(fabs(expm1(history_bound(20, 200, .05)) - .24) < .005);
	assert_true(fabs(expm1(history_bound(20, 200, .10)) - .54) < .005);
}

static void test_long_history_follows_the_speed_and_matches_scipy(void **state)
{
	enum { N = ARRAY_SIZE(speed), M = ARRAY_SIZE(judged) };
	static const char *const names[M] = {"a", "b", "c", "d", "e"};
	struct ab_sample samples[M][N];
	struct history_cell input[M];
	struct history_result out[M];
	struct history_summary summary;

	(void)state;
	for (size_t j = 0; j < M; j++) {
		for (size_t i = 0; i < N; i++)
			samples[j][i] = latency(past[j * N + i]);
		input[j] = (struct history_cell){.scenario = "load",
						 .endpoint = names[j],
						 .metric = METRIC_P50,
						 .tolerance = .05,
						 .past = samples[j],
						 .n_past = N,
						 .now = latency(judged[j].now),
						 .speed = speed,
						 .speed_now = speed_now};
	}
	summary = history_judge(input, M, out);
	assert_near(summary.beta, beta);
	assert_int_equal(summary.judged, M);
	for (size_t j = 0; j < M; j++) {
		assert_near(out[j].x, judged[j].x);
		assert_near(out[j].bound, judged[j].bound);
		assert_near(out[j].p, judged[j].p);
	}
	assert_result(&out[0], OUTCOME_PASS, HISTORY_WITHIN_BOUND);
	assert_result(&out[2], OUTCOME_FAIL, HISTORY_REGRESSION);
	assert_result(&out[3], OUTCOME_FAIL, HISTORY_REGRESSION);
	assert_result(&out[4], OUTCOME_PASS, HISTORY_IMPROVED);
	assert_int_equal(summary.outcome, OUTCOME_FAIL);
}

/* One cell whose past is n times 10 ms and whose present is `ratio` of that. */
static enum outcome judge_short(size_t n, double ratio, struct history_result *out)
{
	struct ab_sample samples[HISTORY_MAX];
	struct history_cell cell = {.scenario = "load",
				    .endpoint = "total",
				    .metric = METRIC_P95,
				    .primary = true,
				    .tolerance = .08,
				    .past = samples,
				    .n_past = n,
				    .now = {10 * ratio, 5000},
				    .speed_now = NAN};

	for (size_t i = 0; i < n; i++)
		samples[i] = (struct ab_sample){10, 5000};
	return history_judge(&cell, 1, out).outcome;
}

static void test_short_histories_suspect_first_and_fail_late(void **state)
{
	static const struct {
		size_t n;
		double ratio;
		enum outcome outcome;
		enum history_reason reason;
	} rows[] = {
		{0, 3, OUTCOME_NOT_GATED, HISTORY_NO_BASELINE},
		{1, 1.19, OUTCOME_PASS, HISTORY_WITHIN_BOUND},
		{1, 1.3, OUTCOME_INCONCLUSIVE, HISTORY_SUSPECT},
		/* t(.95, 4) .1 sqrt(1 + pi/2) = .342 */
		{1, 1.40, OUTCOME_INCONCLUSIVE, HISTORY_SUSPECT},
		{1, 1.42, OUTCOME_FAIL, HISTORY_REGRESSION},
		{9, 1.19, OUTCOME_PASS, HISTORY_WITHIN_BOUND},
		{9, 1.21, OUTCOME_FAIL, HISTORY_REGRESSION},
		{1, .6, OUTCOME_PASS, HISTORY_IMPROVED},
		/* sd at its floor of 1 %: the tolerance of 8 % decides. */
		{20, 1.07, OUTCOME_PASS, HISTORY_WITHIN_BOUND},
		{20, 1.09, OUTCOME_FAIL, HISTORY_REGRESSION},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct history_result result;

		assert_int_equal(judge_short(rows[i].n, rows[i].ratio, &result), rows[i].outcome);
		assert_result(&result, rows[i].outcome, rows[i].reason);
		if (rows[i].n > 0)
			assert_near(result.baseline, 10);
	}
}

static void test_rates_are_held_to_points_and_missing_values_are_named(void **state)
{
	static const struct ab_sample errors[10] = {{0, 5000}, {0, 5000}, {0, 5000}, {0, 5000},
						    {0, 5000}, {0, 5000}, {0, 5000}, {0, 5000},
						    {0, 5000}, {0, 5000}};
	struct history_cell cell = {.scenario = "load",
				    .endpoint = "total",
				    .metric = METRIC_ERROR_RATE,
				    .primary = true,
				    .tolerance = .005,
				    .past = errors,
				    .n_past = 10,
				    .now = {1, 5000},
				    .speed_now = NAN};
	struct history_result result;

	(void)state;
	/* One error after none is significant on the logit scale, and no regression. */
	assert_int_equal(history_judge(&cell, 1, &result).outcome, OUTCOME_PASS);
	assert_true(result.p < .01);
	cell.now.value = 30;
	assert_int_equal(history_judge(&cell, 1, &result).outcome, OUTCOME_FAIL);
	assert_near(result.shift, .006);
	cell.now.n = 0;
	assert_int_equal(history_judge(&cell, 1, &result).outcome, OUTCOME_UNMEASURED);
	assert_result(&result, OUTCOME_UNMEASURED, HISTORY_TOO_FEW_SAMPLES);
	cell.primary = false;
	assert_int_equal(history_judge(&cell, 1, &result).outcome, OUTCOME_NOT_GATED);
}

static void test_an_endpoint_that_was_asked_too_seldom_is_not_compared(void **state)
{
	static const struct {
		const char *endpoint;
		uint64_t n;
		enum outcome outcome;
	} rows[] = {
		{"total", 5, OUTCOME_UNMEASURED},
		{"total", 0, OUTCOME_UNMEASURED},
		{"GET /", 5, OUTCOME_NOT_GATED},
		{"GET /", 0, OUTCOME_UNMEASURED},
	};
	const struct ab_sample before[2] = {{10, 5000}, {10, 5000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct history_cell cell = {.scenario = "load",
					    .endpoint = rows[i].endpoint,
					    .metric = METRIC_P50,
					    .primary = true,
					    .tolerance = .05,
					    .past = before,
					    .n_past = 2,
					    .now = {10, rows[i].n},
					    .speed_now = NAN};
		struct history_result result;

		assert_int_equal(history_judge(&cell, 1, &result).outcome, rows[i].outcome);
		assert_result(&result, rows[i].outcome, HISTORY_TOO_FEW_SAMPLES);
	}
}

/* Five endpoints, twelve quiet runs, then `slow` of them 30 % slower and the probe by `probe`. */
static struct history_summary judge_machine(size_t slow, double probe)
{
	enum { M = 5, N = 12 };
	static const char *const names[M] = {"a", "b", "c", "d", "e"};
	struct ab_sample samples[M][N];
	struct history_cell cells[M];
	struct history_result out[M];
	double c[N];

	for (size_t i = 0; i < N; i++)
		c[i] = .002 * (double)(i % 3);
	for (size_t j = 0; j < M; j++) {
		for (size_t i = 0; i < N; i++)
			samples[j][i] = latency(.01 * (double)((i + j) % 4));
		cells[j] = (struct history_cell){.scenario = "load",
						 .endpoint = names[j],
						 .metric = METRIC_P50,
						 .tolerance = .05,
						 .past = samples[j],
						 .n_past = N,
						 .now = latency(j < slow ? .28 : .015),
						 .speed = c,
						 .speed_now = .002 + probe};
	}
	return history_judge(cells, M, out);
}

static void test_a_machine_that_moved_with_its_endpoints_is_no_regression(void **state)
{
	static const struct {
		size_t slow;
		double probe;
		bool environment;
		enum outcome outcome;
	} rows[] = {
		{5, .25, true, OUTCOME_INCONCLUSIVE}, {4, .25, true, OUTCOME_INCONCLUSIVE},
		{3, .25, false, OUTCOME_FAIL},	      {5, .01, false, OUTCOME_FAIL},
		{5, -.25, false, OUTCOME_FAIL},	      {0, .25, false, OUTCOME_PASS},
		{5, NAN, false, OUTCOME_FAIL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct history_summary summary = judge_machine(rows[i].slow, rows[i].probe);

		assert_int_equal(summary.environment, rows[i].environment);
		assert_int_equal(summary.outcome, rows[i].outcome);
		/* The probe varied by less than 3 % before: no slope to be had from it. */
		assert_near(summary.beta, 0);
	}
}

/* Share of null runs with any alarm: m cells, a between-run sd, a machine that drifts in speed. */
static double false_alarms(size_t n, double sd, int runs, uint64_t seed)
{
	enum { M = 30 };
	struct ab_sample samples[M][HISTORY_MAX];
	struct history_cell cells[M];
	struct history_result out[M];
	double c[HISTORY_MAX + 1];
	struct rng rng;
	int alarms = 0;

	rng_seed(&rng, seed, n);
	for (int run = 0; run < runs; run++) {
		for (size_t i = 0; i <= n; i++)
			c[i] = .05 * noise_normal(&rng);
		for (size_t j = 0; j < M; j++) {
			for (size_t i = 0; i < n; i++)
				samples[j][i] = latency(c[i] + sd * noise_normal(&rng));
			cells[j] = (struct history_cell){.scenario = "load",
							 .endpoint = "total",
							 .metric = METRIC_P99,
							 .past = samples[j],
							 .n_past = n,
							 .now = latency(c[n] +
									sd * noise_normal(&rng)),
							 .speed = c,
							 .speed_now = c[n]};
		}
		alarms += history_judge(cells, M, out).outcome == OUTCOME_FAIL;
	}
	return (double)alarms / runs;
}

static void test_simulated_histories_keep_the_level(void **state)
{
	enum { RUNS = 500 };
	const double limit = .05 + 3 * sqrt(.05 * .95 / RUNS);
	double rate = false_alarms(20, .10, RUNS, 2);

	(void)state;
	/* A bound that never alarms would find nothing either. */
	assert_true(rate <= limit && rate > .02);
	assert_true(false_alarms(12, .05, RUNS, 1) <= limit);
	assert_true(false_alarms(1, .10, RUNS, 3) <= limit);
	assert_true(false_alarms(5, .10, RUNS, 4) <= limit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_match_scipy),
		cmocka_unit_test(test_bounds_of_a_big_suite_are_wide),
		cmocka_unit_test(test_long_history_follows_the_speed_and_matches_scipy),
		cmocka_unit_test(test_short_histories_suspect_first_and_fail_late),
		cmocka_unit_test(test_rates_are_held_to_points_and_missing_values_are_named),
		cmocka_unit_test(test_an_endpoint_that_was_asked_too_seldom_is_not_compared),
		cmocka_unit_test(test_a_machine_that_moved_with_its_endpoints_is_no_regression),
		cmocka_unit_test(test_simulated_histories_keep_the_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
