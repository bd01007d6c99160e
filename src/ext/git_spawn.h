/* One call of the git program, for the files of git_remote.h. */
#ifndef PERFGATE_EXT_GIT_SPAWN_H
#define PERFGATE_EXT_GIT_SPAWN_H

#include "perfgate/base/proc.h"
#include "perfgate/ext/git.h"

struct git_call {
	const struct extgit *git;
	const char *git_dir; /* NULL: that of the repository */
	const char *const *arguments; /* end with NULL */
	/* More configuration, "key\nvalue" and NUL each, as `git config -z` prints it; or NULL. */
	const struct strbuf *config;
	int64_t deadline_ns; /* clock_now_ns(); at least a second is given */
};

/* Run it to its end; a status that is not 0 is no error. */
PG_MUST_CHECK int git_spawn(const struct git_call *call, struct proc_result *result,
			    struct error *err);

/* "git cannot <what> `<remote>`: <git's reason>" */
int git_spawn_fail(const struct proc_result *result, const char *what, const char *remote,
		   struct error *err);

#endif
