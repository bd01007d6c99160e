/* One value: from text or a node of the file to its place in struct settings. */
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <math.h>
#include <string.h>

#define TEXT_MAX 8192

_Static_assert(sizeof(enum enforce) == sizeof(unsigned), "a choice is stored as its index");
_Static_assert(sizeof(enum regression_mode) == sizeof(unsigned), "as above");

/* How a type is kept, and how it is written in the file. */
static const struct storage {
	size_t size; /* of a scalar */
	enum yaml_kind kind;
} storage[] = {
	[SETTING_BOOL] = {sizeof(bool), YAML_SCALAR},
	[SETTING_NUMBER] = {sizeof(double), YAML_SCALAR},
	[SETTING_MILLISECONDS] = {sizeof(double), YAML_SCALAR},
	[SETTING_FRACTION] = {sizeof(double), YAML_SCALAR},
	[SETTING_INTEGER] = {sizeof(int64_t), YAML_SCALAR},
	[SETTING_DURATION] = {sizeof(int64_t), YAML_SCALAR},
	[SETTING_TEXT] = {sizeof(const char *), YAML_SCALAR},
	[SETTING_CHOICE] = {sizeof(unsigned), YAML_SCALAR},
	[SETTING_LIST] = {0, YAML_SEQUENCE},
	[SETTING_VARIABLES] = {0, YAML_MAPPING},
	[SETTING_SECTION] = {0, YAML_MAPPING},
};
_Static_assert(ARRAY_SIZE(storage) == SETTING_TYPE_COUNT, "one row per type");

static void *place(struct settings *settings, const struct setting_row *row)
{
	return (char *)settings + row->offset;
}

static void stored(struct settings *settings, const struct setting_row *row,
		   const struct setting_source *source)
{
	struct settings_store *store = settings->store;
	const char *origin = "default";
	if (source->node != NULL)
		origin = arena_printf(&store->arena, "%s:%d", source->node->file,
				      source->node->line);
	else if (source->name != NULL)
		origin = arena_strdup(&store->arena, source->name);
	store->origins[row - setting_table] = origin;
	if (row->stored != NULL)
		row->stored(settings);
}

static void store_null(struct settings *settings, const struct setting_row *row)
{
	const double none = NAN;
	static const char *no_items[1];
	switch (row->type) {
	case SETTING_NUMBER:
	case SETTING_MILLISECONDS:
	case SETTING_FRACTION: memcpy(place(settings, row), &none, sizeof none); break;
	case SETTING_LIST:
	case SETTING_VARIABLES:
		*(struct string_list *)place(settings, row) = (struct string_list){no_items, 0};
		break;
	default: memset(place(settings, row), 0, sizeof(const void *)); break;
	}
}

static int apply_null(struct settings *settings, const struct setting_row *row,
		      const struct setting_source *source, struct error *err)
{
	if ((row->flags & SETTING_NULLABLE) == 0)
		return setting_error(row, source, err, "a value is missing");
	store_null(settings, row);
	stored(settings, row, source);
	return 0;
}

static int apply_scalar(struct settings *settings, const struct setting_row *row,
			const struct setting_source *source, const char *text, struct error *err)
{
	union setting_value value = {0};
	if (row->null_word != NULL && text_equal(text, row->null_word))
		return apply_null(settings, row, source, err);
	if (setting_parse(row, source, text, &value, err) != 0)
		return -1;
	if (row->type == SETTING_TEXT)
		value.text = arena_strdup(&settings->store->arena, text);
	memcpy(place(settings, row), &value, storage[row->type].size);
	stored(settings, row, source);
	return 0;
}

static int add_item(struct settings *settings, const struct setting_row *row,
		    const struct setting_source *source, struct string_list *list, const char *text,
		    struct error *err)
{
	union setting_value value = {0};
	if (setting_parse(row, source, text, &value, err) != 0)
		return -1;
	if (list->count >= (size_t)row->max)
		return setting_error(row, source, err, "more than %.0f entries", row->max);
	list->items[list->count++] = arena_strdup(&settings->store->arena, text);
	return 0;
}

static int store_list(struct settings *settings, const struct setting_row *row,
		      const struct setting_source *source, const struct string_list *list,
		      struct error *err)
{
	if ((double)list->count < row->min)
		return setting_error(row, source, err, "at least one entry is needed");
	*(struct string_list *)place(settings, row) = *list;
	stored(settings, row, source);
	return 0;
}

/* At most row->max + 1 items, so that add_item() sees the one too many. */
static struct string_list new_list(struct settings *settings, const struct setting_row *row)
{
	size_t most = (size_t)row->max + 1;
	return (struct string_list){arena_alloc(&settings->store->arena, most,
						sizeof(const char *)),
				    0};
}

