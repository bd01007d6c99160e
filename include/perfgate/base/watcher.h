/*
 * The watcher: a small process that outlives us by a moment and leaves
 * nothing behind, however we died.
 *
 * It is forked before our first child, in its own session with every signal
 * blocked and no descriptor but one end of a socket pair. It keeps a list of
 * groups and folders. When the other end closes, because we called
 * watcher_stop() or are gone, it ends the groups (procgroup.h), removes the
 * folders and ends.
 *
 * Main thread only, except watcher_add_group(), which the child of a fork
 * calls between fork and exec.
 */
#ifndef PERFGATE_BASE_WATCHER_H
#define PERFGATE_BASE_WATCHER_H

#include "perfgate/base/error.h"
#include "perfgate/base/procgroup.h"

#define WATCHER_GRACE_NS INT64_C(5000000000)

/* Start it unless it runs. Also registers watcher_stop() with atexit(). */
PG_MUST_CHECK int watcher_start(struct error *err);

/* Async-signal-safe. */
void watcher_add_group(const struct procgroup *group);
void watcher_remove_group(pid_t pgid);
/* Absolute path; folders are removed after all groups have ended. */
void watcher_add_folder(const char *path);
void watcher_remove_folder(const char *path);

/* Let it do its work now and wait until it has ended. Does nothing when it does not run. */
void watcher_stop(void);

#endif
