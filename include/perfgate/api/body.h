/*
 * A request body as JSON (RFC 8259), read where it lies: one list of values, no tree.
 *
 * Small bodies need no allocation at all. With jansson, reading the body of /predict/single was
 * two fifths of a cached answer's instructions, so that the API has a reader of its own.
 *
 * The whole text is checked first. Refused beside what is no JSON: bytes that are no UTF-8, U+0000
 * in text, a member that is given twice, more than BODY_MAX_MEMBERS of them in one object, depth
 * over BODY_MAX_DEPTH, and numbers beyond a double. Numbers are doubles.
 */
#ifndef PERFGATE_API_BODY_H
#define PERFGATE_API_BODY_H

#include "perfgate/base/error.h"
#include "perfgate/base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_MAX_DEPTH 64
#define BODY_MAX_MEMBERS 64
#define BODY_SHORT_BYTES 512
#define BODY_SHORT_VALUES 32

enum body_kind { BODY_NULL, BODY_FALSE, BODY_TRUE, BODY_NUMBER, BODY_TEXT, BODY_LIST, BODY_OBJECT };

/* A value; what a list or an object holds follows it. Lives as long as its body. */
struct body_value {
	const char *key; /* of a member, else NULL */
	union {
		double number;
		const char *text; /* UTF-8 without NUL */
	};
	uint32_t count; /* bytes of a text, elements of a list, members of an object */
	uint32_t kind : 3;
	uint32_t span : 29; /* values up to the next one beside it, itself included */
};

/* Do not copy it: it points into itself. */
struct body {
	struct body_value *values; /* the first is the whole */
	size_t count, capacity;
	char *text; /* copy; texts are decoded in it and end with NUL */
	char short_text[BODY_SHORT_BYTES];
	struct body_value short_values[BODY_SHORT_VALUES];
};

/*
 * Read `length` bytes (copied). ERROR_USAGE with line and column; ERROR_INTERNAL for want of
 * memory. To be released in both cases.
 */
PG_MUST_CHECK int body_read(struct body *body, const char *text, size_t length, struct error *err);
void body_release(struct body *body);
DEFINE_AUTO_VALUE(body, struct body, body_release)

/* A member of an object; NULL when there is none or `object` is something else. */
const struct body_value *body_member(const struct body_value *object, const char *key);
/* The element or member after this one; the caller counts. */
static inline const struct body_value *body_next(const struct body_value *value)
{
	return value + value->span;
}

#endif
