#include "perfgate/results/codec_parts.h"

#include "perfgate/base/clock.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Milliseconds and rates keep six significant digits: a histogram has three. */
#define DIGITS 6
/* Rates are figured again from these: a stored result must print what the run printed. */
#define RATE_DIGITS 12
#define MAX_ENDPOINTS 10000
#define MAX_TIMINGS 64
#define MAX_SERIES (7 * 24 * 3600)

const char *codec_string(struct run *run, const json_t *object, const char *key)
{
	const char *text = extjson_get_string(object, key, NULL);

	return text ? arena_strdup(&run->arena, text) : NULL;
}

json_t *codec_u64(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, value);
	return extjson_string(text);
}

static json_t *encode_percentiles(const struct histogram *histogram, double unit_ns)
{
	static const struct {
		const char *name;
		double quantile;
	} points[] = {{"p50", .5}, {"p95", .95}, {"p99", .99}};
	json_t *out = extjson_object();
	bool empty = !histogram || histogram_count(histogram) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		double ns =
			empty ? NAN : (double)histogram_quantile_ns(histogram, points[i].quantile);

		extjson_set(out, points[i].name, extjson_rounded(ns / unit_ns, DIGITS));
	}
	extjson_set(out, "max",
		    extjson_rounded(empty ? NAN : (double)histogram_max_ns(histogram) / unit_ns,
				    DIGITS));
	extjson_set(out, "mean",
		    extjson_rounded(empty ? NAN : histogram_mean_ns(histogram) / unit_ns, DIGITS));
	return out;
}

static json_t *encode_histogram(const struct histogram *histogram)
{
	AUTO(strbuf) struct strbuf text = {0};

	if (!histogram)
		return json_null();
	histogram_encode(histogram, &text);
	return extjson_string(strbuf_text(&text));
}

/* What the payload rounds to bucket edges: [min, max, mean] in ns. */
static json_t *encode_exact(const struct histogram *histogram)
{
	json_t *out = extjson_array();

	if (!histogram)
		return out;
	extjson_append(out, extjson_integer((int64_t)histogram_min_ns(histogram)));
	extjson_append(out, extjson_integer((int64_t)histogram_max_ns(histogram)));
	extjson_append(out, extjson_real(histogram_mean_ns(histogram)));
	return out;
}

/* Members KEY (the payload) and KEY_exact. */
void codec_set_histogram(json_t *object, const char *key, const struct histogram *histogram)
{
	AUTO_FREE char *exact = xasprintf("%s_exact", key);

	extjson_set(object, key, encode_histogram(histogram));
	extjson_set(object, exact, encode_exact(histogram));
}

static json_t *encode_timings(const struct endpoint_result *endpoint)
{
	json_t *out = extjson_object();

	for (size_t i = 0; i < endpoint->n_timings; i++) {
		const struct timing_part *part = &endpoint->timings[i];
		json_t *value = encode_percentiles(part->histogram, (double)NS_PER_MS);

		extjson_set(value, "n", extjson_integer((int64_t)histogram_count(part->histogram)));
		codec_set_histogram(value, "histogram", part->histogram);
		extjson_set(out, part->name, value);
	}
	return out;
}

static json_t *encode_cache(const struct endpoint_result *endpoint)
{
	json_t *out = extjson_object();
	uint64_t lookups = endpoint->cache_hits + endpoint->cache_misses;

	extjson_set(out, "hits", extjson_integer((int64_t)endpoint->cache_hits));
	extjson_set(out, "misses", extjson_integer((int64_t)endpoint->cache_misses));
	extjson_set(out, "hit_rate",
		    extjson_rounded(lookups ? (double)endpoint->cache_hits / (double)lookups : NAN,
				    DIGITS));
	return out;
}

static json_t *encode_endpoint(const struct endpoint_result *endpoint)
{
	json_t *out = extjson_object();
	json_t *classes = extjson_object();

	for (int i = 0; i < CLASS_COUNT; i++)
		if (endpoint->classes[i] || i == CLASS_OK)
			extjson_set(classes, request_class_names[i],
				    extjson_integer((int64_t)endpoint->classes[i]));
	extjson_set(out, "name", extjson_string(endpoint->name));
	extjson_set(out, "requests", extjson_integer((int64_t)endpoint->requests));
	extjson_set(out, "classes", classes);
	extjson_set(out, "bytes_received", extjson_integer((int64_t)endpoint->bytes_received));
	extjson_set(out, "bytes_sent", extjson_integer((int64_t)endpoint->bytes_sent));
	extjson_set(out, "latency_ms", encode_percentiles(endpoint->latency, (double)NS_PER_MS));
	extjson_set(out, "service_ms", encode_percentiles(endpoint->service, (double)NS_PER_MS));
	codec_set_histogram(out, "histogram", endpoint->latency);
	codec_set_histogram(out, "service_histogram", endpoint->service);
	extjson_set(out, "server_timing_ms", encode_timings(endpoint));
	extjson_set(out, "cache", encode_cache(endpoint));
	extjson_set(out, "first_failure", extjson_string(endpoint->first_failure));
	return out;
}

