/*
 * Quantities as people write them: one grammar for files, variables and flags.
 *
 *   number    123 | 0.5 | 1e3            no sign but '-', no leading zero, no
 *                                        '_' or ',' or hexadecimal, finite
 *   duration  number unit, unit in us ms s m h d; several may follow each
 *             other ("1h30m"); a bare number takes the caller's unit
 *   size      number unit, unit in B KB MB GB (10^3) KiB MiB GiB (2^10)
 *   percent   number% or number pp       as a fraction: 5% is 0.05
 *
 * The whole text must match (never a longest prefix); parsing does not
 * depend on the locale. Functions return 0, or -1 with `why` pointing to a
 * static explanation such as "leading zero: write 755".
 */
#ifndef PERFGATE_BASE_UNITS_H
#define PERFGATE_BASE_UNITS_H

#include "perfgate/base/error.h"

#include <stdint.h>

PG_MUST_CHECK int units_parse_number(const char *text, double *out, const char **why);
PG_MUST_CHECK int units_parse_integer(const char *text, int64_t *out, const char **why);

/* `bare_unit_ns` is the unit of a bare number in ns; 0 refuses bare numbers. */
PG_MUST_CHECK int units_parse_duration_ns(const char *text, int64_t bare_unit_ns, int64_t *out,
					  const char **why);
PG_MUST_CHECK int units_parse_size(const char *text, uint64_t *out_bytes, const char **why);

/* "5%", "0.5pp" or a bare fraction 0.05; result is the fraction. */
PG_MUST_CHECK int units_parse_fraction(const char *text, double *out, const char **why);

/*
 * Shortest forms for people: "2 m", "1.5 s", "20 ms", "850 us"; `out` holds
 * UNITS_TEXT_SIZE bytes. units_format_number() prints with `significant`
 * digits, no exponent below 1e15, dot decimal, no trailing zeros.
 */
#define UNITS_TEXT_SIZE 48
void units_format_duration(int64_t ns, char *out);
void units_format_number(double value, int significant, char *out);
void units_format_bytes(uint64_t bytes, char *out);

#endif
