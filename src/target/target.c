#include "perfgate/target/target.h"

#include "internal.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CHILD_BUDGET_NS (30 * NS_PER_S)
/* A server that was started a moment ago by somebody else gets this much. */
#define URL_BUDGET_NS (5 * NS_PER_S)
#define BUILD_BUDGET_NS (1800 * NS_PER_S)
#define PROBE_NS (5 * NS_PER_S)
#define FIRST_PAUSE_NS (2 * NS_PER_MS)
#define LAST_PAUSE_NS (100 * NS_PER_MS)
#define STOP_GRACE_NS (5 * NS_PER_S)
#define SHELL "/bin/sh"

enum { TAIL_LINES = 20, SHOWN_BYTES = 100 };

struct target {
	const struct settings *settings; /* during target_start() only */
	const volatile sig_atomic_t *stop;
	void (*say)(const char *line, void *arg);
	void *say_arg;

	struct arena arena;
	struct target_endpoint endpoint;
	const char *shown;
	struct proc *proc; /* NULL = a URL */
	bool is_perfgate; /* it answers GET /info */
};

static void say(const struct target *target, const char *format, ...) PG_PRINTF(2, 3);
static void say(const struct target *target, const char *format, ...)
{
	char line[512];
	va_list args;
	if (target->say == NULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	target->say(line, target->say_arg);
}

static bool stopped(const struct target *target)
{
	return target->stop != NULL && *target->stop != 0;
}

/* Its output goes out line by line: an error is one line. The last one is in the error as well. */
static int report_end(struct proc *proc, const char *what, int status, struct error *err)
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

/* ---- readiness ---- */

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int not_ready(const struct target *target, int64_t budget_ns, const struct error *why,
		     struct error *err)
{
	char budget[UNITS_TEXT_SIZE];
	units_format_duration(budget_ns, budget);
	if (target->proc == NULL)
		return error_set(err, ERROR_UNMEASURED, "target not reachable within %s: %s",
				 budget, why->message);
	return error_set(err, ERROR_UNMEASURED, "%s was not ready within %s: %s", target->shown,
			 budget, why->message);
}

/* "reference ready in 0.9 s, with PostgreSQL 15.8 and Redis 7.0.15" */
static void say_ready(const struct target *target, int64_t took_ns)
{
	char took[UNITS_TEXT_SIZE];
	AUTO_JSON json_t *environment = target_environment(target);
	const char *postgres = extjson_get_string(environment, "postgresql_version", "");
	const char *redis = extjson_get_string(environment, "redis_version", "");
	units_format_duration(took_ns, took);
	if (*postgres == '\0' || *redis == '\0')
		say(target, "%s ready in %s", target->shown, took);
	else
		say(target, "%s ready in %s, with PostgreSQL %.*s and Redis %.*s", target->shown,
		    took, (int)strcspn(postgres, " "), postgres, (int)strcspn(redis, " "), redis);
}

static int wait_until_ready(struct target *target, int64_t budget_ns, struct error *err)
{
	int64_t start_ns = clock_now_ns();
	struct timespec pause = {.tv_nsec = FIRST_PAUSE_NS};
	struct error why = ERROR_INIT;
	bool untrusted = false;
	const char *ready = target->settings->target.ready;
	bool exact = target->settings->target.kind == TARGET_REFERENCE ||
		     target->settings->target.ready_given;
	for (;;) {
		int64_t left_ns = start_ns + budget_ns - clock_now_ns();
		if (stopped(target))
			return error_set(err, ERROR_UNMEASURED,
					 "interrupted before the API was ready");
		if (left_ns <= NS_PER_MS)
			return not_ready(target, budget_ns, &why, err);
		if (probe_ready(&target->endpoint, ready, exact, at_most(left_ns, PROBE_NS),
				&untrusted, &why) == 0)
			break;
		if (untrusted)
			return error_set(err, ERROR_UNMEASURED,
					 "%s (SSL_CERT_FILE names another authority; --insecure or "
					 "target.insecure accept any)",
					 why.message);
		if (target_check_alive(target, err) < 0)
			return error_wrap(err, "not ready");
		nanosleep(&pause, NULL);
		pause.tv_nsec = at_most(pause.tv_nsec * 2, LAST_PAUSE_NS);
	}
	/* Another server may have answered on the port that ours could not get. */
	if (target_check_alive(target, err) < 0)
		return -1;
	if (target->proc != NULL)
		say_ready(target, clock_now_ns() - start_ns);
	return 0;
}

/* ---- our own children ---- */

static int run_build(struct target *target, struct error *err)
{
	const char *build = target->settings->target.build;
	int64_t deadline_ns = clock_now_ns() + BUILD_BUDGET_NS;
	int status = 0;
	if (build == NULL)
		return 0;
	say(target, "building: %s", build);
	struct proc *proc;
	char **env = command_environment(target->settings, 0);
	struct proc_spec spec = {.argv = (const char *const[]){SHELL, "-c", build, NULL},
				 .env = (const char *const *)env};
	int result = proc_start(&spec, &proc, err);
	proc_env_free(env);
	if (result < 0)
		return -1;
	while (!proc_ended(proc, &status) && !stopped(target) && clock_now_ns() < deadline_ns)
		nanosleep(&(struct timespec){.tv_nsec = LAST_PAUSE_NS / 2}, NULL);
	if (stopped(target))
		result = error_set(err, ERROR_UNMEASURED, "interrupted while building");
	else if (!proc_ended(proc, &status))
		result = error_set(err, ERROR_UNMEASURED, "target.build took more than 30 minutes");
	else if (status != 0) {
		result = report_end(proc, "target.build", status, err);
		err->kind = ERROR_USAGE;
	}
	proc_stop(proc, SIGTERM, STOP_GRACE_NS);
	return result;
}

static int launch(struct target *target, uint16_t port, struct error *err)
{
	const struct target_settings *settings = &target->settings->target;
	char number[16];
	snprintf(number, sizeof number, "%u", port);
	AUTO_FREE char *self = NULL, *line = NULL;
	const char *argv[5] = {NULL};
	if (settings->kind == TARGET_REFERENCE) {
		self = fs_self_path();
		if (self == NULL)
			return error_set(err, ERROR_INTERNAL, "cannot find our own program");
		memcpy(argv, (const char *[]){self, "serve", "--port", number}, 4 * sizeof *argv);
	} else {
		line = command_with_port(settings->command, port);
		memcpy(argv, (const char *[]){SHELL, "-c", line}, 3 * sizeof *argv);
	}
	char **env = command_environment(target->settings, port);
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)env};
	int result = proc_start(&spec, &target->proc, err);
	proc_env_free(env);
	return result;
}

