#include "perfgate/base/clock.h"

#include <assert.h>
#include <stdio.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec now;
	int failed = clock_gettime(id, &now);

	assert(failed == 0);
	(void)failed;
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_process_cpu_ns(void)
{
	return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t clock_thread_cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void clock_format_rfc3339(int64_t wall_ns, char *out)
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm utc;

	/* Division truncates; before the epoch the second that has begun is the earlier one. */
	if (wall_ns % NS_PER_S < 0)
		seconds--;
	if (gmtime_r(&seconds, &utc) == NULL)
		utc = (struct tm){.tm_year = 70, .tm_mday = 1};
	snprintf(out, CLOCK_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ",
		 (utc.tm_year + 1900) % 10000, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
		 utc.tm_sec);
}
