/*
 * What every human-readable format says in the same words: the headline, the
 * order of the cells, the notices and what to do next.
 *
 * Texts from outside are made visible here (figures_visible), not escaped: that
 * is the format's.
 */
#ifndef PERFGATE_REPORT_SUMMARY_H
#define PERFGATE_REPORT_SUMMARY_H

#include "perfgate/results/run.h"

/* Indices of the cells, worst first; heap, n_cells long. */
size_t *summary_order(const struct run *run) __attribute__((returns_nonnull));

/* How many cells have the outcome. */
size_t summary_count(const struct run *run, enum outcome outcome);

/* "smoke p95", "smoke POST /orders p95": which cell it is; `total` goes unsaid. */
void summary_cell_name(struct strbuf *out, const struct cell *cell);
/* "total p95", "POST /orders p95": where the scenario is said. */
void summary_cell_short_name(struct strbuf *out, const struct cell *cell);
/* The reason, or a sentence made of value and limit when there is none. */
void summary_cell_reason(struct strbuf *out, const struct cell *cell);

/* Does the reason say more than value and limit do? */
bool summary_reason_adds(const struct cell *cell);

/* "quick check of reference"; `commit` adds " at 1234abcd (dirty)". */
void summary_subject(struct strbuf *out, const struct run *run, bool commit);

/* "passed"; "passed, with warnings" (advisory failures); "passed, interrupted". */
void summary_word(struct strbuf *out, const struct run *run);

/*
 * Array of strings: interruption, advisory failures, invalid measurements,
 * improvements too good to be true.
 */
json_t *summary_notices(const struct run *run);

/* "against a1b2c3d4 of 2026-01-31" or why there is no baseline. */
void summary_baseline(struct strbuf *out, const struct run *run);

/* "against v1.2 (a1b2c3d4): pass after 8 blocks"; appends nothing when nothing was compared. */
void summary_comparison(struct strbuf *out, const struct run *run);

/* Array of strings: what to do next. */
json_t *summary_next(const struct run *run);

/* "generator: 3.2% of a core, wake-ups late by 0.08 ms (p99), no stall"; per scenario. */
void summary_generator(struct strbuf *out, const struct scenario_result *scenario);
/* "open model, 100 requests/s planned, 99.8 requests/s offered, 2 workers"; closed: the last. */
void summary_load(struct strbuf *out, const struct scenario_result *scenario);
/* "rush: open model, …; load: 2 workers": what is not one thread with users; else nothing. */
void summary_loads(struct strbuf *out, const struct run *run);

#endif
