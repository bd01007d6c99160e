/* One user's cookies: what is kept, what is sent where, what is refused and bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/load/cookies.h"

#include <stdio.h>
#include <string.h>

#define NOW_NS (INT64_C(5000) * NS_PER_S)
/* 2024-05-01T00:00:00Z */
#define WALL_NS (INT64_C(1714521600) * NS_PER_S)

static const struct cookie_origin plain = {.host = "api.example.org:8080", .secure = false};
static const struct cookie_origin secure = {.host = "api.example.org", .secure = true};

/* An answer with these header lines to a request for `target`. */
static void answer(struct cookies *cookies, const struct cookie_origin *origin, const char *target,
		   const char *lines)
{
	const struct http1_head head = {.status = 200, .lines = {lines, strlen(lines)}};
	cookies_begin(cookies, 0, target, strlen(target));
	cookies_take(cookies, origin, &head, NOW_NS, WALL_NS);
}

static void assert_sent_of(struct cookies *cookies, unsigned set, const char *target,
			   int64_t after_s, const char *wanted)
{
	AUTO(strbuf) struct strbuf line = {0};
	cookies_begin(cookies, set, target, strlen(target));
	cookies_write(cookies, NOW_NS + after_s * NS_PER_S, &line);
	assert_string_equal(strbuf_text(&line), wanted);
}