static int start_child(struct target *target, struct error *err)
{
	uint16_t port;
	if (command_free_port(&port, err) < 0)
		return -1;
	struct arena *arena = &target->arena;
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%u", port);
	if (target_parse_url(url, arena, &target->endpoint, err) < 0)
		return -1;
	say(target, "starting %s on %s", target->shown, target->endpoint.url);
	if (launch(target, port, err) < 0)
		return -1;
	target->endpoint.pid = proc_pid(target->proc);
	return wait_until_ready(target, CHILD_BUDGET_NS, err);
}

/* Somebody may take the port between our looking and the child's binding. */
static bool lost_the_port(struct target *target)
{
	AUTO(strbuf) struct strbuf tail = {0};
	if (target->proc == NULL || !proc_ended(target->proc, NULL))
		return false;
	proc_tail(target->proc, TAIL_LINES, &tail);
	return strcasestr(strbuf_text(&tail), "address already in use") != NULL;
}

static int start_child_twice(struct target *target, struct error *err)
{
	if (run_build(target, err) < 0)
		return -1;
	if (start_child(target, err) == 0)
		return 0;
	if (!lost_the_port(target))
		return -1;
	say(target, "the port was taken meanwhile, trying another one");
	proc_stop(target->proc, SIGTERM, STOP_GRACE_NS);
	target->proc = NULL;
	return start_child(target, err);
}

