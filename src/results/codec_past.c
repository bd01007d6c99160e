/* The baselines of a run in result.json: member `past`. */
#include "perfgate/results/codec_parts.h"

#include <math.h>

#define DIGITS 6
#define VALUES_MAX 20000
#define LATENCIES_MAX 1000

static json_t *encode_runs(const struct run_past *past)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < past->n_runs; i++) {
		json_t *one = extjson_object();

		extjson_set(one, "commit", extjson_string(past->runs[i].commit));
		extjson_set(one, "when", extjson_string(past->runs[i].when));
		extjson_append(out, one);
	}
	return out;
}

static json_t *encode_values(const struct run_past *past, const struct past_values *values)
{
	json_t *out = extjson_object(), *list = extjson_array();

	extjson_set(out, "scenario", extjson_string(values->scenario));
	extjson_set(out, "endpoint", extjson_string(values->endpoint));
	extjson_set(out, "metric", extjson_string(metric_table[values->metric].name));
	extjson_set(out, "since", extjson_integer((int64_t)values->since));
	for (size_t i = 0; i < past->n_runs; i++)
		extjson_append(list, extjson_rounded(values->values[i], DIGITS));
	extjson_set(out, "values", list);
	extjson_set(out, "now", extjson_rounded(values->now, DIGITS));
	return out;
}

static json_t *encode_latencies(const struct run_past *past)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < past->n_latencies; i++) {
		json_t *one = extjson_object();

		extjson_set(one, "scenario", extjson_string(past->latencies[i].scenario));
		extjson_set(one, "histogram", extjson_string(past->latencies[i].histogram));
		extjson_append(out, one);
	}
	return out;
}

json_t *codec_encode_past(const struct run_past *past)
{
	json_t *out = extjson_object(), *values = extjson_array();

	for (size_t i = 0; i < past->n_values; i++)
		extjson_append(values, encode_values(past, &past->values[i]));
	extjson_set(out, "runs", encode_runs(past));
	extjson_set(out, "values", values);
	extjson_set(out, "latencies", encode_latencies(past));
	extjson_set(out, "environment",
		    past->environment ? json_deep_copy(past->environment) : NULL);
	return out;
}

static void decode_runs(struct run *run, const json_t *json)
{
	size_t count = json_array_size(json);
	struct past_run *runs = arena_alloc(&run->arena, count + 1, sizeof *runs);

	for (size_t i = 0; i < count; i++) {
		runs[i].commit = codec_string(run, json_array_get(json, i), "commit");
		runs[i].when = codec_string(run, json_array_get(json, i), "when");
	}
	run->past.runs = runs;
	run->past.n_runs = count;
}

/* False: a metric that this version does not know. */
static bool decode_one(struct run *run, const json_t *json, struct past_values *out)
{
	const json_t *list = json_object_get(json, "values");
	double *values = arena_alloc(&run->arena, run->past.n_runs + 1, sizeof *values);
	size_t since = (size_t)codec_count(json, "since");
	int metric = 0;

	while (metric < METRIC_COUNT &&
	       !text_equal(extjson_get_string(json, "metric", NULL), metric_table[metric].name))
		metric++;
	for (size_t i = 0; i < run->past.n_runs; i++) {
		const json_t *value = json_array_get(list, i);

		values[i] = json_is_number(value) ? json_number_value(value) : NAN;
	}
	*out = (struct past_values){
		.scenario = codec_string(run, json, "scenario"),
		.endpoint = codec_string(run, json, "endpoint"),
		.metric = (enum metric)metric,
		.since = since < run->past.n_runs ? since : run->past.n_runs,
		.values = values,
		.now = extjson_get_number(json, "now", NAN),
	};
	return metric < METRIC_COUNT && out->scenario && out->endpoint;
}

static void decode_values(struct run *run, const json_t *json)
{
	size_t count = json_array_size(json);
	struct past_values *values = arena_alloc(&run->arena, count + 1, sizeof *values);

	for (size_t i = 0; i < count; i++)
		run->past.n_values +=
			decode_one(run, json_array_get(json, i), &values[run->past.n_values]);
	run->past.values = values;
}

static void decode_latencies(struct run *run, const json_t *json)
{
	size_t count = json_array_size(json);
	struct past_latency *latencies = arena_alloc(&run->arena, count + 1, sizeof *latencies);

	for (size_t i = 0; i < count; i++) {
		latencies[i].scenario = codec_string(run, json_array_get(json, i), "scenario");
		latencies[i].histogram = codec_string(run, json_array_get(json, i), "histogram");
	}
	run->past.latencies = latencies;
	run->past.n_latencies = count;
}

int codec_decode_past(struct run *run, const json_t *json, struct error *err)
{
	const json_t *runs = json_object_get(json, "runs"),
		     *values = json_object_get(json, "values");
	const json_t *latencies = json_object_get(json, "latencies");
	const json_t *environment = json_object_get(json, "environment");

	if (json_array_size(runs) > PAST_RUNS_MAX || json_array_size(values) > VALUES_MAX ||
	    json_array_size(latencies) > LATENCIES_MAX)
		return error_set(err, ERROR_USAGE,
				 "past: more than %d baselines, or more values "
				 "than they have",
				 PAST_RUNS_MAX);
	decode_runs(run, runs);
	decode_values(run, values);
	decode_latencies(run, latencies);
	if (json_is_object(environment))
		run->past.environment = json_deep_copy(environment);
	return 0;
}
