#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/rng.h"
#include "perfgate/load/timers.h"

#define N 300

/* Against a plain list: after each random change the first is the least. */
static void the_first_is_always_the_earliest(void **state)
{
	(void)state;
	struct timers timers;
	static struct timer items[N];
	struct rng rng;
	rng_seed(&rng, 5, 5);
	timers_init(&timers, N);
	assert_null(timers_first(&timers));
	for (int round = 0; round < 20000; round++) {
		struct timer *item = &items[rng_below(&rng, N)];
		if (rng_below(&rng, 3) == 0)
			timers_clear(&timers, item);
		else
			timers_set(&timers, item, (int64_t)rng_below(&rng, 1000));
		const struct timer *least = NULL;
		uint32_t set = 0;
		for (size_t i = 0; i < N; i++) {
			if (items[i].place == 0)
				continue;
			set++;
			if (!least || items[i].due_ns < least->due_ns)
				least = &items[i];
		}
		assert_int_equal(timers.count, set);
		const struct timer *first = timers_first(&timers);
		assert_int_equal(first ? first->due_ns : -1, least ? least->due_ns : -1);
	}
	timers_release(&timers);
}

static void timers_come_in_order(void **state)
{
	(void)state;
	struct timers timers;
	static struct timer items[N];
	struct rng rng;
	rng_seed(&rng, 6, 6);
	timers_init(&timers, N);
	for (size_t i = 0; i < N; i++)
		timers_set(&timers, &items[i], (int64_t)rng_below(&rng, 100));
	int64_t before = -1;
	for (struct timer *first; (first = timers_first(&timers));) {
		assert_true(first->due_ns >= before);
		before = first->due_ns;
		timers_clear(&timers, first);
		timers_clear(&timers, first); /* twice is harmless */
	}
	timers_release(&timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_always_the_earliest),
		cmocka_unit_test(timers_come_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
