#include "perfgate/results/ab_record.h"

#include "perfgate/base/clock.h"
#include "perfgate/results/codec_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)16 << 20)
#define MAX_ENDPOINTS 10000

enum { SIDES = 2 };

static const char *const side_names[SIDES] = {"base", "head"};

static void side_init(struct ab_side_record *side, size_t n_endpoints)
{
	side->endpoints = xcalloc(n_endpoints + 1, sizeof *side->endpoints);
	side->n_endpoints = n_endpoints;
	side->throughput_rps = NAN;
	endpoint_result_init(&side->total, "total");
}

void ab_record_init(struct ab_record *record, const char *const *endpoint_names, size_t n_endpoints)
{
	record->steal_percent = record->max_stall_ms = NAN;
	for (int s = 0; s < SIDES; s++) {
		side_init(&record->side[s], n_endpoints);
		for (size_t i = 0; i < n_endpoints; i++)
			endpoint_result_init(&record->side[s].endpoints[i],
					     arena_strdup(&record->arena, endpoint_names[i]));
	}
}

void ab_side_release(struct ab_side_record *side)
{
	/* What scenario_result_release() frees is all there is. */
	struct scenario_result owner = {.endpoints = side->endpoints,
					.n_endpoints = side->n_endpoints,
					.total = side->total};

	scenario_result_release(&owner);
}

void ab_record_release(struct ab_record *record)
{
	for (int s = 0; s < SIDES; s++)
		ab_side_release(&record->side[s]);
	arena_release(&record->arena);
	memset(record, 0, sizeof *record);
}

/* ---- figures ---- */

void ab_side_add(struct ab_side_record *side, const struct scenario_result *slot)
{
	for (size_t i = 0; i < side->n_endpoints; i++)
		endpoint_result_add(&side->endpoints[i], &slot->endpoints[i]);
	endpoint_result_add(&side->total, &slot->total);
}

void ab_side_merge(struct ab_side_record *into, const struct ab_side_record *from)
{
	for (size_t i = 0; i < into->n_endpoints; i++)
		endpoint_result_add(&into->endpoints[i], &from->endpoints[i]);
	endpoint_result_add(&into->total, &from->total);
}

uint64_t ab_side_figure(const struct ab_side_record *side, size_t endpoint, enum metric metric,
			double *out_value)
{
	bool total = endpoint == side->n_endpoints;
	const struct endpoint_result *result = total ? &side->total : &side->endpoints[endpoint];
	uint64_t n = 0;
	double value = NAN;

	if (metric == METRIC_THROUGHPUT) {
		value = total ? side->throughput_rps : NAN;
		n = isnan(value) ? 0 : side->throughput_requests;
	} else if (metric == METRIC_ERROR_RATE) {
		n = result->requests - result->classes[CLASS_CANCELLED];
		value = (double)endpoint_errors(result);
	} else if (metric == METRIC_CACHE_HIT_RATE) {
		n = result->cache_hits + result->cache_misses;
		value = (double)result->cache_hits;
	} else {
		n = histogram_count(result->latency);
		value = (double)histogram_quantile_ns(result->latency,
						      metric_table[metric].quantile) /
			(double)NS_PER_MS;
	}
	*out_value = n > 0 ? value : NAN;
	return n;
}

/* ---- JSON ---- */

static json_t *encode_endpoint(const struct endpoint_result *endpoint)
{
	json_t *out = extjson_object();
	json_t *classes = extjson_object();

	for (int i = 0; i < CLASS_COUNT; i++)
		if (endpoint->classes[i])
			extjson_set(classes, request_class_names[i],
				    extjson_integer((int64_t)endpoint->classes[i]));
	extjson_set(out, "name", extjson_string(endpoint->name));
	extjson_set(out, "classes", classes);
	extjson_set(out, "hits", extjson_integer((int64_t)endpoint->cache_hits));
	extjson_set(out, "misses", extjson_integer((int64_t)endpoint->cache_misses));
	codec_set_histogram(out, "histogram", endpoint->latency);
	return out;
}

