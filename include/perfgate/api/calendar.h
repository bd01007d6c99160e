/*
 * Days (base/date.h): what the API accepts, and the days that a data set has.
 *
 * A data set covers whole calendar years. A date outside of them uses the same calendar
 * day of the last year, 29 February the 28th where that year has none. Windows that begin
 * before the first day continue at the end of the first year: the climate is periodic.
 */
#ifndef PERFGATE_API_CALENDAR_H
#define PERFGATE_API_CALENDAR_H

#include "perfgate/base/date.h"

#include <stdbool.h>
#include <stdint.h>

struct calendar {
	int first_year, last_year;
};

/* As date_parse(), years 1900..2199 only. */
PG_MUST_CHECK int calendar_parse(const char *text, int32_t *out_day);

int calendar_days(const struct calendar *calendar);
/* 0..calendar_days()-1: the day of the data that stands for `day`. */
int calendar_index(const struct calendar *calendar, int32_t day);
/* The day at an index; indices down to minus one year wrap into the first year. */
int32_t calendar_day(const struct calendar *calendar, int index);

#endif
