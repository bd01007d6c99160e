#include "perfgate/template/parse.h"

#include "perfgate/base/text.h"

#include <stdbool.h>
#include <string.h>

struct delimiters {
	const char *open, *close;
};

struct parser {
	const char *source;
	const char *at; /* what is not consumed yet starts here */
	const char *tag; /* where the tag being read starts */
	const char *rest; /* behind the tag being read */
	struct delimiters delimiters;
	size_t open[TEMPLATE_SECTIONS_MAX]; /* indices of the sections not closed yet */
	size_t depth;
	enum error_kind kind;
	struct template_parts *out;
	struct error *err;
};

static int line_of(const struct parser *parser)
{
	int line = 1;

	for (const char *c = parser->source; c < parser->tag; c++)
		line += *c == '\n';
	return line;
}

static int fail(const struct parser *parser, const char *what, const char *name)
{
	return error_set(parser->err, parser->kind, "%d: %s%s", line_of(parser), what, name);
}

static struct template_part *add(struct parser *parser, enum template_part_kind kind)
{
	struct template_parts *out = parser->out;
	struct template_part *part = VEC_PUSH(out->items, out->count, out->capacity);

	*part = (struct template_part){.kind = kind};
	return part;
}

static void add_text(struct parser *parser, const char *from, const char *to)
{
	struct template_part *part;

	if (to <= from)
		return;
	part = add(parser, PART_TEXT);
	part->text = from;
	part->length = (size_t)(to - from);
}

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* Start of the tag's line when only blanks stand before it, else NULL. */
static const char *blank_before(const struct parser *parser)
{
	const char *start = parser->tag;

	while (start > parser->at && (start[-1] == ' ' || start[-1] == '\t'))
		start--;
	return start == parser->source || start[-1] == '\n' ? start : NULL;
}

/* Start of the next line when only blanks stand behind the tag, else NULL. */
static const char *blank_behind(const struct parser *parser)
{
	const char *end = skip_blanks(parser->rest);

	if (*end == '\0')
		return end;
	if (end[0] == '\r' && end[1] == '\n')
		return end + 2;
	return *end == '\n' ? end + 1 : NULL;
}

/*
 * Flush the text before the tag. A tag that may stand alone on its line takes the
 * whole line with it; the indentation is told then.
 */
static void flush(struct parser *parser, bool may_stand_alone, const char **indent, size_t *length)
{
	const char *start = may_stand_alone ? blank_before(parser) : NULL;
	const char *next = start != NULL ? blank_behind(parser) : NULL;

	*indent = start;
	*length = 0;
	if (next == NULL) {
		add_text(parser, parser->at, parser->tag);
		parser->at = parser->rest;
		return;
	}
	add_text(parser, parser->at, start);
	*length = (size_t)(parser->tag - start);
	parser->at = next;
}

static int open_section(struct parser *parser, enum template_part_kind kind, const char *name)
{
	if (parser->depth == TEMPLATE_SECTIONS_MAX)
		return fail(parser, "too many sections inside each other at ", name);
	parser->open[parser->depth++] = parser->out->count;
	add(parser, kind)->name = name;
	return 0;
}

static int close_section(struct parser *parser, const char *name)
{
	struct template_part *section;

	if (parser->depth == 0)
		return fail(parser, "no section is open here to be closed by /", name);
	section = &parser->out->items[parser->open[--parser->depth]];
	if (!text_equal(section->name, name))
		return fail(parser, "another section is open here than the one closed by /", name);
	section->end = parser->out->count;
	return 0;
}

/* "=<% %>=": both become the delimiters from here on. */
static int set_delimiters(struct parser *parser, const char *content)
{
	struct arena *arena = &parser->out->arena;
	size_t length = strlen(content);
	char *pair, *gap;

	if (length < 2 || content[length - 1] != '=')
		return fail(parser, "delimiters are set as in {{=<% %>=}}, not ", content);
	pair = arena_strndup(arena, skip_blanks(content + 1), length);
	pair[strcspn(pair, "=")] = '\0';
	gap = pair + strcspn(pair, " \t");
	if (gap == pair || *gap == '\0')
		return fail(parser, "delimiters are set as in {{=<% %>=}}, not ", content);
	*gap = '\0';
	gap = gap + 1 + strspn(gap + 1, " \t");
	gap[strcspn(gap, " \t")] = '\0';
	if (*gap == '\0')
		return fail(parser, "delimiters are set as in {{=<% %>=}}, not ", content);
	parser->delimiters = (struct delimiters){pair, gap};
	return 0;
}

static int add_tag(struct parser *parser, char sigil, const char *name)
{
	const char *indent;
	size_t length;
	struct template_part *part;

	flush(parser, sigil != '\0' && strchr("#^/!>=", sigil) != NULL, &indent, &length);
	switch (sigil) {
	case '!': return 0;
	case '=': return set_delimiters(parser, name);
	case '#': return open_section(parser, PART_SECTION, name);
	case '^': return open_section(parser, PART_INVERTED, name);
	case '/': return close_section(parser, name);
	case '>':
		part = add(parser, PART_PARTIAL);
		part->name = name;
		part->text = indent;
		part->length = length;
		return 0;
	default: add(parser, sigil == '\0' ? PART_ESCAPED : PART_RAW)->name = name; return 0;
	}
}

/* The text between sigil and closing delimiter, without the blanks around it. */
static const char *trimmed(struct parser *parser, const char *from, const char *to)
{
	while (from < to && strchr(" \t\r\n", *from) != NULL)
		from++;
	while (to > from && strchr(" \t\r\n", to[-1]) != NULL)
		to--;
	return arena_strndup(&parser->out->arena, from, (size_t)(to - from));
}

static int read_tag(struct parser *parser)
{
	const char *content = parser->tag + strlen(parser->delimiters.open);
	const char *close = parser->delimiters.close, *end, *name;
	char sigil = '\0';

	content += strspn(content, " \t\r\n");
	if (*content != '\0' && strchr("#^/!>={&", *content) != NULL)
		sigil = *content;
	if (sigil == '{')
		close = arena_printf(&parser->out->arena, "}%s", close);
	end = strstr(content + (sigil != '\0'), close);
	if (end == NULL)
		return fail(parser, "a tag is not closed by ", close);
	parser->rest = end + strlen(close);
	/* Only '=' needs its sigil, to see that it comes twice. */
	name = trimmed(parser, content + (sigil != '\0' && sigil != '='), end);
	if (*name == '\0' && sigil != '!')
		return fail(parser, "a tag has no name", "");
	return add_tag(parser, sigil, name);
}

static int parse(struct parser *parser)
{
	while ((parser->tag = strstr(parser->at, parser->delimiters.open)) != NULL)
		if (read_tag(parser) != 0)
			return -1;
	parser->tag = parser->at + strlen(parser->at);
	add_text(parser, parser->at, parser->tag);
	if (parser->depth > 0)
		return fail(parser, "the text ends inside section ",
			    parser->out->items[parser->open[parser->depth - 1]].name);
	return 0;
}

int template_parse(const char *source, enum error_kind kind, struct template_parts *out,
		   struct error *err)
{
	struct template_parts parts = {0};
	struct parser parser = {
		.source = source,
		.at = source,
		.delimiters = {"{{", "}}"},
		.kind = kind,
		.out = &parts,
		.err = err,
	};

	if (parse(&parser) != 0) {
		template_parts_release(&parts);
		return -1;
	}
	*out = parts;
	return 0;
}

void template_parts_release(struct template_parts *parts)
{
	free(parts->items);
	arena_release(&parts->arena);
	*parts = (struct template_parts){0};
}
