/*
 * A line diff for people, in the unified form with three lines of context.
 */
#ifndef PERFGATE_WORKFLOW_DIFF_H
#define PERFGATE_WORKFLOW_DIFF_H

#include "perfgate/base/strbuf.h"

/*
 * Append the difference, nothing when the texts are equal. Lines are made
 * visible (log.h). Texts that differ in more than about two thousand lines
 * each are shown as removed and added as a whole.
 */
void workflow_diff(const char *path, const char *before, const char *after, struct strbuf *out);

#endif
