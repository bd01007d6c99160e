/* A client of bytes: it sends what the test says and shows what came back. */
#ifndef TESTS_UNIT_WEB_CLIENT_H
#define TESTS_UNIT_WEB_CLIENT_H

#include "perfgate/base/strbuf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_TIMEOUT_S 10
#define HOST "Host: 127.0.0.1\r\n"
#define JSON "Content-Type: application/json\r\n"

static inline int dial(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				      .sin_port = htons((uint16_t)port)};
	struct timeval limit = {.tv_sec = RECEIVE_TIMEOUT_S};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static inline void send_text(int fd, const char *text)
{
	for (size_t sent = 0, length = strlen(text); sent < length;) {
		ssize_t n = send(fd, text + sent, length - sent, MSG_NOSIGNAL);

		if (n < 0)
			return; /* refused early: the answer says why */
		sent += (size_t)n;
	}
}

/* One answer, or what comes until the connection ends. */
static inline void receive(int fd, struct strbuf *out)
{
	char bytes[4096];
	size_t need = 0;

	strbuf_clear(out);
	for (;;) {
		const char *end = strstr(strbuf_text(out), "\r\n\r\n");
		const char *length = strstr(strbuf_text(out), "Content-Length: ");
		ssize_t n;

		if (end && length)
			need = (size_t)(end + 4 - out->data) + strtoul(length + 16, NULL, 10);
		if (need && out->length >= need)
			return;
		n = recv(fd, bytes, sizeof bytes, 0);
		if (n <= 0)
			return;
		strbuf_append(out, bytes, (size_t)n);
	}
}

/* Everything until the server ends the connection; false when it does not. */
static inline bool receive_all(int fd, struct strbuf *out)
{
	char bytes[4096];
	ssize_t n;

	strbuf_clear(out);
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		strbuf_append(out, bytes, (size_t)n);
	return n == 0 || errno == ECONNRESET;
}

#endif
