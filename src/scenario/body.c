#include "perfgate/scenario/compile.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <string.h>

/* --- json: a YAML tree written as JSON --- */

static int build_value(struct text_builder *builder, const struct yaml_node *node,
		       struct error *err);

static void build_puts(struct text_builder *builder, const char *text)
{
	build_bytes(builder, text, strlen(text));
}

/* A captured value brings its own quotes where it is all of a JSON value. */
static bool stands_alone(struct slot *slot)
{
	slot->whole = slot->capture != NULL;
	return slot->whole || slot->numeric;
}

/* A string; when it is one slot that yields a number, the number. */
static int build_string(struct text_builder *builder, const struct yaml_node *node,
			struct error *err)
{
	struct place place = {.node = node};

	if (text_starts_with(node->text, "${")) {
		struct slot *slot;
		size_t length;

		if (build_parse_slot(builder, node->text, ESCAPE_JSON, &place, &slot, &length, err))
			return -1;
		if (!node->text[length] && stands_alone(slot)) {
			build_slot(builder, slot);
			return 0;
		}
	}
	build_puts(builder, "\"");
	if (build_text(builder, node->text, ESCAPE_JSON, true, &place, err))
		return -1;
	build_puts(builder, "\"");
	return 0;
}

static int build_scalar(struct text_builder *builder, const struct yaml_node *node,
			struct error *err)
{
	if (!node->plain || strstr(node->text, "${"))
		return build_string(builder, node, err);
	if (extyaml_is_null(node)) {
		build_puts(builder, "null");
		return 0;
	}
	if (text_equal(node->text, "true") || text_equal(node->text, "false") ||
	    value_is_json_number(node->text)) {
		build_puts(builder, node->text);
		return 0;
	}
	return build_string(builder, node, err);
}

/* "${repeat(5..20)}: item" stands for a list of that many items. */
static bool is_repeat(const struct yaml_node *node)
{
	return node->count == 1 && text_starts_with(node->keys[0]->text, "${repeat(") &&
	       text_ends_with(node->keys[0]->text, ")}");
}

static int build_repeated(struct text_builder *builder, const struct yaml_node *node,
			  struct error *err)
{
	struct arena *arena = builder->compile->arena;
	const char *key = node->keys[0]->text, *low_text, *high_text, *why;
	size_t op, scope, skip = strlen("${repeat(");
	int64_t low, high;

	if (!value_split_range(arena, arena_strndup(arena, key + skip, strlen(key) - skip - 2),
			       &low_text, &high_text) ||
	    units_parse_integer(low_text, &low, &why) ||
	    units_parse_integer(high_text, &high, &why) || low < 0 || high < low || high > 10000)
		return extyaml_error(node->keys[0], err,
				     "write ${repeat(10)} or ${repeat(5..20)}, up to 10000");
	build_puts(builder, "[");
	op = build_repeat(builder, (uint64_t)low, (uint64_t)high, &scope);
	if (build_value(builder, node->items[0], err))
		return -1;
	build_repeat_end(builder, op, scope);
	build_puts(builder, "]");
	return 0;
}

static int build_mapping(struct text_builder *builder, const struct yaml_node *node,
			 struct error *err)
{
	size_t i;

	if (is_repeat(node))
		return build_repeated(builder, node, err);
	build_puts(builder, "{");
	for (i = 0; i < node->count; i++) {
		const char *key = node->keys[i]->text;

		if (strstr(key, "${"))
			return extyaml_error(node->keys[i], err,
					     "a key cannot vary (only ${repeat(N)} alone in its "
					     "mapping is allowed)");
		build_puts(builder, i ? ",\"" : "\"");
		substitute_escape(ESCAPE_JSON, key, strlen(key), &builder->pending);
		build_puts(builder, "\":");
		if (build_value(builder, node->items[i], err))
			return -1;
	}
	build_puts(builder, "}");
	return 0;
}

static int build_value(struct text_builder *builder, const struct yaml_node *node,
		       struct error *err)
{
	size_t i;

	if (node->kind == YAML_SCALAR)
		return build_scalar(builder, node, err);
	if (node->kind == YAML_MAPPING)
		return build_mapping(builder, node, err);
	build_puts(builder, "[");
	for (i = 0; i < node->count; i++) {
		if (i)
			build_puts(builder, ",");
		if (build_value(builder, node->items[i], err))
			return -1;
	}
	build_puts(builder, "]");
	return 0;
}

int body_compile_json(struct compile *compile, const struct yaml_node *node,
		      struct substitution *out, struct error *err)
{
	AUTO(text_builder) struct text_builder builder = {.compile = compile};

	if (build_value(&builder, node, err))
		return -1;
	build_finish(&builder, out);
	return 0;
}

