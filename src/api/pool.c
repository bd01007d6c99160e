#include "perfgate/api/pool.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"

#include <errno.h>
#include <pthread.h>

/* Someone who waits, on its own stack; handed a place, with a connection in it or not yet. */
struct waiter {
	struct waiter *next;
	pthread_cond_t served;
	void *connection;
	bool has_place;
};

struct pool {
	struct pool_kind kind;
	pthread_mutex_t lock;
	pthread_condattr_t monotonic;
	void **idle; /* a stack of at most kind.size */
	unsigned idle_count;
	struct waiter *first, **last; /* who waits, in order */
	struct pool_stats stats;
};

struct pool *pool_new(const struct pool_kind *kind)
{
	struct pool *pool = xcalloc(1, sizeof *pool);

	pool->kind = *kind;
	pool->idle = xcalloc(kind->size, sizeof *pool->idle);
	pool->last = &pool->first;
	pool->stats.size = kind->size;
	pool->stats.overflow = kind->overflow;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&pool->monotonic);
	pthread_condattr_setclock(&pool->monotonic, CLOCK_MONOTONIC);
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	while (pool->idle_count)
		pool->kind.close(pool->idle[--pool->idle_count]);
	pthread_condattr_destroy(&pool->monotonic);
	pthread_mutex_destroy(&pool->lock);
	free(pool->idle);
	free(pool);
}

/* A place is an open connection or the right to open one; with the lock held. */
static bool take_place(struct pool *pool, void **connection)
{
	if (pool->idle_count) {
		*connection = pool->idle[--pool->idle_count];
	} else if (pool->stats.open < pool->kind.size + pool->kind.overflow) {
		*connection = NULL;
		pool->stats.open++;
	} else {
		return false;
	}
	pool->stats.in_use++;
	return true;
}

/* Hand a place on to who waits longest; false when nobody waits. With the lock held. */
static bool serve_waiter(struct pool *pool, void *connection)
{
	struct waiter *waiter = pool->first;

	if (!waiter)
		return false;
	pool->first = waiter->next;
	if (!pool->first)
		pool->last = &pool->first;
	waiter->connection = connection;
	waiter->has_place = true;
	pthread_cond_signal(&waiter->served);
	return true;
}

static void leave_queue(struct pool *pool, const struct waiter *waiter)
{
	struct waiter **at = &pool->first;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	if (!*at)
		pool->last = at;
}

/* With the lock held; false when the limit passed. */
static bool wait_for_place(struct pool *pool, int64_t wait_ns, void **connection)
{
	struct waiter waiter = {0};
	int64_t start_ns = clock_now_ns(), deadline_ns = start_ns + wait_ns;
	struct timespec at = {.tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S};
	bool timed_out = false;

	pthread_cond_init(&waiter.served, &pool->monotonic);
	*pool->last = &waiter;
	pool->last = &waiter.next;
	pool->stats.waiters++;
	while (!waiter.has_place && !timed_out)
		timed_out = pthread_cond_timedwait(&waiter.served, &pool->lock, &at) == ETIMEDOUT;
	pool->stats.waiters--;
	pool->stats.wait_ns += clock_now_ns() - start_ns;
	if (!waiter.has_place)
		leave_queue(pool, &waiter);
	pthread_cond_destroy(&waiter.served);
	*connection = waiter.connection;
	return waiter.has_place;
}

/* A place whose connection is gone: for who waits, or nobody's. */
static void give_place_up(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	if (!serve_waiter(pool, NULL)) {
		pool->stats.open--;
		pool->stats.in_use--;
	}
	pthread_mutex_unlock(&pool->lock);
}

static bool is_dead(struct pool *pool, void *connection)
{
	if (!pool->kind.alive || pool->kind.alive(connection))
		return false;
	pool->kind.close(connection);
	pthread_mutex_lock(&pool->lock);
	pool->stats.replaced++;
	pthread_mutex_unlock(&pool->lock);
	return true;
}

int pool_take_within(struct pool *pool, int64_t wait_ns, void **out, struct error *err)
{
	void *connection = NULL;

	pthread_mutex_lock(&pool->lock);
	if ((pool->first || !take_place(pool, &connection)) &&
	    !wait_for_place(pool, wait_ns, &connection)) {
		pool->stats.timeouts++;
		pthread_mutex_unlock(&pool->lock);
		return error_set(err, ERROR_UNMEASURED,
				 "no %s connection came free in %.3g s (all %u in use)",
				 pool->kind.name, (double)wait_ns / (double)NS_PER_S,
				 pool->kind.size + pool->kind.overflow);
	}
	pool->stats.checkouts++;
	pthread_mutex_unlock(&pool->lock);
	if (connection && is_dead(pool, connection))
		connection = NULL;
	if (!connection && pool->kind.open(pool->kind.arg, &connection, err) < 0) {
		give_place_up(pool);
		return -1;
	}
	*out = connection;
	return 0;
}

int pool_take(struct pool *pool, void **out, struct error *err)
{
	return pool_take_within(pool, pool->kind.checkout_ns, out, err);
}

void pool_give(struct pool *pool, void *connection, bool usable)
{
	bool kept = false;

	if (usable) {
		pthread_mutex_lock(&pool->lock);
		kept = serve_waiter(pool, connection);
		if (!kept && pool->stats.open <= pool->kind.size) {
			pool->idle[pool->idle_count++] = connection;
			pool->stats.in_use--;
			kept = true;
		}
		pthread_mutex_unlock(&pool->lock);
	}
	if (kept)
		return;
	pool->kind.close(connection);
	give_place_up(pool);
}

void pool_drop_idle(struct pool *pool)
{
	for (;;) {
		void *connection = NULL;

		pthread_mutex_lock(&pool->lock);
		if (pool->idle_count) {
			connection = pool->idle[--pool->idle_count];
			pool->stats.open--;
			pool->stats.replaced++;
		}
		pthread_mutex_unlock(&pool->lock);
		if (!connection)
			return;
		pool->kind.close(connection);
	}
}

void pool_read_stats(struct pool *pool, struct pool_stats *out)
{
	pthread_mutex_lock(&pool->lock);
	*out = pool->stats;
	pthread_mutex_unlock(&pool->lock);
}
