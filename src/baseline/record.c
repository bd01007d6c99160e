#include "perfgate/baseline/record.h"

#include "perfgate/base/clock.h"

#include <math.h>
#include <string.h>

#define SIGNIFICANT 6
/* The aim per run once git has compressed it. */
#define COMPRESSED_AIM_BYTES ((size_t)10 << 10)

void record_free(struct record *record)
{
	if (!record)
		return;
	json_decref(record->document);
	arena_release(&record->arena);
	free(record->line);
	free(record);
}

const struct record_scenario *record_scenario(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->n_scenarios; i++)
		if (text_equal(record->scenarios[i].name, name))
			return &record->scenarios[i];
	return NULL;
}

const struct record_cell *record_find(const struct record *record, const char *scenario,
				      const char *endpoint, enum metric metric)
{
	for (size_t i = 0; i < record->n_cells; i++) {
		const struct record_cell *cell = &record->cells[i];

		if (cell->metric == metric && text_equal(cell->scenario, scenario) &&
		    text_equal(cell->endpoint, endpoint))
			return cell;
	}
	return NULL;
}

bool record_time_is_plausible(const struct record *record, int64_t now_s)
{
	char latest[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339((now_s + 86400) * NS_PER_S, latest);
	return strcmp(record->when, "2000") > 0 && strcmp(record->when, latest) < 0;
}

/* -- building --------------------------------------------------------- */

struct counted {
	double value;
	uint64_t n;
};

/* A scenario and the capacity phase behind it, or NULL: judged together (verdict/gate.h). */
struct phases {
	const struct scenario_result *scenario, *capacity;
};

static struct counted rate_of(const struct phases *phases, const char *endpoint, enum metric metric)
{
	const struct scenario_result *both[] = {phases->scenario, phases->capacity};
	uint64_t part = 0, n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		const struct endpoint_result *found =
			both[i] ? scenario_endpoint(both[i], endpoint) : NULL;

		if (found && metric == METRIC_ERROR_RATE) {
			part += endpoint_errors(found);
			n += found->requests - found->classes[CLASS_CANCELLED];
		} else if (found) {
			part += found->cache_hits;
			n += found->cache_hits + found->cache_misses;
		}
	}
	return (struct counted){n ? (double)part / (double)n : NAN, n};
}

static struct counted judged_value(const struct phases *phases, const char *endpoint,
				   enum metric metric)
{
	const struct scenario_result *phase = phases->scenario;
	const struct endpoint_result *found;

	if (metric == METRIC_ERROR_RATE || metric == METRIC_CACHE_HIT_RATE)
		return rate_of(phases, endpoint, metric);
	if (metric == METRIC_THROUGHPUT && phases->capacity)
		phase = phases->capacity;
	found = scenario_endpoint(phase, endpoint);
	if (!found)
		return (struct counted){NAN, 0};
	return (struct counted){endpoint_metric(phase, found, metric),
				metric == METRIC_THROUGHPUT ? found->requests
							    : histogram_count(found->latency)};
}

static json_t *endpoint_json(const struct phases *phases, const char *endpoint)
{
	json_t *out = extjson_object();

	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		struct counted counted = judged_value(phases, endpoint, (enum metric)metric);
		json_t *pair;

		if (!isfinite(counted.value) || counted.n == 0)
			continue;
		pair = extjson_array();
		extjson_append(pair, extjson_rounded(counted.value, SIGNIFICANT));
		extjson_append(pair, extjson_integer((int64_t)counted.n));
		extjson_set(out, metric_table[metric].name, pair);
	}
	return out;
}

static json_t *scenario_json(const struct run *run, const struct scenario_result *scenario,
			     bool totals_only)
{
	struct phases phases = {scenario, run_find_capacity(run, scenario->name)};
	json_t *out = extjson_object();

	extjson_set(out, "total", endpoint_json(&phases, "total"));
	for (size_t i = 0; !totals_only && i < scenario->n_endpoints; i++)
		if (scenario->endpoints[i].requests)
			extjson_set(out, scenario->endpoints[i].name,
				    endpoint_json(&phases, scenario->endpoints[i].name));
	return out;
}

static json_t *environment_json(const struct run *run)
{
	json_t *out = run->environment ? json_deep_copy(run->environment) : extjson_object();

	json_object_del(out, "fingerprint");
	return out;
}

static json_t *facts_json(const struct scenario_result *scenario)
{
	const char *digest = scenario->suite_digest;
	json_t *out = extjson_object();

	extjson_set(out, "suite", extjson_string(digest ? digest : "none"));
	if (scenario->generator.limited)
		extjson_set(out, "at_least", json_true());
	if (scenario->speed_ms > 0)
		extjson_set(out, "speed", extjson_rounded(scenario->speed_ms, SIGNIFICANT));
	return out;
}

