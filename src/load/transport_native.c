/*
 * Native HTTP/1.1: one keep-alive connection per user over epoll.
 *
 * A connection is registered once, edge-triggered for both directions, so
 * that a request costs two system calls: send and recvmsg. A read that
 * fills less than the buffer has emptied the socket; what comes later is a
 * new edge.
 */
#include "perfgate/base/clock.h"
#include "perfgate/load/transport.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READ_BYTES ((size_t)64 << 10)
/* Handshakes under way at once: an unpaced ramp drowns the accept queue. */
#define DIALS_MAX 128
/* Connections of a worker per local address, and how many addresses of 127/8 are used at most. */
#define CONNECTIONS_PER_SOURCE 1024
#define SOURCES_MAX 200
/* Of one answer: far less than what any receive buffer holds, so that its sender never waits. */
#define UNHURRIED_BYTES_MAX 16384
#define EPOLL_END (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

struct native {
	struct transport base;
	const struct addresses *addresses;
	int epoll_fd;
	uint32_t dialing;
	uint32_t connections, dials; /* open now; ever begun */
	uint8_t preferred; /* the address that answered last */
	struct exchange_queue to_dial, to_send;
	bool needs_haste; /* an answer came whose time or flow depends on when it is read */
	struct exchange *current; /* whose bytes are parsed */
	int64_t known_ns; /* the clock, when it was last read */
	struct http1_sink sink;
	struct http1_memo memo;
	char buffer[READ_BYTES];
};

static struct native *native_of(struct transport *transport)
{
	return (struct native *)transport;
}

static struct exchange_queue *queue_of(struct native *native, const struct exchange *exchange)
{
	return exchange->fd < 0 ? &native->to_dial : &native->to_send;
}

static void enqueue(struct native *native, struct exchange *exchange)
{
	exchange->state = EXCHANGE_QUEUED;
	exchange_queue_add(queue_of(native, exchange), exchange);
}

static void dequeue(struct native *native, struct exchange *exchange)
{
	exchange_queue_remove(queue_of(native, exchange), exchange);
}

static void disconnect(struct native *native, struct exchange *exchange)
{
	if (exchange->state == EXCHANGE_QUEUED)
		dequeue(native, exchange);
	if (exchange->state == EXCHANGE_DIALING)
		native->dialing--;
	if (exchange->fd >= 0) {
		close(exchange->fd);
		native->connections--;
	}
	exchange->fd = -1;
	exchange->state = EXCHANGE_CLOSED;
	exchange->reused = exchange->early = false;
	free(TAKE(exchange->unsent));
	http1_release(&exchange->response);
}

/* A fresh connection for a request that has not been answered with a single byte. */
static void dial_again(struct native *native, struct exchange *exchange)
{
	disconnect(native, exchange);
	http1_begin(&exchange->response, exchange->answers_head);
	exchange->bytes_sent = 0;
	enqueue(native, exchange);
}

static void end_exchange(struct native *native, struct exchange *exchange,
			 const struct exchange_end *end)
{
	disconnect(native, exchange);
	native->base.client.done(exchange, end, native->base.client.arg);
}

static void fail_by_errno(struct native *native, struct exchange *exchange, int number)
{
	struct exchange_end end = {.outcome = transport_class_of_errno(number),
				   .at_ns = clock_now_ns()};
	if (transport_is_own_shortage(number)) {
		end.outcome = CLASS_CANCELLED;
		end.own_errno = number;
	}
	end_exchange(native, exchange, &end);
}

/* Only a connection that worked before, and only when nothing of the answer came. */
static bool is_stale(const struct exchange *exchange)
{
	return exchange->reused && !exchange->response.started;
}

static void fail_connection(struct native *native, struct exchange *exchange, int number)
{
	if (is_stale(exchange) && (number == ECONNRESET || number == EPIPE)) {
		native->base.reconnects++;
		dial_again(native, exchange);
		return;
	}
	fail_by_errno(native, exchange, number);
}

