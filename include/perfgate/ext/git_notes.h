/*
 * Git notes that are never lost: reading at every fan-out depth, and a
 * compare-and-swap write.
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
 */
#ifndef PERFGATE_EXT_GIT_NOTES_H
#define PERFGATE_EXT_GIT_NOTES_H

#include "perfgate/base/strbuf.h"
#include "perfgate/ext/git.h"

/* One state of a notes reference. */
struct extgit_notes;

/* *out is NULL, and that is no error, when the reference does not exist. */
PG_MUST_CHECK int extgit_notes_open(const struct extgit *git, const char *reference,
				    struct extgit_notes **out, struct error *err);
void extgit_notes_free(struct extgit_notes *notes);
DEFINE_AUTO(extgit_notes, struct extgit_notes *, extgit_notes_free)

enum extgit_note_state { NOTE_ABSENT, NOTE_PRESENT, NOTE_TOO_LARGE };

/*
 * Append the note of `object` (40 hex digits) to *out. Found at several depths, the parts
 * follow each other, each ended by a newline. NOTE_TOO_LARGE when it is more
 * than `limit_bytes` (then nothing is read).
 */
PG_MUST_CHECK int extgit_note_read(const struct extgit_notes *notes, const char *object,
				   size_t limit_bytes, enum extgit_note_state *state,
				   struct strbuf *out, struct error *err);

struct extgit_note_write {
	const char *reference; /* full name, "refs/notes/…" */
	const char *object; /* 40 hex digits */
	const char *message; /* of the notes commit */
	const char *name, *email; /* NULL: git's, else "perfgate <perfgate@localhost>" */
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

#endif
