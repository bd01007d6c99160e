/*
 * Answers through libcurl are read by http1.c as in the native transport, from
 * header lines and undecoded bodies, because libcurl accepts answers that are
 * no success here. HTTP/2 arrives as HTTP/1 lines, so it takes the same way.
 */
#include "transport_curl.h"

#include "perfgate/base/clock.h"

#include <string.h>

/* CURLE_TOO_LARGE, from libcurl 8.6 on. */
#define TOO_LARGE ((CURLcode)100)

static void on_answer_head(const struct http1_head *head, void *arg)
{
	struct channel *channel = arg;
	struct transport_client *client = &channel->owner->base.client;
	client->head(channel->exchange, head, client->arg);
}

static void on_answer_body(const char *bytes, size_t length, void *arg)
{
	struct channel *channel = arg;
	struct transport_client *client = &channel->owner->base.client;
	client->body(channel->exchange, bytes, length, client->arg);
}

static void feed(struct channel *channel, const char *bytes, size_t length)
{
	const struct http1_sink sink = {on_answer_head, on_answer_body, channel,
					&channel->owner->memo};
	if (channel->progress != HTTP1_MORE) {
		channel->clean = false;
		return;
	}
	if (http1_feed(&channel->exchange->response, bytes, length, &sink, &channel->progress) <
	    length)
		channel->clean = false;
	if (channel->progress == HTTP1_DONE)
		channel->end_ns = clock_now_ns();
}

static void feed_head(struct channel *channel)
{
	feed(channel, strbuf_text(&channel->head), channel->head.length);
	strbuf_clear(&channel->head);
}

/* One line, status lines and the empty one included; also those of trailers. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	static const char http2[] = "HTTP/2 ", http1[] = "HTTP/1.1 ";
	struct channel *channel = arg;
	size_t length = size * count;
	channel->exchange->bytes_received += length;
	if (channel->exchange->response.status != 0)
		return length;
	const char *rest = line;
	size_t rest_length = length;
	if (channel->owner->target->tls && channel->head.length == 0 && length > strlen(http2) &&
	    memcmp(line, http2, strlen(http2)) == 0) {
		strbuf_append(&channel->head, http1, strlen(http1));
		rest += strlen(http2);
		rest_length -= strlen(http2);
	}
	strbuf_append(&channel->head, rest, rest_length);
	bool empty = length <= 2 && (line[0] == '\r' || line[0] == '\n');
	if (empty || channel->head.length > HTTP1_HEAD_MAX)
		feed_head(channel);
	return channel->progress == HTTP1_FAILED ? 0 : length;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
	struct channel *channel = arg;
	size_t length = size * count;
	channel->exchange->bytes_received += length;
	feed(channel, bytes, length);
	return channel->progress == HTTP1_FAILED ? 0 : length;
}

void channel_set_sinks(struct channel *channel)
{
	CURL *easy = channel->easy;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, channel->error);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, channel);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, channel);
}

/* ---- how it ended ---- */

struct failure {
	CURLcode code;
	enum request_class outcome;
	const char *words; /* when libcurl's contain this; NULL: always */
	const char *why; /* NULL: in libcurl's words */
};

