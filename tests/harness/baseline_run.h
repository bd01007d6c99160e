/*
 * A small passing run with fixed figures, and edited record lines, for the
 * tests of the baselines. Free the run with run_free().
 */
#ifndef BASELINE_RUN_H
#define BASELINE_RUN_H

#include "perfgate/baseline/record.h"

#include <stdio.h>
#include <string.h>

#define BASELINE_COMMIT "1111111111111111111111111111111111111111"
#define BASELINE_TREE "2222222222222222222222222222222222222222"
#define BASELINE_WALL_NS (INT64_C(1706702400) * 1000000000) /* 2024-01-31T12:00:00Z */

static inline void baseline_requests(struct endpoint_result *endpoint, unsigned n, double median_ms)
{
	for (unsigned i = 0; i < n; i++) {
		double ms = median_ms * (0.5 + (double)i / n);

		histogram_record(endpoint->latency, (uint64_t)(ms * 1e6));
		histogram_record(endpoint->service, (uint64_t)(ms * 1e6));
	}
	endpoint->requests += n;
	endpoint->classes[CLASS_OK] += n - n / 100;
	endpoint->classes[CLASS_HTTP_ERROR] += n / 100;
	endpoint->cache_hits += n / 2;
	endpoint->cache_misses += n / 4;
}

static inline void baseline_scenario(struct run *run, const char *name, const char *follows,
				     unsigned n, double median_ms)
{
	static const char *const names[] = {"GET /health", "POST /predict/single"};
	struct scenario_result *scenario = run_add_scenario(run);

	scenario->name = name;
	scenario->follows = follows;
	scenario->suite_digest = follows ? "digest-of-capacity" : "digest-of-smoke";
	scenario->users = 5;
	scenario->judged_s = 10;
	scenario->throughput_rps = (double)(n + n / 2) / 10;
	scenario->endpoints = xcalloc(2, sizeof *scenario->endpoints);
	scenario->n_endpoints = 2;
	endpoint_result_init(&scenario->total, "total");
	for (unsigned i = 0; i < 2; i++) {
		endpoint_result_init(&scenario->endpoints[i], names[i]);
		baseline_requests(&scenario->endpoints[i], i ? n : n / 2, median_ms * (i + 1));
		baseline_requests(&scenario->total, i ? n : n / 2, median_ms * (i + 1));
	}
}

static inline struct run *baseline_run(double median_ms)
{
	struct run *run = run_new();

	run->run_id = "0123456789abcdef";
	run->tool_version = "0.1.0";
	run->commit = BASELINE_COMMIT;
	run->tree = BASELINE_TREE;
	run->branch = "main";
	run->event = "local";
	run->started_wall_ns = BASELINE_WALL_NS;
	extjson_set(run->environment, "fingerprint", extjson_string("sha256:aaaa"));
	extjson_set(run->environment, "cpu_model", extjson_string("Model 7"));
	extjson_set(run->environment, "cores", extjson_integer(2));
	extjson_set(run->environment, "kernel", extjson_string("6.1"));
	baseline_scenario(run, "smoke", NULL, 400, median_ms);
	baseline_scenario(run, "smoke-capacity", "smoke", 2000, median_ms);
	run->verdict.outcome = OUTCOME_PASS;
	run->verdict.reason = "2 gates passed";
	return run;
}

/*
 * A record line with one member changed ("cells//smoke//total//p95" to the JSON
 * text `value`; NULL deletes it) and the id made right again. Heap.
 */
static inline char *baseline_edited(const char *line, const char *path, const char *value)
{
	json_t *document = json_loads(line, 0, NULL), *object = document;
	char copy[256], *key = copy, *slash;
	struct strbuf out = {0};
	char id[TEXT_SHA256_SIZE];

	snprintf(copy, sizeof copy, "%s", path);
	while ((slash = strstr(key, "//"))) {
		*slash = '\0';
		object = json_object_get(object, key);
		key = slash + 2;
	}
	if (value)
		json_object_set_new(object, key, json_loads(value, JSON_DECODE_ANY, NULL));
	else
		json_object_del(object, key);
	json_object_del(document, "id");
	extjson_dump_canonical(document, &out);
	text_sha256(out.data, out.length, id);
	json_object_set_new(document, "id", json_string(id));
	strbuf_clear(&out);
	extjson_dump_canonical(document, &out);
	json_decref(document);
	return strbuf_take(&out);
}

#endif
