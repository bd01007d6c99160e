#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/load/stamps.h"

#define WALL (INT64_C(1700000000) * NS_PER_S)

static void stamps_map_by_the_offset(void **state)
{
	(void)state;
	struct stamps stamps = {0};
	stamps_set_pair(&stamps, NS_PER_S, WALL + NS_PER_S);
	assert_false(stamps.usable); /* one pair proves nothing */
	stamps_set_pair(&stamps, 2 * NS_PER_S, WALL + 2 * NS_PER_S);
	assert_true(stamps.usable);
	assert_int_equal(stamps_map(&stamps, WALL + 500, 100, 900), 500);
	/* No stamp, or one from before the sending or after the reading. */
	assert_int_equal(stamps_map(&stamps, 0, 100, 900), 900);
	assert_int_equal(stamps_map(&stamps, WALL + 99, 100, 900), 900);
	assert_int_equal(stamps_map(&stamps, WALL + 901, 100, 900), 900);
}

static void a_clock_that_was_set_is_not_believed(void **state)
{
	(void)state;
	struct stamps stamps = {0};
	int64_t now_ns = NS_PER_S;
	stamps_set_pair(&stamps, now_ns, WALL + now_ns);
	for (int i = 0; i < 10; i++) {
		/* Slewed by 500 ppm: still good. */
		now_ns += NS_PER_S / 10;
		stamps_set_pair(&stamps, now_ns, WALL + now_ns + i * 50 * NS_PER_US);
		assert_true(stamps.usable);
	}
	for (int direction = -1; direction <= 1; direction += 2) {
		int64_t wall_ns = WALL + direction * 3600 * NS_PER_S;
		now_ns += NS_PER_S / 10;
		stamps_set_pair(&stamps, now_ns, wall_ns + now_ns);
		assert_false(stamps.usable);
		assert_int_equal(stamps_map(&stamps, wall_ns + 500, 100, 900), 900);
		now_ns += NS_PER_S / 10;
		stamps_set_pair(&stamps, now_ns, wall_ns + now_ns);
		assert_true(stamps.usable);
	}
}

static void real_clocks_agree(void **state)
{
	(void)state;
	struct stamps stamps = {0};
	int64_t before_ns = clock_now_ns();
	for (int i = 0; i < 100 && !stamps.usable; i++)
		stamps_renew(&stamps, clock_now_ns() + i * NS_PER_S);
	assert_true(stamps.usable);
	int64_t wall_ns = clock_wall_ns(), after_ns = clock_now_ns();
	assert_in_range(stamps_map(&stamps, wall_ns, before_ns, after_ns), before_ns, after_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_map_by_the_offset),
		cmocka_unit_test(a_clock_that_was_set_is_not_believed),
		cmocka_unit_test(real_clocks_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
