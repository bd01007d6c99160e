#include "perfgate/load/speed.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/text.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HASHED_BYTES ((size_t)1 << 20)
#define MESSAGE_BYTES 64

enum { ROUNDS = 7, TRIPS = 200, TIMEOUT_S = 2 };

/* ---- the echo ---- */

static bool transfer(int fd, char *message, bool out)
{
	size_t done = 0;

	while (done < MESSAGE_BYTES) {
		ssize_t n = out ? send(fd, message + done, MESSAGE_BYTES - done, MSG_NOSIGNAL)
				: recv(fd, message + done, MESSAGE_BYTES - done, 0);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Ends when the other side closes, or never answers. */
static void *echo(void *arg)
{
	const int *fd = arg;
	char message[MESSAGE_BYTES];

	while (transfer(*fd, message, false) && transfer(*fd, message, true))
		continue;
	return NULL;
}

static void prepare(int fd)
{
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

/* Both ends of a TCP connection on loopback, or -1. */
static int connect_pair(int *fds)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[1] = -1;
	if (listener >= 0 && fds[0] >= 0 &&
	    bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0 &&
	    getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
	    connect(fds[0], (struct sockaddr *)&address, size) == 0)
		fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (listener >= 0)
		close(listener);
	if (fds[1] >= 0) {
		prepare(fds[0]);
		prepare(fds[1]);
		return 0;
	}
	if (fds[0] >= 0)
		close(fds[0]);
	return -1;
}

/* ---- the probe ---- */

static double round_ms(int fd, const char *buffer)
{
	char digest[TEXT_SHA256_SIZE], message[MESSAGE_BYTES] = {0};
	int64_t start_ns = clock_now_ns();

	text_sha256(buffer, HASHED_BYTES, digest);
	for (int i = 0; i < TRIPS; i++)
		if (!transfer(fd, message, true) || !transfer(fd, message, false))
			return 0;
	return (double)(clock_now_ns() - start_ns) / (double)NS_PER_MS;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_round_ms(int fd)
{
	AUTO_FREE char *buffer = xcalloc(HASHED_BYTES, 1);
	double times_ms[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		times_ms[i] = round_ms(fd, buffer);
		if (!(times_ms[i] > 0))
			return 0;
	}
	qsort(times_ms, ROUNDS, sizeof *times_ms, compare_doubles);
	return times_ms[ROUNDS / 2];
}

double speed_probe_ms(void)
{
	pthread_t thread;
	double out = 0;
	int fds[2];

	if (connect_pair(fds))
		return 0;
	if (pthread_create(&thread, NULL, echo, &fds[1]) == 0) {
		out = median_round_ms(fds[0]);
		shutdown(fds[0], SHUT_RDWR);
		pthread_join(thread, NULL);
	}
	close(fds[0]);
	close(fds[1]);
	return out;
}
