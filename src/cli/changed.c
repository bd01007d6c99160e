#include "perfgate/cli/changed.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/baseline/history.h"

#include <string.h>

static bool matches_or_is_below(const char *glob, const char *path)
{
	size_t length = strlen(glob);
	bool folder = length > 0 && glob[length - 1] == '/';
	AUTO_FREE char *below = xasprintf("%s%s**", glob, folder ? "" : "/");

	return text_glob(glob, path) || text_glob(below, path);
}

static bool matches(const char *glob, const char *path)
{
	const char *slash = strchr(glob, '/');
	AUTO_FREE char *anywhere = NULL;

	if (slash == glob)
		return matches_or_is_below(glob + 1, path);
	if (slash && slash[1] != '\0')
		return matches_or_is_below(glob, path);
	anywhere = xasprintf("**/%s", glob);
	return matches_or_is_below(anywhere, path);
}

bool changed_matches(const struct string_list *globs, const char *path)
{
	bool found = true;

	for (size_t i = 0; i < globs->count; i++)
		found = found && globs->items[i][0] == '!';
	for (size_t i = 0; i < globs->count; i++) {
		bool excludes = globs->items[i][0] == '!';

		if (matches(globs->items[i] + excludes, path))
			found = !excludes;
	}
	return found;
}

struct changes {
	const struct string_list *globs;
	char *configuration; /* its path from the top; heap or NULL */
	char base[EXTGIT_OID_SIZE];
	size_t files;
	bool matter;
};

static int visit(const char *path, void *arg, struct error *err)
{
	struct changes *changes = arg;

	(void)err;
	changes->files++;
	if (!changed_matches(changes->globs, path) && !text_equal(changes->configuration, path))
		return 0;
	log_info("only_if_changed: %s matters", path);
	changes->matter = true;
	return 1;
}

static int look(const struct session *session, struct changes *changes, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	const char *file = session->settings->file;
	struct extgit_head head;

	if (baseline_base_commit(session_rules(session), &session->ci, changes->base, err) ||
	    extgit_open(&git, err) || extgit_head(git, &head, err))
		return -1;
	if (text_equal(changes->base, head.commit))
		return error_set(err, ERROR_USAGE, "the base commit itself is checked out");
	changes->configuration = file ? extgit_path_in_tree(git, file) : NULL;
	return extgit_each_change(git, changes->base, head.commit, visit, changes, err);
}

const char *changed_skip_reason(const struct session *session)
{
	struct changes changes = {.globs = &session_rules(session)->only_if_changed};
	struct error err = ERROR_INIT;
	int result;

	if (changes.globs->count == 0 || session->ci.kind != CI_PULL_REQUEST)
		return NULL;
	result = look(session, &changes, &err);
	free(changes.configuration);
	if (result)
		log_warning("only_if_changed: what the pull request changes is not known, so it is "
			    "measured (a shallow clone lacks history: fetch-depth: 0): %s",
			    err.message);
	if (result || changes.matter)
		return NULL;
	return arena_printf(&session->run->arena,
			    "only_if_changed: none of %zu changed file%s matches (since %.12s)",
			    changes.files, changes.files == 1 ? "" : "s", changes.base);
}