/* ---- public ---- */

/* A command in one short line without secrets. */
static const char *show_command(const char *command, struct arena *arena)
{
	AUTO(strbuf) struct strbuf text = {0}, shown = {0};
	strbuf_puts(&text, command + strspn(command, " \t\n"));
	while (text.length > 0 && strchr(" \t\n", text.data[text.length - 1]) != NULL)
		text.length--;
	log_redact(&text);
	size_t length = text.length < SHOWN_BYTES ? text.length : SHOWN_BYTES;
	const char *line_end = memchr(strbuf_text(&text), '\n', length);
	if (line_end != NULL)
		length = (size_t)(line_end - text.data);
	log_visible(&shown, strbuf_text(&text), length);
	return arena_printf(arena, "`%s%s`", strbuf_text(&shown),
			    length < text.length ? " ..." : "");
}

/* Every report has this line. */
static const char *show_url(const char *url, bool insecure, struct arena *arena)
{
	return insecure ? arena_printf(arena, "%s (certificate not verified)", url) : url;
}

const char *target_describe(const struct settings *settings, struct arena *arena)
{
	switch (settings->target.kind) {
	case TARGET_COMMAND: return show_command(settings->target.command, arena);
	case TARGET_URL:
		return show_url(settings->target.url_shown,
				settings->target.insecure &&
					strncasecmp(settings->target.url_shown, "https:", 6) == 0,
				arena);
	case TARGET_REFERENCE: break;
	}
	return "reference";
}

static int start(struct target *target, struct error *err)
{
	const struct target_settings *settings = &target->settings->target;
	target->shown = target_describe(target->settings, &target->arena);
	switch (settings->kind) {
	case TARGET_REFERENCE: target->is_perfgate = true; return start_child_twice(target, err);
	case TARGET_COMMAND:
		target->is_perfgate = command_is_perfgate(settings->command);
		return start_child_twice(target, err);
	case TARGET_URL: break;
	}
	if (target_parse_url(settings->url, &target->arena, &target->endpoint, err) < 0)
		return error_wrap(err, "target");
	target->endpoint.insecure = target->endpoint.tls && settings->insecure;
	target->shown = show_url(target->endpoint.url, target->endpoint.insecure, &target->arena);
	return wait_until_ready(target, URL_BUDGET_NS, err);
}

int target_start(const struct settings *settings, const volatile sig_atomic_t *stop,
		 void (*say_line)(const char *line, void *arg), void *say_arg, struct target **out,
		 struct error *err)
{
	struct target *target = xcalloc(1, sizeof *target);
	target->settings = settings;
	target->stop = stop;
	target->say = say_line;
	target->say_arg = say_arg;
	if (start(target, err) < 0) {
		target_stop(target);
		return -1;
	}
	target->settings = NULL;
	*out = target;
	return 0;
}

const struct target_endpoint *target_endpoint(const struct target *target)
{
	return &target->endpoint;
}

const char *target_shown(const struct target *target)
{
	return target->shown;
}

int target_check_alive(struct target *target, struct error *err)
{
	int status;
	if (target->proc == NULL || !proc_ended(target->proc, &status))
		return 0;
	return report_end(target->proc, target->shown, status, err);
}

json_t *target_environment(const struct target *target)
{
	return target->is_perfgate ? probe_environment(&target->endpoint, PROBE_NS)
				   : extjson_object();
}

void target_stop(struct target *target)
{
	if (target == NULL)
		return;
	proc_stop(target->proc, SIGTERM, STOP_GRACE_NS);
	arena_release(&target->arena);
	free(target);
}
