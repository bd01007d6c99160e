/*
 * Drift and leaks in a scenario: does it get slower, larger or more faulty while it runs? Pure.
 *
 * The seconds of the judged window that have the users of most of them (a ramp has a slope of its
 * own) are put to trend_judge(): p95, the target's resident memory, the error rate. What counts as
 * a rise: p95 20 % of its beginning (or the tolerance of p95, where that is larger), memory 10 %
 * and 16 MiB, errors one percentage point.
 *
 * The scenario `endurance` is judged from 20 such seconds on (a shortened one is meant to be
 * looked at), any other from 300 on: caches and pools that fill in the first minutes are no leak.
 * At least 9 of 10 judged seconds must have the same users. Capacity phases, interrupted and
 * aborted scenarios are not judged; where the generator's health is INVALID, a drift is
 * inconclusive.
 */
#ifndef PERFGATE_VERDICT_DRIFT_H
#define PERFGATE_VERDICT_DRIFT_H

#include "perfgate/results/run.h"

#define DRIFT_SECONDS_MIN 300
#define DRIFT_SECONDS_ENDURANCE 20
#define DRIFT_P95_RISE 0.20
#define DRIFT_RSS_RISE 0.10
#define DRIFT_RSS_RISE_BYTES (16.0 * 1024 * 1024)
#define DRIFT_ERRORS_RISE 0.01

/*
 * Append a cell for each series of the scenario that can be judged: `drift` fails, `steady`
 * passes. The regression's change is the rise over the time observed (memory, p95: a fraction of
 * the beginning), baseline and value the beginning and the end, per_hour the slope.
 */
void drift_judge(struct run *run, const struct scenario_result *scenario, double p95_tolerance,
		 bool warn);

#endif
