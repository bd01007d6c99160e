/* What a server can do wrong, and the class each request ends in (rows NET-nn). */
#include "load_case.h"

#include "perfgate/base/strbuf.h"

#include <sys/resource.h>
#include <sys/wait.h>

#define HEAD_200 "HTTP/1.1 200 OK\r\n"
#define LENGTH(n) "Content-Length: " #n "\r\n\r\n"
#define LARGE_BYTES ((uint64_t)9 << 20)
#define READ                                                                                       \
	{                                                                                          \
		.action = PEER_READ                                                                \
	}
#define SEND(text)                                                                                 \
	{                                                                                          \
		.action = PEER_SEND, .bytes = text                                                 \
	}
#define END                                                                                        \
	{                                                                                          \
		.action = PEER_CLOSE                                                               \
	}
#define HANG                                                                                       \
	{                                                                                          \
		.action = PEER_HANG                                                                \
	}

struct fault {
	const char *name;
	struct peer_step steps[5];
	enum request_class wanted;
	const char *failure; /* part of first_failure */
	enum request_class or_else; /* CLASS_OK: none */
};

static const struct fault faults[] = {
	/* Its kernel answers by RST when our request was there and not read. */
	{.name = "NET-03 closes at once", {END}, CLASS_EMPTY_REPLY, "re", .or_else = CLASS_RESET},
	{.name = "NET-03 closes after reading", {READ, END}, CLASS_EMPTY_REPLY, "empty_reply"},
	{.name = "NET-04 never answers", {READ, HANG}, CLASS_TIMEOUT, "timeout"},
	{.name = "NET-05 drips",
	 {READ, {.action = PEER_DRIP, .bytes = HEAD_200 "X: y\r\n" LENGTH(0)}},
	 CLASS_TIMEOUT,
	 "timeout"},
	{.name = "NET-07 resets", {READ, {.action = PEER_RESET}}, CLASS_RESET, "reset"},
	{.name = "NET-07 resets in the body",
	 {READ,
	  SEND(HEAD_200 LENGTH(9) "abc"),
	  {.action = PEER_WAIT, .count = 2},
	  {.action = PEER_RESET}},
	 CLASS_RESET,
	 "reset"},
	{.name = "NET-08 negative length",
	 {READ, SEND(HEAD_200 LENGTH(-1))},
	 CLASS_MALFORMED,
	 "Content-Length"},
	{.name = "NET-09 two lengths",
	 {READ, SEND(HEAD_200 "Content-Length: 1\r\n" LENGTH(2) "ab")},
	 CLASS_MALFORMED,
	 "two different Content-Length"},
	{.name = "NET-10 length and chunked",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: chunked\r\n" LENGTH(5) "0\r\n\r\n")},
	 CLASS_MALFORMED,
	 "together"},
	{.name = "NET-11 head never ended",
	 {READ, SEND(HEAD_200 "A: b\r\n"), END},
	 CLASS_MALFORMED,
	 "within the head"},
	{.name = "closed within the body",
	 {READ, SEND(HEAD_200 LENGTH(9) "abc"), END},
	 CLASS_PARTIAL,
	 "within the body"},
	{.name = "NET-13 chunk size",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n")},
	 CLASS_MALFORMED,
	 "chunk size"},
	{.name = "NET-13 chunk size with a sign",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n")},
	 CLASS_MALFORMED,
	 "chunk size"},
	{.name = "NET-13 chunk size with an underscore",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: chunked\r\n\r\n1_0\r\nx\r\n0\r\n\r\n")},
	 CLASS_MALFORMED,
	 "chunk size"},
	{.name = "NET-13 chunk size with a blank before",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: chunked\r\n\r\n 1\r\nx\r\n0\r\n\r\n")},
	 CLASS_MALFORMED,
	 "chunk size"},
	{.name = "NET-13 bare LF in the head",
	 {READ, SEND("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")},
	 CLASS_MALFORMED,
	 "CR LF"},
	{.name = "NET-13 a chunk longer than its size",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: chunked\r\n\r\n1\r\nxyz\r\n0\r\n\r\n")},
	 CLASS_MALFORMED,
	 "chunk"},
	{.name = "NET-14 status 000",
	 {READ, SEND("HTTP/1.1 000 x\r\n" LENGTH(0))},
	 CLASS_MALFORMED,
	 "status"},
	{.name = "NET-14 status 99",
	 {READ, SEND("HTTP/1.1 99 x\r\n" LENGTH(0))},
	 CLASS_MALFORMED,
	 "status"},
	{.name = "NET-14 status 99999",
	 {READ, SEND("HTTP/1.1 99999 x\r\n" LENGTH(0))},
	 CLASS_MALFORMED,
	 "status"},
	{.name = "NET-14 status -1",
	 {READ, SEND("HTTP/1.1 -1 x\r\n" LENGTH(0))},
	 CLASS_MALFORMED,
	 "status"},
	{.name = "NET-14 status 600",
	 {READ, SEND("HTTP/1.1 600 x\r\n\r\n")},
	 CLASS_MALFORMED,
	 "status"},
	{.name = "NET-15 HTTP/9.9",
	 {READ, SEND("HTTP/9.9 200 OK\r\n" LENGTH(2) "ok"), END},
	 CLASS_MALFORMED,
	 "HTTP server?"},
	{.name = "NET-15 HTTP/0.9",
	 {READ, SEND("<html>hello</html>\r\n\r\n"), END},
	 CLASS_MALFORMED,
	 "HTTP server?"},
	{.name = "NET-15 SSH banner",
	 {SEND("SSH-2.0-x\r\n"), HANG},
	 CLASS_MALFORMED,
	 "HTTP server?"},
	{.name = "NET-15 TLS alert",
	 {READ, SEND("\x15\x03\x01\x02")},
	 CLASS_MALFORMED,
	 "HTTP server?"},
	{.name = "NET-16 NUL in a header",
	 {READ, {.action = PEER_SEND, .bytes = HEAD_200 "A: \0\r\n\r\n", .length = 25}},
	 CLASS_MALFORMED,
	 "control character"},
	{.name = "NET-17 400 KB header",
	 {READ, SEND(HEAD_200 "A: "), {.action = PEER_SEND, .bytes = "01234567", .count = 50000}},
	 CLASS_HEADER_TOO_LARGE,
	 "64 KiB"},
	{.name = "NET-19 2,000 interim responses",
	 {READ,
	  {.action = PEER_SEND, .bytes = "HTTP/1.1 100 Continue\r\n\r\n", .count = 2000},
	  END},
	 CLASS_MALFORMED,
	 "interim"},
	{.name = "NET-20 unasked 101",
	 {READ, SEND("HTTP/1.1 101 x\r\n\r\n")},
	 CLASS_MALFORMED,
	 "101"},
	{.name = "NET-21 204 with a body",
	 {READ, SEND("HTTP/1.1 204 x\r\n" LENGTH(3) "abc")},
	 CLASS_OK,
	 NULL},
	{.name = "NET-22 bytes behind",
	 {READ, SEND(HEAD_200 LENGTH(2) "okGARBAGE")},
	 CLASS_OK,
	 NULL},
	{.name = "NET-23 second response", {READ, SEND(OK_ANSWER OK_ANSWER)}, CLASS_OK, NULL},
	{.name = "NET-25 chunked for ever",
	 {READ,
	  SEND(HEAD_200 "Transfer-Encoding: chunked\r\n\r\n"),
	  {.action = PEER_WAIT},
	  {.action = PEER_DRIP, .bytes = "1\r\nx\r\n", .count = -1}},
	 CLASS_TIMEOUT,
	 "timeout"},
	{.name = "NET-26 unknown coding",
	 {READ, SEND(HEAD_200 "Transfer-Encoding: gzip\r\n\r\n")},
	 CLASS_MALFORMED,
	 "chunked"},
	{.name = "NET-27 redirect",
	 {READ, SEND("HTTP/1.1 302 Found\r\nLocation: /x\r\n" LENGTH(4) "gone")},
	 CLASS_HTTP_ERROR,
	 "HTTP 302: gone"},
	{.name = "HTTP error with a long body",
	 {READ, SEND("HTTP/1.1 503 x\r\n" LENGTH(15) "pool exhausted\n")},
	 CLASS_HTTP_ERROR,
	 "HTTP 503: pool exhausted"},
	{.name = "until close", {READ, SEND("HTTP/1.0 200 OK\r\n\r\nbody"), END}, CLASS_OK, NULL},
};

