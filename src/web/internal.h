/* Shared by the files of web/ and by nobody else. */
#ifndef PERFGATE_SRC_WEB_INTERNAL_H
#define PERFGATE_SRC_WEB_INTERNAL_H

#include "perfgate/web/server.h"

#include <microhttpd.h>

/* One answer being made; a request of the protocol, from its headers to its last byte. */
struct exchange {
	struct web_server *server;
	struct MHD_Connection *connection;
	struct web_request request;
	struct strbuf body;
	size_t body_seen; /* bytes received, also those that were dropped */
	char id[65];
	bool too_large;
	bool counted; /* the access handler has seen it: it is under way */
	bool close; /* end the connection after this answer */
	struct MHD_Response *response; /* ready, maybe held back */
	unsigned status;
	int64_t due_ns;
};

/* Answers held back: one thread resumes each connection when its time has come. */
struct holder;
struct holder *holder_start(void);
void holder_add(struct holder *holder, struct exchange *exchange);
/* Resume everything at once, now and from now on. */
void holder_flush(struct holder *holder);
void holder_stop(struct holder *holder);

/* Replace `body` by its gzip form when that is smaller; true if so. */
bool gzip_body(struct strbuf *body);
/* Does an Accept-Encoding value allow gzip (q > 0)? */
bool gzip_accepted(const char *accept_encoding);

/* Refuse what the headers alone show to be wrong, with `reply` made; true if so. */
bool check_framing(struct exchange *exchange, bool loopback, bool http_1_0,
		   struct web_reply *reply);
bool check_is_json(const char *content_type);

#endif
