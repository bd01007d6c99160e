#include "perfgate/template/template.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/template/embedded.h"
#include "perfgate/template/parse.h"

#include <stdio.h>
#include <string.h>

#define PARTIALS_MAX 32 /* inside each other */
#define TEMPLATE_BYTES_MAX ((size_t)1 << 20)

static const char *template_dir;

/* The values in sight, the nearest first. */
struct context {
	const json_t *value;
	const struct context *outer;
};

struct renderer {
	enum template_escape escape;
	struct strbuf *out;
	int partials;
	struct error *err;
};

void template_set_dir(const char *dir)
{
	template_dir = dir;
}

static const struct embedded_file_row *find_embedded(const char *name)
{
	const struct embedded_file_row *row = embedded_files;

	while (row->name != NULL && !text_equal(row->name, name))
		row++;
	return row->name != NULL ? row : NULL;
}

const struct embedded_file *template_embedded(const char *name)
{
	static _Thread_local struct embedded_file found;
	const struct embedded_file_row *row = find_embedded(name);

	if (row == NULL)
		return NULL;
	found = (struct embedded_file){row->name, row->data, (size_t)(row->end - row->data) - 1};
	return &found;
}

/* A name stays below the folder it is looked up in. */
static bool is_safe_name(const char *name)
{
	return *name != '/' && strstr(name, "..") == NULL;
}

struct source {
	struct strbuf text;
	enum error_kind kind; /* of a mistake in it */
};

/* 1 when there is no such template, -1 when it cannot be read. */
static int load(const char *name, struct source *out, struct error *err)
{
	AUTO_FREE char *path = template_dir != NULL ? fs_join(template_dir, name) : NULL;
	const struct embedded_file_row *row;

	if (!is_safe_name(name))
		return 1;
	if (path != NULL && fs_exists(path)) {
		out->kind = ERROR_USAGE;
		return fs_read_file(&out->text, path, TEMPLATE_BYTES_MAX, ERROR_USAGE, err);
	}
	row = find_embedded(name);
	if (row == NULL)
		return 1;
	out->kind = ERROR_INTERNAL;
	strbuf_puts(&out->text, row->data);
	return 0;
}

static const json_t *member(const json_t *value, const char *name, size_t length)
{
	char key[128];

	if (!json_is_object(value) || length >= sizeof key)
		return NULL;
	memcpy(key, name, length);
	key[length] = '\0';
	return json_object_get(value, key);
}

/* The first part of a dotted name is searched outwards, the others only in what was found. */
static const json_t *look_up(const struct context *context, const char *name)
{
	size_t length = strcspn(name, ".");
	const json_t *value = NULL;

	if (text_equal(name, "."))
		return context->value;
	for (; context != NULL && value == NULL; context = context->outer)
		value = member(context->value, name, length);
	while (value != NULL && name[length] == '.') {
		name += length + 1;
		length = strcspn(name, ".");
		value = member(value, name, length);
	}
	return value;
}

static bool is_truthy(const json_t *value)
{
	if (json_is_string(value))
		return json_string_length(value) > 0;
	if (json_is_array(value))
		return json_array_size(value) > 0;
	return value != NULL && !json_is_null(value) && !json_is_false(value);
}

static void append_value(const struct renderer *renderer, enum template_escape escape,
			 const json_t *value)
{
	char number[64];

	if (json_is_string(value)) {
		template_escape(escape, json_string_value(value), renderer->out);
	} else if (json_is_integer(value)) {
		strbuf_printf(renderer->out, "%lld", (long long)json_integer_value(value));
	} else if (json_is_real(value)) {
		snprintf(number, sizeof number, "%.15g", json_real_value(value));
		strbuf_puts(renderer->out, number);
	} else if (json_is_boolean(value)) {
		strbuf_puts(renderer->out, json_is_true(value) ? "true" : "false");
	}
}

static int render_parts(struct renderer *renderer, const struct template_parts *parts, size_t from,
			size_t to, const struct context *context);

static int render_section(struct renderer *renderer, const struct template_parts *parts,
			  size_t index, const struct context *context)
{
	const struct template_part *part = &parts->items[index];
	const json_t *value = look_up(context, part->name);
	struct context inner = {value, context};
	size_t items = json_array_size(value);

	if (is_truthy(value) == (part->kind == PART_INVERTED))
		return 0;
	if (part->kind == PART_INVERTED)
		return render_parts(renderer, parts, index + 1, part->end, context);
	if (!json_is_array(value))
		return render_parts(renderer, parts, index + 1, part->end, &inner);
	for (size_t i = 0; i < items; i++) {
		inner.value = json_array_get(value, i);
		if (render_parts(renderer, parts, index + 1, part->end, &inner) != 0)
			return -1;
	}
	return 0;
}

