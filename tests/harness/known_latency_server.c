/*
 * known_latency_server HOLD_US: answers each request HOLD_US after the kernel received it.
 *
 * Prints its port. At the end of standard input it prints what it really held,
 * "held n=N p50=US p99=US max=US", so that a client's figures can be compared
 * with the truth. It spins for the last 100 us: give it a core of its own.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PENDING_MAX 65536
#define HELD_MAX 4000000
#define SPIN_NS 100000

struct pending {
	int fd;
	int64_t received_ns;
};

struct server {
	int epoll_fd, listen_fd;
	int64_t hold_ns;
	struct pending *pending; /* a ring: equal holds fall due in order of arrival */
	size_t first, count;
	float *held_us;
	size_t n_held;
	bool ended;
};

static int64_t wall_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void watch(struct server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		exit(1);
}

static uint16_t open_port(struct server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listen_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(server->listen_fd, 4096) < 0 ||
	    getsockname(server->listen_fd, (struct sockaddr *)&address, &length) < 0)
		exit(1);
	watch(server, server->listen_fd);
	return ntohs(address.sin_port);
}

static void accept_one(struct server *server)
{
	int one = 1, fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	watch(server, fd);
}

/* One read is one request: the clients here send small ones, and one at a time. */
static void read_request(struct server *server, int fd)
{
	char buffer[4096], control[128];
	struct iovec part = {buffer, sizeof buffer};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
	int64_t received_ns = wall_ns();
	if (n <= 0 || server->count == PENDING_MAX) {
		close(fd);
		return;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		struct timespec stamp;
		if (c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
		received_ns = stamp.tv_sec * INT64_C(1000000000) + stamp.tv_nsec;
	}
	size_t place = (server->first + server->count++) % PENDING_MAX;
	server->pending[place] = (struct pending){fd, received_ns};
}

static void answer_due(struct server *server)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	while (server->count > 0) {
		struct pending *pending = &server->pending[server->first];
		int64_t now_ns = wall_ns(),
			left_ns = pending->received_ns + server->hold_ns - now_ns;
		if (left_ns > 0)
			return;
		if (send(pending->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0 &&
		    server->n_held < HELD_MAX)
			server->held_us[server->n_held++] =
				(float)(now_ns - pending->received_ns) / 1000;
		server->first = (server->first + 1) % PENDING_MAX;
		server->count--;
	}
}

static void serve(struct server *server)
{
	struct epoll_event events[64];
	char ignored[64];
	while (!server->ended) {
		int64_t wait_ns = INT64_C(1000000000);
		if (server->count > 0)
			wait_ns = server->pending[server->first].received_ns + server->hold_ns -
				  wall_ns() - SPIN_NS;
		struct timespec timeout = {wait_ns > 0 ? wait_ns / 1000000000 : 0,
					   wait_ns > 0 ? wait_ns % 1000000000 : 0};
		int n = epoll_pwait2(server->epoll_fd, events, 64, &timeout, NULL);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == server->listen_fd)
				accept_one(server);
			else if (events[i].data.fd == STDIN_FILENO)
				server->ended = read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
			else
				read_request(server, events[i].data.fd);
		}
		answer_due(server);
	}
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	struct server server = {.hold_ns = argc > 1 ? strtol(argv[1], NULL, 10) * 1000 : 5000000};
	server.pending = calloc(PENDING_MAX, sizeof *server.pending);
	server.held_us = calloc(HELD_MAX, sizeof *server.held_us);
	server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!server.pending || !server.held_us || server.epoll_fd < 0)
		return 1;
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	printf("%u\n", open_port(&server));
	fflush(stdout);
	watch(&server, STDIN_FILENO);
	serve(&server);
	size_t n = server.n_held;
	qsort(server.held_us, n, sizeof *server.held_us, by_value);
	if (n > 0)
		printf("held n=%zu p50=%.1f p99=%.1f max=%.1f\n", n, server.held_us[n / 2],
		       server.held_us[n * 99 / 100], server.held_us[n - 1]);
	return 0;
}
