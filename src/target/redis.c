#include "perfgate/ext/redis.h"

#include "internal.h"
#include "perfgate/base/fs.h"

#include <signal.h>

char *services_find_redis(void)
{
	static const char *const places[] = {"/usr/bin", "/usr/local/bin", "/usr/sbin", NULL};

	return fs_find_program("redis-server", places);
}

int redis_launch(const struct server_user *user, const char *folder, struct proc **out,
		 char **out_url, struct error *err)
{
	AUTO_FREE char *program = services_find_redis();
	if (program == NULL)
		return error_set(err, ERROR_USAGE,
				 "redis-server: not found: " SERVICES_INSTALL
				 ", or give REDIS_URL");
	AUTO_FREE char *socket = fs_join(folder, "redis.sock");
	const char *const argv[] = {program,	    "--port",	   "0",
				    "--unixsocket", socket,	   "--unixsocketperm",
				    "700",	    "--save",	   "",
				    "--appendonly", "no",	   "--dir",
				    folder,	    "--daemonize", "no",
				    "--loglevel",   "warning",	   NULL};
	struct proc_spec spec = {.argv = argv, .cwd = folder, .run_as = user->run_as};
	if (proc_start(&spec, out, err) < 0)
		return -1;
	*out_url = xasprintf("unix:%s", socket);
	return 0;
}

int redis_wait(struct proc *proc, const char *url, struct error *err)
{
	return server_wait("Redis", proc, url, extredis_ping, err);
}
