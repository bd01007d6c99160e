#include "perfgate/base/date.h"

#include <stdbool.h>
#include <string.h>

int64_t date_from_civil(int64_t year, int64_t month, int64_t day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_to_civil(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t era, of_era, year_of_era, of_year, shifted;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	shifted = (5 * of_year + 2) / 153;
	*day = of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted + (shifted < 10 ? 3 : -9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

static void put_digits(char *out, int64_t value, int digits)
{
	while (digits-- > 0) {
		out[digits] = (char)('0' + value % 10);
		value /= 10;
	}
}

void date_format(int64_t days, char *out)
{
	int64_t year, month, day;

	date_to_civil(days, &year, &month, &day);
	put_digits(out, year, 4);
	out[4] = '-';
	put_digits(out + 5, month, 2);
	out[7] = '-';
	put_digits(out + 8, day, 2);
	out[10] = '\0';
}

static bool take_digits(const char *text, int digits, int64_t *out)
{
	*out = 0;
	for (; digits > 0; digits--, text++) {
		if (*text < '0' || *text > '9')
			return false;
		*out = *out * 10 + (*text - '0');
	}
	return true;
}

int date_parse(const char *text, int64_t *out_days)
{
	int64_t year, month, day, days;
	char again[DATE_SIZE];

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-' ||
	    !take_digits(text, 4, &year) || !take_digits(text + 5, 2, &month) ||
	    !take_digits(text + 8, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
		return -1;
	days = date_from_civil(year, month, day);
	/* 31 April and the like come back as another day. */
	date_format(days, again);
	if (strcmp(again, text) != 0)
		return -1;
	*out_days = days;
	return 0;
}
