#include "perfgate/scenario/expect.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/scenario/json_path.h"
#include "perfgate/scenario/values.h"

#include <stdio.h>
#include <string.h>

enum rule_kind { RULE_RANGE, RULE_TYPE, RULE_NUMBER, RULE_TEXT, RULE_BOOLEAN, RULE_NULL };

struct expect_rule {
	const char *text_path; /* as written, for the reason */
	struct json_path path;
	enum rule_kind kind;
	const char *text; /* as written */
	double low, high; /* RULE_RANGE; RULE_NUMBER: low */
	bool boolean;
	const struct json_kind *type;
};

static bool is_string(const json_t *value)
{
	return json_is_string(value);
}

static bool is_integer(const json_t *value)
{
	return json_is_integer(value);
}

static bool is_number(const json_t *value)
{
	return json_is_number(value);
}

static bool is_boolean(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_array(const json_t *value)
{
	return json_is_array(value);
}

static bool is_object(const json_t *value)
{
	return json_is_object(value);
}

static const struct json_kind {
	const char *name, *with_article;
	bool (*is)(const json_t *value);
} json_kinds[] = {
	{"string", "a string", is_string}, {"integer", "an integer", is_integer},
	{"number", "a number", is_number}, {"boolean", "true or false", is_boolean},
	{"array", "an array", is_array},   {"object", "an object", is_object},
};

/* --- compiling --- */

/* "200" or "2xx". */
static int add_status(const struct yaml_node *node, struct expectation *out, struct error *err)
{
	const char *text = node->text;
	int64_t code;
	const char *why;
	int i;

	if (extyaml_expect(node, YAML_SCALAR, "status", err))
		return -1;
	if (*text >= '1' && *text <= '5' && text_equal(text + 1, "xx")) {
		for (i = 0; i < 100; i++)
			out->status[(*text - '0') * 100 + i] = true;
		return 0;
	}
	if (units_parse_integer(text, &code, &why) || code < 100 || code > 599)
		return extyaml_error(node, err,
				     "status: `%s` is none; write 200, 2xx or [200, 404]", text);
	out->status[code] = true;
	return 0;
}

static int compile_status(const struct yaml_node *node, struct expectation *out, struct error *err)
{
	size_t i;

	if (node->kind != YAML_SEQUENCE)
		return add_status(node, out, err);
	if (!node->count)
		return extyaml_error(node, err, "status: the list is empty");
	for (i = 0; i < node->count; i++)
		if (add_status(node->items[i], out, err))
			return -1;
	return 0;
}

static bool read_range(struct arena *arena, const char *text, struct expect_rule *rule)
{
	const char *low, *high, *why;

	if (!strstr(text, "..") || !value_split_range(arena, text, &low, &high))
		return false;
	return !units_parse_number(low, &rule->low, &why) &&
	       !units_parse_number(high, &rule->high, &why);
}

/* What a value asks for; quoted text is always itself. */
static void read_rule(struct arena *arena, const struct yaml_node *node, struct expect_rule *rule)
{
	const char *why;
	size_t i;

	rule->kind = RULE_TEXT;
	rule->text = arena_strdup(arena, node->text);
	if (!node->plain)
		return;
	for (i = 0; i < ARRAY_SIZE(json_kinds); i++) {
		if (text_equal(node->text, json_kinds[i].name)) {
			rule->kind = RULE_TYPE;
			rule->type = &json_kinds[i];
			return;
		}
	}
	if (extyaml_is_null(node)) {
		rule->kind = RULE_NULL;
	} else if (text_equal(node->text, "true") || text_equal(node->text, "false")) {
		rule->kind = RULE_BOOLEAN;
		rule->boolean = *node->text == 't';
	} else if (read_range(arena, node->text, rule)) {
		rule->kind = RULE_RANGE;
	} else if (value_is_json_number(node->text) &&
		   !units_parse_number(node->text, &rule->low, &why)) {
		rule->kind = RULE_NUMBER;
	}
}

static size_t count_rules(const struct yaml_node *node)
{
	size_t i, count = 0;

	for (i = 0; i < node->count; i++)
		count += node->items[i]->kind == YAML_MAPPING ? count_rules(node->items[i]) : 1;
	return count;
}

static int add_rules(struct arena *arena, const struct yaml_node *node, const char *prefix,
		     struct expectation *out, struct error *err)
{
	size_t i;

	for (i = 0; i < node->count; i++) {
		const struct yaml_node *value = node->items[i];
		const char *path = arena_printf(arena, "%s%s", prefix, node->keys[i]->text);
		struct expect_rule *rule;

		if (value->kind == YAML_MAPPING) {
			if (add_rules(arena, value, arena_printf(arena, "%s.", path), out, err))
				return -1;
			continue;
		}
		if (extyaml_expect(value, YAML_SCALAR, path, err))
			return -1;
		rule = &out->rules[out->n_rules++];
		rule->text_path = path;
		json_path_compile(arena, path, &rule->path);
		read_rule(arena, value, rule);
		if (rule->kind == RULE_RANGE && rule->low > rule->high)
			return extyaml_error(value, err, "%s: the range runs backwards", path);
	}
	return 0;
}

int expect_compile(struct arena *arena, const struct yaml_node *node, struct expectation *out,
		   struct error *err)
{
	static const char *const keys[] = {"status", "json", NULL};
	const struct yaml_node *status = NULL, *json = NULL;
	int code;

	if (node) {
		if (extyaml_expect(node, YAML_MAPPING, "expect", err) ||
		    extyaml_check_keys(node, keys, "expect", err))
			return -1;
		status = extyaml_get(node, "status");
		json = extyaml_get(node, "json");
	}
	for (code = 200; !status && code < 300; code++)
		out->status[code] = true;
	if (status && compile_status(status, out, err))
		return -1;
	if (!json)
		return 0;
	if (extyaml_expect(json, YAML_MAPPING, "expect.json", err))
		return -1;
	out->rules = arena_alloc(arena, count_rules(json), sizeof(*out->rules));
	return add_rules(arena, json, "", out, err);
}

/* --- checking --- */

static bool rule_holds(const struct expect_rule *rule, const json_t *value)
{
	double number = json_number_value(value);

	switch (rule->kind) {
	case RULE_RANGE:
		return json_is_number(value) && number >= rule->low && number <= rule->high;
	case RULE_NUMBER:
		return json_is_number(value) && !(number < rule->low) && !(number > rule->low);
	case RULE_TYPE: return rule->type->is(value);
	case RULE_TEXT:
		return json_is_string(value) && text_equal(json_string_value(value), rule->text);
	case RULE_BOOLEAN: return json_is_boolean(value) && json_is_true(value) == rule->boolean;
	case RULE_NULL: break;
	}
	return json_is_null(value);
}

/* "risk_score: 1.4 is not in 0..1" */
static void explain(const struct expect_rule *rule, const json_t *value, char *why, size_t why_size)
{
	AUTO_FREE char *shown = NULL;

	if (!value) {
		snprintf(why, why_size, "%s: missing", rule->text_path);
		return;
	}
	shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
	snprintf(why, why_size, "%s: %.60s is not %s%s", rule->text_path, shown ? shown : "it",
		 rule->kind == RULE_RANGE ? "in " : "",
		 rule->kind == RULE_TYPE ? rule->type->with_article : rule->text);
}

bool expect_check(const struct expectation *expectation, const char *body, size_t length, char *why,
		  size_t why_size)
{
	struct error err = ERROR_INIT;
	AUTO_JSON json_t *root = NULL;
	size_t i;

	if (!expectation->n_rules)
		return true;
	if (extjson_parse(body, length, JSON_PATH_BODY_MAX, ERROR_UNMEASURED, &root, &err)) {
		snprintf(why, why_size, "not JSON: %s", err.message);
		return false;
	}
	for (i = 0; i < expectation->n_rules; i++) {
		const json_t *value = json_path_find(&expectation->rules[i].path, root);

		if (!value || !rule_holds(&expectation->rules[i], value)) {
			explain(&expectation->rules[i], value, why, why_size);
			return false;
		}
	}
	return true;
}
