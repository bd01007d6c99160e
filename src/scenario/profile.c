#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <math.h>
#include <string.h>

#define MAX_WAIT_NS (3600 * NS_PER_S)
#define DEFAULT_WAIT_MIN_NS (1 * NS_PER_S)
#define DEFAULT_WAIT_MAX_NS (3 * NS_PER_S)
#define MAX_PROFILES 100

/* --- weighted tasks --- */

void weighted_tasks_add(struct weighted_tasks *list, const struct task *task, double weight)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (list->items[i].task == task && list->items[i].on_start == list->on_start &&
		    list->items[i].cookies == list->cookies) {
			list->items[i].weight += weight;
			return;
		}
	}
	*VEC_PUSH(list->items, list->n, list->capacity) =
		(struct task_weight){task, weight, list->on_start, list->cookies};
}

void weighted_tasks_release(struct weighted_tasks *list)
{
	free(list->items);
	*list = (struct weighted_tasks){0};
}

struct task_weight *weighted_tasks_finish(struct weighted_tasks *list, struct arena *arena,
					  size_t *out_n)
{
	struct task_weight *out = arena_alloc(arena, list->n, sizeof(*out));
	double sum = 0;
	size_t i;

	for (i = 0; i < list->n; i++)
		sum += list->items[i].weight;
	for (i = 0; i < list->n; i++) {
		out[i] = list->items[i];
		out[i].weight /= sum;
	}
	*out_n = list->n;
	return out;
}

/* --- profiles --- */

static int not_captured(const struct suite *suite, const struct task *task, size_t index,
			uint32_t lasting, const char *profile, struct error *err)
{
	const struct capture_names *names = &suite->store->captures;
	const struct place *place = &task->needed_at[index];
	const char *name = names->items[index].text, *known[CAPTURE_MAX_NAMES + 1] = {0}, *near;
	size_t i, n = 0;

	for (i = 0; i < names->n; i++)
		if ((task->gives | lasting) & UINT32_C(1) << i)
			known[n++] = names->items[i].text;
	near = text_suggest(name, known);
	if (near && !text_equal(near, name))
		return place_error(place, err, "${capture.%s}: never captured: did you mean `%s`?",
				   name, near);
	return place_error(place, err,
			   "${capture.%s}: neither an earlier step nor the on_start: of profile "
			   "`%s` captures it",
			   name, profile);
}

/* Every value that a task uses is captured before: by its own steps or by on_start. */
static int check_captures(const struct suite *suite, const struct task *task, uint32_t lasting,
			  const char *profile, struct error *err)
{
	uint32_t missing = task->needs & ~lasting;
	size_t i;

	for (i = 0; i < CAPTURE_MAX_NAMES; i++)
		if (missing & UINT32_C(1) << i)
			return not_captured(suite, task, i, lasting, profile, err);
	return 0;
}

static int check_all_captures(const struct suite *suite, const struct profile *profile,
			      struct error *err)
{
	uint32_t lasting = profile->on_start ? profile->on_start->gives : 0;
	size_t i;

	for (i = 0; i < profile->n_tasks; i++)
		if (check_captures(suite, profile->tasks[i].task, lasting, profile->name, err))
			return -1;
	return 0;
}

static int compile_on_start(struct suite *suite, const struct yaml_node *node, struct profile *out,
			    struct error *err)
{
	AUTO(weighted_tasks) struct weighted_tasks list = {0};
	struct place place = {.node = node};

	if (node->kind != YAML_SCALAR)
		return extyaml_error(node, err,
				     "on_start: name one of tasks:, such as on_start: login");
	if (suite_resolve_task(suite, node->text, &place, &list, 1, 0, err))
		return -1;
	if (list.n != 1)
		return extyaml_error(node, err, "on_start: `%s` is one of several tasks; name one",
				     node->text);
	out->on_start = list.items[0].task;
	return check_captures(suite, out->on_start, 0, out->name, err);
}

static int compile_tasks(struct suite *suite, const struct yaml_node *node, struct profile *out,
			 struct error *err)
{
	AUTO(weighted_tasks)
	struct weighted_tasks list = {.on_start = out->on_start, .cookies = out->cookies};
	size_t i;

	if (node->kind == YAML_SCALAR || !node->count)
		return extyaml_error(node, err,
				     "tasks: name tasks with their weights, such as "
				     "{list_items: 3, add_item: 1}");
	for (i = 0; i < node->count; i++) {
		const struct yaml_node *name =
			node->kind == YAML_MAPPING ? node->keys[i] : node->items[i];
		struct place place = {.node = name};
		double weight = 1;

		if (extyaml_expect(name, YAML_SCALAR, "tasks", err))
			return -1;
		if (node->kind == YAML_MAPPING &&
		    value_weight(node->items[i], name->text, &weight, err))
			return -1;
		if (suite_resolve_task(suite, name->text, &place, &list, weight, 0, err))
			return -1;
	}
	out->tasks = weighted_tasks_finish(&list, &suite->store->arena, &out->n_tasks);
	return check_all_captures(suite, out, err);
}

