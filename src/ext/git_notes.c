#include "git_notes_internal.h"

#include <stdio.h>
#include <string.h>

struct extgit_notes {
	git_repository *repository; /* borrowed */
	char *reference;
	char tip[EXTGIT_OID_SIZE];
	git_tree *root;
};

/* -- the tip ---------------------------------------------------------- */

/* refs/notes/a/b cannot live beside refs/notes/a/b/c nor beside refs/notes/a. */
static char *reference_in_the_way(git_repository *repository, const char *reference)
{
	AUTO(git_reference_iterator) git_reference_iterator *iterator = NULL;
	AUTO_FREE char *beneath = xasprintf("%s/*", reference);
	const char *name;

	if (git_reference_iterator_glob_new(&iterator, repository, beneath) == 0 &&
	    git_reference_next_name(&name, iterator) == 0)
		return xstrdup(name);
	for (const char *slash = strrchr(reference, '/'); slash > reference + strlen("refs/");) {
		AUTO_FREE char *above = xstrndup(reference, (size_t)(slash - reference));
		git_oid ignored;

		if (git_reference_name_to_id(&ignored, repository, above) == 0)
			return TAKE(above);
		slash = memrchr(reference, '/', (size_t)(slash - reference));
	}
	return NULL;
}

int notes_fail_reference(git_repository *repository, const char *reference, struct error *err)
{
	/* The look for the culprit changes libgit2's last error, so ours is made first. */
	int result = extgit_fail(err, "baseline reference %s is unreadable", reference);
	AUTO_FREE char *other = reference_in_the_way(repository, reference);

	if (other)
		return error_set(err, ERROR_BASELINE,
				 "baseline reference %s cannot exist beside %s: rename or delete "
				 "the latter",
				 reference, other);
	return result;
}

/* *exists is false when there is no such reference and it could be created. */
static int find_tip(git_repository *repository, const char *reference, git_oid *tip, bool *exists,
		    struct error *err)
{
	AUTO(git_reference) git_reference *found = NULL;
	int code = git_reference_lookup(&found, repository, reference);

	*exists = false;
	if (code == GIT_ENOTFOUND) {
		AUTO_FREE char *other = reference_in_the_way(repository, reference);

		return other ? notes_fail_reference(repository, reference, err) : 0;
	}
	if (code < 0)
		return notes_fail_reference(repository, reference, err);
	if (git_reference_type(found) != GIT_REFERENCE_DIRECT)
		return error_set(err, ERROR_BASELINE,
				 "baseline reference %s is a symbolic reference to %s: refused; "
				 "remove it with: git symbolic-ref --delete %s",
				 reference, git_reference_symbolic_target(found), reference);
	*tip = *git_reference_target(found);
	*exists = true;
	return 0;
}

int notes_open_tip(git_repository *repository, const char *reference, git_commit **tip,
		   git_tree **root, struct error *err)
{
	bool exists;
	git_oid oid;
	int code;

	if (find_tip(repository, reference, &oid, &exists, err) < 0)
		return -1;
	if (!exists)
		return 0;
	code = git_commit_lookup(tip, repository, &oid);
	if (code == GIT_ENOTFOUND)
		return error_set(err, ERROR_BASELINE,
				 "notes history incomplete: commit %s, the tip of %s, is missing; "
				 "fetch it again, nothing was changed",
				 git_oid_tostr_s(&oid), reference);
	if (code < 0 || git_commit_tree(root, *tip) < 0)
		return extgit_fail(err, "baseline unreadable: tip %s of %s", git_oid_tostr_s(&oid),
				   reference);
	return 0;
}

int extgit_notes_open(const struct extgit *git, const char *reference, struct extgit_notes **out,
		      struct error *err)
{
	AUTO(git_commit) git_commit *tip = NULL;
	AUTO(git_tree) git_tree *root = NULL;
	struct extgit_notes *notes;

	if (notes_open_tip(extgit_raw(git), reference, &tip, &root, err) < 0)
		return -1;
	if (!tip) {
		*out = NULL;
		return 0;
	}
	notes = xcalloc(1, sizeof *notes);
	notes->repository = extgit_raw(git);
	notes->reference = xstrdup(reference);
	git_oid_tostr(notes->tip, sizeof notes->tip, git_commit_id(tip));
	notes->root = TAKE(root);
	*out = notes;
	return 0;
}

void extgit_notes_free(struct extgit_notes *notes)
{
	if (!notes)
		return;
	git_tree_free(notes->root);
	free(notes->reference);
	free(notes);
}

const char *extgit_notes_tip(const struct extgit_notes *notes)
{
	return notes ? notes->tip : "";
}

int notes_open_commit(git_repository *repository, const char *hex, git_commit **tip,
		      git_tree **root, struct error *err)
{
	git_oid oid;

	if (*hex == '\0')
		return 0;
	if (git_oid_fromstr(&oid, hex) < 0 || git_commit_lookup(tip, repository, &oid) < 0 ||
	    git_commit_tree(root, *tip) < 0)
		return extgit_fail(err, "baseline unreadable: notes commit %s", hex);
	return 0;
}

