/*
 * Transports: how an exchange (request and answer) travels.
 *
 * One user has one struct exchange and at most one request under way on it.
 * The worker starts exchanges and is called back; it never sees a socket, so
 * that native HTTP/1.1 and libcurl are interchangeable behind this interface.
 * Belongs to one worker; not thread-safe.
 */
#ifndef PERFGATE_LOAD_TRANSPORT_H
#define PERFGATE_LOAD_TRANSPORT_H

#include "perfgate/load/http1.h"
#include "perfgate/load/plan.h"
#include "perfgate/load/resolve.h"
#include "perfgate/load/stamps.h"

enum exchange_state {
	EXCHANGE_CLOSED, /* no connection, nothing under way */
	EXCHANGE_IDLE, /* connected, nothing under way */
	EXCHANGE_QUEUED, /* started; waits for its turn to dial or to send */
	EXCHANGE_DIALING, /* connect() is under way */
	EXCHANGE_WAITING, /* sending, or waiting for the answer */
};

struct exchange {
	struct exchange *previous, *next; /* in the transport's queue */
	int64_t start_ns; /* of the request: its dial, else its send; 0 = queued so far */
	int64_t send_ns; /* first byte handed to the kernel; 0 = not yet */
	uint64_t bytes_sent, bytes_received;
	void *channel; /* curl: what it keeps for this user */
	char *unsent; /* native: rest of a message that did not fit the socket buffer */
	size_t unsent_length, unsent_at;
	struct http1_response response;
	int fd;
	uint8_t state; /* enum exchange_state */
	uint8_t address; /* index of the one dialed */
	uint8_t addresses_left; /* to try on refusal */
	bool answers_head; /* set by the client before start */
	bool reused; /* an exchange was completed on this connection */
	bool early; /* something to read came before we sent */
};

/* Exchanges that wait for their turn; linked by previous and next. */
struct exchange_queue {
	struct exchange *first, *last;
};

/* How an exchange ended. `own_errno`: we ran out of something; it counts for nobody. */
struct exchange_end {
	enum request_class outcome; /* CLASS_OK: complete, whatever its status */
	int status;
	int64_t at_ns;
	const char *why; /* static text or NULL */
	int own_errno;
};

struct transport_client {
	/* The message; asked again when a stale connection forces a second try. */
	struct plan_bytes (*message)(struct exchange *exchange, void *arg);
	/* It left the queue: start_ns is set. */
	void (*started)(struct exchange *exchange, void *arg);
	void (*head)(struct exchange *exchange, const struct http1_head *head, void *arg);
	void (*body)(struct exchange *exchange, const char *bytes, size_t length, void *arg);
	/* Nothing is under way any more; must not start the next one from here. */
	void (*done)(struct exchange *exchange, const struct exchange_end *end, void *arg);
	void *arg;
};

struct transport;

struct transport_ops {
	/* Put the user's next request into the queue. */
	void (*start)(struct transport *transport, struct exchange *exchange);
	/* Dial and send what is queued; call after all events were read. */
	void (*flush)(struct transport *transport);
	/* Drop connection and exchange, without a call back. */
	void (*drop)(struct transport *transport, struct exchange *exchange);
	/* An epoll event whose data.ptr the transport registered: it is passed as it is. */
	void (*event)(struct transport *transport, struct exchange *exchange, uint32_t events);
	/*
	 * May answers lie unread for a millisecond without a change of what is measured? The
	 * kernel stamps them then, and nothing waits for us. NULL: never.
	 */
	bool (*may_read_late)(const struct transport *transport);
	void (*free)(struct transport *transport);
};

struct transport {
	const struct transport_ops *ops;
	struct transport_client client;
	struct stamps stamps;
	uint64_t reconnects; /* keep-alive connections that the peer had closed */
};

/* Native HTTP/1.1 over `epoll_fd`; `addresses` outlives it. */
struct transport *transport_native_new(int epoll_fd, const struct addresses *addresses,
				       const struct transport_client *client);

/*
 * libcurl: https, HTTP/2 (ALPN), proxies from the environment (never for loopback), Unix
 * sockets. Each user has a connection of its own. `target` and `addresses` outlive it; no
 * address: the proxy resolves the name.
 */
struct transport *transport_curl_new(int epoll_fd, const struct load_target *target,
				     const struct addresses *addresses,
				     const struct transport_client *client);

/* One of the two: `kind`, or by the target. NULL: no descriptors, errno is set. */
struct transport *transport_new(enum transport_kind kind, int epoll_fd,
				const struct load_target *target, const struct addresses *addresses,
				const struct transport_client *client);
/* The target's addresses; none when it has a Unix socket, or only a proxy knows its name. */
PG_MUST_CHECK int transport_resolve(enum transport_kind kind, const struct load_target *target,
				    struct addresses *out, struct error *err);

/* An exchange of a user that never started one. */
void exchange_init(struct exchange *exchange);

/* Does the environment name a proxy for this scheme? */
bool transport_has_proxy(bool tls);

void exchange_queue_add(struct exchange_queue *queue, struct exchange *exchange);
void exchange_queue_remove(struct exchange_queue *queue, struct exchange *exchange);

/* Did socket() or connect() fail for want of something of ours? */
bool transport_is_own_shortage(int number);
/* The class of a connection that failed with this errno. */
enum request_class transport_class_of_errno(int number);

#endif
