/*
 * What a handler sees of a request, and the answer it fills.
 *
 * Both live until the handler returns. JSON is written straight into the body:
 * web_quote() for text, the rest is fixed. Numbers never pass through the
 * locale.
 */
#ifndef PERFGATE_WEB_REPLY_H
#define PERFGATE_WEB_REPLY_H

#include "perfgate/base/strbuf.h"

#include <stdint.h>

struct web_socket;

struct web_request {
	const char *method;
	const char *path; /* without query */
	int route; /* index in the table, -1 = none */
	const char *id; /* X-Request-ID: the client's when it is [A-Za-z0-9._-]{1,64} */
	const char *body;
	size_t body_length;
	int64_t start_ns; /* clock_now_ns() at the first header */
	int64_t batch_ns; /* that the route's batch handler took before; 0 = it has none */
	void *kept; /* by a batch handler for the handler; freed with free() after the answer */
	const void *connection;
};

/* The request's header, NULL when absent; borrowed. */
const char *web_header(const struct web_request *request, const char *name);

#define WEB_ADDRESS_SIZE 16
/* The client's IP address as 16 bytes, IPv4 mapped into IPv6; zeros when it is not known. */
void web_client_address(const struct web_request *request, unsigned char *out);

#define WEB_REPLY_HEADERS 6
#define WEB_HEADER_VALUE_SIZE 200

struct web_reply {
	int status; /* 200; WEB_LATER from a batch handler */
	const struct web_socket *socket; /* become one: web/socket.h */
	const char *content_type; /* "application/json" */
	struct strbuf body;
	int64_t hold_ns; /* keep the answer back that long; no thread waits for more than 0.2 ms */
	size_t header_count;
	struct {
		const char *name;
		char value[WEB_HEADER_VALUE_SIZE];
	} headers[WEB_REPLY_HEADERS];
};

/* Not answered yet: the route's handler is to do it. */
#define WEB_LATER 0

/* Add a header; `name` is a literal; values that are too long are cut. */
void web_reply_header(struct web_reply *reply, const char *name, const char *format, ...)
	PG_PRINTF(3, 4);

/* Replace the body by {"error": {code, message, timestamp, path}}. */
void web_error(const struct web_request *request, struct web_reply *reply, int status,
	       const char *code, const char *format, ...) PG_PRINTF(5, 6);

/* Append text as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void web_quote(struct strbuf *out, const char *text);

/* Append value/10^digits in plain decimal ("0.0512"), `digits` 0..9. */
void web_put_decimal(struct strbuf *out, int64_t value, int digits);

#endif
