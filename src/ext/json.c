#include "perfgate/ext/json.h"

#include "perfgate/base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64

/*
 * jansson 2.14 prints 0.1 with its 17 digits as 0.10000000000000001; 15 digits read well and
 * survive being written and read again unchanged.
 */
#define REAL_DIGITS JSON_REAL_PRECISION(15)

static json_t *checked(json_t *value)
{
	if (value == NULL)
		error_out_of_memory();
	return value;
}

static void append_utf8(struct strbuf *out, const char *text, size_t length)
{
	size_t step;

	for (size_t i = 0; i < length; i += step) {
		step = text_utf8_sequence(text + i, length - i, NULL);
		if (step > 0) {
			strbuf_append(out, text + i, step);
		} else {
			strbuf_puts(out, "\xef\xbf\xbd");
			step = 1;
		}
	}
}

void extjson_use_own_memory(void)
{
	json_set_alloc_funcs(xmalloc, free);
}

json_t *extjson_string(const char *text)
{
	AUTO(strbuf) struct strbuf clean = {0};
	size_t length;

	if (text == NULL)
		return checked(json_null());
	length = strlen(text);
	if (text_is_utf8(text, length))
		return checked(json_stringn_nocheck(text, length));
	append_utf8(&clean, text, length);
	return checked(json_stringn_nocheck(clean.data, clean.length));
}

json_t *extjson_real(double value)
{
	return checked(isfinite(value) ? json_real(value) : json_null());
}

json_t *extjson_rounded(double value, int digits)
{
	char text[64];

	if (!isfinite(value))
		return checked(json_null());
	assert(digits >= 1 && digits <= 17);
	snprintf(text, sizeof text, "%.*e", digits - 1, value);
	return extjson_real(strtod(text, NULL));
}

json_t *extjson_integer(int64_t value)
{
	return checked(json_integer(value));
}

json_t *extjson_object(void)
{
	return checked(json_object());
}

json_t *extjson_array(void)
{
	return checked(json_array());
}

void extjson_set(json_t *object, const char *key, json_t *value)
{
	if (value == NULL)
		value = checked(json_null());
	assert(json_is_object(object) && text_is_utf8(key, strlen(key)));
	if (json_object_set_new_nocheck(object, key, value) != 0)
		error_out_of_memory();
}

void extjson_append(json_t *array, json_t *value)
{
	if (value == NULL)
		value = checked(json_null());
	assert(json_is_array(array));
	if (json_array_append_new(array, value) != 0)
		error_out_of_memory();
}

const char *extjson_get_string(const json_t *object, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : fallback;
}

double extjson_get_number(const json_t *object, const char *key, double fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : fallback;
}

int64_t extjson_get_integer(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool extjson_get_bool(const json_t *object, const char *key, bool fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_boolean(value) ? json_is_true(value) : fallback;
}

/* jansson's own cap on depth is 2048: more than our recursive walks want. */
static bool too_deep(const char *text, size_t length)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > DEPTH_MAX)
			return true;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return false;
}

int extjson_parse(const char *text, size_t length, size_t limit, enum error_kind kind, json_t **out,
		  struct error *err)
{
	json_error_t cause;
	json_t *value;

	if (length > limit)
		return error_set(err, kind, "JSON of %zu bytes is larger than %zu", length, limit);
	if (too_deep(text, length))
		return error_set(err, kind, "JSON is nested deeper than %d levels", DEPTH_MAX);
	value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &cause);
	if (value == NULL)
		return error_set(err, kind, "JSON line %d column %d: %s", cause.line, cause.column,
				 cause.text);
	*out = value;
	return 0;
}

static int append_chunk(const char *bytes, size_t length, void *out)
{
	strbuf_append(out, bytes, length);
	return 0;
}

static void dump(const json_t *value, size_t flags, struct strbuf *out)
{
	if (json_dump_callback(value, append_chunk, out, flags | JSON_ENCODE_ANY) != 0)
		error_out_of_memory();
}

void extjson_dump_canonical(const json_t *value, struct strbuf *out)
{
	dump(value, JSON_COMPACT | JSON_SORT_KEYS | REAL_DIGITS, out);
}

void extjson_dump_pretty(const json_t *value, struct strbuf *out)
{
	dump(value, JSON_INDENT(2) | REAL_DIGITS, out);
	strbuf_putc(out, '\n');
}
