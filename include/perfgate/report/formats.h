/*
 * Report formats: one row, one file, one golden.
 *
 * Everything is rendered from a run; nothing is measured again. Formats
 * never judge: they print the cells' outcomes and reasons.
 */
#ifndef PERFGATE_REPORT_FORMATS_H
#define PERFGATE_REPORT_FORMATS_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/results/run.h"

struct report_format {
	const char *name; /* "junit" */
	const char *filename; /* "junit.xml" */
	const char *summary; /* for help: "JUnit XML for CI servers" */
	/* Hides secrets itself: encoded histograms may contain a short one by chance. */
	bool redacts;
	/* False: nothing to write for this run (requests.csv of a loaded result). */
	bool (*applies)(const struct run *run);
	int (*render)(const struct run *run, struct strbuf *out, struct error *err);
};

/*
 * result.json, summary.csv, requests.csv, junit.xml, report.html, report.css, comment.md,
 * latency.hlog
 */
extern const struct report_format report_formats[];
extern const size_t report_formats_count;

/*
 * Names and SHA-256 of what report_write_all() wrote, and for which run: retention (keep.h) deletes
 * nothing else.
 */
#define REPORT_MANIFEST ".perfgate-manifest.json"
#define REPORT_MANIFEST_SCHEMA "perfgate.manifest/1"
#define REPORT_MANIFEST_MAX ((size_t)1 << 20)

/* The hidden line a comment is found again by: `<!-- perfgate:smoke+load -->`. */
void report_marker(const struct run *run, struct strbuf *out);

/*
 * Write every format that applies into `dir` (which exists), each
 * atomically, and the manifest last. Goes on after a failure; the first error is
 * returned (ERROR_DELIVERY).
 */
PG_MUST_CHECK int report_write_all(const struct run *run, const char *dir, struct error *err);

/* The one screen: verdict, worst cell first, figures, what to do next. `columns` >= 60. */
void report_console(const struct run *run, const char *dir, bool colour, int columns,
		    struct strbuf *out);

#endif