static json_t *encode_interval(const struct interval *interval)
{
	json_t *out = extjson_object();

	extjson_set(out, "t_s", extjson_rounded(interval->t_s, DIGITS));
	extjson_set(out, "warmup", json_boolean(interval->warmup));
	extjson_set(out, "users", extjson_integer(interval->users));
	extjson_set(out, "requests", extjson_integer((int64_t)interval->requests));
	extjson_set(out, "errors", extjson_integer((int64_t)interval->errors));
	extjson_set(out, "p50_ms", extjson_rounded(interval->p50_ms, DIGITS));
	extjson_set(out, "p95_ms", extjson_rounded(interval->p95_ms, DIGITS));
	extjson_set(out, "p99_ms", extjson_rounded(interval->p99_ms, DIGITS));
	extjson_set(out, "cache_hits", extjson_integer((int64_t)interval->cache_hits));
	extjson_set(out, "cache_misses", extjson_integer((int64_t)interval->cache_misses));
	if (interval->rss_bytes > 0)
		extjson_set(out, "rss_bytes", extjson_real(interval->rss_bytes));
	return out;
}

static const char *const invalid_names[] = {
	[INVALID_NOT] = NULL, [INVALID_OURS] = "generator", [INVALID_MACHINE] = "machine"};

static json_t *encode_generator(const struct generator_health *health)
{
	json_t *out = extjson_object();

	extjson_set(out, "valid", json_boolean(health->invalid == INVALID_NOT));
	extjson_set(out, "invalid_by", extjson_string(invalid_names[health->invalid]));
	extjson_set(out, "reason", extjson_string(health->invalid_reason));
	extjson_set(out, "limited", json_boolean(health->limited));
	extjson_set(out, "cpu_percent", extjson_rounded(health->cpu_percent, DIGITS));
	extjson_set(out, "scheduling_delay_us",
		    encode_percentiles(health->scheduling_delay, (double)NS_PER_US));
	codec_set_histogram(out, "scheduling_delay_histogram", health->scheduling_delay);
	extjson_set(out, "max_stall_ms", extjson_rounded(health->max_stall_ms, DIGITS));
	extjson_set(out, "steal_percent", extjson_rounded(health->steal_percent, DIGITS));
	extjson_set(out, "throttled_percent", extjson_rounded(health->throttled_percent, DIGITS));
	extjson_set(out, "pressure_percent", extjson_rounded(health->pressure_percent, DIGITS));
	extjson_set(out, "reconnects", extjson_integer((int64_t)health->reconnects));
	extjson_set(out, "censored", extjson_integer((int64_t)health->censored));
	if (health->unsent > 0)
		extjson_set(out, "unsent", extjson_integer((int64_t)health->unsent));
	return out;
}

static json_t *encode_target(const struct target_health *target)
{
	json_t *out = extjson_object();

	extjson_set(out, "cpu_percent", extjson_rounded(target->cpu_percent, DIGITS));
	extjson_set(out, "rss_max_bytes", extjson_real(target->rss_max_bytes));
	return out;
}

