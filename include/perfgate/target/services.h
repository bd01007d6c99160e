/*
 * Private PostgreSQL and Redis, started from the installed binaries.
 *
 * One folder /tmp/pfg-XXXXXX (0700, owned by the user that runs the
 * servers), Unix sockets only. A URL that is given is used as it is and nothing is
 * started. Nothing survives us: proc.h's watcher and PR_SET_PDEATHSIG; stale folders of
 * dead runs are reaped at start (owner and liveness checked).
 */
#ifndef PERFGATE_TARGET_SERVICES_H
#define PERFGATE_TARGET_SERVICES_H

#include "perfgate/base/error.h"
#include "perfgate/ext/json.h"

struct services;

/*
 * `database_url` / `redis_url`: use these, or NULL to start a private one.
 * ERROR_USAGE with the install line when a binary is missing.
 */
PG_MUST_CHECK int services_start(const char *database_url, const char *redis_url,
				 struct services **out, struct error *err);
/* libpq connection string; "unix:/path/redis.sock" or redis://…; borrowed. */
const char *services_database(const struct services *services);
const char *services_redis(const struct services *services);
bool services_database_is_private(const struct services *services);
bool services_redis_is_private(const struct services *services);
void services_stop(struct services *services);

#endif
