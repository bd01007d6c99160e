/*
 * A bounded pool of connections of one kind, opened when first needed.
 *
 * `size` connections are kept; up to `overflow` more are opened when all of them are in use, and
 * closed when they are given back. Who finds none free waits up to `checkout_ns`; who waits longest
 * is served first. The most recently used one is handed out first.
 *
 * Health check: `alive` is asked before an idle connection is handed out; a dead one is replaced
 * by a new one without the caller's noticing. Thread-safe.
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
	bool (*alive)(void *connection); /* NULL = always */
	void *arg;
	unsigned size, overflow;
	int64_t checkout_ns;
};

struct pool_stats {
	unsigned size, overflow; /* as configured */
	unsigned open, in_use, waiters;
	uint64_t checkouts, timeouts, replaced; /* found dead while idle */
	int64_t wait_ns; /* sum over all checkouts */
};

struct pool;

struct pool *pool_new(const struct pool_kind *kind);
/* All connections must have been given back. Accepts NULL. */
void pool_free(struct pool *pool);
/* ERROR_UNMEASURED when none came free in time, or open()'s own. */
PG_MUST_CHECK int pool_take(struct pool *pool, void **out, struct error *err);
/* The same with another limit than `checkout_ns`. */
PG_MUST_CHECK int pool_take_within(struct pool *pool, int64_t wait_ns, void **out,
				   struct error *err);
/* Give back; one that is not `usable` is closed. */
void pool_give(struct pool *pool, void *connection, bool usable);
/* Close what is idle: one of them was found dead, and they share their server's fate. */
void pool_drop_idle(struct pool *pool);
void pool_read_stats(struct pool *pool, struct pool_stats *out);

#endif
