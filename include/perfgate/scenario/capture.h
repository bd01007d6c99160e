/*
 * Captures: values taken from one answer for later requests of the same user.
 *
 *   capture: {token: json.access_token, place: header.Location}
 *
 * `${capture.token}` uses them (substitute.h). Their names are numbered once
 * for the whole suite, at most CAPTURE_MAX_NAMES. A value is text of 1 to
 * CAPTURE_MAX_BYTES; from JSON it is a string, a number, true or false.
 *
 * Values of a journey last until it ends; those of an on_start: as long as the
 * user. A user keeps one set of values for the journey and one per on_start:
 * (profiles have one; the mix of a capacity phase has those of all profiles).
 * A journey sees its own values first, then those of its profile's on_start:.
 *
 * What is wrong with a value is told where it is captured, also when it is
 * where it will stand that refuses it: a name used in a header anywhere takes no
 * control characters, a name used as a whole target takes only "/…" and http URLs.
 */
#ifndef PERFGATE_SCENARIO_CAPTURE_H
#define PERFGATE_SCENARIO_CAPTURE_H

#include "perfgate/scenario/json_path.h"
#include "perfgate/scenario/values.h"

#define CAPTURE_MAX_NAMES 16
#define CAPTURE_MAX_BYTES ((size_t)4096)

/* One name, shared by all rules and slots of the suite. */
struct capture_name {
	const char *text;
	size_t index;
	bool in_header, as_target; /* used so somewhere */
};

struct capture_names {
	struct capture_name items[CAPTURE_MAX_NAMES];
	size_t n;
};

/* What one task captures and uses while it is compiled; bits are name indexes. */
struct capture_scope {
	struct capture_names *names;
	uint32_t given; /* by the steps so far */
	uint32_t needed; /* used, but not given by an earlier step */
	struct place used_at[CAPTURE_MAX_NAMES]; /* the first such use */
};

struct capture_rule {
	const struct capture_name *name;
	const char *source; /* as written: "json.access_token" */
	const char *header; /* NULL: from JSON */
	struct json_path path;
};

/* Of one request. */
struct capture_rules {
	struct capture_rule *items;
	size_t n;
	bool headers, json; /* some rule looks there */
};

/* `capture:` of a step; adds to scope->given. ERROR_USAGE with position. */
PG_MUST_CHECK int capture_compile(struct arena *arena, struct capture_scope *scope,
				  const struct yaml_node *node, struct capture_rules *out,
				  struct error *err);

/* The name in `${capture.NAME}`, noted as needed when no earlier step gives it. */
PG_MUST_CHECK int capture_use(struct arena *arena, struct capture_scope *scope, const char *name,
			      const struct place *place, struct capture_name **out,
			      struct error *err);

/* --- while users run: one object per user that captures; not thread-safe --- */

enum capture_state {
	CAPTURE_MISSING,
	CAPTURE_TAKEN,
	CAPTURE_EMPTY,
	CAPTURE_TOO_LONG,
	CAPTURE_CONTROL, /* control characters in a value for a header */
	CAPTURE_NO_PATH, /* no path in a value for a target */
};

struct capture_value {
	char *text; /* keeps its memory; NULL before the first */
	uint16_t length, capacity;
	uint8_t state; /* enum capture_state */
	bool literal; /* number, true, false: unquoted where it is a whole JSON value */
};

struct captures;

/* `n_sets` on_start: tasks. */
struct captures *captures_new(size_t n_names, size_t n_sets);
void captures_free(struct captures *captures);

/* A journey begins: its values are forgotten. It sees those of on_start `set` (0: of none). */
void captures_begin_journey(struct captures *captures, size_t set);
/* on_start `set`, counted from 1, begins: its values are forgotten, and taken from now on. */
void captures_begin_start(struct captures *captures, size_t set);

/* An answer begins: forget what its rules took before. */
void captures_begin_answer(struct captures *captures, const struct capture_rules *rules);
/* The value of a header that a rule names. */
void captures_take_header(struct captures *captures, const struct capture_rule *rule,
			  const char *text, size_t length);
/*
 * The complete body (unused without JSON rules). False when a value of any rule is
 * missing, with the reason in `why` ("capture token: json.access_token is missing").
 */
bool captures_take_body(struct captures *captures, const struct capture_rules *rules,
			const char *body, size_t length, char *why, size_t why_size);

/* NULL when there is none; `captures` may be NULL. */
const struct capture_value *captures_find(const struct captures *captures,
					  const struct capture_name *name);

#endif
