/*
 * The cookies of one user (RFC 6265, as far as one host needs it).
 *
 * Kept: name, value, Path (by default that of the request), Max-Age, Expires,
 * Secure. Cookies for another Domain are refused; all others go back to the
 * host that set them and nowhere else, whatever Domain says. Secure ones are
 * sent over https, and to loopback and Unix sockets, as browsers do. HttpOnly
 * and SameSite mean nothing here.
 *
 * A jar has one set of cookies per on_start: task and one for tasks without
 * any, so that the logins of a capacity phase do not overwrite each other.
 * Where a jar is full its oldest cookie goes. Not thread-safe.
 */
#ifndef PERFGATE_LOAD_COOKIES_H
#define PERFGATE_LOAD_COOKIES_H

#include "perfgate/base/strbuf.h"
#include "perfgate/load/http1.h"

#define COOKIES_MAX 50 /* of a user */
#define COOKIE_MAX_BYTES ((size_t)4096) /* name, value and path; longer ones are ignored */
#define COOKIES_MAX_BYTES ((size_t)16 << 10) /* of a user */

/* Who is asked: borrowed. */
struct cookie_origin {
	const char *host; /* with or without :port */
	bool secure; /* see above */
};
bool cookies_is_secure(const char *host, bool tls, bool unix_socket);

struct cookies;
struct cookies *cookies_new(void);
void cookies_free(struct cookies *cookies);

/* A request for `target` ("/path?query") of this set begins; what follows is about it. */
void cookies_begin(struct cookies *cookies, unsigned set, const char *target, size_t length);

/* Append "Cookie: a=1; b=2\r\n", longest path first; nothing when none fits. */
void cookies_write(struct cookies *cookies, int64_t now_ns, struct strbuf *out);

/*
 * Every Set-Cookie of its answer, whatever the status. `now_ns` is clock_now_ns(), `wall_ns`
 * the wall clock at the same time: dates are mapped once, so that a clock that is set later
 * changes nothing.
 */
void cookies_take(struct cookies *cookies, const struct cookie_origin *origin,
		  const struct http1_head *head, int64_t now_ns, int64_t wall_ns);

/* A date as cookies have it (RFC 6265, section 5.1.1): seconds since the epoch; -1: none. */
PG_MUST_CHECK int cookies_parse_date(const char *text, size_t length, int64_t *out_s);

#endif
