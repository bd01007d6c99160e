#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/report/formats.h"
#include "perfgate/report/summary.h"
#include "sample_run.h"

static void cells_are_ordered_by_what_needs_action_first(void **state)
{
	AUTO(run) struct run *run = sample_bare();
	AUTO_FREE size_t *order = NULL;
	static const size_t expected[] = {4, 1, 5, 6, 3, 0, 2};

	(void)state;
	sample_cell(run, "s", METRIC_P95, 10, 20, OUTCOME_PASS);
	sample_cell(run, "s", METRIC_P95, 30, 20, OUTCOME_FAIL);
	sample_cell(run, "s", METRIC_P95, 10, NAN, OUTCOME_NOT_GATED);
	sample_cell(run, "s", METRIC_P95, 30, 20, OUTCOME_INCONCLUSIVE);
	sample_cell(run, "s", METRIC_THROUGHPUT, 10, 50, OUTCOME_FAIL);
	sample_cell(run, "s", METRIC_P95, 25, 20, OUTCOME_FAIL)->warn = true;
	sample_cell(run, "s", METRIC_P95, NAN, 20, OUTCOME_UNMEASURED);
	order = summary_order(run);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_int_equal(order[i], expected[i]);
}

static bool has_notice(const struct run *run, const char *part)
{
	AUTO_JSON json_t *notices = summary_notices(run);
	json_t *notice;
	size_t i;

	json_array_foreach (notices, i, notice) {
		if (strstr(json_string_value(notice), part) != NULL)
			return true;
	}
	return false;
}

static void arrivals_that_were_not_sent_are_told(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	summary_generator(&text, &run->scenarios[0]);
	assert_null(strstr(strbuf_text(&text), "not sent"));
	run->scenarios[0].generator.unsent = 12;
	summary_generator(&text, &run->scenarios[0]);
	assert_non_null(strstr(strbuf_text(&text), ", 12 arrivals not sent"));
}

static void the_open_model_and_workers_are_told(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf text = {0}, screen = {0};
	struct scenario_result *scenario = &run->scenarios[0];

	(void)state;
	summary_loads(&text, run);
	assert_string_equal(strbuf_text(&text), "");
	scenario->open = true;
	scenario->workers = 2;
	scenario->planned_rps = 100;
	scenario->offered_rps = 97.5;
	scenario->generator.unsent = 12;
	summary_loads(&text, run);
	assert_string_equal(strbuf_text(&text),
			    "smoke: open model, 100/s planned, 97.5/s offered, 12 arrivals not "
			    "sent, 2 workers");
	report_console(run, "out", false, 200, &screen);
	assert_non_null(strstr(strbuf_text(&screen), strbuf_text(&text)));
	strbuf_clear(&text);
	scenario->open = false;
	summary_loads(&text, run);
	assert_string_equal(strbuf_text(&text), "smoke: 2 workers");
}

static void notices_tell_what_the_figures_hide(void **state)
{
	AUTO(run) struct run *run = sample_passing();

	(void)state;
	assert_false(has_notice(run, ""));
	run->interrupted = true;
	assert_true(has_notice(run, "interrupted"));
	run->scenarios[0].generator.invalid = INVALID_OURS;
	run->scenarios[0].generator.invalid_reason = "CPU 97% of a core: use fewer users";
	assert_true(has_notice(run, "smoke: INVALID measurement (the load generator): CPU 97%"));
	run->verdict.reason = "p95 … INVALID: CPU 97% of a core: use fewer users";
	assert_false(has_notice(run, "INVALID"));
	run->scenarios[0].aborted = "62.0 % of the requests failed";
	assert_true(has_notice(run, "smoke: aborted early: 62.0 % of the requests failed"));
	run->verdict.cells[0].outcome = OUTCOME_FAIL;
	run->verdict.cells[0].warn = true;
	assert_false(has_notice(run, "advisory"));
	run->verdict.outcome = OUTCOME_INCONCLUSIVE;
	assert_true(has_notice(run, "advisory (enforce: warn), would have failed: smoke p95"));
}

static void too_good_an_improvement_is_told__MEA_20(void **state)
{
	AUTO(run) struct run *run = sample_passing();

	(void)state;
	run->verdict.cells[0].baseline = run->verdict.cells[0].value * 100;
	assert_true(has_notice(run, "smoke p95: -99.0% against the baseline is too good: check"));
	assert_int_equal(run->verdict.cells[0].outcome, OUTCOME_PASS);
}

static void a_reason_that_repeats_the_figures_adds_nothing(void **state)
{
	static const struct {
		double value;
		const char *reason;
		bool adds;
	} rows[] = {
		{10, "10 ms <= 20 ms", false},
		{10, "10 ms <= 20 ms: in the capacity phase", true},
		{10, "too few requests", true},
		{NAN, "no request succeeded", true},
		{10, NULL, false},
		{10, "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample_bare();
		struct cell *cell =
			sample_cell(run, "s", METRIC_P95, rows[i].value, 20, OUTCOME_PASS);

		cell->reason = rows[i].reason;
		assert_int_equal(summary_reason_adds(cell), rows[i].adds);
	}
}

static void the_baseline_is_named_or_its_absence_explained(void **state)
{
	static const struct {
		const char *commit, *when, *note, *text;
	} rows[] = {
		{NULL, NULL, NULL, "no baseline yet"},
		{NULL, NULL, "cores differ", "cores differ"},
		{"0123456789abcdef", "2026-01-30", NULL, "0123456789ab of 2026-01-30"},
		{"0123456789abcdef", NULL, "cores differ", "0123456789ab: cores differ"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample_bare();
		AUTO(strbuf) struct strbuf out = {0};

		run->baseline_commit = rows[i].commit;
		run->baseline_when = rows[i].when;
		run->baseline_note = rows[i].note;
		summary_baseline(&out, run);
		assert_string_equal(strbuf_text(&out), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_are_ordered_by_what_needs_action_first),
		cmocka_unit_test(arrivals_that_were_not_sent_are_told),
		cmocka_unit_test(the_open_model_and_workers_are_told),
		cmocka_unit_test(notices_tell_what_the_figures_hide),
		cmocka_unit_test(too_good_an_improvement_is_told__MEA_20),
		cmocka_unit_test(a_reason_that_repeats_the_figures_adds_nothing),
		cmocka_unit_test(the_baseline_is_named_or_its_absence_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
