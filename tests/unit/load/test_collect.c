#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "perfgate/base/clock.h"
#include "perfgate/load/collect.h"

struct collect_case {
	struct collector collector;
	struct arena arena;
	struct scenario_result result;
};

static void begin(struct collect_case *c)
{
	static const char *names[] = {"GET /a", "GET /b"};
	const struct suite suite = {.endpoint_names = names, .n_endpoints = 2};
	memset(c, 0, sizeof *c);
	collect_init(&c->collector, &suite, &c->result, &c->arena, 1, 0);
	collect_begin(&c->collector, NS_PER_S, 2 * NS_PER_S, 12 * NS_PER_S);
}

static void end(struct collect_case *c)
{
	collect_release(&c->collector);
	scenario_result_release(&c->result);
	arena_release(&c->arena);
}

static void add(struct collect_case *c, enum request_class outcome, int64_t start_ms,
		int64_t elapsed_ms)
{
	struct finished_request request = {
		.endpoint = 1,
		.outcome = outcome,
		.status = outcome == CLASS_OK ? 200 : 0,
		.start_ns = start_ms * NS_PER_MS,
		.send_ns = (start_ms + 1) * NS_PER_MS,
		.end_ns = (start_ms + elapsed_ms) * NS_PER_MS,
		.bytes_received = 10,
	};
	collect_started(&c->collector, request.start_ns);
	collect_finished(&c->collector, &request);
}

static void the_window_decides_what_counts_where(void **state)
{
	(void)state;
	struct collect_case c;
	begin(&c);
	add(&c, CLASS_OK, 1500, 100); /* warm-up */
	add(&c, CLASS_OK, 1900, 200); /* from the warm-up into the window: throughput only */
	add(&c, CLASS_OK, 2000, 50); /* judged from its first moment */
	add(&c, CLASS_TIMEOUT, 5000, 3000);
	add(&c, CLASS_RESET, 6000, 1);
	add(&c, CLASS_OK, 11900, 200); /* ends in the drain: latency only */
	collect_end(&c.collector);
	const struct endpoint_result *total = &c.result.total;
	assert_int_equal(total->requests, 4);
	assert_int_equal(total->classes[CLASS_OK], 2);
	assert_int_equal(total->bytes_received, 40);
	assert_int_equal(histogram_count(total->latency), 3);
	assert_int_equal(histogram_min_ns(total->latency), 50 * NS_PER_MS);
	assert_int_equal(histogram_max_ns(total->service), 2999 * NS_PER_MS);
	assert_int_equal(c.result.endpoints[0].requests, 0);
	assert_int_equal(c.result.endpoints[1].requests, 4);
	assert_true(c.result.judged_s >= 10 && c.result.judged_s <= 10);
	assert_int_equal((int)(c.result.throughput_rps * 1000), 200);
	assert_int_equal((int)(c.result.offered_rps * 1000), 400);
	assert_string_equal(c.result.endpoints[1].first_failure, "timeout");
	assert_string_equal(total->first_failure, "GET /b: timeout");
	end(&c);
}

/* 40,000 requests in order: each quarter holds about a quarter of the sample. */
static void the_sample_is_uniform(void **state)
{
	(void)state;
	struct collect_case c;
	size_t quarters[4] = {0};
	begin(&c);
	for (int64_t i = 0; i < 40000; i++)
		add(&c, CLASS_OK, 2000 + i / 5, 1 + i / 10000);
	assert_int_equal(c.result.n_samples, COLLECT_SAMPLES_MAX);
	for (size_t i = 0; i < c.result.n_samples; i++)
		quarters[(size_t)(c.result.samples[i].elapsed_ms - 0.5)]++;
	for (size_t i = 0; i < 4; i++)
		assert_in_range(quarters[i], 2250, 2750);
	end(&c);
}

static void timing(struct collect_case *c, const char *text)
{
	struct http1_head head = {.status = 200, .n_server_timing = 1};
	head.server_timing[0] = (struct http1_field){text, strlen(text)};
	collect_head(&c->collector, 0, 3 * NS_PER_S, &head);
}

static void timing_names_are_bounded(void **state)
{
	(void)state;
	struct collect_case c;
	begin(&c);
	timing(&c, "a-name-of-more-than-thirty-two-bytes;dur=1");
	for (int i = 0; i < 40; i++) {
		char text[32];
		snprintf(text, sizeof text, "n%d;dur=1", i);
		timing(&c, text);
		timing(&c, text);
	}
	collect_end(&c.collector);
	assert_int_equal(c.result.endpoints[0].n_timings, COLLECT_TIMINGS_MAX);
	assert_int_equal(c.result.total.n_timings, COLLECT_TIMINGS_MAX);
	assert_string_equal(c.result.total.timings[0].name, "n0");
	assert_int_equal(histogram_count(c.result.total.timings[0].histogram), 2);
	end(&c);
}

