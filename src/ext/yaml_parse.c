/*
 * libyaml events to a tree: what is refused is refused at its event, so a
 * hostile document never costs more than its first offence.
 */
#include "perfgate/base/arena.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/yaml.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define MAX_DEPTH 64
#define MAX_NODES 100000

struct yaml_document {
	struct arena arena;
	const char *file;
	const struct yaml_node *root;
};

struct builder {
	yaml_parser_t parser;
	struct yaml_document *document;
	const char *text;
	size_t length;
	size_t nodes;
	struct error *err;
};

struct node_list {
	const struct yaml_node **items;
	size_t count, capacity;
};

static void node_list_release(struct node_list *list)
{
	free(list->items);
}
DEFINE_AUTO_VALUE(node_list, struct node_list, node_list_release)

static void event_release(yaml_event_t *event)
{
	yaml_event_delete(event);
}
DEFINE_AUTO_VALUE(event, yaml_event_t, event_release)

static void builder_release(struct builder *builder)
{
	yaml_parser_delete(&builder->parser);
}
DEFINE_AUTO_VALUE(builder, struct builder, builder_release)

static int refuse(struct builder *b, yaml_mark_t mark, const char *why)
{
	return error_set(b->err, ERROR_USAGE, "%s:%zu:%zu: %s", b->document->file, mark.line + 1,
			 mark.column + 1, why);
}

/* The reader knows only the byte offset; count lines up to it ourselves. */
static int refuse_bytes(struct builder *b)
{
	yaml_mark_t mark = {0};
	size_t end = b->parser.problem_offset;
	for (size_t i = 0; i < end && i < b->length; i++) {
		mark.column++;
		if (b->text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	if (b->parser.problem_value < 0)
		return refuse(b, mark, b->parser.problem);
	char why[128];
	(void)snprintf(why, sizeof why, "%s (0x%02X)", b->parser.problem,
		       (unsigned)b->parser.problem_value);
	return refuse(b, mark, why);
}

static bool stopped_at_tab(const yaml_parser_t *parser)
{
	if (strstr(parser->problem, "tab character") != NULL)
		return true;
	return strstr(parser->problem, "cannot start any token") != NULL &&
	       parser->buffer.pointer != NULL && *parser->buffer.pointer == '\t';
}

/* libyaml's complaint in our words where they say more, else in its own. */
static int refuse_syntax(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	if (p->error == YAML_MEMORY_ERROR)
		error_out_of_memory();
	if (p->error == YAML_READER_ERROR)
		return refuse_bytes(b);
	if (stopped_at_tab(p))
		return refuse(b, p->problem_mark, "tabs are not allowed for indentation");
	const char *context = p->context != NULL ? p->context : "";
	bool at_end = strstr(p->problem, "unexpected end of stream") != NULL;
	if (at_end && strcmp(context, "while scanning a quoted scalar") == 0)
		return refuse(b, p->context_mark, "this quote is never closed");
	if (strcmp(p->problem, "found undefined tag handle") == 0)
		return refuse(b, p->problem_mark, "tag not allowed: write the plain value");
	char why[256];
	char since[64] = "";
	if (*context != '\0' && p->context_mark.line != p->problem_mark.line)
		(void)snprintf(since, sizeof since, " that began on line %zu",
			       p->context_mark.line + 1);
	(void)snprintf(why, sizeof why, "%s%s%s%s", context, since, *context != '\0' ? ": " : "",
		       p->problem);
	return refuse(b, p->problem_mark, why);
}

static int next_event(struct builder *b, yaml_event_t *event)
{
	return yaml_parser_parse(&b->parser, event) ? 0 : refuse_syntax(b);
}

static int check_decoration(struct builder *b, const yaml_event_t *event, const void *anchor,
			    const void *tag)
{
	if (anchor != NULL)
		return refuse(b, event->start_mark, "anchors are not allowed here");
	if (tag != NULL)
		return refuse(b, event->start_mark, "tag not allowed: write the plain value");
	return 0;
}

static struct yaml_node *new_node(struct builder *b, const yaml_event_t *event, enum yaml_kind kind)
{
	struct yaml_node *node = arena_alloc(&b->document->arena, 1, sizeof *node);
	node->kind = kind;
	node->line = (int)event->start_mark.line + 1;
	node->column = (int)event->start_mark.column + 1;
	node->file = b->document->file;
	return node;
}

/* Written as an escape ("\a", "\0") a control character passes libyaml's reader. */
static bool has_control(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
			return true;
	}
	return false;
}

static int build_scalar(struct builder *b, const yaml_event_t *event, const struct yaml_node **out)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	if (check_decoration(b, event, event->data.scalar.anchor, event->data.scalar.tag) != 0)
		return -1;
	if (has_control(text, length))
		return refuse(b, event->start_mark, "control characters are not allowed");
	struct yaml_node *node = new_node(b, event, YAML_SCALAR);
	node->text = arena_strndup(&b->document->arena, text, length);
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	*out = node;
	return 0;
}

