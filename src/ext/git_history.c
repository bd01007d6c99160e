#include "git_auto.h"
#include "git_spawn.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/ext/git_remote.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_NS (60 * NS_PER_S)
#define BASE "refs/heads/base"

/* A bare repository that holds commits only, and only while this file is at work. */
struct scratch {
	const struct extgit *git;
	const char *remote; /* the name that messages use */
	char *folder;
	struct strbuf config; /* how the remote is reached: its URL, and who we are there */
	int64_t deadline_ns;
};

static void scratch_release(struct scratch *scratch)
{
	struct error err = ERROR_INIT;

	if (scratch->folder) {
		if (fs_remove_tree(scratch->folder, &err))
			log_warning("%s", err.message);
		proc_unwatch_folder(scratch->folder);
	}
	free(scratch->folder);
	strbuf_release(&scratch->config);
}
DEFINE_AUTO_VALUE(scratch, struct scratch, scratch_release)

static int call_git(const struct scratch *scratch, const char *const *arguments,
		    struct proc_result *result, struct error *err)
{
	const struct git_call call = {
		.git = scratch->git,
		.git_dir = scratch->folder,
		.arguments = arguments,
		.config = &scratch->config,
		.deadline_ns = scratch->deadline_ns,
	};

	if (git_spawn(&call, result, err))
		return -1;
	if (result->exit_status != 0)
		return git_spawn_fail(result, "fetch the history from", scratch->remote, err);
	return 0;
}

/* The settings of the clone that say how to reach a remote; they are no argument: secrets. */
static int read_access(struct scratch *scratch, struct error *err)
{
	static const char *const arguments[] = {"config",
						"-z",
						"--includes",
						"--get-regexp",
						"^(http|credential|url|ssh|protocol)\\.|"
						"^core\\.(sshcommand|askpass|gitproxy)$",
						NULL};
	AUTO(git_remote) git_remote *remote = NULL;
	AUTO(proc_result) struct proc_result result = {0};
	const struct git_call call = {scratch->git, .arguments = arguments,
				      .deadline_ns = scratch->deadline_ns};

	if (git_remote_lookup(&remote, extgit_raw(scratch->git), scratch->remote) < 0)
		return extgit_fail(err, "remote %s", scratch->remote);
	if (git_spawn(&call, &result, err))
		return -1;
	/* Status 1 is "no such setting". */
	strbuf_append(&scratch->config, result.out.data, result.out.length);
	strbuf_printf(&scratch->config, "remote.origin.url\n%s", git_remote_url(remote));
	strbuf_putc(&scratch->config, '\0');
	return 0;
}

static int make_folder(struct scratch *scratch, struct error *err)
{
	static const char *const arguments[] = {"init", "--quiet", "--bare", "--template=", NULL};
	AUTO(proc_result) struct proc_result result = {0};

	scratch->folder = xasprintf("%sperfgate-history-XXXXXX",
				    git_repository_commondir(extgit_raw(scratch->git)));
	if (!mkdtemp(scratch->folder)) {
		int failed = error_set_errno(err, ERROR_BASELINE, "%s", scratch->folder);

		free(TAKE(scratch->folder));
		return failed;
	}
	proc_watch_folder(scratch->folder);
	return call_git(scratch, arguments, &result, err);
}

static int fetch(const struct scratch *scratch, const char *commit, const char *branch,
		 size_t limit, struct error *err)
{
	AUTO_FREE char *depth = xasprintf("--depth=%zu", limit);
	AUTO_FREE char *base = branch ? xasprintf("+refs/heads/%s:" BASE, branch) : NULL;
	/* A merge-base may be anywhere, so all commits are needed for one. */
	const char *arguments[] = {"fetch",
				   "--quiet",
				   "--filter=tree:0",
				   "--no-tags",
				   "--no-write-fetch-head",
				   base ? "--no-recurse-submodules" : depth,
				   "--end-of-options",
				   "origin",
				   commit,
				   base,
				   NULL};
	AUTO(proc_result) struct proc_result result = {0};

	return call_git(scratch, arguments, &result, err);
}

static int find_merge_base(const struct scratch *scratch, const char *commit, char *out,
			   struct error *err)
{
	const char *arguments[] = {"merge-base", commit, BASE, NULL};
	AUTO(proc_result) struct proc_result result = {0};

	if (call_git(scratch, arguments, &result, err))
		return -1;
	snprintf(out, EXTGIT_OID_SIZE, "%s", strbuf_text(&result.out));
	return 0;
}

int extgit_fetch_history(const struct extgit *git, const char *remote, const char *one,
			 const char *branch, size_t limit, struct strbuf *out, struct error *err)
{
	AUTO(scratch)
	struct scratch scratch = {.git = git,
				  .remote = remote,
				  .deadline_ns = clock_now_ns() + TIMEOUT_NS};
	AUTO(proc_result) struct proc_result result = {0};
	char start[EXTGIT_OID_SIZE];
	AUTO_FREE char *most = xasprintf("--max-count=%zu", limit);
	const char *arguments[] = {"rev-list", "--first-parent", most, start, NULL};

	snprintf(start, sizeof start, "%s", one);
	if (read_access(&scratch, err) || make_folder(&scratch, err) ||
	    fetch(&scratch, one, branch, limit, err) ||
	    (branch && find_merge_base(&scratch, one, start, err)) ||
	    call_git(&scratch, arguments, &result, err))
		return -1;
	strbuf_append(out, result.out.data, result.out.length);
	return 0;
}
