#include "perfgate/api/body.h"

#include "perfgate/base/text.h"
#include "perfgate/web/server.h"

#include <math.h>
#include <string.h>

/* Powers of ten that a double holds exactly, and integers likewise. */
#define EXACT_POWER 22
#define EXACT_INTEGER (UINT64_C(1) << 53)
#define EXPONENT_MAX 100000

struct reader {
	struct body *body;
	char *at; /* the copy ends with NUL, which no value begins with */
	const char *end;
	unsigned depth;
	const char *why; /* what is wrong at `at` */
	bool no_memory;
};

static int fail(struct reader *reader, const char *why)
{
	reader->why = why;
	return -1;
}

static void skip_blank(struct reader *reader)
{
	while (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' ||
	       *reader->at == '\t')
		reader->at++;
}

/* -1 without memory: a client must not be able to end the server. */
static int grow(struct body *body)
{
	size_t wanted = body->capacity * 2;
	bool is_short = body->values == body->short_values;
	struct body_value *values =
		realloc(is_short ? NULL : body->values, wanted * sizeof *values);

	if (!values)
		return -1;
	if (is_short)
		memcpy(values, body->short_values, sizeof body->short_values);
	body->values = values;
	body->capacity = wanted;
	return 0;
}

/* By index: the list moves. */
static int add(struct reader *reader, const char *key, enum body_kind kind, size_t *out)
{
	struct body *body = reader->body;

	if (body->count == body->capacity && grow(body) < 0) {
		reader->no_memory = true;
		return -1;
	}
	*out = body->count++;
	body->values[*out] = (struct body_value){.key = key, .kind = kind & 7, .span = 1};
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits after "\u". */
static int take_unit(struct reader *reader, uint32_t *out)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*reader->at);

		if (digit < 0)
			return fail(reader, "\\u needs four hex digits");
		unit = unit << 4 | (uint32_t)digit;
		reader->at++;
	}
	*out = unit;
	return 0;
}

static char *put_utf8(char *out, uint32_t point)
{
	if (point < 0x80) {
		*out++ = (char)point;
	} else if (point < 0x800) {
		*out++ = (char)(0xc0 | point >> 6);
		*out++ = (char)(0x80 | (point & 0x3f));
	} else if (point < 0x10000) {
		*out++ = (char)(0xe0 | point >> 12);
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	} else {
		*out++ = (char)(0xf0 | point >> 18);
		*out++ = (char)(0x80 | (point >> 12 & 0x3f));
		*out++ = (char)(0x80 | (point >> 6 & 0x3f));
		*out++ = (char)(0x80 | (point & 0x3f));
	}
	return out;
}

/* Behind "\u"; two of them make one code point beyond U+FFFF. */
static int take_code_point(struct reader *reader, char **out)
{
	uint32_t point, low;

	if (take_unit(reader, &point) < 0)
		return -1;
	if (point == 0)
		return fail(reader, "\\u0000 is not allowed");
	if (point >= 0xd800 && point < 0xe000) {
		if (point >= 0xdc00 || reader->at[0] != '\\' || reader->at[1] != 'u')
			return fail(reader, "half of a surrogate pair");
		reader->at += 2;
		if (take_unit(reader, &low) < 0)
			return -1;
		if (low < 0xdc00 || low >= 0xe000)
			return fail(reader, "half of a surrogate pair");
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	}
	*out = put_utf8(*out, point);
	return 0;
}

