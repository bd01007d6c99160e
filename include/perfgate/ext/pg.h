/*
 * PostgreSQL through libpq: one connection, statements with parameters, results.
 *
 * Every call has a deadline: connecting is driven by poll(), a statement that
 * runs longer is cancelled on the server (from a thread of its own: a server that
 * hangs does not take the cancel either). Statements use the extended
 * protocol, so that values are never text of the statement and a second
 * statement in one string is refused by the server.
 *
 * Errors name SQLSTATE and the server's primary message, made visible. What
 * libpq says about a connection string or a failed connect is never passed on,
 * since it quotes parts of the password: the text is ours, by class. ERROR_USAGE
 * for a malformed string, else ERROR_UNMEASURED.
 *
 * A connection belongs to one thread at a time.
 */
#ifndef PERFGATE_EXT_PG_H
#define PERFGATE_EXT_PG_H

#include "perfgate/base/error.h"
#include "perfgate/base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extpg;
struct extpg_result;

struct extpg_options {
	int64_t connect_timeout_ns; /* 0 = 5 s */
	int64_t query_timeout_ns; /* 0 = 30 s */
	const char *application; /* application_name; NULL = "perfgate" */
};

/* `url` is a libpq URI or keyword string; `options` may be NULL. */
PG_MUST_CHECK int extpg_connect(const char *url, const struct extpg_options *options,
				struct extpg **out, struct error *err);
/* Accepts NULL. */
void extpg_free(struct extpg *pg);
DEFINE_AUTO(extpg, struct extpg *, extpg_free)

/* Connect, `SELECT 1`, disconnect; all within `timeout_ns`. */
PG_MUST_CHECK int extpg_ping(const char *url, int64_t timeout_ns, struct error *err);

/* False after a lost connection or a timeout: free it and connect again. */
bool extpg_usable(const struct extpg *pg);
/* Did the last statement run into its deadline? Another try would wait as long again. */
bool extpg_timed_out(const struct extpg *pg);
/* Is an idle connection still there? Looks at what has arrived; sends and waits for nothing. */
bool extpg_alive(struct extpg *pg);

/* Deadline of the following statements; 0 = 30 s. */
void extpg_set_query_timeout(struct extpg *pg, int64_t timeout_ns);

/* 150008 for 15.8. */
int extpg_server_version(const struct extpg *pg);

/* SQLSTATE of the last failure, "" when it had none. Borrowed. */
const char *extpg_sqlstate(const struct extpg *pg);

PG_MUST_CHECK int extpg_prepare(struct extpg *pg, const char *name, const char *sql,
				struct error *err);

/*
 * Run a prepared statement, or one statement of SQL. Values are text, NULL is
 * SQL's null; results come in binary. `out` may be NULL when rows do not matter.
 */
PG_MUST_CHECK int extpg_run(struct extpg *pg, const char *name, size_t count,
			    const char *const *values, struct extpg_result **out,
			    struct error *err);
PG_MUST_CHECK int extpg_exec(struct extpg *pg, const char *sql, size_t count,
			     const char *const *values, struct extpg_result **out,
			     struct error *err);

/*
 * Run a prepared statement that returns rows for `n` lists of `count` values each, in one round
 * trip (pipeline mode): the server works on the next while we read the last. The deadline is of
 * all together. All or nothing: after one that failed no other is run, and every out[i] is NULL.
 */
PG_MUST_CHECK int extpg_run_each(struct extpg *pg, const char *name, size_t count,
				 const char *const *values, size_t n, struct extpg_result **out,
				 struct error *err);

/* Several statements of our own in one string, without parameters (schema, fill). */
PG_MUST_CHECK int extpg_script(struct extpg *pg, const char *sql, struct error *err);

size_t extpg_rows(const struct extpg_result *result);
/* bool, int2, int4, int8, float4, float8; NaN for null and every other type. */
double extpg_number(const struct extpg_result *result, size_t row, size_t column);
/* The bytes of a text or bytea value, NUL-terminated, "" for null; borrowed from the result. */
const char *extpg_text(const struct extpg_result *result, size_t row, size_t column);
size_t extpg_length(const struct extpg_result *result, size_t row, size_t column);
void extpg_result_free(struct extpg_result *result);
DEFINE_AUTO(extpg_result, struct extpg_result *, extpg_result_free)

#endif
