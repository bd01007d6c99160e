/*
 * A run as the templates see it: texts that are ready to print, in the order in
 * which they are printed. Every list has a "has_…" beside it, because the template
 * language cannot ask for emptiness outside of the list.
 *
 * Every object sets all of its members: a missing one would be looked up in the
 * objects around it.
 */
#ifndef PERFGATE_REPORT_VIEW_H
#define PERFGATE_REPORT_VIEW_H

#include "perfgate/results/run.h"

/* The whole run but its scenarios and its environment; new reference. */
json_t *view_run(const struct run *run);

/* One scenario: key figures, endpoints, Server-Timing parts, failures, health, seconds. */
json_t *view_scenario(const struct run *run, const struct scenario_result *scenario);

/* Its part on Server-Timing: has_times, time_parts, times. */
void view_times(json_t *view, const struct scenario_result *scenario);

/* Health of generator, machine and target: valid, invalid_reason, limited, health. */
void view_health(json_t *view, const struct scenario_result *scenario);

/*
 * Latency by percentile beside the baseline's: distribution, null with too few requests: wide,
 * narrow, has_base, rows.
 */
void view_distribution(json_t *view, const struct run *run, const struct scenario_result *scenario);

/* Its figures in the baselines: history, null without any: charts, columns, rows. */
void view_history(json_t *view, const struct run *run, const struct scenario_result *scenario);

/* What it was measured on, beside the baseline: has_environment, differences, environment. */
void view_environment(json_t *view, const struct run *run);

/* Sets `comparisons`: one per way of judging that was used, with forest, blocks and rows. */
void view_comparisons(json_t *view, const struct run *run);
/* The cells so judged, worst first; heap array of borrowed pointers. */
size_t view_compared_cells(const struct run *run, enum judged_by by, const struct cell ***out);
/* "Head against base" */
const char *view_comparison_title(enum judged_by by);
/* outcome, symbol, word; new reference. */
json_t *view_outcome(enum outcome outcome, bool warn);

json_t *view_short(double value); /* figures_short() */
json_t *view_metric(enum metric metric, double value); /* figures_metric() */
json_t *view_count(uint64_t count);

/* Take the text out of the buffer as a JSON string. */
json_t *view_text(struct strbuf *text);
/* Text from outside, visible and clipped to a name's length; NULL = null. */
json_t *view_name(const char *text);

#endif
