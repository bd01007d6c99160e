/* target.build: a shell line that makes the API under test from a checkout. */
#include "internal.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"

#include <signal.h>
#include <string.h>

#define BUDGET_NS (1800 * NS_PER_S)
#define STOP_GRACE_NS (5 * NS_PER_S)
#define LOOK_EVERY_NS (50 * NS_PER_MS)

int target_report_end(struct proc *proc, const char *what, int status, struct error *err)
{
	AUTO(strbuf) struct strbuf tail = {0};
	const char *last = "";
	proc_tail(proc, TAIL_LINES, &tail);
	char *rest = tail.length > 0 ? tail.data : NULL, *line;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0') {
			log_error("%s", line);
			last = line + strspn(line, " ");
		}
	return error_set(err, ERROR_UNMEASURED, "%s ended with exit status %d%s%.300s", what,
			 status, *last ? ": " : " and wrote nothing", last);
}

static int wait_for_end(struct proc *proc, const volatile sig_atomic_t *stop, struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + BUDGET_NS;
	int status = 0;
	while (!proc_ended(proc, &status)) {
		if (stop != NULL && *stop != 0)
			return error_set(err, ERROR_UNMEASURED, "interrupted while building");
		if (clock_now_ns() >= deadline_ns)
			return error_set(err, ERROR_UNMEASURED,
					 "target.build took more than 30 minutes");
		nanosleep(&(struct timespec){.tv_nsec = LOOK_EVERY_NS}, NULL);
	}
	if (status == 0)
		return 0;
	target_report_end(proc, "target.build", status, err);
	err->kind = ERROR_USAGE;
	return -1;
}

int target_build(const struct settings *settings, const char *folder, const char *log_path,
		 const volatile sig_atomic_t *stop, struct error *err)
{
	const char *build = settings->target.build;
	struct proc *proc;
	if (settings->target.kind != TARGET_COMMAND || build == NULL)
		return 0;
	char **env = command_environment(settings, 0);
	struct proc_spec spec = {.argv = (const char *const[]){SHELL, "-c", build, NULL},
				 .env = (const char *const *)env,
				 .cwd = folder,
				 .log_path = log_path};
	int result = proc_start(&spec, &proc, err);
	proc_env_free(env);
	if (result < 0)
		return -1;
	result = wait_for_end(proc, stop, err);
	proc_stop(proc, SIGTERM, STOP_GRACE_NS);
	return result;
}
