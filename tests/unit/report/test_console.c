#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/base/text.h"
#include "perfgate/report/formats.h"
#include "sample_table.h"

static void samples_are_as_in_the_golden_files(void **state)
{
	static const int columns[] = {80, 120};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t j = 0; j < ARRAY_SIZE(columns); j++) {
			AUTO(run) struct run *run = samples[i].make();
			AUTO_FREE char *name =
				xasprintf("report/console-%s-%d.txt", samples[i].name, columns[j]);
			AUTO(strbuf) struct strbuf out = {0};

			report_console(run, "perfgate-results", false, columns[j], &out);
			golden_check(name, &out);
		}
}

static void assert_fits(char *text, size_t columns)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (text_columns(line) > columns)
			fail_msg("%zu columns: %s", text_columns(line), line);
}

static void lines_fit_the_terminal(void **state)
{
	static const size_t columns[] = {60, 80, 100, 120};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t j = 0; j < ARRAY_SIZE(columns); j++) {
			AUTO(run) struct run *run = samples[i].make();
			AUTO(strbuf) struct strbuf out = {0};

			report_console(run, "perfgate-results", false, (int)columns[j], &out);
			assert_fits(out.data, columns[j]);
		}
}

static void a_quick_check_is_one_screen(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		int lines = 0;

		report_console(run, "perfgate-results", false, 80, &out);
		for (const char *c = out.data; *c != '\0'; c++)
			lines += *c == '\n';
		/* A comparison may take a few lines more. */
		assert_in_range(lines, 3, run->comparison ? 32 : 25);
	}
}

static void only_colour_drives_the_terminal__OUT_19(void **state)
{
	AUTO(run) struct run *run = sample_hostile();
	AUTO(strbuf) struct strbuf plain = {0}, coloured = {0}, stripped = {0};

	(void)state;
	report_console(run, "out\x1b[2J", false, 80, &plain);
	report_console(run, "out\x1b[2J", true, 80, &coloured);
	for (const char *c = plain.data; *c != '\0'; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	/* Colour adds SGR sequences and nothing else. */
	for (const char *c = coloured.data; *c != '\0'; c++) {
		if (text_starts_with(c, "\x1b["))
			c += strcspn(c, "m");
		else
			strbuf_putc(&stripped, *c);
	}
	assert_string_equal(strbuf_text(&stripped), plain.data);
}

static void several_scenarios_are_summed_up(void **state)
{
	AUTO(run) struct run *run = sample_measured(10);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->scenarios[1].follows = NULL;
	run->scenarios[1].name = "load";
	sample_gates(run, 30);
	run->verdict.outcome = OUTCOME_PASS;
	report_console(run, NULL, false, 80, &out);
	assert_null(strstr(out.data, "POST /predict/single"));
	assert_non_null(strstr(out.data, "\n  load "));
	assert_null(strstr(out.data, "report.html"));
}

static void worst_cells_come_first_and_many_are_counted(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf out = {0};
	struct cell *cell;

	(void)state;
	for (int i = 0; i < 20; i++)
		sample_cell(run, "smoke", METRIC_P50, 1, 2, OUTCOME_PASS);
	cell = sample_cell(run, "smoke", METRIC_P99, 5, 2, OUTCOME_FAIL);
	cell->reason = "5 ms > 2 ms: because";
	run->verdict.outcome = OUTCOME_FAIL;
	report_console(run, NULL, false, 80, &out);
	assert_true(strstr(out.data, "✗ smoke p99") < strstr(out.data, "✓ smoke"));
	assert_non_null(strstr(out.data, "\n    5 ms > 2 ms: because\n"));
	assert_non_null(strstr(out.data, "… and 15 more, in the report"));
}

static void each_outcome_says_what_to_do_next(void **state)
{
	static const struct {
		struct run *(*make)(void);
		const char *next;
	} rows[] = {
		{sample_failing, "look at smoke error rate first (its limit is set in"},
		{sample_inconclusive, "without --quick"},
		{sample_unmeasured, "make the missing figure measurable"},
		{sample_bare, "performance_gates:"},
		{sample_interrupted, "The run was interrupted"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = rows[i].make();
		AUTO(strbuf) struct strbuf out = {0};

		report_console(run, NULL, false, 120, &out);
		assert_non_null(strstr(out.data, rows[i].next));
	}
}

static void the_first_pass_offers_a_baseline(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf with = {0}, without = {0};

	(void)state;
	report_console(run, NULL, false, 80, &with);
	assert_null(strstr(with.data, "--update-baseline"));
	run->baseline_commit = NULL;
	report_console(run, NULL, false, 80, &without);
	assert_non_null(strstr(without.data, "no baseline yet"));
	assert_non_null(strstr(without.data, "perfgate check --update-baseline"));
}

static void no_line_is_a_command_to_a_runner__OUT_16(void **state)
{
	/* Wrapped, the second line begins with it. */
	static const char wrapped[] = "words that fill the first line of a screen so that the "
				      "next begins with ::add-mask::x";
	static const char *const texts[] = {"::error::x", "  ::stop-commands::x", "a ##[error]x",
					    wrapped};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(run) struct run *run = sample_failing();
		AUTO(strbuf) struct strbuf out = {0};

		run->verdict.reason = texts[i];
		run->target = texts[i];
		for (size_t j = 0; j < run->verdict.n_cells; j++) {
			run->verdict.cells[j].reason = texts[i];
			run->verdict.cells[j].scenario = texts[i];
		}
		report_console(run, "out", false, 80, &out);
		assert_null(strstr(out.data, "##["));
		for (const char *line = out.data; line != NULL; line = strchr(line + 1, '\n')) {
			const char *text = line + (*line == '\n');

			assert_false(text_starts_with(text + strspn(text, " "), "::"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_as_in_the_golden_files),
		cmocka_unit_test(lines_fit_the_terminal),
		cmocka_unit_test(a_quick_check_is_one_screen),
		cmocka_unit_test(only_colour_drives_the_terminal__OUT_19),
		cmocka_unit_test(several_scenarios_are_summed_up),
		cmocka_unit_test(worst_cells_come_first_and_many_are_counted),
		cmocka_unit_test(each_outcome_says_what_to_do_next),
		cmocka_unit_test(the_first_pass_offers_a_baseline),
		cmocka_unit_test(no_line_is_a_command_to_a_runner__OUT_16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
