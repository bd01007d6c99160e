/*
 * A scripted TCP peer: plays a list of steps on each connection, whatever the client says.
 *
 * One thread, one poll loop, loopback, an ephemeral port. Used by the unit
 * tests in a thread and by bad_peer as a program.
 */
#ifndef TESTS_HARNESS_PEER_H
#define TESTS_HARNESS_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PEER_CONNECTIONS_MAX 512
#define PEER_TICK_MS 10

enum peer_action {
	PEER_READ, /* one request with its body */
	PEER_SEND, /* bytes, count times (0 = once, -1 = for ever) */
	PEER_DRIP, /* one byte per tick */
	PEER_WAIT, /* count ticks */
	PEER_CLOSE, /* orderly */
	PEER_RESET, /* by RST */
	PEER_HANG, /* read nothing, say nothing until the client goes */
	PEER_AGAIN, /* back to the first step; so does the end of the list */
};

struct peer_step {
	enum peer_action action;
	const char *bytes;
	size_t length; /* 0 = strlen */
	int count;
};

struct peer_connection {
	int fd;
	size_t step, offset;
	int repeated;
	char head[16384];
	size_t head_length, body_left;
	bool in_body;
};

struct peer {
	int listen_fd;
	uint16_t port;
	const struct peer_step *steps;
	size_t n_steps;
	void (*on_request)(uint64_t number, void *arg); /* after a PEER_READ; may be NULL */
	void (*on_head)(const char *head, void *arg); /* the same, with what was read */
	void *arg;
	atomic_bool stopping;
	atomic_uint_fast64_t requests, connections;
	pthread_t thread;
	struct peer_connection *open[PEER_CONNECTIONS_MAX];
	size_t n_open;
};

static inline bool peer_listen(struct peer *peer, const struct peer_step *steps, size_t n_steps)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	memset(peer, 0, sizeof *peer);
	peer->steps = steps;
	peer->n_steps = n_steps;
	peer->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (peer->listen_fd < 0 ||
	    bind(peer->listen_fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(peer->listen_fd, 512) < 0 ||
	    getsockname(peer->listen_fd, (struct sockaddr *)&address, &length) < 0)
		return false;
	peer->port = ntohs(address.sin_port);
	return true;
}

static inline void peer_drop(struct peer *peer, size_t index)
{
	close(peer->open[index]->fd);
	free(peer->open[index]);
	peer->open[index] = peer->open[--peer->n_open];
}

/* Takes what is there; true when a request is complete, *gone when the client is. */
static inline bool peer_read(struct peer_connection *c, bool *gone)
{
	char buffer[65536];
	size_t room = sizeof c->head - 1 - c->head_length;
	char *into = c->in_body ? buffer : c->head + c->head_length;
	ssize_t n = recv(c->fd, into, c->in_body ? sizeof buffer : room, MSG_DONTWAIT);
	if (n <= 0) {
		*gone = n == 0 || errno != EAGAIN;
		return false;
	}
	size_t behind = (size_t)n;
	if (!c->in_body) {
		c->head_length += (size_t)n;
		c->head[c->head_length] = '\0';
		char *end = strstr(c->head, "\r\n\r\n");
		if (!end)
			return false;
		const char *length = strcasestr(c->head, "\r\nContent-Length:");
		c->body_left = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
		behind = (size_t)(c->head + c->head_length - (end + 4));
		c->in_body = true;
	}
	c->body_left -= behind < c->body_left ? behind : c->body_left;
	if (c->body_left > 0)
		return false;
	c->in_body = false;
	c->head_length = 0;
	return true;
}

static inline void peer_next(struct peer_connection *c)
{
	c->step++;
	c->offset = 0;
	c->repeated = 0;
}

