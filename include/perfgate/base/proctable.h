/*
 * One look at /proc: every process that is visible, with what proc.c and
 * procstat.c need of /proc/PID/stat (proc(5)).
 *
 * A snapshot: by the time it is used a process may be gone and, much later,
 * its number taken again; start_ticks tells two holders of a number apart.
 */
#ifndef PERFGATE_BASE_PROCTABLE_H
#define PERFGATE_BASE_PROCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proctable_entry {
	pid_t pid, ppid, pgrp, session;
	char name[16]; /* as set by exec or PR_SET_NAME */
	char state; /* 'Z' = ended, not waited for */
	uint64_t start_ticks; /* since boot, in sysconf(_SC_CLK_TCK) */
	uint64_t cpu_ticks; /* user + system, own and of waited-for children */
	uint64_t rss_pages;
	bool in_tree; /* used by proctable_mark_tree() */
};

struct proctable {
	struct proctable_entry *entries; /* in the order of /proc */
	size_t count, capacity;
};

/* Fill from /proc; an unreadable /proc gives an empty table. Release afterwards. */
void proctable_read(struct proctable *out);
void proctable_release(struct proctable *table);

/* One process; false when it is gone. */
bool proctable_read_one(pid_t pid, struct proctable_entry *out);

/* Parse the text of /proc/PID/stat, whose second field may hold blanks and brackets. */
bool proctable_parse(const char *text, struct proctable_entry *out);

/* Set in_tree on `root` and all its descendants; returns their number. */
size_t proctable_mark_tree(struct proctable *table, pid_t root);

/* Was the process started with exactly this "KEY=value"? False when we may not look. */
bool proctable_has_environment(pid_t pid, const char *assignment);

#endif
