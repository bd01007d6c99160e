/*
 * The HTTP listener of api/ and monitor/ (libmicrohttpd: epoll and a pool of threads).
 *
 * A table of routes by method and path; handlers share one `arg`. Few threads read and write
 * the connections; handlers run on a pool of threads and may block. Those that never do run at
 * once, and what is cheaper for many requests together than for each of them, such as asking a
 * cache, is done by one thread for all that wait (`batch`): the busier, the cheaper.
 *
 * The listener itself answers 400, 404, 405 (with Allow), 413, 414, 415, 417 and 431; what is
 * wrong with a request that could be read is told in the JSON of web_error(). It limits headers
 * to 16 KiB, bodies to max_body_bytes and the number of connections, closes idle ones, answers
 * 408 to those that send too slowly and cuts off those that read too slowly, compresses from
 * 1000 bytes for clients that accept gzip, and gives each request an X-Request-ID. What two
 * programs in a row may read differently is refused: lines that end with a bare LF or are folded,
 * NUL, names that are empty or hold a blank, lengths beside chunks.
 * A handler can make its route a WebSocket (web/socket.h).
 *
 * Bound to loopback, only loopback names are accepted in Host (DNS rebinding).
 * A path matches with or without its last slash; HEAD is served by GET.
 */
#ifndef PERFGATE_WEB_SERVER_H
#define PERFGATE_WEB_SERVER_H

#include "perfgate/base/error.h"
#include "perfgate/web/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEB_HEADER_LIMIT_BYTES ((size_t)16 << 10)
#define WEB_BODY_LIMIT_BYTES ((size_t)10 * 1000 * 1000)

typedef void web_handler(const struct web_request *request, struct web_reply *reply, void *arg);

#define WEB_BATCH_MAX 64
struct web_call {
	struct web_request *request;
	struct web_reply *reply;
};
/* Answers 1..WEB_BATCH_MAX requests of one route, or leaves some to its handler: WEB_LATER. */
typedef void web_batch_handler(struct web_call *calls, size_t count, void *arg);

/* Where the handler of a route runs. */
enum web_lane {
	WEB_POOL, /* on the pool: it may wait */
	WEB_ASIDE, /* beside the pool: it may wait, but not behind those that use the service */
	WEB_QUICK, /* where the request was read: it never waits */
};

struct web_route {
	const char *method; /* "GET" or "POST"; POST takes application/json only */
	const char *path;
	web_handler *handler;
	/* May be NULL. Runs first, on a thread of its own, with all requests that wait for it. */
	web_batch_handler *batch;
	enum web_lane lane;
};

/*
 * Told of every answer. `request->route` is -1 when no route matched;
 * `duration_ns` runs from the first header to the answer being ready.
 */
typedef void web_observer(const struct web_request *request, int status, int64_t duration_ns,
			  void *arg);

struct web_options {
	const char *bind; /* numeric address; NULL = 127.0.0.1 */
	int port; /* 0 = the kernel chooses */
	const struct web_route *routes;
	size_t route_count;
	web_observer *observer; /* may be NULL */
	void *arg;
	unsigned threads; /* that run handlers; 0 = 16 */
	unsigned connections; /* 0 = 10000 */
	unsigned idle_timeout_s; /* of silence; 0 = 60 */
	/*
	 * From the connection's start, or the end of idle_timeout_s, to the end of a header; from
	 * there to the end of the body; from the answer to its being taken. Whoever is slower gets
	 * 408 or is cut off. 0 = 10 s, 30 s, 60 s.
	 */
	int64_t header_timeout_ns, body_timeout_ns, write_timeout_ns;
	size_t max_body_bytes; /* 0 = WEB_BODY_LIMIT_BYTES */
};

struct web_server;

/* Is it a numeric address (NULL = the default)? ERROR_USAGE. */
PG_MUST_CHECK int web_check_address(const char *bind, struct error *err);

/* ERROR_USAGE for an address that cannot be used, ERROR_UNMEASURED for a port that is taken. */
PG_MUST_CHECK int web_start(const struct web_options *options, struct web_server **out,
			    struct error *err);
int web_port(const struct web_server *server);
/* Open connections. */
unsigned web_connections(const struct web_server *server);
/* Requests that have begun and are not answered yet. */
unsigned web_under_way(const struct web_server *server);

/*
 * Stop: accept nothing new, let requests that are under way finish (at most
 * `grace_ns`; answers held back by web_reply.hold_ns go out at once), close,
 * free. Sockets (web/socket.h) are closed first and never waited for. Accepts NULL.
 */
void web_stop(struct web_server *server, int64_t grace_ns);

#endif
