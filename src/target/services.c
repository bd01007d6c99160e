#include "perfgate/target/services.h"

#include "internal.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/ext/pg.h"
#include "perfgate/ext/redis.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define READY_BUDGET_NS (30 * NS_PER_S)
#define GIVEN_TIMEOUT_NS (5 * NS_PER_S)
#define PING_TIMEOUT_NS NS_PER_S
#define STOP_GRACE_NS (5 * NS_PER_S)
#define FIRST_PAUSE_NS (2 * NS_PER_MS)
#define LAST_PAUSE_NS (50 * NS_PER_MS)

struct services {
	char *database_url, *redis_url;
	struct proc *postgres, *redis; /* NULL = not ours */
	struct private_folder folder;
};

static int ended(const char *name, struct proc *proc, int status, struct error *err)
{
	AUTO(strbuf) struct strbuf tail = {0};
	proc_tail(proc, 1, &tail);
	const char *line = strbuf_text(&tail) + strspn(strbuf_text(&tail), " ");
	return error_set(err, ERROR_UNMEASURED, "%s ended with status %d while starting: %.*s",
			 name, status, (int)strcspn(line, "\n"), line);
}

int server_wait(const char *name, struct proc *proc, const char *url,
		int (*ping)(const char *url, int64_t timeout_ns, struct error *err),
		struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + READY_BUDGET_NS;
	struct timespec pause = {.tv_nsec = FIRST_PAUSE_NS};
	struct error last = ERROR_INIT;
	while (ping(url, PING_TIMEOUT_NS, &last) < 0) {
		int status;
		if (proc_ended(proc, &status))
			return ended(name, proc, status, err);
		if (clock_now_ns() >= deadline_ns)
			return error_set(err, ERROR_UNMEASURED, "%s did not answer in 30 s: %s",
					 name, last.message);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < LAST_PAUSE_NS)
			pause.tv_nsec *= 2;
	}
	return 0;
}

static int check_given(const char *database_url, const char *redis_url, struct error *err)
{
	if (database_url != NULL && extpg_ping(database_url, GIVEN_TIMEOUT_NS, err) < 0)
		return -1;
	if (redis_url != NULL && extredis_ping(redis_url, GIVEN_TIMEOUT_NS, err) < 0)
		return -1;
	return 0;
}

static int start_private(struct services *services, const struct services_content *content,
			 struct error *err)
{
	struct server_user user;
	AUTO_FREE char *bin = NULL;
	server_user_find(&user);
	if (services->database_url == NULL && (bin = postgres_find()) == NULL)
		return error_set(err, ERROR_USAGE,
				 "PostgreSQL is not installed: " SERVICES_INSTALL
				 ", or give DATABASE_URL");
	private_folder_reap(&user);
	if (private_folder_make(&user, true, &services->folder, err) < 0)
		return -1;
	const char *path = services->folder.path;
	if (services->redis_url == NULL &&
	    redis_launch(&user, path, &services->redis, &services->redis_url, err) < 0)
		return -1;
	if (services->database_url == NULL &&
	    postgres_start(bin, &user, path, content, &services->postgres, &services->database_url,
			   err) < 0)
		return -1;
	if (services->redis != NULL)
		return redis_wait(services->redis, services->redis_url, err);
	return 0;
}

char *services_find_postgres(void)
{
	AUTO_FREE char *bin = postgres_find();
	return bin != NULL ? fs_join(bin, "postgres") : NULL;
}

int services_start(const char *database_url, const char *redis_url,
		   const struct services_content *content, struct services **out, struct error *err)
{
	if (check_given(database_url, redis_url, err) < 0)
		return -1;
	struct services *services = xcalloc(1, sizeof *services);
	services->folder.lock_fd = -1;
	services->database_url = database_url != NULL ? xstrdup(database_url) : NULL;
	services->redis_url = redis_url != NULL ? xstrdup(redis_url) : NULL;
	bool complete = database_url != NULL && redis_url != NULL;
	if (!complete && start_private(services, content, err) < 0) {
		services_stop(services);
		return -1;
	}
	*out = services;
	return 0;
}

const char *services_database(const struct services *services)
{
	return services->database_url;
}

const char *services_redis(const struct services *services)
{
	return services->redis_url;
}

bool services_database_is_private(const struct services *services)
{
	return services->postgres != NULL;
}

bool services_redis_is_private(const struct services *services)
{
	return services->redis != NULL;
}

void services_stop(struct services *services)
{
	if (services == NULL)
		return;
	proc_stop(services->redis, SIGTERM, STOP_GRACE_NS);
	proc_stop(services->postgres, SIGQUIT, STOP_GRACE_NS);
	private_folder_remove(&services->folder);
	free(services->database_url);
	free(services->redis_url);
	free(services);
}
