#include "perfgate/ext/git.h"

#include "git_alarm.h"
#include "git_auto.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/git_guard.h"

#include <errno.h>
#include <git2/sys/repository.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct extgit {
	git_repository *repository;
};

/* A FIFO in the place of a file, such as an include of .git/config, blocks for ever. */
#define OPEN_BUDGET_NS (3 * NS_PER_S)

/* What libgit2 says of repositories that it cannot read, and what a person wants to hear. */
static const struct {
	const char *libgit2, *plain;
} plain_words[] = {
	{"objectformat", "a sha256 repository cannot hold baselines yet: use a sha1 repository"},
	{"object format", "a sha256 repository cannot hold baselines yet: use a sha1 repository"},
	{"refstorage", "a reftable repository cannot hold baselines yet: run "
		       "git refs migrate --ref-format=files"},
	{"partialclone",
	 "a partial clone lacks objects that baselines need: clone without --filter"},
	{"include depth", "files of its configuration include each other: see .git/config"},
	{"Interrupted system call",
	 "one of its files is a pipe that nobody writes to: see the includes of .git/config"},
	{"GIT_COMMON_DIR", "GIT_COMMON_DIR is set, which perfgate does not support: unset it"},
};

const char *extgit_last_message(void)
{
	const git_error *last = git_error_last();

	return last && last->message ? last->message : "unknown error";
}

int extgit_fail(struct error *err, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	return error_set(err, ERROR_BASELINE, "%s: %s", message, extgit_last_message());
}

struct git_repository *extgit_raw(const struct extgit *git)
{
	return git->repository;
}

const char *extgit_work_tree(const struct extgit *git)
{
	return git_repository_workdir(git->repository);
}

char *extgit_path_in_tree(const struct extgit *git, const char *path)
{
	AUTO_FREE char *absolute = realpath(path, NULL);
	const char *top = extgit_work_tree(git);
	size_t length = top ? strlen(top) : 0;

	if (!absolute || !top || strncmp(absolute, top, length) != 0)
		return NULL;
	return xstrdup(absolute + length);
}

const char *extgit_common_dir(const struct extgit *git)
{
	return git_repository_commondir(git->repository);
}

/* -- safe.directory --------------------------------------------------- */

struct safe_search {
	char path[4096]; /* without a slash at the end */
	bool safe;
};

static void without_trailing_slash(char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
}

/* One value of safe.directory, in order: an empty one forgets those before it. */
static void judge_safe_directory(struct safe_search *search, const char *value)
{
	char entry[4096];
	size_t length;

	if (*value == '\0') {
		search->safe = false;
		return;
	}
	if (text_starts_with(value, "~/") && getenv("HOME"))
		snprintf(entry, sizeof entry, "%s/%s", getenv("HOME"), value + 2);
	else
		snprintf(entry, sizeof entry, "%s", value);
	length = strlen(entry);
	if (strcmp(entry, "*") == 0) {
		search->safe = true;
	} else if (length > 2 && text_ends_with(entry, "/*")) {
		search->safe |= strncmp(entry, search->path, length - 1) == 0;
	} else {
		without_trailing_slash(entry);
		search->safe |= strcmp(entry, search->path) == 0;
	}
}

static int visit_safe_directory(const git_config_entry *entry, void *arg)
{
	judge_safe_directory(arg, entry->value ? entry->value : "");
	return 0;
}

/* GIT_CONFIG_COUNT, GIT_CONFIG_KEY_<n>, GIT_CONFIG_VALUE_<n>: how CI systems hand it over. */
static void judge_environment(struct safe_search *search)
{
	const char *count = getenv("GIT_CONFIG_COUNT");
	long entries = count ? strtol(count, NULL, 10) : 0;
	char name[64];

	for (long i = 0; i < entries && i < 1000; i++) {
		const char *key, *value;

		snprintf(name, sizeof name, "GIT_CONFIG_KEY_%ld", i);
		key = getenv(name);
		snprintf(name, sizeof name, "GIT_CONFIG_VALUE_%ld", i);
		value = getenv(name);
		if (key && value && strcasecmp(key, "safe.directory") == 0)
			judge_safe_directory(search, value);
	}
}

/* Only the system's, the user's and the environment's word counts, never the repository's own. */
static bool is_declared_safe(const char *path)
{
	AUTO(git_config) git_config *config = NULL;
	struct safe_search search = {.safe = false};

	snprintf(search.path, sizeof search.path, "%s", path);
	without_trailing_slash(search.path);
	if (git_config_open_default(&config) == 0)
		git_config_get_multivar_foreach(config, "safe.directory", NULL,
						visit_safe_directory, &search);
	judge_environment(&search);
	return search.safe;
}

static const char *top_folder(git_repository *repository)
{
	const char *folder = git_repository_workdir(repository);

	return folder ? folder : git_repository_path(repository);
}

