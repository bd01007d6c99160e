/*
 * Time. Durations and the schedule use CLOCK_MONOTONIC in nanoseconds;
 * the wall clock only labels results (UTC, RFC 3339).
 */
#ifndef PERFGATE_BASE_CLOCK_H
#define PERFGATE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t clock_now_ns(void);

/* Nanoseconds of CLOCK_REALTIME since the epoch. SOURCE_DATE_EPOCH does not apply here. */
int64_t clock_wall_ns(void);

/* CPU time of this process / of the calling thread, in ns. */
int64_t clock_process_cpu_ns(void);
int64_t clock_thread_cpu_ns(void);

/* "2026-01-31T12:00:00Z"; `out` holds at least CLOCK_RFC3339_SIZE bytes. */
#define CLOCK_RFC3339_SIZE 32
void clock_format_rfc3339(int64_t wall_ns, char *out);

#endif
