/*
 * A mail as bytes: RFC 5322 header, multipart/alternative with text and HTML (RFC 2046), both
 * in UTF-8 as base64, so that no line is long, none begins with a dot and no byte has eight
 * bits. Header values lose control characters, and what is not ASCII becomes encoded words
 * (RFC 2047): no value can begin another header.
 */
#ifndef PERFGATE_NOTIFY_MIME_H
#define PERFGATE_NOTIFY_MIME_H

#include "perfgate/base/strbuf.h"

#include <stdint.h>

struct mime_mail {
	const char *from; /* addresses, checked by check_email() */
	const char *const *to; /* NULL-terminated */
	const char *subject; /* UTF-8 */
	int64_t wall_ns; /* Date */
	const char *id; /* left part of Message-ID: letters, digits, dots */
	const char *text, *html;
};

/* Append the whole mail, lines end with CR LF. */
void mime_build(const struct mime_mail *mail, struct strbuf *out);

#endif
