/*
 * Files: capped reading, atomic writing, folders.
 *
 * Writing goes through a temporary file beside the target (mkostemp, 0600,
 * then fchmod 0644 by the umask), fsync, rename, fsync of the folder, so that
 * a final name holds either the old or the new whole file, and a symbolic
 * link at the final name is replaced, never followed.
 */
#ifndef PERFGATE_BASE_FS_H
#define PERFGATE_BASE_FS_H

#include "perfgate/base/strbuf.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * The whole file, at most `limit` bytes; refuses anything but a regular file
 * (never blocks on a FIFO). One consistent read: a size that changes
 * meanwhile is an error. `kind` is the kind of the error set.
 */
PG_MUST_CHECK int fs_read_file(struct strbuf *out, const char *path, size_t limit,
			       enum error_kind kind, struct error *err);

/* The same for a file in an open folder; a symbolic link is not followed, but an error. */
PG_MUST_CHECK int fs_read_at(struct strbuf *out, int folder, const char *name, size_t limit,
			     enum error_kind kind, struct error *err);

/* Replace `path` atomically, mode 0644 less the umask; errors are ERROR_DELIVERY. */
PG_MUST_CHECK int fs_write_file(const char *path, const void *bytes, size_t length,
				struct error *err);

/* All of it, through short and interrupted writes; -1 with errno. */
PG_MUST_CHECK int fs_write_all(int fd, const char *bytes, size_t length);

/* mkdir -p with 0777 & ~umask; ERROR_USAGE. */
PG_MUST_CHECK int fs_make_dirs(const char *path, struct error *err);

/* Delete a folder and all in it, not following links; silent when absent. ERROR_INTERNAL. */
PG_MUST_CHECK int fs_remove_tree(const char *path, struct error *err);

bool fs_exists(const char *path);
bool fs_is_directory(const char *path);

/* "<dir>/<name>", heap. */
char *fs_join(const char *dir, const char *name) __attribute__((returns_nonnull));

/* Absolute path of the running executable (/proc/self/exe), heap, or NULL. */
char *fs_self_path(void);

/* First executable `program` in $PATH or `extra_dirs` (NULL-terminated or NULL); heap or NULL. */
char *fs_find_program(const char *program, const char *const *extra_dirs);

#endif
