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
#define PROBE_NS (5 * NS_PER_S)
#define FIRST_PAUSE_NS (2 * NS_PER_MS)
#define LAST_PAUSE_NS (100 * NS_PER_MS)
#define STOP_GRACE_NS (5 * NS_PER_S)
enum { SHOWN_BYTES = 100 };

struct target {
	const struct settings *settings; /* borrowed; until it is ready */
	struct target_place place;
	const volatile sig_atomic_t *stop;
	void (*say)(const char *line, void *arg);
	void *say_arg;

	struct arena arena;
	struct target_endpoint endpoint;
	const char *shown;
	int64_t launched_ns; /* or asked for the first time */
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
	int64_t start_ns = target->launched_ns;
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

/* `line` with the arguments behind it, each in quotes. */
static char *with_arguments(char *line, const char *const *arguments)
{
	struct strbuf out = {0};
	strbuf_puts(&out, line);
	free(line);
	for (; arguments != NULL && *arguments != NULL; arguments++) {
		strbuf_puts(&out, " '");
		for (const char *c = *arguments; *c != '\0'; c++)
			if (*c == '\'')
				strbuf_puts(&out, "'\\''");
			else
				strbuf_putc(&out, *c);
		strbuf_puts(&out, "'");
	}
	return strbuf_take(&out);
}

static const char **reference_argv(const char *self, const char *port, const char *const *arguments)
{
	size_t count = 0;
	while (arguments != NULL && arguments[count] != NULL)
		count++;
	const char **argv = xcalloc(count + 5, sizeof(char *));
	memcpy(argv, (const char *[]){self, "serve", "--port", port}, 4 * sizeof *argv);
	if (count > 0)
		memcpy(argv + 4, arguments, count * sizeof *argv);
	return argv;
}

static int launch(struct target *target, uint16_t port, struct error *err)
{
	const struct target_settings *settings = &target->settings->target;
	const char *const *arguments = target->place.arguments;
	char number[16];
	snprintf(number, sizeof number, "%u", port);
	AUTO_FREE char *self = NULL, *line = NULL;
	AUTO_FREE const char **argv = NULL;
	if (settings->kind == TARGET_REFERENCE) {
		self = fs_self_path();
		if (self == NULL)
			return error_set(err, ERROR_INTERNAL, "cannot find our own program");
		argv = reference_argv(self, number, arguments);
	} else {
		line = with_arguments(command_with_port(settings->command, port), arguments);
		argv = xcalloc(4, sizeof(char *));
		memcpy(argv, (const char *[]){SHELL, "-c", line}, 3 * sizeof *argv);
	}
	char **env = command_environment(target->settings, port);
	struct proc_spec spec = {.argv = argv,
				 .env = (const char *const *)env,
				 .cwd = target->place.folder};
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
	target->launched_ns = clock_now_ns();
	if (launch(target, port, err) < 0)
		return -1;
	target->endpoint.pid = proc_pid(target->proc);
	return 0;
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

static struct target *new_target(const struct settings *settings, const volatile sig_atomic_t *stop,
				 void (*say_line)(const char *line, void *arg), void *say_arg)
{
	struct target *target = xcalloc(1, sizeof *target);
	target->settings = settings;
	target->stop = stop;
	target->say = say_line;
	target->say_arg = say_arg;
	target->shown = target_describe(settings, &target->arena);
	target->is_perfgate = settings->target.kind == TARGET_REFERENCE ||
			      (settings->target.kind == TARGET_COMMAND &&
			       command_is_perfgate(settings->target.command));
	return target;
}
DEFINE_AUTO(target, struct target *, target_stop)

int target_launch(const struct settings *settings, const struct target_place *place,
		  const volatile sig_atomic_t *stop, struct target **out, struct error *err)
{
	AUTO(target) struct target *target = new_target(settings, stop, NULL, NULL);
	target->place = *place;
	if (start_child(target, err) < 0)
		return -1;
	*out = TAKE(target);
	return 0;
}

int target_await(struct target *target, struct error *err)
{
	if (wait_until_ready(target, CHILD_BUDGET_NS, err) == 0)
		return 0;
	if (!lost_the_port(target))
		return -1;
	say(target, "the port was taken meanwhile, trying another one");
	proc_stop(TAKE(target->proc), SIGTERM, STOP_GRACE_NS);
	if (start_child(target, err) < 0)
		return -1;
	return wait_until_ready(target, CHILD_BUDGET_NS, err);
}

static int reach_url(struct target *target, struct error *err)
{
	const struct target_settings *settings = &target->settings->target;
	if (target_parse_url(settings->url, &target->arena, &target->endpoint, err) < 0)
		return error_wrap(err, "target");
	target->endpoint.insecure = target->endpoint.tls && settings->insecure;
	target->shown = show_url(target->endpoint.url, target->endpoint.insecure, &target->arena);
	target->launched_ns = clock_now_ns();
	return wait_until_ready(target, URL_BUDGET_NS, err);
}

static int start(struct target *target, struct error *err)
{
	if (target->settings->target.kind == TARGET_URL)
		return reach_url(target, err);
	if (start_child(target, err) < 0)
		return -1;
	return target_await(target, err);
}

int target_start(const struct settings *settings, const volatile sig_atomic_t *stop,
		 void (*say_line)(const char *line, void *arg), void *say_arg, struct target **out,
		 struct error *err)
{
	AUTO(target) struct target *target = new_target(settings, stop, say_line, say_arg);
	if (start(target, err) < 0)
		return -1;
	*out = TAKE(target);
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
	return target_report_end(target->proc, target->shown, status, err);
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
