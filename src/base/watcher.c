#include "perfgate/base/watcher.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum watch_verb { ADD_GROUP, REMOVE_GROUP, ADD_FOLDER, REMOVE_FOLDER };

enum { FOLDER_BYTES = 512, WATCHER_FD = 3 };

/* One datagram. */
struct watch_record {
	enum watch_verb verb;
	struct procgroup group;
	char folder[FOLDER_BYTES];
};

/* The one watcher of this process: there is one set of children per process as well. */
static struct {
	int fd;
	pid_t pid;
	pid_t owner; /* a fork of ours must not speak for us */
	bool at_exit;
} watcher = {.fd = -1};

struct watch_list {
	struct procgroup *groups;
	size_t group_count, group_capacity;
	char **folders;
	size_t folder_count, folder_capacity;
};

static void forget_group(struct watch_list *list, pid_t pgid)
{
	for (size_t i = 0; i < list->group_count; i++)
		if (list->groups[i].pgid == pgid) {
			list->groups[i] = list->groups[--list->group_count];
			return;
		}
}

static void forget_folder(struct watch_list *list, const char *path)
{
	for (size_t i = 0; i < list->folder_count; i++)
		if (strcmp(list->folders[i], path) == 0) {
			free(list->folders[i]);
			list->folders[i] = list->folders[--list->folder_count];
			return;
		}
}

static void apply(struct watch_list *list, const struct watch_record *record)
{
	switch (record->verb) {
	case ADD_GROUP:
		*VEC_PUSH(list->groups, list->group_count, list->group_capacity) = record->group;
		break;
	case REMOVE_GROUP: forget_group(list, record->group.pgid); break;
	case ADD_FOLDER:
		*VEC_PUSH(list->folders, list->folder_count, list->folder_capacity) =
			xstrndup(record->folder, FOLDER_BYTES - 1);
		break;
	case REMOVE_FOLDER: forget_folder(list, record->folder); break;
	}
}

static void receive_until_closed(int fd, struct watch_list *list)
{
	struct watch_record record;
	for (;;) {
		ssize_t got = recv(fd, &record, sizeof record, 0);
		if (got == (ssize_t)sizeof record)
			apply(list, &record);
		else if (got >= 0 || errno != EINTR)
			return;
	}
}

/*
 * The marker that an outer perfgate put into our environment must not reach
 * this process: the outer one would take it for a stray and end it before it
 * has cleaned up. /proc/PID/environ shows the memory itself, so wipe that.
 */
static void wipe_marker(void)
{
	for (char **item = environ; item != NULL && *item != NULL; item++)
		if (strncmp(*item, PROCGROUP_MARKER_KEY "=", sizeof PROCGROUP_MARKER_KEY) == 0)
			memset(*item, '_', strlen(*item));
}

/* Away from our terminal, our pipes and our folder, so that nothing waits for the watcher. */
static void detach(int fd)
{
	setsid();
	prctl(PR_SET_NAME, PROCGROUP_WATCHER_NAME);
	wipe_marker();
	/* Out of the way first: `fd` may be one of 0..3 when we were started with those closed. */
	int high = fcntl(fd, F_DUPFD, WATCHER_FD + 1);
	int null = open("/dev/null", O_RDWR);
	for (int standard = 0; standard <= 2; standard++)
		dup2(null, standard);
	dup2(high, WATCHER_FD);
	spawn_close_from(WATCHER_FD + 1);
	if (chdir("/") < 0)
		return;
}

static _Noreturn void watch(int fd)
{
	struct watch_list list = {0};
	detach(fd);
	receive_until_closed(WATCHER_FD, &list);
	procgroup_end(list.groups, list.group_count, WATCHER_GRACE_NS);
	for (size_t i = 0; i < list.folder_count; i++)
		if (fs_remove_tree(list.folders[i], NULL) < 0)
			continue;
	_exit(0);
}

static bool is_ours(void)
{
	return watcher.fd >= 0 && watcher.owner == getpid();
}

static void give_up(void)
{
	if (watcher.fd >= 0)
		close(watcher.fd);
	watcher.fd = -1;
}

int watcher_start(struct error *err)
{
	if (is_ours())
		return 0;
	give_up(); /* inherited by fork: it belongs to our parent */
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "cannot start the watcher process");
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		watch(ends[0]); /* keeps all signals blocked */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return error_set_errno(err, ERROR_UNMEASURED, "cannot start the watcher process");
	}
	watcher.fd = ends[1];
	watcher.pid = pid;
	watcher.owner = getpid();
	if (!watcher.at_exit)
		watcher.at_exit = atexit(watcher_stop) == 0;
	return 0;
}

static void tell(const struct watch_record *record)
{
	while (watcher.fd >= 0 && send(watcher.fd, record, sizeof *record, MSG_NOSIGNAL) < 0 &&
	       errno == EINTR)
		;
}

void watcher_add_group(const struct procgroup *group)
{
	tell(&(struct watch_record){.verb = ADD_GROUP, .group = *group});
}

void watcher_remove_group(pid_t pgid)
{
	tell(&(struct watch_record){.verb = REMOVE_GROUP, .group.pgid = pgid});
}

static void tell_folder(enum watch_verb verb, const char *path)
{
	struct watch_record record = {.verb = verb};
	assert(path[0] == '/' && strlen(path) < sizeof record.folder);
	snprintf(record.folder, sizeof record.folder, "%s", path);
	tell(&record);
}

void watcher_add_folder(const char *path)
{
	tell_folder(ADD_FOLDER, path);
}

void watcher_remove_folder(const char *path)
{
	tell_folder(REMOVE_FOLDER, path);
}

void watcher_stop(void)
{
	if (!is_ours())
		return;
	give_up();
	while (waitpid(watcher.pid, NULL, 0) < 0 && errno == EINTR)
		;
}
