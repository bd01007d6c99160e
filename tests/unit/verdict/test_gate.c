#include "perfgate/verdict/gate.h"

#include "perfgate/base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A run with one scenario "load" whose `fast` requests took 10 ms and `slow` ones 3 s. */
static struct run *sample(uint64_t fast, uint64_t slow)
{
	struct run *run = run_new();
	struct scenario_result *scenario = run_add_scenario(run);

	scenario->name = "load";
	scenario->judged_s = 10;
	scenario->planned_rps = NAN;
	scenario->throughput_rps = (double)(fast + slow) / 10;
	endpoint_result_init(&scenario->total, "total");
	scenario->total.requests = fast + slow;
	scenario->total.classes[CLASS_OK] = fast + slow;
	histogram_record_n(scenario->total.latency, 10 * NS_PER_MS, fast);
	histogram_record_n(scenario->total.latency, 3 * NS_PER_S, slow);
	return run;
}

static struct scenario_result *only(struct run *run)
{
	return &run->scenarios[0];
}

static const struct cell *judge(struct run *run, enum metric metric, double limit)
{
	struct gate gate = {.scenario = "load",
			    .endpoint = "total",
			    .metric = metric,
			    .limit = limit,
			    .origin = "ci_cd_config.yml:5"};

	verdict_judge_gate(run, &gate);
	return &run->verdict.cells[run->verdict.n_cells - 1];
}

/* verdict.md 1: what decides with many, few and very few requests. */
static void test_percentile_gate_by_number_of_requests(void **state)
{
	static const struct {
		const char *what;
		uint64_t fast, slow;
		enum metric metric;
		double limit_ms;
		enum outcome want;
	} rows[] = {
		{"many, below", 1000, 0, METRIC_P95, 2000, OUTCOME_PASS},
		{"many, above", 900, 100, METRIC_P95, 2000, OUTCOME_FAIL},
		{"many, 5 % slow is still within", 950, 50, METRIC_P95, 2000, OUTCOME_PASS},
		{"200 decide", 189, 11, METRIC_P95, 2000, OUTCOME_FAIL},
		{"few, within, enough to pass", 20, 0, METRIC_P95, 2000, OUTCOME_PASS},
		{"few, over, proven", 50, 50, METRIC_P95, 2000, OUTCOME_FAIL},
		{"few, over, not proven", 93, 6, METRIC_P95, 2000, OUTCOME_INCONCLUSIVE},
		{"too few to pass", 19, 0, METRIC_P95, 2000, OUTCOME_UNMEASURED},
		{"two slow of two are a proof", 0, 2, METRIC_P95, 2000, OUTCOME_FAIL},
		{"one slow of one is no proof for p50", 0, 1, METRIC_P50, 2000,
		 OUTCOME_INCONCLUSIVE},
		{"p99 needs 100", 99, 0, METRIC_P99, 2000, OUTCOME_UNMEASURED},
		{"p99 with 100", 100, 0, METRIC_P99, 2000, OUTCOME_PASS},
		{"none at all", 0, 0, METRIC_P95, 2000, OUTCOME_UNMEASURED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample(rows[i].fast, rows[i].slow);
		const struct cell *cell = judge(run, rows[i].metric, rows[i].limit_ms);

		if (cell->outcome != rows[i].want)
			fail_msg("%s: %s (%s)", rows[i].what, outcome_names[cell->outcome],
				 cell->reason);
	}
}

/* MEA-15: the limit itself passes. */
static void test_a_value_at_the_limit_passes(void **state)
{
	AUTO(run) struct run *run = sample(1000, 0);
	double p95 = endpoint_metric(only(run), &only(run)->total, METRIC_P95);

	(void)state;
	assert_int_equal(judge(run, METRIC_P95, p95)->outcome, OUTCOME_PASS);
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 100)->outcome, OUTCOME_PASS);
	only(run)->total.classes[CLASS_OK] = 990;
	only(run)->total.classes[CLASS_HTTP_ERROR] = 10;
	assert_int_equal(judge(run, METRIC_ERROR_RATE, .01)->outcome, OUTCOME_PASS);
	assert_int_equal(judge(run, METRIC_ERROR_RATE, .0099)->outcome, OUTCOME_FAIL);
}

/* MEA-16: value and limit never print alike when they differ. */
static void test_reasons_print_enough_digits(void **state)
{
	AUTO(run) struct run *run = sample(1000, 0);

	(void)state;
	only(run)->throughput_rps = 49.9999996;
	assert_non_null(strstr(judge(run, METRIC_THROUGHPUT, 50)->reason, "49.9999996"));
}

