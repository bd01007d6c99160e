#include "perfgate/ext/git_remote.h"

#include "git_auto.h"
#include "git_spawn.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOCK_PAUSE_NS (50 * NS_PER_MS)
#define LOCK_BUDGET_NS (10 * NS_PER_S)
#define NOTES_REFSPEC "+refs/notes/perfgate/*:refs/perfgate/remote/*"

/* -- which remote ----------------------------------------------------- */

/* "https://user:password@host": neither belongs in a message. */
static void hide_password(const char *url)
{
	const char *start = url ? strstr(url, "://") : NULL;
	const char *end = start ? strchr(start, '@') : NULL, *colon;

	if (!end || strcspn(start + 3, "/") < (size_t)(end - start - 3))
		return;
	AUTO_FREE char *userinfo = xstrndup(start + 3, (size_t)(end - start - 3));

	colon = strchr(userinfo, ':');
	if (colon || !text_equal(userinfo, "git"))
		log_add_secret(colon ? colon + 1 : userinfo);
}

static bool is_remote(git_repository *repository, const char *name)
{
	AUTO(git_remote) git_remote *remote = NULL;

	if (git_remote_lookup(&remote, repository, name) < 0)
		return false;
	hide_password(git_remote_url(remote));
	hide_password(git_remote_pushurl(remote));
	return true;
}

static char *remote_of_upstream(git_repository *repository)
{
	AUTO(git_buf) git_buf name = GIT_BUF_INIT;
	git_reference *head = NULL;
	char *out = NULL;

	if (git_repository_head(&head, repository) == 0 &&
	    git_branch_upstream_remote(&name, repository, git_reference_name(head)) == 0 &&
	    is_remote(repository, name.ptr))
		out = xstrdup(name.ptr);
	git_reference_free(head);
	return out;
}

int extgit_remote_find(const struct extgit *git, const char *wanted, char **out, struct error *err)
{
	git_repository *repository = extgit_raw(git);
	AUTO(git_strarray) git_strarray names = {0};

	if (wanted && !is_remote(repository, wanted))
		return error_set(err, ERROR_USAGE,
				 "baseline.remote: this repository has no remote `%s`", wanted);
	if (wanted || is_remote(repository, "origin")) {
		*out = xstrdup(wanted ? wanted : "origin");
		return 0;
	}
	*out = remote_of_upstream(repository);
	if (!*out && git_remote_list(&names, repository) == 0 && names.count == 1 &&
	    is_remote(repository, names.strings[0]))
		*out = xstrdup(names.strings[0]);
	return 0;
}

/* -- fetch and push --------------------------------------------------- */

static void pause_ns(int64_t ns)
{
	struct timespec pause = {ns / NS_PER_S, ns % NS_PER_S};

	nanosleep(&pause, NULL);
}

/* Another of us in this clone moves the same references. */
static bool is_locked(const struct proc_result *result)
{
	const char *text = strbuf_text(&result->err);

	return !result->timed_out && (strstr(text, "cannot lock ref") || strstr(text, ".lock'"));
}

int extgit_fetch_notes(const struct extgit *git, const char *remote, int64_t deadline_ns,
		       struct error *err)
{
	const char *arguments[] = {"fetch",
				   "--quiet",
				   "--prune",
				   "--no-tags",
				   "--no-filter",
				   "--no-write-fetch-head",
				   "--no-recurse-submodules",
				   "--no-auto-maintenance",
				   "--end-of-options",
				   remote,
				   NOTES_REFSPEC,
				   NULL};
	const struct git_call call = {git, .arguments = arguments, .deadline_ns = deadline_ns};
	int64_t lock_deadline_ns = clock_now_ns() + LOCK_BUDGET_NS;

	for (;;) {
		AUTO(proc_result) struct proc_result result = {0};

		if (git_spawn(&call, &result, err))
			return -1;
		if (result.exit_status == 0)
			return 0;
		if (!is_locked(&result) || clock_now_ns() >= lock_deadline_ns)
			return git_spawn_fail(&result, "fetch baselines from", remote, err);
		pause_ns(LOCK_PAUSE_NS);
	}
}

/* The line "!\t<from>:<to>\t[rejected] (stale info)" of --porcelain; NULL without one. */
static const char *find_rejection(const char *porcelain)
{
	const char *line = porcelain;

	while (line && *line != '!') {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	line = line ? strchr(line, '[') : NULL;
	return line;
}

int extgit_push(const struct extgit *git, const char *remote, const char *commit,
		const char *reference, const char *seen, int64_t deadline_ns, enum extgit_push *out,
		char *reason, size_t reason_size, struct error *err)
{
	AUTO_FREE char *lease = xasprintf("--force-with-lease=%s:%s", reference, seen);
	AUTO_FREE char *refspec = xasprintf("%s:%s", commit, reference);
	const char *arguments[] = {"push",
				   "--porcelain",
				   "--no-verify",
				   "--no-signed",
				   "--no-follow-tags",
				   "--recurse-submodules=no",
				   lease,
				   "--end-of-options",
				   remote,
				   refspec,
				   NULL};
	const struct git_call call = {git, .arguments = arguments, .deadline_ns = deadline_ns};
	AUTO(proc_result) struct proc_result result = {0};
	const char *rejection;

	if (git_spawn(&call, &result, err))
		return -1;
	rejection = find_rejection(strbuf_text(&result.out));
	if (!rejection && result.exit_status != 0)
		return git_spawn_fail(&result, "push baselines to", remote, err);
	*out = PUSH_DONE;
	if (rejection) {
		snprintf(reason, reason_size, "%.*s", (int)strcspn(rejection, "\n"), rejection);
		*out = strstr(reason, "declined") ? PUSH_DECLINED : PUSH_RACED;
	}
	return 0;
}
