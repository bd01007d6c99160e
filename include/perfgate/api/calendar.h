/*
 * Days (base/date.h): what the API accepts, and where a day lies in the data year.
 *
 * The data covers one fixed year of 365 days, 2023. A date of any other year
 * uses the same calendar day, 29 February uses the 28th.
 */
#ifndef PERFGATE_API_CALENDAR_H
#define PERFGATE_API_CALENDAR_H

#include "perfgate/base/date.h"

#include <stdint.h>

#define CALENDAR_DATA_YEAR 2023
#define CALENDAR_DATA_DAYS 365

/* As date_parse(), years 1900..2199 only. */
PG_MUST_CHECK int calendar_parse(const char *text, int32_t *out_day);
/* 0..364: the day of the data year that stands for `day`. */
int calendar_data_day(int32_t day);
/* Its date (DATE_SIZE bytes), data_day 0..364; values outside wrap around the year. */
void calendar_format_data_day(int data_day, char *out);

#endif
