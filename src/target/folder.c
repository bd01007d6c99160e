/* The private folder of a run's servers, and the folders that dead runs left. */
#include "internal.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/*
 * Short: a socket's path ends at 107 bytes. Memory first: what the servers write is thrown away,
 * and a disk shared with strangers is noise in every figure; copying a cluster there took a
 * third of the time.
 */
static const char *const parents[] = {"/dev/shm", "/tmp"};
#define PREFIX "pfg-"
#define NAME_LENGTH (sizeof PREFIX "XXXXXX" - 1)
#define LOCK_NAME "lock"

/* A container's /dev/shm has 64 MB, and a full one kills the servers. */
#define MEMORY_MIN_BYTES ((uint64_t)2 << 30)

/* A folder without a lock may be one that is just being made. */
#define UNLOCKED_MAX_AGE_S 600

void server_user_find(struct server_user *out)
{
	static const char *const names[] = {"postgres", "nobody"};
	*out = (struct server_user){.uid = geteuid(), .gid = getegid()};
	if (out->uid != 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct passwd entry, *found = NULL;
		char text[4096];
		if (getpwnam_r(names[i], &entry, text, sizeof text, &found) == 0 && found != NULL) {
			*out = (struct server_user){names[i], found->pw_uid, found->pw_gid};
			return;
		}
	}
}

static int lock_new(const char *path)
{
	AUTO_FREE char *name = fs_join(path, LOCK_NAME);
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_roomy_memory(const char *path)
{
	struct statfs info;
	return statfs(path, &info) == 0 && info.f_type == TMPFS_MAGIC &&
	       (uint64_t)info.f_bavail * (uint64_t)info.f_bsize >= MEMORY_MIN_BYTES;
}

static bool make_in(const char *parent, struct private_folder *out)
{
	snprintf(out->path, sizeof out->path, "%s/" PREFIX "XXXXXX", parent);
	return mkdtemp(out->path) != NULL;
}

int private_folder_make(const struct server_user *user, bool in_memory, struct private_folder *out,
			struct error *err)
{
	struct private_folder folder = {.lock_fd = -1};
	if (!(in_memory && is_roomy_memory(parents[0]) && make_in(parents[0], &folder)) &&
	    !make_in(parents[1], &folder))
		return error_set_errno(err, ERROR_UNMEASURED, "cannot make a folder in %s",
				       parents[1]);
	proc_watch_folder(folder.path);
	folder.lock_fd = lock_new(folder.path);
	if (folder.lock_fd < 0 ||
	    (user->run_as != NULL && chown(folder.path, user->uid, user->gid) < 0)) {
		error_set_errno(err, ERROR_UNMEASURED, "%s", folder.path);
		private_folder_remove(&folder);
		return -1;
	}
	*out = folder;
	return 0;
}

void private_folder_remove(struct private_folder *folder)
{
	if (folder->path[0] == '\0')
		return;
	struct error err = ERROR_INIT;
	if (fs_remove_tree(folder->path, &err) < 0)
		log_warning("%s", err.message);
	proc_unwatch_folder(folder->path);
	if (folder->lock_fd >= 0)
		close(folder->lock_fd);
	*folder = (struct private_folder){.lock_fd = -1};
}

/* True when nobody lives in the folder any more. Only our own and our server user's count. */
static bool is_abandoned(const char *path, const struct server_user *user)
{
	AUTO_FD int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat info;
	if (folder < 0 || fstat(folder, &info) < 0 ||
	    (info.st_uid != geteuid() && info.st_uid != user->uid))
		return false;
	AUTO_FD int lock = openat(folder, LOCK_NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (lock < 0)
		return time(NULL) - info.st_mtime > UNLOCKED_MAX_AGE_S;
	return flock(lock, LOCK_EX | LOCK_NB) == 0;
}

bool private_folder_is_one(const char *path, const char *rest)
{
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		AUTO_FREE char *start = xasprintf("%s/" PREFIX, parents[i]);
		size_t prefix = strlen(start), length = strlen(parents[i]) + 1 + NAME_LENGTH;
		if (text_starts_with(path, start) && strlen(path) >= length &&
		    memchr(path + prefix, '/', length - prefix) == NULL &&
		    strcmp(path + length, rest) == 0)
			return true;
	}
	return false;
}

static void reap_in(const char *parent_path, const struct server_user *user)
{
	DIR *parent = opendir(parent_path);
	const struct dirent *item;
	while (parent != NULL && (item = readdir(parent)) != NULL) {
		if (strlen(item->d_name) != NAME_LENGTH || !text_starts_with(item->d_name, PREFIX))
			continue;
		AUTO_FREE char *path = fs_join(parent_path, item->d_name);
		if (!is_abandoned(path, user))
			continue;
		log_debug("removing %s of a run that has died", path);
		if (fs_remove_tree(path, NULL) < 0)
			continue; /* the next run tries again */
	}
	if (parent != NULL)
		closedir(parent);
}

void private_folder_reap(const struct server_user *user)
{
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++)
		reap_in(parents[i], user);
}
