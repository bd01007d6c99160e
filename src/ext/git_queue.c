/*
 * Writers that take turns, and objects that stay.
 *
 * Compare and swap loses nothing, but of eight writers seven have worked in
 * vain each time, and with a slow disk one may starve. A lock that the kernel
 * drops with its owner puts ours in a queue; git itself is not in it, and
 * whoever cannot have the lock writes all the same.
 *
 * `git gc --prune=now` deletes what no reference names yet. While one is at
 * work (gc.pid) no write begins, and what was written is looked up afresh
 * before a reference names it.
 */
#include "git_alarm.h"
#include "git_notes_internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_FILE "perfgate.queue"
#define POLL_NS (5 * NS_PER_MS)

static void pause_once(void)
{
	struct timespec pause = {0, POLL_NS};

	nanosleep(&pause, NULL);
}

/* "4711 host": the process, if it is of this machine and alive; else 0. */
static pid_t running_gc(git_repository *repository)
{
	AUTO_FREE char *path = xasprintf("%sgc.pid", git_repository_commondir(repository));
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	char host[256] = "";
	const char *name;
	long pid;

	if (fs_read_file(&text, path, 4096, ERROR_BASELINE, &err) || gethostname(host, sizeof host))
		return 0;
	pid = strtol(strbuf_text(&text), NULL, 10);
	name = strchr(strbuf_text(&text), ' ');
	host[sizeof host - 1] = '\0';
	if (pid <= 0 || !name || strncmp(name + 1, host, strlen(host)) != 0 ||
	    (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
		return 0;
	return (pid_t)pid;
}

/*
 * The kernel serves blocked ones in turn; asking again and again would leave it to chance, and
 * of eight writers one would wait for ever.
 */
static void lock_until(int fd, int64_t deadline_ns)
{
	struct git_alarm alarm;

	git_alarm_set(&alarm, deadline_ns);
	/* Whatever interrupts it: without the turn the swap still decides. */
	while (flock(fd, LOCK_EX) && errno == EINTR && clock_now_ns() < deadline_ns)
		continue;
	git_alarm_clear(&alarm);
}

int notes_enter_queue(git_repository *repository, int64_t deadline_ns)
{
	AUTO_FREE char *path = xasprintf("%s" QUEUE_FILE, git_repository_commondir(repository));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);

	if (fd >= 0)
		lock_until(fd, deadline_ns);
	return fd;
}

int notes_wait_for_gc(git_repository *repository, int64_t deadline_ns, struct error *err)
{
	pid_t gc;

	while ((gc = running_gc(repository)) != 0) {
		if (clock_now_ns() >= deadline_ns)
			return error_set(err, ERROR_BASELINE,
					 "baseline not written: git gc is at work in this "
					 "repository (process %ld): try again when it is done",
					 (long)gc);
		pause_once();
	}
	return 0;
}

bool notes_are_whole(git_repository *repository, const git_oid *commit, const char *object)
{
	AUTO_FREE char *folder = xasprintf("%sobjects", git_repository_commondir(repository));
	AUTO_FREE char *path = xasprintf("%.2s/%s", object, object + FAN_OUT);
	AUTO(git_odb) git_odb *odb = NULL;
	AUTO(git_repository) git_repository *fresh = NULL;
	AUTO(git_commit) git_commit *found = NULL;
	AUTO(git_tree) git_tree *root = NULL;
	git_tree_entry *entry = NULL;
	bool whole;

	/* Nobody's gc looks there. */
	if (getenv("GIT_OBJECT_DIRECTORY"))
		return true;
	if (git_odb_open(&odb, folder) < 0 || git_repository_wrap_odb(&fresh, odb) < 0 ||
	    git_commit_lookup(&found, fresh, commit) < 0 || git_commit_tree(&root, found) < 0)
		return false;
	/* Flat, when a foreign file has the folder's name. */
	if (git_tree_entry_bypath(&entry, root, path) < 0 &&
	    git_tree_entry_bypath(&entry, root, object) < 0)
		return false;
	whole = git_odb_exists(odb, git_tree_entry_id(entry)) == 1;
	git_tree_entry_free(entry);
	return whole;
}