/* --- form: and query: --- */

int body_build_pairs(struct text_builder *builder, const struct yaml_node *node, const char *what,
		     struct error *err)
{
	size_t i;

	if (extyaml_expect(node, YAML_MAPPING, what, err))
		return -1;
	for (i = 0; i < node->count; i++) {
		struct place place = {.node = node->items[i]};
		const char *key = node->keys[i]->text;

		if (extyaml_expect(node->items[i], YAML_SCALAR, key, err))
			return -1;
		if (i)
			build_puts(builder, "&");
		substitute_escape(ESCAPE_URL, key, strlen(key), &builder->pending);
		build_puts(builder, "=");
		if (build_text(builder, node->items[i]->text, ESCAPE_URL, true, &place, err))
			return -1;
	}
	return 0;
}

int body_compile_form(struct compile *compile, const struct yaml_node *node,
		      struct substitution *out, struct error *err)
{
	AUTO(text_builder) struct text_builder builder = {.compile = compile};

	if (body_build_pairs(&builder, node, "form", err))
		return -1;
	build_finish(&builder, out);
	return 0;
}

/* --- body: text, or a file --- */

/*
 * JSON text with slots inside its strings. A string that is exactly one numeric slot
 * loses its quotes, so that a file can stay valid JSON. A captured value that stands
 * outside of strings is a whole value.
 */
static int build_json_text(struct text_builder *builder, const char *text,
			   const struct place *place, struct error *err)
{
	bool in_string = false;

	while (*text) {
		struct slot *slot;
		size_t length, quoted = !in_string && text_starts_with(text, "\"${");

		if (text_starts_with(text, "$${")) {
			build_puts(builder, "${");
			text += 3;
			continue;
		}
		if (quoted || text_starts_with(text, "${")) {
			if (build_parse_slot(builder, text + quoted,
					     quoted || in_string ? ESCAPE_JSON : ESCAPE_NONE, place,
					     &slot, &length, err))
				return -1;
			if (quoted && (text[1 + length] != '"' || !stands_alone(slot))) {
				build_puts(builder, "\"");
				in_string = true;
			} else if (quoted) {
				length++;
			} else if (!in_string && stands_alone(slot)) {
				slot->escape = ESCAPE_JSON;
			}
			build_slot(builder, slot);
			text += quoted + length;
			continue;
		}
		if (in_string && *text == '\\' && text[1]) {
			build_bytes(builder, text, 2);
			text += 2;
			continue;
		}
		in_string ^= *text == '"';
		build_bytes(builder, text++, 1);
	}
	return 0;
}

/* Relative to the configuration's folder, else to where we are. */
static int read_body_file(struct compile *compile, const char *name, const struct place *place,
			  struct strbuf *out, struct error *err)
{
	AUTO_FREE char *path = *name == '/' ? xstrdup(name) : fs_join(compile->folder, name);

	if (!fs_exists(path) && fs_exists(name)) {
		free(path);
		path = xstrdup(name);
	}
	if (fs_read_file(out, path, COMPILE_MAX_BODY, ERROR_USAGE, err)) {
		struct error cause = *err;

		return place_error(place, err, "%s", cause.message);
	}
	return 0;
}

static const char *type_of_file(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".json", "application/json"},	       {".xml", "application/xml"},
		{".txt", "text/plain; charset=utf-8"}, {".csv", "text/csv"},
		{".html", "text/html; charset=utf-8"},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (text_ends_with(name, types[i].ending))
			return types[i].type;
	return "application/octet-stream";
}

int body_compile_text(struct compile *compile, const char *text, const struct place *place,
		      struct request *request, const char **out_type, struct error *err)
{
	AUTO(text_builder) struct text_builder builder = {.compile = compile};
	AUTO(strbuf) struct strbuf file = {.max_bytes = COMPILE_MAX_BODY + 1};
	bool json = *text == '{' || *text == '[';

	if (*text == '@') {
		if (read_body_file(compile, text + 1, place, &file, err))
			return -1;
		*out_type = type_of_file(text + 1);
		text_sha256(strbuf_text(&file), file.length, request->body_digest);
		/* Bytes that are no text travel as they are. */
		if (memchr(strbuf_text(&file), '\0', file.length)) {
			build_bytes(&builder, file.data, file.length);
			build_finish(&builder, &request->body);
			return 0;
		}
		json = text_ends_with(text, ".json");
		text = strbuf_text(&file);
	} else if (json) {
		*out_type = "application/json";
	} else {
		*out_type = "text/plain; charset=utf-8";
	}
	if (json ? build_json_text(&builder, text, place, err)
		 : build_text(&builder, text, ESCAPE_NONE, false, place, err))
		return -1;
	build_finish(&builder, &request->body);
	return 0;
}
