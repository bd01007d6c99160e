/* Shared by the files of web/ and by nobody else. */
#ifndef PERFGATE_SRC_WEB_INTERNAL_H
#define PERFGATE_SRC_WEB_INTERNAL_H

#include "perfgate/web/server.h"
#include "socket.h"

#include <microhttpd.h>
#include <stdatomic.h>

/*
 * libmicrohttpd's time limit is for silence only: a byte now and then keeps a connection for ever.
 * One thread cuts every connection whose deadline has passed: with 408 while its request is
 * still coming, without a word when the answer is not taken.
 */
struct deadlines;
struct watched {
	struct watched *next, **at;
	int fd; /* open while it is watched */
	atomic_bool answering;
	atomic_int_fast64_t deadline_ns; /* INT64_MAX = none */
};
/* `shortest_ns`: of the limits in use. */
struct deadlines *deadlines_start(int64_t shortest_ns);
/* NULL without memory: such a connection is not watched. */
struct watched *deadlines_add(struct deadlines *deadlines, int fd, int64_t deadline_ns);
/* Before the descriptor is closed. Accepts NULL. */
void deadlines_remove(struct deadlines *deadlines, struct watched *peer);
void deadlines_stop(struct deadlines *deadlines);

struct holder;
struct lane;
struct web_server {
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct lane *front, *pool, *aside; /* batch handlers; handlers */
	struct holder *holder;
	struct deadlines *deadlines;
	struct hub *hub;
	int port;
	bool loopback;
	uint64_t id_seed;
	atomic_uint_fast64_t next_id;
	atomic_uint under_way;
	atomic_bool draining;
};

/* The headers that decide something, found in one walk; NULL = absent. */
struct headers {
	const char *host, *length, *transfer; /* the last of each */
	const char *type, *encoding, *id, *expect;
	int hosts, lengths, transfers, count;
	bool malformed; /* a name or value that another program may read differently */
	const char *next; /* where the next header line begins; NULL = not looked at */
};

/* One answer being made; a request of the protocol, from its headers to its last byte. */
struct exchange {
	struct web_server *server;
	struct MHD_Connection *connection;
	struct watched *peer;
	struct web_request request;
	struct headers headers;
	struct strbuf body;
	size_t body_seen; /* bytes received, also those that were dropped */
	char id[65];
	bool too_large;
	bool counted; /* it is under way */
	bool close; /* end the connection after this answer */
	bool http_1_0;
	bool suspended; /* libmicrohttpd leaves the connection alone, or did for this request */
	struct exchange *next; /* in its lane */
	const struct web_socket *socket; /* with a status of 101: what it becomes */
	char accept[ACCEPT_SIZE];
	struct MHD_Response *response; /* ready, maybe held back */
	unsigned status;
	int64_t due_ns;
	int64_t answered_ns;
};

/* Answers held back: one thread resumes each connection when its time has come. */
struct holder *holder_start(void);
void holder_add(struct holder *holder, struct exchange *exchange);
/* Resume everything at once, now and from now on. */
void holder_flush(struct holder *holder);
void holder_stop(struct holder *holder);

/* exchange.c: libmicrohttpd's callbacks, and the runners of the two lanes. */
enum MHD_Result exchange_access(void *server, struct MHD_Connection *connection, const char *path,
				const char *method, const char *version, const char *upload,
				size_t *upload_size, void **context);
void exchange_completed(void *server, struct MHD_Connection *connection, void **context,
			enum MHD_RequestTerminationCode code);
void exchange_run_handlers(struct exchange **exchanges, size_t count);
void exchange_run_batches(struct exchange **exchanges, size_t count);

/* The index of a route, -1 = none. */
int route_find(const struct web_options *options, const char *method, const char *path);
/* 404, or 405 with the methods that the path does have. */
void route_refuse(const struct web_options *options, const struct exchange *exchange,
		  struct web_reply *reply);

/* Replace `body` by its gzip form when that is smaller; true if so. */
bool gzip_body(struct strbuf *body);
/* Does an Accept-Encoding value allow gzip (q > 0)? */
bool gzip_accepted(const char *accept_encoding);

void check_headers(struct exchange *exchange, const char *version);
/* Refuse what the headers alone show to be wrong, with `reply` made; true if so. */
bool check_framing(struct exchange *exchange, bool loopback, struct web_reply *reply);
bool check_is_json(const char *content_type);

#endif
