/*
 * Ending the process groups of our children, with all that came of them.
 *
 * Used by proc.c while we live and by the watcher (watcher.h) when we are gone,
 * so it needs no bookkeeping but this struct. First the whole group is asked
 * with its stop signal, then it is killed. Then come the strays, processes
 * that left the group with setsid(): those that still carry the group's
 * marker in their environment, and those that Linux gave to us as their
 * subreaper.
 */
#ifndef PERFGATE_BASE_PROCGROUP_H
#define PERFGATE_BASE_PROCGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROCGROUP_MARKER_KEY "PERFGATE_CHILD"
#define PROCGROUP_MARKER_SIZE 64

/* The watcher's name in /proc; strays with this name look after others and are left alone. */
#define PROCGROUP_WATCHER_NAME "perfgate-watch"

struct procgroup {
	pid_t pgid; /* = pid of the leader */
	int stop_signal;
	uint64_t start_ticks; /* of the leader; 0 = unknown */
	char marker[PROCGROUP_MARKER_SIZE]; /* "PERFGATE_CHILD=…"; "" = leave strays alone */
	bool gone;
};

/*
 * End all groups: stop signal, SIGKILL after `grace_ns`, strays. Waits for
 * (reaps) those that are our children. Takes about as long as the slowest
 * group, at most grace_ns + 4 s.
 */
void procgroup_end(struct procgroup *groups, size_t count, int64_t grace_ns);

/*
 * Reap descendants of the group that became our children when their parent ended, and have ended
 * themselves: a long run would collect them. The leader and other children of ours are left alone.
 */
void procgroup_reap_orphans(const struct procgroup *group);

#endif