static const struct failure failures[] = {
	{CURLE_OPERATION_TIMEDOUT, CLASS_TIMEOUT, NULL, "connecting took too long"},
	{CURLE_URL_MALFORMAT, CLASS_MALFORMED, NULL, "the path of the request fits no URL"},
	{CURLE_COULDNT_RESOLVE_HOST, CLASS_DNS, NULL, NULL},
	{CURLE_COULDNT_RESOLVE_PROXY, CLASS_DNS, NULL, NULL},
	{CURLE_PROXY, CLASS_CONNECT_REFUSED, NULL, NULL},
	{CURLE_UNSUPPORTED_PROTOCOL, CLASS_MALFORMED, "response code",
	 "the status is not in 100..599"},
	{CURLE_UNSUPPORTED_PROTOCOL, CLASS_MALFORMED, NULL,
	 "no HTTP/1.x status line; is this an HTTP server?"},
	{CURLE_WEIRD_SERVER_REPLY, CLASS_MALFORMED, "Nul byte", "a control character in the head"},
	{CURLE_WEIRD_SERVER_REPLY, CLASS_MALFORMED, "Content-Length",
	 "Content-Length is not a number in range"},
	{CURLE_WEIRD_SERVER_REPLY, CLASS_MALFORMED, NULL, NULL},
	{CURLE_BAD_CONTENT_ENCODING, CLASS_MALFORMED, NULL, "a transfer coding other than chunked"},
	{CURLE_FILESIZE_EXCEEDED, CLASS_MALFORMED, NULL, "a body of more than 64 MiB"},
	{TOO_LARGE, CLASS_HEADER_TOO_LARGE, NULL, "a head of more than 64 KiB"},
	{CURLE_OUT_OF_MEMORY, CLASS_HEADER_TOO_LARGE, NULL, "a head of more than 64 KiB"},
	{CURLE_RECV_ERROR, CLASS_HEADER_TOO_LARGE, "Too large response headers",
	 "a head of more than 64 KiB"},
	{CURLE_RECV_ERROR, CLASS_MALFORMED, "chunk",
	 "a chunk size that is not a hexadecimal number"},
	{CURLE_HTTP2, CLASS_MALFORMED, NULL, NULL},
	{CURLE_SSL_CONNECT_ERROR, CLASS_TLS, NULL, NULL},
	{CURLE_PEER_FAILED_VERIFICATION, CLASS_TLS, NULL, NULL},
	{CURLE_SSL_CERTPROBLEM, CLASS_TLS, NULL, NULL},
	{CURLE_SSL_CIPHER, CLASS_TLS, NULL, NULL},
	{CURLE_SSL_CACERT_BADFILE, CLASS_TLS, NULL, NULL},
	{CURLE_SSL_CLIENTCERT, CLASS_TLS, NULL, NULL},
	{CURLE_SSL_INVALIDCERTSTATUS, CLASS_TLS, NULL, NULL},
};

static void end_by_stream(struct channel *channel, bool orderly, struct exchange_end *end)
{
	struct http1_response *response = &channel->exchange->response;
	end->outcome = http1_end_of_stream(response);
	end->why = response->why;
	/* TLS tells an answer that was cut from one that ends with the connection. */
	if (end->outcome == CLASS_OK && !orderly) {
		end->outcome = CLASS_PARTIAL;
		end->why = "closed within the body";
	}
}

static void end_by_connect(struct channel *channel, struct exchange_end *end)
{
	long number = 0;
	curl_easy_getinfo(channel->easy, CURLINFO_OS_ERRNO, &number);
	if (number == 0) {
		end->outcome = CLASS_CONNECT_REFUSED;
		end->why = channel->error;
		return;
	}
	end->outcome = transport_class_of_errno((int)number);
	if (transport_is_own_shortage((int)number))
		channel->own_errno = (int)number;
}

static void end_by_failure(struct channel *channel, CURLcode code, struct exchange_end *end)
{
	/* Within a head that is libcurl's limit of a line, anywhere else ours of memory. */
	if (code == CURLE_OUT_OF_MEMORY && channel->exchange->response.status != 0)
		error_out_of_memory();
	end->outcome = CLASS_RESET;
	end->why = channel->error[0] ? channel->error : curl_easy_strerror(code);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		const struct failure *failure = &failures[i];
		if (failure->code != code ||
		    (failure->words && !strstr(channel->error, failure->words)))
			continue;
		end->outcome = failure->outcome;
		if (failure->why)
			end->why = failure->why;
		return;
	}
}

void channel_judge(struct channel *channel, CURLcode code, struct exchange_end *end)
{
	struct http1_response *response = &channel->exchange->response;
	if (channel->head.length > 0)
		feed_head(channel);
	if (channel->progress == HTTP1_FAILED) {
		end->outcome = response->failure;
		end->why = response->why;
	} else if (channel->progress == HTTP1_DONE) {
		end->outcome = CLASS_OK;
		end->at_ns = channel->end_ns;
	} else if (code == CURLE_OK || code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE) {
		end_by_stream(channel, true, end);
	} else if (code == CURLE_RECV_ERROR && strstr(channel->error, "unexpected eof")) {
		end_by_stream(channel, false, end);
	} else if (code == CURLE_COULDNT_CONNECT) {
		end_by_connect(channel, end);
	} else {
		end_by_failure(channel, code, end);
	}
	end->status = response->status;
	if (channel->own_errno && end->outcome != CLASS_OK) {
		end->outcome = CLASS_CANCELLED;
		end->own_errno = channel->own_errno;
	}
}
