/* The page of `perfgate calibrate`; tests/lint looks at the golden files, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/report/calibration.h"

#include <math.h>

/* Rules that fall together, some at either end of the plot. */
static const struct calibration_detection detections[] = {
	{.what = "10 % slower: all endpoints",
	 .amount = .1,
	 .counts = {.runs = 40, .fail = 40, .median_blocks = 12},
	 .load_s = 38,
	 .alarms = {0, 12, 3, 40, 31, 9}},
	{.what = "10 % slower: POST /predict/single",
	 .one_endpoint = true,
	 .amount = .1,
	 .counts = {.runs = 40, .fail = 37, .pass = 1, .inconclusive = 2, .median_blocks = 18},
	 .load_s = 57,
	 .alarms = {0, 10, 2, 40, 22, 1}},
	{.what = "20 % slower: POST /predict/single",
	 .one_endpoint = true,
	 .amount = .2,
	 .counts = {.runs = 40, .fail = 40, .median_blocks = 9},
	 .load_s = 29,
	 .alarms = {0, 21, 9, 40, 38, 14}},
	{.what = "<b>1 % more errors</b>: \"all\" & more",
	 .amount = .01,
	 .counts = {.runs = 40, .fail = 39, .inconclusive = 1, .median_blocks = 15},
	 .load_s = 47,
	 .alarms = {0, 5, 1, 0, 0, 0}},
};

static const struct calibration_bias biases[] = {
	{"total", METRIC_P95, .0012, -.0031, .0055},
	{"POST /predict/single", METRIC_P50, -.0004, -.0020, .0012},
};

static const struct calibration_report measured = {
	.target = "http://127.0.0.1:8000",
	.machine = "Example CPU, 2 cores",
	.commit = "1111111111111111111111111111111111111111",
	.date = "2024-01-31",
	.block_load_s = 3.1,
	.blocks = 960,
	.spoiled = 14,
	.recorded_s = 6600,
	.unchanged = {.runs = 40, .fail = 0, .pass = 38, .inconclusive = 2, .median_blocks = 14},
	.unchanged_load_s = 44,
	.level = .01,
	.false_share = .0031,
	.false_limit = .0072,
	.draws = 1000,
	.alarms = {0, 9, 4, 31, 12, 2},
	.detections = detections,
	.n_detections = ARRAY_SIZE(detections),
	.biases = biases,
	.n_biases = ARRAY_SIZE(biases),
	.live_runs = 10,
	.live_found = 10,
	.live_what = "latency=20%",
};

/* A recording that is too short for a verdict. */
static const struct calibration_report nothing = {
	.target = "reference",
	.machine = "Example CPU, 2 cores",
	.date = "2024-01-31",
	.blocks = 6,
	.recorded_s = 40,
	.unchanged = {.median_blocks = NAN},
	.unchanged_load_s = NAN,
	.level = .01,
	.false_share = NAN,
	.false_limit = NAN,
};

static void pages_are_as_in_the_golden_files(void **state)
{
	static const struct {
		const char *name;
		const struct calibration_report *report;
	} rows[] = {{"measured", &measured}, {"nothing", &nothing}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *name = xasprintf("report/calibration-%s.html", rows[i].name);
		AUTO(strbuf) struct strbuf out = {0};
		struct error err = ERROR_INIT;

		if (calibration_html(rows[i].report, &out, &err) != 0)
			fail_msg("%s", err.message);
		golden_check(name, &out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_as_in_the_golden_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
