/*
 * `baseline log --trial`: what `enforce: fail` would have done to the runs that were recorded.
 *
 * A run is a record on the first parents of a commit, of the newest one's epoch; those made
 * outside CI count only when CI made none. It would have failed when cells of it are
 * `advisory` (record.h). Such a cell was accepted when an acceptance of it is on that commit
 * or an older one down to the record before, or when it was accepted in the run before and has
 * not passed since. A run of which every cell was accepted is no false alarm. What only a
 * merged branch's messages accept is not seen: it counts as false. The rule is
 * verdict/earned.h.
 *
 * Runs of pull requests leave no record: they are not in it.
 */
#ifndef PERFGATE_CLI_TRIAL_H
#define PERFGATE_CLI_TRIAL_H

#include "perfgate/baseline/accept.h"

/* Runs looked at unless --limit says otherwise. */
#define TRIAL_LIMIT 200

/* Append the trial of at most `limit` commits with records, from `commit` ("": none) on. */
PG_MUST_CHECK int trial_show(const struct extgit *git, const struct extgit_notes *notes,
			     const struct extgit_notes *accepted, const char *commit, size_t limit,
			     bool json, struct strbuf *out, struct error *err);

#endif
