/*
 * `only_if_changed`: a pull request that touches nothing that matters is not measured.
 *
 * The files are those that differ between HEAD and where it left the base branch. Globs are
 * those of .gitignore: `*` and `?` do not cross a `/`, `**` does; a glob without a `/` (but at
 * its end) matches a name in any folder, one with it a path from the top; a folder means all
 * below it; `!` excludes. The last glob that matches decides. A list of exclusions alone
 * excludes from everything. The configuration file itself always matters.
 */
#ifndef PERFGATE_CLI_CHANGED_H
#define PERFGATE_CLI_CHANGED_H

#include "perfgate/cli/session.h"

/* Does the path (from the top, without a leading `/`) match the list? Pure. */
bool changed_matches(const struct string_list *globs, const char *path);

/*
 * Why the run may be skipped, in the run's arena, or NULL: no pull request, a file
 * matters, or what changed is not known (a warning says why).
 */
const char *changed_skip_reason(const struct session *session);

#endif