static void end_of_stream(struct native *native, struct exchange *exchange)
{
	if (is_stale(exchange)) {
		native->base.reconnects++;
		dial_again(native, exchange);
		return;
	}
	struct exchange_end end = {.at_ns = clock_now_ns()};
	end.outcome = http1_end_of_stream(&exchange->response);
	end.why = exchange->response.why;
	end.status = exchange->response.status;
	native->needs_haste |= end.outcome == CLASS_OK; /* an end without a stamp */
	end_exchange(native, exchange, &end);
}

/* The next address of the name, or the end. */
static void fail_dial(struct native *native, struct exchange *exchange, int number)
{
	if (exchange->addresses_left == 0) {
		fail_by_errno(native, exchange, number);
		return;
	}
	exchange->addresses_left--;
	exchange->address = (uint8_t)((exchange->address + 1) % native->addresses->count);
	dial_again(native, exchange);
}

static int open_socket(int family)
{
	int one = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* Both are refinements: without them the measurement is coarser, not wrong. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	return fd;
}

/*
 * On loopback many users come from several local addresses: the ports of one run short, and long
 * before that the kernel spends most of connect() on looking for a free one. A refused bind
 * leaves the usual address.
 */
static void spread_source(struct native *native, int fd, const struct sockaddr_storage *to)
{
	const struct sockaddr_in *address = (const struct sockaddr_in *)to;
	uint32_t sources = native->connections / CONNECTIONS_PER_SOURCE + 1;
	uint32_t source = native->dials++ % (sources < SOURCES_MAX ? sources : SOURCES_MAX);
	if (source == 0 || to->ss_family != AF_INET ||
	    ntohl(address->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return;
	struct sockaddr_in from = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + source)};
	int one = 1;
	/* Without it bind() would take a port for every peer at once. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) == 0)
		(void)bind(fd, (const struct sockaddr *)&from, sizeof from);
}

static int connect_and_register(struct native *native, struct exchange *exchange)
{
	const struct addresses *addresses = native->addresses;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				    .data.ptr = exchange};
	const struct sockaddr *address =
		(const struct sockaddr *)&addresses->list[exchange->address];
	if (connect(exchange->fd, address, addresses->lengths[exchange->address]) < 0 &&
	    errno != EINPROGRESS)
		return -1;
	return epoll_ctl(native->epoll_fd, EPOLL_CTL_ADD, exchange->fd, &event);
}

static void dial(struct native *native, struct exchange *exchange)
{
	bool first = exchange->start_ns == 0;
	exchange->state = EXCHANGE_DIALING;
	native->dialing++;
	exchange->fd = open_socket(native->addresses->list[exchange->address].ss_family);
	if (exchange->fd < 0) {
		fail_by_errno(native, exchange, errno);
		return;
	}
	spread_source(native, exchange->fd, &native->addresses->list[exchange->address]);
	native->connections++;
	/* A refused address is not the server's time: the last dial counts. */
	if (!exchange->send_ns)
		exchange->start_ns = clock_now_ns();
	int status = connect_and_register(native, exchange);
	int number = errno;
	if (first)
		native->base.client.started(exchange, native->base.client.arg);
	if (status < 0)
		fail_dial(native, exchange, number);
}

static void end_dial(struct native *native, struct exchange *exchange)
{
	int number = 0;
	socklen_t length = sizeof number;
	if (getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &number, &length) < 0)
		number = errno;
	if (number != 0) {
		fail_dial(native, exchange, number);
		return;
	}
	native->dialing--;
	native->preferred = exchange->address;
	enqueue(native, exchange);
}

static void keep_unsent(struct exchange *exchange, struct plan_bytes message, size_t sent)
{
	size_t rest = message.length - sent;
	exchange->unsent = xcalloc(rest, 1);
	memcpy(exchange->unsent, message.bytes + sent, rest);
	exchange->unsent_length = rest;
	exchange->unsent_at = 0;
}

/* -1: errno is a failure of the connection; 0: try again at EPOLLOUT. */
static ssize_t send_bytes(struct exchange *exchange, const char *bytes, size_t length)
{
	ssize_t sent;
	do {
		sent = send(exchange->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM))
		return 0;
	if (sent > 0)
		exchange->bytes_sent += (uint64_t)sent;
	return sent;
}

static void read_answer(struct native *native, struct exchange *exchange, bool ended);

