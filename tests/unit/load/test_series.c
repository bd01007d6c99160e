/* The seconds of several workers become one series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "perfgate/base/clock.h"
#include "perfgate/load/series.h"

struct series_case {
	struct scenario_result result;
	struct series series;
};

static void begin(struct series_case *c, uint32_t n_workers)
{
	memset(c, 0, sizeof *c);
	series_init(&c->series, &c->result, n_workers);
}

static void end(struct series_case *c)
{
	series_release(&c->series);
	scenario_result_release(&c->result);
}

/* A second with one request of `latency_ms`; 0: none. */
static bool add(struct series_case *c, int number, int64_t latency_ms, bool draining)
{
	struct second second = {.draining = draining, .latency = histogram_new()};
	second.interval.t_s = number;
	second.interval.warmup = number < 1;
	second.interval.users = 2;
	if (latency_ms > 0) {
		second.interval.requests = 1;
		second.interval.errors = latency_ms > 100;
		second.interval.cache_hits = 3;
		second.interval.cache_misses = 1;
		histogram_record(second.latency, (uint64_t)(latency_ms * NS_PER_MS));
	}
	bool closed = series_add(&c->series, &second);
	histogram_free(second.latency);
	return closed;
}

static void a_second_is_closed_when_all_workers_reported(void **state)
{
	(void)state;
	struct series_case c;
	begin(&c, 2);
	assert_false(add(&c, 0, 10, false));
	assert_false(add(&c, 1, 20, false));
	assert_false(add(&c, 2, 20, false));
	assert_int_equal(c.result.n_series, 0);
	assert_true(add(&c, 0, 30, false));
	assert_true(add(&c, 1, 0, false));
	assert_int_equal(c.result.n_series, 2);
	const struct interval *first = &c.result.series[0];
	assert_true(first->warmup && !c.result.series[1].warmup);
	assert_int_equal(first->users, 4);
	assert_int_equal(first->requests, 2);
	assert_int_equal(first->cache_hits, 6);
	assert_in_range((int)first->p50_ms, 9, 11);
	assert_in_range((int)(first->p95_ms + 0.5), 29, 31);
	assert_in_range((int)(c.result.series[1].p99_ms + 0.5), 19, 21);
	end(&c);
}

static void the_end_closes_what_is_left_and_drops_empty_drains(void **state)
{
	(void)state;
	struct series_case c;
	begin(&c, 2);
	add(&c, 0, 10, false);
	add(&c, 1, 0, false); /* the other one was done before */
	add(&c, 2, 10, true);
	add(&c, 3, 0, true);
	series_end(&c.series);
	assert_int_equal(c.result.n_series, 3);
	assert_true(isnan(c.result.series[1].p50_ms));
	assert_int_equal((int)c.result.series[2].t_s, 2);
	end(&c);
}

static void progress_shows_the_phase_that_runs(void **state)
{
	(void)state;
	struct series_case c;
	struct load_progress progress = {0};
	begin(&c, 1);
	series_progress(&c.series, &progress);
	assert_true(isnan(progress.p50_ms) && isnan(progress.hit_rate));
	add(&c, 0, 10, false);
	add(&c, 1, 200, false);
	series_progress(&c.series, &progress);
	assert_int_equal(progress.requests, 2);
	assert_int_equal(progress.errors, 1);
	assert_int_equal(progress.users, 2);
	assert_in_range((int)(progress.p50_ms + 0.5), 199, 201);
	assert_true(progress.hit_rate > 0.74 && progress.hit_rate < 0.76);
	assert_true(progress.rps > 0.9 && progress.rps < 1.1);
	end(&c);
}

static void the_last_seconds_are_added_up(void **state)
{
	(void)state;
	struct series_case c;
	uint64_t requests, errors;
	begin(&c, 1);
	add(&c, 0, 200, false);
	assert_false(series_last(&c.series, 2, &requests, &errors));
	add(&c, 1, 0, false);
	add(&c, 2, 10, false);
	assert_true(series_last(&c.series, 2, &requests, &errors));
	assert_int_equal(requests, 1);
	assert_int_equal(errors, 0);
	assert_true(series_last(&c.series, 3, &requests, &errors));
	assert_int_equal(requests, 2);
	assert_int_equal(errors, 1);
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_is_closed_when_all_workers_reported),
		cmocka_unit_test(the_end_closes_what_is_left_and_drops_empty_drains),
		cmocka_unit_test(progress_shows_the_phase_that_runs),
		cmocka_unit_test(the_last_seconds_are_added_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