static size_t count_steps(const struct fault *fault)
{
	size_t n = 5;
	while (n > 1 && fault->steps[n - 1].action == PEER_READ)
		n--;
	return n;
}

static void each_fault_has_its_class(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		const struct fault *fault = &faults[i];
		static struct peer peer;
		struct load_case c;
		assert_true(peer_start(&peer, fault->steps, count_steps(fault)));
		/* A short limit only where it is what is tested: the peer may be late. */
		load_case_init(&c,
			       fault->wanted == CLASS_TIMEOUT
				       ? SUITE_GET("users: 2, duration: 200ms, think_scale: 0, "
						   "timeout: 80ms")
				       : SUITE_GET("users: 2, duration: 200ms, think_scale: 0"),
			       peer.port);
		load_case_choose_transport(&c, state);
		load_case_run(&c);
		peer_stop(&peer);
		assert_int_equal(c.status, 0);
		load_case_check_books(&c);
		const struct endpoint_result *total = &c.result->total;
		uint64_t matching = total->classes[fault->wanted];
		if (fault->or_else != CLASS_OK)
			matching += total->classes[fault->or_else];
		if (total->requests == 0 || matching != total->requests)
			fail_msg("%s: %llu of %llu are %s; first failure: %s", fault->name,
				 (unsigned long long)matching, (unsigned long long)total->requests,
				 request_class_names[fault->wanted],
				 total->first_failure ? total->first_failure : "-");
		if (!fault->failure)
			assert_null(total->first_failure);
		else if (!total->first_failure || !strstr(total->first_failure, fault->failure))
			fail_msg("%s: first failure is %s", fault->name, total->first_failure);
		load_case_release(&c);
	}
}

