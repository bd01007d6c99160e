#include "perfgate/cli/cli.h"

#include "perfgate/base/watcher.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t cli_stop;
static volatile sig_atomic_t caught;

/* The PID 1 of a container survives what it raises by itself: the kernel protects it. */
static _Noreturn void end_by(int number)
{
	sigset_t own;

	signal(number, SIG_DFL);
	sigemptyset(&own);
	sigaddset(&own, number);
	pthread_sigmask(SIG_UNBLOCK, &own, NULL);
	raise(number);
	_exit(128 + number);
}

/* The second signal ends us at once; the watcher of proc.h ends our children. */
static void on_signal(int number)
{
	caught = number;
	if (++cli_stop > 1)
		end_by(number);
}

void cli_catch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		/* nohup and background shells ignore some: that stays. */
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
}

void cli_reraise(void)
{
	if (!caught)
		return;
	/* raise() skips atexit: reap the watcher here, or a container's PID 1 keeps a zombie. */
	watcher_stop();
	end_by(caught);
}
