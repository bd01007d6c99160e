#include "perfgate/ext/git_notes.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/units.h"

#include <errno.h>
#include <git2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define OID_HEX 40
#define FAN_OUT 2
#define BUDGET_NS (10 * NS_PER_S)
#define FIXED_NAME "perfgate"
#define FIXED_EMAIL "perfgate@localhost"

DEFINE_AUTO(git_commit, git_commit *, git_commit_free)
DEFINE_AUTO(git_tree, git_tree *, git_tree_free)
DEFINE_AUTO(git_blob, git_blob *, git_blob_free)
DEFINE_AUTO(git_odb, git_odb *, git_odb_free)
DEFINE_AUTO(git_reference, git_reference *, git_reference_free)
DEFINE_AUTO(git_reference_iterator, git_reference_iterator *, git_reference_iterator_free)
DEFINE_AUTO(git_signature, git_signature *, git_signature_free)
DEFINE_AUTO(git_treebuilder, git_treebuilder *, git_treebuilder_free)

struct extgit_notes {
	git_repository *repository; /* borrowed */
	char *reference;
	git_commit *tip;
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

static int fail_reference(git_repository *repository, const char *reference, struct error *err)
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

		return other ? fail_reference(repository, reference, err) : 0;
	}
	if (code < 0)
		return fail_reference(repository, reference, err);
	if (git_reference_type(found) != GIT_REFERENCE_DIRECT)
		return error_set(err, ERROR_BASELINE,
				 "baseline reference %s is a symbolic reference to %s: refused; "
				 "remove it with: git symbolic-ref --delete %s",
				 reference, git_reference_symbolic_target(found), reference);
	*tip = *git_reference_target(found);
	*exists = true;
	return 0;
}

static int open_tip(git_repository *repository, const char *reference, git_commit **tip,
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

	if (open_tip(extgit_raw(git), reference, &tip, &root, err) < 0)
		return -1;
	if (!tip) {
		*out = NULL;
		return 0;
	}
	notes = xcalloc(1, sizeof *notes);
	notes->repository = extgit_raw(git);
	notes->reference = xstrdup(reference);
	notes->tip = TAKE(tip);
	notes->root = TAKE(root);
	*out = notes;
	return 0;
}

