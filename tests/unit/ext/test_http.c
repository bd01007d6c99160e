/*
 * The libcurl adapter against a scripted peer in a thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/ext/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers one connection with fixed bytes (NULL = never) and keeps the request. */
struct peer {
	pthread_t thread;
	int listener;
	uint16_t port;
	const char *reply;
	char request[4096];
};

static bool complete(const char *request)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *length = strstr(request, "Content-Length: ");
	if (end == NULL)
		return false;
	return length == NULL ||
	       strlen(end + 4) >= strtoul(length + strlen("Content-Length: "), NULL, 10);
}

static void *serve_once(void *arg)
{
	struct peer *peer = arg;
	int fd = accept(peer->listener, NULL, NULL);
	size_t length = 0;
	ssize_t got;
	while (fd >= 0 && !complete(peer->request) &&
	       (got = recv(fd, peer->request + length, sizeof peer->request - 1 - length, 0)) > 0)
		length += (size_t)got;
	if (fd >= 0 && peer->reply != NULL) {
		send(fd, peer->reply, strlen(peer->reply), MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
	}
	char rest[256];
	while (fd >= 0 && recv(fd, rest, sizeof rest, 0) > 0)
		;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void peer_start(struct peer *peer, const char *reply)
{
	*peer = (struct peer){.reply = reply};
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer->listener, (const struct sockaddr *)&address, sizeof address),
			 0);
	assert_int_equal(listen(peer->listener, 1), 0);
	assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &length), 0);
	peer->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&peer->thread, NULL, serve_once, peer), 0);
}

static void peer_stop(struct peer *peer)
{
	shutdown(peer->listener, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->listener);
}

static void answers_arrive_whole(void **state)
{
	(void)state;
	struct peer peer;
	peer_start(&peer,
		   "HTTP/1.1 404 Not Found\r\nX-Cache:  HIT \r\nContent-Length: 5\r\n\r\nhello");
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%u/a?b=c", peer.port);
	AUTO(exthttp_response) struct exthttp_response response = {0};
	struct error err = ERROR_INIT;
	struct exthttp_request request = {.url = url,
					  .headers = (const char *const[]){"X-Mine: 1", NULL}};
	/* A proxy that would swallow the request: not for loopback. */
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	int result = exthttp_send(&request, &response, &err);
	unsetenv("http_proxy");
	peer_stop(&peer);
	if (result < 0)
		fail_msg("%s", err.message);
	assert_int_equal(response.status, 404);
	assert_string_equal(strbuf_text(&response.body), "hello");
	AUTO_FREE char *cache = exthttp_header(&response, "x-cache");
	assert_string_equal(cache, "HIT");
	assert_null(exthttp_header(&response, "X-Cach"));
	assert_non_null(strstr(peer.request, "GET /a?b=c HTTP/1.1\r\n"));
	assert_non_null(strstr(peer.request, "X-Mine: 1\r\n"));
	assert_non_null(strstr(peer.request, "User-Agent: perfgate/"));
}

static void bodies_are_posted(void **state)
{
	static const struct {
		const char *method, *line;
	} rows[] = {{NULL, "POST / "}, {"PUT", "PUT / "}, {"PATCH", "PATCH / "}};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer peer;
		peer_start(&peer, "HTTP/1.1 204 No Content\r\n\r\n");
		AUTO_FREE char *url = xasprintf("http://me:pw@127.0.0.1:%u/", peer.port);
		AUTO(exthttp_response) struct exthttp_response response = {0};
		struct error err = ERROR_INIT;
		struct exthttp_request request = {.url = url,
						  .method = rows[i].method,
						  .body = "{\"a\":1}",
						  .body_bytes = 7};
		int result = exthttp_send(&request, &response, &err);
		peer_stop(&peer);
		assert_int_equal(result, 0);
		assert_int_equal(response.status, 204);
		assert_true(strncmp(peer.request, rows[i].line, strlen(rows[i].line)) == 0);
		assert_non_null(strstr(peer.request, "\r\n\r\n{\"a\":1}"));
		assert_null(strstr(peer.request, "Expect"));
		assert_non_null(strstr(peer.request, "Authorization: Basic bWU6cHc="));
	}
}

static void redirects_are_not_followed(void **state)
{
	(void)state;
	struct peer peer;
	peer_start(&peer, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
			  "Content-Length: 0\r\n\r\n");
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%u/", peer.port);
	AUTO(exthttp_response) struct exthttp_response response = {0};
	struct error err = ERROR_INIT;
	struct exthttp_request request = {.url = url};
	int result = exthttp_send(&request, &response, &err);
	peer_stop(&peer);
	assert_int_equal(result, 0);
	assert_int_equal(response.status, 302);
}

static void failures_say_where_without_secrets(void **state)
{
	static const struct {
		const char *reply;
		size_t limit_bytes;
		const char *message;
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 4, "too large (limit 4)"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", 0, ""},
		{"SSH-2.0-x\r\n", 0, ""},
		{"", 0, ""},
		{NULL, 0, "Timeout"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer peer;
		peer_start(&peer, rows[i].reply);
		AUTO_FREE char *url =
			xasprintf("http://me:hunter2@127.0.0.1:%u/hook/secret", peer.port);
		AUTO_FREE char *where = xasprintf("http://127.0.0.1:%u: ", peer.port);
		struct exthttp_response response = {.status = 7};
		struct error err = ERROR_INIT;
		struct exthttp_request request = {.url = url,
						  .limit_bytes = rows[i].limit_bytes,
						  .timeout_ns =
							  rows[i].reply ? 0 : 200 * NS_PER_MS};
		int result = exthttp_send(&request, &response, &err);
		peer_stop(&peer);
		assert_int_equal(result, -1);
		assert_int_equal(response.status, 7);
		assert_int_equal(err.kind, ERROR_UNMEASURED);
		assert_true(strncmp(err.message, where, strlen(where)) == 0);
		assert_non_null(strstr(err.message, rows[i].message));
		assert_null(strstr(err.message, "hunter2"));
		assert_null(strstr(err.message, "secret"));
	}
}

static void other_protocols_are_refused(void **state)
{
	static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1",
					   "gopher://127.0.0.1:1/x", ""};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct exthttp_response response;
		struct error err = ERROR_INIT;
		struct exthttp_request request = {.url = urls[i]};
		assert_int_equal(exthttp_send(&request, &response, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_arrive_whole),
		cmocka_unit_test(bodies_are_posted),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(failures_say_where_without_secrets),
		cmocka_unit_test(other_protocols_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
