#include "perfgate/load/collect.h"

#include "perfgate/base/clock.h"
#include "perfgate/load/server_timing.h"

#include <math.h>
#include <string.h>

/* Apart from the streams of the users, which count from 1. */
#define SAMPLE_STREAM UINT64_C(0x73616d706c65)

void collect_init(struct collector *collector, const struct suite *suite,
		  struct scenario_result *result, struct arena *arena, uint64_t seed)
{
	memset(collector, 0, sizeof *collector);
	collector->result = result;
	collector->arena = arena;
	rng_seed(&collector->rng, seed, SAMPLE_STREAM);
	collector->warmup_latency = histogram_new();
	collector->interval_latency = histogram_new();
	result->endpoints = xcalloc(suite->n_endpoints + 1, sizeof *result->endpoints);
	result->n_endpoints = suite->n_endpoints;
	for (size_t i = 0; i < suite->n_endpoints; i++)
		endpoint_result_init(&result->endpoints[i],
				     arena_strdup(arena, suite->endpoint_names[i]));
	endpoint_result_init(&result->total, "total");
	result->samples = xcalloc(COLLECT_SAMPLES_MAX, sizeof *result->samples);
}

void collect_release(struct collector *collector)
{
	histogram_free(collector->warmup_latency);
	histogram_free(collector->interval_latency);
	collector->warmup_latency = collector->interval_latency = NULL;
}

void collect_begin(struct collector *collector, int64_t begin_ns, int64_t warmup_end_ns,
		   int64_t send_end_ns)
{
	collector->begin_ns = collector->interval_begin_ns = begin_ns;
	collector->warmup_end_ns = warmup_end_ns;
	collector->send_end_ns = send_end_ns;
	collector->wall_offset_ns = clock_wall_ns() - clock_now_ns();
}

bool collect_judges(const struct collector *collector, int64_t start_ns)
{
	return start_ns >= collector->warmup_end_ns;
}

static bool in_window(const struct collector *collector, int64_t at_ns)
{
	return at_ns >= collector->warmup_end_ns && at_ns <= collector->send_end_ns;
}

void collect_started(struct collector *collector, int64_t start_ns)
{
	collector->sent_in_window += in_window(collector, start_ns);
}

/* The histogram of a part, NULL when there are too many names or this one is too long. */
static struct histogram *timing_histogram(struct collector *collector,
					  struct endpoint_result *endpoint, const char *name,
					  size_t length)
{
	for (size_t i = 0; i < endpoint->n_timings; i++) {
		const char *known = endpoint->timings[i].name;
		if (strlen(known) == length && memcmp(known, name, length) == 0)
			return endpoint->timings[i].histogram;
	}
	if (endpoint->n_timings == COLLECT_TIMINGS_MAX || length > COLLECT_TIMING_NAME_MAX)
		return NULL;
	if (!endpoint->timings)
		endpoint->timings = xcalloc(COLLECT_TIMINGS_MAX, sizeof *endpoint->timings);
	struct timing_part *part = &endpoint->timings[endpoint->n_timings++];
	part->name = arena_strndup(collector->arena, name, length);
	part->histogram = histogram_new();
	return part->histogram;
}

static void add_lookups(struct collector *collector, size_t index, int64_t start_ns,
			struct cache_lookups lookups)
{
	collector->interval.cache_hits += lookups.hits;
	collector->interval.cache_misses += lookups.misses;
	if (!collect_judges(collector, start_ns)) {
		collector->warmup_hits += lookups.hits;
		collector->warmup_misses += lookups.misses;
		return;
	}
	struct endpoint_result *endpoint = &collector->result->endpoints[index];
	struct endpoint_result *total = &collector->result->total;
	endpoint->cache_hits += lookups.hits;
	endpoint->cache_misses += lookups.misses;
	total->cache_hits += lookups.hits;
	total->cache_misses += lookups.misses;
}

void collect_head(struct collector *collector, size_t index, int64_t start_ns,
		  const struct http1_head *head)
{
	struct endpoint_result *endpoint = &collector->result->endpoints[index];
	struct server_timing timing;
	struct cache_lookups sum = {0};
	for (size_t i = 0; i < head->n_server_timing; i++) {
		struct http1_field rest = head->server_timing[i];
		while (server_timing_next(&rest, &timing)) {
			struct cache_lookups lookups = server_timing_lookups(&timing);
			sum.hits += lookups.hits;
			sum.misses += lookups.misses;
			if (isnan(timing.duration_ms) || !collect_judges(collector, start_ns))
				continue;
			struct histogram *histogram =
				timing_histogram(collector, endpoint, timing.name.text,
						 timing.name.length);
			if (histogram)
				histogram_record(histogram, (uint64_t)(timing.duration_ms *
								       (double)NS_PER_MS));
		}
	}
	if (sum.hits + sum.misses == 0 && head->x_cache.text)
		sum = x_cache_lookups(head->x_cache);
	add_lookups(collector, index, start_ns, sum);
}

/* Uniform sample of unknown total (Vitter 1985, algorithm R). */
static void sample(struct collector *collector, const struct finished_request *request)
{
	struct scenario_result *result = collector->result;
	uint64_t seen = result->total.requests; /* this one included */
	size_t place = result->n_samples;
	if (place < COLLECT_SAMPLES_MAX) {
		result->n_samples++;
	} else {
		uint64_t drawn = rng_below(&collector->rng, seen);
		if (drawn >= COLLECT_SAMPLES_MAX)
			return;
		place = (size_t)drawn;
	}
	result->samples[place] = (struct request_sample){
		.wall_ms = (request->start_ns + collector->wall_offset_ns) / NS_PER_MS,
		.elapsed_ms = (double)(request->end_ns - request->start_ns) / (double)NS_PER_MS,
		.endpoint = (uint32_t)request->endpoint,
		.status = request->status,
		.outcome = request->outcome,
		.bytes = request->bytes_received,
	};
}