static void test_throughput_is_judged_on_the_capacity_phase(void **state)
{
	AUTO(run) struct run *run = sample(1000, 0);
	struct scenario_result *capacity = run_add_scenario(run);

	(void)state;
	capacity->name = "load-capacity";
	capacity->follows = "load";
	capacity->throughput_rps = 400;
	endpoint_result_init(&capacity->total, "total");
	capacity->total.requests = capacity->total.classes[CLASS_OK] = 4000;
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 300)->outcome, OUTCOME_PASS);
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 401)->outcome, OUTCOME_FAIL);

	/* Limited by the generator: a lower bound can pass a minimum but not fail it. */
	capacity->generator.limited = true;
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 300)->outcome, OUTCOME_PASS);
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 401)->outcome, OUTCOME_INCONCLUSIVE);
}

/* 50 users who think 3 s offer 17 requests/s: that says nothing of what the server can do. */
static void test_throughput_of_thinking_users_needs_a_capacity_phase(void **state)
{
	AUTO(run) struct run *run = sample(1000, 0);

	(void)state;
	only(run)->planned_rps = 100;
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 90)->outcome, OUTCOME_UNMEASURED);
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 80)->outcome, OUTCOME_PASS);
	only(run)->planned_rps = NAN;
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 90)->outcome, OUTCOME_PASS);
}

static void test_an_interrupted_scenario_proves_no_failure(void **state)
{
	AUTO(run) struct run *run = sample(0, 1000);

	(void)state;
	only(run)->interrupted = true;
	assert_int_equal(judge(run, METRIC_P95, 2000)->outcome, OUTCOME_INCONCLUSIVE);
	assert_int_equal(judge(run, METRIC_P95, 4000)->outcome, OUTCOME_PASS);
}

static void test_error_rate_needs_enough_requests(void **state)
{
	AUTO(run) struct run *few = sample(50, 0);
	AUTO(run) struct run *broken = sample(0, 0);

	(void)state;
	assert_int_equal(judge(few, METRIC_ERROR_RATE, .01)->outcome, OUTCOME_UNMEASURED);
	only(few)->total.classes[CLASS_OK] = 49;
	only(few)->total.classes[CLASS_RESET] = 1;
	assert_int_equal(judge(few, METRIC_ERROR_RATE, .01)->outcome, OUTCOME_INCONCLUSIVE);

	/* MEA-03: all failed; the percentile has no value. */
	only(broken)->total.requests = only(broken)->total.classes[CLASS_HTTP_ERROR] = 30;
	assert_int_equal(judge(broken, METRIC_ERROR_RATE, .01)->outcome, OUTCOME_FAIL);
	assert_int_equal(judge(broken, METRIC_P95, 2000)->outcome, OUTCOME_UNMEASURED);
	assert_true((bool)isnan(broken->verdict.cells[1].value));
	verdict_roll_up(broken);
	assert_int_equal(broken->verdict.outcome, OUTCOME_FAIL);
}

/* MEA-14, RD-15: no look-up is no data, neither 0 % nor 100 %. */
static void test_cache_hits_need_200_lookups(void **state)
{
	AUTO(run) struct run *run = sample(1000, 0);

	(void)state;
	assert_int_equal(judge(run, METRIC_CACHE_HIT_RATE, .7)->outcome, OUTCOME_UNMEASURED);
	only(run)->total.cache_hits = 199;
	assert_int_equal(judge(run, METRIC_CACHE_HIT_RATE, .7)->outcome, OUTCOME_UNMEASURED);
	only(run)->total.cache_hits = 140;
	only(run)->total.cache_misses = 60;
	assert_int_equal(judge(run, METRIC_CACHE_HIT_RATE, .7)->outcome, OUTCOME_PASS);
	assert_int_equal(judge(run, METRIC_CACHE_HIT_RATE, .71)->outcome, OUTCOME_FAIL);
}

static void test_an_invalid_measurement_is_no_evidence(void **state)
{
	AUTO(run) struct run *run = sample(900, 100);

	(void)state;
	only(run)->generator.invalid_reason = "steal 12 %";
	only(run)->generator.invalid = INVALID_MACHINE;
	assert_int_equal(judge(run, METRIC_P95, 2000)->outcome, OUTCOME_INCONCLUSIVE);
	assert_non_null(strstr(run->verdict.cells[0].reason, "steal 12 %"));
	only(run)->generator.invalid = INVALID_OURS;
	assert_int_equal(judge(run, METRIC_P95, 2000)->outcome, OUTCOME_UNMEASURED);
}

