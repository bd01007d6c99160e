#include "socket.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <wslay/wslay.h>

#define PING_NS (20 * NS_PER_S)
#define SILENCE_NS (60 * NS_PER_S)
#define STALL_NS (10 * NS_PER_S)
/* For a goodbye to be answered. */
#define CLOSE_NS (2 * NS_PER_S)
#define TICK_MAX_NS NS_PER_S
#define TICK_MIN_NS (5 * NS_PER_MS)
#define CONTROL_BYTES 125
/* What is dropped at a time from one who was told goodbye and goes on. */
#define DISCARD_BYTES ((size_t)64 << 10)

enum {
	CLOSE_PROTOCOL = 1002,
	CLOSE_NOT_UTF8 = 1007,
	CLOSE_POLICY = 1008,
	CLOSE_TOO_BIG = 1009,
};

struct packet {
	atomic_uint uses;
	size_t length;
	unsigned char bytes[];
};

/* How a UTF-8 sequence may go on: `left` more bytes, the next of them within [low, high]. */
struct utf8 {
	unsigned char left, low, high;
};

struct peer {
	const struct web_socket *socket;
	int fd;
	int64_t now_ns; /* of the call under way */

	/* in */
	wslay_frame_context_ptr frames;
	struct strbuf early;
	size_t early_taken;
	bool got; /* bytes have come since it was cleared */
	bool ended; /* nothing more will come, or can be sent */
	bool in_frame, in_message, is_text;
	uint64_t frame_left, message_bytes;
	struct utf8 utf8;
	unsigned char control[CONTROL_BYTES];
	size_t control_length;
	int64_t second_ns; /* when the count of frames began */
	unsigned frames_in_second;

	/* out: `current` to its end, then `reply`, then the queue */
	struct packet *current, *reply;
	size_t sent;
	struct packet *queue[WEB_SOCKET_QUEUE];
	size_t queued;
	bool blocked;
	bool closing; /* the last frame is `current` or `reply` */
	bool shut; /* it is sent */

	int64_t heard_ns, pinged_ns, taken_ns, closing_ns;
};

struct packet *packet_new(int opcode, const void *bytes, size_t length)
{
	size_t extended = length < 126 ? 0 : length < 65536 ? 2 : 8, header = 2 + extended;
	struct packet *packet = mem_allocate(sizeof *packet + header + length);

	if (!packet)
		return NULL;
	atomic_init(&packet->uses, 1);
	packet->length = header + length;
	packet->bytes[0] = (unsigned char)(0x80 | opcode);
	packet->bytes[1] = (unsigned char)(extended == 0 ? length : extended == 2 ? 126 : 127);
	for (size_t i = 0; i < extended; i++)
		packet->bytes[2 + i] =
			(unsigned char)((uint64_t)length >> (8 * (extended - 1 - i)));
	if (length)
		memcpy(packet->bytes + header, bytes, length);
	return packet;
}

void packet_drop(struct packet *packet)
{
	if (packet && atomic_fetch_sub(&packet->uses, 1) == 1)
		free(packet);
}

static void forget_queue(struct peer *peer)
{
	while (peer->queued)
		packet_drop(peer->queue[--peer->queued]);
}

/* Answers to pings and the like: the latest is enough. */
static void reply_with(struct peer *peer, int opcode, const void *bytes, size_t length)
{
	packet_drop(peer->reply);
	peer->reply = packet_new(opcode, bytes, length);
	if (!peer->reply)
		peer->ended = true;
}

void peer_close(struct peer *peer, unsigned code, int64_t now_ns)
{
	const unsigned char bytes[] = {(unsigned char)(code >> 8), (unsigned char)code};

	if (peer->closing)
		return;
	peer->closing = true;
	peer->closing_ns = now_ns;
	forget_queue(peer);
	reply_with(peer, WSLAY_CONNECTION_CLOSE, bytes, code ? sizeof bytes : 0);
}

