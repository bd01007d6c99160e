/*
 * Calendar dates as numbers: days since 1970-01-01 in the proleptic
 * Gregorian calendar, years 0 to 9999.
 *
 * H. Hinnant, "chrono-compatible low-level date algorithms",
 * https://howardhinnant.github.io/date_algorithms.html
 */
#ifndef PERFGATE_BASE_DATE_H
#define PERFGATE_BASE_DATE_H

#include "perfgate/base/error.h"

#include <stdint.h>

#define DATE_SIZE 11

int64_t date_from_civil(int64_t year, int64_t month, int64_t day);
void date_to_civil(int64_t days, int64_t *year, int64_t *month, int64_t *day);

/* "2024-05-01"; `out` holds DATE_SIZE bytes. */
void date_format(int64_t days, char *out);

/* Digits and dashes exactly, and a date that exists; else -1. */
PG_MUST_CHECK int date_parse(const char *text, int64_t *out_days);

#endif
