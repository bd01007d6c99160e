#include "perfgate/scenario/functions.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

/* --- DATASET.column --- */

static int unknown_set(const struct call *call, const char *name, struct error *err)
{
	const char **names =
		arena_alloc(call->compile->arena, call->compile->n_sets + 3, sizeof(*names));
	const char *near;
	size_t i;

	for (i = 0; i < call->compile->n_sets; i++)
		names[i] = call->compile->sets[i].name;
	names[i++] = "user";
	names[i] = "capture";
	near = text_suggest(name, names);
	if (near)
		return place_error(call->place, err,
				   "${%s}: there is no data set `%s`: did you mean `%s`?",
				   call->expression, name, near);
	return place_error(call->place, err,
			   "${%s}: there is no data set `%s`; define it under data:",
			   call->expression, name);
}

static int unknown_column(const struct call *call, const struct data_set *set, const char *name,
			  struct error *err)
{
	const char **names = arena_alloc(call->compile->arena, set->n_columns + 1, sizeof(*names));
	AUTO(strbuf) struct strbuf all = {.max_bytes = 300};
	const char *near;
	size_t i;

	for (i = 0; i < set->n_columns; i++) {
		names[i] = set->columns[i];
		strbuf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	near = text_suggest(name, names);
	if (near)
		return place_error(call->place, err,
				   "${%s}: `%s` has no column `%s`: did you mean `%s`?",
				   call->expression, set->name, name, near);
	return place_error(call->place, err, "${%s}: `%s` has no column `%s`; it has %s",
			   call->expression, set->name, name, strbuf_text(&all));
}

static void write_column(const struct slot *slot, struct render *render, struct strbuf *out)
{
	size_t *row = &render->row[slot->row];
	const char *cell;

	if (*row == SIZE_MAX)
		*row = data_pick(slot->set, render->user, render->step);
	cell = data_cell(slot->set, *row, slot->column);
	substitute_escape(slot->escape, cell, strlen(cell), out);
}

/* The register of the set's row in the innermost scope. */
static int find_row(const struct call *call, const struct data_set *set, size_t *out,
		    struct error *err)
{
	struct compile *compile = call->compile;
	size_t i;

	for (i = compile->scope; i < compile->n_rows; i++) {
		if (compile->rows[i] == set) {
			*out = i;
			return 0;
		}
	}
	if (compile->n_rows == SUBSTITUTE_MAX_SETS)
		return place_error(call->place, err, "a request can read at most %d data rows",
				   SUBSTITUTE_MAX_SETS);
	compile->rows[compile->n_rows] = set;
	*out = compile->n_rows++;
	return 0;
}

static int compile_column(const struct call *call, const char *set_name, const char *column_name,
			  struct slot *slot, struct error *err)
{
	struct data_set *set = NULL;
	size_t i;
	int column;

	for (i = 0; i < call->compile->n_sets && !set; i++)
		if (text_equal(call->compile->sets[i].name, set_name))
			set = &call->compile->sets[i];
	if (!set)
		return unknown_set(call, set_name, err);
	column = data_column(set, column_name);
	if (column < 0)
		return unknown_column(call, set, column_name, err);
	for (i = 0; call->escape == ESCAPE_HEADER && i < set->n_rows; i++)
		if (!call_escape(call, data_cell(set, i, (size_t)column), false, err))
			return -1;
	set->used = true;
	slot->set = set;
	slot->column = (size_t)column;
	slot->numeric = set->numeric[column];
	/* A JSON number holds nothing to escape. */
	slot->escape = slot->numeric && call->escape == ESCAPE_JSON ? ESCAPE_NONE : call->escape;
	slot->write = write_column;
	return find_row(call, set, &slot->row, err);
}

/* --- capture.NAME --- */

/* A target may be what a Location says: "/orders/7", or with scheme and host, which are ours. */
static void write_target(const struct capture_value *value, struct strbuf *out)
{
	const char *text = value->text, *end = text + value->length, *at;
	const char *fragment = memchr(text, '#', value->length);

	end = fragment ? fragment : end;
	if (*text != '/') {
		text = memmem(text, (size_t)(end - text), "://", 3);
		text = text ? text + 3 : end;
		while (text < end && !strchr("/?", *text))
			text++;
	}
	if (text == end || *text != '/')
		strbuf_putc(out, '/');
	for (at = text; at < end; at++) {
		bool plain = (unsigned char)*at > 0x20 && (unsigned char)*at < 0x7f;

		substitute_escape(plain ? ESCAPE_NONE : ESCAPE_URL, at, 1, out);
	}
}

static void write_capture(const struct slot *slot, struct render *render, struct strbuf *out)
{
	const struct capture_value *value = captures_find(render->user->captures, slot->capture);

	if (!value)
		return;
	if (slot->escape == ESCAPE_TARGET) {
		write_target(value, out);
		return;
	}
	if (slot->whole && !value->literal)
		strbuf_putc(out, '"');
	substitute_escape(slot->escape, value->text, value->length, out);
	if (slot->whole && !value->literal)
		strbuf_putc(out, '"');
}

static int compile_capture(const struct call *call, const char *name, struct slot *slot,
			   struct error *err)
{
	struct compile *compile = call->compile;

