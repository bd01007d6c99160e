#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/mem.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

#define MS INT64_C(1000000)
#define S (1000 * MS)

static void numbers_follow_one_grammar(void **state)
{
	static const struct {
		const char *text;
		double value;
	} good[] = {
		{"0", 0},	  {"123", 123},	 {"0.5", 0.5}, {"1e3", 1000}, {"2E-1", 0.2},
		{"-4.25", -4.25}, {"1e+2", 100}, {"0.0", 0},   {"5.0", 5},
	};
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "not a number"},	   {"abc", "not a number"},	 {"0755", "leading zero"},
		{"2_000", "separators"},   {"2,000", "separators"},	 {"0x7D0", "hexadecimal"},
		{"+2000", "'+' sign"},	   {".5", "before the point"},	 {"5.", "after the point"},
		{"1e999", "finite"},	   {"1e-400", "finite"},	 {".nan", "finite"},
		{".inf", "finite"},	   {"-.inf", "finite"},		 {"-0", "negative zero"},
		{"-0.0", "negative zero"}, {"12abc", "unexpected text"}, {" 1", "not a number"},
		{"1 ", "unexpected text"}, {"5e", "unexpected text"},	 {"--5", "not a number"},
		{"NaN", "finite"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *why = NULL;
		double value = -1;

		assert_int_equal(units_parse_number(good[i].text, &value, &why), 0);
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *why = NULL;
		double value = 42;

		assert_int_equal(units_parse_number(bad[i].text, &value, &why), -1);
		assert_non_null(why);
		if (strstr(why, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].text, why);
		assert_true(value == 42);
	}
}

static void integers_are_exact_or_refused(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{"0", 0},
		{"-7", -7},
		{"1e3", 1000},
		{"5.0", 5},
		{"9223372036854775807", INT64_MAX},
		{"-9223372036854775808", INT64_MIN},
	};
	static const char *const bad[] = {
		"3.5", "99999999999999999999", "9223372036854775808", "1e17", "1e-1", "x", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *why = NULL;
		int64_t value = 1;

		assert_int_equal(units_parse_integer(good[i].text, &value, &why), 0);
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *why = NULL;
		int64_t value = 42;

		assert_int_equal(units_parse_integer(bad[i], &value, &why), -1);
		assert_non_null(why);
		assert_int_equal(value, 42);
	}
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t bare, ns;
	} good[] = {
		{"850us", 0, 850000}, {"20ms", 0, 20 * MS},	  {"1.5s", 0, 1500 * MS},
		{"2m", 0, 120 * S},   {"1h30m", 0, 5400 * S},	  {"1d2h", 0, 93600 * S},
		{"30", S, 30 * S},    {"2000", MS, 2 * S},	  {"0s", 0, 0},
		{"1e3ms", 0, S},      {"1m500ms", 0, 60500 * MS},
	};
	static const char *const bad[] = {"30", "",	"s",	"5 s",	 "-5s", "30m1h", "1s1s",
					  "5x", "1h30", "1m2q", "1e30d", "05s", "5sec",	 "m5"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const char *why = NULL;
		int64_t ns = -1;

		if (units_parse_duration_ns(good[i].text, good[i].bare, &ns, &why) != 0)
			fail_msg("%s: %s", good[i].text, why);
		assert_true(ns == good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *why = NULL;
		int64_t ns = 42;

		if (units_parse_duration_ns(bad[i], 0, &ns, &why) != -1)
			fail_msg("%s was accepted", bad[i]);
		assert_non_null(why);
		assert_int_equal(ns, 42);
	}
}

static void sizes_and_fractions(void **state)
{
	const char *why = NULL;
	uint64_t bytes = 0;
	double fraction = 0;

	(void)state;
	assert_int_equal(units_parse_size("1MiB", &bytes, &why), 0);
	assert_true(bytes == 1048576);
	assert_int_equal(units_parse_size("1.5KB", &bytes, &why), 0);
	assert_true(bytes == 1500);
	assert_int_equal(units_parse_size("10", &bytes, &why), -1);
	assert_int_equal(units_parse_size("-1B", &bytes, &why), -1);
	assert_int_equal(units_parse_size("1MBx", &bytes, &why), -1);
	assert_int_equal(units_parse_fraction("5%", &fraction, &why), 0);
	assert_true(fabs(fraction - 0.05) < 1e-12);
	assert_int_equal(units_parse_fraction("0.5pp", &fraction, &why), 0);
	assert_true(fabs(fraction - 0.005) < 1e-12);
	assert_int_equal(units_parse_fraction("0.05", &fraction, &why), 0);
	assert_true(fraction == 0.05);
	assert_int_equal(units_parse_fraction("5 %", &fraction, &why), -1);
	assert_int_equal(units_parse_fraction("5p", &fraction, &why), -1);
}

static void durations_print_short(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{0, "0 s"},
		{850000, "850 us"},
		{20 * MS, "20 ms"},
		{1500 * MS, "1.5 s"},
		{120 * S, "2 m"},
		{90 * S, "1 m 30 s"},
		{3600 * S, "1 h"},
		{5400 * S, "1 h 30 m"},
		{500, "0.5 us"},
		{999960000, "1 s"},
		{59996 * MS, "1 m"},
		{-20 * MS, "-20 ms"},
		{-90 * S, "-1 m 30 s"},
		{1234567, "1.23 ms"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[UNITS_TEXT_SIZE];

		units_format_duration(rows[i].ns, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void numbers_print_without_exponent_or_trailing_zeros(void **state)
{
	static const struct {
		double value;
		int digits;
		const char *text;
	} rows[] = {
		{0, 3, "0"},
		{1.5, 3, "1.5"},
		{1234.5678, 6, "1234.57"},
		{0.000123, 2, "0.00012"},
		{999.96, 4, "1000"},
		{12345, 3, "12300"},
		{-2.50, 3, "-2.5"},
		{-0.0, 3, "0"},
		{1e14, 3, "100000000000000"},
		{NAN, 3, "n/a"},
		{INFINITY, 3, "inf"},
		{-INFINITY, 3, "-inf"},
		{0.7, 3, "0.7"},
		{100, 1, "100"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[UNITS_TEXT_SIZE];

		units_format_number(rows[i].value, rows[i].digits, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void bytes_print_short(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{1536, "1.5 KiB"},
		{1048576, "1 MiB"},
		{UINT64_C(3) << 30, "3 GiB"},
		{1047552, "1023 KiB"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[UNITS_TEXT_SIZE];

		units_format_bytes(rows[i].bytes, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void extreme_values_fit_the_buffer(void **state)
{
	static const double values[] = {1e308, -1e308, 5e-324, -1e-300, 123456789.123456789};
	char text[UNITS_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (int digits = 1; digits <= 17; digits++) {
			units_format_number(values[i], digits, text);
			assert_true(strlen(text) < UNITS_TEXT_SIZE);
		}
	units_format_duration(INT64_MAX, text);
	units_format_duration(INT64_MIN, text);
	units_format_bytes(UINT64_MAX, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_follow_one_grammar),
		cmocka_unit_test(integers_are_exact_or_refused),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(sizes_and_fractions),
		cmocka_unit_test(durations_print_short),
		cmocka_unit_test(numbers_print_without_exponent_or_trailing_zeros),
		cmocka_unit_test(bytes_print_short),
		cmocka_unit_test(extreme_values_fit_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