static void cookies_are_kept_and_sent(void **state)
{
	static const struct {
		const char *name;
		const struct cookie_origin *origin;
		const char *set_for, *lines, *target, *wanted;
	} rows[] = {
		{"a pair", &plain, "/", "Set-Cookie: a=1\r\n", "/x?y=1", "Cookie: a=1\r\n"},
		{"in any case, with blanks and other headers", &plain, "/",
		 "Server: x\r\nset-cookie:  a = 1 ;HttpOnly; SameSite=Lax\r\nX: y\r\n", "/",
		 "Cookie: a=1\r\n"},
		{"several", &plain, "/", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n", "/",
		 "Cookie: a=1; b=2\r\n"},
		{"the later one of a name", &plain, "/", "Set-Cookie: a=1\r\nSet-Cookie: a=2\r\n",
		 "/", "Cookie: a=2\r\n"},
		{"names differ by case", &plain, "/", "Set-Cookie: a=1\r\nSet-Cookie: A=2\r\n", "/",
		 "Cookie: a=1; A=2\r\n"},
		{"values as they are", &plain, "/", "Set-Cookie: a=\"x y\"=/+%20\r\n", "/",
		 "Cookie: a=\"x y\"=/+%20\r\n"},
		{"an empty value", &plain, "/", "Set-Cookie: a=\r\n", "/", "Cookie: a=\r\n"},
		{"no name", &plain, "/", "Set-Cookie: =1\r\nSet-Cookie: x\r\nSet-Cookie:\r\n", "/",
		 ""},
		{"the folder of the request", &plain, "/a/b?c=/d", "Set-Cookie: a=1\r\n", "/a/x",
		 "Cookie: a=1\r\n"},
		{"not above it", &plain, "/a/b", "Set-Cookie: a=1\r\n", "/", ""},
		{"Path", &plain, "/login", "Set-Cookie: a=1; Path=/api\r\n", "/api/x",
		 "Cookie: a=1\r\n"},
		{"Path, exactly", &plain, "/login", "Set-Cookie: a=1; path=/api\r\n", "/api",
		 "Cookie: a=1\r\n"},
		{"Path is no prefix of words", &plain, "/", "Set-Cookie: a=1; Path=/api\r\n",
		 "/apis", ""},
		{"a Path that is none", &plain, "/a/b", "Set-Cookie: a=1; Path=x\r\n", "/a/c",
		 "Cookie: a=1\r\n"},
		{"longest path first", &plain, "/",
		 "Set-Cookie: a=1; Path=/\r\nSet-Cookie: a=2; Path=/x/y\r\nSet-Cookie: b=3; "
		 "Path=/x\r\n",
		 "/x/y/z", "Cookie: a=2; b=3; a=1\r\n"},
		{"our Domain and those above", &plain, "/",
		 "Set-Cookie: a=1; Domain=example.org\r\nSet-Cookie: b=2; "
		 "domain=.API.example.org\r\nSet-Cookie: c=3; Domain=\r\n",
		 "/", "Cookie: a=1; b=2; c=3\r\n"},
		{"another Domain", &plain, "/",
		 "Set-Cookie: a=1; Domain=example.com\r\nSet-Cookie: b=2; "
		 "Domain=x.api.example.org\r\nSet-Cookie: c=3; Domain=i.example.org\r\n",
		 "/", ""},
		{"Secure over TLS", &secure, "/", "Set-Cookie: a=1; Secure\r\n", "/",
		 "Cookie: a=1\r\n"},
		{"Secure in clear", &plain, "/", "Set-Cookie: a=1; Secure\r\n", "/", ""},
		{"Max-Age", &plain, "/", "Set-Cookie: a=1; Max-Age=60\r\n", "/", "Cookie: a=1\r\n"},
		{"Max-Age wins over Expires", &plain, "/",
		 "Set-Cookie: a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n", "/",
		 "Cookie: a=1\r\n"},
		{"a Max-Age that is no number", &plain, "/", "Set-Cookie: a=1; Max-Age=soon\r\n",
		 "/", "Cookie: a=1\r\n"},
		{"deleted by Max-Age=0", &plain, "/",
		 "Set-Cookie: a=1\r\nSet-Cookie: a=; Max-Age=0\r\n", "/", ""},
		{"deleted by a negative Max-Age", &plain, "/",
		 "Set-Cookie: a=1\r\nSet-Cookie: a=; Max-Age=-1\r\n", "/", ""},
		{"deleted by Expires", &plain, "/",
		 "Set-Cookie: a=1\r\nSet-Cookie: a=x; Expires=Thu, 01-Jan-70 00:00:10 GMT\r\n", "/",
		 ""},
		{"only that of its path is deleted", &plain, "/",
		 "Set-Cookie: a=1; Path=/\r\nSet-Cookie: a=; Path=/x; Max-Age=0\r\n", "/x",
		 "Cookie: a=1\r\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cookies *cookies = cookies_new();
		AUTO(strbuf) struct strbuf line = {0};
		answer(cookies, rows[i].origin, rows[i].set_for, rows[i].lines);
		cookies_begin(cookies, 0, rows[i].target, strlen(rows[i].target));
		cookies_write(cookies, NOW_NS, &line);
		if (strcmp(strbuf_text(&line), rows[i].wanted) != 0)
			fail_msg("%s: sent `%s`, not `%s`", rows[i].name, strbuf_text(&line),
				 rows[i].wanted);
		cookies_free(cookies);
	}
}

static void cookies_end_when_they_said(void **state)
{
	struct cookies *cookies = cookies_new();
	(void)state;
	answer(cookies, &plain, "/",
	       "Set-Cookie: a=1; Max-Age=60\r\n"
	       "Set-Cookie: b=2; Expires=Wed, 01 May 2024 00:02:00 GMT\r\n"
	       "Set-Cookie: c=3; Max-Age=999999999999999999\r\n");
	assert_sent_of(cookies, 0, "/", 59, "Cookie: a=1; b=2; c=3\r\n");
	assert_sent_of(cookies, 0, "/", 60, "Cookie: b=2; c=3\r\n");
	assert_sent_of(cookies, 0, "/", 120, "Cookie: c=3\r\n");
	cookies_free(cookies);
}

/* Two logins of a capacity phase. */
static void sets_are_apart(void **state)
{
	static const char lines[] = "Set-Cookie: id=two\r\n";
	const struct http1_head head = {.lines = {lines, strlen(lines)}};
	struct cookies *cookies = cookies_new();
	(void)state;
	answer(cookies, &plain, "/", "Set-Cookie: id=one\r\n");
	cookies_begin(cookies, 1, "/", 1);
	cookies_take(cookies, &plain, &head, NOW_NS, WALL_NS);
	assert_sent_of(cookies, 0, "/", 0, "Cookie: id=one\r\n");
	assert_sent_of(cookies, 1, "/", 0, "Cookie: id=two\r\n");
	assert_sent_of(cookies, 2, "/", 0, "");
	cookies_free(cookies);
}

static void a_full_jar_loses_its_oldest(void **state)
{
	struct cookies *cookies = cookies_new();
	AUTO(strbuf) struct strbuf line = {0};
	char text[64];
	(void)state;
	for (int i = 0; i < COOKIES_MAX + 5; i++) {
		snprintf(text, sizeof text, "Set-Cookie: c%d=%d\r\n", i, i);
		answer(cookies, &plain, "/", text);
		/* Set again, the first stays as old as it is. */
		answer(cookies, &plain, "/", i < 20 ? "Set-Cookie: c0=x\r\n" : "");
	}
	cookies_begin(cookies, 0, "/", 1);
	cookies_write(cookies, NOW_NS, &line);
	assert_null(strstr(strbuf_text(&line), "c4="));
	assert_non_null(strstr(strbuf_text(&line), "Cookie: c5=5; c6=6"));
	assert_non_null(strstr(strbuf_text(&line), "c54=54\r\n"));
	cookies_free(cookies);
}

static void long_cookies_are_bounded(void **state)
{
	struct cookies *cookies = cookies_new();
	AUTO(strbuf) struct strbuf line = {0};
	static char value[COOKIE_MAX_BYTES + 1];
	(void)state;
	memset(value, 'v', sizeof value - 1);
	for (int i = 0; i < 10; i++) {
		AUTO_FREE char *text = xasprintf("Set-Cookie: n%d=%.3000s\r\n", i, value);
		answer(cookies, &plain, "/", text);
	}
	AUTO_FREE char *text = xasprintf("Set-Cookie: longer=%s\r\n", value);
	answer(cookies, &plain, "/", text);
	cookies_begin(cookies, 0, "/", 1);
	cookies_write(cookies, NOW_NS, &line);
	assert_true(line.length <= COOKIES_MAX_BYTES);
	assert_non_null(strstr(strbuf_text(&line), "n9="));
	assert_null(strstr(strbuf_text(&line), "n0="));
	assert_null(strstr(strbuf_text(&line), "longer="));
	cookies_free(cookies);
}

static void loopback_is_as_good_as_tls(void **state)
{
	(void)state;
	assert_true(cookies_is_secure("example.org", true, false));
	assert_true(cookies_is_secure("localhost", false, true));
	assert_true(cookies_is_secure("localhost:3000", false, false));
	assert_true(cookies_is_secure("127.0.0.1:3000", false, false));
	assert_true(cookies_is_secure("[::1]:3000", false, false));
	assert_false(cookies_is_secure("example.org:3000", false, false));
	assert_false(cookies_is_secure("localhost.example.org", false, false));
}

static void dates_of_all_kinds_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t at_s; /* -1: none */
	} rows[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"06 november 1994 8:49:37", 784111777},
		{"Fri, 01 Jan 2100 00:00:00 GMT", INT64_C(4102444800)},
		{"Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648)},
		{"Thu, 01 Jan 1970 00:00:00 GMT", 0},
		{"01 Jan 69 00:00:00", INT64_C(3124224000)},
		{"soon", -1},
		{"", -1},
		{"06 Nov 1994", -1},
		{"06 Nov 1994 24:00:00", -1},
		{"00 Nov 1994 08:00:00", -1},
		{"06 Nov 1600 08:00:00", -1},
		{"06 Nov 99999 08:00:00", -1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t at_s = -1;
		int status = cookies_parse_date(rows[i].text, strlen(rows[i].text), &at_s);
		if (at_s != rows[i].at_s || status != (rows[i].at_s < 0 ? -1 : 0))
			fail_msg("%s is %lld", rows[i].text, (long long)at_s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_kept_and_sent),
		cmocka_unit_test(cookies_end_when_they_said),
		cmocka_unit_test(sets_are_apart),
		cmocka_unit_test(a_full_jar_loses_its_oldest),
		cmocka_unit_test(long_cookies_are_bounded),
		cmocka_unit_test(loopback_is_as_good_as_tls),
		cmocka_unit_test(dates_of_all_kinds_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
