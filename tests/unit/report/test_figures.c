#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/fs.h"
#include "perfgate/base/proc.h"
#include "perfgate/report/figures.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "_" stands for the narrow space. */
static void assert_text(const struct strbuf *actual, const char *expected)
{
	AUTO(strbuf) struct strbuf text = {0};

	for (; *expected != '\0'; expected++) {
		if (*expected == '_')
			strbuf_puts(&text, FIGURES_GROUP);
		else
			strbuf_putc(&text, *expected);
	}
	assert_string_equal(strbuf_text(actual), strbuf_text(&text));
}

static void numbers_are_grouped(void **state)
{
	static const struct {
		double value;
		int decimals;
		const char *text;
	} rows[] = {
		{0, 0, "0"},
		{999, 0, "999"},
		{1000, 0, "1_000"},
		{-1234567.891, 2, "-1_234_567.89"},
		{-0.001, 1, "0.0"},
		{1e15, 0, "1_000_000_000_000_000"},
		{NAN, 2, "n/a"},
		{INFINITY, 2, "n/a"},
		{123456.5, 1, "123_456.5"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		figures_number(&out, rows[i].value, rows[i].decimals);
		assert_text(&out, rows[i].text);
	}
}

static void metrics_have_their_unit_and_about_three_digits(void **state)
{
	static const struct {
		enum metric metric;
		double value;
		const char *text;
	} rows[] = {
		{METRIC_P95, 4.2111, "4.21 ms"},      {METRIC_P95, 38.44, "38.4 ms"},
		{METRIC_P95, 2004.4, "2_004 ms"},     {METRIC_P95, 99.96, "100 ms"},
		{METRIC_P95, 9.996, "10.0 ms"},	      {METRIC_P95, 0, "0 ms"},
		{METRIC_THROUGHPUT, 61.34, "61.3/s"}, {METRIC_ERROR_RATE, 0, "0%"},
		{METRIC_ERROR_RATE, .00042, "0.04%"}, {METRIC_CACHE_HIT_RATE, .929, "92.9%"},
		{METRIC_CACHE_HIT_RATE, 1, "100%"},   {METRIC_P50, NAN, "n/a"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		figures_metric(&out, rows[i].metric, rows[i].value);
		assert_text(&out, rows[i].text);
	}
}

static struct cell cell_of(enum metric metric, double value, double limit)
{
	return (struct cell){.scenario = "s",
			     .endpoint = "total",
			     .metric = metric,
			     .value = value,
			     .limit = limit,
			     .baseline = NAN,
			     .low = NAN,
			     .high = NAN};
}

static void digits_explain_the_verdict__MEA_15_MEA_16(void **state)
{
	static const struct {
		enum metric metric;
		double value, limit;
		const char *shown, *limit_shown;
	} rows[] = {
		{METRIC_P95, 2000, 2000, "2_000 ms", "≤ 2_000 ms"},
		{METRIC_P95, 2000.0004, 2000, "2_000.0004 ms", "≤ 2_000 ms"},
		{METRIC_P95, 1999.9996, 2000, "1_999.9996 ms", "≤ 2_000 ms"},
		{METRIC_P95, 2001.6, 2001.8, "2_001.6 ms", "≤ 2_001.8 ms"},
		{METRIC_P95, 2001.8, 2001.8, "2_001.8 ms", "≤ 2_001.8 ms"},
		{METRIC_P95, 38.43, 2000, "38.4 ms", "≤ 2_000 ms"},
		{METRIC_ERROR_RATE, .01, .01, "1.00%", "≤ 1%"},
		{METRIC_ERROR_RATE, .0100004, .01, "1.00004%", "≤ 1%"},
		{METRIC_CACHE_HIT_RATE, .69999, .7, "69.999%", "≥ 70%"},
		{METRIC_THROUGHPUT, 49.999, 50, "49.999/s", "≥ 50/s"},
		{METRIC_THROUGHPUT, 61, NAN, "61.0/s", "none"},
		{METRIC_P95, NAN, 2000, "n/a", "≤ 2_000 ms"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cell cell = cell_of(rows[i].metric, rows[i].value, rows[i].limit);
		AUTO(strbuf) struct strbuf value = {0}, limit = {0};

		figures_cell_value(&value, &cell);
		figures_cell_limit(&limit, &cell);
		assert_text(&value, rows[i].shown);
		assert_text(&limit, rows[i].limit_shown);
	}
}

static void a_value_one_step_beyond_its_limit_differs_in_print(void **state)
{
	static const double limits[] = {.01, .7, 50, 2000, 123.456};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct cell on = cell_of(METRIC_P95, limits[i], limits[i]);
		struct cell over = cell_of(METRIC_P95, limits[i] * (1 + 1e-9), limits[i]);
		AUTO(strbuf) struct strbuf a = {0}, b = {0};

		figures_cell_value(&a, &on);
		figures_cell_value(&b, &over);
		assert_string_not_equal(strbuf_text(&a), strbuf_text(&b));
	}
}

static void generator_as_limit_reads_at_least(void **state)
{
	struct cell cell = cell_of(METRIC_THROUGHPUT, 1124.2, 50);
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	cell.at_least = true;
	figures_cell_value(&out, &cell);
	assert_text(&out, "at least 1_124/s");
}

static void changes_are_relative_or_in_points__MEA_05(void **state)
{
	static const struct {
		enum metric metric;
		double value, baseline;
		const char *text;
		int direction;
	} rows[] = {
		{METRIC_P95, 110, 100, "+10.0%", 1},
		{METRIC_P95, 90, 100, "-10.0%", -1},
		{METRIC_P95, 100, 100, "same", 0},
		{METRIC_P95, 100, 0, "n/a", 1},
		{METRIC_P95, 100, NAN, "", 0},
		{METRIC_P95, NAN, 100, "", 0},
		{METRIC_THROUGHPUT, 40, 50, "-20.0%", 1},
		{METRIC_THROUGHPUT, 0, 0, "same", 0},
		{METRIC_ERROR_RATE, .012, .01, "+0.20 pp", 1},
		{METRIC_CACHE_HIT_RATE, .9, .95, "-5.00 pp", 1},
		{METRIC_P95, 2000, 100, "+1_900%", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cell cell = cell_of(rows[i].metric, rows[i].value, NAN);
		AUTO(strbuf) struct strbuf out = {0};

		cell.baseline = rows[i].baseline;
		figures_cell_change(&out, &cell);
		assert_text(&out, rows[i].text);
		assert_int_equal(figures_cell_direction(&cell), rows[i].direction);
	}
}

static void too_good_an_improvement_is_noticed__MEA_20(void **state)
{
	struct cell faster = cell_of(METRIC_P95, 1, 2000), same = cell_of(METRIC_P95, 60, 2000);
	struct cell more = cell_of(METRIC_THROUGHPUT, 1000, 50);

	(void)state;
	faster.baseline = same.baseline = more.baseline = 100;
	assert_true(figures_cell_suspicious(&faster));
	assert_true(figures_cell_suspicious(&more));
	assert_false(figures_cell_suspicious(&same));
	faster.baseline = NAN;
	assert_false(figures_cell_suspicious(&faster));
}

static void an_interval_straddles_only_what_lies_inside(void **state)
{
	struct cell cell = cell_of(METRIC_P95, 1900, 2000);

	(void)state;
	assert_false(figures_cell_straddles(&cell));
	cell.low = 1800;
	cell.high = 2100;
	assert_true(figures_cell_straddles(&cell));
	cell.high = 2000;
	assert_false(figures_cell_straddles(&cell));
}

static void text_from_outside_is_made_visible__OUT_19(void **state)
{
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	figures_visible(&out, "\x1b]8;;http://x\x07 \xe2\x80\xae abc\r\n::error::", 1000);
	assert_null(strpbrk(strbuf_text(&out), "\x1b\x07\r\n"));
	assert_null(strstr(strbuf_text(&out), "\xe2\x80\xae"));
	assert_non_null(strstr(strbuf_text(&out), "\\u202e"));
}

static void clipping_is_at_a_code_point_with_a_notice__OUT_27(void **state)
{
	(void)state;
	for (size_t limit = 1; limit < 9; limit++) {
		AUTO(strbuf) struct strbuf out = {0};

		figures_visible(&out, "ä€\xf0\x9f\x98\x80", limit);
		assert_null(strstr(strbuf_text(&out), "\\x"));
		assert_non_null(strstr(strbuf_text(&out), "clipped"));
	}
}

/* A locale with a comma, compiled into `dir`: machines without one still run the test. */
static bool comma_locale(const char *dir)
{
	AUTO_FREE char *path = fs_join(dir, "de_DE.UTF-8");
	const char *const argv[] = {"localedef", "-i", "de_DE", "-f", "UTF-8", path, NULL};
	const struct proc_spec spec = {.argv = argv};
	struct proc_result result = {0};
	struct error err = ERROR_INIT;

	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL)
		return true;
	if (proc_run(&spec, &result, &err) == 0)
		proc_result_release(&result);
	setenv("LOCPATH", dir, 1);
	return setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL;
}

static void decimals_have_a_dot_in_every_locale__OUT_21(void **state)
{
	char dir[] = "/tmp/pfg-locale-XXXXXX";
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	char comma[8];
	bool available;

	(void)state;
	assert_non_null(mkdtemp(dir));
	available = comma_locale(dir);
	snprintf(comma, sizeof comma, "%.1f", .5);
	figures_number(&out, 1234.5, 1);
	strbuf_putc(&out, ' ');
	figures_plain(&out, 1234.5, 2);
	setlocale(LC_NUMERIC, "C");
	assert_int_equal(fs_remove_tree(dir, &err), 0);
	if (!available)
		skip(); /* no localedef, no locale sources: the package `locales` has them */
	assert_string_equal(comma, "0,5");
	assert_text(&out, "1_234.5 1234.50");
}

static void times_are_utc_in_any_century__MEA_10(void **state)
{
	static const struct {
		int64_t wall_ns;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{1769860800000000000, "2026-01-31T12:00:00Z"},
		{2147483648000000000, "2038-01-19T03:14:08Z"},
		{4102444800000000000, "2100-01-01T00:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		figures_time(&out, rows[i].wall_ns, true);
		assert_string_equal(strbuf_text(&out), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_grouped),
		cmocka_unit_test(metrics_have_their_unit_and_about_three_digits),
		cmocka_unit_test(digits_explain_the_verdict__MEA_15_MEA_16),
		cmocka_unit_test(a_value_one_step_beyond_its_limit_differs_in_print),
		cmocka_unit_test(generator_as_limit_reads_at_least),
		cmocka_unit_test(changes_are_relative_or_in_points__MEA_05),
		cmocka_unit_test(too_good_an_improvement_is_noticed__MEA_20),
		cmocka_unit_test(an_interval_straddles_only_what_lies_inside),
		cmocka_unit_test(text_from_outside_is_made_visible__OUT_19),
		cmocka_unit_test(clipping_is_at_a_code_point_with_a_notice__OUT_27),
		cmocka_unit_test(decimals_have_a_dot_in_every_locale__OUT_21),
		cmocka_unit_test(times_are_utc_in_any_century__MEA_10),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
