#include "perfgate/scenario/substitute.h"

#include <stdio.h>
#include <string.h>

/* --- escaping --- */

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void escape_url(const char *text, size_t length, struct strbuf *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_unreserved(text[i])) {
			strbuf_putc(out, text[i]);
		} else {
			const char encoded[] = {'%', hex[c >> 4], hex[c & 15]};

			strbuf_append(out, encoded, sizeof(encoded));
		}
	}
}

static void escape_json(const char *text, size_t length, struct strbuf *out)
{
	size_t i, plain = 0; /* where the run that needs no escape began */

	for (i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		strbuf_append(out, text + plain, i - plain);
		plain = i + 1;
		if (c == '"' || c == '\\') {
			const char escaped[] = {'\\', text[i]};

			strbuf_append(out, escaped, sizeof(escaped));
		} else {
			strbuf_printf(out, "\\u%04x", c);
		}
	}
	strbuf_append(out, text + plain, length - plain);
}

void substitute_escape(enum escape escape, const char *text, size_t length, struct strbuf *out)
{
	switch (escape) {
	case ESCAPE_URL: escape_url(text, length, out); return;
	case ESCAPE_JSON: escape_json(text, length, out); return;
	case ESCAPE_NONE:
	case ESCAPE_TARGET:
	case ESCAPE_HEADER: break;
	}
	strbuf_append(out, text, length);
}

/* --- building --- */

void text_builder_release(struct text_builder *builder)
{
	strbuf_release(&builder->pending);
	free(builder->ops);
	builder->ops = NULL;
	builder->n_ops = builder->capacity = 0;
}

static struct op *push_op(struct text_builder *builder, struct op op)
{
	struct op *pushed = VEC_PUSH(builder->ops, builder->n_ops, builder->capacity);

	*pushed = op;
	return pushed;
}

static void flush_pending(struct text_builder *builder)
{
	struct op op = {.kind = OP_TEXT, .length = builder->pending.length};

	if (!op.length)
		return;
	/* Not a string: a body file may hold NUL. */
	op.text = memcpy(arena_alloc(builder->compile->arena, op.length, 1), builder->pending.data,
			 op.length);
	push_op(builder, op);
	strbuf_clear(&builder->pending);
}

void build_bytes(struct text_builder *builder, const char *bytes, size_t length)
{
	strbuf_append(&builder->pending, bytes, length);
}

void build_slot(struct text_builder *builder, struct slot *slot)
{
	flush_pending(builder);
	push_op(builder, (struct op){.kind = OP_SLOT, .slot = slot});
}

/* Where the slot that starts at `text` ("${") ends, quotes respected; NULL when nowhere. */
static const char *slot_end(const char *text)
{
	char quote = '\0';

	for (text += 2; *text; text++) {
		if (quote) {
			if (*text == quote)
				quote = '\0';
		} else if (*text == '"' || *text == '\'') {
			quote = *text;
		} else if (*text == '}') {
			return text;
		}
	}
	return NULL;
}

int build_parse_slot(struct text_builder *builder, const char *text, enum escape escape,
		     const struct place *place, struct slot **out, size_t *out_length,
		     struct error *err)
{
	struct arena *arena = builder->compile->arena;
	const char *end = slot_end(text);
	struct slot *slot;

	if (!end)
		return place_error(place, err,
				   "`%.40s` has no closing }; write $${ for a literal ${", text);
	slot = arena_alloc(arena, 1, sizeof(*slot));
	if (function_compile(builder->compile,
			     value_trim(arena, text + 2, (size_t)(end - text) - 2), escape, place,
			     slot, err))
		return -1;
	*out = slot;
	*out_length = (size_t)(end - text) + 1;
	return 0;
}

static void build_literal(struct text_builder *builder, const char *text, size_t length,
			  enum escape escape, bool escape_literals)
{
	substitute_escape(escape_literals ? escape : ESCAPE_NONE, text, length, &builder->pending);
}

