/*
 * Private to the curl transport: what its three files share.
 *
 * transport_curl.c has the sockets and the life of a channel, _request.c what
 * libcurl is told, _answer.c what is made of what it says.
 */
#ifndef PERFGATE_LOAD_TRANSPORT_CURL_INTERNAL_H
#define PERFGATE_LOAD_TRANSPORT_CURL_INTERNAL_H

#include "perfgate/base/mem.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/load/transport.h"

#include <curl/curl.h>

/* One connection is dialed on two families at once; a proxy's name needs the resolver's pair. */
#define SOCKETS_MAX 4

struct multiplexer {
	struct transport base;
	CURLM *multi;
	const struct load_target *target;
	bool direct; /* a loopback address: no proxy */
	bool resolves; /* a proxy's name, say, is not known yet when a request starts */
	struct curl_slist *addresses; /* CURLOPT_RESOLVE: the name was resolved once */
	char *origin; /* "https://host:port" */
	struct strbuf scratch;
	struct http1_memo memo;
	struct exchange_queue to_dial, to_send;
	uint32_t dialing;
	int epoll_fd, timer_fd;
	int64_t due_ns; /* when libcurl wants to be called; 0 = not at all */
	int64_t armed_ns; /* what timer_fd is set to; 0 = not set */
	struct exchange ticks; /* its address marks the events of timer_fd */
};

/* `ours` is a connection of this user; else it is something that libcurl wants watched. */
struct watched {
	int fd;
	uint32_t events; /* registered; 0 = not registered */
	bool ours;
};

/* What a user needs between its first request and its rest. */
struct channel {
	struct multiplexer *owner;
	struct exchange *exchange;
	CURL *easy;
	CURLU *url; /* of the request, parsed */
	CURLSH *share; /* NULL: no connection */
	struct watched sockets[SOCKETS_MAX];
	struct strbuf request; /* its head, for what libcurl was told already */
	struct strbuf body; /* of the request */
	struct strbuf head; /* of the answer, until it is whole */
	struct curl_slist *headers;
	enum http1_progress progress;
	int64_t end_ns;
	int own_errno;
	bool active; /* in the multi handle */
	bool dialing; /* counted in owner->dialing */
	bool sends_length; /* the request has a Content-Length, of 0 perhaps */
	bool clean; /* nothing came behind the answer */
	char error[CURL_ERROR_SIZE];
};

/* ---- _request.c ---- */

/* "https://host:port" of the target; heap. */
char *multiplexer_origin(const struct load_target *target);
/* For CURLOPT_RESOLVE, "host:port:address,address"; NULL for a literal address. */
struct curl_slist *multiplexer_addresses(const struct load_target *target,
					 const struct addresses *addresses);
/* What holds for every request of a channel. */
void channel_set_options(struct channel *channel);
/* The next request; what libcurl was told before is not told again. */
void channel_set_message(struct channel *channel, struct plan_bytes message);

/* ---- _answer.c ---- */

void channel_set_sinks(struct channel *channel);
/* How a transfer that libcurl ended with `code` counts; at_ns is set before. */
void channel_judge(struct channel *channel, CURLcode code, struct exchange_end *end);

#endif
