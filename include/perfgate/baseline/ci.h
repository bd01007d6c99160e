/*
 * The CI event that we run for, and what it may do with baselines.
 *
 * Read from GITHUB_* and the event file (config/event.h), or from Jenkins' variables. What the
 * file does not say, or says with another type, stays unknown, and is taken for the stricter case.
 *
 *   event                      reads                 writes
 *   none (outside CI)          the clone's notes     yes, marked local
 *   push to baseline_branch    the remote's notes    yes, and pushes them
 *   push elsewhere, schedule   the remote's notes    no
 *   pull request               the remote's notes    no; a fork could not
 */
#ifndef PERFGATE_BASELINE_CI_H
#define PERFGATE_BASELINE_CI_H

#include "perfgate/ext/git.h"

#include <stdbool.h>

enum ci_kind { CI_NONE, CI_PUSH, CI_PULL_REQUEST, CI_SCHEDULE, CI_OTHER };

struct ci {
	enum ci_kind kind;
	char event[64]; /* as CI names it; "local" outside */
	char branch[256]; /* that is built; "" = none (a tag) or unknown */
	/* Of a pull request, each "" when unknown. */
	char base_branch[256];
	char base_commit[EXTGIT_OID_SIZE], head_commit[EXTGIT_OID_SIZE];
	bool fork; /* its head is in another repository, or unknown */
	bool merge_ref; /* GitHub's test merge is checked out: HEAD^1 is the base */
};

void ci_read(struct ci *out);

/* Why this event writes no baseline of `baseline_branch`, or NULL; `buffer` holds the text. */
const char *ci_refusal(const struct ci *ci, const char *baseline_branch, char *buffer, size_t size);

#endif