/* The answer to one request never counts for the next. */
static void desynchronised_connections_are_dropped(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER "HTTP/1.1 500 x\r\n\r\n")};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c, SUITE_GET("users: 1, duration: 150ms, think_scale: 0"), peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	assert_int_equal(atomic_load(&peer.connections), atomic_load(&peer.requests));
	load_case_release(&c);
}

static void head_with_a_body_does_not_confuse_the_next(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER)};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c,
		       "profiles: {p: {weight: 1, wait: 1s..1s, tasks: {h: 1, g: 1}}}\n"
		       "tasks: {h: {request: HEAD /}, g: {request: GET /}}\n"
		       "scenarios: {t: {users: 2, duration: 150ms, think_scale: 0, warmup: 0s}}\n",
		       peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_int_equal(c.result->n_endpoints, 2);
	assert_true(c.result->endpoints[0].requests > 0 && c.result->endpoints[1].requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	load_case_release(&c);
}

static void refused_connections_are_counted(void **state)
{
	static struct peer peer;
	struct load_case c;
	assert_true(peer_listen(&peer, NULL, 0));
	close(peer.listen_fd);
	load_case_init(&c, SUITE_GET("users: 3, duration: 250ms, think_scale: 0"), peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	assert_in_range(c.result->total.classes[CLASS_CONNECT_REFUSED], 3, 9);
	assert_int_equal(c.result->total.classes[CLASS_CONNECT_REFUSED], c.result->total.requests);
	load_case_release(&c);
}

/* A server that closes idle connections without a word: tried once more, nothing lost. */
static void stale_connections_are_dialed_again(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER), READ, END};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c, SUITE_GET("users: 2, duration: 200ms, think_scale: 0"), peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	const struct scenario_result *r = c.result;
	assert_true(r->total.requests > 4);
	assert_int_equal(r->total.classes[CLASS_OK], r->total.requests);
	assert_in_range(r->generator.reconnects, r->total.requests / 2 - 2, r->total.requests);
	/* Each repeated request reached the peer twice. */
	assert_in_range(atomic_load(&peer.requests), r->total.requests,
			r->total.requests + r->generator.reconnects);
	load_case_release(&c);
}

/* On a fresh connection the same is the server's failure: tried once, counted once. */
static void fresh_connections_are_not_retried(void **state)
{
	static const struct peer_step steps[] = {READ, END};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c, SUITE_GET("users: 1, duration: 250ms, think_scale: 0"), peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	assert_int_equal(c.result->generator.reconnects, 0);
	assert_int_equal(c.result->total.classes[CLASS_EMPTY_REPLY], c.result->total.requests);
	assert_int_equal(atomic_load(&peer.requests), c.result->total.requests);
	load_case_release(&c);
}

/* A suite that posts a body no socket buffer holds; the file is read when the suite is loaded. */
static void init_with_large_body(struct load_case *c, const char *scenario, uint16_t port)
{
	char path[] = "/tmp/perfgate-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	AUTO_FREE char *bytes = xcalloc(LARGE_BYTES, 1);
	memset(bytes, 'x', LARGE_BYTES);
	assert_int_equal(write(fd, bytes, LARGE_BYTES), LARGE_BYTES);
	AUTO_FREE char *yaml =
		xasprintf("profiles: {p: {weight: 1, wait: 1s..1s, tasks: {post: 1}}}\n"
			  "tasks: {post: {request: POST /, body: \"@%s\"}}\n"
			  "scenarios: {t: {users: 1, think_scale: 0, warmup: 0s, %s}}\n",
			  path, scenario);
	load_case_init(c, yaml, port);
	close(fd);
	unlink(path);
}

