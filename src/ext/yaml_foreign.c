/* YAML of other programs, from libyaml's events straight to JSON. */
#include "perfgate/base/text.h"
#include "perfgate/ext/yaml.h"

#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 64
#define MAX_VALUES 400000
/* Of one mapping: many merges of many keys would cost time without end. */
#define MERGED_MAX 32

/* What `&name` stands for, once it is complete: an alias inside its own anchor finds nothing. */
struct anchor {
	char *name;
	json_t *value;
	int height; /* levels below and with it */
};

struct reader {
	yaml_parser_t parser;
	const char *file;
	struct anchor *anchors;
	size_t n_anchors, anchors_capacity;
	size_t values;
	struct error *err;
};

static void reader_release(struct reader *reader)
{
	for (size_t i = 0; i < reader->n_anchors; i++) {
		free(reader->anchors[i].name);
		json_decref(reader->anchors[i].value);
	}
	free(reader->anchors);
	yaml_parser_delete(&reader->parser);
}
DEFINE_AUTO_VALUE(reader, struct reader, reader_release)

static void event_release(yaml_event_t *event)
{
	yaml_event_delete(event);
}
DEFINE_AUTO_VALUE(event, yaml_event_t, event_release)

static int refuse(struct reader *reader, yaml_mark_t mark, const char *why)
{
	return error_set(reader->err, ERROR_USAGE, "%s:%zu:%zu: %s", reader->file, mark.line + 1,
			 mark.column + 1, why);
}

static int next_event(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return 0;
	if (reader->parser.error == YAML_MEMORY_ERROR)
		error_out_of_memory();
	return refuse(reader, reader->parser.problem_mark, reader->parser.problem);
}

/* ---- scalars ---- */

/* YAML 1.2's core schema as far as JSON has it: null, true, false and JSON's numbers. */
static json_t *plain_value(const char *text, size_t length)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	json_t *number = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		if (text_equal(text, nulls[i]))
			return json_null();
	if (text_equal(text, "true") || text_equal(text, "True"))
		return json_true();
	if (text_equal(text, "false") || text_equal(text, "False"))
		return json_false();
	if (strchr("-0123456789", *text))
		number = json_loadb(text, length, JSON_DECODE_ANY, NULL);
	return number ? number : extjson_string(text);
}

static json_t *scalar_value(const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return extjson_string(text);
	return plain_value(text, event->data.scalar.length);
}

/* ---- collections ---- */

static int read_node(struct reader *reader, const yaml_event_t *event, int depth, json_t **out,
		     int *out_height);

static void keep_anchor(struct reader *reader, const yaml_char_t *name, json_t *value, int height)
{
	if (name)
		*VEC_PUSH(reader->anchors, reader->n_anchors, reader->anchors_capacity) =
			(struct anchor){xstrdup((const char *)name), json_incref(value), height};
}

/* The newest anchor of a name holds. The value is shared, so a bomb of aliases stays small. */
static int read_alias(struct reader *reader, const yaml_event_t *event, int depth, json_t **out,
		      int *out_height)
{
	const char *name = (const char *)event->data.alias.anchor;

	for (size_t i = reader->n_anchors; i-- > 0;) {
		const struct anchor *anchor = &reader->anchors[i];

		if (!text_equal(anchor->name, name))
			continue;
		if (depth + anchor->height > MAX_DEPTH)
			return refuse(reader, event->start_mark, "nested more than 64 levels deep");
		*out = json_incref(anchor->value);
		*out_height = anchor->height;
		return 0;
	}
	return refuse(reader, event->start_mark, "an alias without its anchor");
}

static int read_sequence(struct reader *reader, int depth, json_t **out, int *out_height)
{
	AUTO_JSON json_t *array = extjson_array();

	for (;;) {
		AUTO(event) yaml_event_t event = {0};
		json_t *item = NULL;
		int height = 0;

		if (next_event(reader, &event))
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (read_node(reader, &event, depth + 1, &item, &height))
			return -1;
		extjson_append(array, item);
		*out_height = height > *out_height ? height : *out_height;
	}
	*out = TAKE(array);
	return 0;
}

