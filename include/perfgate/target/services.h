/*
 * Private PostgreSQL and Redis, started from the installed binaries.
 *
 * One folder pfg-XXXXXX in /dev/shm (with 2 GiB to spare) or /tmp, 0700, owned by the user
 * that runs the servers; Unix sockets only. A URL that is given is used as it is and nothing is
 * started. Nothing survives us: proc.h's watcher and PR_SET_PDEATHSIG; stale folders of
 * dead runs are reaped at start (owner and liveness checked).
 */
#ifndef PERFGATE_TARGET_SERVICES_H
#define PERFGATE_TARGET_SERVICES_H

#include "perfgate/base/error.h"
#include "perfgate/ext/json.h"

struct services;

/*
 * What a private database holds from the start. It is filled once and kept, with the cluster, as
 * a template under the user's cache folder (as root /var/cache/perfgate); later starts copy it.
 */
struct services_content {
	const char *key; /* another text whenever fill() would write something else */
	int (*fill)(const char *database_url, void *arg, struct error *err);
	void *arg;
};

/*
 * `database_url` / `redis_url`: use these, or NULL to start a private one; `content` may be NULL.
 * ERROR_USAGE with the install line when a binary is missing.
 */
PG_MUST_CHECK int services_start(const char *database_url, const char *redis_url,
				 const struct services_content *content, struct services **out,
				 struct error *err);
/* The programs that private servers would be started from, heap; NULL when not installed. */
char *services_find_postgres(void);
char *services_find_redis(void);
/* What to do when they are not. */
#define SERVICES_INSTALL "apt-get install postgresql redis-server"

/* libpq connection string; "unix:/path/redis.sock" or redis://…; borrowed. */
const char *services_database(const struct services *services);
const char *services_redis(const struct services *services);
bool services_database_is_private(const struct services *services);
bool services_redis_is_private(const struct services *services);
void services_stop(struct services *services);

#endif
