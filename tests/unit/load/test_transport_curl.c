/* What only libcurl's transport does: one connection per user, TLS, proxies, Unix sockets. */
#include "load_case.h"

#include <sys/un.h>

#define USERS 5
#define MANY "users: 5, duration: 200ms, think_scale: 0"

static const struct peer_step answering[] = {{.action = PEER_READ},
					     {.action = PEER_SEND, .bytes = OK_ANSWER}};

static void init(struct load_case *c, const char *yaml, uint16_t port)
{
	load_case_init(c, yaml, port);
	c->options.transport = TRANSPORT_CURL;
}

static void each_user_has_one_connection_and_keeps_it(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, answering, ARRAY_SIZE(answering)));
	init(&c, SUITE_GET(MANY), peer.port);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 2 * USERS);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	assert_int_equal(atomic_load(&peer.connections), USERS);
	assert_int_equal(c.result->generator.reconnects, 0);
	load_case_release(&c);
}

/* An idle user's connection stays its own. */
static void thinking_users_keep_their_connections(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, answering, ARRAY_SIZE(answering)));
	init(&c,
	     "profiles: {p: {weight: 1, wait: 10ms..30ms, tasks: {get: 1}}}\n"
	     "tasks: {get: {request: GET /}}\n"
	     "scenarios: {t: {users: 40, duration: 300ms, warmup: 0s, pause: 0s}}\n",
	     peer.port);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 80);
	assert_int_equal(atomic_load(&peer.connections), 40);
	load_case_release(&c);
}

/* The same seed sends the same requests and counts the same bytes through both transports. */
static void both_transports_count_the_same_bytes(void **state)
{
	(void)state;
	uint64_t sent[2], received[2];
	for (int i = 0; i < 2; i++) {
		static struct peer peer;
		struct load_case c;
		assert_true(peer_start(&peer, answering, ARRAY_SIZE(answering)));
		init(&c,
		     "profiles: {p: {weight: 1, wait: 1s..1s, tasks: {post: 1}}}\n"
		     "tasks: {post: {request: POST /a?b=c, body: '{\"x\": 1}', headers: {X-Y: "
		     "z}}}\n"
		     "scenarios: {t: {users: 1, duration: 100ms, think_scale: 0, warmup: 0s}}\n",
		     peer.port);
		if (i == 0)
			c.options.transport = TRANSPORT_NATIVE;
		load_case_run(&c);
		peer_stop(&peer);
		load_case_check_books(&c);
		const struct endpoint_result *total = &c.result->total;
		assert_true(total->requests > 0);
		assert_int_equal(total->classes[CLASS_OK], total->requests);
		assert_int_equal(total->bytes_sent % total->requests, 0);
		sent[i] = total->bytes_sent / total->requests;
		received[i] = total->bytes_received / total->requests;
		load_case_release(&c);
	}
	assert_int_equal(sent[0], sent[1]);
	assert_int_equal(received[0], received[1]);
}

static void handshakes_that_hang_are_timeouts(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {{.action = PEER_HANG}};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	init(&c, SUITE_GET("users: 2, duration: 200ms, think_scale: 0, timeout: 80ms"), peer.port);
	c.target.tls = true;
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_TIMEOUT], c.result->total.requests);
	assert_int_equal(c.result->total.bytes_sent, 0);
	load_case_release(&c);
}

/* TRANSPORT_AUTO is enough: https is never sent in clear. */
static void servers_without_tls_are_the_class_tls(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {{.action = PEER_SEND,
						  .bytes = "HTTP/1.1 400 Bad Request\r\n\r\n"},
						 {.action = PEER_HANG}};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	init(&c, SUITE_GET(MANY), peer.port);
	c.options.transport = TRANSPORT_AUTO;
	c.target.tls = true;
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_TLS], c.result->total.requests);
	load_case_release(&c);
}

static void proxies_are_used_for_other_hosts_but_not_for_loopback(void **state)
{
	(void)state;
	static struct peer proxy, peer;
	struct load_case c;
	assert_true(peer_start(&proxy, answering, ARRAY_SIZE(answering)));
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%u", proxy.port);
	assert_int_equal(setenv("http_proxy", url, 1), 0);
	init(&c, SUITE_GET(MANY), 80);
	c.target.address = c.target.host = "perfgate.invalid";
	load_case_run(&c);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	load_case_release(&c);
	peer_stop(&proxy);
	uint64_t proxied = atomic_load(&proxy.requests);
	assert_true(proxied > 0);

	assert_true(peer_start(&peer, answering, ARRAY_SIZE(answering)));
	init(&c, SUITE_GET(MANY), peer.port);
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	load_case_release(&c);
	unsetenv("http_proxy");
}

static void unknown_proxies_are_the_class_dns(void **state)
{
	(void)state;
	struct load_case c;
	assert_int_equal(setenv("http_proxy", "http://no-such-proxy.invalid:1", 1), 0);
	init(&c, SUITE_GET(MANY), 80);
	c.target.address = c.target.host = "perfgate.invalid";
	load_case_run(&c);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_DNS], c.result->total.requests);
	load_case_release(&c);
	unsetenv("http_proxy");
}

static void unix_sockets_are_targets(void **state)
{
	(void)state;
	static struct peer peer;
	struct load_case c;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/perfgate-test-XXXXXX";
	assert_non_null(mkdtemp(folder));
	AUTO_FREE char *path = xasprintf("%s/s", folder);
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_true(peer_listen(&peer, answering, ARRAY_SIZE(answering)));
	close(peer.listen_fd);
	peer.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(peer.listen_fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(peer.listen_fd, 64), 0);
	assert_int_equal(pthread_create(&peer.thread, NULL, peer_serve, &peer), 0);
	init(&c, SUITE_GET(MANY), 80);
	c.options.transport = TRANSPORT_AUTO;
	c.target.unix_socket = path;
	load_case_run(&c);
	peer_stop(&peer);
	unlink(path);
	rmdir(folder);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 2 * USERS);
	assert_int_equal(c.result->total.classes[CLASS_OK], c.result->total.requests);
	assert_int_equal(atomic_load(&peer.connections), USERS);
	load_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_has_one_connection_and_keeps_it),
		cmocka_unit_test(thinking_users_keep_their_connections),
		cmocka_unit_test(both_transports_count_the_same_bytes),
		NAMED("NET-33: handshakes that hang are timeouts",
		      handshakes_that_hang_are_timeouts),
		cmocka_unit_test(servers_without_tls_are_the_class_tls),
		cmocka_unit_test(proxies_are_used_for_other_hosts_but_not_for_loopback),
		NAMED("NET-34: unknown proxies are the class dns",
		      unknown_proxies_are_the_class_dns),
		cmocka_unit_test(unix_sockets_are_targets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
