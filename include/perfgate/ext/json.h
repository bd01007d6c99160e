/*
 * What jansson lacks: constructors that cannot fail, strict capped loading,
 * one canonical dump. json_t values travel through the program as they are.
 */
#ifndef PERFGATE_EXT_JSON_H
#define PERFGATE_EXT_JSON_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"

#include <jansson.h>

DEFINE_AUTO(json, json_t *, json_decref)
#define AUTO_JSON AUTO(json)

/*
 * Let jansson allocate by xmalloc(), with the reserve of base/mem behind it: its parser drops bytes
 * or blames the document when an allocation fails. Once, before the first use of it.
 */
void extjson_use_own_memory(void);

/* Invalid UTF-8 becomes U+FFFD; NULL becomes null. */
json_t *extjson_string(const char *text);
/* NaN and infinities become null. */
json_t *extjson_real(double value);
/* Rounded to `digits` significant digits, so that files stay readable; NaN becomes null. */
json_t *extjson_rounded(double value, int digits);
json_t *extjson_integer(int64_t value);
json_t *extjson_object(void);
json_t *extjson_array(void);

/* Steal `value` (may be NULL: stores null). Out of memory ends the process. */
void extjson_set(json_t *object, const char *key, json_t *value);
void extjson_append(json_t *array, json_t *value);

/* Typed reading with defaults: a missing or wrong-typed member gives the default. */
const char *extjson_get_string(const json_t *object, const char *key, const char *fallback);
double extjson_get_number(const json_t *object, const char *key, double fallback);
int64_t extjson_get_integer(const json_t *object, const char *key, int64_t fallback);
bool extjson_get_bool(const json_t *object, const char *key, bool fallback);

/*
 * Strict: duplicate keys, NUL in strings, trailing bytes and depth over 64 are
 * refused; at most `limit` bytes. The error has kind `kind` and says where.
 */
PG_MUST_CHECK int extjson_parse(const char *text, size_t length, size_t limit, enum error_kind kind,
				json_t **out, struct error *err);

/* Canonical: sorted keys, no spaces; one line. For digests and notes. */
void extjson_dump_canonical(const json_t *value, struct strbuf *out);
/* For people: indent 2, insertion order, final newline. */
void extjson_dump_pretty(const json_t *value, struct strbuf *out);

#endif
