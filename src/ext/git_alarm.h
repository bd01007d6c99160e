/*
 * An end to a call that may block for ever: a lock, a FIFO where a file is expected.
 *
 * While set, SIGALRM interrupts such calls (EINTR) at the deadline and every 100 ms from then on.
 * What does not block is not disturbed. One at a time, main thread only.
 */
#ifndef PERFGATE_EXT_GIT_ALARM_H
#define PERFGATE_EXT_GIT_ALARM_H

#include <signal.h>
#include <stdint.h>

struct git_alarm {
	struct sigaction before;
};

/* clock_now_ns(); at once when that has passed. */
void git_alarm_set(struct git_alarm *alarm, int64_t deadline_ns);
void git_alarm_clear(struct git_alarm *alarm);

#endif
