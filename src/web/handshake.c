#include "internal.h"

#include "perfgate/base/text.h"

#include <string.h>
#include <strings.h>

#define VERSION "13"
#define KEY_LENGTH 24 /* base64 of 16 bytes */
/* RFC 6455, section 1.3. */
#define SUFFIX "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* The header lines that decide; each value is the last one. */
struct offer {
	const char *key, *version, *origin;
	int keys, versions, origins;
	bool upgrade, connection;
};

/* Does a list such as "keep-alive, Upgrade" name the token? */
static bool names(const char *list, const char *token)
{
	size_t length = strlen(token), span;

	for (; *list; list += span) {
		list += strspn(list, ", \t");
		span = strcspn(list, ", \t");
		if (span == length && strncasecmp(list, token, length) == 0)
			return true;
	}
	return false;
}

static enum MHD_Result note(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct offer *offer = arg;

	(void)kind;
	if (!value)
		return MHD_YES;
	if (strcasecmp(name, "Upgrade") == 0) {
		offer->upgrade |= names(value, "websocket");
	} else if (strcasecmp(name, "Connection") == 0) {
		offer->connection |= names(value, "upgrade");
	} else if (strcasecmp(name, "Sec-WebSocket-Key") == 0) {
		offer->key = value;
		offer->keys++;
	} else if (strcasecmp(name, "Sec-WebSocket-Version") == 0) {
		offer->version = value;
		offer->versions++;
	} else if (strcasecmp(name, "Origin") == 0) {
		offer->origin = value;
		offer->origins++;
	}
	return MHD_YES;
}

static bool is_key(const char *key)
{
	return strlen(key) == KEY_LENGTH && strcmp(key + KEY_LENGTH - 2, "==") == 0 &&
	       strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") ==
		       KEY_LENGTH - 2;
}

/* Browsers always send it, so that a page of another site can be told; others send none. */
static bool is_own_origin(const struct offer *offer, const char *host)
{
	const char *origin = offer->origin;

	if (!offer->origins)
		return true;
	if (offer->origins > 1 || !host)
		return false;
	/* Whoever stands in front of us may speak https. */
	if (strncasecmp(origin, "http://", 7) == 0)
		return strcasecmp(origin + 7, host) == 0;
	return strncasecmp(origin, "https://", 8) == 0 && strcasecmp(origin + 8, host) == 0;
}

static void ask_for_upgrade(const struct exchange *exchange, struct web_reply *reply)
{
	web_error(&exchange->request, reply, 426, "upgrade_required",
		  "this is a WebSocket of version " VERSION);
	web_reply_header(reply, "Upgrade", "websocket");
	web_reply_header(reply, "Sec-WebSocket-Version", VERSION);
}

void handshake_accept(const char *key, char *out)
{
	AUTO(strbuf) struct strbuf text = {0}, base64 = {0};
	unsigned char digest[SHA1_BYTES];

	strbuf_puts(&text, key);
	strbuf_puts(&text, SUFFIX);
	sha1(text.data, text.length, digest);
	text_base64(digest, sizeof digest, &base64);
	memcpy(out, strbuf_text(&base64), ACCEPT_SIZE);
}

void handshake_answer(struct exchange *exchange, struct web_reply *reply)
{
	const struct web_request *request = &exchange->request;
	struct offer offer = {0};

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, note, &offer);
	if (strcmp(request->method, "GET") != 0 || exchange->http_1_0 || !offer.upgrade ||
	    !offer.connection || offer.versions != 1 || strcmp(offer.version, VERSION) != 0) {
		ask_for_upgrade(exchange, reply);
	} else if (offer.keys != 1 || !is_key(offer.key)) {
		web_error(request, reply, 400, "bad_websocket_key",
			  "Sec-WebSocket-Key must be there once, with 16 bytes in base64");
	} else if (!is_own_origin(&offer, exchange->headers.host)) {
		web_error(request, reply, 403, "bad_origin", "Origin names another site");
	} else {
		handshake_accept(offer.key, exchange->accept);
		reply->status = 101;
	}
}
