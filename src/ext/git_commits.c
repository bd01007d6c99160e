#include "perfgate/ext/git.h"

#include "git_auto.h"
#include "perfgate/base/text.h"

#include <stdio.h>
#include <string.h>

static int find_commit(const struct extgit *git, const char *hex, git_commit **out)
{
	git_oid oid;

	if (git_oid_fromstr(&oid, hex) < 0)
		return GIT_EINVALIDSPEC;
	return git_commit_lookup(out, extgit_raw(git), &oid);
}

int extgit_resolve(const struct extgit *git, const char *revision, char *out_commit,
		   struct error *err)
{
	AUTO(git_object) git_object *object = NULL;
	AUTO(git_object) git_object *commit = NULL;

	if (git_revparse_single(&object, extgit_raw(git), revision) < 0 ||
	    git_object_peel(&commit, object, GIT_OBJECT_COMMIT) < 0)
		return error_set(err, ERROR_USAGE, "%s: no such commit in this repository: %s",
				 revision, extgit_last_message());
	git_oid_tostr(out_commit, EXTGIT_OID_SIZE, git_object_id(commit));
	return 0;
}

bool extgit_branch_tip(const struct extgit *git, const char *remote, const char *branch,
		       char *out_commit)
{
	char *const names[] = {
		remote ? xasprintf("refs/remotes/%s/%s", remote, branch) : NULL,
		xasprintf("refs/heads/%s", branch),
	};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		git_oid oid;

		if (names[i] && !found &&
		    git_reference_name_to_id(&oid, extgit_raw(git), names[i]) == 0) {
			git_oid_tostr(out_commit, EXTGIT_OID_SIZE, &oid);
			found = true;
		}
		free(names[i]);
	}
	return found;
}

int extgit_read_commit(const struct extgit *git, const char *commit, struct extgit_commit *out,
		       struct error *err)
{
	AUTO(git_commit) git_commit *found = NULL;
	const char *summary;
	int code = find_commit(git, commit, &found);

	if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC)
		return error_set(err, ERROR_USAGE, "commit %.12s is not in this repository",
				 commit);
	if (code < 0)
		return extgit_fail(err, "commit %.12s", commit);
	summary = git_commit_summary(found);
	git_oid_tostr(out->tree, sizeof out->tree, git_commit_tree_id(found));
	out->time_s = git_commit_time(found);
	snprintf(out->summary, sizeof out->summary, "%s", summary ? summary : "");
	return 0;
}

int extgit_merge_base(const struct extgit *git, const char *one, const char *other,
		      char *out_commit, bool *found, struct error *err)
{
	git_oid first, second, base;
	int code;

	if (git_oid_fromstr(&first, one) < 0 || git_oid_fromstr(&second, other) < 0)
		return extgit_fail(err, "merge-base of %.40s and %.40s", one, other);
	code = git_merge_base(&base, extgit_raw(git), &first, &second);
	/* In a shallow clone the missing history looks like an unrelated one. */
	if (code < 0 && code != GIT_ENOTFOUND)
		return extgit_fail(err, "merge-base of %.12s and %.12s", one, other);
	*found = code == 0;
	if (*found)
		git_oid_tostr(out_commit, EXTGIT_OID_SIZE, &base);
	return 0;
}

/*
 * The raw text: libgit2 1.7 hides the parents of a commit where a shallow
 * clone ends, and 1.5 does not.
 */
int extgit_parent(const struct extgit *git, const char *commit, size_t index, char *out_commit,
		  struct error *err)
{
	AUTO(git_odb) git_odb *odb = NULL;
	AUTO(git_odb_object) git_odb_object *object = NULL;
	git_oid oid;
	const char *line;

	*out_commit = '\0';
	if (git_oid_fromstr(&oid, commit) < 0 || git_repository_odb(&odb, extgit_raw(git)) < 0 ||
	    git_odb_read(&object, odb, &oid) < 0 ||
	    git_odb_object_type(object) != GIT_OBJECT_COMMIT)
		return extgit_fail(err, "commit %.12s", commit);
	/* "tree …\n", then a line per parent; libgit2 ends the data with a NUL. */
	line = strchr(git_odb_object_data(object), '\n');
	while (line && text_starts_with(line + 1, "parent ") && index-- > 0)
		line = strchr(line + 1, '\n');
	if (line && text_starts_with(line + 1, "parent "))
		snprintf(out_commit, EXTGIT_OID_SIZE, "%s", line + 1 + strlen("parent "));
	return 0;
}

int extgit_read_message(const struct extgit *git, const char *commit, struct strbuf *author,
			struct strbuf *message, struct error *err)
{
	AUTO(git_commit) git_commit *found = NULL;
	const git_signature *by;

	if (find_commit(git, commit, &found) < 0)
		return extgit_fail(err, "commit %.12s", commit);
	by = git_commit_author(found);
	strbuf_printf(author, "%s <%s>", by->name, by->email);
	strbuf_puts(message, git_commit_message(found));
	return 0;
}

