#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

/* A histogram ends at 10 minutes: no gate can be judged beyond. */
#define MAX_MS 600000.0

/* --- reading --- */

static int read_limit(enum metric metric, const char *text, double *out, const char **why)
{
	const struct metric_info *info = &metric_table[metric];
	int64_t ns;

	if (info->quantile > 0) {
		if (units_parse_duration_ns(text, NS_PER_MS, &ns, why))
			return -1;
		*out = (double)ns / (double)NS_PER_MS;
	} else if (metric == METRIC_THROUGHPUT) {
		if (units_parse_number(text, out, why))
			return -1;
	} else if (units_parse_fraction(text, out, why)) {
		return -1;
	}
	*why = "out of range";
	return *out < 0 || *out > (info->quantile > 0		 ? MAX_MS
				   : metric == METRIC_THROUGHPUT ? 1e9
								 : 1)
		       ? -1
		       : 0;
}

static enum metric find_metric(const char *key)
{
	int metric;

	for (metric = 0; metric < METRIC_COUNT; metric++)
		if (metric_table[metric].gate_key && text_equal(metric_table[metric].gate_key, key))
			break;
	return (enum metric)metric;
}

int gates_compile(struct arena *arena, const struct yaml_node *node, const char *origin,
		  struct gate_limits *out, struct error *err)
{
	const char *keys[METRIC_COUNT + 1] = {0};
	size_t i, n_keys = 0;

	for (i = 0; i < METRIC_COUNT; i++)
		if (metric_table[i].gate_key)
			keys[n_keys++] = metric_table[i].gate_key;
	if (extyaml_expect(node, YAML_MAPPING, "gates", err) ||
	    extyaml_check_keys(node, keys, "gates", err))
		return -1;
	for (i = 0; i < node->count; i++) {
		const struct yaml_node *value = node->items[i];
		const char *key = node->keys[i]->text, *why = "";
		enum metric metric = find_metric(key);

		if (extyaml_expect(value, YAML_SCALAR, key, err))
			return -1;
		out->origin[metric] =
			origin ? origin : arena_printf(arena, "%s:%d", value->file, value->line);
		if (extyaml_is_null(value))
			out->limit[metric] = NAN;
		else if (read_limit(metric, value->text, &out->limit[metric], &why))
			return extyaml_error(value, err, "%s: `%s`: %s", key, value->text, why);
	}
	return 0;
}

/* An endpoint by its name, or by a task that calls it. */
static const char *find_endpoint(const struct suite *suite, const char *key)
{
	size_t i;

	for (i = 0; i < suite->n_endpoints; i++)
		if (text_equal(suite->endpoint_names[i], key))
			return suite->endpoint_names[i];
	for (i = 0; i < suite->n_tasks; i++)
		if (text_equal(suite->tasks[i].name, key))
			return request_name(suite->tasks[i].requests[0]);
	return NULL;
}

/* A gate on an endpoint that nobody calls would never be judged: refuse it. */
static int unknown_endpoint(const struct suite *suite, const struct yaml_node *key,
			    struct error *err)
{
	const char **names = xcalloc(suite->n_endpoints + suite->n_tasks + 1, sizeof(*names));
	const char *near;
	size_t i, n = 0;

	for (i = 0; i < suite->n_endpoints; i++)
		names[n++] = suite->endpoint_names[i];
	for (i = 0; i < suite->n_tasks; i++)
		names[n++] = suite->tasks[i].name;
	near = text_suggest(key->text, names);
	if (near)
		extyaml_error(key, err, "unknown endpoint `%s`: did you mean `%s`?", key->text,
			      near);
	else
		extyaml_error(key, err, "unknown endpoint `%s`; the suite calls `%s`%s", key->text,
			      n ? names[0] : "nothing",
			      suite->n_endpoints > 1 ? " and others" : "");
	free(names);
	return -1;
}

int endpoint_gates_compile(const struct suite *suite, const struct yaml_node *node,
			   struct scenario *out, struct error *err)
{
	struct arena *arena = &suite->store->arena;
	size_t i;

	if (!node)
		return 0;
	if (extyaml_expect(node, YAML_MAPPING, "endpoints", err))
		return -1;
	out->endpoints = arena_alloc(arena, node->count, sizeof(*out->endpoints));
	for (i = 0; i < node->count; i++) {
		struct endpoint_gates *gates = &out->endpoints[out->n_endpoints++];

		gates->endpoint = find_endpoint(suite, node->keys[i]->text);
		if (!gates->endpoint)
			return unknown_endpoint(suite, node->keys[i], err);
		gate_limits_init(&gates->limits);
		if (gates_compile(arena, node->items[i], NULL, &gates->limits, err))
			return -1;
	}
	return 0;
}

/* --- which limit holds --- */

/* Configured at all? A limit of null is: it is reported as not gated. */
static bool is_set(const struct gate_limits *limits, size_t metric)
{
	return !isnan(limits->limit[metric]) || limits->origin[metric];
}

/* The layer whose limit holds for the scenario's total, or NULL. */
static const struct gate_limits *winner(const struct scenario *scenario,
					const struct settings *settings, size_t metric)
{
	bool global =
		!isnan(settings->env_gates.limit[metric]) || !isnan(settings->gates.limit[metric]);

	if (is_set(&scenario->user_gates, metric))
		return &scenario->user_gates;
	/* The built-in value stands in for a global one; what nobody gates stays so. */
	if (is_set(&scenario->own_gates, metric) && global)
		return &scenario->own_gates;
	if (!isnan(settings->env_gates.limit[metric]))
		return &settings->env_gates;
	return is_set(&settings->gates, metric) ? &settings->gates : NULL;
}

static void put_gate(struct gate *gates, size_t *count, const struct scenario *scenario,
		     const char *endpoint, const struct gate_limits *limits, size_t metric,
		     bool warn)
{
	gates[(*count)++] = (struct gate){.scenario = scenario->name,
					  .endpoint = endpoint,
					  .metric = (enum metric)metric,
					  .limit = limits->limit[metric],
					  .origin = limits->origin[metric],
					  .warn = warn || limits->warn[metric]};
}

struct gate *suite_gates(const struct suite *suite, const struct scenario *scenario,
			 const struct settings *settings, size_t *out_count)
{
	struct gate *gates = xcalloc((1 + scenario->n_endpoints) * METRIC_COUNT, sizeof(*gates));
	size_t metric, i, count = 0;

	(void)suite;
	for (metric = 0; metric < METRIC_COUNT; metric++) {
		const struct gate_limits *limits = winner(scenario, settings, metric);

		if (limits)
			put_gate(gates, &count, scenario, "total", limits, metric,
				 settings->gates.warn[metric]);
	}
	for (i = 0; i < scenario->n_endpoints; i++)
		for (metric = 0; metric < METRIC_COUNT; metric++)
			if (is_set(&scenario->endpoints[i].limits, metric))
				put_gate(gates, &count, scenario, scenario->endpoints[i].endpoint,
					 &scenario->endpoints[i].limits, metric,
					 settings->gates.warn[metric]);
	*out_count = count;
	return gates;
}