int build_text(struct text_builder *builder, const char *text, enum escape escape,
	       bool escape_literals, const struct place *place, struct error *err)
{
	const char *dollar;

	while ((dollar = strstr(text, "${"))) {
		struct slot *slot;
		size_t length;

		if (dollar > text && dollar[-1] == '$') {
			build_literal(builder, text, (size_t)(dollar - text) - 1, escape,
				      escape_literals);
			build_literal(builder, "${", 2, escape, escape_literals);
			text = dollar + 2;
			continue;
		}
		build_literal(builder, text, (size_t)(dollar - text), escape, escape_literals);
		if (build_parse_slot(builder, dollar, escape, place, &slot, &length, err))
			return -1;
		build_slot(builder, slot);
		text = dollar + length;
	}
	build_literal(builder, text, strlen(text), escape, escape_literals);
	return 0;
}

size_t build_repeat(struct text_builder *builder, uint64_t low, uint64_t high,
		    size_t *out_outer_scope)
{
	struct compile *compile = builder->compile;

	flush_pending(builder);
	*out_outer_scope = compile->scope;
	compile->scope = compile->n_rows;
	push_op(builder, (struct op){.kind = OP_REPEAT,
				     .text = ",",
				     .length = 1,
				     .low = low,
				     .high = high,
				     .first_row = compile->n_rows});
	return builder->n_ops - 1;
}

void build_repeat_end(struct text_builder *builder, size_t op, size_t outer_scope)
{
	struct compile *compile = builder->compile;
	size_t i;

	flush_pending(builder);
	builder->ops[op].n_ops = builder->n_ops - op - 1;
	builder->ops[op].end_row = compile->n_rows;
	/* These rows belong to the repeat alone; a later mention gets its own. */
	for (i = compile->scope; i < compile->n_rows; i++)
		compile->rows[i] = NULL;
	compile->scope = outer_scope;
}

void build_finish(struct text_builder *builder, struct substitution *out)
{
	flush_pending(builder);
	out->n_ops = builder->n_ops;
	out->ops = arena_alloc(builder->compile->arena, builder->n_ops, sizeof(*out->ops));
	if (builder->n_ops)
		memcpy(out->ops, builder->ops, builder->n_ops * sizeof(*out->ops));
	text_builder_release(builder);
}

bool substitute_is_fixed(const struct substitution *text)
{
	size_t i;

	for (i = 0; i < text->n_ops; i++)
		if (text->ops[i].kind == OP_SLOT || text->ops[i].low != text->ops[i].high)
			return false;
	return true;
}

/* --- rendering --- */

void render_init(struct render *render, struct user_state *user)
{
	size_t i;

	render->user = user;
	render->step = 0;
	for (i = 0; i < SUBSTITUTE_MAX_SETS; i++)
		render->row[i] = SIZE_MAX;
}

static void run_ops(const struct op *ops, size_t n_ops, struct render *render, struct strbuf *out);

static void run_repeat(const struct op *repeat, struct render *render, struct strbuf *out)
{
	uint64_t turns = repeat->low, turn;
	size_t i;

	if (repeat->high > repeat->low)
		turns += rng_below(&render->user->rng, repeat->high - repeat->low + 1);
	for (turn = 0; turn < turns; turn++) {
		if (turn)
			strbuf_append(out, repeat->text, repeat->length);
		for (i = repeat->first_row; i < repeat->end_row; i++)
			render->row[i] = SIZE_MAX;
		run_ops(repeat + 1, repeat->n_ops, render, out);
		render->step++;
	}
}

static void run_ops(const struct op *ops, size_t n_ops, struct render *render, struct strbuf *out)
{
	size_t i;

	for (i = 0; i < n_ops; i++) {
		switch (ops[i].kind) {
		case OP_TEXT: strbuf_append(out, ops[i].text, ops[i].length); break;
		case OP_SLOT: ops[i].slot->write(ops[i].slot, render, out); break;
		case OP_REPEAT:
			run_repeat(&ops[i], render, out);
			i += ops[i].n_ops;
			break;
		}
	}
}

void substitute_render(const struct substitution *text, struct render *render, struct strbuf *out)
{
	run_ops(text->ops, text->n_ops, render, out);
}