/* Play one step as far as it goes; false when it has to wait or the connection is over (*gone). */
static inline bool peer_play(struct peer *peer, struct peer_connection *c, bool tick, bool *gone)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	if (c->step >= peer->n_steps)
		c->step = 0;
	const struct peer_step *step = &peer->steps[c->step];
	size_t length = step->length ? step->length : step->bytes ? strlen(step->bytes) : 0;
	switch (step->action) {
	case PEER_READ:
		if (!peer_read(c, gone))
			return false;
		peer_next(c);
		uint64_t number = atomic_fetch_add(&peer->requests, 1) + 1;
		if (peer->on_request)
			peer->on_request(number, peer->arg);
		if (peer->on_head)
			peer->on_head(c->head, peer->arg);
		return true;
	case PEER_DRIP:
	case PEER_SEND: {
		bool drip = step->action == PEER_DRIP;
		if (drip && !tick)
			return false;
		ssize_t n = send(c->fd, step->bytes + c->offset, drip ? 1 : length - c->offset,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			*gone = errno != EAGAIN;
			return false;
		}
		c->offset += (size_t)n;
		if (c->offset < length)
			return !drip;
		c->offset = 0;
		if (step->count < 0 || ++c->repeated < step->count)
			return !drip;
		peer_next(c);
		return true;
	}
	case PEER_WAIT:
		if (!tick || ++c->repeated < step->count)
			return false;
		peer_next(c);
		return true;
	case PEER_RESET:
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		*gone = true;
		return false;
	case PEER_CLOSE: *gone = true; return false;
	case PEER_AGAIN: c->step = 0; return true;
	case PEER_HANG: return false;
	}
	return false;
}

static inline void peer_accept(struct peer *peer)
{
	while (peer->n_open < PEER_CONNECTIONS_MAX) {
		int fd = accept4(peer->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct peer_connection *c = calloc(1, sizeof *c);
		if (!c)
			abort();
		c->fd = fd;
		peer->open[peer->n_open++] = c;
		atomic_fetch_add(&peer->connections, 1);
	}
}

static inline short peer_events(const struct peer *peer, const struct peer_connection *c)
{
	enum peer_action action = peer->steps[c->step < peer->n_steps ? c->step : 0].action;
	if (action == PEER_READ)
		return POLLIN | POLLRDHUP;
	return action == PEER_SEND ? POLLOUT | POLLRDHUP : POLLRDHUP;
}

/* Until `stopping`. */
static inline void *peer_serve(void *arg)
{
	struct peer *peer = arg;
	struct pollfd fds[PEER_CONNECTIONS_MAX + 1];
	while (!atomic_load(&peer->stopping)) {
		fds[0] = (struct pollfd){.fd = peer->listen_fd, .events = POLLIN};
		for (size_t i = 0; i < peer->n_open; i++)
			fds[i + 1] = (struct pollfd){.fd = peer->open[i]->fd,
						     .events = peer_events(peer, peer->open[i])};
		bool tick = poll(fds, peer->n_open + 1, PEER_TICK_MS) == 0;
		for (size_t i = peer->n_open; i-- > 0;) {
			enum peer_action action =
				peer->steps[peer->open[i]->step % peer->n_steps].action;
			bool reading = action == PEER_READ;
			bool gone = (fds[i + 1].revents & (POLLERR | POLLHUP)) ||
				    (!reading && (fds[i + 1].revents & POLLRDHUP));
			while (!gone && peer_play(peer, peer->open[i], tick, &gone))
				tick = false;
			if (gone)
				peer_drop(peer, i);
		}
		peer_accept(peer);
	}
	while (peer->n_open > 0)
		peer_drop(peer, 0);
	close(peer->listen_fd);
	return NULL;
}

static inline bool peer_start(struct peer *peer, const struct peer_step *steps, size_t n_steps)
{
	return peer_listen(peer, steps, n_steps) &&
	       pthread_create(&peer->thread, NULL, peer_serve, peer) == 0;
}

static inline void peer_stop(struct peer *peer)
{
	atomic_store(&peer->stopping, true);
	pthread_join(peer->thread, NULL);
}

#endif
