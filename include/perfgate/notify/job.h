/*
 * The CI run we are part of, from the variables that GitHub Actions and Jenkins set.
 *
 * GitHub describes the event in a file: https://docs.github.com/actions (variables
 * GITHUB_EVENT_PATH and the others). What cannot be used is NULL, never a guess.
 */
#ifndef PERFGATE_NOTIFY_JOB_H
#define PERFGATE_NOTIFY_JOB_H

#include "perfgate/base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct job {
	bool github; /* a job of GitHub Actions */
	const char *run_url; /* page of this run; http or https; NULL = unknown */

	/* GitHub only. */
	const char *api_url; /* without a final '/'; https, or http on loopback */
	const char *graphql_url;
	const char *repository; /* "owner/name" */
	const char *commit; /* the pull request's head, else GITHUB_SHA; 40 hex digits */
	bool in_pull_request; /* this run is about one */
	int64_t pull_request; /* its number; 0 = to be looked up by head_owner and head_branch */
	bool fork; /* it comes from another repository: our token may only read */
	const char *head_owner, *head_branch;
	const char *summary_path, *output_path; /* files to append to; NULL = none */
	struct arena arena;
};

/* Never fails: an unreadable event is a warning. */
void job_read(struct job *job);
void job_release(struct job *job);
DEFINE_AUTO_VALUE(job, struct job, job_release)

#endif
