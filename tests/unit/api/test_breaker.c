#include "perfgate/api/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PAUSE 100

static void it_lets_one_through_after_each_pause(void **state)
{
	struct breaker breaker = {.pause_ns = PAUSE};

	(void)state;
	assert_true(breaker_allows(&breaker, 1000));
	assert_true(breaker_allows(&breaker, 1000));
	breaker_failed(&breaker, 1000);
	assert_true(breaker_is_open(&breaker));
	assert_false(breaker_allows(&breaker, 1000 + PAUSE - 1));
	assert_true(breaker_allows(&breaker, 1000 + PAUSE));
	assert_false(breaker_allows(&breaker, 1000 + PAUSE));
	assert_true(breaker_allows(&breaker, 1000 + 2 * PAUSE));
}

static void a_success_closes_it_and_a_failure_keeps_it_open(void **state)
{
	struct breaker breaker = {.pause_ns = PAUSE};

	(void)state;
	breaker_failed(&breaker, 1000);
	assert_true(breaker_allows(&breaker, 1000 + PAUSE));
	breaker_failed(&breaker, 1050 + PAUSE);
	assert_false(breaker_allows(&breaker, 1000 + 2 * PAUSE));
	assert_true(breaker_allows(&breaker, 1050 + 2 * PAUSE));
	breaker_succeeded(&breaker);
	assert_false(breaker_is_open(&breaker));
	assert_true(breaker_allows(&breaker, 0));
	assert_true(breaker_allows(&breaker, 0));
}

static void failures_in_a_row_are_tolerated_up_to_a_number(void **state)
{
	struct breaker breaker = {.pause_ns = PAUSE, .tolerance = 2};

	(void)state;
	breaker_failed(&breaker, 1000);
	breaker_failed(&breaker, 1000);
	assert_false(breaker_is_open(&breaker));
	breaker_succeeded(&breaker);
	breaker_failed(&breaker, 1000);
	breaker_failed(&breaker, 1000);
	assert_false(breaker_is_open(&breaker));
	breaker_failed(&breaker, 1000);
	assert_true(breaker_is_open(&breaker));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_lets_one_through_after_each_pause),
		cmocka_unit_test(a_success_closes_it_and_a_failure_keeps_it_open),
		cmocka_unit_test(failures_in_a_row_are_tolerated_up_to_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
