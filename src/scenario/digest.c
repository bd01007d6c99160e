#include "perfgate/scenario/store.h"

#include "perfgate/base/text.h"

#include <string.h>

/* Numbers that were computed: equal for equal suites, whatever the last bit says. */
#define DIGITS 12

static json_t *weights_json(const struct task_weight *weights, size_t n)
{
	json_t *out = extjson_array();
	size_t i;

	for (i = 0; i < n; i++) {
		json_t *entry = extjson_array();

		extjson_append(entry, extjson_string(weights[i].task->name));
		extjson_append(entry, extjson_rounded(weights[i].weight, DIGITS));
		if (weights[i].on_start)
			extjson_append(entry, extjson_string(weights[i].on_start->name));
		if (weights[i].cookies)
			extjson_append(entry, json_true());
		extjson_append(out, entry);
	}
	return out;
}

static json_t *profiles_json(const struct suite *suite)
{
	json_t *out = extjson_array();
	size_t i;

	for (i = 0; i < suite->n_profiles; i++) {
		const struct profile *profile = &suite->profiles[i];
		json_t *entry = extjson_object();

		extjson_set(entry, "name", extjson_string(profile->name));
		extjson_set(entry, "weight", extjson_rounded(profile->weight, DIGITS));
		extjson_set(entry, "wait_min_ns", extjson_integer(profile->wait_min_ns));
		extjson_set(entry, "wait_max_ns", extjson_integer(profile->wait_max_ns));
		extjson_set(entry, "tasks", weights_json(profile->tasks, profile->n_tasks));
		extjson_append(out, entry);
	}
	return out;
}

static json_t *data_json(const struct suite_store *store)
{
	json_t *out = extjson_object();
	size_t i;

	for (i = 0; i < store->n_sets; i++)
		if (store->sets[i].used)
			extjson_set(out, store->sets[i].name,
				    extjson_string(store->sets[i].digest));
	return out;
}

static json_t *scenario_json(const struct scenario *scenario)
{
	json_t *out = extjson_object(), *stages = extjson_array();
	size_t i;

	for (i = 0; i < scenario->n_stages; i++) {
		json_t *entry = extjson_array();

		extjson_append(entry, extjson_rounded(scenario->stages[i].level, DIGITS));
		extjson_append(entry, extjson_integer(scenario->stages[i].ramp_ns));
		extjson_append(entry, extjson_integer(scenario->stages[i].duration_ns));
		extjson_append(stages, entry);
	}
	extjson_set(out, "name", extjson_string(scenario->name));
	extjson_set(out, "stages", stages);
	if (scenario->open) {
		extjson_set(out, "arrival", extjson_integer(scenario->arrival));
		extjson_set(out, "max_users", extjson_integer((int64_t)scenario->users));
	}
	extjson_set(out, "warmup_ns", extjson_integer(scenario->warmup_ns));
	extjson_set(out, "timeout_ns", extjson_integer(scenario->timeout_ns));
	extjson_set(out, "think_scale", extjson_rounded(scenario->think_scale, DIGITS));
	if (scenario->mix)
		extjson_set(out, "mix", weights_json(scenario->mix, scenario->n_mix));
	return out;
}

void suite_digest(const struct suite *suite, const struct scenario *scenario, char *out)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_JSON json_t *root = extjson_object();

	extjson_set(root, "profiles", profiles_json(suite));
	extjson_set(root, "tasks", json_incref(suite->store->tasks));
	extjson_set(root, "data", data_json(suite->store));
	extjson_set(root, "scenario", scenario_json(scenario));
	extjson_dump_canonical(root, &text);
	text_sha256(strbuf_text(&text), text.length, out);
}
