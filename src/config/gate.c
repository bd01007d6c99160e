#include "perfgate/config/gate.h"

#include "perfgate/base/text.h"

#include "perfgate/base/mem.h"

#include <math.h>

const struct metric_info metric_table[METRIC_ALL] = {
	[METRIC_P50] = {.name = "p50",
			.title = "p50 response time",
			.unit = "ms",
			.gate_key = "max_p50_response_time",
			.quantile = 0.50},
	[METRIC_P95] = {.name = "p95",
			.title = "p95 response time",
			.unit = "ms",
			.gate_key = "max_p95_response_time",
			.alias = "LOAD_TEST_TARGET_P95_RESPONSE_TIME",
			.quantile = 0.95},
	[METRIC_P99] = {.name = "p99",
			.title = "p99 response time",
			.unit = "ms",
			.gate_key = "max_p99_response_time",
			.quantile = 0.99},
	[METRIC_THROUGHPUT] = {.name = "throughput",
			       .title = "throughput",
			       .unit = "requests/s",
			       .gate_key = "min_throughput",
			       .alias = "LOAD_TEST_TARGET_THROUGHPUT",
			       .higher_is_better = true},
	[METRIC_ERROR_RATE] = {.name = "error_rate",
			       .title = "error rate",
			       .unit = "",
			       .gate_key = "max_error_rate"},
	[METRIC_CACHE_HIT_RATE] = {.name = "cache_hit_rate",
				   .title = "cache hit rate",
				   .unit = "",
				   .gate_key = "min_cache_hit_rate",
				   .higher_is_better = true},
	[METRIC_RSS] = {.name = "rss", .title = "resident memory", .unit = "bytes"},
};

void gate_limits_init(struct gate_limits *limits)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		limits->limit[i] = NAN;
		limits->origin[i] = NULL;
		limits->warn[i] = false;
	}
}

bool metric_find(const char *name, enum metric *out)
{
	for (size_t i = 0; i < METRIC_ALL; i++) {
		if (text_equal(name, metric_table[i].name)) {
			*out = (enum metric)i;
			return true;
		}
	}
	return false;
}
