/*
 * Records in git notes: one line each on the commit that was measured.
 *
 * A note may hold lines of others (`git notes append`): they are kept, byte by byte, and
 * skipped with one warning. Records are sorted lines, so that every merge
 * strategy of git is safe and two writers of the same records write the same
 * note.
 *
 * With baseline.signed the notes' commits are signed (git_notes.h). Whoever may push, but has no
 * key that git trusts here, can then neither plant nor remove a record unseen: notes whose
 * tip is not signed, or by another key, or one that is no longer among the allowed ones, are not
 * read, not merged and not written to.
 */
#ifndef PERFGATE_BASELINE_NOTES_H
#define PERFGATE_BASELINE_NOTES_H

#include "perfgate/baseline/record.h"
#include "perfgate/config/settings.h"
#include "perfgate/ext/git_notes.h"

#define BASELINE_REFERENCE "refs/notes/perfgate/baselines"
#define ACCEPTED_REFERENCE "refs/notes/perfgate/accepted"
/* What was fetched (sync.h). */
#define BASELINE_REMOTE "refs/perfgate/remote/baselines"
#define ACCEPTED_REMOTE "refs/perfgate/remote/accepted"
#define NOTE_LIMIT_BYTES ((size_t)8 << 20)

/* Who writes, as the settings say; `message` is the commit's. */
struct extgit_notes_author notes_author(const struct settings *settings, const char *message);

/*
 * Open notes to read. With baseline.signed, `doubt` is why they are not to be trusted; "" = they
 * are, or nobody asks.
 */
PG_MUST_CHECK int notes_open(const struct extgit *git, const struct settings *settings,
			     const char *reference, struct extgit_notes **out, char *doubt,
			     size_t doubt_size, struct error *err);

/* The records of one commit, newest first. */
struct record_list {
	struct record **items;
	size_t count, capacity;
	size_t rejected; /* lines that are no record of this commit */
	char first_reason[256]; /* "line 3: …"; "" when nothing was rejected */
};
void record_list_release(struct record_list *list);
DEFINE_AUTO_VALUE(record_list, struct record_list, record_list_release)

/*
 * Parse a note of `commit`. A line that is no record, or that names another commit, is
 * counted as rejected. A record of a newer perfgate is an error: what it
 * means is unknown.
 */
PG_MUST_CHECK int notes_parse(const char *text, size_t length, const char *commit,
			      struct record_list *out, struct error *err);

/* The records of a commit, empty without a note; warns (log_warning) about rejected lines. */
PG_MUST_CHECK int notes_read(const struct extgit_notes *notes, const char *commit,
			     struct record_list *out, struct error *err);

/* The note with `line` (one record) in it: a set union by line, hence by id. */
PG_MUST_CHECK int notes_merge(const char *old, size_t length, const char *line, struct strbuf *out,
			      struct error *err);

/*
 * Three versions of a note into one, line by line: what either side added is in it, what
 * either side removed is not. Records are sorted; other lines keep their order.
 */
PG_MUST_CHECK int notes_merge_three(const struct strbuf *base, const struct strbuf *ours,
				    const struct strbuf *theirs, struct strbuf *out,
				    struct error *err);

/* Add the record to the note of its commit. *changed is false when it was there already. */
PG_MUST_CHECK int notes_write(const struct extgit *git, const struct settings *settings,
			      const struct record *record, bool *changed, struct error *err);

#endif
