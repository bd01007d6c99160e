/*
 * HTTP/1.x responses, parsed as the bytes arrive (RFC 9110, RFC 9112).
 *
 * Strict on purpose: what a proxy in production might refuse or read in two
 * ways is no success here. Refused: bare LF or CR, control characters, folded
 * headers, two different Content-Length, Content-Length with Transfer-Encoding,
 * any transfer coding but chunked, a status outside 100..599, 101, more than
 * HTTP1_INTERIM_MAX interim responses. Trailers are skipped.
 *
 * A head that arrives whole is parsed where it lies; only a split one is
 * kept, so that an idle response costs the size of its struct. A server that
 * says the same again, byte for byte, is not parsed again (struct http1_memo).
 */
#ifndef PERFGATE_LOAD_HTTP1_H
#define PERFGATE_LOAD_HTTP1_H

#include "perfgate/results/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP1_HEAD_MAX ((size_t)64 << 10) /* one head, and all trailers */
#define HTTP1_BODY_MAX ((uint64_t)64 << 20)
#define HTTP1_INTERIM_MAX 16
#define HTTP1_SERVER_TIMING_MAX 4
#define HTTP1_MEMO_BYTES 1024

enum http1_progress { HTTP1_MORE, HTTP1_DONE, HTTP1_FAILED };

struct http1_field {
	const char *text; /* not terminated; without surrounding white space */
	size_t length;
};

/* A final head; the fields are valid during the call only. */
struct http1_head {
	int status;
	struct http1_field server_timing[HTTP1_SERVER_TIMING_MAX];
	size_t n_server_timing;
	struct http1_field x_cache; /* NULL text: none */
	struct http1_field lines; /* all of them: "Name: value\r\n"… */
};

/* The first header of this name, in whatever case; false when there is none. */
bool http1_find_header(const struct http1_head *head, const char *name, struct http1_field *out);

/* What the framing headers of one head said. */
struct http1_framing {
	uint64_t length;
	bool has_length, chunked, close, keep_alive, minor_version_0;
};

/*
 * The last head that was parsed without a complaint, and what it says. Zeroed at
 * first; for one thread, any number of responses.
 */
struct http1_memo {
	size_t length; /* 0: nothing yet */
	struct http1_head head; /* its fields point into `text` */
	struct http1_framing framing;
	char text[HTTP1_MEMO_BYTES];
};

/* Who wants to know. Both are called between the first and the last http1_feed(). */
struct http1_sink {
	void (*head)(const struct http1_head *head, void *arg);
	void (*body)(const char *bytes, size_t length, void *arg);
	void *arg;
	struct http1_memo *memo; /* NULL: every head is parsed */
};

struct http1_response {
	uint64_t left; /* of the body, the chunk, or the allowance for chunk lines */
	uint64_t body_bytes; /* decoded */
	char *pending; /* beginning of a split head */
	uint32_t pending_length, pending_capacity;
	const char *why; /* static text: what is wrong */
	uint16_t status; /* 0 until the final head is complete */
	uint8_t stage, interim, digits;
	bool answers_head; /* the request was HEAD: no body */
	bool keep_alive; /* after HTTP1_DONE: the connection may be used again */
	bool started; /* at least one byte came */
	enum request_class failure; /* after HTTP1_FAILED */
};

/* For a new exchange; keeps nothing. `response` was zeroed or released before. */
void http1_begin(struct http1_response *response, bool answers_head);
void http1_release(struct http1_response *response);

/*
 * Take bytes; returns how many belong to this response (all of them unless
 * *out_progress is HTTP1_DONE or HTTP1_FAILED).
 */
size_t http1_feed(struct http1_response *response, const char *bytes, size_t length,
		  const struct http1_sink *sink, enum http1_progress *out_progress);

/*
 * The peer closed its side: CLASS_OK when that is how the body ends, else
 * empty_reply, partial or malformed (within the head), with `why`.
 */
enum request_class http1_end_of_stream(struct http1_response *response);

#endif
