#include "git_notes_internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/units.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define BUDGET_NS (10 * NS_PER_S)

/* -- trees ------------------------------------------------------------ */

/* One note to place or, without a blob, to remove. */
struct placed {
	const char *object;
	git_oid blob;
	bool removed;
};

static bool is_type(const git_tree_entry *entry, git_object_t type)
{
	return entry && git_tree_entry_type(entry) == type;
}

static int edit_tree(git_repository *repository, const git_tree *from, size_t digits,
		     const struct placed *notes, size_t count, git_oid *out, bool *empty);

/* The folder that all of `notes` share, edited; *hindered: a foreign file has its name. */
static int edit_folder(git_repository *repository, git_treebuilder *builder, size_t digits,
		       const struct placed *notes, size_t count, bool *hindered)
{
	AUTO(git_tree) git_tree *below = NULL;
	const char *rest = notes->object + digits;
	char folder[FAN_OUT + 1] = {rest[0], rest[1], '\0'};
	const git_tree_entry *entry = git_treebuilder_get(builder, folder);
	bool empty = true;
	git_oid oid;
	int code = 0;

	*hindered = digits == 0 && entry && !is_type(entry, GIT_OBJECT_TREE);
	if (*hindered || (digits > 0 && !is_type(entry, GIT_OBJECT_TREE)))
		return 0;
	if (entry)
		code = git_tree_lookup(&below, repository, git_tree_entry_id(entry));
	if (code == 0)
		code = edit_tree(repository, below, digits + FAN_OUT, notes, count, &oid, &empty);
	if (code == 0 && !empty)
		code = git_treebuilder_insert(NULL, builder, folder, &oid, GIT_FILEMODE_TREE);
	else if (code == 0 && entry)
		code = git_treebuilder_remove(builder, folder);
	return code;
}

static int edit_entry(git_treebuilder *builder, const struct placed *note, size_t digits,
		      bool goes_here)
{
	const char *rest = note->object + digits;

	if (goes_here && !note->removed)
		return git_treebuilder_insert(NULL, builder, rest, &note->blob, GIT_FILEMODE_BLOB);
	if (is_type(git_treebuilder_get(builder, rest), GIT_OBJECT_BLOB))
		return git_treebuilder_remove(builder, rest);
	return 0;
}

/* How many of the sorted notes share the next two digits with the first. */
static size_t same_folder(const struct placed *notes, size_t count, size_t digits)
{
	size_t same = 1;

	while (same < count && memcmp(notes[same].object, notes->object, digits + FAN_OUT) == 0)
		same++;
	return same;
}

/*
 * The tree with the notes (sorted) at 2/38 and at no other depth. `digits` of
 * their names are in the folders above. *empty: nothing is left.
 */
static int edit_tree(git_repository *repository, const git_tree *from, size_t digits,
		     const struct placed *notes, size_t count, git_oid *out, bool *empty)
{
	AUTO(git_treebuilder) git_treebuilder *builder = NULL;
	int code = git_treebuilder_new(&builder, repository, from);
	size_t same;

	for (size_t i = 0; i < count && code == 0; i += same) {
		bool hindered = false;

		same = same_folder(notes + i, count - i, digits);
		if (digits + FAN_OUT < OID_HEX)
			code = edit_folder(repository, builder, digits, notes + i, same, &hindered);
		for (size_t j = 0; j < same && code == 0; j++)
			code = edit_entry(builder, &notes[i + j], digits,
					  hindered || digits == FAN_OUT);
	}
	*empty = code == 0 && git_treebuilder_entrycount(builder) == 0;
	return code < 0 ? code : git_treebuilder_write(out, builder);
}

static int by_object(const void *one, const void *other)
{
	const struct placed *a = one, *b = other;

	return strcmp(a->object, b->object);
}

int notes_write_tree(git_repository *repository, const git_tree *root,
		     const struct extgit_note_edit *edits, size_t count, git_oid *out,
		     struct error *err)
{
	AUTO_FREE struct placed *notes = xcalloc(count + 1, sizeof *notes);
	int code = 0;
	bool empty;