	if (!compile->captures)
		return place_error(call->place, err, "${%s}: only a task has captures",
				   call->expression);
	if (capture_use(compile->arena, compile->captures, name, call->place, &slot->capture, err))
		return -1;
	slot->capture->in_header |= call->escape == ESCAPE_HEADER;
	slot->capture->as_target |= call->escape == ESCAPE_TARGET;
	slot->escape = call->escape;
	slot->write = write_capture;
	return 0;
}

/* --- expressions --- */

/* "ensemble: 60" -> text and weight; false when the weight is not above 0. */
static bool split_weight(struct arena *arena, struct argument *argument)
{
	const char *colon = strrchr(argument->text, ':'), *why;
	char *number;

	argument->weight = NAN;
	if (!colon)
		return true;
	number = value_trim(arena, colon + 1, strlen(colon + 1));
	if (units_parse_number(number, &argument->weight, &why)) {
		argument->weight = NAN;
		return true;
	}
	argument->text = value_trim(arena, argument->text, (size_t)(colon - argument->text));
	return argument->weight > 0;
}

static void strip_quotes(struct arena *arena, struct argument *argument)
{
	size_t length = strlen(argument->text);

	if (length < 2 || !strchr("'\"", argument->text[0]) ||
	    argument->text[length - 1] != argument->text[0])
		return;
	argument->text = arena_strndup(arena, argument->text + 1, length - 2);
	argument->quoted = true;
}

/* Cut "a, 'b, c': 2" at its outer commas. */
static void split_arguments(struct call *call, const char *text, size_t length)
{
	struct arena *arena = call->compile->arena;
	size_t i, start = 0, commas = 0;
	char quote = '\0';

	for (i = 0; i < length; i++)
		commas += text[i] == ',';
	call->arguments = arena_alloc(arena, commas + 1, sizeof(*call->arguments));
	for (i = 0; i <= length; i++) {
		if (i < length && quote) {
			if (text[i] == quote)
				quote = '\0';
		} else if (i == length || text[i] == ',') {
			struct argument *next = &call->arguments[call->n_arguments++];

			next->text = value_trim(arena, text + start, i - start);
			next->weight = NAN;
			start = i + 1;
		} else if (text[i] == '"' || text[i] == '\'') {
			quote = text[i];
		}
	}
	if (call->n_arguments == 1 && !*call->arguments[0].text)
		call->n_arguments = 0;
}

static int prepare_arguments(struct call *call, const struct function *function, struct error *err)
{
	size_t i;

	for (i = 0; i < call->n_arguments; i++) {
		struct argument *argument = &call->arguments[i];

		if (function->weights && !split_weight(call->compile->arena, argument))
			return call_error(call, err, "a weight must be above 0");
		strip_quotes(call->compile->arena, argument);
		if (!*argument->text && !argument->quoted)
			return call_error(call, err, "an argument is empty");
	}
	if (call->n_arguments < function->min_arguments ||
	    call->n_arguments > function->max_arguments)
		return call_error(call, err, "wrong number of arguments");
	return 0;
}

static int unknown_function(const struct call *call, const char *name, struct error *err)
{
	const char *names[FUNCTION_COUNT + 1] = {0}, *near;
	size_t i;

	for (i = 0; i < FUNCTION_COUNT; i++)
		names[i] = function_table[i].name;
	near = text_suggest(name, names);
	if (near)
		return place_error(call->place, err, "${%s}: unknown: did you mean `%s`?",
				   call->expression, near);
	return place_error(call->place, err,
			   "${%s}: unknown; there are uniform, int, choice, zipf, date, uuid, "
			   "env, user.id, seq, DATASET.column and capture.NAME",
			   call->expression);
}

int function_compile(struct compile *compile, const char *expression, enum escape escape,
		     const struct place *place, struct slot *slot, struct error *err)
{
	struct call call = {.compile = compile,
			    .place = place,
			    .escape = escape,
			    .expression = expression,
			    .usage = expression};
	const char *open = strchr(expression, '('), *dot = strchr(expression, '.');
	const char *name = value_trim(compile->arena, expression,
				      open ? (size_t)(open - expression) : strlen(expression));
	size_t i;

	if (open && !text_ends_with(expression, ")"))
		return place_error(place, err, "${%s}: the closing ) is missing", expression);
	if (open)
		split_arguments(&call, open + 1, strlen(open) - 2);
	for (i = 0; i < FUNCTION_COUNT; i++) {
		if (!text_equal(function_table[i].name, name))
			continue;
		call.usage = function_table[i].usage;
		if (prepare_arguments(&call, &function_table[i], err))
			return -1;
		return function_table[i].compile(&call, slot, err);
	}
	if (text_starts_with(expression, "capture.") && !open)
		return compile_capture(&call, dot + 1, slot, err);
	if (dot && !open)
		return compile_column(&call,
				      arena_strndup(compile->arena, name,
						    (size_t)(dot - expression)),
				      dot + 1, slot, err);
	return unknown_function(&call, name, err);
}