static const struct yaml_node **keep_list(struct builder *b, const struct node_list *list)
{
	const struct yaml_node **items =
		arena_alloc(&b->document->arena, list->count + 1, sizeof(struct yaml_node *));
	if (list->count > 0)
		memcpy(items, list->items, list->count * sizeof *items);
	return items;
}

static int build_node(struct builder *b, const yaml_event_t *event, int depth,
		      const struct yaml_node **out);

static int build_sequence(struct builder *b, const yaml_event_t *start, int depth,
			  const struct yaml_node **out)
{
	if (check_decoration(b, start, start->data.sequence_start.anchor,
			     start->data.sequence_start.tag) != 0)
		return -1;
	struct yaml_node *node = new_node(b, start, YAML_SEQUENCE);
	AUTO(node_list) struct node_list items = {0};
	for (;;) {
		AUTO(event) yaml_event_t event = {0};
		if (next_event(b, &event) != 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		const struct yaml_node *item = NULL;
		if (build_node(b, &event, depth + 1, &item) != 0)
			return -1;
		*VEC_PUSH(items.items, items.count, items.capacity) = item;
	}
	node->items = keep_list(b, &items);
	node->count = items.count;
	*out = node;
	return 0;
}

static int build_key(struct builder *b, const yaml_event_t *event, int depth,
		     const struct yaml_node **out)
{
	bool collection =
		event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
	if (collection && depth < MAX_DEPTH)
		return refuse(b, event->start_mark, "a key must be a single word or text");
	if (build_node(b, event, depth, out) != 0)
		return -1;
	if ((*out)->plain && strcmp((*out)->text, "<<") == 0)
		return refuse(b, event->start_mark, "merge keys not supported: write the keys out");
	if (*(*out)->text == '\0')
		return refuse(b, event->start_mark, "a key must not be empty");
	return 0;
}

static int compare_keys(const void *left, const void *right)
{
	const struct yaml_node *a = *(const struct yaml_node *const *)left;
	const struct yaml_node *b = *(const struct yaml_node *const *)right;
	int order = strcmp(a->text, b->text);
	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	return order != 0 ? order : (a->column > b->column) - (a->column < b->column);
}

/* Sorting a copy keeps 100,000 keys cheap. */
static int check_duplicates(struct builder *b, const struct node_list *keys)
{
	if (keys->count < 2)
		return 0;
	AUTO_FREE const struct yaml_node **sorted = xcalloc(keys->count, sizeof *sorted);
	memcpy(sorted, keys->items, keys->count * sizeof *sorted);
	qsort(sorted, keys->count, sizeof *sorted, compare_keys);
	for (size_t i = 1; i < keys->count; i++)
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
			return extyaml_error(sorted[i], b->err,
					     "duplicate key `%s`, first on line %d",
					     sorted[i]->text, sorted[i - 1]->line);
	return 0;
}

static int build_mapping(struct builder *b, const yaml_event_t *start, int depth,
			 const struct yaml_node **out)
{
	if (check_decoration(b, start, start->data.mapping_start.anchor,
			     start->data.mapping_start.tag) != 0)
		return -1;
	struct yaml_node *node = new_node(b, start, YAML_MAPPING);
	AUTO(node_list) struct node_list keys = {0};
	AUTO(node_list) struct node_list values = {0};
	for (;;) {
		AUTO(event) yaml_event_t key_event = {0};
		AUTO(event) yaml_event_t value_event = {0};
		const struct yaml_node *key = NULL;
		const struct yaml_node *value = NULL;
		if (next_event(b, &key_event) != 0)
			return -1;
		if (key_event.type == YAML_MAPPING_END_EVENT)
			break;
		if (build_key(b, &key_event, depth + 1, &key) != 0 ||
		    next_event(b, &value_event) != 0 ||
		    build_node(b, &value_event, depth + 1, &value) != 0)
			return -1;
		*VEC_PUSH(keys.items, keys.count, keys.capacity) = key;
		*VEC_PUSH(values.items, values.count, values.capacity) = value;
	}
	if (check_duplicates(b, &keys) != 0)
		return -1;
	node->keys = keep_list(b, &keys);
	node->items = keep_list(b, &values);
	node->count = keys.count;
	*out = node;
	return 0;
}

static int build_node(struct builder *b, const yaml_event_t *event, int depth,
		      const struct yaml_node **out)
{
	if (depth > MAX_DEPTH)
		return refuse(b, event->start_mark, "nested more than 64 levels deep");
	if (++b->nodes > MAX_NODES)
		return refuse(b, event->start_mark, "more than 100,000 values");
	switch (event->type) {
	case YAML_SCALAR_EVENT: return build_scalar(b, event, out);
	case YAML_SEQUENCE_START_EVENT: return build_sequence(b, event, depth, out);
	case YAML_MAPPING_START_EVENT: return build_mapping(b, event, depth, out);
	case YAML_ALIAS_EVENT: return refuse(b, event->start_mark, "aliases are not allowed here");
	default: return refuse(b, event->start_mark, "unexpected end of the document");
	}
}

static int refuse_empty(struct builder *b)
{
	return error_set(b->err, ERROR_USAGE, "%s: empty configuration", b->document->file);
}

/* Stream start, document start, the root, document end, stream end. */
static int build_document(struct builder *b)
{
	AUTO(event) yaml_event_t stream = {0};
	AUTO(event) yaml_event_t start = {0};
	AUTO(event) yaml_event_t root = {0};
	AUTO(event) yaml_event_t end = {0};
	AUTO(event) yaml_event_t after = {0};
	if (next_event(b, &stream) != 0 || next_event(b, &start) != 0)
		return -1;
	if (start.type == YAML_STREAM_END_EVENT)
		return refuse_empty(b);
	if (start.data.document_start.tag_directives.start !=
	    start.data.document_start.tag_directives.end)
		return refuse(b, start.start_mark, "tag not allowed: remove the %TAG line");
	if (next_event(b, &root) != 0 || build_node(b, &root, 1, &b->document->root) != 0)
		return -1;
	const struct yaml_node *node = b->document->root;
	if (next_event(b, &end) != 0 || next_event(b, &after) != 0)
		return -1;
	if (after.type != YAML_STREAM_END_EVENT)
		return refuse(b, after.start_mark, "a second document is not allowed");
	if (node->kind == YAML_SCALAR && node->plain && *node->text == '\0')
		return refuse_empty(b);
	return 0;
}

int extyaml_parse(const char *text, size_t length, const char *file, struct yaml_document **out,
		  struct error *err)
{
	if (length > EXTYAML_MAX_BYTES)
		return error_set(err, ERROR_USAGE, "%s: larger than 1 MiB", file);
	AUTO(yaml_document) struct yaml_document *document = xcalloc(1, sizeof *document);
	document->file = arena_strdup(&document->arena, file);
	AUTO(builder)
	struct builder b = {.document = document, .text = text, .length = length, .err = err};
	if (!yaml_parser_initialize(&b.parser))
		error_out_of_memory();
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, length);
	if (build_document(&b) != 0)
		return -1;
	*out = TAKE(document);
	return 0;
}

int extyaml_load(const char *path, struct yaml_document **out, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {.max_bytes = EXTYAML_MAX_BYTES};
	if (fs_read_file(&text, path, EXTYAML_MAX_BYTES, ERROR_USAGE, err) != 0)
		return -1;
	return extyaml_parse(strbuf_text(&text), text.length, path, out, err);
}

const struct yaml_node *extyaml_root(const struct yaml_document *document)
{
	return document->root;
}

void extyaml_free(struct yaml_document *document)
{
	if (document == NULL)
		return;
	arena_release(&document->arena);
	free(document);
}