json_t *codec_encode_scenario(const struct scenario_result *scenario)
{
	json_t *out = extjson_object();
	json_t *endpoints = extjson_array();
	json_t *series = extjson_array();

	extjson_set(out, "name", extjson_string(scenario->name));
	extjson_set(out, "purpose", extjson_string(scenario->purpose));
	extjson_set(out, "follows", extjson_string(scenario->follows));
	extjson_set(out, "suite_digest", extjson_string(scenario->suite_digest));
	extjson_set(out, "users", extjson_integer(scenario->users));
	extjson_set(out, "model", extjson_string(scenario->open ? "open" : "closed"));
	if (scenario->workers > 0)
		extjson_set(out, "workers", extjson_integer(scenario->workers));
	extjson_set(out, "duration_s", extjson_real(scenario->duration_s));
	extjson_set(out, "warmup_s", extjson_real(scenario->warmup_s));
	extjson_set(out, "judged_s", extjson_rounded(scenario->judged_s, RATE_DIGITS));
	extjson_set(out, "planned_rps", extjson_rounded(scenario->planned_rps, RATE_DIGITS));
	extjson_set(out, "offered_rps", extjson_rounded(scenario->offered_rps, RATE_DIGITS));
	extjson_set(out, "throughput_rps", extjson_rounded(scenario->throughput_rps, RATE_DIGITS));
	if (scenario->speed_ms > 0)
		extjson_set(out, "speed_ms", extjson_rounded(scenario->speed_ms, DIGITS));
	extjson_set(out, "interrupted", json_boolean(scenario->interrupted));
	if (scenario->aborted)
		extjson_set(out, "aborted", extjson_string(scenario->aborted));
	extjson_set(out, "left_out", extjson_string(scenario->left_out));
	for (size_t i = 0; i < scenario->n_endpoints; i++)
		extjson_append(endpoints, encode_endpoint(&scenario->endpoints[i]));
	extjson_set(out, "endpoints", endpoints);
	extjson_set(out, "total", encode_endpoint(&scenario->total));
	for (size_t i = 0; i < scenario->n_series; i++)
		extjson_append(series, encode_interval(&scenario->series[i]));
	extjson_set(out, "series", series);
	extjson_set(out, "generator", encode_generator(&scenario->generator));
	extjson_set(out, "target", encode_target(&scenario->target));
	extjson_set(out, "cache", encode_cache(&scenario->total));
	return out;
}

