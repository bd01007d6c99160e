#include "perfgate/monitor/durations.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct durations durations;
static struct durations_reader reader;

static int start(void **state)
{
	(void)state;
	durations = (struct durations){0};
	reader = (struct durations_reader){0};
	return 0;
}

static void a_value_is_kept_to_the_resolution_that_is_promised(void **state)
{
	(void)state;
	for (int64_t value_ns = 1; value_ns < INT64_C(100000000000); value_ns += value_ns / 7 + 1) {
		double seen_ns, error_ns;

		durations_record(&durations, value_ns);
		durations_read(&durations, &reader);
		assert_int_equal(reader.count, 1);
		seen_ns = durations_quantile_ns(&reader, 0.99);
		error_ns = fabs(seen_ns - (double)value_ns);
		if (error_ns > fmax(512, 0.0157 * (double)value_ns))
			fail_msg("%lld ns is read as %.0f", (long long)value_ns, seen_ns);
	}
}

static void what_is_out_of_range_is_counted(void **state)
{
	static const int64_t values[] = {INT64_MIN, -1, 0, INT64_C(1) << 37, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		durations_record(&durations, values[i]);
	durations_read(&durations, &reader);
	assert_int_equal(reader.count, sizeof values / sizeof *values);
	assert_true(durations_quantile_ns(&reader, 0) < 1024);
	assert_true(durations_quantile_ns(&reader, 1) > 100e9);
}

static void a_reading_is_of_what_came_since_the_last(void **state)
{
	(void)state;
	assert_true(isnan(durations_quantile_ns(&reader, 0.5)));
	for (int i = 0; i < 100; i++)
		durations_record(&durations, 1000000);
	durations_read(&durations, &reader);
	for (int i = 0; i < 98; i++)
		durations_record(&durations, 5000000);
	durations_record(&durations, 50000000);
	durations_record(&durations, 50000000);
	durations_read(&durations, &reader);
	assert_int_equal(reader.count, 100);
	assert_true(fabs(durations_quantile_ns(&reader, 0.5) - 5e6) < 1e5);
	assert_true(fabs(durations_quantile_ns(&reader, 0.98) - 5e6) < 1e5);
	assert_true(fabs(durations_quantile_ns(&reader, 0.99) - 50e6) < 1e6);
	durations_read(&durations, &reader);
	assert_int_equal(reader.count, 0);
	assert_true(isnan(durations_quantile_ns(&reader, 0.5)));
}

static void a_counter_that_overflows_loses_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < DURATIONS_COUNTS; i++)
		durations.counts[i] = UINT32_MAX;
	durations_read(&durations, &reader);
	for (int i = 0; i < 3; i++)
		durations_record(&durations, 1000000);
	durations_read(&durations, &reader);
	assert_int_equal(reader.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_value_is_kept_to_the_resolution_that_is_promised, start),
		cmocka_unit_test_setup(what_is_out_of_range_is_counted, start),
		cmocka_unit_test_setup(a_reading_is_of_what_came_since_the_last, start),
		cmocka_unit_test_setup(a_counter_that_overflows_loses_nothing, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
