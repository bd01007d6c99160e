#include "perfgate/base/clock.h"
#include "perfgate/ext/json.h"
#include "perfgate/monitor/ring.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct ring_series rows[] = {
	{"rate", "Requests", "all", "1/s", "Requests", 0},
	{"pool", "Pool <b>\"1\"</b>", "in\nuse", "", NULL, 50},
};
static const struct ring_fact facts[] = {{"CPU", "2 cores"}};

static struct ring *new_ring(void)
{
	const struct ring_options options = {.title = "an API",
					     .series = rows,
					     .series_count = ARRAY_SIZE(rows),
					     .facts = facts,
					     .fact_count = ARRAY_SIZE(facts)};

	return ring_new(&options);
}

static json_t *parse(const struct strbuf *text)
{
	json_t *value = json_loadb(text->data, text->length, 0, NULL);

	if (!value)
		fail_msg("no JSON: %s", strbuf_text(text));
	return value;
}

static json_t *snapshot_of(struct ring *ring)
{
	AUTO(strbuf) struct strbuf text = {0};

	ring_put_snapshot(ring, &text);
	return parse(&text);
}

static void add(struct ring *ring, int64_t second, double rate, double pool)
{
	ring_add(ring, second * NS_PER_S, (double[]){rate, pool});
}

static void a_snapshot_names_the_series_and_holds_the_samples(void **state)
{
	struct ring *ring = new_ring();
	AUTO_JSON json_t *snapshot = NULL;
	const json_t *series;

	(void)state;
	add(ring, 1700000000, 12.5, 3);
	add(ring, 1700000001, 0, 0.1234567);
	snapshot = snapshot_of(ring);
	ring_free(ring);
	assert_string_equal(extjson_get_string(snapshot, "type", ""), "snapshot");
	assert_string_equal(extjson_get_string(snapshot, "title", ""), "an API");
	assert_int_equal(json_integer_value(json_object_get(snapshot, "protocol")), 1);
	assert_int_equal(json_integer_value(json_object_get(snapshot, "keep")), RING_SAMPLES);
	series = json_array_get(json_object_get(snapshot, "series"), 1);
	assert_string_equal(extjson_get_string(series, "chart", ""), "Pool <b>\"1\"</b>");
	assert_string_equal(extjson_get_string(series, "label", ""), "in\nuse");
	assert_true(json_is_null(json_object_get(series, "card")));
	assert_int_equal(json_integer_value(json_object_get(series, "limit")), 50);
	AUTO_JSON json_t *wanted =
		json_loads("[[1700000000000,12.5,3],[1700000001000,0,0.123]]", 0, NULL);
	assert_true(json_equal(json_object_get(snapshot, "samples"), wanted));
}

static void what_is_not_finite_is_no_data(void **state)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{(double)NAN, "null"},
		{(double)INFINITY, "null"},
		{-(double)INFINITY, "null"},
		{1e300, "null"},
		{-0.0, "0"},
		{-1.5, "-1.5"},
		{1e9, "1000000000"},
		{0.0004, "0"},
		{99.9996, "100"},
	};
	struct ring *ring = new_ring();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(strbuf) struct strbuf text = {0}, wanted = {0};

		add(ring, (int64_t)i, cases[i].value, 1);
		ring_put_latest(ring, &text);
		strbuf_printf(&wanted, "{\"type\":\"sample\",\"sample\":[%zu,%s,1]}",
			      i ? i * 1000 : 0, cases[i].text);
		assert_string_equal(strbuf_text(&text), strbuf_text(&wanted));
	}
	ring_free(ring);
}

static void the_oldest_are_forgotten(void **state)
{
	struct ring *ring = new_ring();
	AUTO_JSON json_t *snapshot = NULL;
	const json_t *samples;

	(void)state;
	for (int i = 0; i < RING_SAMPLES + 7; i++)
		add(ring, i, i, 0);
	snapshot = snapshot_of(ring);
	ring_free(ring);
	samples = json_object_get(snapshot, "samples");
	assert_int_equal(json_array_size(samples), RING_SAMPLES);
	for (size_t i = 0; i < RING_SAMPLES; i++)
		assert_int_equal(json_integer_value(json_array_get(json_array_get(samples, i), 0)),
				 (i + 7) * 1000);
}

static void an_empty_ring_has_a_snapshot_and_no_sample(void **state)
{
	struct ring *ring = new_ring();
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_JSON json_t *snapshot = snapshot_of(ring);

	(void)state;
	ring_put_latest(ring, &text);
	ring_free(ring);
	assert_int_equal(text.length, 0);
	assert_int_equal(json_array_size(json_object_get(snapshot, "samples")), 0);
	ring_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_names_the_series_and_holds_the_samples),
		cmocka_unit_test(what_is_not_finite_is_no_data),
		cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(an_empty_ring_has_a_snapshot_and_no_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
