#include "perfgate/api/calendar.h"

#define FIRST_YEAR 1900
#define LAST_YEAR 2199

int calendar_parse(const char *text, int32_t *out_day)
{
	int64_t days;

	if (date_parse(text, &days) || days < date_from_civil(FIRST_YEAR, 1, 1) ||
	    days > date_from_civil(LAST_YEAR, 12, 31))
		return -1;
	*out_day = (int32_t)days;
	return 0;
}

static int32_t new_year(int year)
{
	return (int32_t)date_from_civil(year, 1, 1);
}

static bool is_leap(int year)
{
	return new_year(year + 1) - new_year(year) == 366;
}

int calendar_days(const struct calendar *calendar)
{
	return new_year(calendar->last_year + 1) - new_year(calendar->first_year);
}

int calendar_index(const struct calendar *calendar, int32_t day)
{
	int64_t year, month, month_day;

	date_to_civil(day, &year, &month, &month_day);
	if (year < calendar->first_year || year > calendar->last_year) {
		year = calendar->last_year;
		if (month == 2 && month_day == 29 && !is_leap(calendar->last_year))
			month_day = 28;
	}
	return (int)(date_from_civil(year, month, month_day) - new_year(calendar->first_year));
}

int32_t calendar_day(const struct calendar *calendar, int index)
{
	if (index < 0)
		index += new_year(calendar->first_year + 1) - new_year(calendar->first_year);
	return new_year(calendar->first_year) + index;
}
