#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/report/svg.h"
#include "sample_run.h"

#include <libxml/parser.h>

static const struct svg_size size = {"chart", 960, 300};

static void assert_well_formed(const struct strbuf *text)
{
	xmlDocPtr document =
		xmlReadMemory(text->data, (int)text->length, NULL, NULL, XML_PARSE_NONET);

	assert_non_null(document);
	xmlFreeDoc(document);
}

static size_t occurrences(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return count;
}

static struct run *with_seconds(size_t count, double p95_limit_ms)
{
	struct run *run = sample_bare();
	struct scenario_result *scenario = run_add_scenario(run);
	uint64_t state = 3;

	scenario->name = "smoke";
	endpoint_result_init(&scenario->total, "total");
	sample_series(scenario, count, 10, &state);
	sample_cell(run, "smoke", METRIC_P95, 30, p95_limit_ms, OUTCOME_PASS);
	return run;
}

static void a_chart_has_three_lines_a_limit_and_labels(void **state)
{
	AUTO(run) struct run *run = with_seconds(20, 50);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->scenarios[0].series[0].warmup = true;
	assert_int_equal(svg_latency(&out, run, &run->scenarios[0], &size), 1);
	assert_well_formed(&out);
	assert_int_equal(occurrences(out.data, "<path"), 3);
	assert_int_equal(occurrences(out.data, "<line class=\"limit\""), 1);
	assert_int_equal(occurrences(out.data, "class=\"label "), 4);
	assert_int_equal(occurrences(out.data, "class=\"warmup\""), 1);
	assert_null(strstr(out.data, "style="));
	assert_null(strstr(out.data, "nan"));
}

static void a_far_limit_is_said_instead_of_drawn(void **state)
{
	AUTO(run) struct run *run = with_seconds(20, 2000);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	svg_latency(&out, run, &run->scenarios[0], &size);
	assert_int_equal(occurrences(out.data, "<line class=\"limit\""), 0);
	assert_non_null(strstr(out.data, " is far above"));
}

static void nothing_is_drawn_without_a_figure(void **state)
{
	AUTO(run) struct run *run = with_seconds(3, 50);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		run->scenarios[0].series[i].p50_ms = run->scenarios[0].series[i].p95_ms =
			run->scenarios[0].series[i].p99_ms = NAN;
	assert_int_equal(svg_latency(&out, run, &run->scenarios[0], &size), 0);
	run->scenarios[0].n_series = 0;
	assert_int_equal(svg_latency(&out, run, &run->scenarios[0], &size), 0);
	assert_int_equal(out.length, 0);
}

static void a_second_without_requests_is_a_gap(void **state)
{
	AUTO(run) struct run *run = with_seconds(9, 50);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->scenarios[0].series[4].p50_ms = NAN;
	run->scenarios[0].series[4].p95_ms = NAN;
	run->scenarios[0].series[4].p99_ms = NAN;
	svg_latency(&out, run, &run->scenarios[0], &size);
	assert_int_equal(occurrences(out.data, "h0"), 2 * 3);
}

static void a_spike_survives_in_a_long_run(void **state)
{
	AUTO(run) struct run *run = with_seconds(3600, NAN);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->scenarios[0].series[1801].p99_ms = 900;
	assert_in_range(svg_latency(&out, run, &run->scenarios[0], &size), 5, 20);
	assert_well_formed(&out);
	assert_true(out.length < 40000);
	/* The scale reaches up to it. */
	assert_non_null(strstr(out.data, ">800</text>"));
	assert_non_null(strstr(out.data, ">60 min</text>"));
}

static void names_are_escaped(void **state)
{
	AUTO(run) struct run *run = with_seconds(4, 50);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->scenarios[0].name = "\"><script>\x1b&";
	svg_latency(&out, run, &run->scenarios[0], &size);
	assert_well_formed(&out);
	assert_null(strstr(out.data, "<script"));
}

static void extreme_figures_stay_inside(void **state)
{
	static const double values_ms[] = {0, 1e-6, .5, 1, 99999, 6e5, 1e12};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values_ms); i++) {
		AUTO(run) struct run *run = with_seconds(2, values_ms[i]);
		AUTO(strbuf) struct strbuf out = {0};

		for (size_t j = 0; j < 2; j++)
			run->scenarios[0].series[j].p50_ms = run->scenarios[0].series[j].p95_ms =
				run->scenarios[0].series[j].p99_ms = values_ms[i];
		assert_int_equal(svg_latency(&out, run, &run->scenarios[0], &size), 1);
		assert_well_formed(&out);
		assert_null(strstr(out.data, "\"-"));
		assert_true(out.length < 8000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chart_has_three_lines_a_limit_and_labels),
		cmocka_unit_test(a_far_limit_is_said_instead_of_drawn),
		cmocka_unit_test(nothing_is_drawn_without_a_figure),
		cmocka_unit_test(a_second_without_requests_is_a_gap),
		cmocka_unit_test(a_spike_survives_in_a_long_run),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(extreme_figures_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
