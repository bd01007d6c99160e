#include "perfgate/baseline/gc.h"

#include "perfgate/base/clock.h"

#include <stdio.h>
#include <string.h>

#define BUDGET_NS (10 * NS_PER_S)

/* A record and where it is. */
struct found {
	char commit[EXTGIT_OID_SIZE], id[TEXT_SHA256_SIZE];
	char when[CLOCK_RFC3339_SIZE];
	bool kept;
};

struct commit_name {
	char name[EXTGIT_OID_SIZE];
};

struct collection {
	const struct extgit_notes *notes;
	struct found *items;
	size_t count, capacity;
	struct commit_name *safe; /* sorted: tags, acceptances */
	size_t n_safe, safe_capacity;
	struct extgit_note_edit *edits;
	size_t n_edits, edits_capacity;
};

static void collection_release(struct collection *collection)
{
	for (size_t i = 0; i < collection->n_edits; i++)
		free(collection->edits[i].text);
	free(collection->edits);
	free(collection->items);
	free(collection->safe);
}
DEFINE_AUTO_VALUE(collection, struct collection, collection_release)

/* -- what there is ---------------------------------------------------- */

static int visit_note(const char *commit, void *arg, struct error *err)
{
	struct collection *collection = arg;
	AUTO(record_list) struct record_list list = {0};

	if (notes_read(collection->notes, commit, &list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		struct found *found =
			VEC_PUSH(collection->items, collection->count, collection->capacity);

		*found = (struct found){.kept = false};
		snprintf(found->commit, sizeof found->commit, "%s", commit);
		snprintf(found->id, sizeof found->id, "%s", list.items[i]->id);
		snprintf(found->when, sizeof found->when, "%s", list.items[i]->when);
	}
	return 0;
}

static int visit_safe(const char *commit, void *arg, struct error *err)
{
	struct collection *collection = arg;
	struct commit_name *slot =
		VEC_PUSH(collection->safe, collection->n_safe, collection->safe_capacity);

	(void)err;
	snprintf(slot->name, sizeof slot->name, "%s", commit);
	return 0;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(one, other);
}

static int newest_first(const void *one, const void *other)
{
	const struct found *a = one, *b = other;
	int order = strcmp(b->when, a->when);

	return order ? order : strcmp(a->id, b->id);
}

static int by_commit(const void *one, const void *other)
{
	const struct found *a = one, *b = other;
	int order = strcmp(a->commit, b->commit);

	return order ? order : newest_first(one, other);
}

static int collect(const struct extgit *git, struct collection *out, struct error *err)
{
	AUTO(extgit_notes) struct extgit_notes *accepted = NULL;

	if (extgit_notes_each(out->notes, visit_note, out, err) ||
	    extgit_each_tag(git, visit_safe, out, err) ||
	    extgit_notes_open(git, ACCEPTED_REFERENCE, &accepted, err) ||
	    (accepted && extgit_notes_each(accepted, visit_safe, out, err)))
		return -1;
	if (out->n_safe > 1)
		qsort(out->safe, out->n_safe, sizeof *out->safe, by_name);
	return 0;
}

/* The newest `keep` records, and all of a tag or an acceptance. */
static void choose(struct collection *collection, size_t keep)
{
	if (collection->count > 1)
		qsort(collection->items, collection->count, sizeof *collection->items,
		      newest_first);
	for (size_t i = 0; i < collection->count; i++) {
		struct found *found = &collection->items[i];

		found->kept =
			i < keep || (collection->n_safe &&
				     bsearch(found->commit, collection->safe, collection->n_safe,
					     sizeof *collection->safe, by_name));
	}
	if (collection->count > 1)
		qsort(collection->items, collection->count, sizeof *collection->items, by_commit);
}

/* -- what goes -------------------------------------------------------- */

/* The note without the records that go; every other line stays as it is. */
static int edit_note(struct collection *collection, const struct found *items, size_t count,
		     struct error *err)
{
	AUTO(strbuf) struct strbuf old = {0};
	AUTO(strbuf) struct strbuf text = {0};
	struct extgit_note_edit *edit;
	enum extgit_note_state state;
	const char *line;

	if (extgit_note_read(collection->notes, items->commit, NOTE_LIMIT_BYTES, &state, &old, err))
		return -1;
	line = strbuf_text(&old);
	for (size_t length; *line; line += length) {
		bool goes = false;

		length = strcspn(line, "\n");
		length += line[length] == '\n';
		for (size_t i = 0; i < count && !goes; i++) {
			AUTO_FREE char *member = xasprintf("\"id\":\"%s\"", items[i].id);

			goes = !items[i].kept && memmem(line, length, member, strlen(member));
		}
		if (!goes)
			strbuf_append(&text, line, length);
	}
	edit = VEC_PUSH(collection->edits, collection->n_edits, collection->edits_capacity);
	*edit = (struct extgit_note_edit){.length = text.length};
	snprintf(edit->object, sizeof edit->object, "%s", items->commit);
	edit->text = text.length ? strbuf_take(&text) : NULL;
	return 0;
}

static int edit_notes(struct collection *collection, struct gc_report *report, struct error *err)
{
	size_t same;

	*report = (struct gc_report){0};
	for (size_t i = 0; i < collection->count; i += same) {
		const struct found *first = &collection->items[i];
		size_t removed = 0;

		for (same = 0;
		     i + same < collection->count && strcmp(first[same].commit, first->commit) == 0;
		     same++)
			removed += !first[same].kept;
		report->removed += removed;
		report->kept += same - removed;
		if (removed && edit_note(collection, first, same, err))
			return -1;
	}
	return 0;
}

/* *done is false when somebody wrote meanwhile. */
static int attempt(const struct extgit *git, const struct settings *settings,
		   const struct gc_options *options, int64_t deadline_ns, struct gc_report *out,
		   bool *done, struct error *err)
{
	const struct extgit_notes_author author =
		notes_author(settings, "Old notes removed by perfgate\n");
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(collection) struct collection collection = {0};
	char commit[EXTGIT_OID_SIZE];

	*done = true;
	if (extgit_notes_open(git, BASELINE_REFERENCE, &notes, err))
		return -1;
	if (!notes)
		return 0;
	collection.notes = notes;
	if (collect(git, &collection, err))
		return -1;
	choose(&collection, options->keep);
	if (edit_notes(&collection, out, err))
		return -1;
	if (options->dry_run || collection.n_edits == 0)
		return 0;
	if (extgit_notes_commit(git, extgit_notes_tip(notes), collection.edits, collection.n_edits,
				&author, commit, err))
		return -1;
	return extgit_notes_swap(git, BASELINE_REFERENCE, extgit_notes_tip(notes), commit,
				 deadline_ns, done, err);
}

int baseline_gc(const struct extgit *git, const struct settings *settings,
		const struct gc_options *options, struct gc_report *out, struct error *err)
{
	int64_t deadline_ns = clock_now_ns() + BUDGET_NS;
	struct gc_report report = {0};
	struct extgit_head head;
	bool done = false;

	if (extgit_head(git, &head, err))
		return -1;
	if (head.shallow)
		return error_set(err, ERROR_USAGE,
				 "a shallow clone does not see which tags hold baselines: run this "
				 "in a whole one (git fetch --unshallow)");
	while (!done)
		if (attempt(git, settings, options, deadline_ns, &report, &done, err))
			return -1;
	*out = report;
	return 0;
}
