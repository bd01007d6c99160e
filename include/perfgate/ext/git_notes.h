/*
 * Git notes that are never lost: reading at every fan-out depth, a
 * compare-and-swap write, and a merge of two histories.
 *
 * git_note_create() of libgit2 loses updates when two write at once and
 * starts a new history when the tip is missing; so the write is our own:
 *
 *   1. look the tip up; a missing commit, a symbolic or damaged reference,
 *      or one in the way is ERROR_BASELINE and nothing is touched;
 *   2. merge the note that is there with ours (the caller's function);
 *   3. write blob, trees (fan-out 2/38; entries that are no notes stay, and
 *      the object's note moves there from any other depth) and commit;
 *   4. swap the reference from the tip seen to the new commit under its lock;
 *      when somebody was faster, begin again at 1, with jitter.
 *
 * Objects and reference are fsynced. A lock that stays is named with its age
 * and left alone: only a person can know that its owner is dead.
 *
 * Commits are 40 hex digits; "" is "there is none".
 */
#ifndef PERFGATE_EXT_GIT_NOTES_H
#define PERFGATE_EXT_GIT_NOTES_H

#include "perfgate/base/strbuf.h"
#include "perfgate/ext/git.h"

/* -- reading ---------------------------------------------------------- */

/* One state of a notes reference. */
struct extgit_notes;

/* *out is NULL, and that is no error, when the reference does not exist. */
PG_MUST_CHECK int extgit_notes_open(const struct extgit *git, const char *reference,
				    struct extgit_notes **out, struct error *err);
void extgit_notes_free(struct extgit_notes *notes);
DEFINE_AUTO(extgit_notes, struct extgit_notes *, extgit_notes_free)

/* The commit that the reference named when it was opened; borrowed. "" for NULL. */
const char *extgit_notes_tip(const struct extgit_notes *notes);

enum extgit_note_state { NOTE_ABSENT, NOTE_PRESENT, NOTE_TOO_LARGE };

/*
 * Append the note of `object` (40 hex digits) to *out. Found at several depths, the parts
 * follow each other, each ended by a newline. NOTE_TOO_LARGE when it is more
 * than `limit_bytes` (then nothing is read).
 */
PG_MUST_CHECK int extgit_note_read(const struct extgit_notes *notes, const char *object,
				   size_t limit_bytes, enum extgit_note_state *state,
				   struct strbuf *out, struct error *err);

/* Call `visit` for every object that has a note, in the order of the tree; as extgit_walk(). */
PG_MUST_CHECK int extgit_notes_each(const struct extgit_notes *notes, extgit_visit visit, void *arg,
				    struct error *err);

/* -- writing ---------------------------------------------------------- */

/*
 * Whether the notes' commits bear a signature, made by git as it is configured (gpg.format,
 * user.signingKey, …). One says of the whole tree and of the history behind it that they are to
 * be trusted, so none is made on top of a commit without one that git trusts, or one that git
 * itself does not trust then: ERROR_BASELINE.
 */
enum extgit_notes_signing {
	NOTES_UNSIGNED,
	NOTES_SIGNED,
	NOTES_VOUCHED, /* on top of anything: a person has looked */
};

/* Who makes the notes' commit. NULL: git's, else "perfgate <perfgate@localhost>". */
struct extgit_notes_author {
	const char *name, *email;
	const char *message;
	enum extgit_notes_signing signing;
};

/*
 * Is the commit signed by a key that git trusts (git verify-commit)? `doubt` is "", or why not:
 * no signature, a wrong one, a key that is not, or no longer, among the allowed ones.
 */
PG_MUST_CHECK int extgit_notes_verify(const struct extgit *git, const char *commit, char *doubt,
				      size_t size, struct error *err);

/* "Name <address>" that a commit by the author would bear; heap. */
char *extgit_notes_identity(const struct extgit *git, const struct extgit_notes_author *author);

struct extgit_note_write {
	const char *reference; /* full name, "refs/notes/…" */
	const char *object; /* 40 hex digits */
	struct extgit_notes_author author;
	size_t limit_bytes; /* a larger note is an error, before and after the merge */
	int64_t budget_ns; /* for all attempts; 0 = 10 s */
	/*
	 * Build the new note in *out from the one that is there ("" = none).
	 * Called again for every attempt. An equal text ends the write: nothing to do.
	 */
	int (*merge)(const char *old, size_t length, struct strbuf *out, const void *arg,
		     struct error *err);
	const void *arg;
};

/* *changed (may be NULL) is false when the note already said it all. */
PG_MUST_CHECK int extgit_note_write(const struct extgit *git, const struct extgit_note_write *write,
				    bool *changed, struct error *err);

/* The new note of an object; no text removes it. */
struct extgit_note_edit {
	char object[EXTGIT_OID_SIZE];
	char *text; /* heap or NULL; of the caller */
	size_t length;
};

/* A commit with the edits on top of `tip`; moves no reference. */
PG_MUST_CHECK int extgit_notes_commit(const struct extgit *git, const char *tip,
				      const struct extgit_note_edit *edits, size_t count,
				      const struct extgit_notes_author *author, char *out_commit,
				      struct error *err);

/*
 * Move the reference from `old` to `commit` under its lock. *swapped is false
 * when it is elsewhere or locked just now. After `deadline_ns` (clock_now_ns()) a
 * reference that is still busy is an error that names the lock.
 */
PG_MUST_CHECK int extgit_notes_swap(const struct extgit *git, const char *reference,
				    const char *old, const char *commit, int64_t deadline_ns,
				    bool *swapped, struct error *err);

/* -- merging ---------------------------------------------------------- */

struct extgit_notes_merging {
	struct extgit_notes_author author;
	size_t limit_bytes; /* a larger note on any side is an error */
	/* Three versions of one note, each "" when absent; an empty result removes it. */
	int (*merge)(const struct strbuf *base, const struct strbuf *ours,
		     const struct strbuf *theirs, struct strbuf *out, struct error *err);
};

/*
 * One history out of two: `ours` or `theirs` when it holds the other, else a
 * commit with both as parents. Only what `ours` changed since the common ancestor is
 * looked at; foreign entries that are new in ours are kept.
 */
PG_MUST_CHECK int extgit_notes_merge(const struct extgit *git, const char *ours, const char *theirs,
				     const struct extgit_notes_merging *merging, char *out_commit,
				     struct error *err);

/* How many objects have another note, or one on one side only. Foreign entries count once. */
PG_MUST_CHECK int extgit_notes_differences(const struct extgit *git, const char *one,
					   const char *other, size_t *out, struct error *err);

#endif
