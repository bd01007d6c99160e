#include "perfgate/base/proctable.h"

#include "perfgate/base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STAT_BYTES = 1024, ENVIRONMENT_BYTES = 256 << 10 };

/* Up to size-1 bytes of /proc/PID/<name>; -1 when it cannot be read. */
static ssize_t read_proc_file(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size_t length = 0;
	while (length < size - 1) {
		ssize_t got = read(fd, out + length, size - 1 - length);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	out[length] = '\0';
	return (ssize_t)length;
}

bool proctable_parse(const char *text, struct proctable_entry *out)
{
	/* The name may contain ") S 1 2": only the last bracket ends it. */
	const char *name = strchr(text, '(');
	const char *rest = strrchr(text, ')');
	if (name == NULL || rest == NULL || rest < name)
		return false;
	int pid, ppid, pgrp, session;
	char state;
	int64_t user, system, children_user, children_system, rss;
	uint64_t start;
	if (sscanf(text, "%d", &pid) != 1)
		return false;
	/* Fields 3..24 of proc(5). */
	int found = sscanf(rest + 1,
			   " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %" SCNd64 " %" SCNd64
			   " %" SCNd64 " %" SCNd64 " %*d %*d %*d %*d %" SCNu64 " %*u %" SCNd64,
			   &state, &ppid, &pgrp, &session, &user, &system, &children_user,
			   &children_system, &start, &rss);
	if (found != 10)
		return false;
	*out = (struct proctable_entry){
		.pid = pid,
		.ppid = ppid,
		.pgrp = pgrp,
		.session = session,
		.state = state,
		.start_ticks = start,
		.cpu_ticks = (uint64_t)(user + system + children_user + children_system),
		.rss_pages = rss > 0 ? (uint64_t)rss : 0,
	};
	snprintf(out->name, sizeof out->name, "%.*s", (int)(rest - name - 1), name + 1);
	return true;
}

bool proctable_read_one(pid_t pid, struct proctable_entry *out)
{
	char text[STAT_BYTES];
	return read_proc_file(pid, "stat", text, sizeof text) > 0 && proctable_parse(text, out);
}

void proctable_read(struct proctable *out)
{
	*out = (struct proctable){0};
	DIR *folder = opendir("/proc");
	if (folder == NULL)
		return;
	const struct dirent *item;
	while ((item = readdir(folder)) != NULL) {
		char *end;
		long pid = strtol(item->d_name, &end, 10);
		struct proctable_entry entry;
		if (*end == '\0' && pid > 0 && proctable_read_one((pid_t)pid, &entry))
			*VEC_PUSH(out->entries, out->count, out->capacity) = entry;
	}
	closedir(folder);
}

void proctable_release(struct proctable *table)
{
	free(table->entries);
	*table = (struct proctable){0};
}

static bool parent_in_tree(const struct proctable *table, pid_t ppid)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].pid == ppid)
			return table->entries[i].in_tree;
	return false;
}

size_t proctable_mark_tree(struct proctable *table, pid_t root)
{
	size_t total = 0, before;
	do {
		/* Numbers wrap: a child may stand before its parent, so go on while any is new. */
		before = total;
		for (size_t i = 0; i < table->count; i++) {
			struct proctable_entry *entry = &table->entries[i];
			if (entry->in_tree ||
			    (entry->pid != root && !parent_in_tree(table, entry->ppid)))
				continue;
			entry->in_tree = true;
			total++;
		}
	} while (total != before);
	return total;
}

bool proctable_has_environment(pid_t pid, const char *assignment)
{
	AUTO_FREE char *text = xcalloc(1, ENVIRONMENT_BYTES);
	ssize_t length = read_proc_file(pid, "environ", text, ENVIRONMENT_BYTES);
	for (const char *at = text; length > 0 && at < text + length; at += strlen(at) + 1)
		if (strcmp(at, assignment) == 0)
			return true;
	return false;
}
