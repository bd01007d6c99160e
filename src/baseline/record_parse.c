#include "perfgate/baseline/record.h"

#include <math.h>
#include <string.h>

static int bad(struct error *err, const char *what)
{
	return error_set(err, ERROR_BASELINE, "%s", what);
}

static bool is_hex(const char *text, size_t digits)
{
	return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

/* "2026-01-31T12:00:00Z" */
static bool is_time(const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";

	if (strlen(text) != sizeof shape - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	return true;
}

static int take_text(const json_t *document, const char *key, const char **out, struct error *err)
{
	*out = extjson_get_string(document, key, "");
	if (**out == '\0')
		return error_set(err, ERROR_BASELINE, "%s: expected a text", key);
	return 0;
}

static int read_head(struct record *record, struct error *err)
{
	const json_t *document = record->document;
	const json_t *epoch = json_object_get(document, "epoch");

	if (take_text(document, "run", &record->run_id, err) ||
	    take_text(document, "commit", &record->commit, err) ||
	    take_text(document, "tree", &record->tree, err) ||
	    take_text(document, "event", &record->event, err) ||
	    take_text(document, "status", &record->status, err) ||
	    take_text(document, "fp", &record->fingerprint, err) ||
	    take_text(document, "when", &record->when, err))
		return -1;
	if (!is_hex(record->commit, EXTGIT_OID_SIZE - 1) ||
	    !is_hex(record->tree, EXTGIT_OID_SIZE - 1))
		return bad(err, "commit, tree: expected 40 hex digits");
	if (!is_time(record->when))
		return bad(err, "when: expected YYYY-MM-DDThh:mm:ssZ");
	if (!json_is_integer(epoch))
		return bad(err, "epoch: expected a whole number");
	record->epoch = json_integer_value(epoch);
	if (!json_is_boolean(json_object_get(document, "local")))
		return bad(err, "local: expected true or false");
	record->local = json_is_true(json_object_get(document, "local"));
	record->environment = json_object_get(document, "env");
	if (!json_is_object(record->environment))
		return bad(err, "env: expected an object");
	return 0;
}

static bool lists(const json_t *array, const char *text)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *item = json_string_value(json_array_get(array, i));

		if (item && text_equal(item, text))
			return true;
	}
	return false;
}

/* Schema 1: a member of the record per fact, each with the scenarios that have it. */
static int read_scenarios_1(struct record *record, struct error *err)
{
	json_t *suite = json_object_get(record->document, "suite"), *digest;
	const json_t *at_least = json_object_get(record->document, "at_least");
	const json_t *sketches = json_object_get(record->document, "sketch");
	const json_t *speed = json_object_get(record->document, "speed");
	const char *name;

	if (!json_is_object(suite) || json_object_size(suite) == 0)
		return bad(err, "suite: expected an object");
	record->scenarios =
		arena_alloc(&record->arena, json_object_size(suite), sizeof *record->scenarios);
	json_object_foreach (suite, name, digest) {
		if (!json_is_string(digest))
			return error_set(err, ERROR_BASELINE, "suite.%s: expected a text", name);
		record->scenarios[record->n_scenarios++] = (struct record_scenario){
			.name = name,
			.suite_digest = json_string_value(digest),
			.sketch = extjson_get_string(sketches, name, NULL),
			.at_least = lists(at_least, name),
			.speed_ms = fmax(0, extjson_get_number(speed, name, 0)),
		};
	}
	return 0;
}

static int read_scenarios_2(struct record *record, struct error *err)
{
	json_t *scenarios = json_object_get(record->document, "scenarios"), *facts;
	const char *name;

	if (!json_is_object(scenarios) || json_object_size(scenarios) == 0)
		return bad(err, "scenarios: expected an object");
	record->scenarios =
		arena_alloc(&record->arena, json_object_size(scenarios), sizeof *record->scenarios);
	json_object_foreach (scenarios, name, facts) {
		const char *digest = extjson_get_string(facts, "suite", NULL);

		if (!digest)
			return error_set(err, ERROR_BASELINE, "scenarios.%s.suite: expected a text",
					 name);
		record->scenarios[record->n_scenarios++] = (struct record_scenario){
			.name = name,
			.suite_digest = digest,
			.sketch = extjson_get_string(facts, "sketch", NULL),
			.at_least = json_is_true(json_object_get(facts, "at_least")),
			.speed_ms = fmax(0, extjson_get_number(facts, "speed", 0)),
		};
	}
	return 0;
}

/* What differs between the schemas, by version from 1 on. */
static int (*const scenario_readers[RECORD_VERSION])(struct record *record, struct error *err) = {
	read_scenarios_1,
	read_scenarios_2,
};

static bool is_in_range(enum metric metric, double value)
{
	if (!isfinite(value) || value < 0)
		return false;
	return (metric != METRIC_ERROR_RATE && metric != METRIC_CACHE_HIT_RATE) || value <= 1;
}

static int read_metric(struct record *record, struct record_cell *cell, const char *name,
		       const json_t *pair, struct error *err)
{
	const json_t *value = json_array_get(pair, 0), *n = json_array_get(pair, 1);

	if (json_array_size(pair) != 2 || !json_is_number(value) || !json_is_integer(n) ||
	    json_integer_value(n) < 1 || !is_in_range(cell->metric, json_number_value(value)))
		return error_set(err, ERROR_BASELINE, "cells.%s.%s.%s: not a value with its count",
				 cell->scenario, cell->endpoint, name);
	cell->value = json_number_value(value);
	cell->n = (uint64_t)json_integer_value(n);
	record->cells[record->n_cells++] = *cell;
	return 0;
}

