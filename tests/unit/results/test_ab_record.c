/* ab.jsonl: what a block of an A/B comparison keeps, and how it is read again. */
#include "perfgate/results/ab_record.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const endpoints[] = {"GET /items", "POST /\"orders\""};

/* What a slot measured: `n` answers of `ms` each, one failure and some look-ups. */
static void add_slot(struct ab_side_record *side, size_t endpoint, uint64_t n, uint64_t ms)
{
	struct scenario_result slot = {0};

	slot.n_endpoints = ARRAY_SIZE(endpoints);
	slot.endpoints = xcalloc(slot.n_endpoints, sizeof *slot.endpoints);
	for (size_t i = 0; i < slot.n_endpoints; i++)
		endpoint_result_init(&slot.endpoints[i], endpoints[i]);
	endpoint_result_init(&slot.total, "total");
	struct endpoint_result *both[] = {&slot.endpoints[endpoint], &slot.total};
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		histogram_record_n(both[i]->latency, ms * NS_PER_MS, n);
		both[i]->requests = n + 1;
		both[i]->classes[CLASS_OK] = n;
		both[i]->classes[CLASS_HTTP_ERROR] = 1;
		both[i]->cache_hits = 3;
		both[i]->cache_misses = 1;
	}
	ab_side_add(side, &slot);
	scenario_result_release(&slot);
}

static void fill(struct ab_record *record)
{
	ab_record_init(record, endpoints, ARRAY_SIZE(endpoints));
	record->block = 3;
	record->attempt = 2;
	record->head_first = true;
	record->spoiled = "steal 9 %";
	record->seed = UINT64_MAX;
	record->slot_s = 0.5;
	record->load_s = 5;
	add_slot(&record->side[0], 0, 40, 10);
	add_slot(&record->side[0], 1, 10, 30);
	add_slot(&record->side[1], 0, 50, 11);
	record->side[0].throughput_rps = 123.5;
	record->side[0].throughput_requests = 61;
}

static void figures_are_those_of_the_slots(void **state)
{
	(void)state;
	static const struct {
		size_t endpoint;
		enum metric metric;
		double value;
		uint64_t n;
	} rows[] = {
		{0, METRIC_P50, 10, 40},       {1, METRIC_P50, 30, 10},
		{2, METRIC_P95, 30, 50},       {2, METRIC_THROUGHPUT, 123.5, 61},
		{0, METRIC_THROUGHPUT, 0, 0},  {2, METRIC_ERROR_RATE, 2, 52},
		{1, METRIC_ERROR_RATE, 1, 11}, {2, METRIC_CACHE_HIT_RATE, 6, 8},
	};
	AUTO(ab_record) struct ab_record record = {0};
	double value;

	fill(&record);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t n =
			ab_side_figure(&record.side[0], rows[i].endpoint, rows[i].metric, &value);

		assert_int_equal(n, rows[i].n);
		if (n == 0)
			assert_true((bool)isnan(value));
		else
			assert_true(fabs(value - rows[i].value) <= rows[i].value / 1000);
	}
	/* The head sent nothing to the second endpoint, and its throughput was not taken. */
	assert_int_equal(ab_side_figure(&record.side[1], 1, METRIC_P50, &value), 0);
	assert_int_equal(ab_side_figure(&record.side[1], 2, METRIC_THROUGHPUT, &value), 0);
}

static void a_block_survives_the_round_trip(void **state)
{
	(void)state;
	AUTO(ab_record) struct ab_record record = {0}, again = {0};
	struct error err = ERROR_INIT;

	fill(&record);
	AUTO_JSON json_t *json = ab_record_encode(&record);
	if (ab_record_decode(json, &again, &err) < 0)
		fail_msg("%s", err.message);
	AUTO_JSON json_t *second = ab_record_encode(&again);
	assert_true(json_equal(json, second));
	assert_true(again.seed == UINT64_MAX && again.head_first && again.attempt == 2);
	assert_string_equal(again.spoiled, "steal 9 %");
	/* The total is not stored: it is the sum. */
	assert_int_equal(again.side[0].total.requests, 52);
	assert_int_equal(histogram_count(again.side[0].total.latency), 50);
}

static void malformed_blocks_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *key, *json, *want;
	} rows[] = {
		{"schema", "\"perfgate.ab/9\"", "perfgate.ab/9"},
		{"first", "\"both\"", "both"},
		{"base", "null", "base: endpoints"},
		{"head", "{\"endpoints\": []}", "other endpoints"},
		{"head", "{\"endpoints\": [{}]}", "head: an endpoint has no name"},
		{"base", "{\"endpoints\": [{\"name\": \"x\", \"histogram\": \"AAAA\"}]}",
		 "histogram"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(ab_record) struct ab_record record = {0}, again = {0};
		struct error err = ERROR_INIT;

		fill(&record);
		AUTO_JSON json_t *json = ab_record_encode(&record);
		extjson_set(json, rows[i].key, json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
		assert_int_equal(ab_record_decode(json, &again, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (!strstr(err.message, rows[i].want))
			fail_msg("%s: %s", rows[i].want, err.message);
	}
}

static int count_blocks(const struct ab_record *record, void *arg, struct error *err)
{
	size_t *seen = arg;

	(void)err;
	assert_int_equal(record->block, 3);
	return ++*seen == 4 ? 1 : 0;
}

static void append_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void a_file_is_read_line_by_line_and_may_end_in_the_middle_of_one(void **state)
{
	(void)state;
	char folder[] = "/tmp/perfgate-test-XXXXXX";
	AUTO(ab_record) struct ab_record record = {0};
	struct error err = ERROR_INIT;
	size_t seen = 0;

	assert_non_null(mkdtemp(folder));
	AUTO_FREE char *path = fs_join(folder, "ab.jsonl");
	fill(&record);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ab_record_append(path, &record, &err), 0);
	append_text(path, "{\"schema\": \"perf");
	assert_int_equal(ab_record_each(path, count_blocks, &seen, &err), 0);
	assert_int_equal(seen, 2);
	/* Who goes on with the recording does not continue the broken line. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(ab_record_append(path, &record, &err), 0);
	seen = 0;
	assert_int_equal(ab_record_each(path, count_blocks, &seen, &err), 0);
	assert_int_equal(seen, 4);
	append_text(path, "{}\n");
	seen = 10;
	assert_int_equal(ab_record_each(path, count_blocks, &seen, &err), -1);
	assert_non_null(strstr(err.message, "ab.jsonl: line 6:"));
	fs_remove_tree(folder, NULL) == 0 ? (void)0 : fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures_are_those_of_the_slots),
		cmocka_unit_test(a_block_survives_the_round_trip),
		cmocka_unit_test(malformed_blocks_are_refused),
		cmocka_unit_test(a_file_is_read_line_by_line_and_may_end_in_the_middle_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
