/*
 * History in `check` and `compare`: a run's figures against those of accepted baselines
 * (verdict/history.h), as cells of its verdict, and what becomes of an alarm.
 *
 * A cell is compared with the records since its acceptance and since the last change point of its
 * own (verdict/changepoint.h) among the newest HISTORY_RECORDS. Throughput that the generator
 * limited is a lower bound, and is not compared, nor is that of
 * a single endpoint: it is its share of the mix. Capacity phases count through their scenario.
 */
#ifndef PERFGATE_CLI_HISTORY_H
#define PERFGATE_CLI_HISTORY_H

#include "perfgate/baseline/history.h"
#include "perfgate/cli/session.h"
#include "perfgate/results/run.h"

/* Append the cells of `now` as judged to run->verdict; nothing without a history. */
void history_add_cells(struct run *run, const struct record *now,
		       const struct baseline_history *history, const struct settings *rules);

/* What can be said with so many baselines, one sentence; NULL from ten on. */
const char *history_caveat(struct arena *arena, size_t n);

/*
 * What a comparison side by side can settle: alarms, suspects, and alarms that the machine's speed
 * excuses.
 */
size_t history_alarms(const struct run *run);
bool history_has_alarm(const struct run *run, const char *endpoint, enum metric metric);

/*
 * Settle them with the A/B cells that the run has: an alarm that fails there, too, fails; one that
 * passes there passes; else it is inconclusive. An alarm without such a cell, or whose cell could
 * not be measured, stays as it is.
 */
void history_settle(struct run *run);

/* No A/B is possible: alarms stay, and their reason says why they are final. */
void history_stand(struct run *run, const char *why);

/*
 * Another run's figures as a history of one, for --base RESULT and `compare`. ERROR_USAGE with the
 * field that differs when the two do not compare.
 */
PG_MUST_CHECK int history_of_run(struct run *base, const struct run *run,
				 struct baseline_history *out, struct error *err);

/*
 * After the suite: measure the alarms side by side with the commit of the newest baseline, when
 * the target is a command, and settle them; else say why they stand. A failure to measure is no
 * error: it is logged, and the alarms stand.
 */
void history_escalate(struct session *session, const struct baseline_history *history);

#endif
