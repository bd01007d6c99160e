#include "perfgate/report/formats.h"

#include "perfgate/base/text.h"
#include "perfgate/report/render.h"
#include "perfgate/report/view.h"
#include "perfgate/template/template.h"

#include <ctype.h>
#include <string.h>

#define TEMPLATE "comment/comment.md"
/* GitHub takes 65,536 characters; the rest is for what a caller puts around it. */
#define COMMENT_MAX ((size_t)60000)
#define MARKER_MAX 100
#define WORST_MAX 5
#define NOTICES_MAX 8
/* Bytes of one text: with these, everything but the rows of the table fits at worst. */
#define TEXT_MAX ((size_t)300)

/* Letters, digits, '.', '_', '+' and single '-': nothing that could end an HTML comment. */
static void marker_name(struct strbuf *out, const char *name)
{
	for (; *name != '\0' && out->length < MARKER_MAX; name++) {
		bool plain = isalnum((unsigned char)*name) || strchr("_.+", *name);

		if (plain)
			strbuf_putc(out, *name);
		else if (out->length > 0 && out->data[out->length - 1] != '-')
			strbuf_putc(out, '-');
	}
}

void report_marker(const struct run *run, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf suite = {0};

	if (run->suite != NULL)
		marker_name(&suite, run->suite);
	for (size_t i = 0; run->suite == NULL && i < run->n_scenarios; i++) {
		if (run->scenarios[i].follows != NULL)
			continue;
		if (suite.length > 0)
			strbuf_putc(&suite, '+');
		marker_name(&suite, run->scenarios[i].name);
	}
	strbuf_printf(out, "<!-- perfgate:%s -->", suite.length > 0 ? strbuf_text(&suite) : "none");
}

static json_t *first_rows(const json_t *rows, size_t count)
{
	json_t *first = extjson_array();

	for (size_t i = 0; i < count && i < json_array_size(rows); i++)
		extjson_append(first, json_incref(json_array_get(rows, i)));
	return first;
}

static json_t *clipped(const char *text)
{
	AUTO_FREE char *head = xasprintf("%.*s…", (int)text_clip(text, TEXT_MAX), text);

	return extjson_string(head);
}

/* Long texts belong into the report. */
static void clip_texts(json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	json_object_foreach (value, key, member) {
		if (json_string_length(member) > TEXT_MAX)
			extjson_set(value, key, clipped(json_string_value(member)));
		else
			clip_texts(member);
	}
	json_array_foreach (value, i, member) {
		if (json_string_length(member) > TEXT_MAX)
			json_array_set_new(value, i, clipped(json_string_value(member)));
		else
			clip_texts(member);
	}
}

static json_t *base_view(const struct run *run)
{
	json_t *view = view_run(run), *worst;
	struct strbuf marker = {0};
	size_t attention = json_array_size(json_object_get(view, "attention"));

	clip_texts(view);
	report_marker(run, &marker);
	extjson_set(view, "marker", view_text(&marker));
	/* Without trouble the first gates stand there: a pass shows its figures too. */
	worst = first_rows(json_object_get(view, attention > 0 ? "attention" : "cells"), WORST_MAX);
	extjson_set(view, "has_worst", json_boolean(json_array_size(worst) > 0));
	extjson_set(view, "worst", worst);
	extjson_set(view, "notices", first_rows(json_object_get(view, "notices"), NOTICES_MAX));
	extjson_set(view, "worst_left",
		    attention > WORST_MAX ? extjson_integer((json_int_t)(attention - WORST_MAX))
					  : json_null());
	extjson_set(view, "all", json_incref(json_object_get(view, "cells")));
	return view;
}

/* Render with the first `count` cells (worst first) and say how many are left out. */
static int render_rows(json_t *view, size_t count, struct strbuf *out, struct error *err)
{
	const json_t *all = json_object_get(view, "all");
	size_t total = json_array_size(all);

	extjson_set(view, "cells", first_rows(all, count));
	extjson_set(view, "left",
		    count < total ? extjson_integer((json_int_t)(total - count)) : json_null());
	strbuf_clear(out);
	return template_render(TEMPLATE, TEMPLATE_MARKDOWN, view, out, err);
}

/* The most rows that fit, by bisection: names are as long as they are. */
static int render_fitting(json_t *view, struct strbuf *out, struct error *err)
{
	size_t fits = 0, too_many = json_array_size(json_object_get(view, "all"));

	while (too_many - fits > 1) {
		size_t middle = fits + (too_many - fits) / 2;

		if (render_rows(view, middle, out, err) != 0)
			return -1;
		if (out->length < COMMENT_MAX)
			fits = middle;
		else
			too_many = middle;
	}
	return render_rows(view, fits, out, err);
}

int markdown_render(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO_JSON json_t *view = base_view(run);
	AUTO(strbuf) struct strbuf text = {0};

	if (render_rows(view, json_array_size(json_object_get(view, "all")), &text, err) != 0)
		return -1;
	if (text.length >= COMMENT_MAX && render_fitting(view, &text, err) != 0)
		return -1;
	strbuf_append(out, text.data, text.length);
	return 0;
}
