#include "perfgate/discover/sample.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/discover/document.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define DEPTH_MAX 10
#define VALUES_MAX 1000
#define TEXT_MAX 500
#define ITEMS_MAX 5
#define NUMBER_MAX 1000000000
#define CHOICES_MAX 8
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

struct sampler {
	const json_t *root;
	size_t values; /* made so far */
};

static json_t *sample(struct sampler *sampler, const json_t *schema, const char *name, int depth);

/* ---- what the document gives ---- */

static json_t *clipped(const char *text, size_t length)
{
	AUTO_FREE char *head = xstrndup(text, length);

	return extjson_string(head);
}

/* Text as a suite takes it: no slot by accident, nothing that a configuration may not hold. */
static json_t *literal_text(const char *text)
{
	AUTO(strbuf) struct strbuf out = {.max_bytes = TEXT_MAX};

	for (size_t i = 0; text[i] != '\0'; i++) {
		bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;

		if (text_starts_with(text + i, "${"))
			strbuf_putc(&out, '$');
		strbuf_putc(&out, control && text[i] != '\n' && text[i] != '\t' ? ' ' : text[i]);
	}
	return clipped(strbuf_text(&out), text_clip(strbuf_text(&out), out.length));
}

static bool is_usable_key(const char *key)
{
	if (*key == '\0' || strlen(key) > 100 || strstr(key, "${"))
		return false;
	for (; *key != '\0'; key++)
		if ((unsigned char)*key < 0x20 || *key == 0x7f)
			return false;
	return true;
}

/* An example as it is given, made fit; NULL when it is too deep or too much. */
static json_t *literal(struct sampler *sampler, const json_t *given, const char *name, int depth)
{
	AUTO_JSON json_t *out = NULL;
	const json_t *value;
	const char *key;
	size_t i;

	if (depth > DEPTH_MAX || ++sampler->values > VALUES_MAX)
		return NULL;
	if (name && log_names_secret(name) && json_is_string(given))
		return extjson_string("example");
	if (json_is_string(given))
		return literal_text(json_string_value(given));
	if (!json_is_object(given) && !json_is_array(given))
		return json_deep_copy(given);
	out = json_is_object(given) ? extjson_object() : extjson_array();
	json_array_foreach (given, i, value) {
		json_t *item = literal(sampler, value, name, depth + 1);

		if (!item)
			return NULL;
		extjson_append(out, item);
	}
	json_object_foreach ((json_t *)(uintptr_t)given, key, value) {
		json_t *member = literal(sampler, value, key, depth + 1);

		if (!member)
			return NULL;
		if (is_usable_key(key))
			extjson_set(out, key, member);
		else
			json_decref(member);
	}
	return TAKE(out);
}

/* The value of the first of `examples`: {name: {value: …}} or, in schemas, a list. */
static const json_t *first_example(const json_t *root, const json_t *examples)
{
	const json_t *value;
	const char *key;

	if (json_is_array(examples))
		return json_array_get(examples, 0);
	json_object_foreach ((json_t *)(uintptr_t)examples, key, value)
		return json_object_get(document_resolve(root, value), "value");
	return NULL;
}

static const json_t *given_value(const json_t *root, const json_t *object)
{
	static const char *const keys[] = {"example", "x-example", "const", "default"};
	const json_t *value = first_example(root, json_object_get(object, "examples"));

	for (size_t i = 0; !value && i < ARRAY_SIZE(keys); i++)
		value = json_object_get(object, keys[i]);
	return value ? value : json_array_get(json_object_get(object, "enum"), 0);
}

/* ---- what is made up ---- */

static const char *type_of(const json_t *schema)
{
	const json_t *type = json_object_get(schema, "type"), *one;
	size_t i;

	if (json_is_string(type))
		return json_string_value(type);
	json_array_foreach (type, i, one)
		if (json_is_string(one) && !text_equal(json_string_value(one), "null"))
			return json_string_value(one);
	if (json_object_get(schema, "properties"))
		return "object";
	return json_object_get(schema, "items") ? "array" : "string";
}

/* The text of a format; NULL = any text does. */
static const char *text_of_format(const char *format)
{
	static const struct {
		const char *format, *text;
	} rows[] = {
		{"date", "${date(0d)}"},
		{"date-time", "2024-05-01T12:00:00Z"},
		{"time", "12:00:00Z"},
		{"uuid", "${uuid}"},
		{"email", "user${seq}@example.com"},
		{"uri", "https://example.com/"},
		{"url", "https://example.com/"},
		{"hostname", "example.com"},
		{"ipv4", "192.0.2.1"},
		{"ipv6", "2001:db8::1"},
		{"byte", "ZXhhbXBsZQ=="},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_equal(format, rows[i].format))
			return rows[i].text;
	return NULL;
}

