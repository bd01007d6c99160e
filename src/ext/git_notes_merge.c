#include "git_notes_internal.h"

#include <stdio.h>
#include <string.h>

/* One side of the merge. */
struct side {
	git_commit *commit;
	git_tree *root;
};

static void side_release(struct side *side)
{
	git_tree_free(side->root);
	git_commit_free(side->commit);
}
DEFINE_AUTO_VALUE(side, struct side, side_release)

/* What `ours` changed: objects with a note, and paths that are none. */
struct change {
	char *path;
	char object[EXTGIT_OID_SIZE]; /* "" = a foreign entry */
};

struct changes {
	struct change *items;
	size_t count, capacity;
};

struct edits {
	struct extgit_note_edit *items;
	size_t count, capacity;
};

static void changes_release(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		free(changes->items[i].path);
	free(changes->items);
}
DEFINE_AUTO_VALUE(changes, struct changes, changes_release)

static void edits_release(struct edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		free(edits->items[i].text);
	free(edits->items);
}
DEFINE_AUTO_VALUE(edits, struct edits, edits_release)

/* -- what changed ----------------------------------------------------- */

/* "ab/cdef…" without its slashes when that is an object's name, else "". */
static void object_of(const char *path, char *object)
{
	size_t digits = 0;

	for (; *path; path++) {
		if (*path == '/')
			continue;
		if (digits == OID_HEX || !strchr("0123456789abcdef", *path)) {
			digits = 0;
			break;
		}
		object[digits++] = *path;
	}
	object[digits == OID_HEX ? OID_HEX : 0] = '\0';
}

static int note_change(const git_diff_delta *delta, float progress, void *arg)
{
	struct changes *changes = arg;
	struct change *change = VEC_PUSH(changes->items, changes->count, changes->capacity);

	(void)progress;
	change->path = xstrdup(delta->new_file.path);
	object_of(change->path, change->object);
	return 0;
}

static int by_object(const void *one, const void *other)
{
	const struct change *a = one, *b = other;
	int order = strcmp(a->object, b->object);

	return order ? order : strcmp(a->path, b->path);
}

static int find_changes(git_repository *repository, const struct side *base,
			const struct side *ours, struct changes *out, struct error *err)
{
	AUTO(git_diff) git_diff *diff = NULL;

	if (git_diff_tree_to_tree(&diff, repository, base->root, ours->root, NULL) < 0 ||
	    git_diff_foreach(diff, note_change, NULL, NULL, NULL, out) < 0)
		return extgit_fail(err, "baselines cannot be compared");
	if (out->count > 1)
		qsort(out->items, out->count, sizeof *out->items, by_object);
	return 0;
}

/* -- notes ------------------------------------------------------------ */

static int read_version(git_repository *repository, const struct side *side, const char *object,
			size_t limit_bytes, struct strbuf *out, struct error *err)
{
	enum extgit_note_state state;

	if (notes_read_one(repository, side->root, object, limit_bytes, &state, out, err))
		return -1;
	if (state == NOTE_TOO_LARGE)
		return error_set(err, ERROR_BASELINE,
				 "baselines not merged: the note of %.12s is too large", object);
	return 0;
}

static int merge_one(git_repository *repository, const struct side sides[3], const char *object,
		     const struct extgit_notes_merging *merging, struct edits *edits,
		     struct error *err)
{
	AUTO(strbuf) struct strbuf base = {0};
	AUTO(strbuf) struct strbuf ours = {0};
	AUTO(strbuf) struct strbuf theirs = {0};
	AUTO(strbuf) struct strbuf merged = {0};
	struct extgit_note_edit *edit;

	if (read_version(repository, &sides[0], object, merging->limit_bytes, &base, err) ||
	    read_version(repository, &sides[1], object, merging->limit_bytes, &ours, err) ||
	    read_version(repository, &sides[2], object, merging->limit_bytes, &theirs, err) ||
	    merging->merge(&base, &ours, &theirs, &merged, err))
		return -1;
	if (strcmp(strbuf_text(&merged), strbuf_text(&theirs)) == 0 &&
	    merged.length == theirs.length)
		return 0;
	edit = VEC_PUSH(edits->items, edits->count, edits->capacity);
	snprintf(edit->object, sizeof edit->object, "%s", object);
	edit->length = merged.length;
	edit->text = merged.length ? strbuf_take(&merged) : NULL;
	return 0;
}

/* -- foreign entries -------------------------------------------------- */

