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

int calendar_data_day(int32_t day)
{
	int64_t year, month, month_day;

	date_to_civil(day, &year, &month, &month_day);
	if (month == 2 && month_day == 29)
		month_day = 28;
	return (int)(date_from_civil(CALENDAR_DATA_YEAR, month, month_day) -
		     date_from_civil(CALENDAR_DATA_YEAR, 1, 1));
}

void calendar_format_data_day(int data_day, char *out)
{
	int wrapped = data_day % CALENDAR_DATA_DAYS;

	if (wrapped < 0)
		wrapped += CALENDAR_DATA_DAYS;
	date_format(date_from_civil(CALENDAR_DATA_YEAR, 1, 1) + wrapped, out);
}
