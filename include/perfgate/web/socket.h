/*
 * WebSockets of the listener (RFC 6455): one route, one text message to whoever listens.
 *
 * A handler that sets web_reply.socket and leaves the status at 200 has its request upgraded. What
 * is no proper handshake is answered instead: 426 (another version, or no upgrade at all), 400
 * (key), 403 (Origin is another site; clients that send none are no browsers and welcome), 503
 * (`limit`). Extensions and subprotocols are declined.
 *
 * Each socket gets greet()'s text first and then every web_publish(). What it does not take in
 * time waits in a queue of WEB_SOCKET_QUEUE messages, of which the oldest is dropped for the
 * latest; one that takes nothing for `stall_ns`, or is not heard of for `silence_ns` though it is
 * pinged every `ping_ns`, is cut. What clients send is held to the protocol and forgotten: breaches
 * are closed with 1002, invalid UTF-8 with 1007, more than WEB_SOCKET_FRAMES_PER_S frames a second
 * with 1008, messages over WEB_SOCKET_MESSAGE_BYTES with 1009. web_stop() closes all with 1001 and
 * waits for none.
 *
 * One thread serves all sockets of a server; it is started by the first one. Thread-safe.
 */
#ifndef PERFGATE_WEB_SOCKET_H
#define PERFGATE_WEB_SOCKET_H

#include "perfgate/base/strbuf.h"

#include <stdint.h>

#define WEB_SOCKET_QUEUE 8
#define WEB_SOCKET_FRAMES_PER_S 100
#define WEB_SOCKET_MESSAGE_BYTES 4096

struct web_server;

/* Lives as long as the server. */
struct web_socket {
	/* Append the first message; `arg` is web_options.arg. Must not call web_publish(). */
	void (*greet)(struct strbuf *out, void *arg);
	unsigned limit; /* open at once; 0 = 64 */
	int64_t ping_ns, silence_ns, stall_ns; /* 0 = 20 s, 60 s, 10 s */
};

/* Queue a text for everybody who listens to `socket`. */
void web_publish(struct web_server *server, const struct web_socket *socket, const char *text,
		 size_t length);
/* How many listen: without any, the text need not be made. */
unsigned web_listeners(struct web_server *server, const struct web_socket *socket);

#endif