/* Entries that are new in ours, into the tree; what theirs has at the same path stays. */
static int keep_foreign(git_repository *repository, const struct changes *changes,
			const struct side *ours, const struct side *theirs, git_oid *tree,
			struct error *err)
{
	AUTO(git_tree) git_tree *root = NULL;
	AUTO_FREE git_tree_update *updates = xcalloc(changes->count + 1, sizeof *updates);
	size_t count = 0;
	int code = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const char *path = changes->items[i].path;
		AUTO(git_tree_entry) git_tree_entry *entry = NULL;
		AUTO(git_tree_entry) git_tree_entry *other = NULL;

		if (changes->items[i].object[0] ||
		    git_tree_entry_bypath(&entry, ours->root, path) < 0 ||
		    (theirs->root && git_tree_entry_bypath(&other, theirs->root, path) == 0))
			continue;
		updates[count++] = (git_tree_update){
			.action = GIT_TREE_UPDATE_UPSERT,
			.id = *git_tree_entry_id(entry),
			.filemode = git_tree_entry_filemode(entry),
			.path = path,
		};
	}
	if (count > 0)
		code = git_tree_lookup(&root, repository, tree);
	if (count > 0 && code == 0)
		code = git_tree_create_updated(tree, repository, root, count, updates);
	return code < 0 ? extgit_fail(err, "baselines not merged: an entry that is no note") : 0;
}

/* -- the merge -------------------------------------------------------- */

static int write_merge(const struct extgit *git, const struct side sides[3],
		       const struct extgit_notes_merging *merging, char *out_commit,
		       struct error *err)
{
	git_repository *repository = extgit_raw(git);
	const git_commit *parents[] = {sides[2].commit, sides[1].commit};
	AUTO(changes) struct changes changes = {0};
	AUTO(edits) struct edits edits = {0};
	const char *last = "";
	git_oid tree, commit;

	if (find_changes(repository, &sides[0], &sides[1], &changes, err))
		return -1;
	for (size_t i = 0; i < changes.count; i++) {
		const char *object = changes.items[i].object;

		if (strcmp(object, last) != 0 &&
		    merge_one(repository, sides, object, merging, &edits, err))
			return -1;
		last = object;
	}
	if (notes_write_tree(repository, sides[2].root, edits.items, edits.count, &tree, err) ||
	    keep_foreign(repository, &changes, &sides[1], &sides[2], &tree, err) ||
	    notes_write_commit(git, &tree, parents, 2, &merging->author, &commit, err))
		return -1;
	git_oid_tostr(out_commit, EXTGIT_OID_SIZE, &commit);
	return 0;
}

static int take(const char *commit, char *out_commit)
{
	memmove(out_commit, commit, EXTGIT_OID_SIZE);
	return 0;
}

int extgit_notes_merge(const struct extgit *git, const char *ours, const char *theirs,
		       const struct extgit_notes_merging *merging, char *out_commit,
		       struct error *err)
{
	git_repository *repository = extgit_raw(git);
	AUTO(side) struct side base = {0};
	AUTO(side) struct side mine = {0};
	AUTO(side) struct side other = {0};
	char ancestor[EXTGIT_OID_SIZE] = "";
	bool related = false;

	if (*ours == '\0' || strcmp(ours, theirs) == 0)
		return take(theirs, out_commit);
	if (*theirs == '\0')
		return take(ours, out_commit);
	if (extgit_merge_base(git, ours, theirs, ancestor, &related, err))
		return -1;
	if (related && strcmp(ancestor, ours) == 0)
		return take(theirs, out_commit);
	if (related && strcmp(ancestor, theirs) == 0)
		return take(ours, out_commit);
	if (notes_open_commit(repository, related ? ancestor : "", &base.commit, &base.root, err) ||
	    notes_open_commit(repository, ours, &mine.commit, &mine.root, err) ||
	    notes_open_commit(repository, theirs, &other.commit, &other.root, err))
		return -1;
	return write_merge(git, (const struct side[]){base, mine, other}, merging, out_commit, err);
}

int extgit_notes_differences(const struct extgit *git, const char *one, const char *other,
			     size_t *out, struct error *err)
{
	git_repository *repository = extgit_raw(git);
	AUTO(side) struct side from = {0};
	AUTO(side) struct side to = {0};
	AUTO(changes) struct changes changes = {0};
	const char *last = "";
	size_t count = 0;

	if (notes_open_commit(repository, one, &from.commit, &from.root, err) ||
	    notes_open_commit(repository, other, &to.commit, &to.root, err) ||
	    find_changes(repository, &from, &to, &changes, err))
		return -1;
	for (size_t i = 0; i < changes.count; i++) {
		count += *changes.items[i].object == '\0' ||
			 strcmp(changes.items[i].object, last) != 0;
		last = changes.items[i].object;
	}
	*out = count;
	return 0;
}
