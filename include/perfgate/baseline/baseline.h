/*
 * Baselines: what `check` calls.
 *
 * Both open the repository of the current folder themselves. A run without
 * baseline is no error; a store that cannot be read or written is
 * (ERROR_BASELINE).
 */
#ifndef PERFGATE_BASELINE_BASELINE_H
#define PERFGATE_BASELINE_BASELINE_H

#include "perfgate/baseline/history.h"

/*
 * Read the history (history.h) and fill run->baseline_commit, ->baseline_when and the baseline
 * of every cell from its newest record: call it after judging. With none to compare
 * with, only run->baseline_note is set, to the reason; the history's warning and the acceptances in
 * force are in the note, too.
 */
PG_MUST_CHECK int baseline_compare(struct run *run, const struct settings *settings,
				   const struct ci *ci, struct baseline_history *out,
				   struct error *err);

/*
 * Store the run as a baseline of run->commit and, in CI, push it (sync.h). What is refused by
 * the rules (not a pass, interrupted, INVALID, modified files, in CI anything but a push to
 * baseline_branch) is said in one line on stderr; *written is then false and it is no error.
 * ERROR_USAGE when run->commit is no commit of this repository. What could not be pushed is
 * left in the output folder as BASELINE_ARTIFACT, too.
 */
PG_MUST_CHECK int baseline_update(const struct run *run, const struct settings *settings,
				  const struct ci *ci, bool *written, struct error *err);

/*
 * Store the run as a baseline of `landed`, another commit with the same tree (ERROR_USAGE when
 * it has another): what a pull request measured need not be measured again after the merge.
 * Rules as baseline_update().
 */
PG_MUST_CHECK int baseline_promote(struct run *run, const char *landed,
				   const struct settings *settings, const struct ci *ci,
				   bool *written, struct error *err);

#define BASELINE_ARTIFACT "baseline-record.json"

/* Why the rules refuse the run as a baseline, or NULL. `buffer` holds texts that need one. Pure. */
const char *baseline_refusal(const struct run *run, const struct settings *settings,
			     const struct ci *ci, char *buffer, size_t buffer_size);

/*
 * Fill run->baseline_* and cells' baselines from the newest record of a history that has one; a
 * cell that was accepted after it gets none.
 */
void baseline_apply(struct run *run, const struct baseline_history *history);

#endif
