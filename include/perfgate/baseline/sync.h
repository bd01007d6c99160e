/*
 * Baselines to and from a remote, so that nobody's are lost.
 *
 * The remote's notes land in refs/perfgate/remote/, apart from what is not
 * pushed yet. A union goes back with a lease on what was seen; when somebody
 * was faster: fetch, union, full-jitter pause (0.2 * 2^i s, at most 10 s; M.
 * Brooker, "Exponential Backoff And Jitter", AWS 2015), 90 s in all. Giving up is
 * ERROR_BASELINE; the notes stay in the clone for the next time.
 *
 * The tip that was seen last stays in refs/perfgate/seen/. A remote whose history no
 * longer holds it was rewritten: somebody removed or replaced baselines.
 */
#ifndef PERFGATE_BASELINE_SYNC_H
#define PERFGATE_BASELINE_SYNC_H

#include "perfgate/baseline/notes.h"

#define SYNC_BUDGET_NS INT64_C(90000000000)

struct sync_options {
	bool dry_run; /* fetch and compare; move and push nothing */
	bool fetch_only; /* take, do not give (a pull request) */
	bool sign; /* put our signature on notes that are not trusted: a person has looked */
	int64_t budget_ns; /* 0 = SYNC_BUDGET_NS */
};

struct sync_report {
	char *remote; /* heap; NULL = the repository has none: nothing was done */
	size_t received, sent; /* commits whose notes changed here, and there */
	char rewritten[256]; /* a line about a rewritten history, or "" */
};
void sync_report_release(struct sync_report *report);
DEFINE_AUTO_VALUE(sync_report, struct sync_report, sync_report_release)

/* Both directions, for baselines and acceptances. */
PG_MUST_CHECK int baseline_sync(const struct extgit *git, const struct settings *settings,
				const struct sync_options *options, struct sync_report *out,
				struct error *err);

/*
 * Fetch only, into refs/perfgate/remote/: what CI reads. A rewritten history is in
 * out->rewritten and a warning was logged.
 */
PG_MUST_CHECK int baseline_fetch(const struct extgit *git, const struct settings *settings,
				 struct sync_report *out, struct error *err);

/*
 * Push one record on top of the remote's notes. In CI nothing else of the clone is
 * published: what an earlier job left in its notes is not to be trusted.
 */
PG_MUST_CHECK int baseline_publish(const struct extgit *git, const struct settings *settings,
				   const struct record *record, struct sync_report *out,
				   struct error *err);

#endif
