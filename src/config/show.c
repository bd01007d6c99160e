/* Every effective value, for people, for programs and for the digest. */
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/config/table.h"

#include <string.h>

static const void *place(const struct settings *settings, const struct setting_row *row)
{
	return (const char *)settings + row->offset;
}

/* Scalars stay text: quoted and plain forms of a value are told apart by who reads them. */
static json_t *node_json(const struct yaml_node *node)
{
	if (node == NULL || extyaml_is_null(node))
		return json_null();
	if (node->kind == YAML_SCALAR)
		return extjson_string(node->text);
	json_t *out = node->kind == YAML_MAPPING ? extjson_object() : extjson_array();
	for (size_t i = 0; i < node->count; i++)
		if (node->kind == YAML_MAPPING)
			extjson_set(out, node->keys[i]->text, node_json(node->items[i]));
		else
			extjson_append(out, node_json(node->items[i]));
	return out;
}

/* "1 m 30 s" as it would be written: "1m30s". */
static json_t *duration_json(int64_t ns)
{
	char text[UNITS_TEXT_SIZE];
	units_format_duration(ns, text);
	char *end = text;
	for (const char *c = text; *c != '\0'; c++)
		if (*c != ' ')
			*end++ = *c;
	*end = '\0';
	return extjson_string(text);
}

static json_t *list_json(const struct string_list *list, bool secret)
{
	json_t *out = extjson_array();
	for (size_t i = 0; i < list->count; i++) {
		const char *item = list->items[i];
		AUTO_FREE char *hidden = xasprintf("%.*s=***", (int)strcspn(item, "="), item);
		extjson_append(out, extjson_string(secret ? hidden : item));
	}
	return out;
}

static json_t *text_json(const struct setting_row *row, const char *text)
{
	if (text == NULL)
		return extjson_string(row->null_word);
	return extjson_string((row->flags & SETTING_SECRET) != 0 ? "***" : text);
}

static json_t *value_json(const struct settings *settings, const struct setting_row *row)
{
	const void *value = place(settings, row);
	if (row->shown != NULL)
		return extjson_string(row->shown(settings));
	switch (row->type) {
	case SETTING_BOOL: return json_boolean(*(const bool *)value);
	case SETTING_NUMBER:
	case SETTING_MILLISECONDS:
	case SETTING_FRACTION: return extjson_rounded(*(const double *)value, 15);
	case SETTING_INTEGER: return extjson_integer(*(const int64_t *)value);
	case SETTING_DURATION: return duration_json(*(const int64_t *)value);
	case SETTING_CHOICE:
		/* Not set: what holds is the plain form. */
		if (setting_origin(settings, row) == NULL)
			return json_null();
		return extjson_string(row->choices[*(const unsigned *)value]);
	case SETTING_LIST: return list_json(value, false);
	case SETTING_VARIABLES: return list_json(value, true);
	case SETTING_SECTION: return node_json(*(const struct yaml_node *const *)value);
	default: return text_json(row, *(const char *const *)value);
	}
}

static void append_cell(struct strbuf *out, const json_t *value);

static void append_items(struct strbuf *out, const json_t *array)
{
	strbuf_putc(out, '[');
	for (size_t i = 0; i < json_array_size(array); i++) {
		strbuf_puts(out, i > 0 ? ", " : "");
		append_cell(out, json_array_get(array, i));
	}
	strbuf_putc(out, ']');
}

static void append_cell(struct strbuf *out, const json_t *value)
{
	char number[UNITS_TEXT_SIZE];
	switch (json_typeof(value)) {
	case JSON_STRING:
		log_visible(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_ARRAY: append_items(out, value); break;
	case JSON_OBJECT: strbuf_printf(out, "{%zu}", json_object_size(value)); break;
	case JSON_TRUE: strbuf_puts(out, "true"); break;
	case JSON_FALSE: strbuf_puts(out, "false"); break;
	case JSON_NULL: strbuf_puts(out, "-"); break;
	default:
		units_format_number(json_number_value(value), 15, number);
		strbuf_puts(out, number);
	}
}

static size_t widest_key(void)
{
	size_t width = 0;
	for (size_t i = 0; i < setting_table_count; i++)
		if (strlen(setting_table[i].key) > width)
			width = strlen(setting_table[i].key);
	return width;
}

void settings_show(const struct settings *settings, struct strbuf *out)
{
	int width = (int)widest_key();
	for (size_t i = 0; i < setting_table_count; i++) {
		const struct setting_row *row = &setting_table[i];
		const char *origin = setting_origin(settings, row);
		AUTO_JSON json_t *value = value_json(settings, row);
		AUTO(strbuf) struct strbuf cell = {0};
		if ((row->flags & SETTING_GATE) != 0 && json_is_null(value))
			strbuf_puts(&cell, "not gated");
		else
			append_cell(&cell, value);
		strbuf_printf(out, "%-*s  %-24s  %s\n", width, row->key, strbuf_text(&cell),
			      origin != NULL ? origin : "not set");
	}
}

json_t *settings_json(const struct settings *settings)
{
	json_t *out = extjson_object();
	json_t *values = extjson_object();
	extjson_set(out, "file", extjson_string(settings->file));
	for (size_t i = 0; i < setting_table_count; i++) {
		const struct setting_row *row = &setting_table[i];
		json_t *entry = extjson_object();
		extjson_set(entry, "value", value_json(settings, row));
		extjson_set(entry, "origin", extjson_string(setting_origin(settings, row)));
		extjson_set(values, row->key, entry);
	}
	extjson_set(out, "settings", values);
	return out;
}

/* The target by kind only: a port that changes from run to run changes no verdict. */
void settings_digest(const struct settings *settings, char *out)
{
	AUTO_JSON json_t *judged = extjson_object();
	AUTO(strbuf) struct strbuf canonical = {0};
	extjson_set(judged, "target.kind", extjson_integer(settings->target.kind));
	for (size_t i = 0; i < setting_table_count; i++)
		if ((setting_table[i].flags & SETTING_JUDGED) != 0)
			extjson_set(judged, setting_table[i].key,
				    value_json(settings, &setting_table[i]));
	extjson_dump_canonical(judged, &canonical);
	text_sha256(strbuf_text(&canonical), canonical.length, out);
}
