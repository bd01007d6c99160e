#include "perfgate/load/collect.h"

#include "perfgate/base/clock.h"
#include "perfgate/load/server_timing.h"

#include <math.h>
#include <string.h>

/* Apart from the streams of the users, which count from 1. */
#define SAMPLE_STREAM UINT64_C(0x73616d706c65)

void collect_init(struct collector *collector, const struct suite *suite,
		  struct scenario_result *result, struct arena *arena, uint64_t seed,
		  uint64_t stream)
{
	memset(collector, 0, sizeof *collector);
	collector->result = result;
	collector->arena = arena;
	rng_seed(&collector->rng, seed, SAMPLE_STREAM + stream);
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
	histogram_free(TAKE(collector->interval_latency));
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

void collect_due(struct collector *collector, int64_t due_ns)
{
	collector->arrivals_due += in_window(collector, due_ns);
}

void collect_arrived(struct collector *collector, int64_t sent_ns)
{
	collector->arrivals_sent += in_window(collector, sent_ns);
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
	if (!collect_judges(collector, start_ns))
		return;
	struct endpoint_result *endpoint = &collector->result->endpoints[index];
	endpoint->cache_hits += lookups.hits;
	endpoint->cache_misses += lookups.misses;
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
	uint64_t seen = ++collector->judged;
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
	if (timed) {
		histogram_record(endpoint->latency, latency_of(request));
		histogram_record(endpoint->service, service_of(request));
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
	collector->interval.requests++;
	collector->interval.errors += failed;
	if (timed)
		histogram_record(collector->interval_latency, latency_of(request));
	collector->ok_in_window += !failed && in_window(collector, request->end_ns);
	if (collect_judges(collector, request->start_ns))
		judge(collector, request, timed);
}

void collect_second(struct collector *collector, int64_t now_ns, uint32_t users, struct second *out)
{
	struct interval *interval = &collector->interval;
	struct histogram *latency = collector->interval_latency;
	interval->t_s =
		(double)(collector->interval_begin_ns - collector->begin_ns) / (double)NS_PER_S;
	interval->warmup = collector->interval_begin_ns < collector->warmup_end_ns;
	interval->users = users;
	collector->interval_latency = out->latency;
	out->interval = *interval;
	out->latency = latency;
	memset(interval, 0, sizeof *interval);
	collector->interval_begin_ns = now_ns;
}

/* ---- merging ---- */

static void merge_timings(struct collector *into, struct endpoint_result *to,
			  const struct endpoint_result *from)
{
	for (size_t i = 0; i < from->n_timings; i++) {
		const struct timing_part *part = &from->timings[i];
		struct histogram *histogram =
			timing_histogram(into, to, part->name, strlen(part->name));
		if (histogram)
			histogram_merge(histogram, part->histogram);
	}
}

static void merge_endpoint(struct collector *into, struct endpoint_result *to,
			   const struct endpoint_result *from)
{
	endpoint_result_add(to, from);
	to->bytes_received += from->bytes_received;
	to->bytes_sent += from->bytes_sent;
	histogram_merge(to->service, from->service);
	merge_timings(into, to, from);
	if (!to->first_failure && from->first_failure)
		to->first_failure = arena_strdup(into->arena, from->first_failure);
}

/* A random sample of what is left, without putting back. */
static struct request_sample draw(struct rng *rng, struct request_sample *pool, size_t *n)
{
	size_t at = (size_t)rng_below(rng, *n);
	struct request_sample drawn = pool[at];
	pool[at] = pool[--*n];
	return drawn;
}

/*
 * Each place goes to a side by how many requests that side still stands for: how many come
 * from each is then as in a sample of all of them (hypergeometric).
 */
static void merge_samples(struct collector *into, const struct collector *from)
{
	struct scenario_result *a = into->result;
	const struct scenario_result *b = from->result;
	size_t n_a = a->n_samples, n_b = b->n_samples, n = 0;
	uint64_t left_a = into->judged, left_b = from->judged;
	struct request_sample *pool_a = a->samples;
	struct request_sample *pool_b = xcalloc(n_b + 1, sizeof *pool_b);
	if (n_b > 0)
		memcpy(pool_b, b->samples, n_b * sizeof *pool_b);
	a->samples = xcalloc(COLLECT_SAMPLES_MAX, sizeof *a->samples);
	for (; n < COLLECT_SAMPLES_MAX && n_a + n_b > 0; n++) {
		bool from_a = rng_below(&into->rng, left_a + left_b) < left_a;
		a->samples[n] =
			from_a ? draw(&into->rng, pool_a, &n_a) : draw(&into->rng, pool_b, &n_b);
		*(from_a ? &left_a : &left_b) -= 1;
	}
	a->n_samples = n;
	free(pool_a);
	free(pool_b);
}

void collect_merge(struct collector *into, const struct collector *from)
{
	struct scenario_result *result = into->result;
	merge_samples(into, from);
	for (size_t i = 0; i < result->n_endpoints; i++)
		merge_endpoint(into, &result->endpoints[i], &from->result->endpoints[i]);
	if (!result->total.first_failure && from->result->total.first_failure)
		result->total.first_failure =
			arena_strdup(into->arena, from->result->total.first_failure);
	into->judged += from->judged;
	into->sent_in_window += from->sent_in_window;
	into->ok_in_window += from->ok_in_window;
	into->arrivals_due += from->arrivals_due;
	into->arrivals_sent += from->arrivals_sent;
	if (from->send_end_ns > into->send_end_ns)
		into->send_end_ns = from->send_end_ns;
}

void collect_end(struct collector *collector)
{
	struct scenario_result *result = collector->result;
	for (size_t i = 0; i < result->n_endpoints; i++)
		merge_endpoint(collector, &result->total, &result->endpoints[i]);
	int64_t window_ns = collector->send_end_ns - collector->warmup_end_ns;
	result->judged_s = window_ns > 0 ? (double)window_ns / (double)NS_PER_S : 0;
	bool any = result->judged_s > 0; /* stopped in the warm-up: no rate, not a rate of 0 */
	result->offered_rps = any ? (double)collector->sent_in_window / result->judged_s : NAN;
	result->throughput_rps = any ? (double)collector->ok_in_window / result->judged_s : NAN;
}
