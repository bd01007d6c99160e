/*
 * Baselines: what `check` calls.
 *
 * Both open the repository of the current folder themselves. A run without
 * baseline is no error; a store that cannot be read or written is
 * (ERROR_BASELINE).
 */
#ifndef PERFGATE_BASELINE_BASELINE_H
#define PERFGATE_BASELINE_BASELINE_H

#include "perfgate/baseline/record.h"
#include "perfgate/config/settings.h"

/*
 * Find the baseline (select.h) and fill run->baseline_commit, ->baseline_when
 * and the baseline of every cell that there is: call it after judging. With none to compare
 * with, only run->baseline_note is set, to the reason.
 */
PG_MUST_CHECK int baseline_compare(struct run *run, const struct settings *settings,
				   struct error *err);

/*
 * Store the run as a baseline of run->commit. What is refused by the rules
 * (not a pass, interrupted, INVALID, modified files, in CI anything but a push to
 * baseline_branch) is said in one line on stderr; *written is then false and
 * it is no error. ERROR_USAGE when run->commit is no commit of this repository.
 */
PG_MUST_CHECK int baseline_update(const struct run *run, const struct settings *settings,
				  bool *written, struct error *err);

/* Why the rules refuse the run as a baseline, or NULL. `buffer` holds texts that need one. Pure. */
const char *baseline_refusal(const struct run *run, const struct settings *settings, char *buffer,
			     size_t buffer_size);

/* Fill run->baseline_* and cells' baselines from the record. */
void baseline_apply(struct run *run, const struct record *record);

#endif
