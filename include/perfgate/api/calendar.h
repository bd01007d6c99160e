/*
 * Days: parsing, and where a day lies in the data year.
 *
 * A day is a number: days since 1970-01-01 in the proleptic Gregorian calendar
 * (Hinnant, "chrono-compatible low-level date algorithms").
 *
 * The data covers one fixed year of 365 days, 2023. A date of any other year
 * uses the same calendar day, 29 February uses the 28th.
 */
#ifndef PERFGATE_API_CALENDAR_H
#define PERFGATE_API_CALENDAR_H

#include "perfgate/base/error.h"

#include <stdint.h>

#define CALENDAR_DATA_YEAR 2023
#define CALENDAR_DATA_DAYS 365
#define CALENDAR_DATE_SIZE 16

/* "2024-05-01": digits and dashes exactly, a date that exists, years 1900..2199; else -1. */
PG_MUST_CHECK int calendar_parse(const char *text, int32_t *out_day);
/* "2024-05-01"; `out` holds CALENDAR_DATE_SIZE bytes. */
void calendar_format(int32_t day, char *out);
/* 0..364: the day of the data year that stands for `day`. */
int calendar_data_day(int32_t day);
/* The date of a day of the data year, 0..364; values outside wrap around the year. */
void calendar_format_data_day(int data_day, char *out);

#endif
