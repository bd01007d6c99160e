#include "perfgate/api/pool.h"
#include "perfgate/base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct factory {
	char connections[8];
	int opened, closed;
	unsigned overflow;
	bool broken;
	const void *dead;
};

static int open_one(void *arg, void **out, struct error *err)
{
	struct factory *factory = arg;

	if (factory->broken)
		return error_set(err, ERROR_UNMEASURED, "down");
	*out = &factory->connections[factory->opened++];
	return 0;
}

static struct factory *counted;

static void close_one(void *connection)
{
	(void)connection;
	counted->closed++;
}

static bool is_alive(void *connection)
{
	return connection != counted->dead;
}

static struct pool *make_pool(struct factory *factory, unsigned max, int64_t checkout_ns)
{
	struct pool_kind kind = {.name = "test",
				 .open = open_one,
				 .close = close_one,
				 .alive = is_alive,
				 .arg = factory,
				 .size = max,
				 .overflow = factory->overflow,
				 .checkout_ns = checkout_ns};

	counted = factory;
	return pool_new(&kind);
}

static void the_last_one_given_back_is_taken_first(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 3, NS_PER_S);
	void *a, *b, *again;

	(void)state;
	assert_int_equal(pool_take(pool, &a, NULL), 0);
	assert_int_equal(pool_take(pool, &b, NULL), 0);
	pool_give(pool, a, true);
	pool_give(pool, b, true);
	assert_int_equal(pool_take(pool, &again, NULL), 0);
	assert_ptr_equal(again, b);
	pool_give(pool, again, true);
	assert_int_equal(factory.opened, 2);
	pool_free(pool);
	assert_int_equal(factory.closed, 2);
}

static void a_broken_one_is_replaced(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 1, NS_PER_S);
	void *connection;

	(void)state;
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	pool_give(pool, connection, false);
	assert_int_equal(factory.closed, 1);
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	assert_int_equal(factory.opened, 2);
	pool_give(pool, connection, true);
	pool_free(pool);
}

static void an_empty_pool_times_out_and_says_so(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 1, 5 * NS_PER_MS);
	struct error err = ERROR_INIT;
	struct pool_stats stats;
	void *connection, *none = NULL;

	(void)state;
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	assert_int_equal(pool_take(pool, &none, &err), -1);
	assert_null(none);
	assert_non_null(strstr(err.message, "no test connection"));
	pool_read_stats(pool, &stats);
	assert_int_equal(stats.timeouts, 1);
	assert_int_equal(stats.waiters, 0);
	assert_int_equal(stats.in_use, 1);
	assert_true(stats.wait_ns > 0);
	pool_give(pool, connection, true);
	pool_free(pool);
}

static void a_failed_open_gives_its_place_back(void **state)
{
	struct factory factory = {.broken = true};
	struct pool *pool = make_pool(&factory, 1, 5 * NS_PER_MS);
	struct error err = ERROR_INIT;
	void *connection;

	(void)state;
	assert_int_equal(pool_take(pool, &connection, &err), -1);
	assert_string_equal(err.message, "down");
	factory.broken = false;
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	pool_give(pool, connection, true);
	pool_free(pool);
}

struct waiter {
	struct pool *pool;
	void *got;
};

static void *wait_for_one(void *arg)
{
	struct waiter *waiter = arg;

	if (pool_take(waiter->pool, &waiter->got, NULL) == 0)
		pool_give(waiter->pool, waiter->got, true);
	return NULL;
}

static void who_waits_gets_what_comes_free(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 1, 30 * NS_PER_S);
	struct waiter waiter = {.pool = pool};
	struct pool_stats stats = {0};
	pthread_t thread;
	void *connection;

	(void)state;
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
	while (stats.waiters == 0)
		pool_read_stats(pool, &stats);
	pool_give(pool, connection, true);
	pthread_join(thread, NULL);
	assert_ptr_equal(waiter.got, connection);
	pool_free(pool);
}

