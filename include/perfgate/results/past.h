/*
 * The accepted baselines that a run was compared with, as its reports draw them.
 *
 * Plain data in the run's arena, oldest first; figures as a baseline record has them
 * (throughput of the capacity phase, rates over both phases). NaN = no such value.
 */
#ifndef PERFGATE_RESULTS_PAST_H
#define PERFGATE_RESULTS_PAST_H

#include "perfgate/config/gate.h"
#include "perfgate/ext/json.h"

#define PAST_RUNS_MAX 64

struct past_run {
	const char *commit, *when; /* RFC 3339 */
};

struct past_values {
	const char *scenario, *endpoint;
	enum metric metric;
	size_t since; /* values before it are of a level that was given up: an acceptance */
	const double *values; /* one per run, in the metric's unit */
	double now; /* of this run, as its own record would have it */
};

/* Latency of "total" in the newest of them. */
struct past_latency {
	const char *scenario;
	const char *histogram; /* HdrHistogram V2 payload, not looked into yet */
};

/* Zero-initialised: nothing was compared with. */
struct run_past {
	const struct past_run *runs;
	size_t n_runs;
	const struct past_values *values;
	size_t n_values;
	const struct past_latency *latencies;
	size_t n_latencies;
	/*
	 * Object, owned; NULL = unknown. Of the newest, or, without any, of the nearest baseline
	 * that does not compare.
	 */
	json_t *environment;
};

/* NULL when there are none. */
const struct past_values *past_find(const struct run_past *past, const char *scenario,
				    const char *endpoint, enum metric metric);

/* The newest value that counts, NaN when there is none. */
double past_newest(const struct run_past *past, const char *scenario, const char *endpoint,
		   enum metric metric);

/* The payload, or NULL. */
const char *past_histogram(const struct run_past *past, const char *scenario);

/* Release and empty; the arrays are the arena's. */
void past_clear(struct run_past *past);

#endif