void extgit_notes_free(struct extgit_notes *notes)
{
	if (!notes)
		return;
	git_tree_free(notes->root);
	git_commit_free(notes->tip);
	free(notes->reference);
	free(notes);
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

static int read_note(git_repository *repository, const char *reference, const git_tree *root,
		     const char *object, struct note_reading *reading, struct error *err)
{
	AUTO(git_odb) git_odb *odb = NULL;

	if (strlen(object) != OID_HEX)
		return error_set(err, ERROR_INTERNAL, "note of '%s': not an object name", object);
	if (git_repository_odb(&odb, repository) < 0)
		return extgit_fail(err, "baseline unreadable");
	reading->repository = repository;
	reading->odb = odb;
	if (read_level(reading, root, object) < 0)
		return extgit_fail(err, "baseline unreadable: note of %.12s in %s", object,
				   reference);
	return 0;
}

int extgit_note_read(const struct extgit_notes *notes, const char *object, size_t limit_bytes,
		     enum extgit_note_state *state, struct strbuf *out, struct error *err)
{
	struct note_reading reading = {.limit_bytes = limit_bytes};
	int result =
		read_note(notes->repository, notes->reference, notes->root, object, &reading, err);

	if (result == 0) {
		*state = reading.state;
		if (reading.state == NOTE_PRESENT)
			strbuf_append(out, strbuf_text(&reading.text), reading.text.length);
	}
	strbuf_release(&reading.text);
	return result;
}

/* -- writing ---------------------------------------------------------- */

static bool is_type(const git_tree_entry *entry, git_object_t type)
{
	return entry && git_tree_entry_type(entry) == type;
}

/*
 * The tree with the note at 2/38 and at no other depth. `rest` has 40 digits
 * at the root, 38 where the note goes, fewer below. *empty: nothing is left.
 */
static int edit_tree(git_repository *repository, const git_tree *from, const char *rest,
		     const git_oid *blob, git_oid *out, bool *empty)
{
	AUTO(git_treebuilder) git_treebuilder *builder = NULL;
	AUTO(git_tree) git_tree *below = NULL;
	char folder[FAN_OUT + 1] = {rest[0], rest[1], '\0'};
	size_t digits = strlen(rest);
	const git_tree_entry *entry;
	bool goes_here = digits == OID_HEX - FAN_OUT, nothing_below = true;
	git_oid below_oid;
	int code = git_treebuilder_new(&builder, repository, from);

	if (code < 0)
		return code;
	entry = git_treebuilder_get(builder, folder);
	if (digits == OID_HEX && entry && !is_type(entry, GIT_OBJECT_TREE))
		goes_here = true; /* a foreign file has the folder's name */
	else if (digits == OID_HEX || is_type(entry, GIT_OBJECT_TREE)) {
		if (entry)
			code = git_tree_lookup(&below, repository, git_tree_entry_id(entry));
		if (code == 0)
			code = edit_tree(repository, below, rest + FAN_OUT, blob, &below_oid,
					 &nothing_below);
		if (code == 0 && !nothing_below)
			code = git_treebuilder_insert(NULL, builder, folder, &below_oid,
						      GIT_FILEMODE_TREE);
		else if (code == 0 && entry)
			code = git_treebuilder_remove(builder, folder);
	}
	if (code == 0 && goes_here)
		code = git_treebuilder_insert(NULL, builder, rest, blob, GIT_FILEMODE_BLOB);
	else if (code == 0 && is_type(git_treebuilder_get(builder, rest), GIT_OBJECT_BLOB))
		code = git_treebuilder_remove(builder, rest);
	*empty = git_treebuilder_entrycount(builder) == 0;
	return code < 0 ? code : git_treebuilder_write(out, builder);
}

static int make_signature(git_repository *repository, const struct extgit_note_write *write,
			  git_signature **out)
{
	AUTO(git_signature) git_signature *own = NULL;
	const char *name = write->name, *email = write->email;

	if ((!name || !email) && git_signature_default(&own, repository) < 0)
		own = NULL;
	if (!name)
		name = own ? own->name : FIXED_NAME;
	if (!email)
		email = own ? own->email : FIXED_EMAIL;
	return git_signature_now(out, name, email);
}

/* Everything but the reference: the new commit on top of `tip` (NULL: a first one). */
static int write_objects(git_repository *repository, const struct extgit_note_write *write,
			 git_commit *tip, const git_tree *root, const struct strbuf *text,
			 git_oid *out, struct error *err)
{
	AUTO(git_signature) git_signature *signature = NULL;
	AUTO(git_tree) git_tree *tree = NULL;
	const git_commit *parents[] = {tip};
	git_oid blob, tree_oid;
	bool empty;

	if (make_signature(repository, write, &signature) < 0)
		return extgit_fail(err, "baseline not written: identity (baseline.name, "
					"baseline.email)");
	if (git_blob_create_from_buffer(&blob, repository, strbuf_text(text), text->length) < 0 ||
	    edit_tree(repository, root, write->object, &blob, &tree_oid, &empty) < 0 ||
	    git_tree_lookup(&tree, repository, &tree_oid) < 0 ||
	    git_commit_create(out, repository, NULL, signature, signature, NULL, write->message,
			      tree, tip ? 1 : 0, parents) < 0)
		return extgit_fail(err, "baseline not written to %s", write->reference);
	return 0;
}

/* 0 when the reference moved from `tip` to `commit`, 1 to try again, -1 on error. */
static int swap_reference(git_repository *repository, const struct extgit_note_write *write,
			  const git_commit *tip, const git_oid *commit, int *why, struct error *err)
{
	AUTO(git_reference) git_reference *reference = NULL;
	git_oid old = {{0}}; /* all zero: must not exist */
	int code;

	if (tip)
		old = *git_commit_id(tip);
	code = git_reference_create_matching(&reference, repository, write->reference, commit, 1,
					     &old, write->message);
	*why = code;
	/* The reference was deleted meanwhile: the old one is not there to compare with. */
	if (code == GIT_EMODIFIED || code == GIT_ELOCKED || (code == GIT_ENOTFOUND && tip))
		return 1;
	if (code < 0)
		return fail_reference(repository, write->reference, err);
	return 0;
}

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
	struct note_reading reading = {.limit_bytes = write->limit_bytes};
	int result = 0;

	if (root)
		result =
			read_note(repository, write->reference, root, write->object, &reading, err);
	if (result == 0 && reading.state == NOTE_TOO_LARGE)
		result = fail_too_large(write, err);
	if (result == 0)
		result = write->merge(strbuf_text(&reading.text), reading.text.length, text,
				      write->arg, err);
	if (result == 0 && text->length > write->limit_bytes)
		result = fail_too_large(write, err);
	*same = result == 0 && text->length == reading.text.length &&
		memcmp(strbuf_text(text), strbuf_text(&reading.text), text->length) == 0;
	strbuf_release(&reading.text);
	return result;
}

static int attempt(git_repository *repository, const struct extgit_note_write *write, bool *changed,
		   int *why, struct error *err)
{
	AUTO(git_commit) git_commit *tip = NULL;
	AUTO(git_tree) git_tree *root = NULL;
	AUTO(strbuf) struct strbuf text = {0};
	git_oid commit;
	bool same;

	if (open_tip(repository, write->reference, &tip, &root, err) < 0 ||
	    merge_note(repository, write, root, &text, &same, err) < 0)
		return -1;
	*changed = !same;
	if (same)
		return 0;
	if (write_objects(repository, write, tip, root, &text, &commit, err) < 0)
		return -1;
	return swap_reference(repository, write, tip, &commit, why, err);
}

static int fail_busy(git_repository *repository, const struct extgit_note_write *write, int why,
		     struct error *err)
{
	AUTO_FREE char *lock =
		xasprintf("%s%s.lock", git_repository_commondir(repository), write->reference);
	char age[UNITS_TEXT_SIZE];
	struct stat status;

	if (why != GIT_ELOCKED || stat(lock, &status) < 0)
		return error_set(err, ERROR_BASELINE,
				 "baseline not written: others kept changing %s; try again",
				 write->reference);
	units_format_duration((int64_t)(time(NULL) - status.st_mtime) * NS_PER_S, age);
	return error_set(err, ERROR_BASELINE,
			 "baseline not written: %s is locked by %s (%s old): if no git or perfgate "
			 "is at work there, remove it: rm '%s'",
			 write->reference, lock, age, lock);
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
	git_repository *repository = extgit_raw(git);
	int64_t deadline_ns = clock_now_ns() + (write->budget_ns ? write->budget_ns : BUDGET_NS);
	struct rng rng;
	bool wrote = false;
	int why = 0, result;

	rng_seed(&rng, rng_entropy(), 0);
	for (unsigned tries = 0;; tries++) {
		result = attempt(repository, write, &wrote, &why, err);
		if (result <= 0)
			break;
		if (clock_now_ns() >= deadline_ns)
			return fail_busy(repository, write, why, err);
		pause_before(&rng, tries);
	}
	if (result == 0 && changed)
		*changed = wrote;
	return result;
}
