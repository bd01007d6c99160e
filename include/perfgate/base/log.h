/*
 * Messages to standard error, one line each: "perfgate: warning: …".
 *
 * Control characters and bidi marks in the text become visible escapes, so
 * that text of a server never drives the terminal nor starts a CI command.
 * Registered secrets are replaced by ***. Thread-safe.
 */
#ifndef PERFGATE_BASE_LOG_H
#define PERFGATE_BASE_LOG_H

#include "perfgate/base/strbuf.h"

enum log_level { LOG_QUIET = 0, LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Default LOG_INFO; -q is LOG_ERROR, -v is LOG_DEBUG. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_error(const char *format, ...) PG_PRINTF(1, 2);
void log_warning(const char *format, ...) PG_PRINTF(1, 2);
void log_info(const char *format, ...) PG_PRINTF(1, 2);
void log_debug(const char *format, ...) PG_PRINTF(1, 2);

/*
 * Remember a secret (copied; at least 4 bytes), and each line of it, that no output may contain.
 * From the first one on the process leaves no core file and cannot be traced by its own user
 * (PR_SET_DUMPABLE).
 */
void log_add_secret(const char *secret);

/*
 * The same when the name says that it is one: "API_KEY", "Authorization", "db_password". With a
 * scheme ("Bearer x") what stands behind it is secret by itself too.
 */
void log_add_named_secret(const char *name, const char *value);

/* Does the name say that what it holds is secret? */
bool log_names_secret(const char *name);

/* Replace every registered secret in the buffer by ***. */
void log_redact(struct strbuf *text);

/*
 * Append `text` made safe for a terminal and a CI log: control characters,
 * C1, bidi marks and invalid UTF-8 as \xNN or \uNNNN. Newlines too. "##[", which begins a
 * command of GitHub's runner, becomes "\x23#[".
 */
void log_visible(struct strbuf *out, const char *text, size_t length);

#endif
