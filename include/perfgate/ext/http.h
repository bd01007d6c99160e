/*
 * One HTTP request through libcurl, and URL parsing.
 *
 * For readiness probes, GitHub, Slack and the like, not for load. http and
 * https only, no redirects, no netrc, no signals; proxy variables are
 * honoured except for loopback hosts. The time limit covers everything. Messages name
 * scheme, host and port of a URL only (or the socket): user info and paths may be secret.
 * TLS 1.2 at least; certificates are verified against the system's authorities, or those that
 * SSL_CERT_FILE and SSL_CERT_DIR name.
 *
 * Thread-safe; nothing is kept between requests.
 */
#ifndef PERFGATE_EXT_HTTP_H
#define PERFGATE_EXT_HTTP_H

#include "perfgate/base/strbuf.h"

#include <stdint.h>

struct exthttp_request {
	const char *url;
	const char *method; /* NULL = GET, or POST when there is a body */
	const char *const *headers; /* "Name: value", NULL-terminated; NULL = none */
	const char *body; /* NULL = none */
	size_t body_bytes;
	int64_t timeout_ns; /* in all; 0 = 30 s */
	size_t limit_bytes; /* of the answer's body; 0 = 1 MiB */
	bool insecure; /* accept any certificate */
	const char *unix_socket; /* path to connect to instead of host and port, or NULL */
	bool *out_untrusted; /* set to true when a certificate was not accepted; NULL = not asked */
};

struct exthttp_response {
	int status; /* 100..999 */
	int64_t retry_after_s; /* Retry-After, a date too; 0 = none or senseless */
	struct strbuf headers; /* as received, lines end with CR LF */
	struct strbuf body;
};

/*
 * Any complete answer is a success, whatever its status. ERROR_USAGE for a URL that cannot
 * be used, else ERROR_UNMEASURED. Release the response.
 */
PG_MUST_CHECK int exthttp_send(const struct exthttp_request *request, struct exthttp_response *out,
			       struct error *err);
void exthttp_response_release(struct exthttp_response *response);
DEFINE_AUTO_VALUE(exthttp_response, struct exthttp_response, exthttp_response_release)

/* Value of the last header `name` (any case), without blanks around it; heap, or NULL. */
char *exthttp_header(const struct exthttp_response *response, const char *name);

/* A URL in parts; heap strings, NULL when absent. */
struct exthttp_url {
	char *scheme; /* lower case */
	char *user, *password; /* percent-decoded */
	char *host; /* IPv6 literals without [] and zone */
	char *zone; /* IPv6 zone id */
	uint16_t port; /* as given, else the scheme's */
	char *path; /* begins with '/'; percent-encoded, dots removed */
	char *query, *fragment;
};

/*
 * Parse and check: scheme http or https given, a host, port 1..65535, at most
 * 2048 bytes of printable ASCII without blanks and backslashes, one '@' at most.
 * ERROR_USAGE; the message says what is wrong but not the URL.
 */
PG_MUST_CHECK int exthttp_parse_url(const char *text, struct exthttp_url *out, struct error *err);
void exthttp_url_release(struct exthttp_url *url);
DEFINE_AUTO_VALUE(exthttp_url, struct exthttp_url, exthttp_url_release)

#endif
