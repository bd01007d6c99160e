/*
 * known_latency_server HOLD [DUMP]: answers each request a known time after the kernel received it.
 *
 *   5000                              always so many us
 *   lognormal:MEDIAN_US:SIGMA:SEED    exp(N(ln MEDIAN, SIGMA))
 *   bimodal:LOW_US:HIGH_US:SHARE:SEED around HIGH for that share of the requests, else around LOW;
 *                                     uniform within 10 % of either
 *
 * Prints its port. At the end of standard input it prints what it really held,
 * "held n=N p50=US p99=US max=US", so that a client's figures can be compared
 * with the truth, and writes each of them to the file DUMP, one a line, in order
 * of size. It spins for the last 100 us: give it a core of its own.
 */
#include <arpa/inet.h>
#include <math.h>
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

enum shape { SHAPE_FIXED, SHAPE_LOGNORMAL, SHAPE_BIMODAL };

struct hold {
	enum shape shape;
	double us, other_us, parameter; /* median, or low; high; sigma, or share of high */
	uint64_t state; /* of the random generator */
};

struct pending {
	int fd;
	int64_t received_ns, due_ns;
};

struct server {
	int epoll_fd, listen_fd;
	struct hold hold;
	struct pending *pending; /* a heap: the next one due is the first */
	size_t count;
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

/* splitmix64 (Vigna), as a number in (0, 1]. */
static double draw(struct hold *hold)
{
	uint64_t z = hold->state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((double)((z ^ z >> 31) >> 11) + 1) / 9007199254740992.0;
}

static int64_t draw_hold_ns(struct hold *hold)
{
	double us = hold->us;
	if (hold->shape == SHAPE_LOGNORMAL) {
		double radius = sqrt(-2 * log(draw(hold)));
		us *= exp(hold->parameter * radius * cos(2 * acos(-1) * draw(hold)));
	} else if (hold->shape == SHAPE_BIMODAL) {
		us = draw(hold) <= hold->parameter ? hold->other_us : hold->us;
		us *= 0.9 + 0.2 * draw(hold);
	}
	return (int64_t)(us * 1000);
}

static bool parse_hold(const char *text, struct hold *out)
{
	unsigned long long seed = 0;
	char end;
	*out = (struct hold){.shape = SHAPE_LOGNORMAL};
	if (sscanf(text, "lognormal:%lf:%lf:%llu%c", &out->us, &out->parameter, &seed, &end) != 3) {
		out->shape = SHAPE_BIMODAL;
		if (sscanf(text, "bimodal:%lf:%lf:%lf:%llu%c", &out->us, &out->other_us,
			   &out->parameter, &seed, &end) != 4) {
			out->shape = SHAPE_FIXED;
			if (sscanf(text, "%lf%c", &out->us, &end) != 1)
				return false;
		}
	}
	out->state = seed;
	return out->us > 0 && out->parameter >= 0;
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

static void swap(struct pending *a, struct pending *b)
{
	struct pending kept = *a;
	*a = *b;
	*b = kept;
}

static void add_pending(struct server *server, struct pending added)
{
	struct pending *heap = server->pending;
	size_t at = server->count++;
	heap[at] = added;
	for (; at > 0 && heap[(at - 1) / 2].due_ns > heap[at].due_ns; at = (at - 1) / 2)
		swap(&heap[at], &heap[(at - 1) / 2]);
}

static struct pending take_pending(struct server *server)
{
	struct pending *heap = server->pending, first = heap[0];
	heap[0] = heap[--server->count];
	for (size_t at = 0, child; (child = 2 * at + 1) < server->count; at = child) {
		if (child + 1 < server->count && heap[child + 1].due_ns < heap[child].due_ns)
			child++;
		if (heap[at].due_ns <= heap[child].due_ns)
			break;
		swap(&heap[at], &heap[child]);
	}
	return first;
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
	add_pending(server,
		    (struct pending){fd, received_ns, received_ns + draw_hold_ns(&server->hold)});
}

static void answer_due(struct server *server)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	int64_t now_ns;
	while (server->count > 0 && server->pending[0].due_ns <= (now_ns = wall_ns())) {
		struct pending pending = take_pending(server);
		if (send(pending.fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0 &&
		    server->n_held < HELD_MAX)
			server->held_us[server->n_held++] =
				(float)(now_ns - pending.received_ns) / 1000;
	}
}

static void serve(struct server *server)
{
	struct epoll_event events[64];
	char ignored[64];
	while (!server->ended) {
		int64_t wait_ns = INT64_C(1000000000);
		if (server->count > 0)
			wait_ns = server->pending[0].due_ns - wall_ns() - SPIN_NS;
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

static bool dump(const struct server *server, const char *path)
{
	FILE *file = fopen(path, "w");
	if (!file)
		return false;
	for (size_t i = 0; i < server->n_held; i++)
		fprintf(file, "%.1f\n", (double)server->held_us[i]);
	return fclose(file) == 0;
}

int main(int argc, char **argv)
{
	struct server server = {0};
	if (argc < 2 || !parse_hold(argv[1], &server.hold)) {
		fprintf(stderr,
			"known_latency_server HOLD [DUMP]: see the comment in its source\n");
		return 2;
	}
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
		printf("held n=%zu p50=%.1f p99=%.1f max=%.1f\n", n, (double)server.held_us[n / 2],
		       (double)server.held_us[n * 99 / 100], (double)server.held_us[n - 1]);
	return argc > 2 && !dump(&server, argv[2]) ? 1 : 0;
}
