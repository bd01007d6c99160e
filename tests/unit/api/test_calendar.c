#include "perfgate/api/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void dates_that_do_not_exist_are_refused(void **state)
{
	static const char *const bad[] = {
		"",	      "2023-02-30",  "2023-02-29",    "1900-02-29", "2023-13-01",
		"2023-00-10", "2023-01-00",  "2023-1-1",      "2023-01-1",  "2023/01/01",
		" 2023-01-1", "2023-01-01 ", "1899-12-31",    "2200-01-01", "-023-01-01",
		"20x3-01-01", "2023-04-31",  "2023-01-01T00",
	};
	int32_t day = -7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (calendar_parse(bad[i], &day) != -1)
			fail_msg("accepted \"%s\"", bad[i]);
	assert_int_equal(day, -7);
}

static void days_are_counted_from_1970(void **state)
{
	static const struct {
		const char *text;
		int32_t day;
	} rows[] = {{"1970-01-01", 0},	   {"1969-12-31", -1},	  {"2000-02-29", 11016},
		    {"2000-03-01", 11017}, {"2023-01-01", 19358}, {"1900-01-01", -25567}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[DATE_SIZE];
		int32_t day;

		assert_int_equal(calendar_parse(rows[i].text, &day), 0);
		assert_int_equal(day, rows[i].day);
		date_format(day, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void every_day_survives_printing_and_parsing(void **state)
{
	char text[DATE_SIZE];
	int32_t first, last, again;

	(void)state;
	assert_int_equal(calendar_parse("1900-01-01", &first), 0);
	assert_int_equal(calendar_parse("2199-12-31", &last), 0);
	for (int32_t day = first; day <= last; day++) {
		date_format(day, text);
		assert_int_equal(calendar_parse(text, &again), 0);
		assert_int_equal(again, day);
	}
}

static void other_years_use_the_same_calendar_day(void **state)
{
	static const struct {
		const char *text;
		int data_day;
	} rows[] = {{"2023-01-01", 0},	{"2024-01-01", 0},  {"1999-12-31", 364}, {"2024-02-29", 58},
		    {"2024-02-28", 58}, {"2024-03-01", 59}, {"2050-06-15", 165}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int32_t day;

		assert_int_equal(calendar_parse(rows[i].text, &day), 0);
		assert_int_equal(calendar_data_day(day), rows[i].data_day);
	}
}

static void days_of_the_data_year_wrap(void **state)
{
	char text[DATE_SIZE];

	(void)state;
	calendar_format_data_day(-1, text);
	assert_string_equal(text, "2023-12-31");
	calendar_format_data_day(365, text);
	assert_string_equal(text, "2023-01-01");
	calendar_format_data_day(58, text);
	assert_string_equal(text, "2023-02-28");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_that_do_not_exist_are_refused),
		cmocka_unit_test(days_are_counted_from_1970),
		cmocka_unit_test(every_day_survives_printing_and_parsing),
		cmocka_unit_test(other_years_use_the_same_calendar_day),
		cmocka_unit_test(days_of_the_data_year_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
