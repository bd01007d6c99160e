/* AUTO() for what libgit2 hands out. */
#ifndef PERFGATE_EXT_GIT_AUTO_H
#define PERFGATE_EXT_GIT_AUTO_H

#include "perfgate/base/mem.h"

#include <git2.h>

DEFINE_AUTO(git_blob, git_blob *, git_blob_free)
DEFINE_AUTO(git_commit, git_commit *, git_commit_free)
DEFINE_AUTO(git_config, git_config *, git_config_free)
DEFINE_AUTO(git_diff, git_diff *, git_diff_free)
DEFINE_AUTO(git_index, git_index *, git_index_free)
DEFINE_AUTO(git_object, git_object *, git_object_free)
DEFINE_AUTO(git_odb, git_odb *, git_odb_free)
DEFINE_AUTO(git_odb_object, git_odb_object *, git_odb_object_free)
DEFINE_AUTO(git_reference, git_reference *, git_reference_free)
DEFINE_AUTO(git_reference_iterator, git_reference_iterator *, git_reference_iterator_free)
DEFINE_AUTO(git_remote, git_remote *, git_remote_free)
DEFINE_AUTO(git_repository, git_repository *, git_repository_free)
DEFINE_AUTO(git_signature, git_signature *, git_signature_free)
DEFINE_AUTO(git_status_list, git_status_list *, git_status_list_free)
DEFINE_AUTO(git_tree, git_tree *, git_tree_free)
DEFINE_AUTO(git_tree_entry, git_tree_entry *, git_tree_entry_free)
DEFINE_AUTO(git_treebuilder, git_treebuilder *, git_treebuilder_free)
DEFINE_AUTO_VALUE(git_buf, git_buf, git_buf_dispose)
DEFINE_AUTO_VALUE(git_strarray, git_strarray, git_strarray_dispose)

#endif
