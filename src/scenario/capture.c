#include "perfgate/scenario/capture.h"

#include "perfgate/base/text.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
/* RFC 9110 5.6.2 token. */
#define TOKEN_CHARS LETTERS DIGITS "!#$%&'*+-.^_`|~"

/* --- compiling --- */

static struct capture_name *find_name(const struct capture_scope *scope, const char *name)
{
	size_t i;

	for (i = 0; i < scope->names->n; i++)
		if (text_equal(scope->names->items[i].text, name))
			return &scope->names->items[i];
	return NULL;
}

static int add_name(struct arena *arena, struct capture_scope *scope, const char *name,
		    const struct place *place, struct capture_name **out, struct error *err)
{
	struct capture_names *names = scope->names;

	*out = find_name(scope, name);
	if (*out)
		return 0;
	if (!*name || name[strspn(name, LETTERS DIGITS "_")])
		return place_error(place, err, "capture: `%s`: letters, digits and _ make a name",
				   name);
	if (names->n == CAPTURE_MAX_NAMES)
		return place_error(place, err,
				   "capture: `%s`: more than %d different names; what a journey "
				   "captured is forgotten at its end, so that a name can be used "
				   "again",
				   name, CAPTURE_MAX_NAMES);
	*out = &names->items[names->n];
	**out = (struct capture_name){.text = arena_strdup(arena, name), .index = names->n++};
	return 0;
}

/* "json.access_token" or "header.Location" */
static int compile_source(struct arena *arena, const struct yaml_node *node,
			  struct capture_rule *rule, struct error *err)
{
	const char *header;

	if (extyaml_expect(node, YAML_SCALAR, rule->name->text, err))
		return -1;
	rule->source = arena_strdup(arena, node->text);
	if (text_starts_with(rule->source, "json.") && rule->source[5]) {
		json_path_compile(arena, rule->source + 5, &rule->path);
		return 0;
	}
	header = rule->source + strlen("header.");
	if (text_starts_with(rule->source, "header.") && *header &&
	    !header[strspn(header, TOKEN_CHARS)]) {
		rule->header = header;
		return 0;
	}
	return extyaml_error(node, err,
			     "capture: `%s`: write json.PATH or header.NAME, such as "
			     "json.access_token or header.Location",
			     node->text);
}

int capture_compile(struct arena *arena, struct capture_scope *scope, const struct yaml_node *node,
		    struct capture_rules *out, struct error *err)
{
	size_t i;

	if (extyaml_expect(node, YAML_MAPPING, "capture", err))
		return -1;
	if (!node->count)
		return extyaml_error(node, err,
				     "capture: names nothing; write {token: json.access_token}");
	out->items = arena_alloc(arena, node->count, sizeof(*out->items));
	for (i = 0; i < node->count; i++) {
		struct place place = {.node = node->keys[i]};
		struct capture_rule *rule = &out->items[i];
		struct capture_name *name;

		if (add_name(arena, scope, node->keys[i]->text, &place, &name, err))
			return -1;
		rule->name = name;
		if (compile_source(arena, node->items[i], rule, err))
			return -1;
		out->headers |= rule->header != NULL;
		out->json |= rule->header == NULL;
		out->n++;
	}
	for (i = 0; i < out->n; i++)
		scope->given |= UINT32_C(1) << out->items[i].name->index;
	return 0;
}

int capture_use(struct arena *arena, struct capture_scope *scope, const char *name,
		const struct place *place, struct capture_name **out, struct error *err)
{
	uint32_t bit;

	if (add_name(arena, scope, name, place, out, err))
		return -1;
	bit = UINT32_C(1) << (*out)->index;
	if (!((scope->given | scope->needed) & bit)) {
		scope->needed |= bit;
		scope->used_at[(*out)->index] = *place;
	}
	return 0;
}

/* --- values --- */

struct captures {
	size_t n_names, n_sets;
	size_t writes, reads; /* sets: 0 = the journey's */
	struct capture_value values[]; /* (1 + n_sets) x n_names */
};

struct captures *captures_new(size_t n_names, size_t n_sets)
{
	size_t values = (1 + n_sets) * n_names;
	struct captures *captures =
		xcalloc(1, sizeof(*captures) + values * sizeof(struct capture_value));

	captures->n_names = n_names;
	captures->n_sets = n_sets;
	return captures;
}

void captures_free(struct captures *captures)
{
	size_t i;

	if (!captures)
		return;
	for (i = 0; i < (1 + captures->n_sets) * captures->n_names; i++)
		free(captures->values[i].text);
	free(captures);
}

static void begin(struct captures *captures, size_t writes, size_t reads)
{
	struct capture_value *set = &captures->values[writes * captures->n_names];
	size_t i;

	captures->writes = writes;
	captures->reads = reads;
	for (i = 0; i < captures->n_names; i++)
		set[i].state = CAPTURE_MISSING;
}

void captures_begin_journey(struct captures *captures, size_t set)
{
	begin(captures, 0, set);
}

void captures_begin_start(struct captures *captures, size_t set)
{
	begin(captures, set, set);
}

