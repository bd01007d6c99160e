/*
 * Typed reading of YAML scalars for the suite's sections: numbers, durations
 * and ranges, with the position in every error.
 *
 * All errors are ERROR_USAGE. A `struct place` is where a text comes from: a
 * YAML node, or, for flags and files, a label such as "requests[2]".
 */
#ifndef PERFGATE_SCENARIO_VALUES_H
#define PERFGATE_SCENARIO_VALUES_H

#include "perfgate/base/arena.h"
#include "perfgate/base/error.h"
#include "perfgate/ext/yaml.h"

#include <stdbool.h>
#include <stdint.h>

struct place {
	const struct yaml_node *node; /* first choice */
	const char *label; /* used when there is no node */
};

/* "FILE:LINE:COLUMN: …" or "LABEL: …"; returns -1. */
int place_error(const struct place *place, struct error *err, const char *format, ...)
	PG_PRINTF(3, 4);

/* A plain number in [min, max]; `what` is the key for the message. */
PG_MUST_CHECK int value_number(const struct yaml_node *node, const char *what, double min,
			       double max, double *out, struct error *err);
PG_MUST_CHECK int value_count(const struct yaml_node *node, const char *what, size_t max,
			      size_t *out, struct error *err);
/* Above 0, at most a million: shares of users and tasks. */
PG_MUST_CHECK int value_weight(const struct yaml_node *node, const char *what, double *out,
			       struct error *err);
/* "30s", "1h30m", or 0; a bare number is refused: it has no unit. In [0, max_ns]. */
PG_MUST_CHECK int value_duration(const struct yaml_node *node, const char *what, int64_t max_ns,
				 int64_t *out, struct error *err);
/* "1s..3s", or one duration for both ends. */
PG_MUST_CHECK int value_duration_range(const struct yaml_node *node, const char *what,
				       int64_t max_ns, int64_t *out_min, int64_t *out_max,
				       struct error *err);

/* Split "a..b" (copies in `arena`); without ".." both ends are the text. False: an end is empty. */
bool value_split_range(struct arena *arena, const char *text, const char **out_low,
		       const char **out_high);

/* The number grammar of JSON (RFC 8259 section 6): what may stand unquoted in a body. */
bool value_is_json_number(const char *text);

/* Without blanks at both ends; a copy in `arena`. */
char *value_trim(struct arena *arena, const char *text, size_t length);

#endif
