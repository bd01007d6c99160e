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

static const struct calendar one_year = {2023, 2023}, four_years = {2020, 2023};

static int32_t day_of(const char *text)
{
	int32_t day;

	assert_int_equal(calendar_parse(text, &day), 0);
	return day;
}

static void other_years_use_the_same_calendar_day(void **state)
{
	static const struct {
		const char *text;
		const char *one, *four;
	} rows[] = {
		{"2023-01-01", "2023-01-01", "2023-01-01"},
		{"2024-01-01", "2023-01-01", "2023-01-01"},
		{"1999-12-31", "2023-12-31", "2023-12-31"},
		{"2024-02-29", "2023-02-28", "2023-02-28"},
		{"2020-02-29", "2023-02-28", "2020-02-29"},
		{"2021-07-04", "2023-07-04", "2021-07-04"},
		{"2024-03-01", "2023-03-01", "2023-03-01"},
		{"2050-06-15", "2023-06-15", "2023-06-15"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int32_t day = day_of(rows[i].text);

		assert_int_equal(calendar_day(&one_year, calendar_index(&one_year, day)),
				 day_of(rows[i].one));
		assert_int_equal(calendar_day(&four_years, calendar_index(&four_years, day)),
				 day_of(rows[i].four));
	}
}

static void indices_count_all_days_of_the_data(void **state)
{
	(void)state;
	assert_int_equal(calendar_days(&one_year), 365);
	assert_int_equal(calendar_days(&four_years), 1461);
	assert_int_equal(calendar_index(&one_year, day_of("2023-12-31")), 364);
	assert_int_equal(calendar_index(&four_years, day_of("2023-12-31")), 1460);
}

static void days_before_the_first_are_the_last_of_the_first_year(void **state)
{
	(void)state;
	assert_int_equal(calendar_day(&one_year, -1), day_of("2023-12-31"));
	assert_int_equal(calendar_day(&four_years, -1), day_of("2020-12-31"));
	assert_int_equal(calendar_day(&four_years, -29), day_of("2020-12-03"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_that_do_not_exist_are_refused),
		cmocka_unit_test(days_are_counted_from_1970),
		cmocka_unit_test(every_day_survives_printing_and_parsing),
		cmocka_unit_test(other_years_use_the_same_calendar_day),
		cmocka_unit_test(indices_count_all_days_of_the_data),
		cmocka_unit_test(days_before_the_first_are_the_last_of_the_first_year),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