static void overflow_is_closed_when_it_is_given_back(void **state)
{
	struct factory factory = {.overflow = 2};
	struct pool *pool = make_pool(&factory, 1, 5 * NS_PER_MS);
	struct pool_stats stats;
	void *taken[3], *none;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pool_take(pool, &taken[i], NULL), 0);
	assert_int_equal(pool_take(pool, &none, NULL), -1);
	for (size_t i = 0; i < 3; i++)
		pool_give(pool, taken[i], true);
	pool_read_stats(pool, &stats);
	assert_int_equal(stats.open, 1);
	assert_int_equal(stats.in_use, 0);
	assert_int_equal(factory.closed, 2);
	pool_free(pool);
}

static void a_dead_idle_one_is_replaced_unnoticed(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 2, NS_PER_S);
	struct pool_stats stats;
	void *first, *second;

	(void)state;
	assert_int_equal(pool_take(pool, &first, NULL), 0);
	pool_give(pool, first, true);
	factory.dead = first;
	assert_int_equal(pool_take(pool, &second, NULL), 0);
	assert_ptr_not_equal(first, second);
	pool_read_stats(pool, &stats);
	assert_int_equal(stats.replaced, 1);
	assert_int_equal(stats.open, 1);
	pool_give(pool, second, true);
	pool_free(pool);
}

static void dropping_the_idle_leaves_those_in_use(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 3, NS_PER_S);
	struct pool_stats stats;
	void *a, *b;

	(void)state;
	assert_int_equal(pool_take(pool, &a, NULL), 0);
	assert_int_equal(pool_take(pool, &b, NULL), 0);
	pool_give(pool, b, true);
	pool_drop_idle(pool);
	pool_read_stats(pool, &stats);
	assert_int_equal(stats.open, 1);
	assert_int_equal(stats.in_use, 1);
	pool_give(pool, a, true);
	pool_free(pool);
}

struct queuer {
	struct pool *pool;
	int *order;
	int place;
	pthread_t thread;
};

static void *queue_up(void *arg)
{
	struct queuer *queuer = arg;
	void *connection;

	if (pool_take(queuer->pool, &connection, NULL) < 0)
		return NULL;
	queuer->place = (*queuer->order)++;
	pool_give(queuer->pool, connection, true);
	return NULL;
}

static void who_waits_longest_is_served_first(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 1, 30 * NS_PER_S);
	struct queuer queuers[4];
	struct pool_stats stats = {0};
	int order = 0;
	void *connection;

	(void)state;
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		queuers[i] = (struct queuer){.pool = pool, .order = &order, .place = -1};
		assert_int_equal(pthread_create(&queuers[i].thread, NULL, queue_up, &queuers[i]),
				 0);
		while (stats.waiters <= i)
			pool_read_stats(pool, &stats);
	}
	pool_give(pool, connection, true);
	for (int i = 0; i < 4; i++) {
		pthread_join(queuers[i].thread, NULL);
		assert_int_equal(queuers[i].place, i);
	}
	pool_free(pool);
}

static void a_place_whose_open_failed_goes_to_who_waits(void **state)
{
	struct factory factory = {0};
	struct pool *pool = make_pool(&factory, 1, 30 * NS_PER_S);
	struct waiter waiter = {.pool = pool};
	struct pool_stats stats = {0};
	pthread_t thread;
	void *connection;

	(void)state;
	assert_int_equal(pool_take(pool, &connection, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
	while (stats.waiters == 0)
		pool_read_stats(pool, &stats);
	pool_give(pool, connection, false);
	pthread_join(thread, NULL);
	assert_non_null(waiter.got);
	pool_read_stats(pool, &stats);
	assert_int_equal(stats.open, 1);
	pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_one_given_back_is_taken_first),
		cmocka_unit_test(a_broken_one_is_replaced),
		cmocka_unit_test(an_empty_pool_times_out_and_says_so),
		cmocka_unit_test(a_failed_open_gives_its_place_back),
		cmocka_unit_test(who_waits_gets_what_comes_free),
		cmocka_unit_test(overflow_is_closed_when_it_is_given_back),
		cmocka_unit_test(a_dead_idle_one_is_replaced_unnoticed),
		cmocka_unit_test(dropping_the_idle_leaves_those_in_use),
		cmocka_unit_test(who_waits_longest_is_served_first),
		cmocka_unit_test(a_place_whose_open_failed_goes_to_who_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
