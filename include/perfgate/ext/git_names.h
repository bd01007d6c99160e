/*
 * Names of a repository that a person could write: what a shell completes.
 */
#ifndef PERFGATE_EXT_GIT_NAMES_H
#define PERFGATE_EXT_GIT_NAMES_H

#include "perfgate/ext/git.h"

/* Both are borrowed for the call; `what` is "branch", "remote branch", "tag" or "remote". */
typedef void (*extgit_name)(const char *name, const char *what, void *arg);

/* Branches, branches of remotes and tags, at most `limit`. What cannot be read is left out. */
void extgit_each_revision(const struct extgit *git, size_t limit, extgit_name visit, void *arg);
void extgit_each_remote(const struct extgit *git, extgit_name visit, void *arg);

#endif
