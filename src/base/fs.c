#include "perfgate/base/fs.h"

#include "perfgate/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Files of /proc and /sys have no size that means anything. */
static bool is_kernel_file(int fd)
{
	struct statfs where;

	if (fstatfs(fd, &where) != 0)
		return false;
	return where.f_type == PROC_SUPER_MAGIC || where.f_type == SYSFS_MAGIC ||
	       where.f_type == CGROUP_SUPER_MAGIC || where.f_type == CGROUP2_SUPER_MAGIC;
}

/* 0 at the end of the file, -1 with errno; `overflow` tells when there was more. */
static int read_to_end(int fd, struct strbuf *out)
{
	char chunk[16384];

	while (!out->overflow) {
		ssize_t got = read(fd, chunk, sizeof chunk);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : 0;
		strbuf_append(out, chunk, (size_t)got);
	}
	return 0;
}

static bool changed_meanwhile(int fd, const struct stat *before, size_t length)
{
	struct stat after;

	if (is_kernel_file(fd))
		return false;
	return fstat(fd, &after) != 0 || after.st_size != before->st_size ||
	       after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       after.st_mtim.tv_nsec != before->st_mtim.tv_nsec || (size_t)after.st_size != length;
}

/* `fd` may be -1 with errno. */
static int read_whole(struct strbuf *out, int fd, const char *path, size_t limit,
		      enum error_kind kind, struct error *err)
{
	AUTO(strbuf) struct strbuf content = {.max_bytes = limit > 0 ? limit : 1};
	struct stat info;

	if (fd < 0 || fstat(fd, &info) != 0)
		return error_set_errno(err, kind, "cannot read %s", path);
	if (!S_ISREG(info.st_mode))
		return error_set(err, kind, "cannot read %s: not a regular file", path);
	if (read_to_end(fd, &content) != 0)
		return error_set_errno(err, kind, "cannot read %s", path);
	if (content.overflow || content.length > limit)
		return error_set(err, kind, "cannot read %s: larger than %zu bytes", path, limit);
	if (changed_meanwhile(fd, &info, content.length))
		return error_set(err, kind, "cannot read %s: it changed while being read", path);
	strbuf_append(out, strbuf_text(&content), content.length);
	if (out->overflow)
		return error_set(err, kind, "cannot read %s: too large", path);
	return 0;
}

int fs_read_file(struct strbuf *out, const char *path, size_t limit, enum error_kind kind,
		 struct error *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return read_whole(out, fd, path, limit, kind, err);
}

int fs_read_at(struct strbuf *out, int folder, const char *name, size_t limit, enum error_kind kind,
	       struct error *err)
{
	AUTO_FD int fd =
		openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);

	return read_whole(out, fd, name, limit, kind, err);
}

int fs_write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

/* The mask can only be read by setting it: set it to the strictest meanwhile. */
static mode_t current_umask(void)
{
	mode_t mask = umask(077);

	umask(mask);
	return mask;
}

static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

static void sync_folder(const char *path)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Some file systems cannot; the file itself is safe by then. */
	if (fd >= 0)
		(void)!fsync(fd);
}

static int fill_and_rename(const char *temporary, int fd, const char *path, mode_t mode,
			   const void *bytes, size_t length)
{
	if (fs_write_all(fd, bytes, length) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		return -1;
	return rename(temporary, path);
}

int fs_write_file(const char *path, const void *bytes, size_t length, struct error *err)
{
	AUTO_FREE char *folder = parent_of(path);
	AUTO_FREE char *temporary = xasprintf("%s/.perfgate-XXXXXX", folder);
	AUTO_FD int fd = -1;
	mode_t mask = current_umask();

	if (mask & S_IRUSR)
		return error_set(err, ERROR_DELIVERY,
				 "cannot write %s: with umask %03o nobody could read it", path,
				 (unsigned)mask);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, ERROR_DELIVERY, "cannot write %s", path);
	if (fill_and_rename(temporary, fd, path, 0644 & ~mask, bytes, length) != 0) {
		error_set_errno(err, ERROR_DELIVERY, "cannot write %s", path);
		unlink(temporary);
		return -1;
	}
	sync_folder(folder);
	return 0;
}

static int make_one(const char *path)
{
	if (mkdir(path, 0777) == 0)
		return 0;
	if (errno != EEXIST)
		return -1;
	if (fs_is_directory(path))
		return 0;
	errno = ENOTDIR;
	return -1;
}

int fs_make_dirs(const char *path, struct error *err)
{
	AUTO_FREE char *partial = xstrdup(path);

	if (*path == '\0')
		return error_set(err, ERROR_USAGE, "cannot create a folder without a name");
	for (char *slash = strchr(partial + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (make_one(partial) != 0)
			return error_set_errno(err, ERROR_USAGE, "cannot create folder %s",
					       partial);
		*slash = '/';
	}
	if (make_one(partial) != 0)
		return error_set_errno(err, ERROR_USAGE, "cannot create folder %s", path);
	return 0;
}

static int remove_at(int parent, const char *name);

/* Takes over `fd`. */
static int empty_folder(int fd)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (folder == NULL) {
		close(fd);
		return -1;
	}
	while (result == 0 && (entry = readdir(folder)) != NULL)
		if (!text_equal(entry->d_name, ".") && !text_equal(entry->d_name, ".."))
			result = remove_at(dirfd(folder), entry->d_name);
	closedir(folder);
	return result;
}

static int remove_at(int parent, const char *name)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || empty_folder(fd) != 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

int fs_remove_tree(const char *path, struct error *err)
{
	if (remove_at(AT_FDCWD, path) != 0)
		return error_set_errno(err, ERROR_INTERNAL, "cannot remove %s", path);
	return 0;
}

bool fs_exists(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0;
}

bool fs_is_directory(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

char *fs_join(const char *dir, const char *name)
{
	return xasprintf(text_ends_with(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

char *fs_self_path(void)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path);

	return length > 0 && (size_t)length < sizeof path ? xstrndup(path, (size_t)length) : NULL;
}

static bool is_program(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* `dir` need not end with NUL. An empty PATH entry means the current folder: not for us. */
static char *program_in(const char *dir, size_t length, const char *program)
{
	AUTO_FREE char *path = NULL;

	if (length == 0)
		return NULL;
	path = xasprintf("%.*s/%s", (int)length, dir, program);
	return is_program(path) ? TAKE(path) : NULL;
}

char *fs_find_program(const char *program, const char *const *extra_dirs)
{
	const char *at = getenv("PATH");
	char *found = NULL;

	if (strchr(program, '/') != NULL)
		return is_program(program) ? xstrdup(program) : NULL;
	while (found == NULL && at != NULL && *at != '\0') {
		size_t length = strcspn(at, ":");

		found = program_in(at, length, program);
		at += length + (at[length] == ':');
	}
	for (; found == NULL && extra_dirs != NULL && *extra_dirs != NULL; extra_dirs++)
		found = program_in(*extra_dirs, strlen(*extra_dirs), program);
	return found;
}
