#include "perfgate/scenario/store.h"

#include "perfgate/base/text.h"

#include <string.h>

#define MAX_STEPS 100

/* --- where tasks come from --- */

static void add_sources(struct suite_store *store, const struct yaml_node *tasks)
{
	size_t i, j;

	for (i = 0; tasks && i < tasks->count; i++) {
		const char *name = tasks->keys[i]->text;

		for (j = 0; j < store->n_sources; j++)
			if (text_equal(store->sources[j].name, name))
				break;
		if (j == store->n_sources)
			store->sources[store->n_sources++] =
				(struct task_source){.name = name, .node = tasks->items[i]};
	}
}

/* Each line of `requests:` is a task by the name of its line. */
static void add_lines(struct suite_store *store, const struct string_list *lines)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		store->sources[store->n_sources++] =
			(struct task_source){.name = lines->items[i],
					     .line = lines->items[i],
					     .label = arena_printf(&store->arena, "requests[%zu]",
								   i + 1)};
}

/* Requests in the lists among the tasks. */
static size_t count_steps(const struct yaml_node *tasks)
{
	size_t i, steps = 0;

	for (i = 0; tasks && i < tasks->count; i++)
		if (tasks->items[i]->kind == YAML_SEQUENCE)
			steps += tasks->items[i]->count;
	return steps;
}

int suite_collect_tasks(struct suite *suite, const struct settings *settings, struct error *err)
{
	struct suite_store *store = suite->store;
	const struct yaml_node *builtin = extyaml_get(extyaml_root(store->builtin), "tasks");
	size_t most = settings->requests.count + (builtin ? builtin->count : 0), steps;

	if (settings->tasks && extyaml_expect(settings->tasks, YAML_MAPPING, "tasks", err))
		return -1;
	most += settings->tasks ? settings->tasks->count : 0;
	store->sources = arena_alloc(&store->arena, most, sizeof(*store->sources));
	suite->tasks = arena_alloc(&store->arena, most, sizeof(*suite->tasks));
	steps = most + count_steps(settings->tasks) + count_steps(builtin);
	suite->endpoint_names = arena_alloc(&store->arena, steps, sizeof(*suite->endpoint_names));
	if (!settings->profiles)
		add_lines(store, &settings->requests);
	/* The user's first: the first of a name stays. */
	add_sources(store, settings->tasks);
	add_sources(store, builtin);
	return 0;
}

static struct task_source *find_source(const struct suite_store *store, const char *name)
{
	size_t i;

	for (i = 0; i < store->n_sources; i++)
		if (text_equal(store->sources[i].name, name))
			return &store->sources[i];
	return NULL;
}

/* --- compiling --- */

/* The YAML as JSON, telling `1` from `"1"`: what the digest sees. */
static json_t *source_json(const struct yaml_node *node)
{
	json_t *out;
	size_t i;

	if (node->kind == YAML_SCALAR && node->plain)
		return extjson_string(node->text);
	if (node->kind == YAML_SCALAR) {
		out = extjson_array();
		extjson_append(out, extjson_string(node->text));
		return out;
	}
	out = node->kind == YAML_MAPPING ? extjson_object() : extjson_array();
	for (i = 0; i < node->count; i++) {
		if (node->kind == YAML_MAPPING)
			extjson_set(out, node->keys[i]->text, source_json(node->items[i]));
		else
			extjson_append(out, source_json(node->items[i]));
	}
	return out;
}

/* One request of the task: `node` NULL for a line of requests:. */
static int compile_step(struct suite *suite, const struct task_source *source,
			const struct yaml_node *node, bool has_next, struct capture_scope *scope,
			struct request *out, struct error *err)
{
	struct suite_store *store = suite->store;
	struct compile compile = {.arena = &store->arena,
				  .sets = store->sets,
				  .n_sets = store->n_sets,
				  .today = store->today,
				  .folder = store->folder,
				  .captures = scope,
				  .has_next = has_next};
	struct place place = {.label = source->label};

	if (node)
		return request_compile(&compile, node, out, err);
	return request_compile_line(&compile, source->line, &place, out, err);
}

/* The steps of a task, one when it is no list, into `out`, an array in the arena. */
static int compile_source(struct suite *suite, const struct task_source *source,
			  struct capture_scope *scope, struct request **out, size_t *out_n,
			  struct error *err)
{
	const struct yaml_node *node = source->node;
	bool is_list = node && node->kind == YAML_SEQUENCE;
	size_t i, n = is_list ? node->count : 1;

	if (!n || n > MAX_STEPS)
		return extyaml_error(node, err, "task `%s`: 1 to %d steps are possible",
				     source->name, MAX_STEPS);
	*out = arena_alloc(&suite->store->arena, n, sizeof(**out));
	for (i = 0; i < n; i++)
		if (compile_step(suite, source, is_list ? node->items[i] : node, i + 1 < n, scope,
				 &(*out)[i], err))
			return -1;
	*out_n = n;
	return 0;
}

