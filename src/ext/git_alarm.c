#include "git_alarm.h"

#include "perfgate/base/clock.h"

#include <stddef.h>
#include <sys/time.h>

static void end_waiting(int signal)
{
	(void)signal;
}

void git_alarm_set(struct git_alarm *alarm, int64_t deadline_ns)
{
	struct sigaction action = {.sa_handler = end_waiting};
	int64_t left_ns = deadline_ns - clock_now_ns();
	/* Again and again: the first may come a moment before the call that blocks. */
	struct itimerval timer = {.it_interval = {0, 100000}};

	left_ns = left_ns > NS_PER_MS ? left_ns : NS_PER_MS;
	timer.it_value.tv_sec = left_ns / NS_PER_S;
	timer.it_value.tv_usec = left_ns % NS_PER_S / NS_PER_US;
	sigaction(SIGALRM, &action, &alarm->before);
	setitimer(ITIMER_REAL, &timer, NULL);
}

void git_alarm_clear(struct git_alarm *alarm)
{
	struct itimerval none = {{0}, {0}};

	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &alarm->before, NULL);
}
