/*
 * How figures, names and outcomes are written: the same in every format.
 *
 * Numbers have a dot as decimal point whatever the locale says and a narrow
 * no-break space between thousands. No value (NaN) is "n/a". Functions append to `out`.
 */
#ifndef PERFGATE_REPORT_FIGURES_H
#define PERFGATE_REPORT_FIGURES_H

#include "perfgate/base/strbuf.h"
#include "perfgate/results/run.h"

#define FIGURES_NONE "n/a"
#define FIGURES_GROUP "\u202f"
/* A message is clipped here, a name here (bytes, at a code point). */
#define FIGURES_MESSAGE_MAX ((size_t)64 << 10)
#define FIGURES_NAME_MAX ((size_t)200)

/* "12 345.60"; `decimals` in [0, 17]. */
void figures_number(struct strbuf *out, double value, int decimals);
/* The same for machines: no spaces, NaN appends nothing. */
void figures_plain(struct strbuf *out, double value, int decimals);
void figures_count(struct strbuf *out, uint64_t count);

/* Three digits or so, without unit: 4.21, 38.4, 2 004. */
void figures_short(struct strbuf *out, double value);
/* A fraction as "0.42%"; exactly nothing is "0%". */
void figures_percent(struct strbuf *out, double fraction);
/* A value in the unit of the metric: "38.4 ms", "0.42%", "61.2/s". */
void figures_metric(struct strbuf *out, enum metric metric, double value);

/*
 * The value of a cell with as many digits as explain its verdict: what is
 * printed compares with the limit as the value itself does, so that
 * 2000.0004 ms never reads "2 000 ms > 2 000 ms". "at least" goes before when the
 * generator was the limit.
 */
void figures_cell_value(struct strbuf *out, const struct cell *cell);
/* "≤ 2 000 ms", "≥ 50/s"; "none" when not gated. */
void figures_cell_limit(struct strbuf *out, const struct cell *cell);
/* Difference to the baseline: "+3.1%", "-0.20 pp", "same"; appends nothing without a baseline. */
void figures_cell_change(struct strbuf *out, const struct cell *cell);
/* A change of a metric (results/run.h): "+3.1%", "-0.20 pp"; NaN is "n/a". */
void figures_change(struct strbuf *out, enum metric metric, double change);
/* "36.1 to 44.0 ms"; appends nothing without an interval. */
void figures_cell_interval(struct strbuf *out, const struct cell *cell);
/* The interval contains the limit: another run may come out differently. */
bool figures_cell_straddles(const struct cell *cell);
/* Better than the baseline by a factor of ten: is the test still doing its work? */
bool figures_cell_suspicious(const struct cell *cell);
/* -1 better, 0 same or unknown, 1 worse than the baseline. */
int figures_cell_direction(const struct cell *cell);

/* "2026-01-31 12:00:00 UTC"; `iso`: "2026-01-31T12:00:00Z". */
void figures_time(struct strbuf *out, int64_t wall_ns, bool iso);

/*
 * Text from outside, fit to be shown in one line: secrets as ***, control characters, bidi
 * marks and invalid bytes visible, clipped to `limit` bytes at a code point with a
 * notice. NULL is "".
 */
void figures_visible(struct strbuf *out, const char *text, size_t limit);

/* The first twelve characters of a commit's name. */
void figures_commit(struct strbuf *out, const char *commit);

/* One character and one word per outcome; colour is never the only sign. */
const char *figures_symbol(enum outcome outcome);
const char *figures_word(enum outcome outcome); /* "failed" */

#endif