static void set_scenarios(json_t *document, const struct run *run, bool totals_only)
{
	json_t *cells = extjson_object(), *scenarios = extjson_object();

	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];

		extjson_set(cells, scenario->name, scenario_json(run, scenario, totals_only));
		extjson_set(scenarios, scenario->name, facts_json(scenario));
	}
	extjson_set(document, "cells", cells);
	extjson_set(document, "scenarios", scenarios);
}

/* The first of them: whether there is any matters, and which are usual. */
static void set_advisory(json_t *document, const struct run *run)
{
	AUTO_JSON json_t *out = extjson_array();

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];
		json_t *one;

		if (cell->outcome != OUTCOME_FAIL || json_array_size(out) >= RECORD_ADVISORY_MAX)
			continue;
		one = extjson_array();
		extjson_append(one, extjson_string(cell->scenario));
		extjson_append(one, extjson_string(cell->endpoint));
		extjson_append(one, extjson_string(metric_table[cell->metric].name));
		extjson_append(one, extjson_string(cell->regression ? "regression" : "gate"));
		extjson_append(out, one);
	}
	if (json_array_size(out))
		extjson_set(document, "advisory", json_incref(out));
}

static json_t *document_of(const struct run *run, int64_t epoch, const char *event, bool local,
			   bool totals_only)
{
	json_t *out = extjson_object();
	char when[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(run->started_wall_ns, when);
	extjson_set(out, "v", extjson_integer(RECORD_VERSION));
	extjson_set(out, "run", extjson_string(run->run_id ? run->run_id : "unknown"));
	extjson_set(out, "commit", extjson_string(run->commit));
	extjson_set(out, "tree", extjson_string(run->tree));
	extjson_set(out, "when", extjson_string(when));
	extjson_set(out, "event", extjson_string(event));
	extjson_set(out, "status", extjson_string(outcome_names[run->verdict.outcome]));
	extjson_set(out, "fp",
		    extjson_string(extjson_get_string(run->environment, "fingerprint", "none")));
	extjson_set(out, "epoch", extjson_integer(epoch));
	extjson_set(out, "local", json_boolean(local));
	extjson_set(out, "env", environment_json(run));
	set_scenarios(out, run, totals_only);
	set_advisory(out, run);
	return out;
}

static size_t dumped_length(const json_t *document)
{
	AUTO(strbuf) struct strbuf text = {0};

	extjson_dump_canonical(document, &text);
	return text.length;
}

/*
 * Sketches while the record stays in its aim. Their base64 keeps three of
 * four bits when compressed, the rest about one of three.
 */
static void add_sketches(json_t *document, const struct run *run)
{
	const json_t *scenarios = json_object_get(document, "scenarios");
	size_t base_bytes = dumped_length(document), sketch_bytes = 0;

	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct histogram *latency = run->scenarios[i].total.latency;
		AUTO(strbuf) struct strbuf text = {0};
		size_t bytes;

		if (!latency || histogram_count(latency) == 0)
			continue;
		histogram_encode(latency, &text);
		bytes = sketch_bytes + text.length;
		if (base_bytes / 3 + bytes / 4 * 3 > COMPRESSED_AIM_BYTES ||
		    base_bytes + bytes + 1024 > RECORD_LIMIT_BYTES)
			continue;
		sketch_bytes = bytes;
		extjson_set(json_object_get(scenarios, run->scenarios[i].name), "sketch",
			    extjson_string(strbuf_text(&text)));
	}
}

static void set_id(json_t *document)
{
	AUTO(strbuf) struct strbuf text = {0};
	char id[TEXT_SHA256_SIZE];

	extjson_dump_canonical(document, &text);
	text_sha256(strbuf_text(&text), text.length, id);
	extjson_set(document, "id", extjson_string(id));
}

int record_build(const struct run *run, int64_t epoch, const char *event, bool local,
		 struct record **out, struct error *err)
{
	AUTO_JSON json_t *document = document_of(run, epoch, event, local, false);
	AUTO(strbuf) struct strbuf line = {0};

	if (dumped_length(document) > RECORD_LIMIT_BYTES - 1024) {
		json_decref(document);
		document = document_of(run, epoch, event, local, true);
	}
	add_sketches(document, run);
	set_id(document);
	extjson_dump_canonical(document, &line);
	/* Read back what will be stored: what we write is always what we accept. */
	if (record_parse(strbuf_text(&line), line.length, out, err) != RECORD_GOOD)
		return error_wrap(err, "baseline record of this run");
	return 0;
}

int record_of_run(const struct run *run, struct record **out, struct error *err)
{
	struct run named = *run;

	named.commit = run->commit ? run->commit : RECORD_NOWHERE;
	named.tree = run->tree ? run->tree : RECORD_NOWHERE;
	return record_build(&named, 0, "local", true, out, err);
}
