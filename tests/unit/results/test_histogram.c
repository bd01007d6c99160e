#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "perfgate/base/rng.h"
#include "perfgate/results/histogram.h"

#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)

static void empty_histogram_is_all_zero(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = histogram_new();
	assert_int_equal(histogram_count(h), 0);
	assert_int_equal(histogram_min_ns(h), 0);
	assert_int_equal(histogram_max_ns(h), 0);
	assert_int_equal(histogram_quantile_ns(h, 0.5), 0);
	assert_int_equal(histogram_count_above(h, 0), 0);
	assert_true(histogram_mean_ns(h) >= 0 && histogram_mean_ns(h) <= 0);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* Against the definition, on values spread evenly over nine decades of log scale. */
static void quantile_is_the_order_statistic_within_one_per_mille(void **state)
{
	(void)state;
	enum { N = 5000 };
	static uint64_t values[N];
	static const double quantiles[] = {0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1};
	AUTO(histogram) struct histogram *h = histogram_new();
	struct rng rng;
	rng_seed(&rng, 7, 1);
	for (size_t i = 0; i < N; i++) {
		unsigned shift = (unsigned)rng_below(&rng, 30);
		values[i] = 1000 + ((rng_next(&rng) >> 34) % (UINT64_C(500) << shift));
		histogram_record(h, values[i]);
	}
	qsort(values, N, sizeof values[0], by_value);
	assert_int_equal(histogram_min_ns(h), values[0]);
	assert_int_equal(histogram_max_ns(h), values[N - 1]);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
		size_t rank = (size_t)(quantiles[i] * N + 0.999999);
		uint64_t exact = values[rank > 0 ? rank - 1 : 0];
		uint64_t got = histogram_quantile_ns(h, quantiles[i]);
		uint64_t step = exact / 1000 > 1024 ? exact / 1000 : 1024;
		assert_in_range(got, exact, exact + step);
	}
}

static void quantile_counts_ranks_exactly(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = histogram_new();
	for (uint64_t i = 1; i <= 100; i++)
		histogram_record(h, i * 10 * MS);
	/* 0.95 * 100 is a hair above 95 in binary floating point: still rank 95. */
	assert_in_range(histogram_quantile_ns(h, 0.95), 950 * MS, 951 * MS);
	assert_in_range(histogram_quantile_ns(h, 0.951), 960 * MS, 961 * MS);
	assert_int_equal(histogram_quantile_ns(h, 1), 1000 * MS);
	assert_in_range(histogram_quantile_ns(h, 0), 10 * MS, 10 * MS + 10000);
	assert_int_equal(histogram_count_above(h, 950 * MS), 5);
	assert_int_equal(histogram_count_above(h, 1000 * MS), 0);
	assert_int_equal(histogram_count_above(h, 0), 100);
}

static void values_outside_are_kept_and_counted_as_clipped(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = histogram_new();
	histogram_record(h, 0);
	histogram_record(h, 999);
	histogram_record(h, 1000);
	histogram_record(h, 600 * S);
	histogram_record(h, 600 * S + 1);
	histogram_record(h, UINT64_MAX);
	assert_int_equal(histogram_count(h), 6);
	assert_int_equal(histogram_clipped(h), 4);
	assert_int_equal(histogram_min_ns(h), 0);
	assert_true(histogram_max_ns(h) == UINT64_MAX);
}

struct sum {
	uint64_t count, last;
};

static void add_bucket(uint64_t value_ns, uint64_t count, void *arg)
{
	struct sum *sum = arg;
	assert_true(sum->count == 0 || value_ns > sum->last);
	sum->last = value_ns;
	sum->count += count;
}

static void fill(struct histogram *h, uint64_t stream, size_t n)
{
	struct rng rng;
	rng_seed(&rng, 42, stream);
	for (size_t i = 0; i < n; i++)
		histogram_record(h, rng_below(&rng, 20 * MS));
}

static void each_visits_every_count_in_ascending_order(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = histogram_new();
	struct sum sum = {0, 0};
	histogram_each(h, add_bucket, &sum);
	assert_int_equal(sum.count, 0);
	fill(h, 1, 3000);
	histogram_record_n(h, 5 * MS, UINT64_C(1) << 33);
	histogram_each(h, add_bucket, &sum);
	assert_int_equal(sum.count, (UINT64_C(1) << 33) + 3000);
}

static void encode(const struct histogram *h, struct strbuf *out)
{
	strbuf_clear(out);
	histogram_encode(h, out);
}

static void merging_equals_recording_together(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *together = histogram_new();
	AUTO(histogram) struct histogram *a = histogram_new();
	AUTO(histogram) struct histogram *b = histogram_new();
	AUTO(strbuf) struct strbuf first = {0}, second = {0};
	fill(together, 1, 1000);
	fill(together, 2, 2000);
	fill(a, 1, 1000);
	fill(b, 2, 2000);
	histogram_merge(a, b);
	encode(together, &first);
	encode(a, &second);
	assert_string_equal(strbuf_text(&first), strbuf_text(&second));
	assert_int_equal(histogram_max_ns(a), histogram_max_ns(together));
	assert_int_equal(histogram_min_ns(a), histogram_min_ns(together));
	assert_int_equal(histogram_clipped(a), histogram_clipped(together));
}

