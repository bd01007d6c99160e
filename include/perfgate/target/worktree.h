/*
 * A second checkout of the repository around the current folder, for the base of an A/B comparison.
 *
 * A detached worktree in a private folder /tmp/pfg-XXXXXX, made and removed by `git worktree`,
 * submodules included; no hook runs. It is gone when it is removed, and, however we died, a
 * moment later: the watcher (base/watcher.h) deletes the folder and its registration in the
 * repository. What even that could not delete goes when the next one is made.
 */
#ifndef PERFGATE_TARGET_WORKTREE_H
#define PERFGATE_TARGET_WORKTREE_H

#include "perfgate/base/error.h"
#include "perfgate/base/mem.h"

struct worktree;

/* `commit`: 40 hex digits. ERROR_UNMEASURED with git's last line; ERROR_USAGE without git. */
PG_MUST_CHECK int worktree_add(const char *commit, struct worktree **out, struct error *err);

/* In the worktree, what the current folder is in the checkout; borrowed. */
const char *worktree_folder(const struct worktree *worktree);

/* Accepts NULL; what cannot be removed is a warning. */
void worktree_remove(struct worktree *worktree);
DEFINE_AUTO(worktree, struct worktree *, worktree_remove)

#endif
