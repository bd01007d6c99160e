#include "perfgate/api/metrics.h"

#include "perfgate/base/clock.h"
#include "perfgate/web/reply.h"

#include <assert.h>
#include <math.h>

static const int statuses[] = {101, 200, 400, 403, 404, 405, 408, 413, 414,
			       415, 417, 422, 426, 429, 431, 503, 500};
static_assert(ARRAY_SIZE(statuses) == METRICS_STATUSES, "one counter per status");

/* Upper bounds in ms, and as they are printed. */
static const struct {
	int64_t ms;
	const char *seconds;
} bounds[] = {
	{5, "0.005"}, {10, "0.01"}, {25, "0.025"}, {50, "0.05"},  {100, "0.1"}, {250, "0.25"},
	{500, "0.5"}, {1000, "1"},  {2000, "2"},   {2500, "2.5"}, {5000, "5"},	{10000, "10"},
};
static_assert(ARRAY_SIZE(bounds) == METRICS_BUCKETS, "one counter per bucket");

void metrics_observe(struct metrics_histogram *histogram, int64_t duration_ns)
{
	size_t i = 0;

	while (i < METRICS_BUCKETS && duration_ns > bounds[i].ms * NS_PER_MS)
		i++;
	atomic_fetch_add_explicit(&histogram->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum_ns, (uint64_t)duration_ns, memory_order_relaxed);
}

int metrics_status(size_t index)
{
	return statuses[index];
}

void metrics_request(struct metrics *metrics, size_t endpoint, int status, int64_t duration_ns)
{
	size_t i = 0;

	while (i < METRICS_STATUSES - 1 && statuses[i] != status)
		i++;
	atomic_fetch_add_explicit(&metrics->requests[endpoint][i], 1, memory_order_relaxed);
	metrics_observe(&metrics->duration[endpoint], duration_ns);
}

void metrics_put_label(struct strbuf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			strbuf_putc(out, '\\');
		if (*value == '\n')
			strbuf_puts(out, "\\n");
		else
			strbuf_putc(out, *value);
	}
}

static void head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label(struct strbuf *out, const char *before, const char *name, const char *value)
{
	strbuf_printf(out, "%s%s=\"", before, name);
	metrics_put_label(out, value);
	strbuf_putc(out, '"');
}

static void count_line(struct strbuf *out, uint64_t value)
{
	strbuf_printf(out, "} %llu\n", (unsigned long long)value);
}

static void write_requests(const struct metrics *metrics, const struct metrics_endpoint *endpoints,
			   size_t count, struct strbuf *out)
{
	head(out, "malaria_api_requests_total", "counter", "Requests answered.");
	for (size_t e = 0; e < count; e++)
		for (size_t s = 0; s < METRICS_STATUSES; s++) {
			uint64_t value = atomic_load(&metrics->requests[e][s]);

			if (!value)
				continue;
			strbuf_puts(out, "malaria_api_requests_total");
			label(out, "{", "endpoint", endpoints[e].path);
			label(out, ",", "method", endpoints[e].method);
			strbuf_printf(out, ",status=\"%d\"", statuses[s]);
			count_line(out, value);
		}
}

/* `labels` is `a="b",` or empty. */
static void write_histogram(const struct metrics_histogram *histogram, const char *name,
			    const char *labels, struct strbuf *out)
{
	uint64_t total = 0;
	int comma = labels[0] ? 1 : 0;

	for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
		total += atomic_load(&histogram->buckets[i]);
		strbuf_printf(out, "%s_bucket{%s%sle=\"%s\"", name, labels, comma ? "," : "",
			      i < METRICS_BUCKETS ? bounds[i].seconds : "+Inf");
		count_line(out, total);
	}
	strbuf_printf(out, "%s_sum%s%s%s ", name, comma ? "{" : "", labels, comma ? "}" : "");
	web_put_decimal(out, (int64_t)atomic_load(&histogram->sum_ns), 9);
	strbuf_printf(out, "\n%s_count%s%s%s %llu\n", name, comma ? "{" : "", labels,
		      comma ? "}" : "", (unsigned long long)total);
}

static bool is_empty(const struct metrics_histogram *histogram)
{
	for (size_t i = 0; i <= METRICS_BUCKETS; i++)
		if (atomic_load(&histogram->buckets[i]))
			return false;
	return true;
}

