/*
 * What the dashboard shows of the API: once a second from counters that are kept anyway, whether
 * somebody looks or not, so that nobody who looks later has missed it.
 */
#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/monitor/ring.h"
#include "perfgate/web/socket.h"

#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MIB ((double)(1 << 20))
/* Redis is asked for its memory that often. */
#define CACHE_MEMORY_TICKS 5
#define FACTS 4
#define FACT_SIZE 64

enum {
	REQUESTS,
	P50,
	P95,
	P99,
	ERRORS_5XX,
	ERRORS_4XX,
	CONNECTIONS,
	UNDER_WAY,
	CPU_PROCESS,
	CPU_MACHINE,
	MEMORY,
	CACHE_MEMORY,
	POOL_IN_USE,
	POOL_WAITING,
	CACHE_HITS,
	CACHE_HITS_ALL,
	PREDICTIONS,
	SERIES_COUNT = PREDICTIONS + MODEL_TYPE_COUNT,
};
static_assert(SERIES_COUNT <= RING_MAX_SERIES, "the ring has room");

static const struct ring_series rows[SERIES_COUNT] = {
	[REQUESTS] = {"requests", "Requests", "all", "1/s", "Requests", 0},
	[P50] = {"p50", "Response time", "p50", "ms", "p50", 0},
	[P95] = {"p95", "Response time", "p95", "ms", "p95", 0},
	[P99] = {"p99", "Response time", "p99", "ms", "p99", 0},
	[ERRORS_5XX] = {"errors_5xx", "Errors", "5xx", "1/s", "Errors 5xx", 0},
	[ERRORS_4XX] = {"errors_4xx", "Errors", "4xx", "1/s", "Errors 4xx", 0},
	[CONNECTIONS] = {"connections", "Connections", "open", "", "Connections", 0},
	[UNDER_WAY] = {"under_way", "Connections", "under way", "", NULL, 0},
	[CPU_PROCESS] = {"cpu_process", "CPU", "API", "%", "API CPU", 100},
	[CPU_MACHINE] = {"cpu_machine", "CPU", "machine", "%", NULL, 100},
	[MEMORY] = {"memory", "Memory", "API", "MiB", "API memory", 0},
	[CACHE_MEMORY] = {"cache_memory", "Memory", "Redis", "MiB", "Redis memory", 0},
	[POOL_IN_USE] = {"pool_in_use", "Database connections", "in use", "", "DB connections", 0},
	[POOL_WAITING] = {"pool_waiting", "Database connections", "waiting", "", NULL, 0},
	[CACHE_HITS] = {"cache_hits", "Cache hits", "this second", "%", "Cache hits", 100},
	[CACHE_HITS_ALL] = {"cache_hits_all", "Cache hits", "in all", "%", NULL, 100},
	[PREDICTIONS + MODEL_LSTM] = {"lstm", "Prediction requests", "lstm", "1/s", NULL, 0},
	[PREDICTIONS + MODEL_TRANSFORMER] = {"transformer", "Prediction requests", "transformer",
					     "1/s", NULL, 0},
	[PREDICTIONS +
		MODEL_ENSEMBLE] = {"ensemble", "Prediction requests", "ensemble", "1/s", NULL, 0},
};

/* Counters as they stand; two of them give rates. */
struct counters {
	int64_t at_ns, cpu_ns;
	uint64_t requests, errors_5xx, errors_4xx;
	uint64_t predictions[MODEL_TYPE_COUNT];
	struct cache_stats cache;
	struct machinestat machine;
};

struct dashboard {
	struct api *api;
	struct ring *ring;
	struct ring_series rows[SERIES_COUNT];
	struct ring_fact facts[FACTS];
	char texts[FACTS][FACT_SIZE];
	double cores, cache_memory_mib;
	struct counters before;
	struct durations_reader durations;
	unsigned ticks;

	pthread_t thread;
	pthread_mutex_t lock; /* of `stop` */
	pthread_cond_t changed;
	bool running, stop;
};

static void greet(struct strbuf *out, void *arg)
{
	struct api *api = arg;

	ring_put_snapshot(api->dashboard->ring, out);
}

static const struct web_socket dashboard_socket = {.greet = greet};

void show_dashboard_socket(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)request;
	(void)arg;
	reply->socket = &dashboard_socket;
}

/* -- one sample -- */

