/*
 * The render functions behind the rows of report_formats (formats.h). Each appends a whole
 * document to `out`; the same run gives the same bytes.
 */
#ifndef PERFGATE_REPORT_RENDER_H
#define PERFGATE_REPORT_RENDER_H

#include "perfgate/base/strbuf.h"
#include "perfgate/results/run.h"

PG_MUST_CHECK int json_render(const struct run *run, struct strbuf *out, struct error *err);
PG_MUST_CHECK int csv_render_summary(const struct run *run, struct strbuf *out, struct error *err);
/* JMeter columns: timeStamp,elapsed,label,responseCode,success,bytes. */
PG_MUST_CHECK int csv_render_requests(const struct run *run, struct strbuf *out, struct error *err);

/*
 * JUnit XML as Jenkins, GitLab and GitHub actions read it. Schema: tests/harness/junit.rng.
 *
 * An inconclusive cell is <skipped>: a failure would break the promise that red means a real
 * regression, and a plain pass would hide that nothing was proven; skipped is the one state that
 * every CI server counts and shows apart and that turns no build red. A failure of
 * a gate with `enforce: warn` is skipped for the same reason: "advisory, would have failed: …".
 */
PG_MUST_CHECK int junit_render(const struct run *run, struct strbuf *out, struct error *err);

PG_MUST_CHECK int html_render(const struct run *run, struct strbuf *out, struct error *err);
PG_MUST_CHECK int html_render_css(const struct run *run, struct strbuf *out, struct error *err);

/* Below 60,000 bytes (GitHub takes 65,536 characters), cut at a row of the table. */
PG_MUST_CHECK int markdown_render(const struct run *run, struct strbuf *out, struct error *err);

/* The two parts of a mail: the same verdict and cells as everywhere. */
PG_MUST_CHECK int mail_render_text(const struct run *run, struct strbuf *out, struct error *err);
PG_MUST_CHECK int mail_render_html(const struct run *run, struct strbuf *out, struct error *err);

/*
 * HdrHistogram log (V2 payloads, ns) with Tag=<scenario>/<endpoint>; endpoints without a timed
 * request are left out. Redacts its names itself: a payload may contain a short secret by chance.
 */
PG_MUST_CHECK int hlog_render(const struct run *run, struct strbuf *out, struct error *err);

#endif
