#include "perfgate/load/server_timing.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define LOOKUPS_MAX UINT64_C(1000000)
#define DURATION_MAX_MS 1e7

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void skip(struct http1_field *text, size_t n)
{
	text->text += n;
	text->length -= n;
}

static void skip_spaces(struct http1_field *text)
{
	while (text->length > 0 && is_space(*text->text))
		skip(text, 1);
}

static bool take_char(struct http1_field *text, char c)
{
	skip_spaces(text);
	if (text->length == 0 || *text->text != c)
		return false;
	skip(text, 1);
	return true;
}

/* Up to a delimiter. */
static struct http1_field take_token(struct http1_field *text)
{
	skip_spaces(text);
	struct http1_field token = {text->text, 0};
	while (token.length < text->length && !strchr(",;=\"", text->text[token.length]) &&
	       !is_space(text->text[token.length]))
		token.length++;
	skip(text, token.length);
	return token;
}

/* A token, or the inside of "…" with escapes left in. */
static struct http1_field take_value(struct http1_field *text)
{
	if (!take_char(text, '"'))
		return take_token(text);
	struct http1_field value = {text->text, 0};
	while (value.length < text->length && value.text[value.length] != '"')
		value.length += value.text[value.length] == '\\' ? 2 : 1;
	if (value.length > text->length)
		value.length = text->length;
	skip(text, value.length);
	take_char(text, '"');
	return value;
}

static bool equals(struct http1_field field, const char *text)
{
	return strlen(text) == field.length && strncasecmp(field.text, text, field.length) == 0;
}

/* Digits with at most one point, whatever the locale; NaN otherwise. */
static double parse_decimal(struct http1_field field)
{
	double value = 0, scale = 1;
	bool point = false;
	if (field.length == 0 || field.length > 24)
		return NAN;
	for (size_t i = 0; i < field.length; i++) {
		char c = field.text[i];
		if (c == '.' && !point && field.length > 1) {
			point = true;
		} else if (c >= '0' && c <= '9') {
			value = value * 10 + (c - '0');
			scale = point ? scale * 10 : scale;
		} else {
			return NAN;
		}
	}
	return value / scale;
}

static void parse_count(struct http1_field field, uint64_t *out, bool *counted)
{
	double value = parse_decimal(field);
	if (!(value <= (double)LOOKUPS_MAX))
		return;
	*out = (uint64_t)value;
	*counted = true;
}

static void take_parameter(struct http1_field *text, struct server_timing *out)
{
	struct http1_field name = take_token(text);
	struct http1_field value = {"", 0};
	if (take_char(text, '='))
		value = take_value(text);
	if (equals(name, "dur")) {
		double ms = parse_decimal(value);
		out->duration_ms = ms <= DURATION_MAX_MS ? ms : NAN;
	} else if (equals(name, "desc")) {
		out->description = value;
	} else if (equals(name, "hits")) {
		parse_count(value, &out->hits, &out->counted);
	} else if (equals(name, "misses")) {
		parse_count(value, &out->misses, &out->counted);
	}
}

/* Skip what does not belong here, up to the next metric. */
static void skip_metric(struct http1_field *text)
{
	const char *comma = memchr(text->text, ',', text->length);
	skip(text, comma ? (size_t)(comma - text->text) + 1 : text->length);
}

bool server_timing_next(struct http1_field *rest, struct server_timing *out)
{
	while (rest->length > 0) {
		memset(out, 0, sizeof *out);
		out->duration_ms = NAN;
		out->name = take_token(rest);
		while (take_char(rest, ';'))
			take_parameter(rest, out);
		skip_metric(rest);
		if (out->name.length > 0)
			return true;
	}
	return false;
}

struct cache_lookups server_timing_lookups(const struct server_timing *timing)
{
	struct cache_lookups lookups = {0};
	if (!equals(timing->name, "cache"))
		return lookups;
	if (timing->counted) {
		lookups.hits = timing->hits;
		lookups.misses = timing->misses;
	} else if (equals(timing->description, "hit")) {
		lookups.hits = 1;
	} else if (equals(timing->description, "miss") || equals(timing->description, "partial")) {
		lookups.misses = 1;
	}
	return lookups;
}

struct cache_lookups x_cache_lookups(struct http1_field value)
{
	struct cache_lookups lookups = {0};
	while (value.length > 0) {
		struct http1_field word = take_token(&value);
		if (equals(word, "hit"))
			lookups = (struct cache_lookups){.hits = 1};
		else if (equals(word, "miss"))
			lookups = (struct cache_lookups){.misses = 1};
		if (word.length == 0)
			skip(&value, 1);
	}
	return lookups;
}