static int take_escape(struct reader *reader, char **out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char c = *++reader->at;
	const char *name = c ? strchr(names, c) : NULL;

	if (c == 'u') {
		reader->at++;
		return take_code_point(reader, out);
	}
	if (!name)
		return fail(reader, "unknown escape");
	*(*out)++ = values[name - names];
	reader->at++;
	return 0;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* Decoded in place, as it never becomes longer; the closing quote or an earlier byte is the NUL. */
static int take_text(struct reader *reader, const char **text, size_t *length)
{
	char *start = ++reader->at, *out;

	while (is_plain(*reader->at))
		reader->at++;
	out = reader->at;
	while (*reader->at != '"') {
		size_t sequence;

		if (*reader->at == '\\') {
			if (take_escape(reader, &out) < 0)
				return -1;
			continue;
		}
		if ((unsigned char)*reader->at < 0x20)
			return fail(reader, reader->at == reader->end
						    ? "text without an end"
						    : "control character in text");
		sequence = text_utf8_sequence(reader->at, (size_t)(reader->end - reader->at), NULL);
		if (!sequence)
			return fail(reader, "no UTF-8");
		memmove(out, reader->at, sequence);
		out += sequence;
		reader->at += sequence;
	}
	reader->at++;
	*out = '\0';
	*text = start;
	*length = (size_t)(out - start);
	return 0;
}

/* A number while it is read: digits without the point, and how many places it is to move. */
struct decimal {
	uint64_t digits;
	int exponent;
	bool exact; /* `digits` lost nothing */
};

static const char *take_digits(const char *at, struct decimal *decimal, bool fraction)
{
	for (; *at >= '0' && *at <= '9'; at++) {
		if (decimal->digits > (UINT64_MAX - 9) / 10) {
			decimal->exact = false;
			continue;
		}
		decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
		decimal->exponent -= fraction;
	}
	return at;
}

static const char *take_exponent(const char *at, struct decimal *decimal)
{
	bool negative = *at == '-';
	int value = 0;

	at += *at == '-' || *at == '+';
	if (*at < '0' || *at > '9')
		return NULL;
	for (; *at >= '0' && *at <= '9'; at++)
		if (value < EXPONENT_MAX)
			value = value * 10 + (*at - '0');
	decimal->exponent += negative ? -value : value;
	return at;
}

/* The end of the number that begins at `at`, NULL when there is none. */
static const char *scan_number(const char *at, struct decimal *decimal)
{
	const char *digits = at, *end = take_digits(at, decimal, false);

	if (end == digits || (*digits == '0' && end > digits + 1))
		return NULL;
	if (*end == '.') {
		digits = end + 1;
		end = take_digits(digits, decimal, true);
		if (end == digits)
			return NULL;
	}
	return *end == 'e' || *end == 'E' ? take_exponent(end + 1, decimal) : end;
}

/*
 * Two exact doubles and one rounding give the nearest double (Clinger 1990, "How to read floating
 * point numbers accurately"); all others are strtod()'s.
 */
static double convert(const char *start, bool negative, const struct decimal *decimal)
{
	static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,	 1e3,  1e4,  1e5,
						       1e6,  1e7,  1e8,	 1e9,  1e10, 1e11,
						       1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
						       1e18, 1e19, 1e20, 1e21, 1e22};
	double value = (double)decimal->digits;

	if (!decimal->exact || decimal->digits > EXACT_INTEGER ||
	    decimal->exponent < -EXACT_POWER || decimal->exponent > EXACT_POWER)
		return strtod(start, NULL);
	value = decimal->exponent < 0 ? value / powers[-decimal->exponent]
				      : value * powers[decimal->exponent];
	return negative ? -value : value;
}

static int take_number(struct reader *reader, const char *key)
{
	struct decimal decimal = {.exact = true};
	const char *start = reader->at;
	bool negative = *start == '-';
	const char *end = scan_number(start + negative, &decimal);
	double number;
	size_t i;

	if (!end)
		return fail(reader, "malformed number");
	number = convert(start, negative, &decimal);
	if (!isfinite(number))
		return fail(reader, "number out of range");
	reader->at += end - start;
	if (add(reader, key, BODY_NUMBER, &i) < 0)
		return -1;
	reader->body->values[i].number = number;
	return 0;
}

static int take_word(struct reader *reader, const char *key)
{
	static const struct {
		const char *word;
		size_t length;
		enum body_kind kind;
	} words[] = {{"true", 4, BODY_TRUE}, {"false", 5, BODY_FALSE}, {"null", 4, BODY_NULL}};
	size_t i;

	for (size_t w = 0; w < ARRAY_SIZE(words); w++)
		if (strncmp(reader->at, words[w].word, words[w].length) == 0) {
			reader->at += words[w].length;
			return add(reader, key, words[w].kind, &i);
		}
	return fail(reader, reader->at == reader->end ? "unexpected end" : "no JSON value");
}

static int take_value(struct reader *reader, const char *key);

static bool is_known(const struct body *body, size_t object, const char *key)
{
	return body_member(&body->values[object], key) != NULL;
}

