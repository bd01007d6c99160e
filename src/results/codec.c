#include "perfgate/results/codec.h"

#include "perfgate/base/clock.h"
#include "perfgate/results/codec_parts.h"

#include <math.h>

#define DIGITS 6
#define MAX_BLOCKS 10000

static json_t *encode_source(const struct run *run)
{
	json_t *source = extjson_object();

	extjson_set(source, "commit", extjson_string(run->commit));
	extjson_set(source, "tree", extjson_string(run->tree));
	extjson_set(source, "branch", extjson_string(run->branch));
	extjson_set(source, "dirty", json_boolean(run->dirty));
	extjson_set(source, "event", extjson_string(run->event));
	extjson_set(source, "build_url", extjson_string(run->build_url));
	extjson_set(source, "dashboard_url", extjson_string(run->dashboard_url));
	return source;
}

static json_t *encode_regression(const struct regression *regression)
{
	json_t *out = extjson_object();
	json_t *changes = extjson_array();

	extjson_set(out, "by", extjson_string(judged_by_names[regression->by]));
	extjson_set(out, "finding", extjson_string(regression->finding));
	extjson_set(out, "primary", json_boolean(regression->primary));
	extjson_set(out, "change", extjson_rounded(regression->change, DIGITS));
	extjson_set(out, "low", extjson_rounded(regression->low, DIGITS));
	extjson_set(out, "high", extjson_rounded(regression->high, DIGITS));
	extjson_set(out, "tolerance", extjson_rounded(regression->tolerance, DIGITS));
	extjson_set(out, "upper", extjson_rounded(regression->upper, DIGITS));
	extjson_set(out, "p", extjson_rounded(regression->p, DIGITS));
	extjson_set(out, "detectable", extjson_rounded(regression->detectable, DIGITS));
	if (regression->by == JUDGED_BY_HISTORY) {
		extjson_set(out, "baselines", extjson_integer(regression->baselines));
		extjson_set(out, "bound", extjson_rounded(regression->bound, DIGITS));
	}
	if (regression->by == JUDGED_BY_TREND)
		extjson_set(out, "per_hour", extjson_rounded(regression->per_hour, DIGITS));
	extjson_set(out, "blocks", extjson_integer(regression->blocks));
	for (size_t i = 0; i < regression->n_changes; i++)
		extjson_append(changes, extjson_rounded(regression->changes[i], DIGITS));
	extjson_set(out, "changes", changes);
	return out;
}

static json_t *encode_cell(const struct cell *cell)
{
	json_t *out = extjson_object();

	extjson_set(out, "scenario", extjson_string(cell->scenario));
	extjson_set(out, "endpoint", extjson_string(cell->endpoint));
	extjson_set(out, "metric", extjson_string(metric_table[cell->metric].name));
	extjson_set(out, "kind", extjson_string(cell->regression ? "regression" : "gate"));
	extjson_set(out, "value", extjson_real(cell->value));
	extjson_set(out, "limit", extjson_real(cell->limit));
	extjson_set(out, "baseline", extjson_real(cell->baseline));
	extjson_set(out, "unit", extjson_string(metric_table[cell->metric].unit));
	extjson_set(out, "low", extjson_real(cell->low));
	extjson_set(out, "high", extjson_real(cell->high));
	extjson_set(out, "n", extjson_integer((int64_t)cell->n));
	extjson_set(out, "at_least", json_boolean(cell->at_least));
	extjson_set(out, "enforce", extjson_string(cell->warn ? "warn" : "fail"));
	extjson_set(out, "outcome", extjson_string(outcome_names[cell->outcome]));
	extjson_set(out, "reason", extjson_string(cell->reason));
	extjson_set(out, "origin", extjson_string(cell->origin));
	if (cell->regression)
		extjson_set(out, "regression", encode_regression(cell->regression));
	return out;
}

