/*
 * The climate store in PostgreSQL: filling it, and reading windows of 30 days.
 *
 * Reads are prepared statements, one round trip each, over a bounded pool. A
 * connection that was lost is replaced once per call, so that a restart of the server or
 * pg_terminate_backend() fails at most what cannot connect again at once. After a server that did
 * not answer in time, calls fail at once but for one a second, until it answers. Thread-safe.
 */
#ifndef PERFGATE_API_STORE_H
#define PERFGATE_API_STORE_H

#include "perfgate/api/calendar.h"
#include "perfgate/api/grid.h"
#include "perfgate/api/model.h"
#include "perfgate/api/pool.h"
#include "perfgate/ext/json.h"

#define STORE_POOL_SIZE 20
#define STORE_POOL_OVERFLOW 30
#define STORE_CHECKOUT_NS (INT64_C(30) * 1000000000)

struct store;

/* Never connects by itself; `url` is copied. */
struct store *store_new(const char *url);
void store_free(struct store *store);

/*
 * Make sure the quick data set is there. An empty database is filled when
 * `fill` is set, in one transaction; without it, ERROR_USAGE naming `perfgate serve --init`.
 * `private` databases get unlogged tables.
 */
PG_MUST_CHECK int store_prepare(struct store *store, bool fill, bool private, struct error *err);

/*
 * The 30 days up to and including `day` for `count` covered cells;
 * `out[i]` belongs to `cells[i]`.
 */
PG_MUST_CHECK int store_read_cells(struct store *store, const struct cell *cells, size_t count,
				   int32_t day, struct climate *out, struct error *err);

/* The same windows for one cell and many days, which must ascend and span at most 365. */
PG_MUST_CHECK int store_read_series(struct store *store, struct cell cell, const int32_t *days,
				    size_t count, struct climate *out, struct error *err);

/* Does the server answer within a second, and has it data? Asked even after it did not answer. */
PG_MUST_CHECK int store_ping(struct store *store, struct error *err);
void store_read_stats(struct store *store, struct pool_stats *out);

/* Version and settings that matter for speed; ERROR_UNMEASURED. */
PG_MUST_CHECK int store_describe(struct store *store, json_t **out, struct error *err);

#endif