/* "example" within the limits of length. */
static json_t *made_up_text(const json_t *schema)
{
	const char *fixed = text_of_format(extjson_get_string(schema, "format", ""));
	int64_t least = extjson_get_integer(schema, "minLength", 0);
	int64_t most = extjson_get_integer(schema, "maxLength", TEXT_MAX);
	AUTO(strbuf) struct strbuf out = {.max_bytes = TEXT_MAX};

	if (fixed)
		return extjson_string(fixed);
	do
		strbuf_puts(&out, "example");
	while ((int64_t)out.length < least && !out.overflow);
	if (most >= 0 && most < (int64_t)out.length && most >= least)
		return clipped(strbuf_text(&out), (size_t)most);
	return extjson_string(strbuf_text(&out));
}

struct range {
	double low, high;
	bool bounded; /* the schema has a lower and an upper limit */
};

/* `fallback` where the schema sets no limit; within what `int(a..b)` takes. */
static struct range range_of(const json_t *schema, double low, double span)
{
	double least = extjson_get_number(schema, "minimum", NAN);
	double most = extjson_get_number(schema, "maximum", NAN);
	double above = extjson_get_number(schema, "exclusiveMinimum", NAN);
	double below = extjson_get_number(schema, "exclusiveMaximum", NAN);
	struct range out;

	least = isnan(least) ? above + 1 : least;
	most = isnan(most) ? below - 1 : most;
	out.bounded = !isnan(least) && !isnan(most);
	out.low = isnan(least) ? (isnan(most) ? low : fmin(low, most)) : least;
	out.high = isnan(most) ? out.low + span : most;
	out.low = fmax(-NUMBER_MAX, fmin(NUMBER_MAX, ceil(out.low)));
	out.high = fmax(out.low, fmin(NUMBER_MAX, floor(out.high)));
	return out;
}

/* The middle, where there are both limits; without a fraction when it has none. */
static json_t *made_up_number(const json_t *schema)
{
	struct range range = range_of(schema, 1, 0);
	double value = range.bounded ? (range.low + range.high) / 2 : range.low;

	return value == floor(value) ? extjson_integer((int64_t)value) : extjson_real(value);
}

static json_t *made_up_array(struct sampler *sampler, const json_t *schema, const char *name,
			     int depth)
{
	AUTO_JSON json_t *out = extjson_array();
	int64_t least = extjson_get_integer(schema, "minItems", 1);
	const json_t *items = json_object_get(schema, "items");

	for (int64_t i = 0; i < ITEMS_MAX && i < (least > 1 ? least : 1); i++) {
		json_t *item = sample(sampler, items, name, depth + 1);

		if (!item)
			break;
		extjson_append(out, item);
	}
	return json_array_size(out) > 0 || least <= 0 || !items ? TAKE(out) : NULL;
}

static bool is_listed(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (text_equal(json_string_value(item), name))
			return true;
	return false;
}

static int add_properties(struct sampler *sampler, const json_t *schema, int depth, json_t *out)
{
	const json_t *properties = json_object_get(schema, "properties"), *value;
	const json_t *required = json_object_get(schema, "required");
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)properties, name, value) {
		const json_t *property = document_resolve(sampler->root, value);
		bool must = is_listed(required, name);
		json_t *member;

		if ((json_array_size(required) > 0 && !must) || !is_usable_key(name) ||
		    extjson_get_bool(property, "readOnly", false))
			continue;
		member = sample(sampler, property, name, depth + 1);
		if (member)
			extjson_set(out, name, member);
		else if (must)
			return -1;
	}
	return 0;
}

static json_t *made_up_object(struct sampler *sampler, const json_t *schema, int depth)
{
	AUTO_JSON json_t *out = extjson_object();

	return add_properties(sampler, schema, depth, out) ? NULL : TAKE(out);
}

/* Every part of allOf together; what is no object replaces what came before. */
static json_t *made_up_whole(struct sampler *sampler, const json_t *schema, const char *name,
			     int depth)
{
	const json_t *parts = json_object_get(schema, "allOf"), *part;
	AUTO_JSON json_t *out = NULL;
	size_t i;

	json_array_foreach (parts, i, part) {
		json_t *one = sample(sampler, part, name, depth + 1);

		if (!one)
			return NULL;
		if (json_is_object(out) && json_is_object(one)) {
			json_object_update(out, one);
			json_decref(one);
		} else {
			json_decref(out);
			out = one;
		}
	}
	if (json_is_object(out) && add_properties(sampler, schema, depth, out))
		return NULL;
	return TAKE(out);
}

static json_t *made_up(struct sampler *sampler, const json_t *schema, const char *name, int depth)
{
	const char *type = type_of(schema);

	if (text_equal(type, "object"))
		return made_up_object(sampler, schema, depth);
	if (text_equal(type, "array"))
		return made_up_array(sampler, schema, name, depth);
	if (text_equal(type, "integer"))
		return extjson_integer((int64_t)range_of(schema, 1, 0).low);
	if (text_equal(type, "number"))
		return made_up_number(schema);
	if (text_equal(type, "boolean"))
		return json_true();
	if (text_equal(type, "null"))
		return json_null();
	if (name && log_names_secret(name))
		return extjson_string("example");
	return made_up_text(schema);
}