	for (size_t i = 0; i < count && code == 0; i++) {
		notes[i].object = edits[i].object;
		notes[i].removed = edits[i].text == NULL;
		if (edits[i].text)
			code = git_blob_create_from_buffer(&notes[i].blob, repository,
							   edits[i].text, edits[i].length);
	}
	qsort(notes, count, sizeof *notes, by_object);
	if (code < 0 || edit_tree(repository, root, 0, notes, count, out, &empty) < 0)
		return extgit_fail(err, "baseline not written");
	return 0;
}

/* -- commits ---------------------------------------------------------- */

static int commit_edits(const struct extgit *git, const git_commit *tip, const git_tree *root,
			const struct extgit_note_edit *edits, size_t count,
			const struct extgit_notes_author *author, git_oid *out, struct error *err)
{
	const git_commit *parents[] = {tip};
	git_oid tree;

	if (notes_write_tree(extgit_raw(git), root, edits, count, &tree, err))
		return -1;
	return notes_write_commit(git, &tree, parents, tip ? 1 : 0, author, out, err);
}

int extgit_notes_commit(const struct extgit *git, const char *tip,
			const struct extgit_note_edit *edits, size_t count,
			const struct extgit_notes_author *author, char *out_commit,
			struct error *err)
{
	AUTO(git_commit) git_commit *commit = NULL;
	AUTO(git_tree) git_tree *root = NULL;
	git_oid oid;

	if (notes_open_commit(extgit_raw(git), tip, &commit, &root, err) ||
	    commit_edits(git, commit, root, edits, count, author, &oid, err))
		return -1;
	git_oid_tostr(out_commit, EXTGIT_OID_SIZE, &oid);
	return 0;
}

/* -- the reference ---------------------------------------------------- */

static int fail_busy(git_repository *repository, const char *reference, bool locked,
		     struct error *err)
{
	AUTO_FREE char *lock =
		xasprintf("%s%s.lock", git_repository_commondir(repository), reference);
	char age[UNITS_TEXT_SIZE];
	struct stat status;

	if (!locked || stat(lock, &status) < 0)
		return error_set(err, ERROR_BASELINE,
				 "baseline not written: others kept changing %s; try again",
				 reference);
	units_format_duration((int64_t)(time(NULL) - status.st_mtime) * NS_PER_S, age);
	return error_set(err, ERROR_BASELINE,
			 "baseline not written: %s is locked by %s (%s old): if no git or perfgate "
			 "is at work there, remove it: rm '%s'",
			 reference, lock, age, lock);
}

/* The folder is synced after the rename: when that fails, the reference has moved all the same. */
static bool has_moved(git_repository *repository, const char *reference, const git_oid *to)
{
	AUTO_FREE char *reason = xstrdup(extgit_last_message());
	git_oid now;

	if (git_reference_name_to_id(&now, repository, reference) < 0 || !git_oid_equal(&now, to))
		return false;
	log_warning("%s was written, but may not survive a power failure now: %s", reference,
		    reason);
	return true;
}

int extgit_notes_swap(const struct extgit *git, const char *reference, const char *old,
		      const char *commit, int64_t deadline_ns, bool *swapped, struct error *err)
{
	AUTO(git_reference) git_reference *written = NULL;
	git_repository *repository = extgit_raw(git);
	git_oid from = {{0}}, to; /* all zero: must not exist */
	int code;

	if ((*old && git_oid_fromstr(&from, old) < 0) || git_oid_fromstr(&to, commit) < 0)
		return error_set(err, ERROR_INTERNAL, "'%s', '%s': no commits", old, commit);
	code = git_reference_create_matching(&written, repository, reference, &to, 1, &from,
					     "perfgate: baselines");
	*swapped = code == 0;
	/* ENOTFOUND: the reference was deleted meanwhile. */
	if (code == GIT_EMODIFIED || code == GIT_ELOCKED || (code == GIT_ENOTFOUND && *old)) {
		if (clock_now_ns() < deadline_ns)
			return 0;
		return fail_busy(repository, reference, code == GIT_ELOCKED, err);
	}
	if (code < 0 && !has_moved(repository, reference, &to))
		return notes_fail_reference(repository, reference, err);
	*swapped = true;
	return 0;
}

/* -- one note --------------------------------------------------------- */