/* -- reading ---------------------------------------------------------- */

struct note_reading {
	git_repository *repository;
	git_odb *odb;
	size_t limit_bytes;
	enum extgit_note_state state;
	struct strbuf text;
};

static int append_blob(struct note_reading *reading, const git_oid *oid)
{
	AUTO(git_blob) git_blob *blob = NULL;
	git_object_t type;
	size_t size;
	int code = git_odb_read_header(&size, &type, reading->odb, oid);

	if (code < 0)
		return code;
	/* The header alone costs nothing; a hostile blob is never inflated. */
	if (size > reading->limit_bytes || reading->text.length + size > reading->limit_bytes) {
		reading->state = NOTE_TOO_LARGE;
		return 0;
	}
	code = git_blob_lookup(&blob, reading->repository, oid);
	if (code < 0)
		return code;
	if (reading->text.length && reading->text.data[reading->text.length - 1] != '\n')
		strbuf_putc(&reading->text, '\n');
	strbuf_append(&reading->text, git_blob_rawcontent(blob), size);
	if (reading->state == NOTE_ABSENT)
		reading->state = NOTE_PRESENT;
	return 0;
}

/* `rest` is what the folders above leave of the object's name. */
static int read_level(struct note_reading *reading, const git_tree *tree, const char *rest)
{
	AUTO(git_tree) git_tree *below = NULL;
	const git_tree_entry *entry = git_tree_entry_byname(tree, rest);
	char folder[FAN_OUT + 1] = {rest[0], rest[1], '\0'};
	int code = 0;

	if (entry && git_tree_entry_type(entry) == GIT_OBJECT_BLOB)
		code = append_blob(reading, git_tree_entry_id(entry));
	if (code < 0 || strlen(rest) <= FAN_OUT)
		return code;
	entry = git_tree_entry_byname(tree, folder);
	if (!entry || git_tree_entry_type(entry) != GIT_OBJECT_TREE)
		return 0;
	code = git_tree_lookup(&below, reading->repository, git_tree_entry_id(entry));
	return code < 0 ? code : read_level(reading, below, rest + FAN_OUT);
}

int notes_read_one(git_repository *repository, const git_tree *root, const char *object,
		   size_t limit_bytes, enum extgit_note_state *state, struct strbuf *out,
		   struct error *err)
{
	struct note_reading reading = {.repository = repository, .limit_bytes = limit_bytes};
	AUTO(git_odb) git_odb *odb = NULL;
	int code = 0;

	if (strlen(object) != OID_HEX)
		return error_set(err, ERROR_INTERNAL, "note of '%s': not an object name", object);
	if (git_repository_odb(&odb, repository) < 0)
		return extgit_fail(err, "baseline unreadable");
	reading.odb = odb;
	if (root)
		code = read_level(&reading, root, object);
	if (code == 0) {
		*state = reading.state;
		if (reading.state == NOTE_PRESENT)
			strbuf_append(out, strbuf_text(&reading.text), reading.text.length);
	}
	strbuf_release(&reading.text);
	return code < 0 ? extgit_fail(err, "baseline unreadable: note of %.12s", object) : 0;
}

int extgit_note_read(const struct extgit_notes *notes, const char *object, size_t limit_bytes,
		     enum extgit_note_state *state, struct strbuf *out, struct error *err)
{
	if (notes_read_one(notes->repository, notes->root, object, limit_bytes, state, out, err))
		return error_wrap(err, "%s", notes->reference);
	return 0;
}

/* -- all notes -------------------------------------------------------- */

struct note_listing {
	const struct extgit_notes *notes;
	extgit_visit visit;
	void *arg;
	char object[EXTGIT_OID_SIZE];
};

static bool is_hex(const char *text)
{
	return text[strspn(text, "0123456789abcdef")] == '\0';
}

/* 1 when the visitor has seen enough. */
static int list_level(struct note_listing *listing, const git_tree *tree, size_t digits,
		      struct error *err)
{
	int end = 0;

	for (size_t i = 0; i < git_tree_entrycount(tree) && end == 0; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const char *name = git_tree_entry_name(entry);
		AUTO(git_tree) git_tree *below = NULL;
		size_t length = strlen(name);

		if (digits + length > OID_HEX || !is_hex(name))
			continue;
		memcpy(listing->object + digits, name, length + 1);
		if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB && digits + length == OID_HEX) {
			end = listing->visit(listing->object, listing->arg, err);
		} else if (git_tree_entry_type(entry) == GIT_OBJECT_TREE && length == FAN_OUT) {
			if (git_tree_lookup(&below, listing->notes->repository,
					    git_tree_entry_id(entry)) < 0)
				return extgit_fail(err, "baseline unreadable: %s",
						   listing->notes->reference);
			end = list_level(listing, below, digits + length, err);
		}
	}
	return end;
}

int extgit_notes_each(const struct extgit_notes *notes, extgit_visit visit, void *arg,
		      struct error *err)
{
	struct note_listing listing = {.notes = notes, .visit = visit, .arg = arg};

	return list_level(&listing, notes->root, 0, err) < 0 ? -1 : 0;
}