static void write_durations(const struct metrics *metrics, const struct metrics_endpoint *endpoints,
			    size_t count, struct strbuf *out)
{
	const char *name = "malaria_api_request_duration_seconds";

	head(out, name, "histogram", "Time from the first header to the answer being ready.");
	for (size_t e = 0; e < count; e++) {
		AUTO(strbuf) struct strbuf labels = {0};

		if (is_empty(&metrics->duration[e]))
			continue;
		label(&labels, "", "endpoint", endpoints[e].path);
		label(&labels, ",", "method", endpoints[e].method);
		write_histogram(&metrics->duration[e], name, strbuf_text(&labels), out);
	}
}

static void write_predictions(const struct metrics *metrics, struct strbuf *out)
{
	const char *name = "malaria_prediction_latency_seconds";

	head(out, name, "histogram", "Time of a prediction request by model, caches included.");
	for (size_t m = 0; m < MODEL_TYPE_COUNT; m++) {
		AUTO(strbuf) struct strbuf labels = {0};

		label(&labels, "", "model_type", model_names[m]);
		write_histogram(&metrics->prediction[m], name, strbuf_text(&labels), out);
	}
}

static void gauge(struct strbuf *out, const char *name, const char *help, double value)
{
	if (!isfinite(value))
		return;
	head(out, name, "gauge", help);
	strbuf_printf(out, "%s ", name);
	web_put_decimal(out, (int64_t)llround(value * 1000), 3);
	strbuf_putc(out, '\n');
}

static void write_pool(const struct pool_stats *pool, struct strbuf *out)
{
	const char *name = "malaria_database_connections";

	head(out, name, "gauge", "Connections of the pool by state.");
	strbuf_printf(out, "%s{state=\"active\"} %u\n", name, pool->in_use);
	strbuf_printf(out, "%s{state=\"idle\"} %u\n", name, pool->open - pool->in_use);
	strbuf_printf(out, "%s{state=\"waiting\"} %u\n", name, pool->waiters);
	strbuf_printf(out, "%s{state=\"max\"} %u\n", name, pool->size + pool->overflow);
	head(out, "malaria_database_pool_wait_seconds_total", "counter",
	     "Time that requests waited for a connection.");
	strbuf_puts(out, "malaria_database_pool_wait_seconds_total ");
	web_put_decimal(out, pool->wait_ns, 9);
	strbuf_putc(out, '\n');
}

static void operation(struct strbuf *out, const char *name, const char *status, uint64_t value)
{
	strbuf_printf(out, "malaria_cache_operations_total{operation=\"%s\",status=\"%s\"} %llu\n",
		      name, status, (unsigned long long)value);
}

static void write_cache(const struct cache_stats *cache, struct strbuf *out)
{
	uint64_t hits = cache->reads[CACHE_HIT], misses = cache->reads[CACHE_MISS];

	head(out, "malaria_cache_operations_total", "counter",
	     "Cache operations; one get per point or region looked up.");
	operation(out, "get", "hit", hits);
	operation(out, "get", "miss", misses);
	operation(out, "get", "error", cache->reads[CACHE_ERROR]);
	operation(out, "set", "ok", cache->writes);
	operation(out, "set", "error", cache->write_errors);
	operation(out, "delete", "ok", cache->deleted);
	gauge(out, "malaria_cache_hit_rate", "Hits per look-up since the start.",
	      hits + misses ? (double)hits / (double)(hits + misses) : (double)NAN);
}

void metrics_write(const struct metrics *metrics, const struct metrics_endpoint *endpoints,
		   size_t count, const struct metrics_gauges *gauges, struct strbuf *out)
{
	write_requests(metrics, endpoints, count, out);
	write_durations(metrics, endpoints, count, out);
	gauge(out, "malaria_system_cpu_usage_percent", "CPU in use on this machine, 0..100.",
	      gauges->cpu_percent);
	gauge(out, "malaria_system_memory_usage_percent", "Memory in use on this machine, 0..100.",
	      gauges->memory_percent);
	write_pool(&gauges->pool, out);
	head(out, "malaria_database_query_duration_seconds", "histogram",
	     "Time of a database read, with the wait for a connection.");
	write_histogram(&metrics->query, "malaria_database_query_duration_seconds", "", out);
	write_cache(&gauges->cache, out);
	gauge(out, "malaria_cache_memory_usage_bytes", "Memory used by Redis.",
	      gauges->cache_memory_bytes);
	write_predictions(metrics, out);
	gauge(out, "malaria_active_users", "Open client connections.", gauges->active_users);
}
