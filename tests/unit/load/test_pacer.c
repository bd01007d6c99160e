#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/load/pacer.h"

#define S NS_PER_S

static struct stage smoke[] = {{5, 5 * S, 120 * S}};
static struct stage spike[] = {{100, 2 * S, 60 * S},
			       {500, 8 * S, 60 * S},
			       {100, 8 * S, 60 * S},
			       {0, 10 * S, 10 * S}};
static struct stage at_once[] = {{7, 0, 10 * S}, {3, 0, 10 * S}};

static const struct scenario scenarios[] = {
	{.name = "smoke", .users = 5, .stages = smoke, .n_stages = 1},
	{.name = "spike", .users = 500, .stages = spike, .n_stages = 4},
	{.name = "at once", .users = 7, .stages = at_once, .n_stages = 2},
};

static void users_follow_the_stages(void **state)
{
	(void)state;
	static const struct {
		int scenario;
		int64_t at_ns;
		uint32_t users;
	} points[] = {
		{0, 0, 1}, /* the first starts at once */
		{0, S - NS_PER_MS, 1},
		{0, S, 2},
		{0, 4 * S - 1000, 4},
		{0, 4 * S, 5},
		{0, 119 * S, 5},
		{0, 120 * S, 0},
		{1, S, 51},
		{1, 2 * S, 100},
		{1, 60 * S + 4 * S, 301},
		{1, 68 * S, 500},
		{1, 120 * S, 500},
		{1, 124 * S, 300},
		{1, 128 * S, 100},
		{1, 185 * S, 50},
		{1, 190 * S, 0},
		{2, 0, 7},
		{2, 10 * S - 1, 7},
		{2, 10 * S, 3},
	};
	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		uint32_t users = pacer_users(&scenarios[points[i].scenario], points[i].at_ns);
		if (users != points[i].users)
			fail_msg("%s at %lld ns: %u users, not %u",
				 scenarios[points[i].scenario].name, (long long)points[i].at_ns,
				 users, points[i].users);
	}
}

/* Jumping from change to change misses none, and ends. */
static void next_change_leaves_out_no_user(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
		const struct scenario *scenario = &scenarios[i];
		int64_t at_ns = 0;
		uint32_t users = pacer_users(scenario, 0);
		size_t jumps = 0;
		for (int64_t next_ns;
		     (next_ns = pacer_next_change_ns(scenario, at_ns)) != INT64_MAX;
		     at_ns = next_ns) {
			assert_true(next_ns > at_ns);
			assert_true(++jumps < 5000);
			/* Just before the change nothing has changed. */
			uint32_t before = pacer_users(scenario, next_ns - 2000);
			if (next_ns - 2000 > at_ns && before != pacer_users(scenario, at_ns))
				fail_msg("%s: %u users before %lld ns", scenario->name, before,
					 (long long)next_ns);
			uint32_t after = pacer_users(scenario, next_ns);
			if (at_ns > 0 && scenario != &scenarios[2])
				assert_true(after == users || after == users + 1 ||
					    after + 1 == users || after == 0);
			users = after;
		}
		assert_int_equal(users, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_follow_the_stages),
		cmocka_unit_test(next_change_leaves_out_no_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
