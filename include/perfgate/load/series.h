/*
 * The seconds of all workers, put together while they run: the series of the
 * result, and the live view.
 *
 * Each worker hands over each of its seconds once, in order; a second is
 * closed when all have. Belongs to the engine's thread.
 */
#ifndef PERFGATE_LOAD_SERIES_H
#define PERFGATE_LOAD_SERIES_H

#include "perfgate/load/collect.h"

struct series {
	struct scenario_result *result; /* its series is filled */
	size_t capacity;
	uint32_t n_workers;
	struct pending_second {
		struct second second;
		uint32_t reported; /* by so many workers */
	} * pending; /* [0] is number `closed` */
	size_t n_pending, pending_capacity;
	size_t closed;
	/* Of the seconds closed so far; hits, misses and latency of the phase shown only. */
	uint64_t requests, errors, hits, misses;
	uint64_t last_second; /* requests */
	uint32_t users;
	bool warmup;
	struct histogram *latency;
	double rss_bytes; /* the caller's: of the target now; the next seconds get it */
};

void series_init(struct series *series, struct scenario_result *result, uint32_t n_workers);
void series_release(struct series *series);

/* A second of one worker, merged; true when it closed one. */
bool series_add(struct series *series, const struct second *second);
/* All workers are done: close what is there. */
void series_end(struct series *series);

/* Everything of *out but scenario and times. */
void series_progress(const struct series *series, struct load_progress *out);

/* Requests and errors of the last `seconds` closed ones; false when there are not as many yet. */
bool series_last(const struct series *series, size_t seconds, uint64_t *out_requests,
		 uint64_t *out_errors);

#endif
