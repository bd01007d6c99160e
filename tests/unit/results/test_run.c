/* Figures of a run: none is invented, none overflows, whatever was counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/results/codec.h"
#include "perfgate/verdict/gate.h"

#include <math.h>

#define MANY ((UINT64_C(1) << 32) * 3)

static struct scenario_result *scenario_of(struct run *run, uint64_t ok, uint64_t failed)
{
	struct scenario_result *scenario = run_add_scenario(run);
	scenario->name = "load";
	scenario->judged_s = 10;
	scenario->planned_rps = NAN;
	scenario->throughput_rps = (double)ok / 10;
	endpoint_result_init(&scenario->total, "total");
	scenario->total.requests = ok + failed;
	scenario->total.classes[CLASS_OK] = ok;
	scenario->total.classes[CLASS_HTTP_ERROR] = failed;
	histogram_record_n(scenario->total.latency, 10 * NS_PER_MS, ok);
	scenario->generator.scheduling_delay = histogram_new();
	return scenario;
}

static const struct cell *judge(struct run *run, enum metric metric, double limit)
{
	struct gate gate = {.scenario = "load",
			    .endpoint = "total",
			    .metric = metric,
			    .limit = limit,
			    .origin = "x:1"};
	verdict_judge_gate(run, &gate);
	return &run->verdict.cells[run->verdict.n_cells - 1];
}

/* Percentiles, rates and throughput of nothing have no value: never 0, never 100 %. */
static void figures_of_nothing_are_none(void **state)
{
	AUTO(run) struct run *run = run_new();
	const struct scenario_result *scenario = scenario_of(run, 0, 0);
	(void)state;
	for (size_t i = 0; i < METRIC_COUNT; i++)
		assert_true(isnan(endpoint_metric(scenario, &scenario->total, (enum metric)i)));
}

static void no_value_is_neither_a_pass_nor_a_number(void **state)
{
	static const enum metric metrics[] = {METRIC_P50, METRIC_P95, METRIC_P99, METRIC_THROUGHPUT,
					      METRIC_ERROR_RATE};
	AUTO(run) struct run *run = run_new();
	struct scenario_result *scenario = scenario_of(run, 0, 0);
	(void)state;
	scenario->throughput_rps = scenario->offered_rps = INFINITY;
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		assert_int_equal(judge(run, metrics[i], 1)->outcome, OUTCOME_UNMEASURED);
	AUTO_JSON json_t *document = codec_encode(run);
	json_t *encoded = json_array_get(json_object_get(document, "scenarios"), 0);
	assert_true(json_is_null(json_object_get(encoded, "throughput_rps")));
	assert_true(json_is_null(json_object_get(encoded, "planned_rps")));
	json_t *cells = json_object_get(json_object_get(document, "verdict"), "cells");
	assert_true(json_is_null(json_object_get(json_array_get(cells, 0), "value")));
}

static void a_window_of_no_length_has_no_rate(void **state)
{
	AUTO(run) struct run *run = run_new();
	struct scenario_result *scenario = scenario_of(run, 5, 0);
	(void)state;
	scenario->judged_s = 0;
	scenario->throughput_rps = NAN; /* as collect_end() leaves it */
	assert_true(isnan(endpoint_metric(scenario, &scenario->total, METRIC_THROUGHPUT)));
	assert_int_equal(judge(run, METRIC_THROUGHPUT, 50)->outcome, OUTCOME_UNMEASURED);
}

static void counts_beyond_32_bits_are_right(void **state)
{
	AUTO(run) struct run *run = run_new();
	const struct scenario_result *scenario = scenario_of(run, MANY, MANY);
	struct error err = ERROR_INIT;
	(void)state;
	assert_true(endpoint_metric(scenario, &scenario->total, METRIC_ERROR_RATE) == 0.5);
	assert_true(endpoint_errors(&scenario->total) == MANY);
	assert_true(histogram_count(scenario->total.latency) == MANY);
	assert_int_equal(judge(run, METRIC_ERROR_RATE, 0.4)->outcome, OUTCOME_FAIL);
	AUTO_JSON json_t *document = codec_encode(run);
	AUTO(run) struct run *again = NULL;
	if (codec_decode(document, &again, &err))
		fail_msg("%s", err.message);
	assert_true(again->scenarios[0].total.requests == 2 * MANY);
	assert_true(again->scenarios[0].total.classes[CLASS_HTTP_ERROR] == MANY);
	assert_true(histogram_count(again->scenarios[0].total.latency) == MANY);
	assert_true(again->verdict.cells[0].n == 2 * MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{"MEA-01, MEA-05: figures of nothing are none", figures_of_nothing_are_none, NULL,
		 NULL, NULL},
		{"MEA-04: no value is neither a pass nor a number",
		 no_value_is_neither_a_pass_nor_a_number, NULL, NULL, NULL},
		{"MEA-05: a window of no length has no rate", a_window_of_no_length_has_no_rate,
		 NULL, NULL, NULL},
		{"MEA-11: counts beyond 32 bits are right", counts_beyond_32_bits_are_right, NULL,
		 NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
