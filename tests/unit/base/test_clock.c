/* clock and rng. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/rng.h"

static void wall_time_prints_as_rfc3339(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00Z"},
		{INT64_C(1769860800) * NS_PER_S + 999999999, "2026-01-31T12:00:00Z"},
		{INT64_C(951782400) * NS_PER_S, "2000-02-29T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CLOCK_RFC3339_SIZE];

		clock_format_rfc3339(rows[i].ns, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void clocks_go_forward(void **state)
{
	int64_t first = clock_now_ns(), cpu = clock_process_cpu_ns();

	(void)state;
	assert_true(clock_now_ns() >= first);
	assert_true(clock_process_cpu_ns() >= cpu);
	assert_true(clock_thread_cpu_ns() >= 0);
	assert_true(clock_wall_ns() > INT64_C(1600000000) * NS_PER_S);
}

/* The state 1, 2, 3, 4 gives the first values of the authors' own code. */
static void xoshiro_reference_values(void **state)
{
	static const uint64_t expected[] = {
		11520u,
		0u,
		1509978240u,
		UINT64_C(1215971899390074240),
	};
	struct rng rng = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_true(rng_next(&rng) == expected[i]);
}

static void a_stream_repeats_and_differs_from_its_neighbours(void **state)
{
	struct rng a, again, next, other;

	(void)state;
	rng_seed(&a, 1, 1);
	rng_seed(&again, 1, 1);
	rng_seed(&next, 1, 2);
	rng_seed(&other, 2, 1);
	for (int i = 0; i < 100; i++) {
		uint64_t value = rng_next(&a);

		assert_true(value == rng_next(&again));
		assert_true(value != rng_next(&next));
		assert_true(value != rng_next(&other));
	}
}

/* Chi-squared with 9 degrees of freedom: 33.7 is exceeded once in 10,000; the seed is fixed. */
static void small_bounds_are_even(void **state)
{
	struct rng rng;
	double counts[10] = {0}, chi = 0;

	(void)state;
	rng_seed(&rng, 42, 0);
	for (int i = 0; i < 100000; i++) {
		uint64_t value = rng_below(&rng, 10);
		double uniform = rng_double(&rng);

		assert_true(value < 10);
		assert_true(uniform >= 0 && uniform < 1);
		counts[value]++;
	}
	for (int i = 0; i < 10; i++)
		chi += (counts[i] - 10000) * (counts[i] - 10000) / 10000;
	assert_true(chi < 33.7);
	assert_true(rng_below(&rng, 1) == 0);
}

static void entropy_differs(void **state)
{
	(void)state;
	assert_true(rng_entropy() != rng_entropy());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_time_prints_as_rfc3339),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(xoshiro_reference_values),
		cmocka_unit_test(a_stream_repeats_and_differs_from_its_neighbours),
		cmocka_unit_test(small_bounds_are_even),
		cmocka_unit_test(entropy_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
