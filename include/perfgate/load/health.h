/*
 * Was it a measurement? The generator's own health, and whom to blame.
 *
 * A worker keeps struct worker_health while it runs; health_judge() turns it
 * and two readings of the machine into struct generator_health by the
 * thresholds below. Time that our thread was ready but had no core
 * (/proc/thread-self/schedstat) is the machine's fault, not ours.
 */
#ifndef PERFGATE_LOAD_HEALTH_H
#define PERFGATE_LOAD_HEALTH_H

#include "perfgate/base/procstat.h"
#include "perfgate/results/run.h"

/* Thresholds. */
#define HEALTH_CPU_MAX_PERCENT 90.0
/*
 * A stall, and the part of the window that stalls may take: with less than a thousandth of the
 * requests delayed, even p99 stays where it is. An hour is not lost for one hiccup.
 */
#define HEALTH_STALL_MAX_NS (100 * INT64_C(1000000))
#define HEALTH_STALLED_MAX_PERCENT 0.1
#define HEALTH_LATE_NS INT64_C(1000000)
#define HEALTH_DELAY_MIN_NS (2 * INT64_C(1000000))
#define HEALTH_DELAY_PART_OF_P50 0.10
#define HEALTH_WAKEUPS_MIN 1000
#define HEALTH_STOLEN_MAX_PERCENT 5.0
#define HEALTH_OFFERED_MIN_PERCENT 95.0

/* What the scheduler says about one thread. */
struct thread_reading {
	int64_t at_ns;
	int64_t cpu_ns; /* used */
	int64_t waiting_ns; /* ready, without a core; -1 when unknown */
};

struct worker_health {
	struct histogram *scheduling_delay; /* of the judged window */
	struct thread_reading begin, end; /* of the judged window */
	int64_t max_stall_ns; /* longest time the loop was not waiting for events */
	int64_t max_stall_waiting_ns; /* without a core in the second of that stall */
	int64_t stalled_ns; /* sum of the longest of each second, from HEALTH_STALL_MAX_NS on */
	int64_t second_stall_ns; /* longest in the second that runs */
	int64_t late_ns; /* sum of those from HEALTH_LATE_NS on, judged window */
	int64_t second_late_ns;
	struct thread_reading second; /* at its begin */
	uint64_t wakeups; /* due users that were started */
	int own_errno; /* the first shortage of ours, 0 = none */
	uint64_t own_failures;
	int schedstat_fd;
};

void health_init(struct worker_health *health);
void health_release(struct worker_health *health);

/* From the worker's thread. */
void health_read_thread(struct worker_health *health, struct thread_reading *out);
static inline void health_note_stall(struct worker_health *health, int64_t stall_ns)
{
	if (stall_ns > health->second_stall_ns)
		health->second_stall_ns = stall_ns;
	if (stall_ns >= HEALTH_LATE_NS)
		health->second_late_ns += stall_ns;
}
/* Once a second; `judged`: the second counts. */
void health_end_second(struct worker_health *health, bool judged);

/*
 * into += from, both with threads that have ended: delays and shortages of both, the CPU of the
 * busier thread, the longest stall.
 */
void health_merge(struct worker_health *into, const struct worker_health *from);

struct health_context {
	struct machinestat machine_begin, machine_end; /* of the judged window */
	bool paced; /* users think; else the phase may use the whole core */
	double p50_ms; /* of all answers; NaN without */
	uint32_t users;
	/* Open model: arrivals in the judged window; were all users busy at some time? */
	uint64_t arrivals_due, arrivals_sent;
	bool all_busy;
};

/* Fills everything of *out but reconnects and censored; takes the histogram over. */
void health_judge(struct worker_health *health, const struct health_context *context,
		  struct arena *arena, struct generator_health *out);

#endif