/* `<<: *defaults`, or a list of them: what the mapping says itself wins. */
static void merge(json_t *mapping, const json_t *mappings)
{
	const json_t *more;
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach (mappings, i, more) {
		if (i >= MERGED_MAX)
			return;
		json_object_foreach ((json_t *)(uintptr_t)more, key, value)
			if (!json_object_get(mapping, key))
				json_object_set(mapping, key, value);
	}
}

static void add_merged(json_t *merged, json_t *value)
{
	if (json_is_array(value)) {
		json_array_extend(merged, value);
		json_decref(value);
	} else {
		extjson_append(merged, value);
	}
}

/* One pair; a key that is no text is read and left out. */
static int read_pair(struct reader *reader, const yaml_event_t *key, int depth, json_t *mapping,
		     json_t *merged, int *out_height)
{
	AUTO(event) yaml_event_t event = {0};
	AUTO_JSON json_t *unused = NULL;
	const char *name =
		key->type == YAML_SCALAR_EVENT ? (const char *)key->data.scalar.value : NULL;
	json_t *value = NULL;
	int height = 0;

	if ((!name && read_node(reader, key, depth, &unused, &height)) ||
	    next_event(reader, &event) || read_node(reader, &event, depth, &value, &height))
		return -1;
	*out_height = height > *out_height ? height : *out_height;
	if (name && text_equal(name, "<<") && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		add_merged(merged, value);
	else if (name && !json_object_get(mapping, name) && text_is_utf8(name, strlen(name)))
		extjson_set(mapping, name, value);
	else
		json_decref(value);
	return 0;
}

static int read_mapping(struct reader *reader, int depth, json_t **out, int *out_height)
{
	AUTO_JSON json_t *mapping = extjson_object();
	AUTO_JSON json_t *merged = extjson_array();

	for (;;) {
		AUTO(event) yaml_event_t key = {0};
		int height = 0;

		if (next_event(reader, &key))
			return -1;
		if (key.type == YAML_MAPPING_END_EVENT)
			break;
		if (read_pair(reader, &key, depth + 1, mapping, merged, &height))
			return -1;
		*out_height = height > *out_height ? height : *out_height;
	}
	merge(mapping, merged);
	*out = TAKE(mapping);
	return 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, int depth, json_t **out,
		     int *out_height)
{
	const yaml_char_t *anchor = NULL;
	int height = 0;

	if (depth > MAX_DEPTH)
		return refuse(reader, event->start_mark, "nested more than 64 levels deep");
	if (++reader->values > MAX_VALUES)
		return refuse(reader, event->start_mark, "more than 400,000 values");
	switch (event->type) {
	case YAML_ALIAS_EVENT: return read_alias(reader, event, depth, out, out_height);
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		*out = scalar_value(event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		if (read_sequence(reader, depth, out, &height))
			return -1;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		if (read_mapping(reader, depth, out, &height))
			return -1;
		break;
	default: return refuse(reader, event->start_mark, "unexpected end of the document");
	}
	*out_height = height + 1;
	keep_anchor(reader, anchor, *out, *out_height);
	return 0;
}

/* ---- the document ---- */

static int read_document(struct reader *reader, json_t **out)
{
	AUTO(event) yaml_event_t stream = {0};
	AUTO(event) yaml_event_t start = {0};
	AUTO(event) yaml_event_t root = {0};
	int height;

	if (next_event(reader, &stream) || next_event(reader, &start))
		return -1;
	if (start.type == YAML_STREAM_END_EVENT)
		return error_set(reader->err, ERROR_USAGE, "%s: empty", reader->file);
	return next_event(reader, &root) || read_node(reader, &root, 1, out, &height) ? -1 : 0;
}

int extyaml_parse_foreign(const char *text, size_t length, const char *file, json_t **out,
			  struct error *err)
{
	AUTO(reader) struct reader reader = {.file = file, .err = err};

	if (length > EXTYAML_FOREIGN_MAX_BYTES)
		return error_set(err, ERROR_USAGE, "%s: larger than 8 MiB", file);
	if (!yaml_parser_initialize(&reader.parser))
		error_out_of_memory();
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
	return read_document(&reader, out);
}
