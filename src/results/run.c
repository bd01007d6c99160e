#include "perfgate/results/run.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/text.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *const request_class_names[CLASS_COUNT] = {
	[CLASS_OK] = "ok",
	[CLASS_HTTP_ERROR] = "http_error",
	[CLASS_CHECK_FAILED] = "check_failed",
	[CLASS_TIMEOUT] = "timeout",
	[CLASS_CONNECT_REFUSED] = "connect_refused",
	[CLASS_RESET] = "reset",
	[CLASS_EMPTY_REPLY] = "empty_reply",
	[CLASS_PARTIAL] = "partial",
	[CLASS_MALFORMED] = "malformed",
	[CLASS_HEADER_TOO_LARGE] = "header_too_large",
	[CLASS_DNS] = "dns",
	[CLASS_TLS] = "tls",
	[CLASS_NETWORK_UNREACHABLE] = "network_unreachable",
	[CLASS_CANCELLED] = "cancelled",
};

const char *const outcome_names[OUTCOME_COUNT] = {
	[OUTCOME_PASS] = "pass",
	[OUTCOME_FAIL] = "fail",
	[OUTCOME_INCONCLUSIVE] = "inconclusive",
	[OUTCOME_UNMEASURED] = "unmeasured",
	[OUTCOME_NOT_GATED] = "not_gated",
	[OUTCOME_SKIPPED] = "skipped",
};

const char *const judged_by_names[JUDGED_BY_COUNT] = {
	[JUDGED_BY_AB] = "ab",
	[JUDGED_BY_HISTORY] = "history",
	[JUDGED_BY_TREND] = "trend",
};

struct run *run_new(void)
{
	struct run *run = xcalloc(1, sizeof *run);

	run->tool_version = PERFGATE_VERSION;
	run->started_wall_ns = clock_wall_ns();
	run->run_id =
		arena_printf(&run->arena, "%016llx%08llx", (unsigned long long)run->started_wall_ns,
			     (unsigned long long)(rng_entropy() & 0xffffffff));
	run->environment = extjson_object();
	run->verdict.outcome = OUTCOME_UNMEASURED;
	return run;
}

static void endpoint_result_release(struct endpoint_result *endpoint)
{
	histogram_free(endpoint->latency);
	histogram_free(endpoint->service);
	for (size_t i = 0; i < endpoint->n_timings; i++)
		histogram_free(endpoint->timings[i].histogram);
	free(endpoint->timings);
}

void scenario_result_release(struct scenario_result *scenario)
{
	for (size_t i = 0; i < scenario->n_endpoints; i++)
		endpoint_result_release(&scenario->endpoints[i]);
	free(scenario->endpoints);
	endpoint_result_release(&scenario->total);
	free(scenario->series);
	histogram_free(scenario->generator.scheduling_delay);
	free(scenario->samples);
	memset(scenario, 0, sizeof *scenario);
}

void run_free(struct run *run)
{
	if (!run)
		return;
	for (size_t i = 0; i < run->n_scenarios; i++)
		scenario_result_release(&run->scenarios[i]);
	free(run->scenarios);
	free(run->verdict.cells);
	json_decref(run->environment);
	past_clear(&run->past);
	arena_release(&run->arena);
	free(run);
}

struct scenario_result *run_add_scenario(struct run *run)
{
	struct scenario_result *scenario;

	run->scenarios = xrealloc(run->scenarios, run->n_scenarios + 1, sizeof *run->scenarios);
	scenario = &run->scenarios[run->n_scenarios++];
	memset(scenario, 0, sizeof *scenario);
	return scenario;
}

void endpoint_result_init(struct endpoint_result *endpoint, const char *name)
{
	memset(endpoint, 0, sizeof *endpoint);
	endpoint->name = name;
	endpoint->latency = histogram_new();
	endpoint->service = histogram_new();
}

void endpoint_result_add(struct endpoint_result *into, const struct endpoint_result *from)
{
	into->requests += from->requests;
	for (int i = 0; i < CLASS_COUNT; i++)
		into->classes[i] += from->classes[i];
	into->cache_hits += from->cache_hits;
	into->cache_misses += from->cache_misses;
	histogram_merge(into->latency, from->latency);
}

const struct scenario_result *run_find(const struct run *run, const char *scenario)
{
	for (size_t i = 0; i < run->n_scenarios; i++)
		if (text_equal(run->scenarios[i].name, scenario))
			return &run->scenarios[i];
	return NULL;
}

const struct scenario_result *run_find_capacity(const struct run *run, const char *scenario)
{
	for (size_t i = 0; i < run->n_scenarios; i++)
		if (run->scenarios[i].follows && text_equal(run->scenarios[i].follows, scenario))
			return &run->scenarios[i];
	return NULL;
}

const struct endpoint_result *scenario_endpoint(const struct scenario_result *scenario,
						const char *endpoint)
{
	if (text_equal(endpoint, "total"))
		return &scenario->total;
	for (size_t i = 0; i < scenario->n_endpoints; i++)
		if (text_equal(scenario->endpoints[i].name, endpoint))
			return &scenario->endpoints[i];
	return NULL;
}

uint64_t endpoint_errors(const struct endpoint_result *endpoint)
{
	return endpoint->requests - endpoint->classes[CLASS_OK] -
	       endpoint->classes[CLASS_CANCELLED];
}

static double ratio(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : NAN;
}

static double percentile_ms(const struct endpoint_result *endpoint, double quantile)
{
	if (!endpoint->latency || histogram_count(endpoint->latency) == 0)
		return NAN;
	return (double)histogram_quantile_ns(endpoint->latency, quantile) / (double)NS_PER_MS;
}

double endpoint_metric(const struct scenario_result *scenario,
		       const struct endpoint_result *endpoint, enum metric metric)
{
	switch (metric) {
	case METRIC_P50:
	case METRIC_P95:
	case METRIC_P99: return percentile_ms(endpoint, metric_table[metric].quantile);
	case METRIC_THROUGHPUT:
		if (endpoint == &scenario->total)
			return endpoint->requests ? scenario->throughput_rps : NAN;
		if (!endpoint->requests || !(scenario->judged_s > 0))
			return NAN;
		return (double)endpoint->classes[CLASS_OK] / scenario->judged_s;
	case METRIC_ERROR_RATE:
		return ratio(endpoint_errors(endpoint),
			     endpoint->requests - endpoint->classes[CLASS_CANCELLED]);
	case METRIC_CACHE_HIT_RATE:
		return ratio(endpoint->cache_hits, endpoint->cache_hits + endpoint->cache_misses);
	case METRIC_COUNT:
	case METRIC_ALL: break;
	}
	assert(false && "unknown metric");
	return NAN;
}

char *cell_origin_file(const char *origin, const char **line)
{
	const char *colon = origin != NULL ? strrchr(origin, ':') : NULL, *commit;
	AUTO_FREE char *file = NULL;

	if (colon == NULL || colon == origin || colon[1] == '\0' ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0')
		return NULL;
	commit = strstr(origin, " of ");
	*line = commit != NULL ? NULL : colon + 1;
	file = xstrndup(origin, (size_t)((commit != NULL ? commit : colon) - origin));
	return TAKE(file);
}
