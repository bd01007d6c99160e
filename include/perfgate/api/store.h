/*
 * The climate store in PostgreSQL: filling it, reading windows of 30 days, keeping models.
 *
 * Reads are prepared statements, one round trip each, over a bounded pool. A
 * connection that was lost is replaced once per call, so that a restart of the server or
 * pg_terminate_backend() fails at most what cannot connect again at once. After a server that did
 * not answer in time, calls fail at once but for one a second, until it answers. Thread-safe,
 * except for store_prepare(), which comes first.
 */
#ifndef PERFGATE_API_STORE_H
#define PERFGATE_API_STORE_H

#include "perfgate/api/climate.h"
#include "perfgate/api/data_set.h"
#include "perfgate/api/pool.h"
#include "perfgate/ext/json.h"

#define STORE_POOL_SIZE 20
#define STORE_POOL_OVERFLOW 30
#define STORE_CHECKOUT_NS (INT64_C(30) * 1000000000)

struct store;

/* Never connects by itself; `url` is copied. */
struct store *store_new(const char *url);
void store_free(struct store *store);

struct store_options {
	const char *data_set; /* what must be there, or be filled in; NULL = any, quick */
	bool fill; /* fill an empty database; else that is ERROR_USAGE naming --init */
	bool private; /* unlogged tables */
};

/*
 * Make sure that there is a data set. An empty database is filled in one transaction;
 * of several that try at once, one fills and the others wait for it.
 */
PG_MUST_CHECK int store_prepare(struct store *store, const struct store_options *options,
				struct error *err);
/* What store_prepare() found. */
const struct data_set *store_data_set(const struct store *store);

/*
 * The 30 days up to and including `day` for `count` covered cells;
 * `out[i]` belongs to `cells[i]`.
 */
PG_MUST_CHECK int store_read_cells(struct store *store, const struct cell *cells, size_t count,
				   int32_t day, struct window *out, struct error *err);

/* The same windows for one cell and many days. */
PG_MUST_CHECK int store_read_series(struct store *store, struct cell cell, const int32_t *days,
				    size_t count, struct window *out, struct error *err);

/*
 * A fitted model of this name whose version begins with `prefix`; *found tells whether there
 * is one. The version is written to `version` (STORE_VERSION_SIZE bytes).
 */
#define STORE_VERSION_SIZE 32
PG_MUST_CHECK int store_find_model(struct store *store, const char *name, const char *prefix,
				   char *version, bool *found, struct error *err);
/* Append its parameters. */
PG_MUST_CHECK int store_read_model(struct store *store, const char *name, const char *version,
				   struct strbuf *out, struct error *err);
/* A model that is there already is left as it is. */
PG_MUST_CHECK int store_write_model(struct store *store, const char *name, const char *version,
				    double r2, const struct strbuf *parameters, struct error *err);

/* Does the server answer within a second, and has it data? Asked even after it did not answer. */
PG_MUST_CHECK int store_ping(struct store *store, struct error *err);
void store_read_stats(struct store *store, struct pool_stats *out);

/* Version and settings that matter for speed; ERROR_UNMEASURED. */
PG_MUST_CHECK int store_describe(struct store *store, json_t **out, struct error *err);

#endif