/* "GET /a?ids=1,2, GET /b": a request ends at a comma only where the next one begins. */
static bool is_request_start(const char *text)
{
	text += strspn(text, " ");
	size_t method = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	return method > 0 && text[method] == ' ';
}

static const char *item_end(const struct setting_row *row, const char *text)
{
	const char *comma = strchr(text, ',');
	while (comma != NULL && row->offset == offsetof(struct settings, requests) &&
	       !is_request_start(comma + 1))
		comma = strchr(comma + 1, ',');
	return comma != NULL ? comma : text + strlen(text);
}

static int apply_list_text(struct settings *settings, const struct setting_row *row,
			   const struct setting_source *source, const char *text, struct error *err)
{
	struct string_list list = new_list(settings, row);
	/* A flag given again adds to its list. */
	const struct string_list *old = place(settings, row);
	const char *origin = setting_origin(settings, row);
	if (source->name != NULL && origin != NULL && text_equal(source->name, origin))
		for (; list.count < old->count; list.count++)
			list.items[list.count] = old->items[list.count];
	for (;;) {
		const char *end = item_end(row, text);
		const char *start = text + strspn(text, " ");
		size_t length = end > start ? (size_t)(end - start) : 0;
		while (length > 0 && start[length - 1] == ' ')
			length--;
		AUTO_FREE char *item = xstrndup(start, length);
		if (add_item(settings, row, source, &list, item, err) != 0)
			return -1;
		if (*end == '\0')
			return store_list(settings, row, source, &list, err);
		text = end + 1;
	}
}

int setting_apply_text(struct settings *settings, const struct setting_row *row,
		       const struct setting_source *source, const char *text, struct error *err)
{
	if (strlen(text) > TEXT_MAX)
		return setting_error(row, source, err, "longer than %d bytes", TEXT_MAX);
	if (row->type == SETTING_SECTION)
		return setting_error(row, source, err, "it can be set in the file only");
	if (row->type == SETTING_LIST || row->type == SETTING_VARIABLES)
		return apply_list_text(settings, row, source, text, err);
	if (apply_scalar(settings, row, source, text, err) != 0)
		return -1;
	/* Trust in the file's target is no trust in the one of a flag or a variable. */
	if (row->offset == offsetof(struct settings, target.url) && source->node == NULL)
		settings->target.insecure = false;
	return 0;
}

static int apply_sequence(struct settings *settings, const struct setting_row *row,
			  const struct yaml_node *node, struct error *err)
{
	const struct setting_source source = {.node = node};
	struct string_list list = new_list(settings, row);
	for (size_t i = 0; i < node->count; i++) {
		const struct setting_source item = {.node = node->items[i]};
		if (extyaml_expect(item.node, YAML_SCALAR, row->key, err) != 0)
			return -1;
		if (extyaml_is_null(item.node))
			return setting_error(row, &item, err, "an entry is empty");
		if (add_item(settings, row, &item, &list, item.node->text, err) != 0)
			return -1;
	}
	return store_list(settings, row, &source, &list, err);
}

static int apply_variables(struct settings *settings, const struct setting_row *row,
			   const struct yaml_node *node, struct error *err)
{
	const struct setting_source source = {.node = node};
	struct string_list list = new_list(settings, row);
	for (size_t i = 0; i < node->count; i++) {
		const struct setting_source item = {.node = node->items[i]};
		if (extyaml_expect(item.node, YAML_SCALAR, row->key, err) != 0)
			return -1;
		const char *value = extyaml_is_null(item.node) ? "" : item.node->text;
		AUTO_FREE char *text = xasprintf("%s=%s", node->keys[i]->text, value);
		if (add_item(settings, row, &item, &list, text, err) != 0)
			return -1;
	}
	return store_list(settings, row, &source, &list, err);
}

int setting_apply_node(struct settings *settings, const struct setting_row *row,
		       const struct yaml_node *node, struct error *err)
{
	const struct setting_source source = {.node = node};
	bool nullable = (row->flags & SETTING_NULLABLE) != 0;
	if (extyaml_is_null(node) && (nullable || storage[row->type].kind == YAML_SCALAR))
		return apply_null(settings, row, &source, err);
	if (extyaml_expect(node, storage[row->type].kind, row->key, err) != 0)
		return -1;
	if (row->type == SETTING_BOOL && !node->plain)
		return setting_error(row, &source, err, "write true or false without quotes");
	if (row->type == SETTING_LIST)
		return apply_sequence(settings, row, node, err);
	if (row->type == SETTING_VARIABLES)
		return apply_variables(settings, row, node, err);
	if (row->type != SETTING_SECTION)
		return setting_apply_text(settings, row, &source, node->text, err);
	*(const struct yaml_node **)place(settings, row) = node;
	stored(settings, row, &source);
	return 0;
}
