/*
 * floor PORT CONNECTIONS SECONDS: what a request costs at least.
 *
 * Keep-alive connections over epoll, registered once; reads what is there, takes the length of the
 * first answer for every answer, and sends the next request. No parsing, no clock per request, no
 * statistics. Prints how many answers came.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024

struct connection {
	int fd;
	size_t received;
};

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static char buffer[65536];

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void send_request(const struct connection *connection)
{
	if (send(connection->fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
		exit(1);
}

static void open_connection(struct connection *connection, uint16_t port, int epoll_fd)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = connection};
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0)
		exit(1);
}

static void set_receive_limit(const struct connection *connection, struct timeval limit)
{
	setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

/* How long an answer is: what one request brings until nothing more comes for 200 ms. */
static size_t answer_bytes(const struct connection *connection)
{
	size_t length = 0;
	ssize_t n;
	set_receive_limit(connection, (struct timeval){.tv_sec = 10});
	send_request(connection);
	while ((n = recv(connection->fd, buffer, sizeof buffer, 0)) > 0) {
		length += (size_t)n;
		set_receive_limit(connection, (struct timeval){.tv_usec = 200000});
	}
	set_receive_limit(connection, (struct timeval){0});
	return length;
}

int main(int argc, char **argv)
{
	static struct connection connections[CONNECTIONS_MAX], *done[CONNECTIONS_MAX];
	if (argc != 4)
		return 2;
	uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
	size_t n_connections = strtoul(argv[2], NULL, 10);
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < n_connections && i < CONNECTIONS_MAX; i++)
		open_connection(&connections[i], port, epoll_fd);
	size_t length = answer_bytes(&connections[0]);
	if (length == 0)
		return 1;
	for (size_t i = 0; i < n_connections; i++)
		send_request(&connections[i]);
	unsigned long answers = 0;
	for (double end_s = now_s() + strtod(argv[3], NULL); now_s() < end_s;) {
		struct epoll_event events[256];
		int n_done = 0, n = epoll_wait(epoll_fd, events, 256, 100);
		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;
			ssize_t got = recv(connection->fd, buffer, sizeof buffer, MSG_DONTWAIT);
			connection->received += got > 0 ? (size_t)got : 0;
			if (connection->received >= length)
				done[n_done++] = connection;
		}
		for (int i = 0; i < n_done; i++) {
			done[i]->received = 0;
			send_request(done[i]);
		}
		answers += (unsigned long)n_done;
	}
	printf("%lu\n", answers);
	return 0;
}
