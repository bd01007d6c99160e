/*
 * The API under test: where it comes from, and whether it is ready.
 *
 * `reference` and commands are children in their own process group; their
 * output is kept for the last lines on failure. URLs are only probed.
 */
#ifndef PERFGATE_TARGET_TARGET_H
#define PERFGATE_TARGET_TARGET_H

#include "perfgate/base/error.h"
#include "perfgate/config/settings.h"
#include "perfgate/ext/json.h"

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

struct target;

struct target_endpoint {
	const char *url; /* shown form, no userinfo */
	const char *host; /* Host header value */
	const char *address;
	uint16_t port;
	const char *prefix;
	const char *authorization; /* "Basic …" or NULL; secret */
	pid_t pid; /* 0 = not our child */
	bool tls; /* https */
	bool insecure; /* do not verify its certificate */
	const char *unix_socket; /* path to connect to instead, or NULL */
};

/*
 * Run target.build, if there is one, in `folder` (NULL = here); what it writes goes to `log_path`
 * (NULL = nowhere). A failure is ERROR_USAGE with its last line; its last lines go to the
 * log. `stop` interrupts it.
 */
PG_MUST_CHECK int target_build(const struct settings *settings, const char *folder,
			       const char *log_path, const volatile sig_atomic_t *stop,
			       struct error *err);

/*
 * Start (unless it is a URL) what was built and wait until ready: 2xx on the ready path
 * within 30 s (any answer below 500 for URLs without a ready path). Errors are
 * ERROR_UNMEASURED with the child's last lines; ERROR_USAGE for what cannot
 * be started at all. The lines themselves go to the log, the last one into the error too.
 * `say` (may be NULL) is told each step ("reference ready in 0.9 s, with PostgreSQL 15.8 …").
 * `stop` as in load_options: interrupts the wait.
 */
PG_MUST_CHECK int target_start(const struct settings *settings, const volatile sig_atomic_t *stop,
			       void (*say)(const char *line, void *arg), void *say_arg,
			       struct target **out, struct error *err);

/* Where a child runs, and with what besides its command line; borrowed while it lives. */
struct target_place {
	const char *folder; /* NULL = here */
	/*
	 * Behind the command line, NULL-terminated; NULL = none. For the reference API: `--inject`.
	 */
	const char *const *arguments;
};

/*
 * The same in two steps, for two that start side by side. Not for URLs. `settings` must outlive
 * the waiting. After a failure of target_await() the target is still the caller's to stop.
 */
PG_MUST_CHECK int target_launch(const struct settings *settings, const struct target_place *place,
				const volatile sig_atomic_t *stop, struct target **out,
				struct error *err);
PG_MUST_CHECK int target_await(struct target *target, struct error *err);

const struct target_endpoint *target_endpoint(const struct target *target);
/* "reference", the URL (shown form), or the command: first line, shortened, without secrets. */
const char *target_shown(const struct target *target);
/* The same before anything is started; from `arena` or the settings. A command is one short
 * line without secrets. */
const char *target_describe(const struct settings *settings, struct arena *arena);

/* -1 ERROR_UNMEASURED with exit status and last 20 log lines when our child has ended. */
PG_MUST_CHECK int target_check_alive(struct target *target, struct error *err);

/* Service versions and settings from /info of our own API, for the fingerprint; else {}. */
json_t *target_environment(const struct target *target);

void target_stop(struct target *target);

/*
 * Parse and check a base URL: http or https, host, optional port 1..65535,
 * optional path prefix; no query, fragment, control characters, blanks or
 * backslash. `insecure` is the caller's to set. Strings from `arena`.
 */
PG_MUST_CHECK int target_parse_url(const char *url, struct arena *arena,
				   struct target_endpoint *out, struct error *err);

#endif
