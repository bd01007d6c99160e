/*
 * Earlier runs: kept on request, and deleted when their time is over.
 *
 * The output folder holds the last run. With `keep_runs` each run's artifacts are in
 * OUTPUT/runs/<time>-<run id>/, too: hard links, which cost no space, and stay as they are
 * because the next run replaces files by rename (fs.h); copies where the file system has no
 * links.
 *
 * Retention deletes there, and only there, what perfgate made: regular files that the run's
 * manifest lists and whose content is still the one it names. Whatever else lies there stays,
 * and with it its folder. No symbolic link is followed. A run's age is that of its manifest.
 * Lest a wrong clock takes everything, the newest earlier run always stays, at most
 * RETAIN_MOST go at once, and none when the time between two runs, or since the last, is more
 * than RETAIN_JUMP_DAYS.
 */
#ifndef PERFGATE_REPORT_KEEP_H
#define PERFGATE_REPORT_KEEP_H

#include "perfgate/results/run.h"

#define KEEP_FOLDER "runs"
#define RETAIN_MOST 20
#define RETAIN_JUMP_DAYS 366

/* Keep what `dir` has of this run; ERROR_DELIVERY. */
PG_MUST_CHECK int report_keep(const struct run *run, const char *dir, struct error *err);

/*
 * Delete the runs kept in `dir` that are older than `days` (> 0) at the time now_s, oldest first.
 * What cannot be deleted is a warning. Returns how many went.
 */
size_t report_retain(const char *dir, int64_t days, int64_t now_s);

#endif
