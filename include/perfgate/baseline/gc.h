/*
 * Removing old baselines, so that reading stays fast.
 *
 * The newest `keep` records stay, and all records of commits that have a tag or an
 * acceptance, and every line that is no record. The removal is a commit on top of the
 * notes' history: a clone that still has the old ones does not bring them back at its
 * next sync, and nobody's history is rewritten.
 */
#ifndef PERFGATE_BASELINE_GC_H
#define PERFGATE_BASELINE_GC_H

#include "perfgate/baseline/notes.h"

#define GC_KEEP 200

struct gc_options {
	size_t keep;
	bool dry_run;
};

struct gc_report {
	size_t kept, removed; /* records */
};

/* In the clone only; baseline_sync() carries it on. ERROR_USAGE in a shallow clone. */
PG_MUST_CHECK int baseline_gc(const struct extgit *git, const struct settings *settings,
			      const struct gc_options *options, struct gc_report *out,
			      struct error *err);

#endif