static void send_message(struct native *native, struct exchange *exchange)
{
	struct transport_client *client = &native->base.client;
	struct plan_bytes message = client->message(exchange, client->arg);
	bool first = exchange->start_ns == 0;
	exchange->state = EXCHANGE_WAITING;
	exchange->send_ns = clock_now_ns();
	if (first)
		exchange->start_ns = exchange->send_ns;
	ssize_t sent = send_bytes(exchange, message.bytes, message.length);
	int number = errno;
	if (first)
		client->started(exchange, client->arg);
	if (sent < 0) {
		fail_connection(native, exchange, number);
		return;
	}
	if ((size_t)sent < message.length)
		keep_unsent(exchange, message, (size_t)sent);
	if (exchange->early) {
		exchange->early = false;
		read_answer(native, exchange, true);
	}
}

static bool send_rest(struct native *native, struct exchange *exchange)
{
	while (exchange->unsent_at < exchange->unsent_length) {
		ssize_t sent = send_bytes(exchange, exchange->unsent + exchange->unsent_at,
					  exchange->unsent_length - exchange->unsent_at);
		if (sent == 0)
			return true;
		if (sent < 0) {
			/* An early answer explains more than our broken pipe. */
			int number = errno;
			free(TAKE(exchange->unsent));
			read_answer(native, exchange, true);
			if (exchange->state == EXCHANGE_WAITING)
				fail_connection(native, exchange, number);
			return false;
		}
		exchange->unsent_at += (size_t)sent;
	}
	free(TAKE(exchange->unsent));
	return true;
}

static void on_head(const struct http1_head *head, void *arg)
{
	struct native *native = arg;
	native->base.client.head(native->current, head, native->base.client.arg);
}

static void on_body(const char *bytes, size_t length, void *arg)
{
	struct native *native = arg;
	native->base.client.body(native->current, bytes, length, native->base.client.arg);
}

/* Bytes read and *out_stamp_ns = the kernel's receive stamp, 0 when there is none. */
static ssize_t receive(struct native *native, int fd, int64_t *out_stamp_ns)
{
	char control[128];
	struct iovec part = {native->buffer, READ_BYTES};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof control};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
	*out_stamp_ns = 0;
	if (n <= 0)
		return n;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		struct timespec stamp;
		memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
		*out_stamp_ns = stamp.tv_sec * NS_PER_S + stamp.tv_nsec;
	}
	return n;
}

/*
 * When bytes came. A stamp that is not after the clock's last reading can be trusted without
 * another one; only what came since, or has no stamp, is worth reading it again.
 */
static int64_t arrived_ns(struct native *native, const struct exchange *exchange, int64_t stamp_ns)
{
	const struct stamps *stamps = &native->base.stamps;
	int64_t at_ns = stamps_map(stamps, stamp_ns, exchange->send_ns, native->known_ns);
	if (at_ns != native->known_ns)
		return at_ns;
	native->known_ns = clock_now_ns();
	native->needs_haste |= stamp_ns == 0;
	return stamps_map(stamps, stamp_ns, exchange->send_ns, native->known_ns);
}

/* `clean`: nothing but the answer came, and the peer has not closed. */
static void complete(struct native *native, struct exchange *exchange, int64_t at_ns, bool clean)
{
	struct exchange_end end = {.outcome = CLASS_OK,
				   .at_ns = at_ns,
				   .status = exchange->response.status};
	native->needs_haste |= exchange->bytes_received > UNHURRIED_BYTES_MAX;
	if (!clean || !exchange->response.keep_alive || exchange->unsent) {
		if (exchange->response.keep_alive)
			native->base.reconnects++;
		end_exchange(native, exchange, &end);
		return;
	}
	exchange->state = EXCHANGE_IDLE;
	exchange->reused = true;
	native->base.client.done(exchange, &end, native->base.client.arg);
}

