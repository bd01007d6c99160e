/*
 * A bounded pool of connections of one kind, opened when first needed.
 *
 * At most `max` are open; who finds none free waits up to `checkout_ns`. The most
 * recently used one is handed out first. Thread-safe.
 */
#ifndef PERFGATE_API_POOL_H
#define PERFGATE_API_POOL_H

#include "perfgate/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct pool_kind {
	const char *name; /* for messages: "database" */
	int (*open)(void *arg, void **out, struct error *err);
	void (*close)(void *connection);
	void *arg;
	unsigned max;
	int64_t checkout_ns;
};

struct pool_stats {
	unsigned max, open, in_use, waiters;
	uint64_t checkouts, timeouts;
	int64_t wait_ns; /* sum over all checkouts */
};

struct pool;

struct pool *pool_new(const struct pool_kind *kind);
/* All connections must have been given back. Accepts NULL. */
void pool_free(struct pool *pool);
/* ERROR_UNMEASURED when none came free in time, or open()'s own. */
PG_MUST_CHECK int pool_take(struct pool *pool, void **out, struct error *err);
/* Give back; one that is not `usable` is closed. */
void pool_give(struct pool *pool, void *connection, bool usable);
void pool_read_stats(struct pool *pool, struct pool_stats *out);

#endif
