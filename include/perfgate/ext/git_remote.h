/*
 * The network side of a repository, by spawning git: it has what libgit2
 * lacks, the credentials of the checkout (helpers, extra headers, ssh),
 * proxies, leases and shallow histories.
 *
 * Nobody is asked for a password (GIT_TERMINAL_PROMPT=0, no ssh prompt), no hook and no
 * maintenance runs, no submodule is entered, and the environment is an allow-listed one.
 * A password in the remote's URL never reaches a message. Errors are
 * ERROR_BASELINE with the line that git gave as its reason.
 */
#ifndef PERFGATE_EXT_GIT_REMOTE_H
#define PERFGATE_EXT_GIT_REMOTE_H

#include "perfgate/base/strbuf.h"
#include "perfgate/ext/git.h"

/*
 * The remote to use, heap: `wanted` (ERROR_USAGE when there is no such one); else "origin";
 * else that of the current branch's upstream; else the only one; else NULL.
 */
PG_MUST_CHECK int extgit_remote_find(const struct extgit *git, const char *wanted, char **out,
				     struct error *err);

/*
 * Make refs/perfgate/remote/ an image of the remote's refs/notes/perfgate/: what it has no
 * longer goes. Two of us in one clone wait for each other, 10 s at most; `deadline_ns`
 * (clock_now_ns()) is for all.
 */
PG_MUST_CHECK int extgit_fetch_notes(const struct extgit *git, const char *remote,
				     int64_t deadline_ns, struct error *err);

enum extgit_push {
	PUSH_DONE,
	PUSH_RACED, /* somebody was faster: fetch, merge, push again */
	PUSH_DECLINED, /* a rule of the server: again is useless */
};

/*
 * Set the remote's `reference` to `commit` if it still is `seen` ("" = does not exist). What is
 * not PUSH_DONE has its reason in `reason`; no connection, no permission, no time are errors.
 */
PG_MUST_CHECK int extgit_push(const struct extgit *git, const char *remote, const char *commit,
			      const char *reference, const char *seen, int64_t deadline_ns,
			      enum extgit_push *out, char *reason, size_t reason_size,
			      struct error *err);

/*
 * First parents of a commit that a shallow clone lacks, newest first, one per
 * line in *out, at most `limit`: fetched without trees into a scratch repository below the git
 * directory; the clone itself stays as it is. The walk starts at the merge-base of `one` and the
 * remote's branch, or at `one` when `branch` is NULL. The commit must be on the remote.
 */
PG_MUST_CHECK int extgit_fetch_history(const struct extgit *git, const char *remote,
				       const char *one, const char *branch, size_t limit,
				       struct strbuf *out, struct error *err);

#endif
