/*
 * Which baseline a run is compared with.
 *
 * From the merge-base with baseline_branch (the remote's, else the local one;
 * on that branch it is HEAD itself) along first parents, at most SELECT_COMMITS
 * commits: the newest record of the same suite, fingerprint and epoch.
 * Outside CI the walk is done again from HEAD when that finds nothing, so that a
 * developer can have a baseline on a branch; in CI records marked local do
 * not count.
 */
#ifndef PERFGATE_BASELINE_SELECT_H
#define PERFGATE_BASELINE_SELECT_H

#include "perfgate/baseline/notes.h"

#define SELECT_COMMITS 200

struct selection {
	struct record *record; /* NULL: none, see reason */
	char reason[1024]; /* "no baseline yet: …" or what differs in the nearest record */
};
void selection_release(struct selection *selection);
DEFINE_AUTO_VALUE(selection, struct selection, selection_release)

PG_MUST_CHECK int baseline_select(const struct extgit *git, const struct run *run,
				  const struct settings *settings, struct selection *out,
				  struct error *err);

/* Is this run CI's? (its event is neither absent nor "local") */
bool run_is_in_ci(const struct run *run);

/*
 * May the run be compared with the record? When not, `reason` tells
 * why in a few words: "cores differs: 2 here, 4 there". Pure.
 */
bool record_is_comparable(const struct record *record, const struct run *run, int64_t epoch,
			  char *reason, size_t reason_size);

#endif
