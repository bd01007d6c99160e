/*
 * Counters of the API and their Prometheus exposition (text format 0.0.4,
 * https://prometheus.io/docs/instrumenting/exposition_formats/), with the names
 * dashboards of the system already use. Recording is atomic and never blocks.
 */
#ifndef PERFGATE_API_METRICS_H
#define PERFGATE_API_METRICS_H

#include "perfgate/api/cache.h"
#include "perfgate/api/pool.h"

#include <stdatomic.h>

#define METRICS_BUCKETS 12
#define METRICS_MAX_ENDPOINTS 24
/* Statuses the API can answer; others are counted as 500. */
#define METRICS_STATUSES 17

struct metrics_histogram {
	atomic_uint_fast64_t buckets[METRICS_BUCKETS + 1]; /* not cumulative; the last is +Inf */
	atomic_uint_fast64_t sum_ns;
};

/* One more endpoint than routes: the last counts requests that matched none. */
struct metrics {
	atomic_uint_fast64_t requests[METRICS_MAX_ENDPOINTS][METRICS_STATUSES];
	struct metrics_histogram duration[METRICS_MAX_ENDPOINTS];
	struct metrics_histogram query;
	struct metrics_histogram prediction[MODEL_TYPE_COUNT];
};

/* The endpoints' names, in the order of their indices. */
struct metrics_endpoint {
	const char *method, *path;
};

/* What is read at the moment of a scrape; NaN = not known, the metric is left out. */
struct metrics_gauges {
	double cpu_percent, memory_percent, cache_memory_bytes;
	unsigned active_users;
	struct pool_stats pool;
	struct cache_stats cache;
};

/* The status that is counted at an index of `requests`. */
int metrics_status(size_t index);
void metrics_request(struct metrics *metrics, size_t endpoint, int status, int64_t duration_ns);
void metrics_observe(struct metrics_histogram *histogram, int64_t duration_ns);

/* Label values with backslash, quote and newline escaped. */
void metrics_put_label(struct strbuf *out, const char *value);

void metrics_write(const struct metrics *metrics, const struct metrics_endpoint *endpoints,
		   size_t count, const struct metrics_gauges *gauges, struct strbuf *out);

#endif
