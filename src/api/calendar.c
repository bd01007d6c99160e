#include "perfgate/api/calendar.h"

#include <stdbool.h>
#include <string.h>

#define FIRST_YEAR 1900
#define LAST_YEAR 2199

static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int32_t day_of(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = y / 400;
	int of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void split(int32_t day, int *year, int *month, int *month_day)
{
	int z = day + 719468;
	int era = z / 146097;
	int of_era = z - era * 146097;
	int year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int mp = (5 * of_year + 2) / 153;

	*month_day = of_year - (153 * mp + 2) / 5 + 1;
	*month = mp + (mp < 10 ? 3 : -9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

static int number(const char *digits, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return -1;
		value = value * 10 + (digits[i] - '0');
	}
	return value;
}

int calendar_parse(const char *text, int32_t *out_day)
{
	int year, month, day, last;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return -1;
	year = number(text, 4);
	month = number(text + 5, 2);
	day = number(text + 8, 2);
	if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1)
		return -1;
	last = month_days[month - 1] + (month == 2 && is_leap(year));
	if (day > last)
		return -1;
	*out_day = day_of(year, month, day);
	return 0;
}

static void put_digits(char *out, int value, int count)
{
	while (count-- > 0) {
		out[count] = (char)('0' + value % 10);
		value /= 10;
	}
}

void calendar_format(int32_t day, char *out)
{
	int year, month, month_day;

	split(day, &year, &month, &month_day);
	memcpy(out, "0000-00-00", sizeof "0000-00-00");
	put_digits(out, year, 4);
	put_digits(out + 5, month, 2);
	put_digits(out + 8, month_day, 2);
}

int calendar_data_day(int32_t day)
{
	int year, month, month_day;

	split(day, &year, &month, &month_day);
	if (month == 2 && month_day == 29)
		month_day = 28;
	return day_of(CALENDAR_DATA_YEAR, month, month_day) - day_of(CALENDAR_DATA_YEAR, 1, 1);
}

void calendar_format_data_day(int data_day, char *out)
{
	int wrapped = data_day % CALENDAR_DATA_DAYS;

	if (wrapped < 0)
		wrapped += CALENDAR_DATA_DAYS;
	calendar_format(day_of(CALENDAR_DATA_YEAR, 1, 1) + wrapped, out);
}
