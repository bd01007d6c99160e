/*
 * What the suite keeps for itself, and the steps of suite_load(): tasks and
 * profiles (profile.c), scenarios (stages.c), their gates (gates.c).
 */
#ifndef PERFGATE_SCENARIO_STORE_H
#define PERFGATE_SCENARIO_STORE_H

#include "perfgate/scenario/compile.h"
#include "perfgate/scenario/suite.h"

/* A task before it is compiled, or "one_of", which never is. */
struct task_source {
	const char *name;
	const struct yaml_node *node; /* NULL: a line of requests: */
	const char *line;
	const char *label; /* for errors about the line */
	struct task *compiled;
};

struct capacity_phase {
	struct scenario scenario;
	struct capacity_phase *next;
};

struct suite_store {
	struct arena arena;
	struct suite_options options;
	double spawn_rate; /* LOAD_TEST_SPAWN_RATE; NaN when unset */
	const char *folder; /* of the configuration file, or "." */
	int64_t today;
	struct yaml_document *builtin;
	struct data_set *sets;
	size_t n_sets;
	struct task_source *sources;
	size_t n_sources;
	struct capture_names captures;
	json_t *tasks; /* by name: what they were compiled from, for the digest */
	struct capacity_phase *capacities;
};

/* Tasks of a profile or a mix while they are collected; equal tasks are merged. */
struct weighted_tasks {
	const struct task *on_start; /* that of the profile whose tasks are added now */
	bool cookies; /* its users keep cookies */
	struct task_weight *items;
	size_t n, capacity;
};
void weighted_tasks_add(struct weighted_tasks *list, const struct task *task, double weight);
/* A copy in `arena` whose weights add up to 1. */
struct task_weight *weighted_tasks_finish(struct weighted_tasks *list, struct arena *arena,
					  size_t *out_n);
void weighted_tasks_release(struct weighted_tasks *list);
DEFINE_AUTO_VALUE(weighted_tasks, struct weighted_tasks, weighted_tasks_release)

/*
 * Find or compile the task, register its endpoint with the suite and add it to the list. A task
 * `one_of: {a: 2, b: 1}` adds the tasks it names, by their shares; `depth` bounds that.
 */
PG_MUST_CHECK int suite_resolve_task(struct suite *suite, const char *name,
				     const struct place *place, struct weighted_tasks *out,
				     double weight, int depth, struct error *err);
/* Fill store->sources from the user's tasks and the built-in ones. */
PG_MUST_CHECK int suite_collect_tasks(struct suite *suite, const struct settings *settings,
				      struct error *err);
/* Compile the user's tasks that no profile uses as well, so that their mistakes show. */
PG_MUST_CHECK int suite_check_tasks(struct suite *suite, const struct settings *settings,
				    struct error *err);

/* A `profiles:` mapping. */
PG_MUST_CHECK int profiles_compile(struct suite *suite, const struct yaml_node *node,
				   struct error *err);
/* The one profile of `requests:`. */
PG_MUST_CHECK int profiles_from_requests(struct suite *suite, const struct settings *settings,
					 struct error *err);

/* One scenario from the built-in node and the user's (either may be NULL), key by key. */
PG_MUST_CHECK int scenario_compile(struct suite *suite, const char *name,
				   const struct yaml_node *builtin, const struct yaml_node *user,
				   struct scenario *out, struct error *err);
/* Users, ramps and durations: the part of it in stages.c. `quick` and scaling applied. */
PG_MUST_CHECK int stages_compile(const struct suite_store *store, struct arena *arena,
				 const struct yaml_node *builtin, const struct yaml_node *user,
				 struct scenario *out, struct error *err);
/* `gates:` into *out; `origin` NULL: FILE:LINE. */
PG_MUST_CHECK int gates_compile(struct arena *arena, const struct yaml_node *node,
				const char *origin, struct gate_limits *out, struct error *err);
/* `endpoints:` of a scenario. */
PG_MUST_CHECK int endpoint_gates_compile(const struct suite *suite, const struct yaml_node *node,
					 struct scenario *out, struct error *err);

/* Users of each profile, `counts` holds suite->n_profiles. */
void suite_count_profiles(const struct suite *suite, size_t users, size_t *counts);

#endif
