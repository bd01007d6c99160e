#include "perfgate/load/speed.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/results/histogram.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HASHED_BYTES ((size_t)1 << 20)
#define PIECE_BYTES ((size_t)8 << 10)
#define MESSAGE_BYTES 64

enum { ROUNDS = 7, TRIPS = 200, PIECE_TRIPS = 4, TIMEOUT_S = 2 };

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

/* A connection whose other end answers; also one piece of work after the other. */
struct speed_pieces {
	int fds[2];
	pthread_t thread;
	char buffer[HASHED_BYTES];
};

struct speed_pieces *speed_pieces_new(void)
{
	struct speed_pieces *pieces = xcalloc(1, sizeof *pieces);

	if (connect_pair(pieces->fds)) {
		free(pieces);
		return NULL;
	}
	if (pthread_create(&pieces->thread, NULL, echo, &pieces->fds[1]) == 0)
		return pieces;
	close(pieces->fds[0]);
	close(pieces->fds[1]);
	free(pieces);
	return NULL;
}

void speed_pieces_free(struct speed_pieces *pieces)
{
	if (!pieces)
		return;
	shutdown(pieces->fds[0], SHUT_RDWR);
	pthread_join(pieces->thread, NULL);
	close(pieces->fds[0]);
	close(pieces->fds[1]);
	free(pieces);
}

/* Hash and echo; the time it took, 0 when the connection broke. */
static int64_t work_ns(struct speed_pieces *pieces, size_t bytes, int trips)
{
	char digest[TEXT_SHA256_SIZE], message[MESSAGE_BYTES] = {0};
	int64_t start_ns = clock_now_ns();

	text_sha256(pieces->buffer, bytes, digest);
	for (int i = 0; i < trips; i++)
		if (!transfer(pieces->fds[0], message, true) ||
		    !transfer(pieces->fds[0], message, false))
			return 0;
	return clock_now_ns() - start_ns;
}

bool speed_pieces_run(struct speed_pieces *pieces, int64_t duration_ns, struct histogram *into)
{
	int64_t end_ns = clock_now_ns() + duration_ns;

	while (clock_now_ns() < end_ns) {
		int64_t took_ns = work_ns(pieces, PIECE_BYTES, PIECE_TRIPS);

		if (took_ns <= 0)
			return false;
		histogram_record(into, (uint64_t)took_ns);
	}
	return true;
}

/* ---- the probe ---- */

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double speed_probe_ms(void)
{
	AUTO(speed_pieces) struct speed_pieces *pieces = speed_pieces_new();
	double times_ms[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		times_ms[i] =
			pieces ? (double)work_ns(pieces, HASHED_BYTES, TRIPS) / (double)NS_PER_MS
			       : 0;
		if (!(times_ms[i] > 0))
			return 0;
	}
	qsort(times_ms, ROUNDS, sizeof *times_ms, compare_doubles);
	return times_ms[ROUNDS / 2];
}
