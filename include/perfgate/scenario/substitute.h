/*
 * Substitution: text with slots, compiled once.
 *
 * "${…}" holds a function (functions.c: uniform, int, choice, zipf, date,
 * uuid, env, user.id, seq), DATASET.column or capture.NAME; "$${" is a literal "${". A
 * compiled text is a list of operations on the output: copy bytes, fill a
 * slot, repeat a stretch. Literal neighbours are merged and constant values
 * are escaped when compiled, so that a render copies and draws, no more.
 *
 * Within one request every mention of a data set reads the same row; within
 * a repeated stretch each turn reads a new one.
 *
 * Formats do not depend on the locale.
 */
#ifndef PERFGATE_SCENARIO_SUBSTITUTE_H
#define PERFGATE_SCENARIO_SUBSTITUTE_H

#include "perfgate/scenario/capture.h"
#include "perfgate/scenario/data.h"
#include "perfgate/scenario/values.h"

#define SUBSTITUTE_MAX_SETS 16 /* mentions of data sets with rows of their own, per request */

/* How a value is written where it stands. */
enum escape {
	ESCAPE_NONE,
	ESCAPE_URL, /* percent-encoded but for RFC 3986 "unreserved" */
	ESCAPE_JSON, /* inside a JSON string */
	ESCAPE_HEADER, /* as it is; CR, LF and control characters are refused when compiled */
	ESCAPE_TARGET, /* a whole path or URL: percent-encoded what no target may hold */
};

/* One alternative: `low` is an index, a text or a day, by the slot's kind. */
struct weighted {
	double cumulative; /* up to and including this one; the last is 1 */
	const char *text; /* choice: escaped */
	int64_t low, high; /* date: days, int: bounds */
};

struct render;

struct slot {
	void (*write)(const struct slot *slot, struct render *render, struct strbuf *out);
	bool numeric; /* yields a JSON number */
	enum escape escape; /* for columns and captures; all else is safe or escaped already */
	struct weighted *options;
	size_t n_options;
	double low, high; /* uniform */
	int decimals; /* uniform */
	const double *cumulative; /* zipf */
	const struct data_set *set;
	size_t column, row; /* row: index of the render's row register */
	struct capture_name *capture;
	bool whole; /* capture: a JSON value of its own, with its quotes if it needs them */
};

enum op_kind { OP_TEXT, OP_SLOT, OP_REPEAT };

struct op {
	enum op_kind kind;
	const char *text; /* OP_TEXT; OP_REPEAT: the separator */
	size_t length;
	struct slot *slot;
	/* OP_REPEAT: the next n_ops operations, `low`..`high` times, rows renewed each time. */
	size_t n_ops;
	uint64_t low, high;
	size_t first_row, end_row;
};

/* Compiled text. */
struct substitution {
	struct op *ops;
	size_t n_ops;
};

/* What a request is compiled with; one per request. */
struct compile {
	struct arena *arena;
	struct data_set *sets; /* `used` is set */
	size_t n_sets;
	int64_t today; /* days since 1970-01-01, UTC */
	const char *folder; /* where @file starts */
	struct capture_scope *captures; /* of the task; NULL: nothing can be captured */
	bool has_next; /* the request is a step with another behind it */
	/* Row registers given out so far, and the set each belongs to. */
	const struct data_set *rows[SUBSTITUTE_MAX_SETS];
	size_t n_rows;
	size_t scope; /* registers from here on belong to the innermost repeat */
};

/* Collects operations; release with text_builder_release() when abandoned. */
struct text_builder {
	struct compile *compile;
	struct strbuf pending;
	struct op *ops;
	size_t n_ops, capacity;
};

void text_builder_release(struct text_builder *builder);
DEFINE_AUTO_VALUE(text_builder, struct text_builder, text_builder_release)

void build_bytes(struct text_builder *builder, const char *bytes, size_t length);
/* Append `text` with its slots; literals are copied as they are unless `escape_literals`. */
PG_MUST_CHECK int build_text(struct text_builder *builder, const char *text, enum escape escape,
			     bool escape_literals, const struct place *place, struct error *err);
/* Compile the slot at `text` ("${"), not adding it; *out_length covers "${…}". */
PG_MUST_CHECK int build_parse_slot(struct text_builder *builder, const char *text,
				   enum escape escape, const struct place *place, struct slot **out,
				   size_t *out_length, struct error *err);
void build_slot(struct text_builder *builder, struct slot *slot);
/* Begin a repeated stretch; hand the result to build_repeat_end(). */
size_t build_repeat(struct text_builder *builder, uint64_t low, uint64_t high,
		    size_t *out_outer_scope);
void build_repeat_end(struct text_builder *builder, size_t op, size_t outer_scope);
/* The finished text; the builder is empty afterwards. */
void build_finish(struct text_builder *builder, struct substitution *out);

bool substitute_is_fixed(const struct substitution *text);

/* One request being rendered: its user, and the rows drawn so far. */
struct render {
	struct user_state *user;
	uint64_t step;
	size_t row[SUBSTITUTE_MAX_SETS]; /* SIZE_MAX: not drawn yet */
};
void render_init(struct render *render, struct user_state *user);
void substitute_render(const struct substitution *text, struct render *render, struct strbuf *out);

/* functions.c: compile "choice(1, 2)" or "site.lat" into *slot. */
PG_MUST_CHECK int function_compile(struct compile *compile, const char *expression,
				   enum escape escape, const struct place *place, struct slot *slot,
				   struct error *err);

/* Append `text` as `escape` wants it. */
void substitute_escape(enum escape escape, const char *text, size_t length, struct strbuf *out);

#endif
