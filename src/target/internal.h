/*
 * Private to target/: the pieces of services.c and of target.c.
 */
#ifndef PERFGATE_TARGET_INTERNAL_H
#define PERFGATE_TARGET_INTERNAL_H

#include "perfgate/base/error.h"
#include "perfgate/base/proc.h"
#include "perfgate/config/settings.h"
#include "perfgate/target/services.h"
#include "perfgate/target/target.h"

#include <stdbool.h>
#include <sys/types.h>

/* Who runs the servers: ourselves, or, since PostgreSQL refuses root, another user. */
struct server_user {
	const char *run_as; /* NULL = ourselves */
	uid_t uid;
	gid_t gid;
};

void server_user_find(struct server_user *out);

/*
 * The private folder pfg-XXXXXX: `in_memory` in /dev/shm when it has room, else in /tmp. While
 * its maker lives it holds a lock on the file "lock" in it, so that another run can tell a dead
 * one's folder.
 */
struct private_folder {
	char path[32];
	int lock_fd;
};

PG_MUST_CHECK int private_folder_make(const struct server_user *user, bool in_memory,
				      struct private_folder *out, struct error *err);
/* Removes it with all that is in it. */
void private_folder_remove(struct private_folder *folder);
/* Remove the folders of runs that have died. */
void private_folder_reap(const struct server_user *user);

/* Is `path` that of a private folder with `rest` behind it? */
bool private_folder_is_one(const char *path, const char *rest);

/* The folder with initdb and postgres, heap; NULL when PostgreSQL is not installed. */
char *postgres_find(void);

/*
 * A new cluster in `data` (which must not exist) with the superuser and the
 * database "perfgate" and the content (or NULL): a copy of the cached template, which is made
 * first when it is missing or `refresh` is set. `sockets` is a folder for that.
 */
PG_MUST_CHECK int postgres_make_cluster(const char *bin, const struct server_user *user,
					const char *data, const char *sockets,
					const struct services_content *content, bool refresh,
					struct error *err);

/* Run a server on the cluster only to fill it; it ends in order, or the content would be lost. */
PG_MUST_CHECK int postgres_fill(const char *bin, const struct server_user *user, const char *data,
				const char *sockets, const struct services_content *content,
				struct error *err);

/* Start PostgreSQL on `folder` and wait until it answers; *out_url is heap. */
PG_MUST_CHECK int postgres_start(const char *bin, const struct server_user *user,
				 const char *folder, const struct services_content *content,
				 struct proc **out, char **out_url, struct error *err);

/* The same in two steps for Redis, so that it starts while PostgreSQL does. */
PG_MUST_CHECK int redis_launch(const struct server_user *user, const char *folder,
			       struct proc **out, char **out_url, struct error *err);
PG_MUST_CHECK int redis_wait(struct proc *proc, const char *url, struct error *err);

/*
 * Ask `ping` again and again, with growing pauses, until it is content, the
 * server has ended or 30 s are over. The error has the server's last line.
 */
PG_MUST_CHECK int server_wait(const char *name, struct proc *proc, const char *url,
			      int (*ping)(const char *url, int64_t timeout_ns, struct error *err),
			      struct error *err);

#define SHELL "/bin/sh"

enum { TAIL_LINES = 20 };

/*
 * Our child has ended: its last lines go to the log line by line, since an error is one line; the
 * last one is in the error as well. Returns -1, ERROR_UNMEASURED.
 */
int target_report_end(struct proc *proc, const char *what, int status, struct error *err);

/* A TCP port of 127.0.0.1 that was free a moment ago. */
PG_MUST_CHECK int command_free_port(uint16_t *out, struct error *err);
/* Every {port} replaced; heap. */
char *command_with_port(const char *command, uint16_t port);
/* proc_clean_env(), PORT, DATABASE_URL, REDIS_URL, our folder last in PATH, target.env. */
char **command_environment(const struct settings *settings, uint16_t port);
/* Does the command line run perfgate itself? */
bool command_is_perfgate(const char *command);

/*
 * 0 when it answers `path` with 2xx (exact) or anything below 500; else why not. *out_untrusted:
 * its certificate was not accepted, and asking again will not help.
 */
PG_MUST_CHECK int probe_ready(const struct target_endpoint *endpoint, const char *path, bool exact,
			      int64_t timeout_ns, bool *out_untrusted, struct error *why);
/* Member "environment" of GET /info, or {}. */
json_t *probe_environment(const struct target_endpoint *endpoint, int64_t timeout_ns);

#endif