uint64_t codec_count(const json_t *object, const char *key)
{
	int64_t value = extjson_get_integer(object, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

int codec_get_histogram(const json_t *object, const char *key, struct histogram **out,
			struct error *err)
{
	const char *text = extjson_get_string(object, key, NULL);
	AUTO_FREE char *exact_key = xasprintf("%s_exact", key);
	const json_t *exact = json_object_get(object, exact_key);
	struct histogram *histogram;

	if (!text)
		return 0;
	if (histogram_decode(text, &histogram, err))
		return error_wrap(err, "%s", key);
	histogram_restore_exact(histogram, (uint64_t)json_integer_value(json_array_get(exact, 0)),
				(uint64_t)json_integer_value(json_array_get(exact, 1)),
				json_number_value(json_array_get(exact, 2)));
	histogram_free(*out);
	*out = histogram;
	return 0;
}

static int decode_timings(struct run *run, const json_t *json, struct endpoint_result *out,
			  struct error *err)
{
	size_t count = json_object_size(json);
	const char *name;
	json_t *value;

	if (count > MAX_TIMINGS)
		return error_set(err, ERROR_USAGE, "more than %d server timings", MAX_TIMINGS);
	out->timings = xcalloc(count ? count : 1, sizeof *out->timings);
	json_object_foreach ((json_t *)(uintptr_t)json, name, value) {
		struct timing_part *part = &out->timings[out->n_timings];

		part->histogram = histogram_new();
		part->name = arena_strdup(&run->arena, name);
		out->n_timings++;
		if (codec_get_histogram(value, "histogram", &part->histogram, err))
			return error_wrap(err, "%s", name);
	}
	return 0;
}

static int decode_endpoint(struct run *run, const json_t *json, struct endpoint_result *out,
			   struct error *err)
{
	const json_t *classes = json_object_get(json, "classes");
	const json_t *cache = json_object_get(json, "cache");
	const char *name = codec_string(run, json, "name");

	if (!name)
		return error_set(err, ERROR_USAGE, "an endpoint has no name");
	endpoint_result_init(out, name);
	for (int i = 0; i < CLASS_COUNT; i++) {
		out->classes[i] = codec_count(classes, request_class_names[i]);
		out->requests += out->classes[i];
	}
	if (out->requests != codec_count(json, "requests"))
		return error_set(err, ERROR_USAGE, "%s: requests is not the sum of its classes",
				 name);
	out->bytes_received = codec_count(json, "bytes_received");
	out->bytes_sent = codec_count(json, "bytes_sent");
	out->cache_hits = codec_count(cache, "hits");
	out->cache_misses = codec_count(cache, "misses");
	out->first_failure = codec_string(run, json, "first_failure");
	if (codec_get_histogram(json, "histogram", &out->latency, err) ||
	    codec_get_histogram(json, "service_histogram", &out->service, err) ||
	    decode_timings(run, json_object_get(json, "server_timing_ms"), out, err))
		return error_wrap(err, "%s", name);
	return 0;
}

static int decode_endpoints(struct run *run, const json_t *json, struct scenario_result *out,
			    struct error *err)
{
	size_t count = json_array_size(json);

	if (count > MAX_ENDPOINTS)
		return error_set(err, ERROR_USAGE, "more than %d endpoints", MAX_ENDPOINTS);
	out->endpoints = xcalloc(count ? count : 1, sizeof *out->endpoints);
	for (size_t i = 0; i < count; i++) {
		out->n_endpoints++;
		if (decode_endpoint(run, json_array_get(json, i), &out->endpoints[i], err))
			return -1;
	}
	return 0;
}

static int decode_series(const json_t *json, struct scenario_result *out, struct error *err)
{
	size_t count = json_array_size(json);

	if (count > MAX_SERIES)
		return error_set(err, ERROR_USAGE, "series: more than %d intervals", MAX_SERIES);
	out->series = xcalloc(count ? count : 1, sizeof *out->series);
	out->n_series = count;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(json, i);
		struct interval *interval = &out->series[i];

		interval->t_s = extjson_get_number(item, "t_s", (double)i);
		interval->warmup = extjson_get_bool(item, "warmup", false);
		interval->users = (uint32_t)codec_count(item, "users");
		interval->requests = codec_count(item, "requests");
		interval->errors = codec_count(item, "errors");
		interval->p50_ms = extjson_get_number(item, "p50_ms", NAN);
		interval->p95_ms = extjson_get_number(item, "p95_ms", NAN);
		interval->p99_ms = extjson_get_number(item, "p99_ms", NAN);
		interval->cache_hits = codec_count(item, "cache_hits");
		interval->cache_misses = codec_count(item, "cache_misses");
		interval->rss_bytes = extjson_get_number(item, "rss_bytes", 0);
	}
	return 0;
}

static int decode_generator(struct run *run, const json_t *json, struct generator_health *out,
			    struct error *err)
{
	const char *by = extjson_get_string(json, "invalid_by", NULL);

	for (int i = INVALID_OURS; by && i <= INVALID_MACHINE; i++)
		if (text_equal(by, invalid_names[i]))
			out->invalid = (enum invalid_by)i;
	out->invalid_reason = codec_string(run, json, "reason");
	out->limited = extjson_get_bool(json, "limited", false);
	out->cpu_percent = extjson_get_number(json, "cpu_percent", NAN);
	out->max_stall_ms = extjson_get_number(json, "max_stall_ms", NAN);
	out->steal_percent = extjson_get_number(json, "steal_percent", NAN);
	out->throttled_percent = extjson_get_number(json, "throttled_percent", NAN);
	out->pressure_percent = extjson_get_number(json, "pressure_percent", NAN);
	out->reconnects = codec_count(json, "reconnects");
	out->censored = codec_count(json, "censored");
	out->unsent = codec_count(json, "unsent");
	out->scheduling_delay = histogram_new();
	return codec_get_histogram(json, "scheduling_delay_histogram", &out->scheduling_delay, err);
}

int codec_decode_scenario(struct run *run, const json_t *json, struct error *err)
{
	struct scenario_result *out = run_add_scenario(run);
	const json_t *target = json_object_get(json, "target");

	out->name = codec_string(run, json, "name");
	if (!out->name)
		return error_set(err, ERROR_USAGE, "a scenario has no name");
	out->purpose = codec_string(run, json, "purpose");
	out->follows = codec_string(run, json, "follows");
	out->suite_digest = codec_string(run, json, "suite_digest");
	out->users = (uint32_t)codec_count(json, "users");
	out->open = text_equal(extjson_get_string(json, "model", "closed"), "open");
	out->workers = (uint32_t)codec_count(json, "workers");
	out->duration_s = extjson_get_number(json, "duration_s", NAN);
	out->warmup_s = extjson_get_number(json, "warmup_s", NAN);
	out->judged_s = extjson_get_number(json, "judged_s", NAN);
	out->planned_rps = extjson_get_number(json, "planned_rps", NAN);
	out->offered_rps = extjson_get_number(json, "offered_rps", NAN);
	out->throughput_rps = extjson_get_number(json, "throughput_rps", NAN);
	out->speed_ms = extjson_get_number(json, "speed_ms", 0);
	out->interrupted = extjson_get_bool(json, "interrupted", false);
	out->aborted = codec_string(run, json, "aborted");
	out->left_out = codec_string(run, json, "left_out");
	out->target.cpu_percent = extjson_get_number(target, "cpu_percent", NAN);
	out->target.rss_max_bytes = extjson_get_number(target, "rss_max_bytes", NAN);
	if (decode_endpoints(run, json_object_get(json, "endpoints"), out, err) ||
	    decode_endpoint(run, json_object_get(json, "total"), &out->total, err) ||
	    decode_series(json_object_get(json, "series"), out, err) ||
	    decode_generator(run, json_object_get(json, "generator"), &out->generator, err))
		return error_wrap(err, "%s", out->name);
	return 0;
}