/* Empty lines stay empty: blanks at the end of a line are no use to anybody. */
static void indent_lines(const char *text, const struct template_part *part, struct strbuf *out)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n';
		if (*text != '\n' && *text != '\r')
			strbuf_append(out, part->text, part->length);
		strbuf_append(out, text, length);
		text += length;
	}
}

static int render_source(struct renderer *renderer, const char *text, enum error_kind kind,
			 const struct context *context)
{
	AUTO(template_parts) struct template_parts parts = {0};

	if (template_parse(text, kind, &parts, renderer->err) != 0)
		return -1;
	return render_parts(renderer, &parts, 0, parts.count, context);
}

static int render_partial(struct renderer *renderer, const struct template_part *part,
			  const struct context *context)
{
	struct source source = {0};
	AUTO(strbuf) struct strbuf text = {0};
	int result = load(part->name, &source, renderer->err);

	if (result == 0 && renderer->partials == PARTIALS_MAX)
		result = error_set(renderer->err, source.kind,
				   "partial %s: more than %d inside each other", part->name,
				   PARTIALS_MAX);
	if (result == 0) {
		indent_lines(strbuf_text(&source.text), part, &text);
		renderer->partials++;
		result = render_source(renderer, strbuf_text(&text), source.kind, context);
		renderer->partials--;
		if (result != 0 && renderer->partials == 0)
			error_wrap(renderer->err, "partial %s", part->name);
	}
	strbuf_release(&source.text);
	/* The specification renders an unknown partial as nothing. */
	return result < 0 ? -1 : 0;
}

static int render_part(struct renderer *renderer, const struct template_parts *parts, size_t *index,
		       const struct context *context)
{
	const struct template_part *part = &parts->items[*index];
	size_t at = *index;

	*index = at + 1;
	switch (part->kind) {
	case PART_TEXT: strbuf_append(renderer->out, part->text, part->length); return 0;
	case PART_ESCAPED:
		append_value(renderer, renderer->escape, look_up(context, part->name));
		return 0;
	case PART_RAW:
		append_value(renderer, TEMPLATE_NONE, look_up(context, part->name));
		return 0;
	case PART_PARTIAL: return render_partial(renderer, part, context);
	case PART_SECTION:
	case PART_INVERTED: *index = part->end; return render_section(renderer, parts, at, context);
	}
	return 0;
}

static int render_parts(struct renderer *renderer, const struct template_parts *parts, size_t from,
			size_t to, const struct context *context)
{
	while (from < to && !renderer->out->overflow)
		if (render_part(renderer, parts, &from, context) != 0)
			return -1;
	return 0;
}

/* Rendered aside, so that *out is untouched on failure. */
static int render(const char *text, enum error_kind kind, enum template_escape escape,
		  const json_t *view, struct strbuf *out, struct error *err)
{
	AUTO(strbuf) struct strbuf rendered = {.max_bytes = out->max_bytes};
	struct renderer renderer = {.escape = escape, .out = &rendered, .err = err};
	struct context context = {view, NULL};

	if (render_source(&renderer, text, kind, &context) != 0)
		return -1;
	if (rendered.overflow)
		return error_set(err, kind, "the rendered text is larger than %zu bytes",
				 rendered.length);
	strbuf_append(out, strbuf_text(&rendered), rendered.length);
	return 0;
}

int template_render(const char *name, enum template_escape escape, const json_t *view,
		    struct strbuf *out, struct error *err)
{
	struct source source = {0};
	int result = load(name, &source, err);

	if (result == 1)
		result = error_set(err, ERROR_INTERNAL, "there is no template %s", name);
	else if (result == 0 &&
		 render(strbuf_text(&source.text), source.kind, escape, view, out, err) != 0)
		result = error_wrap(err, "template %s", name);
	strbuf_release(&source.text);
	return result;
}

int template_render_text(const char *text, enum template_escape escape, const json_t *view,
			 struct strbuf *out, struct error *err)
{
	return render(text, ERROR_USAGE, escape, view, out, err);
}
