/*
 * Absolute gates: judge a run's figures against limits. Pure.
 *
 * `value > max` or `value < min` fails; equality passes. No data or NaN is
 * unmeasured, never a pass and never a fail.
 *
 * Percentile gate with limit L, quantile p, n requests of which k exceed L:
 * with n(1-p) >= 10 the sample percentile decides; with fewer: fail when
 * P(Bin(n, 1-p) >= k) <= .05, pass when the sample percentile is within L and
 * n >= 20 (p95) or 100 (p99), inconclusive when over L without that proof,
 * else unmeasured. The order-statistic interval (binomial, 95 %) is given.
 *
 * Throughput is judged on the capacity phase when there is one; without one, a scenario whose
 * users plan less than 1.25 x the limit leaves it unmeasured. In an interrupted scenario
 * nothing fails: inconclusive. Error rate
 * (needs 1/limit requests) and cache hit rate (needs 200 look-ups) are judged on
 * the scenario together with its capacity phase.
 */
#ifndef PERFGATE_VERDICT_GATE_H
#define PERFGATE_VERDICT_GATE_H

#include "perfgate/config/gate.h"
#include "perfgate/results/run.h"

/* Append a cell to run->verdict; the result is valid until the next call. */
struct cell *verdict_add_cell(struct run *run, const struct cell *cell);

/* Judge one gate and append the cell to run->verdict. */
void verdict_judge_gate(struct run *run, const struct gate *gate);

/*
 * Roll up: fail > unmeasured > inconclusive > pass; a run without cells is unmeasured. Sets
 * run->verdict.outcome and .reason ("smoke total p95 3,004 ms > 2,000 ms"). Cells with
 * `enforce: warn` never make it fail; the reason of a pass says what they would have done.
 */
void verdict_roll_up(struct run *run);

/* Did it pass only because what failed is advisory (`enforce: warn`)? */
bool verdict_is_advisory(const struct verdict *verdict);

/* Exit status of the verdict alone: 0, 1 or 3 (`strict`: inconclusive is 3). */
int verdict_exit_status(const struct verdict *verdict, bool strict);

#endif