static json_t *encode_verdict(const struct verdict *verdict)
{
	json_t *out = extjson_object();
	json_t *cells = extjson_array();
	bool would_fail = verdict->outcome == OUTCOME_FAIL; /* without `enforce: warn` */

	extjson_set(out, "outcome", extjson_string(outcome_names[verdict->outcome]));
	extjson_set(out, "reason", extjson_string(verdict->reason));
	for (size_t i = 0; i < verdict->n_cells; i++) {
		would_fail = would_fail || verdict->cells[i].outcome == OUTCOME_FAIL;
		extjson_append(cells, encode_cell(&verdict->cells[i]));
	}
	extjson_set(out, "would_fail", json_boolean(would_fail));
	extjson_set(out, "cells", cells);
	return out;
}

static json_t *encode_baseline(const struct run *run)
{
	json_t *out = extjson_object();

	extjson_set(out, "commit", extjson_string(run->baseline_commit));
	extjson_set(out, "when", extjson_string(run->baseline_when));
	extjson_set(out, "note", extjson_string(run->baseline_note));
	return out;
}

static json_t *encode_comparison(const struct comparison *comparison)
{
	json_t *out = extjson_object();

	extjson_set(out, "base", extjson_string(comparison->base));
	extjson_set(out, "base_commit", extjson_string(comparison->base_commit));
	extjson_set(out, "head_commit", extjson_string(comparison->head_commit));
	extjson_set(out, "reason", extjson_string(comparison->reason));
	extjson_set(out, "note", extjson_string(comparison->note));
	extjson_set(out, "order", extjson_string(comparison->order));
	extjson_set(out, "coin_seed", codec_u64(comparison->coin_seed));
	extjson_set(out, "blocks", extjson_integer(comparison->blocks));
	extjson_set(out, "spoiled", extjson_integer(comparison->spoiled));
	extjson_set(out, "planned", extjson_integer(comparison->planned));
	extjson_set(out, "look", extjson_integer(comparison->look));
	extjson_set(out, "load_s", extjson_rounded(comparison->load_s, DIGITS));
	extjson_set(out, "duration_s", extjson_rounded(comparison->duration_s, DIGITS));
	extjson_set(out, "budget_s", extjson_rounded(comparison->budget_s, DIGITS));
	return out;
}

json_t *codec_encode(const struct run *run)
{
	json_t *out = extjson_object();
	json_t *tool = extjson_object();
	json_t *scenarios = extjson_array();
	char started[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(run->started_wall_ns, started);
	extjson_set(out, "schema", extjson_string(RESULT_SCHEMA));
	extjson_set(out, "run_id", extjson_string(run->run_id));
	extjson_set(tool, "version", extjson_string(run->tool_version));
	extjson_set(out, "tool", tool);
	extjson_set(out, "source", encode_source(run));
	extjson_set(out, "started", extjson_string(started));
	extjson_set(out, "started_ns", extjson_integer(run->started_wall_ns));
	extjson_set(out, "duration_s", extjson_real(run->duration_s));
	extjson_set(out, "interrupted", json_boolean(run->interrupted));
	extjson_set(out, "seed", codec_u64(run->seed));
	extjson_set(out, "quick", json_boolean(run->quick));
	extjson_set(out, "suite", extjson_string(run->suite));
	extjson_set(out, "target", extjson_string(run->target));
	extjson_set(out, "environment", json_incref(run->environment));
	extjson_set(out, "config_digest", extjson_string(run->config_digest));
	extjson_set(out, "baseline", encode_baseline(run));
	if (run->past.n_runs > 0 || run->past.environment)
		extjson_set(out, "past", codec_encode_past(&run->past));
	for (size_t i = 0; i < run->n_scenarios; i++)
		extjson_append(scenarios, codec_encode_scenario(&run->scenarios[i]));
	extjson_set(out, "scenarios", scenarios);
	if (run->comparison)
		extjson_set(out, "comparison", encode_comparison(run->comparison));
	extjson_set(out, "verdict", encode_verdict(&run->verdict));
	return out;
}

static int decode_enum(const char *text, const char *const *names, int count, const char *what,
		       int *out, struct error *err)
{
	for (int i = 0; i < count; i++) {
		if (text_equal(text, names[i])) {
			*out = i;
			return 0;
		}
	}
	return error_set(err, ERROR_USAGE, "%s: `%s` is not known", what, text ? text : "");
}

static int decode_metric(const char *text, enum metric *out, struct error *err)
{
	if (metric_find(text, out))
		return 0;
	return error_set(err, ERROR_USAGE, "metric `%s` is not known", text ? text : "");
}

static const struct regression *decode_regression(struct run *run, const json_t *json)
{
	struct regression *out = arena_alloc(&run->arena, 1, sizeof *out);
	const json_t *changes = json_object_get(json, "changes");
	size_t count = json_array_size(changes) <= MAX_BLOCKS ? json_array_size(changes) : 0;
	double *values = arena_alloc(&run->arena, count ? count : 1, sizeof *values);

	for (int i = 0; i < JUDGED_BY_COUNT; i++)
		if (text_equal(extjson_get_string(json, "by", ""), judged_by_names[i]))
			out->by = (enum judged_by)i;
	out->finding = codec_string(run, json, "finding");
	out->primary = extjson_get_bool(json, "primary", false);
	out->change = extjson_get_number(json, "change", NAN);
	out->low = extjson_get_number(json, "low", NAN);
	out->high = extjson_get_number(json, "high", NAN);
	out->tolerance = extjson_get_number(json, "tolerance", NAN);
	out->upper = extjson_get_number(json, "upper", NAN);
	out->p = extjson_get_number(json, "p", NAN);
	out->detectable = extjson_get_number(json, "detectable", NAN);
	out->blocks = (uint32_t)codec_count(json, "blocks");
	out->baselines = (uint32_t)codec_count(json, "baselines");
	out->bound = extjson_get_number(json, "bound", NAN);
	out->per_hour = extjson_get_number(json, "per_hour", NAN);
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_array_get(changes, i);

		values[i] = json_is_number(value) ? json_number_value(value) : NAN;
	}
	out->changes = values;
	out->n_changes = count;
	return out;
}