static ssize_t take_bytes(uint8_t *out, size_t length, int flags, void *arg)
{
	struct peer *peer = arg;
	size_t early = peer->early.length - peer->early_taken;
	ssize_t n;

	(void)flags;
	if (early) {
		n = (ssize_t)(early < length ? early : length);
		memcpy(out, peer->early.data + peer->early_taken, (size_t)n);
		peer->early_taken += (size_t)n;
	} else {
		n = recv(peer->fd, out, length, MSG_DONTWAIT);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		peer->ended = true;
	if (n <= 0)
		return -1;
	peer->got = true;
	peer->heard_ns = peer->now_ns;
	return n;
}

struct peer *peer_new(const struct web_socket *socket, int fd, const void *early, size_t length,
		      int64_t now_ns)
{
	const struct wslay_frame_callbacks callbacks = {.recv_callback = take_bytes};
	struct peer *peer = mem_allocate(sizeof *peer);

	if (!peer)
		return NULL;
	*peer = (struct peer){.socket = socket,
			      .fd = fd,
			      .now_ns = now_ns,
			      .second_ns = now_ns,
			      .heard_ns = now_ns,
			      .pinged_ns = now_ns};
	if (wslay_frame_context_init(&peer->frames, &callbacks, peer) != 0) {
		free(peer);
		return NULL;
	}
	strbuf_append(&peer->early, early, length);
	return peer;
}

void peer_free(struct peer *peer)
{
	forget_queue(peer);
	packet_drop(peer->current);
	packet_drop(peer->reply);
	strbuf_release(&peer->early);
	wslay_frame_context_free(peer->frames);
	free(peer);
}

const struct web_socket *peer_socket(const struct peer *peer)
{
	return peer->socket;
}

void peer_queue(struct peer *peer, struct packet *packet)
{
	if (peer->closing || peer->ended)
		return;
	if (peer->queued == WEB_SOCKET_QUEUE) {
		packet_drop(peer->queue[0]);
		peer->queued--;
		memmove(peer->queue, peer->queue + 1, peer->queued * sizeof *peer->queue);
	}
	atomic_fetch_add(&packet->uses, 1);
	peer->queue[peer->queued++] = packet;
}

/* -- what comes: 0, or the code to close with -- */

/* One byte further (RFC 3629, section 4); false when no valid text begins like this. */
static bool utf8_goes_on(struct utf8 *utf8, unsigned char byte)
{
	if (utf8->left) {
		bool fits = byte >= utf8->low && byte <= utf8->high;

		*utf8 = (struct utf8){(unsigned char)(utf8->left - 1), 0x80, 0xbf};
		return fits;
	}
	if (byte < 0x80)
		return true;
	if (byte < 0xc2 || byte > 0xf4)
		return false;
	*utf8 = (struct utf8){byte < 0xe0   ? 1
			      : byte < 0xf0 ? 2
					    : 3,
			      byte == 0xe0   ? 0xa0
			      : byte == 0xf0 ? 0x90
					     : 0x80,
			      byte == 0xed   ? 0x9f
			      : byte == 0xf4 ? 0x8f
					     : 0xbf};
	return true;
}

static bool is_too_many(struct peer *peer)
{
	if (peer->now_ns - peer->second_ns >= NS_PER_S) {
		peer->second_ns = peer->now_ns;
		peer->frames_in_second = 0;
	}
	return ++peer->frames_in_second > WEB_SOCKET_FRAMES_PER_S;
}

static unsigned begin_data(struct peer *peer, const struct wslay_frame_iocb *frame)
{
	bool goes_on = frame->opcode == WSLAY_CONTINUATION_FRAME;

	if (goes_on != peer->in_message)
		return CLOSE_PROTOCOL;
	if (!goes_on) {
		peer->in_message = true;
		peer->is_text = frame->opcode == WSLAY_TEXT_FRAME;
		peer->message_bytes = 0;
		peer->utf8 = (struct utf8){0};
	}
	if (frame->payload_length > WEB_SOCKET_MESSAGE_BYTES - peer->message_bytes)
		return CLOSE_TOO_BIG;
	peer->message_bytes += frame->payload_length;
	return 0;
}

static unsigned begin_frame(struct peer *peer, const struct wslay_frame_iocb *frame)
{
	bool control = wslay_is_ctrl_frame(frame->opcode);

	if (!frame->mask || frame->rsv != WSLAY_RSV_NONE ||
	    frame->opcode > (control ? WSLAY_PONG : WSLAY_BINARY_FRAME))
		return CLOSE_PROTOCOL;
	if (is_too_many(peer))
		return CLOSE_POLICY;
	if (!control)
		return begin_data(peer, frame);
	peer->control_length = 0;
	return 0;
}

static unsigned take_payload(struct peer *peer, const struct wslay_frame_iocb *frame)
{
	if (wslay_is_ctrl_frame(frame->opcode)) {
		if (frame->data_length > sizeof peer->control - peer->control_length)
			return CLOSE_PROTOCOL;
		memcpy(peer->control + peer->control_length, frame->data, frame->data_length);
		peer->control_length += frame->data_length;
		return 0;
	}
	for (size_t i = 0; peer->is_text && i < frame->data_length; i++)
		if (!utf8_goes_on(&peer->utf8, frame->data[i]))
			return CLOSE_NOT_UTF8;
	return 0;
}

/* Those that may be sent (RFC 6455, section 7.4, and IANA's registry up to 1014). */
static bool is_close_code(unsigned code)
{
	return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
	       (code >= 3000 && code <= 4999);
}

/* What their goodbye is answered with. */
static unsigned answer_close(const struct peer *peer)
{
	unsigned code = (unsigned)peer->control[0] << 8 | peer->control[1];

	if (peer->control_length == 0)
		return 0;
	if (peer->control_length == 1 || !is_close_code(code))
		return CLOSE_PROTOCOL;
	if (!text_is_utf8((const char *)peer->control + 2, peer->control_length - 2))
		return CLOSE_NOT_UTF8;
	return code;
}

static unsigned end_frame(struct peer *peer, const struct wslay_frame_iocb *frame)
{
	switch (frame->opcode) {
	case WSLAY_CONNECTION_CLOSE: peer_close(peer, answer_close(peer), peer->now_ns); return 0;
	case WSLAY_PING:
		reply_with(peer, WSLAY_PONG, peer->control, peer->control_length);
		return 0;
	case WSLAY_PONG: return 0;
	default: break;
	}
	if (frame->fin && peer->is_text && peer->utf8.left)
		return CLOSE_NOT_UTF8;
	peer->in_message = !frame->fin;
	return 0;
}

/* libwslay hands frames over in pieces, each with the frame's header. */
static unsigned take_piece(struct peer *peer, const struct wslay_frame_iocb *frame)
{
	unsigned code = 0;

	if (!peer->in_frame) {
		peer->frame_left = frame->payload_length;
		code = begin_frame(peer, frame);
	}
	if (!code)
		code = take_payload(peer, frame);
	peer->frame_left -= frame->data_length;
	peer->in_frame = peer->frame_left > 0;
	if (!code && !peer->in_frame)
		code = end_frame(peer, frame);
	return code;
}

/* After our goodbye only theirs counts, which is the end of the stream. */
static void discard(struct peer *peer)
{
	unsigned char bytes[4096];
	ssize_t n = 1;

	for (size_t taken = 0; n > 0 && taken < DISCARD_BYTES; taken += sizeof bytes)
		n = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		peer->ended = true;
}

static void receive(struct peer *peer)
{
	ssize_t n;

	do {
		struct wslay_frame_iocb frame = {0};
		unsigned code = 0;

		peer->got = false;
		n = wslay_frame_recv(peer->frames, &frame);
		if (n >= 0)
			code = take_piece(peer, &frame);
		else if (n != WSLAY_ERR_WANT_READ)
			code = CLOSE_PROTOCOL;
		if (code)
			peer_close(peer, code, peer->now_ns);
	} while ((n >= 0 || peer->got) && !peer->ended && !peer->closing);
}

/* -- what goes -- */

static struct packet *next_packet(struct peer *peer)
{
	struct packet *packet;

	if (peer->reply)
		return TAKE(peer->reply);
	if (!peer->queued)
		return NULL;
	packet = peer->queue[0];
	peer->queued--;
	memmove(peer->queue, peer->queue + 1, peer->queued * sizeof *peer->queue);
	return packet;
}

/* False when there is nothing left, or no room for it. */
static bool send_some(struct peer *peer)
{
	ssize_t n;

	if (!peer->current) {
		peer->current = next_packet(peer);
		peer->sent = 0;
		peer->taken_ns = peer->now_ns;
	}
	if (!peer->current)
		return false;
	n = send(peer->fd, peer->current->bytes + peer->sent, peer->current->length - peer->sent,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0) {
		peer->blocked = errno == EAGAIN || errno == EINTR;
		peer->ended |= !peer->blocked;
		return false;
	}
	peer->sent += (size_t)n;
	peer->taken_ns = peer->now_ns;
	if (peer->sent == peer->current->length)
		packet_drop(TAKE(peer->current));
	return true;
}

static void transmit(struct peer *peer)
{
	peer->blocked = false;
	while (!peer->ended && send_some(peer))
		;
	if (peer->closing && !peer->current && !peer->reply && !peer->shut) {
		shutdown(peer->fd, SHUT_WR);
		peer->shut = true;
	}
}

/* -- time -- */

static int64_t or_default(int64_t value, int64_t fallback)
{
	return value ? value : fallback;
}

static void look_at_clock(struct peer *peer)
{
	const struct web_socket *socket = peer->socket;
	int64_t now_ns = peer->now_ns;

	if (peer->closing) {
		peer->ended |= now_ns - peer->closing_ns >= CLOSE_NS;
		return;
	}
	if (now_ns - peer->heard_ns >= or_default(socket->silence_ns, SILENCE_NS) ||
	    (peer->current && now_ns - peer->taken_ns >= or_default(socket->stall_ns, STALL_NS))) {
		peer->ended = true;
		return;
	}
	if (now_ns - peer->pinged_ns >= or_default(socket->ping_ns, PING_NS)) {
		peer->pinged_ns = now_ns;
		if (!peer->reply)
			reply_with(peer, WSLAY_PING, NULL, 0);
	}
}

void peer_serve(struct peer *peer, int64_t now_ns)
{
	peer->now_ns = now_ns;
	if (peer->closing)
		discard(peer);
	else
		receive(peer);
	look_at_clock(peer);
	if (!peer->ended)
		transmit(peer);
}

bool peer_is_done(const struct peer *peer)
{
	return peer->ended;
}

bool peer_is_blocked(const struct peer *peer)
{
	return peer->blocked;
}

int64_t peer_tick_ns(const struct peer *peer)
{
	const int64_t limits[] = {or_default(peer->socket->ping_ns, PING_NS),
				  or_default(peer->socket->silence_ns, SILENCE_NS),
				  or_default(peer->socket->stall_ns, STALL_NS)};
	int64_t tick_ns = TICK_MAX_NS;

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i] / 4 < tick_ns)
			tick_ns = limits[i] / 4;
	return tick_ns > TICK_MIN_NS ? tick_ns : TICK_MIN_NS;
}
