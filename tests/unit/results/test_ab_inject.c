#include "perfgate/results/ab_inject.h"

#include "perfgate/base/clock.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ENDPOINTS = 2, REQUESTS = 10000, HITS = 8000 };

static const char *const names[] = {"GET /a", "GET /b"};

/* Two endpoints, 10,000 requests each at 1 and 3 ms, 8,000 hits, 500 requests/s. */
static void make(struct ab_record *record)
{
	struct ab_side_record *side = &record->side[1];

	ab_record_init(record, names, ENDPOINTS);
	for (size_t i = 0; i < ENDPOINTS; i++) {
		struct endpoint_result *endpoint = &side->endpoints[i];

		endpoint->requests = endpoint->classes[CLASS_OK] = REQUESTS;
		endpoint->cache_hits = HITS;
		endpoint->cache_misses = REQUESTS - HITS;
		histogram_record_n(endpoint->latency, (uint64_t)(2 * i + 1) * NS_PER_MS, REQUESTS);
		histogram_merge(side->total.latency, endpoint->latency);
		side->total.requests += REQUESTS;
		side->total.classes[CLASS_OK] += REQUESTS;
	}
	side->throughput_rps = 500;
	side->throughput_requests = 250;
}

static double quantile_ms(const struct endpoint_result *endpoint, double quantile)
{
	return (double)histogram_quantile_ns(endpoint->latency, quantile) / (double)NS_PER_MS;
}

static void assert_within(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		fail_msg("got %g, want %g", got, want);
}

static void inject(enum ab_injection_kind kind, double amount, size_t endpoint,
		   struct ab_record *record, struct ab_side_record *out)
{
	const struct ab_injection injection = {kind, amount, endpoint};
	struct rng rng;

	rng_seed(&rng, 1, 1);
	make(record);
	ab_side_inject(&record->side[1], &injection, &rng, out);
}

static void one_endpoint_becomes_slower_and_the_total_with_it(void **state)
{
	AUTO(ab_record) struct ab_record record = {0};
	AUTO(ab_side) struct ab_side_record out = {0};

	(void)state;
	inject(AB_INJECT_LATENCY, .1, 1, &record, &out);
	assert_within(quantile_ms(&out.endpoints[0], .5), 1, .01);
	assert_within(quantile_ms(&out.endpoints[1], .5), 3.3, .01);
	assert_within(quantile_ms(&out.total, .25), 1, .01);
	assert_within(quantile_ms(&out.total, .75), 3.3, .01);
	assert_int_equal(histogram_count(out.total.latency), 2 * REQUESTS);
	assert_string_equal(out.endpoints[1].name, names[1]);
}

static void throughput_falls_as_the_mean_rises(void **state)
{
	AUTO(ab_record) struct ab_record record = {0};
	AUTO(ab_side) struct ab_side_record plain = {0};
	AUTO(ab_side) struct ab_side_record out = {0};
	const struct ab_injection slower = {AB_INJECT_LATENCY, .25, ENDPOINTS};
	struct rng rng;

	(void)state;
	inject(AB_INJECT_LATENCY, 0, ENDPOINTS, &record, &plain);
	rng_seed(&rng, 1, 1);
	ab_side_inject(&plain, &slower, &rng, &out);
	assert_within(plain.throughput_rps, 500, 1);
	assert_within(out.throughput_rps, 400, 1);
}

static void a_share_of_the_requests_takes_twice_as_long(void **state)
{
	AUTO(ab_record) struct ab_record record = {0};
	AUTO(ab_side) struct ab_side_record out = {0};

	(void)state;
	inject(AB_INJECT_TAIL, .05, 0, &record, &out);
	assert_within((double)histogram_count_above(out.endpoints[0].latency, NS_PER_MS * 3 / 2),
		      .05 * REQUESTS, 100);
	assert_within(quantile_ms(&out.endpoints[0], 1), 2, .02);
	assert_int_equal(histogram_count(out.endpoints[0].latency), REQUESTS);
}

static void failed_requests_leave_the_latencies(void **state)
{
	AUTO(ab_record) struct ab_record record = {0};
	AUTO(ab_side) struct ab_side_record out = {0};
	uint64_t failed;

	(void)state;
	inject(AB_INJECT_ERRORS, .01, ENDPOINTS, &record, &out);
	failed = out.total.classes[CLASS_HTTP_ERROR];
	assert_within((double)failed, 2 * .01 * REQUESTS, 60);
	assert_int_equal(out.total.requests, 2 * REQUESTS);
	assert_int_equal(out.total.classes[CLASS_OK] + failed, 2 * REQUESTS);
	assert_int_equal(histogram_count(out.total.latency), out.total.classes[CLASS_OK]);
}

static void hits_become_misses(void **state)
{
	AUTO(ab_record) struct ab_record record = {0};
	AUTO(ab_side) struct ab_side_record out = {0};

	(void)state;
	inject(AB_INJECT_MISSES, .05, 0, &record, &out);
	assert_within((double)out.endpoints[0].cache_hits, HITS - .05 * REQUESTS, 100);
	assert_int_equal(out.endpoints[0].cache_hits + out.endpoints[0].cache_misses, REQUESTS);
	assert_int_equal(out.endpoints[1].cache_hits, HITS);
	assert_within(quantile_ms(&out.endpoints[0], .5), 1, .01);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_endpoint_becomes_slower_and_the_total_with_it),
		cmocka_unit_test(throughput_falls_as_the_mean_rises),
		cmocka_unit_test(a_share_of_the_requests_takes_twice_as_long),
		cmocka_unit_test(failed_requests_leave_the_latencies),
		cmocka_unit_test(hits_become_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
