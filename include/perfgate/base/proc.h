/*
 * Child processes: two uses, one way to start them.
 *
 * proc_run() runs a short program to its end. struct proc is a long-lived
 * child (a service, the API under test): its output is drained by a thread
 * into a capped ring (the last PROC_LOG_BYTES) and, when asked, a log file,
 * so that it never blocks on a full pipe.
 *
 * Every child gets its own process group, default signal dispositions and
 * an empty signal mask, PR_SET_PDEATHSIG, and an environment that the caller lists; no
 * descriptor but 0, 1, 2 is inherited. Nothing survives us: one watcher
 * process, forked before the first child, holds the read end of a pipe whose
 * write end only we have; when we die, whatever way, it ends the groups
 * registered with it (SIGTERM, then SIGKILL after the grace) and removes the registered
 * folders. Start children from the main thread only (PR_SET_PDEATHSIG is
 * per thread).
 */
#ifndef PERFGATE_BASE_PROC_H
#define PERFGATE_BASE_PROC_H

#include "perfgate/base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_LOG_BYTES ((size_t)64 << 10)

struct proc_spec {
	const char *const *argv; /* argv[0] is looked up in PATH unless it has a '/' */
	const char *const *env; /* "KEY=value", NULL-terminated; NULL = proc_clean_env() */
	const char *cwd; /* NULL = ours */
	const char *stdin_text; /* written to its stdin; NULL = /dev/null */
	const char *log_path; /* copy of stdout+stderr, capped at 10 MiB; NULL = none */
	const char *run_as; /* user to become when we are root; NULL = stay */
	int64_t deadline_ns; /* proc_run: relative; 0 = 60 s */
	int death_signal; /* PR_SET_PDEATHSIG; 0 = SIGTERM */
	size_t output_limit_bytes; /* proc_run: cap of kept output; 0 = 1 MiB */
};

struct proc_result {
	int exit_status; /* 0..255, 128+n when ended by a signal */
	bool timed_out;
	struct strbuf out; /* stdout */
	struct strbuf err; /* stderr */
};

/*
 * Run to the end; ERROR_USAGE "PROGRAM: not found …" when it cannot be
 * started. A non-zero exit is not an error. Release with proc_result_release().
 */
PG_MUST_CHECK int proc_run(const struct proc_spec *spec, struct proc_result *out,
			   struct error *err);
void proc_result_release(struct proc_result *result);
DEFINE_AUTO_VALUE(proc_result, struct proc_result, proc_result_release)

struct proc;

/* Start a long-lived child. */
PG_MUST_CHECK int proc_start(const struct proc_spec *spec, struct proc **out, struct error *err);

pid_t proc_pid(const struct proc *proc);

/* Has it ended? Never blocks; when true, *out_status (may be NULL) as proc_result.exit_status. */
bool proc_ended(struct proc *proc, int *out_status);

/* Append the last `lines` lines of its output, redacted, visible, indented by two spaces. */
void proc_tail(struct proc *proc, size_t lines, struct strbuf *out);

/*
 * `stop_signal` (0 = the death signal) to the group, SIGKILL after `grace_ns`, then what has left
 * the group (procgroup.h); reap, free. Accepts NULL.
 */
void proc_stop(struct proc *proc, int stop_signal, int64_t grace_ns);

/* Let the watcher remove this folder (absolute path) when we are gone. */
void proc_watch_folder(const char *path);
void proc_unwatch_folder(const char *path);

/* PATH, HOME, USER, LANG, LC_*, TZ, TMPDIR of ours, no more; heap array, proc_env_free(). */
char **proc_clean_env(void);
/* Add those of our variables that `names` lists, NULL-terminated; a '*' ends a prefix. */
char **proc_env_pass(char **env, const char *const *names);
/* Set or replace KEY=value in a heap environment; returns the (moved) array. */
char **proc_env_set(char **env, const char *key, const char *value);
void proc_env_free(char **env);

#endif
