#include "perfgate/api/flight.h"
#include "perfgate/base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FOLLOWERS 8

struct crowd {
	struct flights *flights;
	atomic_int computed, wrong;
	bool fails;
};

static void *ask(void *arg)
{
	struct crowd *crowd = arg;
	struct flight *flight;
	int result = 0;

	switch (flight_join(crowd->flights, "key", 3, &result, sizeof result, 30 * NS_PER_S,
			    &flight)) {
	case FLIGHT_SHARED: atomic_fetch_add(&crowd->wrong, result != 42); break;
	case FLIGHT_ALONE: atomic_fetch_add(&crowd->computed, 1); break;
	case FLIGHT_LEAD:
		atomic_fetch_add(&crowd->computed, 1);
		flight_land(crowd->flights, flight, NULL, sizeof result);
		break;
	}
	return NULL;
}

/* Whoever comes after the landing leads a flight of its own: only those before it are counted. */
static void fly(struct crowd *crowd)
{
	pthread_t threads[FOLLOWERS];
	struct flight *flight;
	int result = 42;

	crowd->flights = flights_new();
	assert_int_equal(flight_join(crowd->flights, "key", 3, &result, sizeof result, 0, &flight),
			 FLIGHT_LEAD);
	for (int i = 0; i < FOLLOWERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, crowd), 0);
	while (flight_followers(crowd->flights) < FOLLOWERS)
		;
	flight_land(crowd->flights, flight, crowd->fails ? NULL : &result, sizeof result);
	for (int i = 0; i < FOLLOWERS; i++)
		pthread_join(threads[i], NULL);
	flights_free(crowd->flights);
}

static void followers_share_what_one_computed(void **state)
{
	struct crowd crowd = {0};

	(void)state;
	fly(&crowd);
	assert_int_equal(atomic_load(&crowd.computed), 0);
	assert_int_equal(atomic_load(&crowd.wrong), 0);
}

static void followers_of_a_failed_leader_compute_for_themselves(void **state)
{
	struct crowd crowd = {.fails = true};

	(void)state;
	fly(&crowd);
	assert_int_equal(atomic_load(&crowd.computed), FOLLOWERS);
}

static void a_slow_leader_is_not_waited_for_beyond_the_limit(void **state)
{
	struct flights *flights = flights_new();
	struct flight *flight, *none;
	int result = 0;

	(void)state;
	assert_int_equal(flight_join(flights, "a", 1, &result, sizeof result, 0, &flight),
			 FLIGHT_LEAD);
	assert_int_equal(flight_join(flights, "a", 1, &result, sizeof result, NS_PER_MS, &none),
			 FLIGHT_ALONE);
	flight_land(flights, flight, &result, sizeof result);
	flights_free(flights);
}

static void other_names_are_other_flights(void **state)
{
	static const struct {
		const char *name;
		size_t length;
	} rows[] = {{"a:b", 3}, {"a", 1}, {"ab", 2}, {"b", 1}, {"a:b\0", 4}};
	struct flight *flights_of[5];
	struct flights *flights = flights_new();
	int result = 0;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(flight_join(flights, rows[i].name, rows[i].length, &result,
					     sizeof result, 0, &flights_of[i]),
				 FLIGHT_LEAD);
	for (size_t i = 0; i < 5; i++)
		flight_land(flights, flights_of[i], NULL, sizeof result);
	flights_free(flights);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(followers_share_what_one_computed),
		cmocka_unit_test(followers_of_a_failed_leader_compute_for_themselves),
		cmocka_unit_test(a_slow_leader_is_not_waited_for_beyond_the_limit),
		cmocka_unit_test(other_names_are_other_flights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
