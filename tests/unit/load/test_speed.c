/* The speed probe, and the same work in pieces. */
#include "perfgate/load/speed.h"

#include "perfgate/base/clock.h"
#include "perfgate/results/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_probe_takes_some_time(void **state)
{
	(void)state;
	assert_true(speed_probe_ms() > 0);
}

static void pieces_are_counted_each_with_its_time(void **state)
{
	(void)state;
	AUTO(speed_pieces) struct speed_pieces *pieces = speed_pieces_new();
	AUTO(histogram) struct histogram *times = histogram_new();
	assert_non_null(pieces);
	assert_true(speed_pieces_run(pieces, 20 * NS_PER_MS, times));
	assert_true(histogram_count(times) > 0);
	assert_true(histogram_min_ns(times) > 0);
	/* None at all: no time was given. */
	uint64_t before = histogram_count(times);
	assert_true(speed_pieces_run(pieces, 0, times));
	assert_int_equal(histogram_count(times), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_probe_takes_some_time),
		cmocka_unit_test(pieces_are_counted_each_with_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