static uint64_t latency_of(const struct finished_request *request)
{
	int64_t ns = request->end_ns - request->start_ns;
	return ns > 0 ? (uint64_t)ns : 0;
}

static uint64_t service_of(const struct finished_request *request)
{
	int64_t from_ns = request->send_ns > 0 ? request->send_ns : request->start_ns;
	return request->end_ns > from_ns ? (uint64_t)(request->end_ns - from_ns) : 0;
}

static void count(struct endpoint_result *result, const struct finished_request *request)
{
	result->requests++;
	result->classes[request->outcome]++;
	result->bytes_received += request->bytes_received;
	result->bytes_sent += request->bytes_sent;
}

static void judge(struct collector *collector, const struct finished_request *request, bool timed)
{
	struct endpoint_result *endpoint = &collector->result->endpoints[request->endpoint];
	struct endpoint_result *total = &collector->result->total;
	count(endpoint, request);
	count(total, request);
	if (timed) {
		histogram_record(endpoint->latency, latency_of(request));
		histogram_record(total->latency, latency_of(request));
		histogram_record(endpoint->service, service_of(request));
		histogram_record(total->service, service_of(request));
	}
	if (request->outcome != CLASS_OK && !endpoint->first_failure) {
		const char *why =
			request->why ? request->why : request_class_names[request->outcome];
		endpoint->first_failure = arena_strdup(collector->arena, why);
		if (!total->first_failure)
			total->first_failure =
				arena_printf(collector->arena, "%s: %s", endpoint->name, why);
	}
	sample(collector, request);
}

void collect_finished(struct collector *collector, const struct finished_request *request)
{
	bool failed = request->outcome != CLASS_OK;
	bool timed = !failed || request->outcome == CLASS_TIMEOUT;
	collector->requests++;
	collector->errors += failed;
	collector->interval.requests++;
	collector->interval.errors += failed;
	if (timed)
		histogram_record(collector->interval_latency, latency_of(request));
	collector->ok_in_window += !failed && in_window(collector, request->end_ns);
	if (collect_judges(collector, request->start_ns))
		judge(collector, request, timed);
	else if (timed)
		histogram_record(collector->warmup_latency, latency_of(request));
}

static double quantile_ms(const struct histogram *histogram, double quantile)
{
	if (histogram_count(histogram) == 0)
		return NAN;
	return (double)histogram_quantile_ns(histogram, quantile) / (double)NS_PER_MS;
}

void collect_interval(struct collector *collector, int64_t now_ns, uint32_t users,
		      bool only_if_used)
{
	struct scenario_result *result = collector->result;
	struct interval *interval = &collector->interval;
	if (!only_if_used || interval->requests > 0) {
		interval->t_s = (double)(collector->interval_begin_ns - collector->begin_ns) /
				(double)NS_PER_S;
		interval->warmup = collector->interval_begin_ns < collector->warmup_end_ns;
		interval->users = users;
		interval->p50_ms = quantile_ms(collector->interval_latency, 0.50);
		interval->p95_ms = quantile_ms(collector->interval_latency, 0.95);
		interval->p99_ms = quantile_ms(collector->interval_latency, 0.99);
		if (!only_if_used)
			collector->last_second = interval->requests;
		*VEC_PUSH(result->series, result->n_series, collector->series_capacity) = *interval;
	}
	memset(interval, 0, sizeof *interval);
	histogram_clear(collector->interval_latency);
	collector->interval_begin_ns = now_ns;
}

static void merge_timings(struct collector *collector)
{
	struct scenario_result *result = collector->result;
	for (size_t i = 0; i < result->n_endpoints; i++) {
		for (size_t k = 0; k < result->endpoints[i].n_timings; k++) {
			const struct timing_part *part = &result->endpoints[i].timings[k];
			struct histogram *into = timing_histogram(collector, &result->total,
								  part->name, strlen(part->name));
			if (into)
				histogram_merge(into, part->histogram);
		}
	}
}

void collect_end(struct collector *collector)
{
	struct scenario_result *result = collector->result;
	merge_timings(collector);
	int64_t window_ns = collector->send_end_ns - collector->warmup_end_ns;
	result->judged_s = window_ns > 0 ? (double)window_ns / (double)NS_PER_S : 0;
	if (!(result->judged_s > 0))
		return;
	result->offered_rps = (double)collector->sent_in_window / result->judged_s;
	result->throughput_rps = (double)collector->ok_in_window / result->judged_s;
}

void collect_progress(const struct collector *collector, int64_t now_ns, struct load_progress *out)
{
	const struct scenario_result *result = collector->result;
	bool warmup = now_ns < collector->warmup_end_ns;
	const struct histogram *latency =
		warmup ? collector->warmup_latency : result->total.latency;
	double hits = (double)(warmup ? collector->warmup_hits : result->total.cache_hits);
	double misses = (double)(warmup ? collector->warmup_misses : result->total.cache_misses);
	out->elapsed_s = (double)(now_ns - collector->begin_ns) / (double)NS_PER_S;
	out->warmup = warmup;
	out->requests = collector->requests;
	out->errors = collector->errors;
	out->p50_ms = quantile_ms(latency, 0.50);
	out->p95_ms = quantile_ms(latency, 0.95);
	out->p99_ms = quantile_ms(latency, 0.99);
	out->hit_rate = hits + misses > 0 ? hits / (hits + misses) : NAN;
	out->rps = (double)collector->last_second;
}
