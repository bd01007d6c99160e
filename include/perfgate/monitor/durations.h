/*
 * How long requests took lately: counted by many threads, read by one now and then.
 *
 * A log-linear histogram: below 64 x 1.024 us a bucket is 1.024 us wide, above at most 1/32 of its
 * value. A quantile is given as the middle of its bucket: within 1.6 % of the true one, or 0.5 us.
 * Longer ones than 137 s are counted in the last bucket. Recording is one relaxed atomic addition.
 */
#ifndef PERFGATE_MONITOR_DURATIONS_H
#define PERFGATE_MONITOR_DURATIONS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define DURATIONS_COUNTS 736

/* Zero-initialised is empty. */
struct durations {
	atomic_uint counts[DURATIONS_COUNTS];
};

void durations_record(struct durations *durations, int64_t duration_ns);

/* Where a reader stopped; zero-initialised, it begins at the start. One thread each. */
struct durations_reader {
	unsigned before[DURATIONS_COUNTS]; /* counts at the last reading */
	unsigned latest[DURATIONS_COUNTS]; /* what came between the last two */
	uint64_t count; /* their sum */
};

void durations_read(const struct durations *durations, struct durations_reader *reader);
/* In ns, of what came between the last two readings; NaN when nothing did. */
double durations_quantile_ns(const struct durations_reader *reader, double quantile);

#endif