bool extgit_has_commit(const struct extgit *git, const char *commit)
{
	AUTO(git_commit) git_commit *found = NULL;

	return find_commit(git, commit, &found) == 0;
}

int extgit_each_tag(const struct extgit *git, extgit_visit visit, void *arg, struct error *err)
{
	AUTO(git_reference_iterator) git_reference_iterator *iterator = NULL;
	git_reference *tag;
	int end = 0;

	if (git_reference_iterator_glob_new(&iterator, extgit_raw(git), "refs/tags/*") < 0)
		return extgit_fail(err, "tags");
	while (end == 0 && git_reference_next(&tag, iterator) == 0) {
		AUTO(git_object) git_object *commit = NULL;
		char name[EXTGIT_OID_SIZE];

		if (git_reference_peel(&commit, tag, GIT_OBJECT_COMMIT) == 0) {
			git_oid_tostr(name, sizeof name, git_object_id(commit));
			end = visit(name, arg, err);
		}
		git_reference_free(tag);
	}
	return end < 0 ? -1 : 0;
}

int extgit_read_file(const struct extgit *git, const char *commit, const char *path, size_t limit,
		     bool *found, struct strbuf *out, struct error *err)
{
	AUTO(git_commit) git_commit *opened = NULL;
	AUTO(git_tree) git_tree *tree = NULL;
	AUTO(git_tree_entry) git_tree_entry *entry = NULL;
	AUTO(git_blob) git_blob *blob = NULL;
	int code;

	*found = false;
	if (find_commit(git, commit, &opened) < 0 || git_commit_tree(&tree, opened) < 0)
		return extgit_fail(err, "commit %.12s", commit);
	code = git_tree_entry_bypath(&entry, tree, path);
	if (code == GIT_ENOTFOUND)
		return 0;
	if (code < 0 || git_blob_lookup(&blob, extgit_raw(git), git_tree_entry_id(entry)) < 0)
		return extgit_fail(err, "%s of commit %.12s", path, commit);
	if ((size_t)git_blob_rawsize(blob) > limit)
		return error_set(err, ERROR_USAGE, "%s of commit %.12s is too large", path, commit);
	strbuf_append(out, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob));
	*found = true;
	return 0;
}

static int find_tree(const struct extgit *git, const char *hex, git_tree **out)
{
	AUTO(git_commit) git_commit *commit = NULL;
	int code = find_commit(git, hex, &commit);

	return code < 0 ? code : git_commit_tree(out, commit);
}

int extgit_each_change(const struct extgit *git, const char *base, const char *head,
		       extgit_visit_path visit, void *arg, struct error *err)
{
	AUTO(git_tree) git_tree *before = NULL;
	AUTO(git_tree) git_tree *after = NULL;
	AUTO(git_diff) git_diff *diff = NULL;
	int end = 0;

	if (find_tree(git, base, &before) < 0 || find_tree(git, head, &after) < 0 ||
	    git_diff_tree_to_tree(&diff, extgit_raw(git), before, after, NULL) < 0)
		return extgit_fail(err, "what differs between %.12s and %.12s", base, head);
	for (size_t i = 0; end == 0 && i < git_diff_num_deltas(diff); i++)
		end = visit(git_diff_get_delta(diff, i)->new_file.path, arg, err);
	return end < 0 ? -1 : 0;
}

/* Replaces *commit by its first parent, or by NULL at the end of the history. */
static int step_to_parent(const struct extgit *git, git_commit **commit, bool *cut,
			  struct error *err)
{
	bool shallow = git_repository_is_shallow(extgit_raw(git)) == 1;
	git_commit *parent = NULL;
	int code = GIT_ENOTFOUND;

	if (git_commit_parentcount(*commit) > 0) {
		code = git_commit_parent(&parent, *commit, 0);
		if (code < 0 && !(shallow && code == GIT_ENOTFOUND))
			return extgit_fail(err, "history behind commit %.12s",
					   git_oid_tostr_s(git_commit_id(*commit)));
	}
	if (cut)
		*cut = code < 0 && shallow;
	git_commit_free(*commit);
	*commit = parent;
	return 0;
}

int extgit_walk(const struct extgit *git, const char *start, size_t limit, extgit_visit visit,
		void *arg, bool *cut, struct error *err)
{
	AUTO(git_commit) git_commit *commit = NULL;
	char name[EXTGIT_OID_SIZE];

	if (cut)
		*cut = false;
	if (find_commit(git, start, &commit) < 0)
		return extgit_fail(err, "commit %.12s", start);
	for (size_t seen = 0; commit && seen < limit; seen++) {
		int end;

		git_oid_tostr(name, sizeof name, git_commit_id(commit));
		end = visit(name, arg, err);
		if (end)
			return end < 0 ? -1 : 0;
		if (step_to_parent(git, &commit, cut, err) < 0)
			return -1;
	}
	return 0;
}
