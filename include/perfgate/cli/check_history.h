/*
 * `check` against what was before: baselines, and another run's result.
 *
 * Both append their cells to the run's verdict and roll it up again; call them after judging.
 */
#ifndef PERFGATE_CLI_CHECK_HISTORY_H
#define PERFGATE_CLI_CHECK_HISTORY_H

#include "perfgate/cli/ab.h"

/*
 * The baselines of the run's suite and machine, as --allow-missing-baseline, --require-baseline
 * and --strict ask. Not judged by them when nothing was `measured`, or when there is a base
 * side by side. Returns the exit status of what went wrong, 0 = nothing; it was said.
 */
int check_history(struct session *session, const struct ab_base *base, bool measured);

/* --base RESULT: that run is the whole history. ERROR_USAGE when the two do not compare. */
PG_MUST_CHECK int check_result(struct session *session, struct run *base, struct error *err);

#endif
