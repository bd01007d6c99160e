/* Shared by the files of the store and by nobody else. */
#ifndef PERFGATE_SRC_API_STORE_INTERNAL_H
#define PERFGATE_SRC_API_STORE_INTERNAL_H

#include "perfgate/api/breaker.h"
#include "perfgate/api/store.h"
#include "perfgate/ext/pg.h"

#define STORE_QUERY_TIMEOUT_NS (INT64_C(5) * 1000000000)

enum store_statement { STORE_CELLS, STORE_SERIES, STORE_STATEMENT_COUNT };

struct store {
	char *url;
	struct pool *pool;
	struct breaker breaker; /* open after a time limit: each further try would cost another */
	const struct data_set *data; /* NULL before store_prepare() */
};

/*
 * Run a prepared statement for `n` lists of `count` values, in one round trip, on a pooled
 * connection; a connection found dead is replaced once. All of out[n] or none.
 */
PG_MUST_CHECK int store_query(struct store *store, enum store_statement statement, size_t count,
			      const char *const *values, size_t n, struct extpg_result **out,
			      struct error *err);

/* Open some connections and run every statement on them. */
PG_MUST_CHECK int store_warm_up(struct store *store, struct error *err);

#endif