static void count_requests(struct api *api, struct counters *out)
{
	for (size_t e = 0; e < api->endpoint_count; e++)
		for (size_t s = 0; s < METRICS_STATUSES && !api->is_page[e]; s++) {
			uint64_t count = atomic_load_explicit(&api->metrics.requests[e][s],
							      memory_order_relaxed);
			int class = metrics_status(s) / 100;

			out->requests += count;
			out->errors_5xx += class == 5 ? count : 0;
			out->errors_4xx += class == 4 ? count : 0;
		}
}

static uint64_t count_of(const struct metrics_histogram *histogram)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= METRICS_BUCKETS; i++)
		count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
	return count;
}

static void read_counters(struct api *api, struct counters *out)
{
	*out = (struct counters){.at_ns = clock_now_ns(), .cpu_ns = clock_process_cpu_ns()};
	count_requests(api, out);
	for (size_t i = 0; i < MODEL_TYPE_COUNT; i++)
		out->predictions[i] = count_of(&api->metrics.prediction[i]);
	cache_read_stats(api->cache, &out->cache);
	machinestat_read(&out->machine);
}

static double percent(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : (double)NAN;
}

static double hit_percent(const struct cache_stats *before, const struct cache_stats *now)
{
	uint64_t hits = now->reads[CACHE_HIT] - before->reads[CACHE_HIT];
	uint64_t misses = now->reads[CACHE_MISS] - before->reads[CACHE_MISS];

	return percent((double)hits, (double)(hits + misses));
}

/* The first field of statm is the whole size, the second what is resident: proc(5). */
static double resident_mib(void)
{
	char text[128] = "";
	AUTO_FD int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	unsigned long pages;

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || sscanf(text, "%*u %lu", &pages) != 1)
		return NAN;
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / MIB;
}

static void put_rates(struct dashboard *dashboard, const struct counters *now, double *values)
{
	const struct counters *before = &dashboard->before;
	double seconds = (double)(now->at_ns - before->at_ns) / (double)NS_PER_S;

	values[REQUESTS] = (double)(now->requests - before->requests) / seconds;
	values[ERRORS_5XX] = (double)(now->errors_5xx - before->errors_5xx) / seconds;
	values[ERRORS_4XX] = (double)(now->errors_4xx - before->errors_4xx) / seconds;
	for (size_t i = 0; i < MODEL_TYPE_COUNT; i++)
		values[PREDICTIONS + i] =
			(double)(now->predictions[i] - before->predictions[i]) / seconds;
	values[CPU_PROCESS] = percent((double)(now->cpu_ns - before->cpu_ns) / (double)NS_PER_S,
				      seconds * dashboard->cores);
	values[CPU_MACHINE] = percent(now->machine.busy_s - before->machine.busy_s,
				      now->machine.total_s - before->machine.total_s);
	values[CACHE_HITS] = hit_percent(&before->cache, &now->cache);
	values[CACHE_HITS_ALL] = hit_percent(&(struct cache_stats){0}, &now->cache);
}

static void put_state(struct dashboard *dashboard, double *values)
{
	static const double quantiles[] = {0.5, 0.95, 0.99};
	struct api *api = dashboard->api;
	struct pool_stats pool;

	durations_read(&api->durations, &dashboard->durations);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		values[P50 + i] = durations_quantile_ns(&dashboard->durations, quantiles[i]) /
				  (double)NS_PER_MS;
	values[UNDER_WAY] = web_under_way(api->server);
	values[CONNECTIONS] = web_connections(api->server);
	values[MEMORY] = resident_mib();
	store_read_stats(api->store, &pool);
	values[POOL_IN_USE] = pool.in_use;
	values[POOL_WAITING] = pool.waiters;
	if (dashboard->ticks++ % CACHE_MEMORY_TICKS == 0)
		dashboard->cache_memory_mib = vitals_cache_memory_bytes(api) / MIB;
	values[CACHE_MEMORY] = dashboard->cache_memory_mib;
}

static void tick(struct dashboard *dashboard)
{
	struct web_server *server = dashboard->api->server;
	AUTO(strbuf) struct strbuf text = {0};
	struct counters now;
	double values[SERIES_COUNT];

	read_counters(dashboard->api, &now);
	put_rates(dashboard, &now, values);
	put_state(dashboard, values);
	dashboard->before = now;
	ring_add(dashboard->ring, clock_wall_ns(), values);
	if (!web_listeners(server, &dashboard_socket))
		return;
	ring_put_latest(dashboard->ring, &text);
	web_publish(server, &dashboard_socket, strbuf_text(&text), text.length);
}

/* -- its thread -- */