/* Metrics of a later version are left alone: the line keeps them. */
static int read_endpoint(struct record *record, const char *scenario, const char *endpoint,
			 const json_t *metrics, struct error *err)
{
	struct record_cell cell = {.scenario = scenario, .endpoint = endpoint};

	if (!json_is_object(metrics))
		return error_set(err, ERROR_BASELINE, "cells.%s.%s: expected an object", scenario,
				 endpoint);
	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		const json_t *pair = json_object_get(metrics, metric_table[metric].name);

		cell.metric = (enum metric)metric;
		if (pair && read_metric(record, &cell, metric_table[metric].name, pair, err))
			return -1;
	}
	return 0;
}

static size_t count_endpoints(json_t *cells)
{
	size_t count = 0;
	const char *name;
	json_t *endpoints;

	json_object_foreach (cells, name, endpoints)
		count += json_object_size(endpoints);
	return count;
}

static int read_cells(struct record *record, struct error *err)
{
	json_t *cells = json_object_get(record->document, "cells"), *endpoints, *metrics;
	const char *scenario, *endpoint;

	if (!json_is_object(cells))
		return bad(err, "cells: expected an object");
	record->cells = arena_alloc(&record->arena, count_endpoints(cells) * METRIC_COUNT + 1,
				    sizeof *record->cells);
	json_object_foreach (cells, scenario, endpoints) {
		if (!json_is_object(endpoints))
			return error_set(err, ERROR_BASELINE, "cells.%s: expected an object",
					 scenario);
		json_object_foreach (endpoints, endpoint, metrics)
			if (read_endpoint(record, scenario, endpoint, metrics, err))
				return -1;
	}
	return record->n_cells ? 0 : bad(err, "cells: no value");
}

/* What is none of ours is left out: it says nothing about the values. */
static void read_advisory(struct record *record)
{
	const json_t *list = json_object_get(record->document, "advisory"), *one;
	size_t i;

	record->advisory =
		arena_alloc(&record->arena, RECORD_ADVISORY_MAX, sizeof *record->advisory);
	json_array_foreach (list, i, one) {
		struct record_advisory advisory = {
			.scenario = json_string_value(json_array_get(one, 0)),
			.endpoint = json_string_value(json_array_get(one, 1)),
		};
		const char *kind = json_string_value(json_array_get(one, 3));

		advisory.regression = kind && text_equal(kind, "regression");
		if (advisory.scenario && advisory.endpoint &&
		    record->n_advisory < RECORD_ADVISORY_MAX &&
		    metric_find(json_string_value(json_array_get(one, 2)), &advisory.metric))
			record->advisory[record->n_advisory++] = advisory;
	}
}

/*
 * The digest of the line without its id member, cut out as text: numbers
 * keep the spelling of whoever wrote them.
 */
static int check_id(struct record *record, struct error *err)
{
	const char *id = extjson_get_string(record->document, "id", "");
	AUTO_FREE char *member = xasprintf("\"id\":\"%s\",", id);
	AUTO(strbuf) struct strbuf rest = {0};
	const char *found = is_hex(id, TEXT_SHA256_SIZE - 1) ? strstr(record->line, member) : NULL;
	char digest[TEXT_SHA256_SIZE];

	if (!found)
		return bad(err, "id: expected 64 hex digits");
	strbuf_append(&rest, record->line, (size_t)(found - record->line));
	strbuf_puts(&rest, found + strlen(member));
	text_sha256(strbuf_text(&rest), rest.length, digest);
	if (!text_equal(digest, id))
		return bad(err, "id: the content was changed or damaged");
	memcpy(record->id, digest, sizeof record->id);
	return 0;
}

/* *out from 1 to RECORD_VERSION */
static enum record_state read_version(const json_t *document, size_t *out, struct error *err)
{
	const json_t *version = json_object_get(document, "v");

	if (!json_is_integer(version) || json_integer_value(version) < 1) {
		bad(err, "v: expected a schema version");
		return RECORD_BAD;
	}
	if (json_integer_value(version) > RECORD_VERSION) {
		error_set(err, ERROR_BASELINE,
			  "record schema %lld was written by a newer perfgate, this one knows "
			  "up to %d: update perfgate",
			  (long long)json_integer_value(version), RECORD_VERSION);
		return RECORD_NEWER;
	}
	*out = (size_t)json_integer_value(version);
	return RECORD_GOOD;
}

enum record_state record_parse(const char *line, size_t length, struct record **out,
			       struct error *err)
{
	AUTO(record) struct record *record = xcalloc(1, sizeof *record);
	enum record_state state;
	size_t version = 0;

	if (extjson_parse(line, length, RECORD_LIMIT_BYTES, ERROR_BASELINE, &record->document, err))
		return RECORD_BAD;
	if (!json_is_object(record->document)) {
		bad(err, "not a JSON object");
		return RECORD_BAD;
	}
	state = read_version(record->document, &version, err);
	if (state != RECORD_GOOD)
		return state;
	record->line = xstrndup(line, length);
	if (check_id(record, err) || read_head(record, err) ||
	    scenario_readers[version - 1](record, err) || read_cells(record, err))
		return RECORD_BAD;
	read_advisory(record);
	*out = TAKE(record);
	return RECORD_GOOD;
}
