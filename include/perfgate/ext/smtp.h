/*
 * One mail through libcurl: SMTP with STARTTLS, or SMTPS.
 *
 * With credentials in the URL nothing is sent unless the connection is encrypted and the
 * server's certificate is accepted; without any, encryption is used where it is offered. Messages
 * name scheme, host and port of the URL only, and the number of a server's reply, never its
 * text: a reply may repeat what it was sent.
 *
 * Thread-safe; nothing is kept between mails.
 */
#ifndef PERFGATE_EXT_SMTP_H
#define PERFGATE_EXT_SMTP_H

#include "perfgate/base/strbuf.h"

#include <stdint.h>

/* "smtp://user:password@host:587?from=ci@example.com" in parts; heap strings. */
struct extsmtp_server {
	char *url; /* secret: what libcurl gets */
	char *origin; /* scheme://host:port, fit to be shown */
	char *host;
	char *user; /* decoded; NULL = none */
	char *from; /* of the query; NULL = none */
};

/* ERROR_USAGE; the message does not hold the URL. The password is registered with the log. */
PG_MUST_CHECK int extsmtp_parse(const char *url, struct extsmtp_server *out, struct error *err);
void extsmtp_server_release(struct extsmtp_server *server);
DEFINE_AUTO_VALUE(extsmtp_server, struct extsmtp_server, extsmtp_server_release)

struct extsmtp_mail {
	const struct extsmtp_server *server;
	const char *from;
	const char *const *recipients; /* NULL-terminated; addresses without <> */
	const char *message; /* RFC 5322: header and body, lines end with CR LF */
	size_t message_bytes;
	int64_t timeout_ns; /* in all */
};

struct extsmtp_outcome {
	bool may_help_again; /* it failed, and another try may do better */
	size_t n_refused; /* recipients that the server did not take, the others got it */
	struct strbuf refused; /* "a@b.c (550), d@e.f (451)" */
};

/*
 * ERROR_DELIVERY when nobody got it; refused recipients beside accepted ones are no error.
 * *out is filled in any case; release it.
 */
PG_MUST_CHECK int extsmtp_send(const struct extsmtp_mail *mail, struct extsmtp_outcome *out,
			       struct error *err);
void extsmtp_outcome_release(struct extsmtp_outcome *outcome);
DEFINE_AUTO_VALUE(extsmtp_outcome, struct extsmtp_outcome, extsmtp_outcome_release)

#endif