static int fail_owner(const char *path, struct error *err)
{
	struct stat status = {0};
	int known = stat(path, &status);
	char shown[1024];

	snprintf(shown, sizeof shown, "%s", path);
	without_trailing_slash(shown);
	if (known < 0)
		return error_set_errno(err, ERROR_BASELINE, "git repository %s", shown);
	return error_set(err, ERROR_BASELINE,
			 "git repository %s belongs to user %u, and we are user %u: if you trust "
			 "it, run: git config --global --add safe.directory '%s'",
			 shown, (unsigned)status.st_uid, (unsigned)geteuid(), shown);
}

/* -- opening ---------------------------------------------------------- */

static const char *environment(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static unsigned search_flags(void)
{
	int across = 0;
	const char *value = environment("GIT_DISCOVERY_ACROSS_FILESYSTEM");

	if (value && git_config_parse_bool(&across, value) == 0 && across)
		return GIT_REPOSITORY_OPEN_CROSS_FS;
	return 0;
}

static bool is_inside_repository(void)
{
	AUTO(git_buf) git_buf found = GIT_BUF_INIT;

	return git_repository_discover(&found, ".", search_flags() != 0,
				       environment("GIT_CEILING_DIRECTORIES")) != GIT_ENOTFOUND;
}

/* libgit2 1.5 refuses GIT_WORK_TREE when it reads the environment itself. */
static int open_raw(git_repository **out, bool check_owner)
{
	const char *git_dir = environment("GIT_DIR");
	int result;

	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, check_owner ? 1 : 0);
	if (!environment("GIT_WORK_TREE"))
		result = git_repository_open_ext(out, NULL, GIT_REPOSITORY_OPEN_FROM_ENV, NULL);
	else if (git_dir)
		result = git_repository_open_ext(out, git_dir,
						 GIT_REPOSITORY_OPEN_NO_SEARCH |
							 GIT_REPOSITORY_OPEN_NO_DOTGIT,
						 NULL);
	else
		result = git_repository_open_ext(out, ".", search_flags(),
						 environment("GIT_CEILING_DIRECTORIES"));
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
	return result;
}

static bool is_owner_error(int code)
{
	/* 1.5 forgets its own code when safe.directory is not set at all. */
	return code == GIT_EOWNER || strstr(extgit_last_message(), "safe.directory");
}

static int fail_open(struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain_words); i++)
		if (strcasestr(extgit_last_message(), plain_words[i].libgit2))
			return error_set(err, ERROR_BASELINE, "git: %s", plain_words[i].plain);
	return extgit_fail(err, "cannot open the git repository");
}

static int open_checked(git_repository **out, struct error *err)
{
	AUTO(git_repository) git_repository *repository = NULL;
	/* Whoever names the repository has chosen it: git does not check then either. */
	bool check_owner = environment("GIT_DIR") == NULL;
	int code = open_raw(&repository, check_owner);

	if (code < 0 && check_owner && is_owner_error(code)) {
		code = open_raw(&repository, false);
		if (code == 0 && !is_declared_safe(top_folder(repository)))
			return fail_owner(top_folder(repository), err);
	}
	if (code < 0)
		return fail_open(err);
	*out = TAKE(repository);
	return 0;
}

static bool has_core_worktree(git_repository *repository)
{
	AUTO(git_config) git_config *config = NULL;
	const char *value = NULL;

	return git_repository_config_snapshot(&config, repository) == 0 &&
	       git_config_get_string(&value, config, "core.worktree") == 0;
}

/* libgit2 leaks the path when it is told what it knows. */
static bool is_work_tree(git_repository *repository, const char *folder)
{
	AUTO_FREE char *path = realpath(folder, NULL);
	AUTO_FREE char *with_slash = path ? xasprintf("%s/", path) : NULL;
	const char *known = git_repository_workdir(repository);

	return with_slash && known && strcmp(known, with_slash) == 0;
}

/* As git: GIT_WORK_TREE, else core.worktree, else with GIT_DIR the current folder. */
static int place_work_tree(git_repository *repository, struct error *err)
{
	const char *folder = environment("GIT_WORK_TREE");

	if (folder &&
	    (environment("GIT_OBJECT_DIRECTORY") ||
	     environment("GIT_ALTERNATE_OBJECT_DIRECTORIES") || environment("GIT_INDEX_FILE")))
		return error_set(err, ERROR_BASELINE,
				 "git: GIT_WORK_TREE together with GIT_OBJECT_DIRECTORY, "
				 "GIT_ALTERNATE_OBJECT_DIRECTORIES or GIT_INDEX_FILE is not "
				 "supported: unset one");
	if (!folder && environment("GIT_DIR") && !git_repository_is_bare(repository) &&
	    !has_core_worktree(repository))
		folder = ".";
	if (folder && !is_work_tree(repository, folder) &&
	    git_repository_set_workdir(repository, folder, 0) < 0)
		return extgit_fail(err, "git work tree %s", folder);
	return 0;
}

