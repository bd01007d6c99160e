/*
 * When may `enforce: warn` become `fail`? Pure.
 *
 * Of n runs under `warn`, k would have failed although nobody accepted a change there: false
 * alarms, as far as anyone knows. `fail` is earned when the upper 95 % limit of their share is at
 * most EARNED_SHARE: the one-sided exact binomial limit (Clopper & Pearson, Biometrika 26, 1934).
 * Without any alarm 29 runs suffice (0.9^29 < .05), with one 46, with two 61.
 *
 * It takes the runs for independent. Runs on one machine in one week are less than that, so it
 * is a rule of thumb with a known rate, not a proof; `perfgate calibrate` measures the rate itself.
 */
#ifndef PERFGATE_VERDICT_EARNED_H
#define PERFGATE_VERDICT_EARNED_H

#include <stdbool.h>
#include <stddef.h>

#define EARNED_SHARE 0.10
#define EARNED_CONFIDENCE 0.95

struct earned {
	double upper; /* limit of the share of runs that fail for nothing; 1 without a run */
	bool earned;
	size_t more; /* runs without an alarm that are still missing; 0 when earned */
};

/* alarms <= runs. */
struct earned earned_judge(size_t runs, size_t alarms);

#endif