static int decode_cell(struct run *run, const json_t *json, struct cell *cell, struct error *err)
{
	int outcome = OUTCOME_UNMEASURED;

	if (decode_metric(extjson_get_string(json, "metric", NULL), &cell->metric, err) ||
	    decode_enum(extjson_get_string(json, "outcome", NULL), outcome_names, OUTCOME_COUNT,
			"outcome", &outcome, err))
		return -1;
	cell->outcome = (enum outcome)outcome;
	cell->scenario = codec_string(run, json, "scenario");
	cell->endpoint = codec_string(run, json, "endpoint");
	cell->reason = codec_string(run, json, "reason");
	cell->origin = codec_string(run, json, "origin");
	if (!cell->scenario || !cell->endpoint)
		return error_set(err, ERROR_USAGE, "a cell has no scenario or endpoint");
	if (text_equal(extjson_get_string(json, "kind", ""), "regression"))
		cell->regression = decode_regression(run, json_object_get(json, "regression"));
	cell->warn = text_equal(extjson_get_string(json, "enforce", ""), "warn");
	cell->value = extjson_get_number(json, "value", NAN);
	cell->limit = extjson_get_number(json, "limit", NAN);
	cell->baseline = extjson_get_number(json, "baseline", NAN);
	cell->low = extjson_get_number(json, "low", NAN);
	cell->high = extjson_get_number(json, "high", NAN);
	cell->n = (uint64_t)extjson_get_integer(json, "n", 0);
	cell->at_least = extjson_get_bool(json, "at_least", false);
	return 0;
}

static int decode_verdict(struct run *run, const json_t *json, struct error *err)
{
	const json_t *cells = json_object_get(json, "cells");
	size_t count = json_array_size(cells);
	int outcome = OUTCOME_UNMEASURED;

	if (decode_enum(extjson_get_string(json, "outcome", NULL), outcome_names, OUTCOME_COUNT,
			"outcome", &outcome, err))
		return error_wrap(err, "verdict");
	run->verdict.outcome = (enum outcome)outcome;
	run->verdict.reason = codec_string(run, json, "reason");
	run->verdict.cells = xcalloc(count ? count : 1, sizeof *run->verdict.cells);
	for (size_t i = 0; i < count; i++) {
		if (decode_cell(run, json_array_get(cells, i), &run->verdict.cells[i], err))
			return error_wrap(err, "verdict.cells[%zu]", i);
		run->verdict.n_cells++;
	}
	return 0;
}