static json_t *sample(struct sampler *sampler, const json_t *schema, const char *name, int depth)
{
	const json_t *found = document_resolve(sampler->root, schema), *given, *either;

	if (!json_is_object(found) || depth > DEPTH_MAX || ++sampler->values > VALUES_MAX)
		return NULL;
	given = given_value(sampler->root, found);
	if (given)
		return literal(sampler, given, name, depth);
	if (json_is_array(json_object_get(found, "allOf")))
		return made_up_whole(sampler, found, name, depth);
	either = json_object_get(found, "oneOf");
	if (!json_is_array(either))
		either = json_object_get(found, "anyOf");
	if (json_array_size(either) > 0)
		return sample(sampler, json_array_get(either, 0), name, depth + 1);
	return made_up(sampler, found, name, depth);
}

json_t *sample_media(const json_t *root, const json_t *media)
{
	struct sampler sampler = {.root = root};
	const json_t *given = first_example(root, json_object_get(media, "examples"));

	given = given ? given : json_object_get(media, "example");
	if (given)
		return literal(&sampler, given, NULL, 0);
	return sample(&sampler, json_object_get(media, "schema"), NULL, 0);
}

/* ---- parameters ---- */

void sample_encode(const char *text, const char *keep, struct strbuf *out)
{
	for (; *text != '\0'; text++) {
		bool plain = isalnum((unsigned char)*text) || strchr("-._~", *text) ||
			     strchr(keep, *text);

		if (plain && (unsigned char)*text < 0x80)
			strbuf_putc(out, *text);
		else
			strbuf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

static bool put_scalar(const json_t *value, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf text = {0};

	if (json_is_array(value))
		value = json_array_get(value, 0);
	if (json_is_string(value)) {
		sample_encode(json_string_value(value), "", out);
		return json_string_length(value) > 0;
	}
	if (!json_is_number(value) && !json_is_boolean(value))
		return false;
	extjson_dump_canonical(value, &text);
	sample_encode(strbuf_text(&text), "", out);
	return true;
}

/* "${choice(a, b)}" when every alternative is a plain word. */
static bool put_choice(const json_t *alternatives, struct strbuf *out)
{
	const json_t *one;
	size_t i, n = json_array_size(alternatives);

	if (n < 2 || n > CHOICES_MAX)
		return false;
	json_array_foreach (alternatives, i, one) {
		const char *word = json_string_value(one);

		if (!word || *word == '\0' || strlen(word) > 40 || word[strspn(word, WORD)] != '\0')
			return false;
	}
	json_array_foreach (alternatives, i, one)
		strbuf_printf(out, "%s%s", i ? ", " : "${choice(", json_string_value(one));
	strbuf_puts(out, ")}");
	return true;
}

static void put_made_up(const json_t *schema, const char *name, struct strbuf *out)
{
	const char *type = type_of(schema);
	const char *format = extjson_get_string(schema, "format", "");
	struct range range = range_of(schema, 1, 99);
	bool is_id = text_ends_with(name, "id") || text_ends_with(name, "Id") ||
		     text_ends_with(name, "ID");

	if (text_equal(type, "integer") || (text_equal(type, "string") && is_id && !*format))
		strbuf_printf(out, "${int(%.0f..%.0f)}", range.low, range.high);
	else if (text_equal(type, "number"))
		strbuf_printf(out, "${uniform(%.0f..%.0f)}", range.low, range.high);
	else if (text_equal(type, "boolean"))
		strbuf_puts(out, "true");
	else if (text_equal(format, "uuid") || text_equal(format, "date"))
		strbuf_puts(out, text_of_format(format));
	else if (text_equal(format, "email"))
		strbuf_puts(out, "user%40example.com");
	else if (text_of_format(format))
		sample_encode(text_of_format(format), "", out);
	else
		strbuf_puts(out, "example");
}

bool sample_parameter(const json_t *root, const json_t *parameter, struct strbuf *out)
{
	const json_t *schema = document_member(root, parameter, "schema");
	const json_t *given = first_example(root, json_object_get(parameter, "examples"));
	const char *name = extjson_get_string(parameter, "name", "");

	/* Swagger 2 has type and format beside the name. */
	schema = schema ? schema : parameter;
	if (text_equal(type_of(schema), "array"))
		schema = document_member(root, schema, "items");
	if (!schema || text_equal(type_of(schema), "object"))
		return false;
	given = given ? given : json_object_get(parameter, "example");
	if (!given && put_choice(json_object_get(schema, "enum"), out))
		return true;
	given = given ? given : given_value(root, schema);
	if (log_names_secret(name) && text_equal(type_of(schema), "string"))
		strbuf_puts(out, "example");
	else if (!given)
		put_made_up(schema, name, out);
	else
		return put_scalar(given, out);
	return true;
}
