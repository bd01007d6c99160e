#include "internal.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/ext/pg.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STOP_GRACE_NS (30 * NS_PER_S)
#define DEBIAN_PATTERN "/usr/lib/postgresql/*/bin"

/*
 * No durability and no background work that comes and goes: a run is short,
 * its data are thrown away, and two runs must see the same server. These are
 * part of the environment fingerprint (the API reports them).
 */
static const char *const settings[] = {
	"listen_addresses=",
	"fsync=off",
	"synchronous_commit=off",
	"full_page_writes=off",
	"autovacuum=off",
	"jit=off",
	"max_parallel_workers_per_gather=0",
};

static bool has_servers(const char *bin)
{
	AUTO_FREE char *initdb = fs_join(bin, "initdb");
	AUTO_FREE char *postgres = fs_join(bin, "postgres");
	return access(initdb, X_OK) == 0 && access(postgres, X_OK) == 0;
}

static char *find_in_path(void)
{
	AUTO_FREE char *found = fs_find_program("postgres", NULL);
	/* Through links: libraries and the template's key belong to the real place. */
	char *real = found != NULL ? realpath(found, NULL) : NULL;
	char *slash = real != NULL ? strrchr(real, '/') : NULL;
	if (slash != NULL)
		*slash = '\0';
	if (slash != NULL && has_servers(real))
		return real;
	free(real);
	return NULL;
}

/* The highest version that Debian's packages installed. */
static char *find_in_packages(void)
{
	glob_t found = {0};
	char *best = NULL;
	long best_version = -1;
	if (glob(DEBIAN_PATTERN, 0, NULL, &found) != 0)
		return NULL;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		long version = strtol(path + sizeof "/usr/lib/postgresql/" - 1, NULL, 10);
		if (version <= best_version || !has_servers(path))
			continue;
		free(best);
		best = xstrdup(path);
		best_version = version;
	}
	globfree(&found);
	return best;
}

static char *ask_pg_config(void)
{
	AUTO(proc_result) struct proc_result result = {0};
	struct proc_spec spec = {.argv = (const char *const[]){"pg_config", "--bindir", NULL},
				 .deadline_ns = 5 * NS_PER_S};
	if (proc_run(&spec, &result, NULL) < 0 || result.exit_status != 0)
		return NULL;
	const char *text = strbuf_text(&result.out);
	char *bin = xstrndup(text, strcspn(text, "\n"));
	if (has_servers(bin))
		return bin;
	free(bin);
	return NULL;
}

char *postgres_find(void)
{
	char *bin = find_in_path();
	if (bin == NULL)
		bin = find_in_packages();
	return bin != NULL ? bin : ask_pg_config();
}

static bool has_statement_statistics(const char *bin)
{
	static const char *const places[] = {"../lib", "../lib/postgresql", "../lib64/pgsql"};
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		AUTO_FREE char *path = xasprintf("%s/%s/pg_stat_statements.so", bin, places[i]);
		if (fs_exists(path))
			return true;
	}
	return false;
}

static int launch(const char *bin, const struct server_user *user, const char *data,
		  const char *folder, struct proc **out, struct error *err)
{
	AUTO_FREE char *program = fs_join(bin, "postgres");
	AUTO_FREE char *sockets = xasprintf("unix_socket_directories=%s", folder);
	const char *argv[2 * ARRAY_SIZE(settings) + 8];
	size_t count = 0;
	argv[count++] = program;
	argv[count++] = "-D";
	argv[count++] = data;
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		argv[count++] = "-c";
		argv[count++] = settings[i];
	}
	argv[count++] = "-c";
	argv[count++] = sockets;
	argv[count++] = has_statement_statistics(bin)
				? "-cshared_preload_libraries=pg_stat_statements"
				: NULL;
	argv[count] = NULL;
	char **env = proc_env_set(proc_clean_env(), "LC_ALL", "C");
	/* SIGQUIT is PostgreSQL's "at once"; SIGTERM would wait for its clients. */
	struct proc_spec spec = {.argv = argv,
				 .env = (const char *const *)env,
				 .cwd = folder,
				 .run_as = user->run_as,
				 .death_signal = SIGQUIT};
	int result = proc_start(&spec, out, err);
	proc_env_free(env);
	return result;
}

static char *url_of(const char *folder)
{
	return xasprintf("host=%s port=5432 user=perfgate dbname=perfgate", folder);
}

static int start_on(const char *bin, const struct server_user *user, const char *data,
		    const char *folder, struct proc **out, struct error *err)
{
	AUTO_FREE char *url = url_of(folder);
	struct proc *proc;
	if (launch(bin, user, data, folder, &proc, err) < 0)
		return -1;
	if (server_wait("PostgreSQL", proc, url, extpg_ping, err) < 0) {
		proc_stop(proc, SIGQUIT, 2 * NS_PER_S);
		return -1;
	}
	*out = proc;
	return 0;
}

int postgres_fill(const char *bin, const struct server_user *user, const char *data,
		  const char *sockets, const struct services_content *content, struct error *err)
{
	AUTO_FREE char *url = url_of(sockets);
	struct proc *proc;
	if (start_on(bin, user, data, sockets, &proc, err) < 0)
		return -1;
	int result = content->fill(url, content->arg, err);
	/* "Fast": in order. After anything else recovery would empty the unlogged tables. */
	proc_stop(proc, SIGINT, STOP_GRACE_NS);
	AUTO_FREE char *running = fs_join(data, "postmaster.pid");
	if (result == 0 && fs_exists(running))
		return error_set(err, ERROR_UNMEASURED,
				 "PostgreSQL did not end in order after it was filled");
	return result;
}

static int start_once(const char *bin, const struct server_user *user, const char *folder,
		      const struct services_content *content, bool refresh, struct proc **out,
		      struct error *err)
{
	AUTO_FREE char *data = fs_join(folder, "pg");
	if (fs_remove_tree(data, err) < 0 ||
	    postgres_make_cluster(bin, user, data, folder, content, refresh, err) < 0)
		return -1;
	return start_on(bin, user, data, folder, out, err);
}

int postgres_start(const char *bin, const struct server_user *user, const char *folder,
		   const struct services_content *content, struct proc **out, char **out_url,
		   struct error *err)
{
	/* A template that a power failure damaged is made again, once. */
	if (start_once(bin, user, folder, content, false, out, err) < 0 &&
	    start_once(bin, user, folder, content, true, out, err) < 0)
		return -1;
	*out_url = url_of(folder);
	return 0;
}