static void a_second_holds_what_ended_in_it(void **state)
{
	(void)state;
	struct collect_case c;
	struct second second = {.latency = histogram_new()};
	begin(&c);
	add(&c, CLASS_OK, 1100, 10);
	add(&c, CLASS_OK, 1200, 30);
	collect_second(&c.collector, 2 * NS_PER_S, 3, &second);
	assert_true(second.interval.warmup);
	assert_int_equal(second.interval.users, 3);
	assert_int_equal(second.interval.requests, 2);
	assert_int_equal(histogram_count(second.latency), 2);
	assert_int_equal(histogram_max_ns(second.latency), 30 * NS_PER_MS);
	histogram_clear(second.latency);
	add(&c, CLASS_RESET, 2100, 1);
	collect_second(&c.collector, 3 * NS_PER_S, 4, &second);
	assert_false(second.interval.warmup);
	assert_int_equal((int)second.interval.t_s, 1);
	assert_int_equal(second.interval.errors, 1);
	assert_int_equal(histogram_count(second.latency), 0);
	histogram_free(second.latency);
	end(&c);
}

static void merging_adds_everything_up(void **state)
{
	(void)state;
	struct collect_case a, b, all;
	begin(&a);
	begin(&b);
	begin(&all);
	add(&a, CLASS_OK, 3000, 10);
	add(&a, CLASS_OK, 1500, 10); /* warm-up */
	add(&b, CLASS_OK, 4000, 20);
	add(&b, CLASS_RESET, 5000, 1);
	timing(&a, "db;dur=1");
	timing(&b, "model;dur=2");
	timing(&b, "db;dur=3");
	b.collector.send_end_ns += NS_PER_MS;
	collect_merge(&all.collector, &a.collector);
	collect_merge(&all.collector, &b.collector);
	collect_end(&all.collector);
	const struct endpoint_result *total = &all.result.total;
	assert_int_equal(total->requests, 3);
	assert_int_equal(all.result.endpoints[1].requests, 3);
	assert_int_equal(total->classes[CLASS_OK], 2);
	assert_int_equal(total->classes[CLASS_RESET], 1);
	assert_int_equal(total->bytes_received, 30);
	assert_int_equal(histogram_count(total->latency), 2);
	assert_int_equal(histogram_max_ns(total->latency), 20 * NS_PER_MS);
	assert_string_equal(total->first_failure, "GET /b: reset");
	assert_int_equal(all.result.endpoints[0].n_timings, 2);
	assert_int_equal(histogram_count(all.result.endpoints[0].timings[0].histogram), 2);
	assert_int_equal(total->n_timings, 2);
	assert_int_equal(all.result.n_samples, 3);
	assert_true(all.result.judged_s > 10);
	assert_true(all.result.offered_rps > 0 && all.result.throughput_rps > 0);
	end(&a);
	end(&b);
	end(&all);
}

/* Of 30,000 and 60,000 requests a third and two thirds of the sample; of 100 few all of them. */
static void a_merged_sample_is_weighted_by_what_it_stands_for(void **state)
{
	(void)state;
	struct collect_case parts[3], all;
	static const int64_t sizes[] = {30000, 60000, 100};
	size_t counts[3] = {0};
	begin(&all);
	for (size_t i = 0; i < 3; i++) {
		begin(&parts[i]);
		for (int64_t k = 0; k < sizes[i]; k++)
			add(&parts[i], CLASS_OK, 2000 + k / 10, (int64_t)i + 1);
		collect_merge(&all.collector, &parts[i].collector);
		end(&parts[i]);
	}
	assert_int_equal(all.result.n_samples, COLLECT_SAMPLES_MAX);
	for (size_t i = 0; i < all.result.n_samples; i++)
		counts[(size_t)(all.result.samples[i].elapsed_ms - 0.5)]++;
	assert_in_range(counts[0], 3100, 3560);
	assert_in_range(counts[1], 6430, 6890);
	assert_in_range(counts[2], 0, 40);
	end(&all);
}

static void a_run_that_ended_in_its_warm_up_has_no_rate(void **state)
{
	struct collect_case c;
	(void)state;
	begin(&c);
	add(&c, CLASS_OK, 100, 100);
	c.collector.send_end_ns = 1500 * NS_PER_MS;
	collect_end(&c.collector);
	assert_int_equal(c.result.total.requests, 0);
	assert_true(c.result.judged_s >= 0 && c.result.judged_s <= 0);
	assert_true(isnan(c.result.offered_rps) && isnan(c.result.throughput_rps));
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_window_decides_what_counts_where),
		cmocka_unit_test(the_sample_is_uniform),
		cmocka_unit_test(timing_names_are_bounded),
		cmocka_unit_test(a_second_holds_what_ended_in_it),
		cmocka_unit_test(merging_adds_everything_up),
		cmocka_unit_test(a_merged_sample_is_weighted_by_what_it_stands_for),
		{"MEA-05: a run that ended in its warm-up has no rate",
		 a_run_that_ended_in_its_warm_up_has_no_rate, NULL, NULL, NULL},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