static int fail_too_large(const struct extgit_note_write *write, struct error *err)
{
	char limit[UNITS_TEXT_SIZE];

	units_format_bytes(write->limit_bytes, limit);
	return error_set(err, ERROR_BASELINE,
			 "baseline not written: the note of %.12s in %s is larger than %s",
			 write->object, write->reference, limit);
}

static int merge_note(git_repository *repository, const struct extgit_note_write *write,
		      const git_tree *root, struct strbuf *text, bool *same, struct error *err)
{
	AUTO(strbuf) struct strbuf old = {0};
	enum extgit_note_state state;

	if (notes_read_one(repository, root, write->object, write->limit_bytes, &state, &old, err))
		return -1;
	if (state == NOTE_TOO_LARGE)
		return fail_too_large(write, err);
	if (write->merge(strbuf_text(&old), old.length, text, write->arg, err))
		return -1;
	if (text->length > write->limit_bytes)
		return fail_too_large(write, err);
	*same = text->length == old.length &&
		memcmp(strbuf_text(text), strbuf_text(&old), old.length) == 0;
	return 0;
}

/* 0 while there is time to try again. */
static int give_up_late(const struct extgit_note_write *write, int64_t deadline_ns,
			struct error *err)
{
	if (clock_now_ns() < deadline_ns)
		return 0;
	return error_set(err, ERROR_BASELINE,
			 "baseline not written to %s: its objects vanished as they were written, "
			 "a git gc --prune=now is at work",
			 write->reference);
}

/* *done is false when somebody was faster. */
static int attempt(const struct extgit *git, const struct extgit_note_write *write,
		   int64_t deadline_ns, bool *changed, bool *done, struct error *err)
{
	git_repository *repository = extgit_raw(git);
	AUTO(git_commit) git_commit *tip = NULL;
	AUTO(git_tree) git_tree *root = NULL;
	AUTO(strbuf) struct strbuf text = {0};
	struct extgit_note_edit edit = {{0}, NULL, 0};
	char old[EXTGIT_OID_SIZE] = "", new[EXTGIT_OID_SIZE];
	git_oid commit;
	bool same = false, back;

	if (notes_open_tip(repository, write->reference, &tip, &root, err) ||
	    merge_note(repository, write, root, &text, &same, err))
		return -1;
	*changed = !same;
	*done = same;
	if (same)
		return 0;
	snprintf(edit.object, sizeof edit.object, "%s", write->object);
	edit.length = text.length;
	edit.text = text.data;
	if (commit_edits(git, tip, root, &edit, 1, &write->author, &commit, err))
		return -1;
	if (tip)
		git_oid_tostr(old, sizeof old, git_commit_id(tip));
	git_oid_tostr(new, sizeof new, &commit);
	if (!notes_are_whole(repository, &commit, write->object))
		return give_up_late(write, deadline_ns, err);
	if (extgit_notes_swap(git, write->reference, old, new, deadline_ns, done, err))
		return -1;
	/* A gc that began in between took them: back to where it was, and again. */
	if (*done && *old && !notes_are_whole(repository, &commit, write->object)) {
		*done = false;
		return extgit_notes_swap(git, write->reference, new, old, deadline_ns, &back, err);
	}
	return 0;
}

/* Full jitter, up to 4, 8, … 128 ms. */
static void pause_before(struct rng *rng, unsigned tries)
{
	int64_t most_ns = (4 << (tries < 5 ? tries : 5)) * NS_PER_MS;
	struct timespec pause = {0, (long)rng_below(rng, (uint64_t)most_ns)};

	nanosleep(&pause, NULL);
}

int extgit_note_write(const struct extgit *git, const struct extgit_note_write *write,
		      bool *changed, struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + (write->budget_ns ? write->budget_ns : BUDGET_NS);
	bool wrote = false, done = false;
	AUTO_FD int turn = notes_enter_queue(extgit_raw(git), deadline_ns);
	struct rng rng;

	(void)turn; /* held until we return */
	rng_seed(&rng, rng_entropy(), 0);
	for (unsigned tries = 0;; tries++) {
		if (notes_wait_for_gc(extgit_raw(git), deadline_ns, err) ||
		    attempt(git, write, deadline_ns, &wrote, &done, err))
			return -1;
		if (done)
			break;
		pause_before(&rng, tries);
	}
	if (changed)
		*changed = wrote;
	return 0;
}
