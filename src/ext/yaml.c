/* Reading the tree: typed access, and errors that carry the position. */
#include "perfgate/ext/yaml.h"

#include "perfgate/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[YAML_SCALAR] = "a single value",
	[YAML_SEQUENCE] = "a list",
	[YAML_MAPPING] = "a mapping",
};
_Static_assert(ARRAY_SIZE(kind_names) == YAML_MAPPING + 1, "one name per kind");

const struct yaml_node *extyaml_get(const struct yaml_node *mapping, const char *key)
{
	if (mapping == NULL || mapping->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->keys[i]->text, key) == 0)
			return mapping->items[i];
	return NULL;
}

bool extyaml_is_null(const struct yaml_node *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	if (node->kind != YAML_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		if (strcmp(node->text, nulls[i]) == 0)
			return true;
	return false;
}

int extyaml_bool(const struct yaml_node *node, bool *out, struct error *err)
{
	if (extyaml_expect(node, YAML_SCALAR, NULL, err) != 0)
		return -1;
	bool yes = strcmp(node->text, "true") == 0;
	if (node->plain && (yes || strcmp(node->text, "false") == 0)) {
		*out = yes;
		return 0;
	}
	if (extyaml_is_null(node))
		return extyaml_error(node, err, "no value: write true or false");
	return extyaml_error(node, err, "`%s` is neither true nor false: write true or false%s",
			     node->text, node->plain ? "" : " without quotes");
}

int extyaml_error(const struct yaml_node *node, struct error *err, const char *format, ...)
{
	char text[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return error_set(err, ERROR_USAGE, "%s:%d:%d: %s", node->file, node->line, node->column,
			 text);
}

int extyaml_expect(const struct yaml_node *node, enum yaml_kind kind, const char *what,
		   struct error *err)
{
	if (node->kind == kind)
		return 0;
	const char *found = extyaml_is_null(node) ? "nothing" : kind_names[node->kind];
	return extyaml_error(node, err, "%s%sexpected %s, found %s", what != NULL ? what : "",
			     what != NULL ? ": " : "", kind_names[kind], found);
}

static bool is_known(const char *key, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(key, *known) == 0)
			return true;
	return false;
}

int extyaml_check_keys(const struct yaml_node *mapping, const char *const *known, const char *where,
		       struct error *err)
{
	for (size_t i = 0; i < mapping->count; i++) {
		const struct yaml_node *key = mapping->keys[i];
		if (is_known(key->text, known))
			continue;
		const char *close = text_suggest(key->text, known);
		bool named = where != NULL && *where != '\0';
		return extyaml_error(key, err, "unknown key `%s`%s%s%s%s%s", key->text,
				     named ? " in " : "", named ? where : "",
				     close != NULL ? ": did you mean `" : "",
				     close != NULL ? close : "", close != NULL ? "`?" : "");
	}
	return 0;
}
