#include "perfgate/api/pool.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"

#include <errno.h>
#include <pthread.h>

struct pool {
	struct pool_kind kind;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	void **idle; /* a stack of at most kind.max */
	unsigned idle_count;
	struct pool_stats stats;
};

struct pool *pool_new(const struct pool_kind *kind)
{
	struct pool *pool = xcalloc(1, sizeof *pool);
	pthread_condattr_t attributes;

	pool->kind = *kind;
	pool->idle = xcalloc(kind->max, sizeof *pool->idle);
	pool->stats.max = kind->max;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->freed, &attributes);
	pthread_condattr_destroy(&attributes);
	return pool;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	while (pool->idle_count)
		pool->kind.close(pool->idle[--pool->idle_count]);
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->lock);
	free(pool->idle);
	free(pool);
}

static bool none_free(const struct pool *pool)
{
	return pool->idle_count == 0 && pool->stats.open == pool->kind.max;
}

/* With the lock held; false when the deadline passed. */
static bool wait_for_one(struct pool *pool)
{
	int64_t start_ns = clock_now_ns();
	int64_t deadline_ns = start_ns + pool->kind.checkout_ns;
	struct timespec at = {.tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S};
	bool timed_out = false;

	pool->stats.waiters++;
	while (none_free(pool) && !timed_out)
		timed_out = pthread_cond_timedwait(&pool->freed, &pool->lock, &at) == ETIMEDOUT;
	pool->stats.waiters--;
	pool->stats.wait_ns += clock_now_ns() - start_ns;
	return !none_free(pool);
}

static void open_failed(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stats.open--;
	pool->stats.in_use--;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

int pool_take(struct pool *pool, void **out, struct error *err)
{
	void *connection = NULL;

	pthread_mutex_lock(&pool->lock);
	if (none_free(pool) && !wait_for_one(pool)) {
		pool->stats.timeouts++;
		pthread_mutex_unlock(&pool->lock);
		return error_set(err, ERROR_UNMEASURED,
				 "no %s connection came free in %.3g s (all %u in use)",
				 pool->kind.name, (double)pool->kind.checkout_ns / (double)NS_PER_S,
				 pool->kind.max);
	}
	pool->stats.checkouts++;
	pool->stats.in_use++;
	if (pool->idle_count)
		connection = pool->idle[--pool->idle_count];
	else
		pool->stats.open++;
	pthread_mutex_unlock(&pool->lock);
	if (!connection && pool->kind.open(pool->kind.arg, &connection, err) < 0) {
		open_failed(pool);
		return -1;
	}
	*out = connection;
	return 0;
}

void pool_give(struct pool *pool, void *connection, bool usable)
{
	if (!usable)
		pool->kind.close(connection);
	pthread_mutex_lock(&pool->lock);
	pool->stats.in_use--;
	if (usable)
		pool->idle[pool->idle_count++] = connection;
	else
		pool->stats.open--;
	pthread_cond_signal(&pool->freed);
	pthread_mutex_unlock(&pool->lock);
}

void pool_read_stats(struct pool *pool, struct pool_stats *out)
{
	pthread_mutex_lock(&pool->lock);
	*out = pool->stats;
	pthread_mutex_unlock(&pool->lock);
}