static int take_member(struct reader *reader, size_t object)
{
	const char *key;
	size_t length;

	if (*reader->at != '"')
		return fail(reader, "expected a member's name in quotes");
	if (take_text(reader, &key, &length) < 0)
		return -1;
	if (is_known(reader->body, object, key))
		return fail(reader, "this member is given twice");
	if (reader->body->values[object].count == BODY_MAX_MEMBERS)
		return fail(reader, "more than 64 members");
	skip_blank(reader);
	if (*reader->at != ':')
		return fail(reader, "expected a colon");
	reader->at++;
	skip_blank(reader);
	return take_value(reader, key);
}

/* From the opening to the closing bracket. */
static int take_items(struct reader *reader, size_t i, bool object)
{
	const char close = object ? '}' : ']';

	reader->at++;
	skip_blank(reader);
	if (*reader->at == close) {
		reader->at++;
		return 0;
	}
	for (;;) {
		if ((object ? take_member(reader, i) : take_value(reader, NULL)) < 0)
			return -1;
		reader->body->values[i].count++;
		skip_blank(reader);
		if (*reader->at == close)
			break;
		if (*reader->at != ',')
			return fail(reader, object ? "expected , or }" : "expected , or ]");
		reader->at++;
		skip_blank(reader);
	}
	reader->at++;
	return 0;
}

static int take_container(struct reader *reader, const char *key)
{
	bool object = *reader->at == '{';
	size_t i;

	if (reader->depth++ == BODY_MAX_DEPTH)
		return fail(reader, "deeper than 64 levels");
	if (add(reader, key, object ? BODY_OBJECT : BODY_LIST, &i) < 0 ||
	    take_items(reader, i, object) < 0)
		return -1;
	reader->body->values[i].span = (uint32_t)(reader->body->count - i) & 0x1fffffff;
	reader->depth--;
	return 0;
}

static int take_value(struct reader *reader, const char *key)
{
	const char *text;
	size_t length, i;

	if (*reader->at == '{' || *reader->at == '[')
		return take_container(reader, key);
	if (*reader->at == '-' || (*reader->at >= '0' && *reader->at <= '9'))
		return take_number(reader, key);
	if (*reader->at != '"')
		return take_word(reader, key);
	if (take_text(reader, &text, &length) < 0 || add(reader, key, BODY_TEXT, &i) < 0)
		return -1;
	reader->body->values[i].text = text;
	reader->body->values[i].count = (uint32_t)length;
	return 0;
}

static int explain(const struct reader *reader, const char *text, struct error *err)
{
	size_t where = (size_t)(reader->at - reader->body->text), line = 1, column = 1;

	if (reader->no_memory)
		return error_set(err, ERROR_INTERNAL, "no memory for this body");
	for (size_t i = 0; i < where; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return error_set(err, ERROR_USAGE, "JSON line %zu column %zu: %s", line, column,
			 reader->why);
}

int body_read(struct body *body, const char *text, size_t length, struct error *err)
{
	struct reader reader = {.body = body};

	body->values = body->short_values;
	body->count = 0;
	body->capacity = BODY_SHORT_VALUES;
	body->text = body->short_text;
	if (length > WEB_BODY_LIMIT_BYTES)
		return error_set(err, ERROR_USAGE, "JSON of %zu bytes is larger than %zu", length,
				 WEB_BODY_LIMIT_BYTES);
	if (length >= BODY_SHORT_BYTES)
		body->text = malloc(length + 1);
	if (!body->text)
		return error_set(err, ERROR_INTERNAL, "no memory for this body");
	memcpy(body->text, text, length);
	body->text[length] = '\0';
	reader.at = body->text;
	reader.end = body->text + length;
	skip_blank(&reader);
	if (take_value(&reader, NULL) < 0)
		return explain(&reader, text, err);
	skip_blank(&reader);
	if (reader.at == reader.end)
		return 0;
	reader.why = "text after the value";
	return explain(&reader, text, err);
}

void body_release(struct body *body)
{
	if (body->text != body->short_text)
		free(body->text);
	if (body->values != body->short_values)
		free(body->values);
	body->text = NULL;
	body->values = NULL;
}

const struct body_value *body_member(const struct body_value *object, const char *key)
{
	const struct body_value *member = object + 1;

	if (object->kind != BODY_OBJECT)
		return NULL;
	for (uint32_t i = 0; i < object->count; i++, member = body_next(member))
		if (strcmp(member->key, key) == 0)
			return member;
	return NULL;
}
