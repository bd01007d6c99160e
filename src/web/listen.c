#include "listen.h"

#include "perfgate/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int fill_address(const char *bind_to, int port, union address *out, socklen_t *length)
{
	*out = (union address){0};
	if (inet_pton(AF_INET, bind_to, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons((uint16_t)port);
		*length = sizeof out->v4;
		return 0;
	}
	if (inet_pton(AF_INET6, bind_to, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons((uint16_t)port);
		*length = sizeof out->v6;
		return 0;
	}
	return -1;
}

bool listen_is_loopback(const char *bind_to)
{
	union address a;
	socklen_t length;

	if (fill_address(bind_to, 0, &a, &length) < 0)
		return false;
	if (a.any.sa_family == AF_INET)
		return (ntohl(a.v4.sin_addr.s_addr) >> 24) == 127;
	return IN6_IS_ADDR_LOOPBACK(&a.v6.sin6_addr);
}

static int chosen_port(int fd)
{
	union address a = {0};
	socklen_t length = sizeof a;

	if (getsockname(fd, &a.any, &length) < 0)
		return 0;
	return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

int listen_check(const char *bind_to, struct error *err)
{
	union address a;
	socklen_t length;

	if (fill_address(bind_to, 0, &a, &length) == 0)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "bind address \"%s\": write a numeric address such as 127.0.0.1", bind_to);
}

int listen_open(const char *bind_to, int port, int *out_fd, int *out_port, struct error *err)
{
	union address a;
	socklen_t length;
	int fd, yes = 1;

	if (port < 0 || port > 65535)
		return error_set(err, ERROR_USAGE, "port %d: write 0..65535", port);
	if (fill_address(bind_to, port, &a, &length) < 0)
		return listen_check(bind_to, err);
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "cannot open a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, &a.any, length) < 0 || listen(fd, BACKLOG) < 0) {
		int status =
			error_set_errno(err,
					errno == EADDRNOTAVAIL ? ERROR_USAGE : ERROR_UNMEASURED,
					"cannot listen on %s port %d (--port 0 chooses a free one)",
					bind_to, port);

		close(fd);
		return status;
	}
	*out_fd = fd;
	*out_port = chosen_port(fd);
	return 0;
}