static void server_that_never_reads_is_a_timeout(void **state)
{
	static const struct peer_step steps[] = {HANG};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	init_with_large_body(&c, "duration: 150ms, timeout: 60ms", peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_TIMEOUT], c.result->total.requests);
	assert_in_range(c.result->total.bytes_sent, 1, c.result->total.requests * LARGE_BYTES - 1);
	load_case_release(&c);
}

static void large_messages_arrive_whole(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER)};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	init_with_large_body(&c, "duration: 150ms", peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	assert_true(c.result->total.bytes_sent > c.result->total.requests * LARGE_BYTES);
	load_case_release(&c);
}

/* In a child, since the limit cannot be raised again. 0 = as it should be. */
static int run_without_descriptors(uint16_t port, void **state)
{
	struct load_case c;
	struct rlimit limit = {24, 24};
	load_case_init(&c, SUITE_GET("users: 40, duration: 200ms, think_scale: 0"), port);
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 2;
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	const struct generator_health *health = &c.result->generator;
	bool right = c.status == 0 && health->invalid == INVALID_OURS &&
		     strstr(health->invalid_reason, "ulimit -n") &&
		     c.result->total.classes[CLASS_OK] == c.result->total.requests &&
		     c.result->total.requests > 0;
	load_case_release(&c);
	return right ? 0 : 1;
}

static void own_lack_of_descriptors_is_not_the_servers_fault(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER)};
	static struct peer peer;
	assert_true(peer_listen(&peer, steps, ARRAY_SIZE(steps)));
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(run_without_descriptors(peer.port, state));
	assert_int_equal(pthread_create(&peer.thread, NULL, peer_serve, &peer), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	peer_stop(&peer);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void unknown_names_are_no_measurement(void **state)
{
	struct load_case c;
	load_case_init(&c, SUITE_GET("users: 1, duration: 100ms"), 80);
	c.target.address = "no-such-host.invalid";
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	assert_int_equal(c.status, -1);
	assert_int_equal(c.err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(c.err.message, "no-such-host.invalid"));
	load_case_release(&c);
}

/* ::1 may come first; the server is on 127.0.0.1 only. */
static void the_next_address_is_tried(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER)};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c, SUITE_GET("users: 3, duration: 100ms, think_scale: 0"), peer.port);
	c.target.address = "localhost";
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	load_case_release(&c);
}

/* Dropped SYNs are connect time or censored, and nobody's crash. */
static void all_at_once_against_a_short_backlog(void **state)
{
	static const struct peer_step steps[] = {READ, SEND(OK_ANSWER)};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_listen(&peer, steps, ARRAY_SIZE(steps)));
	assert_int_equal(listen(peer.listen_fd, 1), 0);
	load_case_init(&c, SUITE_GET("users: 200, duration: 300ms, think_scale: 0, timeout: 2s"),
		       peer.port);
	assert_int_equal(pthread_create(&peer.thread, NULL, peer_serve, &peer), 0);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	const struct endpoint_result *total = &c.result->total;
	assert_true(total->requests > 0);
	assert_int_equal(total->classes[CLASS_OK] + total->classes[CLASS_TIMEOUT], total->requests);
	load_case_release(&c);
}

int main(void)
{
	static enum transport_kind native = TRANSPORT_NATIVE, curl = TRANSPORT_CURL;
	const struct CMUnitTest tests[] = {
		WITH_BOTH("each fault has its class (NET-03 to NET-27)", each_fault_has_its_class),
		WITH_BOTH("NET-22: desynchronised connections are dropped",
			  desynchronised_connections_are_dropped),
		WITH_BOTH("NET-21: head with a body does not confuse the next",
			  head_with_a_body_does_not_confuse_the_next),
		WITH_BOTH("NET-02: refused connections are counted",
			  refused_connections_are_counted),
		WITH_BOTH("NET-47: stale connections are dialed again",
			  stale_connections_are_dialed_again),
		WITH_BOTH("NET-47: fresh connections are not retried",
			  fresh_connections_are_not_retried),
		WITH_BOTH("NET-49: server that never reads is a timeout",
			  server_that_never_reads_is_a_timeout),
		WITH_BOTH("large messages arrive whole", large_messages_arrive_whole),
		WITH_BOTH("NET-41: own lack of descriptors is not the server's fault",
			  own_lack_of_descriptors_is_not_the_servers_fault),
		WITH_BOTH("NET-34: unknown names are no measurement",
			  unknown_names_are_no_measurement),
		WITH_BOTH("NET-35: the next address is tried", the_next_address_is_tried),
		WITH_BOTH("NET-50: all at once against a short backlog",
			  all_at_once_against_a_short_backlog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