static void *run(void *arg)
{
	struct dashboard *dashboard = arg;
	const int64_t interval_ns = RING_INTERVAL_MS * NS_PER_MS;
	int64_t due_ns = clock_now_ns();

	pthread_mutex_lock(&dashboard->lock);
	while (!dashboard->stop) {
		int64_t now_ns = clock_now_ns();
		struct timespec at;

		if (now_ns >= due_ns + interval_ns) {
			/* Later by more than a second: those are lost, and not made up for. */
			due_ns = now_ns - (now_ns - due_ns) % interval_ns;
			pthread_mutex_unlock(&dashboard->lock);
			tick(dashboard);
			pthread_mutex_lock(&dashboard->lock);
			continue;
		}
		at = (struct timespec){.tv_sec = (due_ns + interval_ns) / NS_PER_S,
				       .tv_nsec = (due_ns + interval_ns) % NS_PER_S};
		pthread_cond_timedwait(&dashboard->changed, &dashboard->lock, &at);
	}
	pthread_mutex_unlock(&dashboard->lock);
	return NULL;
}

/* Where the bounds of CPU and memory come from is part of what they mean. */
static void tell_machine(struct dashboard *dashboard)
{
	struct machine machine;
	double host_bytes = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	bool limited;

	machine_read(&machine);
	limited = (double)machine.memory_bytes < 0.98 * host_bytes;
	dashboard->cores = machine.quota_cores > 0 ? machine.quota_cores : machine.cores;
	snprintf(dashboard->texts[0], FACT_SIZE, "%.3g %s (%s)", dashboard->cores,
		 dashboard->cores > 1 ? "cores" : "core",
		 machine.quota_cores > 0 ? "cgroup quota" : "host");
	snprintf(dashboard->texts[1], FACT_SIZE, "%.1f GiB (%s)",
		 (double)machine.memory_bytes / MIB / 1024, limited ? "cgroup limit" : "host");
	dashboard->facts[0] = (struct ring_fact){"CPU", dashboard->texts[0]};
	dashboard->facts[1] = (struct ring_fact){"Memory", dashboard->texts[1]};
	dashboard->rows[MEMORY].limit = (double)machine.memory_bytes / MIB;
}

static void tell_services(struct dashboard *dashboard)
{
	struct pool_stats pool;
	char now[CLOCK_RFC3339_SIZE];

	store_read_stats(dashboard->api->store, &pool);
	dashboard->rows[POOL_IN_USE].limit = pool.size + pool.overflow;
	snprintf(dashboard->texts[2], FACT_SIZE, "%u connections, %u more when needed", pool.size,
		 pool.overflow);
	clock_format_rfc3339(clock_wall_ns(), now);
	snprintf(dashboard->texts[3], FACT_SIZE, "%.10s %.8s UTC", now, now + sizeof "2026-01-31");
	dashboard->facts[2] = (struct ring_fact){"Database pool", dashboard->texts[2]};
	dashboard->facts[3] = (struct ring_fact){"Started", dashboard->texts[3]};
}

struct dashboard *dashboard_new(struct api *api)
{
	struct dashboard *dashboard = xcalloc(1, sizeof *dashboard);
	struct ring_options options = {.title = "perfgate reference API",
				       .series = dashboard->rows,
				       .series_count = SERIES_COUNT,
				       .facts = dashboard->facts,
				       .fact_count = FACTS};
	pthread_condattr_t attributes;

	dashboard->api = api;
	for (size_t i = 0; i < SERIES_COUNT; i++)
		dashboard->rows[i] = rows[i];
	tell_machine(dashboard);
	tell_services(dashboard);
	dashboard->ring = ring_new(&options);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&dashboard->lock, NULL);
	pthread_cond_init(&dashboard->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return dashboard;
}

void dashboard_run(struct dashboard *dashboard)
{
	sigset_t all, before;

	read_counters(dashboard->api, &dashboard->before);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	dashboard->running = pthread_create(&dashboard->thread, NULL, run, dashboard) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!dashboard->running)
		error_out_of_memory();
}

void dashboard_stop(struct dashboard *dashboard)
{
	if (!dashboard->running)
		return;
	pthread_mutex_lock(&dashboard->lock);
	dashboard->stop = true;
	pthread_cond_signal(&dashboard->changed);
	pthread_mutex_unlock(&dashboard->lock);
	pthread_join(dashboard->thread, NULL);
	dashboard->running = false;
}

void dashboard_free(struct dashboard *dashboard)
{
	ring_free(dashboard->ring);
	pthread_mutex_destroy(&dashboard->lock);
	pthread_cond_destroy(&dashboard->changed);
	free(dashboard);
}