/* `ended`: the peer closed or failed, so read up to that. */
static void read_answer(struct native *native, struct exchange *exchange, bool ended)
{
	for (;;) {
		int64_t stamp_ns;
		enum http1_progress progress;
		ssize_t n = receive(native, exchange->fd, &stamp_ns);
		int number = errno;
		if (n < 0 && number == EINTR)
			continue;
		if (n < 0 && number != EAGAIN)
			fail_connection(native, exchange, number);
		if (n == 0)
			end_of_stream(native, exchange);
		if (n <= 0)
			return;
		size_t length = (size_t)n;
		int64_t at_ns = arrived_ns(native, exchange, stamp_ns);
		exchange->bytes_received += length;
		native->current = exchange;
		size_t used = http1_feed(&exchange->response, native->buffer, length, &native->sink,
					 &progress);
		if (progress == HTTP1_DONE) {
			complete(native, exchange, at_ns, used == length && !ended);
			return;
		}
		if (progress == HTTP1_FAILED) {
			struct exchange_end end = {.outcome = exchange->response.failure,
						   .status = exchange->response.status,
						   .at_ns = at_ns,
						   .why = exchange->response.why};
			end_exchange(native, exchange, &end);
			return;
		}
		if (length < READ_BYTES && !ended)
			return;
	}
}

/* Nothing was asked: the peer closed the connection, or says something by itself. */
static void end_idle(struct native *native, struct exchange *exchange)
{
	ssize_t n = recv(exchange->fd, native->buffer, 1, MSG_DONTWAIT | MSG_PEEK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	native->base.reconnects++;
	disconnect(native, exchange);
}

static void native_start(struct transport *transport, struct exchange *exchange)
{
	struct native *native = native_of(transport);
	assert(exchange->state == EXCHANGE_IDLE || exchange->state == EXCHANGE_CLOSED);
	exchange->start_ns = exchange->send_ns = 0;
	exchange->bytes_sent = exchange->bytes_received = 0;
	http1_begin(&exchange->response, exchange->answers_head);
	exchange->address = native->preferred;
	exchange->addresses_left = (uint8_t)(native->addresses->count - 1);
	enqueue(native, exchange);
}

static void native_flush(struct transport *transport)
{
	struct native *native = native_of(transport);
	while (native->to_send.first) {
		struct exchange *exchange = native->to_send.first;
		dequeue(native, exchange);
		send_message(native, exchange);
	}
	while (native->to_dial.first && native->dialing < DIALS_MAX) {
		struct exchange *exchange = native->to_dial.first;
		dequeue(native, exchange);
		dial(native, exchange);
	}
}

static void native_drop(struct transport *transport, struct exchange *exchange)
{
	disconnect(native_of(transport), exchange);
}

static void native_event(struct transport *transport, struct exchange *exchange, uint32_t events)
{
	struct native *native = native_of(transport);
	bool readable = events & (EPOLLIN | EPOLL_END);
	switch ((enum exchange_state)exchange->state) {
	case EXCHANGE_CLOSED: break;
	case EXCHANGE_IDLE:
		if (readable)
			end_idle(native, exchange);
		break;
	case EXCHANGE_DIALING:
		exchange->early = events & EPOLLIN;
		end_dial(native, exchange);
		break;
	case EXCHANGE_QUEUED: exchange->early |= readable; break;
	case EXCHANGE_WAITING:
		if (exchange->unsent && (events & EPOLLOUT) && !send_rest(native, exchange))
			break;
		if (readable)
			read_answer(native, exchange, events & EPOLL_END);
		break;
	}
}

static bool native_may_read_late(const struct transport *transport)
{
	const struct native *native = (const struct native *)transport;
	return !native->needs_haste && transport->stamps.usable && native->dialing == 0 &&
	       !native->to_dial.first;
}

static void native_free(struct transport *transport)
{
	free(transport);
}

static const struct transport_ops native_ops = {
	.start = native_start,
	.flush = native_flush,
	.drop = native_drop,
	.event = native_event,
	.may_read_late = native_may_read_late,
	.free = native_free,
};

struct transport *transport_native_new(int epoll_fd, const struct addresses *addresses,
				       const struct transport_client *client)
{
	struct native *native = xcalloc(1, sizeof *native);
	native->base.ops = &native_ops;
	native->base.client = *client;
	native->addresses = addresses;
	native->epoll_fd = epoll_fd;
	native->sink = (struct http1_sink){on_head, on_body, native, &native->memo};
	stamps_renew(&native->base.stamps, clock_now_ns());
	return &native->base;
}
