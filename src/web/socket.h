/* WebSockets, shared by the files of web/ that make them up. */
#ifndef PERFGATE_SRC_WEB_SOCKET_H
#define PERFGATE_SRC_WEB_SOCKET_H

#include "perfgate/web/socket.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- sha1.c -- */

#define SHA1_BYTES 20
void sha1(const void *bytes, size_t length, unsigned char *out);

/* -- handshake.c -- */

#define ACCEPT_SIZE 29 /* base64 of SHA1_BYTES, and NUL */

struct exchange;
struct web_reply;
/* Make `reply` a 101 with exchange->accept set, or an error. */
void handshake_answer(struct exchange *exchange, struct web_reply *reply);
/* The Sec-WebSocket-Accept of a key. */
void handshake_accept(const char *key, char *out);

/* -- peer.c: one socket: its frames, its queue, its clocks. No threads, no list. -- */

/* A frame as it goes out, shared by everybody whom it goes to. */
struct packet;
/* NULL without memory. The caller owns one use of it. */
struct packet *packet_new(int opcode, const void *bytes, size_t length);
void packet_drop(struct packet *packet);

struct peer;
/* NULL without memory. `early` came with the handshake. The descriptor stays the caller's. */
struct peer *peer_new(const struct web_socket *socket, int fd, const void *early, size_t length,
		      int64_t now_ns);
void peer_free(struct peer *peer);
const struct web_socket *peer_socket(const struct peer *peer);
/* Adds a use. */
void peer_queue(struct peer *peer, struct packet *packet);
/* Take what has come, and what time asks for; send what can be sent. */
void peer_serve(struct peer *peer, int64_t now_ns);
/* Say goodbye; what was queued is forgotten. */
void peer_close(struct peer *peer, unsigned code, int64_t now_ns);
/* It is over: nothing more will be sent or taken. */
bool peer_is_done(const struct peer *peer);
/* Something waits for the socket to become writable. */
bool peer_is_blocked(const struct peer *peer);
/* How often its clocks want to be looked at. */
int64_t peer_tick_ns(const struct peer *peer);

/* -- hub.c: all sockets of a server, and the thread that serves them -- */

struct hub;
/* `arg` is for greet(). */
struct hub *hub_new(void *arg);
unsigned hub_count(struct hub *hub, const struct web_socket *socket);
/* Is there no room for one more? */
bool hub_is_full(struct hub *hub, const struct web_socket *socket);
/* False when it is not taken: the caller closes it. */
bool hub_add(struct hub *hub, const struct web_socket *socket, int fd,
	     struct MHD_UpgradeResponseHandle *handle, const void *early, size_t length);
void hub_publish(struct hub *hub, const struct web_socket *socket, const char *text, size_t length);
/* Close everything with 1001, at once; from now on hub_add() takes nothing. */
void hub_stop(struct hub *hub);
void hub_free(struct hub *hub);

#endif