static void decode_comparison(struct run *run, const json_t *json)
{
	struct comparison *out = arena_alloc(&run->arena, 1, sizeof *out);

	out->base = codec_string(run, json, "base");
	out->base_commit = codec_string(run, json, "base_commit");
	out->head_commit = codec_string(run, json, "head_commit");
	out->reason = codec_string(run, json, "reason");
	out->note = codec_string(run, json, "note");
	out->order = codec_string(run, json, "order");
	out->coin_seed = strtoull(extjson_get_string(json, "coin_seed", "0"), NULL, 10);
	out->blocks = (uint32_t)codec_count(json, "blocks");
	out->spoiled = (uint32_t)codec_count(json, "spoiled");
	out->planned = (uint32_t)codec_count(json, "planned");
	out->look = (uint32_t)codec_count(json, "look");
	out->load_s = extjson_get_number(json, "load_s", NAN);
	out->duration_s = extjson_get_number(json, "duration_s", NAN);
	out->budget_s = extjson_get_number(json, "budget_s", NAN);
	run->comparison = out;
}

static void decode_head(struct run *run, const json_t *document)
{
	const json_t *source = json_object_get(document, "source");
	const json_t *baseline = json_object_get(document, "baseline");

	run->run_id = codec_string(run, document, "run_id");
	run->tool_version = codec_string(run, json_object_get(document, "tool"), "version");
	run->commit = codec_string(run, source, "commit");
	run->tree = codec_string(run, source, "tree");
	run->branch = codec_string(run, source, "branch");
	run->event = codec_string(run, source, "event");
	run->build_url = codec_string(run, source, "build_url");
	run->dashboard_url = codec_string(run, source, "dashboard_url");
	run->suite = codec_string(run, document, "suite");
	run->dirty = extjson_get_bool(source, "dirty", false);
	run->started_wall_ns = extjson_get_integer(document, "started_ns", 0);
	run->duration_s = extjson_get_number(document, "duration_s", 0);
	run->interrupted = extjson_get_bool(document, "interrupted", false);
	run->seed = strtoull(extjson_get_string(document, "seed", "0"), NULL, 10);
	run->quick = extjson_get_bool(document, "quick", false);
	run->target = codec_string(run, document, "target");
	run->config_digest = codec_string(run, document, "config_digest");
	run->baseline_commit = codec_string(run, baseline, "commit");
	run->baseline_when = codec_string(run, baseline, "when");
	run->baseline_note = codec_string(run, baseline, "note");
	if (json_is_object(json_object_get(document, "comparison")))
		decode_comparison(run, json_object_get(document, "comparison"));
	if (json_is_object(json_object_get(document, "environment"))) {
		json_decref(run->environment);
		run->environment = json_deep_copy(json_object_get(document, "environment"));
	}
}

int codec_decode(const json_t *document, struct run **out, struct error *err)
{
	const char *schema = extjson_get_string(document, "schema", NULL);
	const json_t *scenarios = json_object_get(document, "scenarios");
	AUTO(run) struct run *run = run_new();

	if (!schema)
		return error_set(err, ERROR_USAGE, "no `schema` member: is this a result.json?");
	if (!text_equal(schema, RESULT_SCHEMA))
		return error_set(err, ERROR_USAGE, "schema `%s` is not %s", schema, RESULT_SCHEMA);
	if (!json_is_array(scenarios))
		return error_set(err, ERROR_USAGE, "scenarios: expected a list");
	decode_head(run, document);
	for (size_t i = 0; i < json_array_size(scenarios); i++)
		if (codec_decode_scenario(run, json_array_get(scenarios, i), err))
			return error_wrap(err, "scenarios[%zu]", i);
	if (codec_decode_past(run, json_object_get(document, "past"), err) ||
	    decode_verdict(run, json_object_get(document, "verdict"), err))
		return -1;
	*out = TAKE(run);
	return 0;
}

int codec_load(const char *path, struct run **out, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_JSON json_t *document = NULL;

	if (fs_read_file(&text, path, CODEC_MAX_BYTES, ERROR_USAGE, err))
		return -1;
	if (extjson_parse(strbuf_text(&text), text.length, CODEC_MAX_BYTES, ERROR_USAGE, &document,
			  err) ||
	    codec_decode(document, out, err))
		return error_wrap(err, "%s", path);
	return 0;
}
