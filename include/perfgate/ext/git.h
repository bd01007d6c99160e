/*
 * A git repository through libgit2: what is checked out, and its history.
 *
 * Works with libgit2 1.5 to 1.7, starts no program and no hook. Object names are
 * 40 hex digits. Every error is ERROR_BASELINE with a plain line.
 *
 * Found like git does: $GIT_DIR, else upward from the current folder; linked
 * worktrees, GIT_WORK_TREE, GIT_INDEX_FILE, GIT_OBJECT_DIRECTORY and
 * GIT_ALTERNATE_OBJECT_DIRECTORIES are honoured, GIT_COMMON_DIR is refused, and so are
 * sha256, reftable and partial repositories. safe.directory is honoured
 * as git does, '*' and 'dir/' followed by '*' included.
 *
 * Main thread only: libgit2's options belong to the process.
 */
#ifndef PERFGATE_EXT_GIT_H
#define PERFGATE_EXT_GIT_H

#include "perfgate/base/error.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

#define EXTGIT_OID_SIZE 41

struct extgit;
struct git_repository;

/* *out is NULL, and that is no error, when the current folder is in no repository. */
PG_MUST_CHECK int extgit_open(struct extgit **out, struct error *err);
/* Accepts NULL. */
void extgit_close(struct extgit *git);
DEFINE_AUTO(extgit, struct extgit *, extgit_close)

/* Top of the work tree, absolute, with a '/' at its end; NULL in a bare repository. Borrowed. */
const char *extgit_work_tree(const struct extgit *git);

/* Where the references are, absolute, with a '/' at its end: .git, also of a worktree. Borrowed. */
const char *extgit_common_dir(const struct extgit *git);

/* Where the path leads, links followed, from the top of the work tree; heap. NULL: elsewhere. */
char *extgit_path_in_tree(const struct extgit *git, const char *path);

struct extgit_head {
	bool unborn; /* no commit yet: commit and tree are "" */
	bool bare; /* no files: never dirty */
	bool shallow; /* history ends early */
	char commit[EXTGIT_OID_SIZE];
	char tree[EXTGIT_OID_SIZE];
	char branch[256]; /* "" when detached */
};
PG_MUST_CHECK int extgit_head(const struct extgit *git, struct extgit_head *out, struct error *err);

/* Is a tracked file modified, staged or missing? Untracked and ignored files do not count. */
PG_MUST_CHECK int extgit_is_dirty(const struct extgit *git, bool *out, struct error *err);

/* The commit that a revision names ("HEAD~2", a tag, a short id). */
PG_MUST_CHECK int extgit_resolve(const struct extgit *git, const char *revision, char *out_commit,
				 struct error *err);

/* Is the commit here? Shallow clones lack some. */
bool extgit_has_commit(const struct extgit *git, const char *commit);

/* Tip of a branch: the remote's (NULL: none), else the local one; false when there is neither. */
bool extgit_branch_tip(const struct extgit *git, const char *remote, const char *branch,
		       char *out_commit);

/* The parent number `index` from 0 on, "" when there is none; it need not be here. */
PG_MUST_CHECK int extgit_parent(const struct extgit *git, const char *commit, size_t index,
				char *out_commit, struct error *err);

struct extgit_commit {
	char tree[EXTGIT_OID_SIZE];
	int64_t time_s; /* committer's, since the epoch */
	char summary[128];
};
/* ERROR_USAGE when the commit is not here. */
PG_MUST_CHECK int extgit_read_commit(const struct extgit *git, const char *commit,
				     struct extgit_commit *out, struct error *err);

/* Append "Name <address>" and the message as they are: text of strangers. */
PG_MUST_CHECK int extgit_read_message(const struct extgit *git, const char *commit,
				      struct strbuf *author, struct strbuf *message,
				      struct error *err);

/* Append a file as the commit has it; *found is false when it has none. */
PG_MUST_CHECK int extgit_read_file(const struct extgit *git, const char *commit, const char *path,
				   size_t limit, bool *found, struct strbuf *out,
				   struct error *err);

/* A common ancestor that is best; *found is false for unrelated histories. */
PG_MUST_CHECK int extgit_merge_base(const struct extgit *git, const char *one, const char *other,
				    char *out_commit, bool *found, struct error *err);

/*
 * Call `visit` for `start` and its first parents, at most `limit` commits,
 * until it returns non-zero: 1 ends the walk well, -1 is an error it has set.
 * *cut (may be NULL) tells that a shallow clone ended the walk.
 */
typedef int (*extgit_visit)(const char *commit, void *arg, struct error *err);
PG_MUST_CHECK int extgit_walk(const struct extgit *git, const char *start, size_t limit,
			      extgit_visit visit, void *arg, bool *cut, struct error *err);

/* Call `visit` for the commit of every tag, as extgit_walk(). */
PG_MUST_CHECK int extgit_each_tag(const struct extgit *git, extgit_visit visit, void *arg,
				  struct error *err);

/* For the other files of ext/: the handle, and libgit2's last error behind our words. */
struct git_repository *extgit_raw(const struct extgit *git);
const char *extgit_last_message(void);
int extgit_fail(struct error *err, const char *format, ...) PG_PRINTF(2, 3);

#endif