static void register_endpoint(struct suite *suite, struct request *request)
{
	size_t i;

	for (i = 0; i < suite->n_endpoints; i++)
		if (text_equal(suite->endpoint_names[i], request->name))
			break;
	if (i == suite->n_endpoints)
		suite->endpoint_names[suite->n_endpoints++] = request->name;
	request->endpoint = i;
}

/* Digests of body files: one text for a task of one request, else one for each step. */
static json_t *files_json(const struct request *requests, size_t n)
{
	json_t *out = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!*requests[i].body_digest)
			continue;
		if (n == 1)
			return extjson_string(requests[i].body_digest);
		out = out ? out : extjson_array();
		extjson_append(out, extjson_string(requests[i].body_digest));
	}
	return out;
}

static void remember_source(struct suite_store *store, const struct task_source *source,
			    const struct request *requests, size_t n)
{
	json_t *entry = extjson_object(), *files = files_json(requests, n);

	extjson_set(entry, "task",
		    source->node ? source_json(source->node) : extjson_string(source->line));
	if (files)
		extjson_set(entry, "file", files);
	extjson_set(store->tasks, source->name, entry);
}

static int unknown_task(const struct suite *suite, const char *name, const struct place *place,
			struct error *err)
{
	const struct suite_store *store = suite->store;
	const char **names = xcalloc(store->n_sources + 1, sizeof(*names));
	const char *near;
	size_t i;

	for (i = 0; i < store->n_sources; i++)
		names[i] = store->sources[i].name;
	near = text_suggest(name, names);
	if (near)
		place_error(place, err, "unknown task `%s`: did you mean `%s`?", name, near);
	else
		place_error(place, err, "unknown task `%s`; define it under tasks:", name);
	free(names);
	return -1;
}

/* What the task captures, and what it expects to find captured. */
static void note_captures(struct suite_store *store, const struct capture_scope *scope,
			  struct task *task)
{
	struct place *places;

	task->captures = scope->given != 0;
	task->gives = scope->given;
	task->needs = scope->needed;
	if (!scope->needed)
		return;
	places = arena_alloc(&store->arena, CAPTURE_MAX_NAMES, sizeof(*places));
	memcpy(places, scope->used_at, sizeof(scope->used_at));
	task->needed_at = places;
}

static int compile_task(struct suite *suite, struct task_source *source, struct error *err)
{
	struct suite_store *store = suite->store;
	struct capture_scope scope = {.names = &store->captures};
	struct request *requests;
	struct task *task;
	size_t i, n;

	if (compile_source(suite, source, &scope, &requests, &n, err))
		return -1;
	remember_source(store, source, requests, n);
	task = &suite->tasks[suite->n_tasks++];
	task->name = source->name;
	task->n_requests = n;
	task->requests = arena_alloc(&store->arena, n, sizeof(*task->requests));
	for (i = 0; i < n; i++) {
		register_endpoint(suite, &requests[i]);
		task->requests[i] = &requests[i];
	}
	note_captures(store, &scope, task);
	source->compiled = task;
	return 0;
}

int suite_resolve_task(struct suite *suite, const char *name, const struct place *place,
		       struct weighted_tasks *out, double weight, int depth, struct error *err)
{
	struct task_source *source = find_source(suite->store, name);
	const struct yaml_node *one_of;
	double sum = 0, share;
	size_t i;

	if (!source)
		return unknown_task(suite, name, place, err);
	one_of = source->node ? extyaml_get(source->node, "one_of") : NULL;
	if (!one_of) {
		if (!source->compiled && compile_task(suite, source, err))
			return -1;
		weighted_tasks_add(out, source->compiled, weight);
		return 0;
	}
	if (source->node->count > 1)
		return extyaml_error(source->node, err, "one_of: stands alone in its task");
	if (depth > 8)
		return extyaml_error(one_of, err, "one_of: `%s` leads back to itself", name);
	if (extyaml_expect(one_of, YAML_MAPPING, "one_of", err))
		return -1;
	if (!one_of->count)
		return extyaml_error(one_of, err, "one_of: names no task");
	for (i = 0; i < one_of->count; i++) {
		if (value_weight(one_of->items[i], one_of->keys[i]->text, &share, err))
			return -1;
		sum += share;
	}
	for (i = 0; i < one_of->count; i++) {
		struct place child = {.node = one_of->keys[i]};

		if (value_weight(one_of->items[i], one_of->keys[i]->text, &share, err) ||
		    suite_resolve_task(suite, one_of->keys[i]->text, &child, out,
				       weight * share / sum, depth + 1, err))
			return -1;
	}
	return 0;
}

int suite_check_tasks(struct suite *suite, const struct settings *settings, struct error *err)
{
	size_t i;

	for (i = 0; settings->tasks && i < settings->tasks->count; i++) {
		const struct task_source *source =
			find_source(suite->store, settings->tasks->keys[i]->text);
		struct capture_scope scope = {.names = &suite->store->captures};
		struct request *unused;
		size_t n;

		if (source && !source->compiled && source->node == settings->tasks->items[i] &&
		    !extyaml_get(source->node, "one_of") &&
		    compile_source(suite, source, &scope, &unused, &n, err))
			return -1;
	}
	return 0;
}