/* CFG-31: null is said, not silently dropped. */
static void test_a_gate_set_to_null_is_reported(void **state)
{
	AUTO(run) struct run *run = sample(1000, 0);

	(void)state;
	assert_int_equal(judge(run, METRIC_P95, NAN)->outcome, OUTCOME_NOT_GATED);
	assert_true(run->verdict.cells[0].value > 0);
}

static void test_the_worst_cell_decides_the_run(void **state)
{
	static const struct {
		enum outcome cells[3];
		bool warn[3];
		enum outcome want;
		int status, strict_status;
	} rows[] = {
		{{OUTCOME_PASS, OUTCOME_PASS, OUTCOME_NOT_GATED}, {0}, OUTCOME_PASS, 0, 0},
		{{OUTCOME_PASS, OUTCOME_INCONCLUSIVE, OUTCOME_PASS},
		 {0},
		 OUTCOME_INCONCLUSIVE,
		 0,
		 3},
		{{OUTCOME_UNMEASURED, OUTCOME_INCONCLUSIVE, OUTCOME_PASS},
		 {0},
		 OUTCOME_UNMEASURED,
		 3,
		 3},
		{{OUTCOME_UNMEASURED, OUTCOME_FAIL, OUTCOME_PASS}, {0}, OUTCOME_FAIL, 1, 1},
		{{OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_PASS}, {0, 1, 0}, OUTCOME_PASS, 0, 0},
		{{OUTCOME_FAIL, OUTCOME_FAIL, OUTCOME_FAIL}, {1, 1, 1}, OUTCOME_PASS, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample(1000, 0);

		for (size_t j = 0; j < 3; j++) {
			judge(run, METRIC_P95, 2000);
			run->verdict.cells[j].outcome = rows[i].cells[j];
			run->verdict.cells[j].warn = rows[i].warn[j];
		}
		verdict_roll_up(run);
		assert_int_equal(run->verdict.outcome, rows[i].want);
		assert_int_equal(verdict_exit_status(&run->verdict, false), rows[i].status);
		assert_int_equal(verdict_exit_status(&run->verdict, true), rows[i].strict_status);
	}
}

static void test_what_warnings_would_have_failed_is_said(void **state)
{
	static const struct {
		enum outcome others;
		bool advisory;
		const char *reason;
	} rows[] = {
		{OUTCOME_PASS, true, "advisory (enforce: warn), would have failed: load total p95"},
		{OUTCOME_NOT_GATED, true, "advisory (enforce: warn), would have failed: load"},
		{OUTCOME_INCONCLUSIVE, false, "load total"},
		{OUTCOME_FAIL, false, "load total"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample(1000, 0);

		for (size_t j = 0; j < 3; j++) {
			judge(run, METRIC_P95, 2000);
			run->verdict.cells[j].outcome = j == 1 ? OUTCOME_FAIL : rows[i].others;
			run->verdict.cells[j].warn = j == 1;
		}
		verdict_roll_up(run);
		assert_int_equal(verdict_is_advisory(&run->verdict), rows[i].advisory);
		if (strncmp(run->verdict.reason, rows[i].reason, strlen(rows[i].reason)) != 0)
			fail_msg("%s", run->verdict.reason);
	}
}

/* MEA-01: nothing judged is never a pass. */
static void test_a_run_without_cells_is_unmeasured(void **state)
{
	AUTO(run) struct run *run = run_new();

	(void)state;
	verdict_roll_up(run);
	assert_int_equal(verdict_exit_status(&run->verdict, false), 3);
}

static void test_a_scenario_that_was_not_run_is_unmeasured(void **state)
{
	AUTO(run) struct run *run = run_new();

	(void)state;
	assert_int_equal(judge(run, METRIC_P95, 2000)->outcome, OUTCOME_UNMEASURED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentile_gate_by_number_of_requests),
		cmocka_unit_test(test_a_value_at_the_limit_passes),
		cmocka_unit_test(test_reasons_print_enough_digits),
		cmocka_unit_test(test_throughput_is_judged_on_the_capacity_phase),
		cmocka_unit_test(test_throughput_of_thinking_users_needs_a_capacity_phase),
		cmocka_unit_test(test_an_interrupted_scenario_proves_no_failure),
		cmocka_unit_test(test_error_rate_needs_enough_requests),
		cmocka_unit_test(test_cache_hits_need_200_lookups),
		cmocka_unit_test(test_an_invalid_measurement_is_no_evidence),
		cmocka_unit_test(test_a_gate_set_to_null_is_reported),
		cmocka_unit_test(test_the_worst_cell_decides_the_run),
		cmocka_unit_test(test_what_warnings_would_have_failed_is_said),
		cmocka_unit_test(test_a_run_without_cells_is_unmeasured),
		cmocka_unit_test(test_a_scenario_that_was_not_run_is_unmeasured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