static int compile_profile(struct suite *suite, const char *name, const struct yaml_node *node,
			   struct profile *out, struct error *err)
{
	static const char *const keys[] = {"weight", "wait", "tasks", "on_start", "cookies", NULL};
	const struct yaml_node *weight, *wait, *tasks, *on_start, *cookies;

	if (extyaml_expect(node, YAML_MAPPING, name, err) ||
	    extyaml_check_keys(node, keys, name, err))
		return -1;
	on_start = extyaml_get(node, "on_start");
	weight = extyaml_get(node, "weight");
	wait = extyaml_get(node, "wait");
	tasks = extyaml_get(node, "tasks");
	cookies = extyaml_get(node, "cookies");
	*out = (struct profile){.name = name,
				.weight = 1,
				.wait_min_ns = DEFAULT_WAIT_MIN_NS,
				.wait_max_ns = DEFAULT_WAIT_MAX_NS};
	if (!tasks)
		return extyaml_error(node, err, "profile `%s` has no tasks:", name);
	if ((weight && value_weight(weight, "weight", &out->weight, err)) ||
	    (wait && value_duration_range(wait, "wait", MAX_WAIT_NS, &out->wait_min_ns,
					  &out->wait_max_ns, err)) ||
	    (cookies && extyaml_bool(cookies, &out->cookies, err)) ||
	    (on_start && compile_on_start(suite, on_start, out, err)))
		return -1;
	return compile_tasks(suite, tasks, out, err);
}

int profiles_compile(struct suite *suite, const struct yaml_node *node, struct error *err)
{
	size_t i;

	if (extyaml_expect(node, YAML_MAPPING, "profiles", err))
		return -1;
	if (!node->count || node->count > MAX_PROFILES)
		return extyaml_error(node, err, "profiles: 1 to %d are possible", MAX_PROFILES);
	suite->profiles = arena_alloc(&suite->store->arena, node->count, sizeof(*suite->profiles));
	for (i = 0; i < node->count; i++) {
		if (compile_profile(suite, node->keys[i]->text, node->items[i], &suite->profiles[i],
				    err))
			return -1;
		suite->n_profiles++;
	}
	return 0;
}

int profiles_from_requests(struct suite *suite, const struct settings *settings, struct error *err)
{
	AUTO(weighted_tasks) struct weighted_tasks list = {0};
	struct arena *arena = &suite->store->arena;
	struct profile *profile = arena_alloc(arena, 1, sizeof(*profile));
	size_t i;

	*profile = (struct profile){.name = "requests",
				    .weight = 1,
				    .wait_min_ns = DEFAULT_WAIT_MIN_NS,
				    .wait_max_ns = DEFAULT_WAIT_MAX_NS};
	for (i = 0; i < settings->requests.count; i++) {
		struct place place = {.label = "requests"};

		if (suite_resolve_task(suite, settings->requests.items[i], &place, &list, 1, 0,
				       err))
			return -1;
	}
	profile->tasks = weighted_tasks_finish(&list, arena, &profile->n_tasks);
	suite->profiles = profile;
	suite->n_profiles = 1;
	return check_all_captures(suite, profile, err);
}

/* --- who is what --- */

void suite_count_profiles(const struct suite *suite, size_t users, size_t *counts)
{
	AUTO_FREE double *remainders = xcalloc(suite->n_profiles, sizeof(*remainders));
	double sum = 0;
	size_t i, given = 0;

	for (i = 0; i < suite->n_profiles; i++)
		sum += suite->profiles[i].weight;
	for (i = 0; i < suite->n_profiles; i++) {
		double quota = (double)users * suite->profiles[i].weight / sum;

		/* 0.35 * 20 must not lose its seventh user to rounding. */
		counts[i] = (size_t)floor(quota + 1e-9);
		remainders[i] = quota - (double)counts[i];
		given += counts[i];
	}
	for (; given < users; given++) {
		size_t best = 0;

		for (i = 1; i < suite->n_profiles; i++)
			if (remainders[i] > remainders[best] + 1e-9)
				best = i;
		counts[best]++;
		remainders[best] -= 1;
	}
}

void suite_assign_profiles(const struct suite *suite, size_t users, size_t *out)
{
	AUTO_FREE size_t *counts = xcalloc(suite->n_profiles, sizeof(*counts));
	AUTO_FREE size_t *given = xcalloc(suite->n_profiles, sizeof(*given));
	size_t user, i;

	suite_count_profiles(suite, users, counts);
	/* Each user goes to the profile that is furthest behind its share of those so far. */
	for (user = 0; user < users; user++) {
		double most = -INFINITY;
		size_t best = 0;

		for (i = 0; i < suite->n_profiles; i++) {
			double behind = (double)counts[i] * (double)(user + 1) / (double)users -
					(double)given[i];

			if (given[i] < counts[i] && behind > most + 1e-9) {
				most = behind;
				best = i;
			}
		}
		given[best]++;
		out[user] = best;
	}
}
