/*
 * The baselines that a run is compared with.
 *
 * Start: GitHub's test merge checked out: its first parent; else the merge-base with the target
 * branch of the pull request, or with baseline_branch (the remote's, else the local one);
 * on that branch it is HEAD itself. From there along first parents, at most HISTORY_COMMITS
 * commits: the records of the same suite, fingerprint and epoch.
 *
 * In CI the remote's notes are fetched and nothing else is read (ci.h); records marked local do
 * not count, and a pull request never starts at its own head. Outside CI the clone's notes are
 * read, and the walk is done again from HEAD when the first finds nothing, so that a
 * developer can have a baseline on a branch.
 *
 * A shallow clone has no history: it is fetched aside (extgit_fetch_history()),
 * and where that fails the reason says what to do.
 */
#ifndef PERFGATE_BASELINE_HISTORY_H
#define PERFGATE_BASELINE_HISTORY_H

#include "perfgate/baseline/accept.h"
#include "perfgate/baseline/ci.h"

#define HISTORY_COMMITS 200
/* Records that the verdict looks at (verdict.md: the last N = 20). */
#define HISTORY_RECORDS 20

/* An acceptance that holds today, and how much of the history it leaves. */
struct history_acceptance {
	struct acceptance accepted;
	size_t since; /* items[0 … since) were measured at its commit or later */
};

/* Zero-initialised is an empty one. */
struct baseline_history {
	struct record **items; /* newest first: the first-parent order; at most HISTORY_RECORDS */
	size_t count, capacity;
	struct record *nearest; /* the newest that does not compare, or NULL: `reason` is its */
	struct history_acceptance *accepted; /* newest commit first */
	size_t n_accepted, accepted_capacity;
	char reason[1024]; /* count 0: "no baseline yet: …", or what differs in the nearest one */
	char warning[512]; /* the notes were rewritten, or are not signed as asked; or "" */
	struct arena arena;
};
void baseline_history_release(struct baseline_history *history);
DEFINE_AUTO_VALUE(baseline_history, struct baseline_history, baseline_history_release)

/*
 * Outside a repository or without a commit the history is empty, with the reason. A store that
 * cannot be read or fetched is ERROR_BASELINE.
 */
PG_MUST_CHECK int baseline_history_read(const struct run *run, const struct settings *settings,
					const struct ci *ci, struct baseline_history *out,
					struct error *err);

/* The newest acceptance in force of a cell, borrowed, or NULL. */
const struct history_acceptance *baseline_history_accepted(const struct baseline_history *history,
							   const char *scenario,
							   const char *endpoint,
							   enum metric metric);

/* How many of the newest items may be compared with in this cell: those since its acceptance. */
size_t baseline_history_usable(const struct baseline_history *history, const char *scenario,
			       const char *endpoint, enum metric metric);

/*
 * The commit where the history starts, 40 hex digits: what a pull request is compared with side by
 * side. ERROR_USAGE when it is not known or not in this clone.
 */
PG_MUST_CHECK int baseline_base_commit(const struct settings *settings, const struct ci *ci,
				       char *out_commit, struct error *err);

/*
 * A file as the base commit of a pull request has it, where the history starts: what a pull request
 * is judged by is not its own word. *out_commit is "" when the commit has no such file or it
 * is outside of the repository. ERROR_BASELINE when the commit is not in this clone.
 */
PG_MUST_CHECK int baseline_base_file(const struct settings *settings, const struct ci *ci,
				     const char *path, char *out_commit, struct strbuf *out,
				     struct error *err);

/*
 * May the run be compared with the record? When not, `reason` tells
 * why in a few words: "cores differs: 2 here, 4 there". `in_ci`: local records do not count. Pure.
 */
bool record_is_comparable(const struct record *record, const struct run *run, int64_t epoch,
			  bool in_ci, char *reason, size_t reason_size);

#endif
