#include "perfgate/target/worktree.h"

#include "internal.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <string.h>
#include <unistd.h>

/* A large repository, or submodules from far away. */
#define GIT_BUDGET_NS (900 * NS_PER_S)
#define CHECKOUT "base"
/* What the watcher takes. */
#define WATCHED_PATH_MAX 500

enum { WORDS_MAX = 16, SAID_BYTES = 400, LINK_BYTES = 4096 };

struct worktree {
	struct private_folder folder;
	char *path; /* of the checkout */
	char *registration; /* .git/worktrees/NAME; NULL = not known */
	char *work_folder;
};

/*
 * Ours, so that credentials are found; but what a hook of git says about its own checkout is
 * not about this one, nor is GIT_DIR about a folder that has a repository of its own.
 */
static char **git_environment(bool elsewhere)
{
	static const char *const left_out[] = {"GIT_INDEX_FILE=", "GIT_WORK_TREE=", "GIT_PREFIX=",
					       "GIT_DIR="};
	size_t n = ARRAY_SIZE(left_out) - !elsewhere;
	char **env = xcalloc(1, sizeof *env);
	for (char **item = environ; item != NULL && *item != NULL; item++) {
		bool kept = strchr(*item, '=') != NULL;
		for (size_t i = 0; i < n; i++)
			kept = kept && !text_starts_with(*item, left_out[i]);
		if (!kept)
			continue;
		AUTO_FREE char *key = xstrndup(*item, strcspn(*item, "="));
		env = proc_env_set(env, key, *item + strlen(key) + 1);
	}
	return proc_env_set(env, "LC_ALL", "C");
}

/* Run git with these words behind it; its output, when asked for, goes to *out. */
static int git(const char *folder, const char *const *words, struct strbuf *out, struct error *err)
{
	const char *argv[WORDS_MAX] = {"git", "-c", "core.hooksPath=/dev/null"};
	AUTO(proc_result) struct proc_result result = {0};
	size_t count = 3;
	for (; *words != NULL && count + 1 < WORDS_MAX; words++)
		argv[count++] = *words;
	char **env = git_environment(folder != NULL);
	struct proc_spec spec = {.argv = argv,
				 .env = (const char *const *)env,
				 .cwd = folder,
				 .deadline_ns = GIT_BUDGET_NS};
	int status = proc_run(&spec, &result, err);
	proc_env_free(env);
	if (status < 0)
		return -1;
	if (result.exit_status == 0) {
		if (out != NULL)
			strbuf_puts(out, strbuf_text(&result.out));
		return 0;
	}
	AUTO(strbuf) struct strbuf said = {0};
	const char *text = strbuf_text(&result.err);
	size_t length = strlen(text);
	while (length > 0 && text[length - 1] == '\n')
		length--;
	size_t start = length;
	while (start > 0 && text[start - 1] != '\n' && length - start < SAID_BYTES)
		start--;
	log_visible(&said, text + start, length - start);
	return error_set(err, ERROR_UNMEASURED, "git %s failed with status %d: %s", argv[3],
			 result.exit_status, strbuf_text(&said));
}

/* Forget worktrees of runs that have died: their folders are gone, the registrations are not. */
static void forget_stale(void)
{
	AUTO(strbuf) struct strbuf list = {0};
	char *rest, *line;
	if (git(NULL, (const char *const[]){"worktree", "list", "--porcelain", NULL}, &list, NULL))
		return;
	rest = list.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		const char *path = line + strlen("worktree ");
		if (!text_starts_with(line, "worktree ") ||
		    !private_folder_is_one(path, "/" CHECKOUT))
			continue;
		/* While its maker lives, the folder around it is there. */
		AUTO_FREE char *folder = xstrndup(path, strlen(path) - strlen("/" CHECKOUT));
		if (fs_exists(folder))
			continue;
		log_debug("forgetting the worktree %s of a run that has died", path);
		if (git(NULL, (const char *const[]){"worktree", "remove", "--force", path, NULL},
			NULL, NULL))
			continue; /* the next run tries again */
	}
}

/* The file .git of a worktree says "gitdir: REGISTRATION". */
static char *read_registration(const char *checkout)
{
	AUTO_FREE char *path = fs_join(checkout, ".git");
	AUTO(strbuf) struct strbuf text = {0};
	if (fs_read_file(&text, path, LINK_BYTES, ERROR_INTERNAL, NULL) < 0 ||
	    !text_starts_with(strbuf_text(&text), "gitdir: /"))
		return NULL;
	const char *name = strbuf_text(&text) + strlen("gitdir: ");
	size_t length = strcspn(name, "\n");
	return length < WATCHED_PATH_MAX ? xstrndup(name, length) : NULL;
}

static int check_out(struct worktree *worktree, const char *commit, struct error *err)
{
	AUTO(strbuf) struct strbuf prefix = {0};
	const char *const add[] = {"worktree", "add",	       "--detach", "--quiet",
				   "--force",  worktree->path, commit,	   NULL};
	const char *const submodules[] = {"submodule", "--quiet",     "update",
					  "--init",    "--recursive", NULL};
	AUTO_FREE char *modules = fs_join(worktree->path, ".gitmodules");
	if (git(NULL, add, NULL, err) < 0)
		return -1;
	worktree->registration = read_registration(worktree->path);
	if (worktree->registration != NULL)
		proc_watch_folder(worktree->registration);
	if (fs_exists(modules) && git(worktree->path, submodules, NULL, err) < 0)
		return -1;
	if (git(NULL, (const char *const[]){"rev-parse", "--show-prefix", NULL}, &prefix, err) < 0)
		return -1;
	size_t length = strcspn(strbuf_text(&prefix), "\n");
	worktree->work_folder = xasprintf("%s%s%.*s", worktree->path, length > 0 ? "/" : "",
					  (int)length, strbuf_text(&prefix));
	if (!fs_is_directory(worktree->work_folder))
		return error_set(err, ERROR_UNMEASURED, "the folder %.*s does not exist there",
				 (int)length, strbuf_text(&prefix));
	return 0;
}

int worktree_add(const char *commit, struct worktree **out, struct error *err)
{
	AUTO(worktree) struct worktree *worktree = xcalloc(1, sizeof *worktree);
	struct server_user self = {.uid = geteuid(), .gid = getegid()};
	worktree->folder.lock_fd = -1;
	private_folder_reap(&self);
	forget_stale();
	if (private_folder_make(&self, false, &worktree->folder, err) < 0)
		return -1;
	worktree->path = fs_join(worktree->folder.path, CHECKOUT);
	if (check_out(worktree, commit, err) < 0)
		return -1;
	*out = TAKE(worktree);
	return 0;
}

const char *worktree_folder(const struct worktree *worktree)
{
	return worktree->work_folder;
}

void worktree_remove(struct worktree *worktree)
{
	if (worktree == NULL)
		return;
	struct error err = ERROR_INIT;
	/* Without a registration there is nothing to tell git: the folder is all there is. */
	if (worktree->path != NULL && fs_exists(worktree->path) &&
	    git(NULL, (const char *const[]){"worktree", "remove", "--force", worktree->path, NULL},
		NULL, &err) < 0)
		log_warning("%s", err.message);
	private_folder_remove(&worktree->folder);
	if (worktree->registration != NULL)
		proc_unwatch_folder(worktree->registration);
	free(worktree->path);
	free(worktree->registration);
	free(worktree->work_folder);
	free(worktree);
}
