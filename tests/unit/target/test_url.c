/*
 * Base URLs of targets: what is accepted, how it is taken apart, what is
 * refused (rows ENV-04 to ENV-09 of the fault catalogue).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/arena.h"
#include "perfgate/base/log.h"
#include "perfgate/target/target.h"

#include <stdio.h>
#include <string.h>

static void a_unix_socket_is_asked_for_localhost(void **state)
{
	AUTO(arena) struct arena arena = {0};
	struct target_endpoint endpoint = {0};
	struct error err = ERROR_INIT;
	(void)state;
	assert_int_equal(target_parse_url("unix:/run/api.sock", &arena, &endpoint, &err), 0);
	assert_string_equal(endpoint.url, "unix:/run/api.sock");
	assert_string_equal(endpoint.unix_socket, "/run/api.sock");
	assert_string_equal(endpoint.host, "localhost");
	assert_string_equal(endpoint.prefix, "");
	assert_false(endpoint.tls);
}

static void usable_urls_are_taken_apart(void **state)
{
	static const struct {
		const char *url, *shown, *host, *address;
		unsigned port;
		const char *prefix, *authorization;
	} rows[] = {
		{"http://example.org", "http://example.org", "example.org", "example.org", 80, "",
		 NULL},
		{"HTTP://Example.org:80/", "http://Example.org", "Example.org", "Example.org", 80,
		 "", NULL},
		{"http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1:8000", "127.0.0.1",
		 8000, "", NULL},
		{"https://h", "https://h", "h", "h", 443, "", NULL},
		{"https://h:443/a/", "https://h/a", "h", "h", 443, "/a", NULL},
		{"https://[::1]:80", "https://[::1]:80", "[::1]:80", "::1", 80, "", NULL},
		/* ENV-08: a path is a prefix. */
		{"http://h:1/api/v1/", "http://h:1/api/v1", "h:1", "h", 1, "/api/v1", NULL},
		{"http://h:65535/a/../b", "http://h:65535/b", "h:65535", "h", 65535, "/b", NULL},
		/* ENV-09: literals and zone ids. */
		{"http://[::1]:8080/x", "http://[::1]:8080/x", "[::1]:8080", "::1", 8080, "/x",
		 NULL},
		{"http://[fe80::1%25eth0]", "http://[fe80::1]", "[fe80::1]", "fe80::1%eth0", 80, "",
		 NULL},
		/* ENV-04: credentials are used, not shown. */
		{"http://user:pass@h:81/p", "http://h:81/p", "h:81", "h", 81, "/p",
		 "Basic dXNlcjpwYXNz"},
		{"http://user@h", "http://h", "h", "h", 80, "", "Basic dXNlcjo="},
		{"http://u:s%40crt%2F%3A@h", "http://h", "h", "h", 80, "", "Basic dTpzQGNydC86"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(arena) struct arena arena = {0};
		struct target_endpoint endpoint;
		struct error err = ERROR_INIT;
		if (target_parse_url(rows[i].url, &arena, &endpoint, &err) < 0)
			fail_msg("%s: %s", rows[i].url, err.message);
		assert_string_equal(endpoint.url, rows[i].shown);
		assert_string_equal(endpoint.host, rows[i].host);
		assert_string_equal(endpoint.address, rows[i].address);
		assert_int_equal(endpoint.port, rows[i].port);
		assert_string_equal(endpoint.prefix, rows[i].prefix);
		assert_int_equal(endpoint.pid, 0);
		assert_int_equal(endpoint.tls, rows[i].url[4] == 's');
		assert_false(endpoint.insecure);
		if (rows[i].authorization == NULL)
			assert_null(endpoint.authorization);
		else
			assert_string_equal(endpoint.authorization, rows[i].authorization);
	}
}

