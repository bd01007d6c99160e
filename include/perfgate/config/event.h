/*
 * The payload of the CI event that we run for: GitHub's GITHUB_EVENT_PATH.
 *
 * It is input, written by whoever opened the pull request in part: types and lengths are the
 * reader's to check.
 */
#ifndef PERFGATE_CONFIG_EVENT_H
#define PERFGATE_CONFIG_EVENT_H

#include "perfgate/ext/json.h"

/* GitHub sends at most 25 MB. */
#define EVENT_LIMIT_BYTES ((size_t)32 << 20)

/*
 * The caller's (json_decref()). NULL with a warning when the variable is not set or the file is
 * absent, damaged or larger than EVENT_LIMIT_BYTES: the other variables alone decide then.
 */
json_t *event_load(void);

#endif
