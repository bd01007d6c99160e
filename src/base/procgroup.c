#include "perfgate/base/procgroup.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/proctable.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_WAIT_NS (2 * NS_PER_S)
#define STRAY_GRACE_NS NS_PER_S
#define FIRST_PAUSE_NS (NS_PER_MS / 2)
#define LAST_PAUSE_NS (20 * NS_PER_MS)

/* Sleep a little, longer each time; false when the time is up. */
static bool pause_until(int64_t deadline_ns, int64_t *pause_ns)
{
	if (clock_now_ns() >= deadline_ns)
		return false;
	struct timespec pause = {.tv_nsec = *pause_ns};
	nanosleep(&pause, NULL);
	if (*pause_ns < LAST_PAUSE_NS)
		*pause_ns *= 2;
	return true;
}

static void signal_group(const struct procgroup *group, int signal)
{
	if (group->gone)
		return;
	kill(-group->pgid, signal);
	/* A stopped process would not hear it. */
	kill(-group->pgid, SIGCONT);
}

/* Where nobody waits for orphans (some containers' PID 1), a group of zombies never empties. */
static bool only_zombies(pid_t pgid)
{
	struct proctable table;
	bool alive = false;
	proctable_read(&table);
	for (size_t i = 0; i < table.count; i++)
		alive |= table.entries[i].pgrp == pgid && table.entries[i].state != 'Z';
	proctable_release(&table);
	return !alive;
}

static bool group_gone(struct procgroup *group, bool look_closely)
{
	if (group->gone)
		return true;
	while (waitpid(-group->pgid, NULL, WNOHANG) > 0)
		;
	if (kill(-group->pgid, 0) < 0 && errno == ESRCH)
		group->gone = true;
	else if (look_closely && only_zombies(group->pgid))
		group->gone = true;
	return group->gone;
}

static void wait_for_groups(struct procgroup *groups, size_t count, int64_t limit_ns)
{
	int64_t deadline_ns = clock_now_ns() + limit_ns;
	int64_t pause_ns = FIRST_PAUSE_NS;
	size_t gone;
	do {
		gone = 0;
		for (size_t i = 0; i < count; i++)
			gone += group_gone(&groups[i], pause_ns >= LAST_PAUSE_NS);
	} while (gone < count && pause_until(deadline_ns, &pause_ns));
}

/* Our own children stay in our session (a group leader cannot leave it): this one was adopted. */
static bool is_adopted(const struct proctable_entry *entry, const struct procgroup *group)
{
	return entry->ppid == getpid() && entry->session != getsid(0) && group->start_ticks > 0 &&
	       entry->start_ticks >= group->start_ticks;
}

static bool is_orphan(pid_t pid, const struct procgroup *group)
{
	struct proctable_entry entry;
	if (pid == group->pgid || !proctable_read_one(pid, &entry))
		return false;
	return entry.pgrp == group->pgid || is_adopted(&entry, group);
}

void procgroup_reap_orphans(const struct procgroup *group)
{
	siginfo_t info = {0};
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       is_orphan(info.si_pid, group) && waitpid(info.si_pid, NULL, WNOHANG) > 0)
		info.si_pid = 0;
}

static bool is_stray(const struct proctable_entry *entry, const struct procgroup *group)
{
	if (group->marker[0] == '\0' || entry->pid == getpid())
		return false;
	if (entry->state == 'Z')
		return is_adopted(entry, group);
	if (strcmp(entry->name, PROCGROUP_WATCHER_NAME) == 0)
		return false;
	return is_adopted(entry, group) || proctable_has_environment(entry->pid, group->marker);
}

/* Send `signal` to what is left; returns how many that were. Adopted ones that ended are reaped. */
static size_t signal_strays(const struct procgroup *groups, size_t count, int signal)
{
	struct proctable table;
	size_t found = 0;
	proctable_read(&table);
	for (size_t i = 0; i < table.count; i++) {
		const struct proctable_entry *entry = &table.entries[i];
		bool stray = false;
		for (size_t g = 0; g < count && !stray; g++)
			stray = is_stray(entry, &groups[g]);
		if (!stray)
			continue;
		if (entry->state == 'Z') {
			waitpid(entry->pid, NULL, WNOHANG);
			continue;
		}
		found++;
		kill(entry->pid, signal);
		kill(entry->pid, SIGCONT);
	}
	proctable_release(&table);
	return found;
}

static void end_strays(const struct procgroup *groups, size_t count)
{
	bool wanted = false;
	for (size_t i = 0; i < count; i++)
		wanted |= groups[i].marker[0] != '\0';
	if (!wanted)
		return;
	int64_t deadline_ns = clock_now_ns() + STRAY_GRACE_NS;
	int64_t pause_ns = LAST_PAUSE_NS;
	size_t left = signal_strays(groups, count, SIGTERM);
	while (left > 0 && pause_until(deadline_ns, &pause_ns))
		left = signal_strays(groups, count, 0);
	deadline_ns = clock_now_ns() + STRAY_GRACE_NS;
	while (left > 0 && pause_until(deadline_ns, &pause_ns))
		left = signal_strays(groups, count, SIGKILL);
}

void procgroup_end(struct procgroup *groups, size_t count, int64_t grace_ns)
{
	for (size_t i = 0; i < count; i++)
		signal_group(&groups[i], groups[i].stop_signal);
	wait_for_groups(groups, count, grace_ns);
	for (size_t i = 0; i < count; i++)
		signal_group(&groups[i], SIGKILL);
	wait_for_groups(groups, count, KILL_WAIT_NS);
	end_strays(groups, count);
}