static void unusable_urls_are_refused(void **state)
{
	static const struct {
		const char *url, *why;
	} rows[] = {
		/* ENV-05 */
		{"file:///etc/passwd", "must begin with http://"},
		{"ftp://h/", "must begin with http://"},
		{"h:80", "must begin with http://"},
		{"", "must begin with http://"},
		{"http:/h", "must begin with http://"},
		/* ENV-07 */
		{"http://h\r\nX: y", "control character"},
		{"http://h\n", "control character"},
		{"http://h/\x7f", "control character"},
		{"http://a b/", "a blank"},
		{" http://h", "a blank"},
		{"http://h\\@evil/", "a backslash"},
		{"http://a。b/", "not ASCII"},
		{"http://u:p@a@b/", "more than one @"},
		{"http://h%00evil/", "% in the host"},
		{"http://%0d%0a/", "% in the host"},
		{"http://u%00:p@h/", "cannot be decoded"},
		{"http://u:p%0d%0a@h/", "cannot be decoded"},
		{"http:///path", "host is missing"},
		{"http://:80/", "host is missing"},
		{"http://u@/", "host is missing"},
		{"http://a<b/", "URL"},
		/* ENV-08 */
		{"http://h/?q=1", "no query"},
		{"http://h?q", "no query"},
		{"http://h/#top", "no #fragment"},
		/* ENV-09 */
		{"http://h:0", "port must be 1 to 65535"},
		{"http://h:65536", "port must be 1 to 65535"},
		{"http://h:99999", "port must be 1 to 65535"},
		{"http://h:", "port must be 1 to 65535"},
		{"http://h:-1", "port must be 1 to 65535"},
		{"http://h:80x", "port must be 1 to 65535"},
		{"http://h:1:2", "port must be 1 to 65535"},
		{"http://[::1]:0", "port must be 1 to 65535"},
		{"http://[::1", "URL"},
		{"http://[::zz]", "URL"},
		{"http://[1.2.3.4]x", "URL"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(arena) struct arena arena = {0};
		struct target_endpoint endpoint = {.port = 7};
		struct error err = ERROR_INIT;
		if (target_parse_url(rows[i].url, &arena, &endpoint, &err) == 0)
			fail_msg("accepted: %s", rows[i].url);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (strstr(err.message, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].url, err.message);
		assert_int_equal(endpoint.port, 7);
	}
}

static void long_urls_are_refused(void **state)
{
	(void)state;
	char url[4096];
	AUTO(arena) struct arena arena = {0};
	struct target_endpoint endpoint;
	struct error err = ERROR_INIT;
	memset(url, 'a', sizeof url);
	memcpy(url, "http://h/", 9);
	url[sizeof url - 1] = '\0';
	assert_int_equal(target_parse_url(url, &arena, &endpoint, &err), -1);
	url[2048] = '\0';
	assert_int_equal(target_parse_url(url, &arena, &endpoint, &err), 0);
}

/* ENV-04 */
static void passwords_become_secrets(void **state)
{
	(void)state;
	AUTO(arena) struct arena arena = {0};
	AUTO(strbuf) struct strbuf text = {0};
	struct target_endpoint endpoint;
	struct error err = ERROR_INIT;
	assert_int_equal(target_parse_url("http://me:open%20sesame@h", &arena, &endpoint, &err), 0);
	strbuf_printf(&text, "%s and open sesame", endpoint.authorization);
	log_redact(&text);
	assert_string_equal(strbuf_text(&text), "Basic *** and ***");
	/* A refused one does not come back in the message. */
	assert_int_equal(target_parse_url("http://me:open/sesame@h:x", &arena, &endpoint, &err),
			 -1);
	assert_null(strstr(err.message, "sesame"));
	assert_null(strstr(err.message, "open"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usable_urls_are_taken_apart),
		cmocka_unit_test(a_unix_socket_is_asked_for_localhost),
		cmocka_unit_test(unusable_urls_are_refused),
		cmocka_unit_test(long_urls_are_refused),
		cmocka_unit_test(passwords_become_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