static int open_here(struct extgit **out, struct error *err)
{
	AUTO(git_repository) git_repository *repository = NULL;

	if (open_checked(&repository, err) < 0 || place_work_tree(repository, err) < 0)
		return -1;
	/* git keeps notes outside of GIT_NAMESPACE; libgit2 would put them inside. */
	git_repository_set_namespace(repository, NULL);
	if (extgit_guard_install(repository) < 0)
		return extgit_fail(err, "cannot open the git objects");
	*out = xcalloc(1, sizeof **out);
	(*out)->repository = TAKE(repository);
	return 0;
}

/*
 * Is there a .git here or above, or are we inside of one? To start libgit2 for a `no` takes ten
 * times as long: it reads the certificates of the system first.
 */
static bool may_be_inside_repository(void)
{
	AUTO_FREE char *folder = getcwd(NULL, 0);
	while (folder && *folder) {
		AUTO_FREE char *git = fs_join(folder, ".git");
		AUTO_FREE char *head = fs_join(folder, "HEAD");
		if (fs_exists(git) || fs_exists(head))
			return true;
		*strrchr(folder, '/') = '\0';
	}
	return !folder || fs_exists("/.git") || fs_exists("/HEAD");
}

int extgit_open(struct extgit **out, struct error *err)
{
	/* Sparse checkouts set it, and it changes nothing that we read. */
	const char *extensions[] = {"worktreeconfig"};
	struct extgit *git = NULL;
	struct git_alarm alarm;
	int status = 0;

	if (!environment("GIT_DIR") && !may_be_inside_repository()) {
		*out = NULL;
		return 0;
	}
	if (git_libgit2_init() < 0)
		return error_set(err, ERROR_INTERNAL, "libgit2 cannot be initialised");
	git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, ARRAY_SIZE(extensions));
	git_alarm_set(&alarm, clock_now_ns() + OPEN_BUDGET_NS);
	if (environment("GIT_DIR") || is_inside_repository())
		status = open_here(&git, err);
	git_alarm_clear(&alarm);
	if (status < 0) {
		git_libgit2_shutdown();
		return -1;
	}
	if (!git)
		git_libgit2_shutdown();
	*out = git;
	return 0;
}

void extgit_close(struct extgit *git)
{
	if (!git)
		return;
	git_repository_free(git->repository);
	free(git);
	git_libgit2_shutdown();
}

/* -- facts ------------------------------------------------------------ */

static void read_branch(git_repository *repository, struct extgit_head *head)
{
	AUTO(git_reference) git_reference *reference = NULL;
	const char *target;

	if (git_reference_lookup(&reference, repository, "HEAD") < 0 ||
	    git_reference_type(reference) != GIT_REFERENCE_SYMBOLIC)
		return;
	target = git_reference_symbolic_target(reference);
	if (text_starts_with(target, "refs/heads/"))
		snprintf(head->branch, sizeof head->branch, "%s", target + strlen("refs/heads/"));
}

static int read_head_commit(git_repository *repository, struct extgit_head *head, struct error *err)
{
	AUTO(git_commit) git_commit *commit = NULL;
	git_oid oid;

	if (git_reference_name_to_id(&oid, repository, "HEAD") < 0 ||
	    git_commit_lookup(&commit, repository, &oid) < 0)
		return extgit_fail(err, "cannot read the commit that HEAD names");
	git_oid_tostr(head->commit, sizeof head->commit, &oid);
	git_oid_tostr(head->tree, sizeof head->tree, git_commit_tree_id(commit));
	return 0;
}

int extgit_head(const struct extgit *git, struct extgit_head *out, struct error *err)
{
	struct extgit_head head = {.bare = git_repository_is_bare(git->repository) == 1,
				   .shallow = git_repository_is_shallow(git->repository) == 1};
	int unborn = git_repository_head_unborn(git->repository);

	if (unborn < 0)
		return extgit_fail(err, "cannot read HEAD");
	head.unborn = unborn == 1;
	read_branch(git->repository, &head);
	if (!head.unborn && read_head_commit(git->repository, &head, err) < 0)
		return -1;
	*out = head;
	return 0;
}

/* A file that a sparse checkout leaves out; libgit2 takes it for a deleted one. */
static bool is_left_out(git_index *index, const git_status_entry *entry)
{
	const git_index_entry *found;

	if (entry->status != GIT_STATUS_WT_DELETED)
		return false;
	found = git_index_get_bypath(index, entry->index_to_workdir->old_file.path, 0);
	return found && (found->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE);
}

int extgit_is_dirty(const struct extgit *git, bool *out, struct error *err)
{
	AUTO(git_status_list) git_status_list *list = NULL;
	AUTO(git_index) git_index *index = NULL;
	git_status_options options;
	bool dirty = false;

	if (git_repository_is_bare(git->repository)) {
		*out = false;
		return 0;
	}
	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	options.flags = 0; /* neither untracked nor ignored files */
	if (git_status_list_new(&list, git->repository, &options) < 0 ||
	    git_repository_index(&index, git->repository) < 0)
		return extgit_fail(err, "cannot compare the work tree with the commit");
	for (size_t i = 0; i < git_status_list_entrycount(list) && !dirty; i++)
		dirty = !is_left_out(index, git_status_byindex(list, i));
	*out = dirty;
	return 0;
}