static void cleared_histogram_is_like_new(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = histogram_new();
	AUTO(histogram) struct histogram *fresh = histogram_new();
	AUTO(strbuf) struct strbuf first = {0}, second = {0};
	fill(h, 3, 500);
	histogram_clear(h);
	histogram_record(h, 7 * MS);
	histogram_record(fresh, 7 * MS);
	encode(h, &first);
	encode(fresh, &second);
	assert_string_equal(strbuf_text(&first), strbuf_text(&second));
}

static void decoding_gives_the_encoded_counts_back(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 2, 5000};
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		AUTO(histogram) struct histogram *h = histogram_new();
		AUTO(histogram) struct histogram *back = NULL;
		AUTO(strbuf) struct strbuf text = {0}, again = {0};
		struct error err = ERROR_INIT;
		fill(h, i, sizes[i]);
		if (sizes[i] > 1) {
			histogram_record(h, 0);
			histogram_record_n(h, 600 * S, UINT64_C(1) << 40);
		}
		encode(h, &text);
		assert_int_equal(histogram_decode(strbuf_text(&text), &back, &err), 0);
		encode(back, &again);
		assert_string_equal(strbuf_text(&text), strbuf_text(&again));
		assert_int_equal(histogram_count(back), histogram_count(h));
		for (int q = 0; q < 100; q++)
			assert_in_range(histogram_quantile_ns(back, q / 100.0),
					histogram_quantile_ns(h, q / 100.0),
					1024 + histogram_quantile_ns(h, q / 100.0) * 1001 / 1000);
	}
}

/*
 * 1, 2 … 1,000 ms in V2 format: hdr-histogram-js 3.0 reads from this text 1,000 values,
 * p50 500170751, p99 990380031, max 1000341503.
 */
static const char known_encoding[] =
	"HISTFAAAAJZ4nJNpmSzMwMC+jQECmCEUC4jo3nSygMH+A0RkPj8TEK3mYDrPznSYhekpMwg9Z2Y6z8T0kREFfQaT"
	"VxmZyrHCSjgrmsmayZIEjE1UnkmaSRaIpQnSxKkiTxc/Ey8QcqORlPKHpi5OJmYmVjhkxsLCLkobXYPJLSNdFyMQ"
	"ggl0SJEg9U2kkzVD1uGj1gxea9C4AG4CP58=";

static void known_encoding_is_read(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(histogram_decode(known_encoding, &h, &err), 0);
	assert_int_equal(histogram_count(h), 1000);
	assert_in_range(histogram_quantile_ns(h, 0.5), 500 * MS, 501 * MS);
	assert_in_range(histogram_quantile_ns(h, 0.99), 990 * MS, 991 * MS);
	assert_in_range(histogram_min_ns(h), MS - 1024, MS);
	assert_in_range(histogram_max_ns(h), 1000 * MS, 1001 * MS);
}

static void malformed_texts_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"A",
		"====",
		"AAAA",
		"HISTFAAA",
		"!!!!",
		"HISTFAAAAAAAAAAA",
		"HISTFAAAAB542pNpmSzMwMDAwgABzFCaEUoz2X+AMACyWgDS",
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct histogram *out = NULL;
		struct error err = ERROR_INIT;
		assert_int_equal(histogram_decode(texts[i], &out, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_null(out);
	}
}

/* Every cut and every changed byte gives an error or another histogram, never a crash. */
static void damaged_texts_never_crash(void **state)
{
	(void)state;
	AUTO(histogram) struct histogram *h = histogram_new();
	AUTO(strbuf) struct strbuf text = {0};
	fill(h, 9, 200);
	encode(h, &text);
	AUTO_FREE char *copy = xstrdup(strbuf_text(&text));
	size_t cut_accepted = 0;
	for (size_t i = 0; i < text.length; i++) {
		struct histogram *out = NULL;
		char kept = copy[i];
		copy[i] = '\0';
		cut_accepted += histogram_decode(copy, &out, NULL) == 0;
		histogram_free(TAKE(out));
		copy[i] = kept == 'Q' ? 'R' : 'Q';
		if (histogram_decode(copy, &out, NULL) == 0)
			histogram_free(TAKE(out));
		copy[i] = kept;
	}
	assert_int_equal(cut_accepted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_histogram_is_all_zero),
		cmocka_unit_test(quantile_is_the_order_statistic_within_one_per_mille),
		cmocka_unit_test(quantile_counts_ranks_exactly),
		cmocka_unit_test(values_outside_are_kept_and_counted_as_clipped),
		cmocka_unit_test(each_visits_every_count_in_ascending_order),
		cmocka_unit_test(merging_equals_recording_together),
		cmocka_unit_test(cleared_histogram_is_like_new),
		cmocka_unit_test(decoding_gives_the_encoded_counts_back),
		cmocka_unit_test(known_encoding_is_read),
		cmocka_unit_test(malformed_texts_are_refused),
		cmocka_unit_test(damaged_texts_never_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
