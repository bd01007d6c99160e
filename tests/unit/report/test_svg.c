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

static void the_baseline_is_a_broken_line_with_its_name(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	svg_latency(&out, run, &run->scenarios[0], &size);
	assert_well_formed(&out);
	assert_int_equal(occurrences(out.data, "<line class=\"base "), 3);
	assert_int_equal(occurrences(out.data, " base "), 3);
	assert_non_null(strstr(out.data, ">p95 base 60.5</text>"));
	strbuf_clear(&out);
	svg_latency(&out, run, &run->scenarios[1], &size);
	assert_int_equal(occurrences(out.data, "<line class=\"base "), 0);
}

static void the_load_has_a_panel_for_each_thing_that_happened(void **state)
{
	AUTO(run) struct run *run = with_seconds(20, 50);
	struct scenario_result *scenario = &run->scenarios[0];
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	assert_true(svg_load(&out, scenario, &size));
	assert_well_formed(&out);
	assert_int_equal(occurrences(out.data, "<path"), 2);
	assert_non_null(strstr(out.data, ">requests/s</text>"));
	assert_non_null(strstr(out.data, ">users</text>"));
	scenario->series[3].errors = 2;
	scenario->series[4].rss_bytes = 64e6;
	strbuf_clear(&out);
	assert_true(svg_load(&out, scenario, &size));
	assert_well_formed(&out);
	assert_non_null(strstr(out.data, ">failed/s</text>"));
	assert_non_null(strstr(out.data, "MiB</text>"));
	for (size_t i = 0; i < scenario->n_series; i++)
		scenario->series[i].requests = 0;
	strbuf_clear(&out);
	assert_false(svg_load(&out, scenario, &size));
	assert_int_equal(out.length, 0);
}

static void percentiles_have_their_figures_and_the_baselines_line(void **state)
{
	AUTO(histogram) struct histogram *now = histogram_new();
	AUTO(histogram) struct histogram *base = histogram_new();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	assert_false(svg_distribution_shows(NULL));
	assert_false(svg_distribution_shows(now));
	for (uint64_t i = 1; i <= 10000; i++)
		histogram_record(now, i * 10000); /* 0.01 to 100 ms */
	histogram_record_n(base, 40000000, 500);
	assert_true(svg_distribution_shows(now));
	svg_distribution(&out, now, base, "what it is", &size);
	assert_well_formed(&out);
	assert_int_equal(occurrences(out.data, "<path"), 2);
	assert_non_null(strstr(out.data, "aria-label=\"what it is\""));
	assert_non_null(strstr(out.data, ">50.0</text>"));
	assert_non_null(strstr(out.data, ">95.0</text>"));
	assert_non_null(strstr(out.data, ">99.0</text>"));
	assert_non_null(strstr(out.data, ">99.99%</text>"));
	assert_non_null(strstr(out.data, ">now max 100</text>"));
	assert_non_null(strstr(out.data, ">base max 40.0</text>"));
	assert_null(strstr(out.data, "nan"));
	assert_null(strstr(out.data, "inf"));
}

static void all_the_same_latencies_are_drawn_too(void **state)
{
	static const uint64_t values_ns[] = {1000, 1000000, 5000000, UINT64_C(600000000000)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values_ns); i++) {
		AUTO(histogram) struct histogram *now = histogram_new();
		AUTO(strbuf) struct strbuf out = {0};

		histogram_record_n(now, values_ns[i], 30);
		svg_distribution(&out, now, NULL, "x", &size);
		assert_well_formed(&out);
		assert_null(strstr(out.data, "nan"));
		assert_null(strstr(out.data, "inf"));
		assert_true(out.length < 9000);
	}
}

static void a_history_ends_with_this_run_and_breaks_at_an_acceptance(void **state)
{
	static const struct past_run runs[4] = {{"a", "2026-01-01T00:00:00Z"}};
	static const double ms[] = {10, 11, 20, 21};
	struct past_values values = {.scenario = "smoke",
				     .endpoint = "total",
				     .metric = METRIC_P95,
				     .since = 2,
				     .values = ms,
				     .now = 30};
	const struct run_past past = {.runs = runs, .n_runs = 4, .values = &values, .n_values = 1};
	const struct svg_history_look look = {.label = "x", .now_class = "mark-bad", .bound = 24};
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	assert_true(svg_history_shows(&past, &values));
	svg_history(&out, &past, &values, &look, &size);
	assert_well_formed(&out);
	assert_int_equal(occurrences(out.data, "h0"), 2);
	assert_int_equal(occurrences(out.data, "class=\"mark-other\""), 2);
	assert_int_equal(occurrences(out.data, "<circle class=\"mark-bad\""), 1);
	assert_non_null(strstr(out.data, ">30.0</text>"));
	assert_non_null(strstr(out.data, ">alarm</text>"));
	assert_non_null(strstr(out.data, ">2026-01-01</text>"));
	strbuf_clear(&out);
	svg_spark(&out, &past, &values, "x");
	assert_well_formed(&out);
	assert_int_equal(occurrences(out.data, "<circle"), 1);
}

static void rates_stay_between_nothing_and_all(void **state)
{
	static const struct past_run runs[2] = {{"a", NULL}, {"b", NULL}};
	static const double rates[][3] = {{0, 0, 0}, {1, 1, 1}, {.93, .94, .92}, {NAN, NAN, .01}};
	const struct svg_history_look look = {.label = "x", .now_class = "mark-own", .bound = NAN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct past_values values = {.metric = METRIC_ERROR_RATE,
					     .values = rates[i],
					     .now = rates[i][2]};
		const struct run_past past = {.runs = runs,
					      .n_runs = 2,
					      .values = &values,
					      .n_values = 1};
		AUTO(strbuf) struct strbuf out = {0};

		svg_history(&out, &past, &values, &look, &size);
		assert_well_formed(&out);
		assert_null(strstr(out.data, ">110</text>"));
		assert_null(strstr(out.data, ">-"));
		assert_null(strstr(out.data, "nan"));
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
		cmocka_unit_test(the_baseline_is_a_broken_line_with_its_name),
		cmocka_unit_test(the_load_has_a_panel_for_each_thing_that_happened),
		cmocka_unit_test(percentiles_have_their_figures_and_the_baselines_line),
		cmocka_unit_test(all_the_same_latencies_are_drawn_too),
		cmocka_unit_test(a_history_ends_with_this_run_and_breaks_at_an_acceptance),
		cmocka_unit_test(rates_stay_between_nothing_and_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
