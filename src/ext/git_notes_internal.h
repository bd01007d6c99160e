/* What the files of git_notes.h share: the tip, one note, trees. */
#ifndef PERFGATE_EXT_GIT_NOTES_INTERNAL_H
#define PERFGATE_EXT_GIT_NOTES_INTERNAL_H

#include "git_auto.h"
#include "perfgate/ext/git_notes.h"

#define OID_HEX 40
#define FAN_OUT 2

/* Tip and tree of the reference; both stay NULL when there is none. */
PG_MUST_CHECK int notes_open_tip(git_repository *repository, const char *reference,
				 git_commit **tip, git_tree **root, struct error *err);

/* Commit and tree that `hex` names; both stay NULL for "". */
PG_MUST_CHECK int notes_open_commit(git_repository *repository, const char *hex, git_commit **tip,
				    git_tree **root, struct error *err);

/* The reference cannot be used: libgit2's words, or which other one is in the way. */
int notes_fail_reference(git_repository *repository, const char *reference, struct error *err);

/* Append the note of `object` below `root` (NULL: no notes) to *out. */
PG_MUST_CHECK int notes_read_one(git_repository *repository, const git_tree *root,
				 const char *object, size_t limit_bytes,
				 enum extgit_note_state *state, struct strbuf *out,
				 struct error *err);

/*
 * Write `tree` as a commit by the author, signed when they ask for it; `parents` may hold NULLs
 * behind `count`.
 */
PG_MUST_CHECK int notes_write_commit(const struct extgit *git, const git_oid *tree,
				     const git_commit **parents, size_t count,
				     const struct extgit_notes_author *author, git_oid *out,
				     struct error *err);

/* The tree `root` with the edits in it (any order, one per object). */
PG_MUST_CHECK int notes_write_tree(git_repository *repository, const git_tree *root,
				   const struct extgit_note_edit *edits, size_t count, git_oid *out,
				   struct error *err);

/* Wait for the turn among our own writers; held until the descriptor is closed. -1: without. */
int notes_enter_queue(git_repository *repository, int64_t deadline_ns);

/* Wait for a running `git gc`; ERROR_BASELINE when it lasts beyond the deadline. */
PG_MUST_CHECK int notes_wait_for_gc(git_repository *repository, int64_t deadline_ns,
				    struct error *err);

/* Are the commit, its tree and the object's note there, read afresh? */
bool notes_are_whole(git_repository *repository, const git_oid *commit, const char *object);

#endif
