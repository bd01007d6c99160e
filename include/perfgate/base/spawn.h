/*
 * Fork and exec, once for all children: see proc.h for what a child gets.
 *
 * The child tells the watcher about itself before it execs, so that there is
 * no moment at which our death would leave it behind.
 */
#ifndef PERFGATE_BASE_SPAWN_H
#define PERFGATE_BASE_SPAWN_H

#include "perfgate/base/proc.h"
#include "perfgate/base/procgroup.h"

/*
 * Start spec->argv with the three descriptors (borrowed) as 0, 1 and 2.
 * *out is the new group. ERROR_USAGE when the program or the user does not
 * exist, ERROR_UNMEASURED when the system has no room for a process.
 */
PG_MUST_CHECK int spawn(const struct proc_spec *spec, const int standard_fds[3],
			struct procgroup *out, struct error *err);

/* Has the leader ended? Not reaped yet: its number stays ours until the group is ended. */
bool spawn_ended(pid_t pid, int *out_status);

/*
 * A descriptor to read `text` from, or /dev/null for NULL; -1 with errno. It is a file in
 * memory rather than a pipe: no deadlock and no SIGPIPE whatever the program reads.
 */
int spawn_stdin(const char *text);

/* Close every descriptor from `first` on. Async-signal-safe. */
void spawn_close_from(int first);

#endif