static json_t *encode_side(const struct ab_side_record *side)
{
	json_t *out = extjson_object();
	json_t *endpoints = extjson_array();

	extjson_set(out, "throughput_rps", extjson_real(side->throughput_rps));
	extjson_set(out, "throughput_requests",
		    extjson_integer((int64_t)side->throughput_requests));
	for (size_t i = 0; i < side->n_endpoints; i++)
		extjson_append(endpoints, encode_endpoint(&side->endpoints[i]));
	extjson_set(out, "endpoints", endpoints);
	return out;
}

json_t *ab_record_encode(const struct ab_record *record)
{
	json_t *out = extjson_object();

	extjson_set(out, "schema", extjson_string(AB_RECORD_SCHEMA));
	extjson_set(out, "block", extjson_integer(record->block));
	extjson_set(out, "attempt", extjson_integer(record->attempt));
	extjson_set(out, "first", extjson_string(side_names[record->head_first]));
	extjson_set(out, "spoiled", extjson_string(record->spoiled));
	extjson_set(out, "seed", codec_u64(record->seed));
	extjson_set(out, "slot_s", extjson_real(record->slot_s));
	extjson_set(out, "started_ns", extjson_integer(record->started_wall_ns));
	extjson_set(out, "duration_s", extjson_rounded(record->duration_s, 6));
	extjson_set(out, "load_s", extjson_rounded(record->load_s, 6));
	extjson_set(out, "steal_percent", extjson_rounded(record->steal_percent, 4));
	extjson_set(out, "max_stall_ms", extjson_rounded(record->max_stall_ms, 4));
	for (int s = 0; s < SIDES; s++)
		extjson_set(out, side_names[s], encode_side(&record->side[s]));
	return out;
}

static int decode_endpoint(struct ab_record *record, const json_t *json,
			   struct endpoint_result *out, struct error *err)
{
	const char *name = extjson_get_string(json, "name", NULL);
	const json_t *classes = json_object_get(json, "classes");

	if (!name)
		return error_set(err, ERROR_USAGE, "an endpoint has no name");
	endpoint_result_init(out, arena_strdup(&record->arena, name));
	for (int i = 0; i < CLASS_COUNT; i++) {
		out->classes[i] = codec_count(classes, request_class_names[i]);
		out->requests += out->classes[i];
	}
	out->cache_hits = codec_count(json, "hits");
	out->cache_misses = codec_count(json, "misses");
	return codec_get_histogram(json, "histogram", &out->latency, err);
}

static int decode_side(struct ab_record *record, const json_t *json, struct ab_side_record *side,
		       struct error *err)
{
	const json_t *endpoints = json_object_get(json, "endpoints");
	size_t count = json_array_size(endpoints);

	if (!json_is_array(endpoints) || count > MAX_ENDPOINTS)
		return error_set(err, ERROR_USAGE, "endpoints: expected a list of at most %d",
				 MAX_ENDPOINTS);
	side_init(side, count);
	side->n_endpoints = 0;
	side->throughput_rps = extjson_get_number(json, "throughput_rps", NAN);
	side->throughput_requests = codec_count(json, "throughput_requests");
	for (size_t i = 0; i < count; i++) {
		struct endpoint_result *endpoint = &side->endpoints[side->n_endpoints++];

		if (decode_endpoint(record, json_array_get(endpoints, i), endpoint, err))
			return -1;
		endpoint_result_add(&side->total, endpoint);
	}
	return 0;
}

/* Each block has the same endpoints on both sides, in the same order. */
static int check_sides(const struct ab_record *record, struct error *err)
{
	const struct ab_side_record *base = &record->side[0], *head = &record->side[1];
	bool same = base->n_endpoints == head->n_endpoints;

	for (size_t i = 0; same && i < base->n_endpoints; i++)
		same = text_equal(base->endpoints[i].name, head->endpoints[i].name);
	if (!same)
		return error_set(err, ERROR_USAGE, "base and head have other endpoints");
	return 0;
}