static size_t place_of(const struct captures *captures, size_t set, const struct capture_name *name)
{
	return set * captures->n_names + name->index;
}

/* Where the answer to the request under way is kept. */
static struct capture_value *written(struct captures *captures, const struct capture_name *name)
{
	return &captures->values[place_of(captures, captures->writes, name)];
}

const struct capture_value *captures_find(const struct captures *captures,
					  const struct capture_name *name)
{
	const struct capture_value *value;

	if (!captures)
		return NULL;
	value = &captures->values[place_of(captures, captures->writes, name)];
	if (value->state != CAPTURE_TAKEN)
		value = &captures->values[place_of(captures, captures->reads, name)];
	return value->state == CAPTURE_TAKEN ? value : NULL;
}

/* --- taking --- */

static bool has_control(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return true;
	return false;
}

static enum capture_state judge(const struct capture_name *name, const char *text, size_t length)
{
	if (!length)
		return CAPTURE_EMPTY;
	if (length > CAPTURE_MAX_BYTES)
		return CAPTURE_TOO_LONG;
	if (name->in_header && has_control(text, length))
		return CAPTURE_CONTROL;
	if (name->as_target && *text != '/' && (length < 7 || memcmp(text, "http://", 7) != 0) &&
	    (length < 8 || memcmp(text, "https://", 8) != 0))
		return CAPTURE_NO_PATH;
	return CAPTURE_TAKEN;
}

static void put(struct captures *captures, const struct capture_name *name, const char *text,
		size_t length, bool literal)
{
	struct capture_value *value = written(captures, name);

	value->state = (uint8_t)judge(name, text, length);
	if (value->state != CAPTURE_TAKEN)
		return;
	if (length > value->capacity) {
		value->text = xrealloc(value->text, length, 1);
		value->capacity = (uint16_t)length;
	}
	memcpy(value->text, text, length);
	value->length = (uint16_t)length;
	value->literal = literal;
}

void captures_begin_answer(struct captures *captures, const struct capture_rules *rules)
{
	size_t i;

	for (i = 0; i < rules->n; i++)
		written(captures, rules->items[i].name)->state = CAPTURE_MISSING;
}

void captures_take_header(struct captures *captures, const struct capture_rule *rule,
			  const char *text, size_t length)
{
	put(captures, rule->name, text, length, false);
}

/* As short as it can be without becoming another number. */
static char *number_text(const json_t *number)
{
	char *text = json_dumps(number, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	AUTO_JSON json_t *again = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	if (again && json_equal(again, number))
		return text;
	free(text);
	return json_dumps(number, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}

/* False with the reason when it is nothing that can be captured. */
static bool take_json(struct captures *captures, const struct capture_rule *rule,
		      const json_t *root, char *why, size_t why_size)
{
	const json_t *value = json_path_find(&rule->path, root);
	AUTO_FREE char *number = NULL;

	if (json_is_string(value)) {
		put(captures, rule->name, json_string_value(value), json_string_length(value),
		    false);
		return true;
	}
	if (json_is_boolean(value)) {
		const char *word = json_is_true(value) ? "true" : "false";

		put(captures, rule->name, word, strlen(word), true);
		return true;
	}
	if (json_is_number(value)) {
		number = number_text(value);
		put(captures, rule->name, number, strlen(number), true);
		return true;
	}
	if (!value)
		return true; /* missing: said with those of headers */
	snprintf(why, why_size, "capture %s: %s is %s, not a string, a number, true or false",
		 rule->name->text, rule->source,
		 json_is_object(value)	? "an object"
		 : json_is_array(value) ? "an array"
					: "null");
	return false;
}

static bool explain(struct captures *captures, const struct capture_rule *rule, char *why,
		    size_t why_size)
{
	static const char *const reasons[] = {
		[CAPTURE_MISSING] = "is missing",
		[CAPTURE_EMPTY] = "is empty",
		[CAPTURE_TOO_LONG] = "is longer than 4096 bytes",
		[CAPTURE_CONTROL] = "holds control characters, which no header can",
		[CAPTURE_NO_PATH] = "is neither a path nor a URL",
	};
	uint8_t state = written(captures, rule->name)->state;

	if (state == CAPTURE_TAKEN)
		return true;
	snprintf(why, why_size, "capture %s: %s %s", rule->name->text, rule->source,
		 reasons[state]);
	return false;
}

bool captures_take_body(struct captures *captures, const struct capture_rules *rules,
			const char *body, size_t length, char *why, size_t why_size)
{
	AUTO_JSON json_t *root = NULL;
	struct error err = ERROR_INIT;
	size_t i;

	if (rules->json &&
	    extjson_parse(body, length, JSON_PATH_BODY_MAX, ERROR_UNMEASURED, &root, &err)) {
		snprintf(why, why_size, "capture: the answer is not JSON: %s", err.message);
		return false;
	}
	for (i = 0; i < rules->n; i++)
		if (!rules->items[i].header &&
		    !take_json(captures, &rules->items[i], root, why, why_size))
			return false;
	for (i = 0; i < rules->n; i++)
		if (!explain(captures, &rules->items[i], why, why_size))
			return false;
	return true;
}