int ab_record_decode(const json_t *json, struct ab_record *out, struct error *err)
{
	AUTO(ab_record) struct ab_record record = {0};
	const char *schema = extjson_get_string(json, "schema", "");
	const char *first = extjson_get_string(json, "first", "");
	const char *spoiled = extjson_get_string(json, "spoiled", NULL);

	if (!text_equal(schema, AB_RECORD_SCHEMA))
		return error_set(err, ERROR_USAGE, "schema `%s` is not " AB_RECORD_SCHEMA, schema);
	if (!text_equal(first, "base") && !text_equal(first, "head"))
		return error_set(err, ERROR_USAGE, "first: `%s` is neither base nor head", first);
	record.block = (uint32_t)codec_count(json, "block");
	record.attempt = (uint32_t)codec_count(json, "attempt");
	record.head_first = text_equal(first, "head");
	record.spoiled = spoiled ? arena_strdup(&record.arena, spoiled) : NULL;
	record.seed = strtoull(extjson_get_string(json, "seed", "0"), NULL, 10);
	record.slot_s = extjson_get_number(json, "slot_s", NAN);
	record.started_wall_ns = extjson_get_integer(json, "started_ns", 0);
	record.duration_s = extjson_get_number(json, "duration_s", NAN);
	record.load_s = extjson_get_number(json, "load_s", NAN);
	record.steal_percent = extjson_get_number(json, "steal_percent", NAN);
	record.max_stall_ms = extjson_get_number(json, "max_stall_ms", NAN);
	for (int s = 0; s < SIDES; s++)
		if (decode_side(&record, json_object_get(json, side_names[s]), &record.side[s],
				err))
			return error_wrap(err, "%s", side_names[s]);
	if (check_sides(&record, err))
		return -1;
	*out = record;
	record = (struct ab_record){0};
	return 0;
}

/* ---- the file ---- */

/* Cut off the line that a crash left unfinished, so that the next one stands by itself. */
static int drop_unfinished_line(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END), keep = end;
	char last;

	while (keep > 0 && pread(fd, &last, 1, keep - 1) == 1 && last != '\n')
		keep--;
	return keep == end ? 0 : ftruncate(fd, keep);
}

int ab_record_append(const char *path, const struct ab_record *record, struct error *err)
{
	AUTO_JSON json_t *json = ab_record_encode(record);
	AUTO(strbuf) struct strbuf line = {0};
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || drop_unfinished_line(fd) < 0)
		return error_set_errno(err, ERROR_DELIVERY, "%s", path);
	extjson_dump_canonical(json, &line);
	strbuf_putc(&line, '\n');
	for (size_t done = 0; done < line.length;) {
		ssize_t wrote = write(fd, line.data + done, line.length - done);

		if (wrote < 0 && errno != EINTR)
			return error_set_errno(err, ERROR_DELIVERY, "%s", path);
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	return 0;
}

static int read_line(const char *line, size_t length, ab_record_visit visit, void *arg,
		     struct error *err)
{
	AUTO_JSON json_t *json = NULL;
	AUTO(ab_record) struct ab_record record = {0};

	if (extjson_parse(line, length, LINE_MAX_BYTES, ERROR_USAGE, &json, err) ||
	    ab_record_decode(json, &record, err))
		return -1;
	return visit(&record, arg, err);
}

static int each_line(FILE *file, ab_record_visit visit, void *arg, struct error *err)
{
	AUTO_FREE char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t length;
	int result = 0;

	while (result == 0 && (length = getline(&line, &room, file)) > 0) {
		number++;
		if (line[length - 1] != '\n')
			return 0; /* cut short by a crash */
		result = read_line(line, (size_t)length, visit, arg, err);
	}
	return result < 0 ? error_wrap(err, "line %zu", number) : 0;
}

int ab_record_each(const char *path, ab_record_visit visit, void *arg, struct error *err)
{
	FILE *file = fopen(path, "re");
	int result;

	if (!file)
		return error_set_errno(err, ERROR_USAGE, "%s", path);
	result = each_line(file, visit, arg, err);
	fclose(file);
	return result ? error_wrap(err, "%s", path) : 0;
}
