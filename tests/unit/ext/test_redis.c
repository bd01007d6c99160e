#include "perfgate/base/clock.h"
#include "perfgate/ext/redis.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "peer.h"

#define TIMEOUT_NS (5 * NS_PER_S)

static void urls_are_checked(void **state)
{
	static const struct {
		const char *url;
		const char *why; /* NULL = good */
	} rows[] = {
		{"redis://127.0.0.1", NULL},
		{"redis://127.0.0.1:6380/3", NULL},
		{"redis://:pass%20word@host:1/0", NULL},
		{"redis://user:p@ss@host", NULL},
		{"redis://[::1]:7000", NULL},
		{"unix:/tmp/r.sock", NULL},
		{"unix:///tmp/r.sock", NULL},
		{"rediss://127.0.0.1", "TLS"},
		{"http://127.0.0.1", "redis://"},
		{"unix:relative", "absolute"},
		{"redis://", "no host"},
		{"redis://host:0", "port"},
		{"redis://host:65536", "port"},
		{"redis://host:12a", "port"},
		{"redis://host:", "port"},
		{"redis://host/text", "database"},
		{"redis://host/-1", "database"},
		{"redis://[::1", "]"},
		{"redis://:s3cr%zzet@host", "percent"},
		{"redis://:s3cr%00et@host", "percent"},
		{"redis://:s3cret%2@host", "percent"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = ERROR_INIT;
		int status = extredis_check_url(rows[i].url, &err);

		if (status != (rows[i].why ? -1 : 0))
			fail_msg("%s: %d %s", rows[i].url, status, err.message);
		if (!rows[i].why)
			continue;
		assert_int_equal(err.kind, ERROR_USAGE);
		if (!strstr(err.message, rows[i].why))
			fail_msg("%s: %s", rows[i].url, err.message);
		assert_null(strstr(err.message, "s3cr"));
	}
}

static void rd_01_rd_16_rd_17_failures_are_told_without_the_password(void **state)
{
	static const struct {
		const char *script[3];
		const char *why;
	} rows[] = {
		{{"-WRONGPASS invalid username-password pair\r\n", NULL}, "WRONGPASS"},
		{{"-ERR AUTH called without any password\r\n", NULL}, "AUTH"},
		{{"HTTP/1.1 400 Bad Request\r\n\r\n", NULL}, "right port"},
		{{PEER_CLOSE, NULL}, "closed"},
		{{"+OK\r\n", "-LOADING Redis is loading\r\n", NULL}, "LOADING"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = ERROR_INIT;
		struct peer peer;
		char url[64];

		peer_start(&peer, rows[i].script);
		snprintf(url, sizeof url, "redis://:s3cret@127.0.0.1:%d", peer.port);
		assert_int_equal(extredis_ping(url, TIMEOUT_NS, &err), -1);
		assert_int_equal(err.kind, ERROR_UNMEASURED);
		if (!strstr(err.message, rows[i].why))
			fail_msg("row %zu: %s", i, err.message);
		assert_null(strstr(err.message, "s3cret"));
		peer_stop(&peer);
	}
}

static void a_closed_port_is_refused_at_once(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(extredis_ping("redis://127.0.0.1:1", TIMEOUT_NS, &err), -1);
	assert_non_null(strstr(err.message, "127.0.0.1:1"));
	assert_int_equal(err.kind, ERROR_UNMEASURED);
}

static void rd_02_a_silent_server_runs_into_the_time_limit(void **state)
{
	static const char *const silent[] = {NULL};
	struct error err = ERROR_INIT;
	struct peer peer;
	char url[64];

	(void)state;
	peer_start(&peer, silent);
	snprintf(url, sizeof url, "redis://127.0.0.1:%d", peer.port);
	assert_int_equal(extredis_ping(url, 20 * NS_PER_MS, &err), -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	peer_stop(&peer);
}

static struct extredis *connect_to(int port)
{
	struct error err = ERROR_INIT;
	struct extredis *redis = NULL;
	char url[64];

	snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
	if (extredis_connect(url, TIMEOUT_NS, &redis, &err) < 0)
		fail_msg("%s", err.message);
	return redis;
}

static int listen_on_loopback(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&address, &length);
	*port = ntohs(address.sin_port);
	return listener;
}

/* A server that answers once `wanted` commands have come, and one MGET after that. */
struct asked {
	int listener, port;
	int wanted;
	const struct strbuf *answers;
};

static void *answer_all(void *arg)
{
	static const char last[] = "*1\r\n$1\r\nZ\r\n";
	const struct asked *asked = arg;
	int fd = accept(asked->listener, NULL, NULL), stars = 0;
	char bytes[65536];
	ssize_t n;

	while (stars < asked->wanted && (n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			stars += bytes[i] == '*';
	for (size_t sent = 0; sent < asked->answers->length; sent += (size_t)n) {
		n = send(fd, asked->answers->data + sent, asked->answers->length - sent,
			 MSG_NOSIGNAL);
		if (n < 0)
			break;
	}
	if (recv(fd, bytes, sizeof bytes, 0) > 0)
		send(fd, last, sizeof last - 1, MSG_NOSIGNAL);
	recv(fd, bytes, sizeof bytes, 0);
	close(fd);
	return NULL;
}

static void answers_belong_to_their_keys(void **state)
{
	static const char *const script[] = {"*3\r\n$1\r\nA\r\n$-1\r\n$2\r\nCC\r\n", NULL};
	struct extredis_bytes keys[] = {{"a", 1}, {"b", 1}, {"c", 1}}, values[3];
	struct peer peer;
	struct extredis *redis;

	(void)state;
	peer_start(&peer, script);
	redis = connect_to(peer.port);
	assert_int_equal(extredis_get(redis, keys, 3, values, NULL), 0);
	assert_memory_equal(values[0].data, "A", 1);
	assert_null(values[1].data);
	assert_int_equal(values[2].length, 2);
	extredis_free(redis);
	peer_stop(&peer);
}

static int set_and_settle(struct extredis *redis, const struct extredis_entry *entries,
			  size_t count, struct error *err)
{
	size_t sets;

	if (extredis_send_set(redis, entries, count, NULL, err) < 0)
		return -1;
	if (extredis_settle(redis, &sets, err) < 0)
		return -1;
	assert_int_equal(sets, count);
	return extredis_settle(redis, &sets, err);
}

/* RD-07: an error in the middle of 10,000 commands: the rest is stored, the next call unharmed. */
static void rd_07_an_error_within_a_pipeline_does_not_shift_answers(void **state)
{
	enum { COUNT = 10000 };
	static struct extredis_entry entries[COUNT];
	AUTO(strbuf) struct strbuf answers = {0};
	struct extredis_bytes key = {"a", 1}, value;
	struct error err = ERROR_INIT;
	struct extredis *redis;
	struct asked asked = {.wanted = COUNT, .answers = &answers};
	pthread_t thread;

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		entries[i] = (struct extredis_entry){{"k", 1}, {"v", 1}, 1};
		strbuf_puts(&answers, i == COUNT / 2 ? "-OOM command not allowed\r\n" : "+OK\r\n");
	}
	asked.listener = listen_on_loopback(&asked.port);
	assert_int_equal(pthread_create(&thread, NULL, answer_all, &asked), 0);
	redis = connect_to(asked.port);
	assert_int_equal(set_and_settle(redis, entries, COUNT, &err), -1);
	assert_non_null(strstr(err.message, "OOM"));
	assert_true(extredis_answered(redis));
	assert_int_equal(extredis_get(redis, &key, 1, &value, NULL), 0);
	assert_memory_equal(value.data, "Z", 1);
	extredis_free(redis);
	pthread_join(thread, NULL);
	close(asked.listener);
}

/* RD-02: a hiredis context is dead after an error; until the retry is due, calls fail at once. */
static void rd_02_a_lost_connection_is_not_used_again(void **state)
{
	static const char *const script[] = {PEER_CLOSE, NULL};
	struct extredis_bytes key = {"a", 1}, value;
	struct error err = ERROR_INIT;
	struct peer peer;
	struct extredis *redis;

	(void)state;
	peer_start(&peer, script);
	redis = connect_to(peer.port);
	assert_int_equal(extredis_get(redis, &key, 1, &value, &err), -1);
	assert_false(extredis_answered(redis));
	assert_false(extredis_timed_out(redis));
	assert_int_equal(extredis_get(redis, &key, 1, &value, &err), -1);
	assert_non_null(strstr(err.message, "not connected"));
	extredis_free(redis);
	peer_stop(&peer);
}

static void rd_02_a_command_without_answer_runs_into_the_time_limit(void **state)
{
	static const char *const silent[] = {NULL};
	struct extredis_bytes key = {"a", 1}, value;
	struct error err = ERROR_INIT;
	struct extredis *redis;
	struct peer peer;
	char url[64];

	(void)state;
	peer_start(&peer, silent);
	snprintf(url, sizeof url, "redis://127.0.0.1:%d", peer.port);
	assert_int_equal(extredis_connect(url, 20 * NS_PER_MS, &redis, NULL), 0);
	assert_int_equal(extredis_get(redis, &key, 1, &value, &err), -1);
	assert_true(extredis_timed_out(redis));
	assert_non_null(strstr(err.message, "in time"));
	extredis_free(redis);
	peer_stop(&peer);
}

static void rd_01_a_refusal_is_an_answer(void **state)
{
	static const char *const refusals[] = {
		"-NOAUTH Authentication required.",
		"-LOADING Redis is loading the dataset in memory",
		"-MASTERDOWN Link with MASTER is down",
		"-READONLY You can't write against a replica",
		"-OOM command not allowed when used memory > 'maxmemory'"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct extredis_entry entry = {{"k", 1}, {"v", 1}, 1};
		struct extredis_bytes key = {"k", 1}, value;
		char line[128];
		const char *script[] = {line, line, NULL};
		struct error err = ERROR_INIT;
		struct extredis *redis;
		struct peer peer;

		snprintf(line, sizeof line, "%s\r\n", refusals[i]);
		peer_start(&peer, script);
		redis = connect_to(peer.port);
		assert_int_equal(extredis_get(redis, &key, 1, &value, &err), -1);
		assert_int_equal(set_and_settle(redis, &entry, 1, &err), -1);
		assert_true(extredis_answered(redis));
		if (!strstr(err.message, refusals[i] + 1))
			fail_msg("%s: %s", refusals[i], err.message);
		extredis_free(redis);
		peer_stop(&peer);
	}
}

static void a_lock_is_given_once(void **state)
{
	static const char *const script[] = {"+OK\r\n*1\r\n$-1\r\n", "$-1\r\n*1\r\n$3\r\none\r\n",
					     NULL};
	const struct extredis_lock lock = {{"lock", 4}, {"mine", 4}};
	const struct extredis_bytes key = {"key", 3};
	struct extredis_bytes value;
	struct extredis *redis;
	struct peer peer;
	bool ours;

	(void)state;
	peer_start(&peer, script);
	redis = connect_to(peer.port);
	assert_int_equal(extredis_claim(redis, &lock, 1000, key, &ours, &value, NULL), 0);
	assert_true(ours);
	assert_null(value.data);
	assert_int_equal(extredis_claim(redis, &lock, 1000, key, &ours, &value, NULL), 0);
	assert_false(ours);
	assert_int_equal(value.length, 3);
	assert_memory_equal(value.data, "one", 3);
	extredis_free(redis);
	peer_stop(&peer);
}

/* What a call sends. Nobody answers: it fails, but the bytes are in our socket. */
static void sends(int (*call)(struct extredis *redis), const char *expected)
{
	int port, listener = listen_on_loopback(&port), fd;
	char url[64], seen[512] = "";
	struct extredis *redis;

	snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
	assert_int_equal(extredis_connect(url, 20 * NS_PER_MS, &redis, NULL), 0);
	fd = accept(listener, NULL, NULL);
	assert_int_equal(call(redis), -1);
	assert_true(recv(fd, seen, sizeof seen - 1, 0) > 0);
	assert_string_equal(seen, expected);
	extredis_free(redis);
	close(fd);
	close(listener);
}

static int set_a_command(struct extredis *redis)
{
	const struct extredis_entry entry = {{"k v\r\n", 5}, {"FLUSHALL %s\r\n", 13}, 7};

	return set_and_settle(redis, &entry, 1, NULL);
}

/* RD-03: what looks like a command stays one argument; the peer checks the bytes. */
static void rd_03_a_value_never_becomes_a_command(void **state)
{
	(void)state;
	sends(set_a_command, "*5\r\n$3\r\nSET\r\n$5\r\nk v\r\n\r\n$13\r\nFLUSHALL %s\r\n\r\n"
			     "$2\r\nEX\r\n$1\r\n7\r\n");
}

#define HOSTILE                                                                                    \
	{                                                                                          \
		"%s%n%b%%", 8                                                                      \
	}
static const struct extredis_lock hostile_lock = {HOSTILE, HOSTILE};

static int get_hostile(struct extredis *redis)
{
	struct extredis_bytes value;

	return extredis_get(redis, &hostile_lock.key, 1, &value, NULL);
}

static int claim_hostile(struct extredis *redis)
{
	struct extredis_bytes value;
	bool ours;

	return extredis_claim(redis, &hostile_lock, 1, hostile_lock.key, &ours, &value, NULL);
}

static int release_hostile(struct extredis *redis)
{
	return extredis_release(redis, &hostile_lock, NULL);
}

static int delete_hostile(struct extredis *redis)
{
	return extredis_delete(redis, hostile_lock.key, NULL);
}

/* RD-05: hiredis has commands made from formats; that they are not used is in tests/meta/style. */
static void rd_05_formats_in_data_are_bytes(void **state)
{
	(void)state;
	sends(get_hostile, "*2\r\n$4\r\nMGET\r\n$8\r\n%s%n%b%%\r\n");
	sends(claim_hostile, "*6\r\n$3\r\nSET\r\n$8\r\n%s%n%b%%\r\n$8\r\n%s%n%b%%\r\n"
			     "$2\r\nNX\r\n$2\r\nPX\r\n$1\r\n1\r\n"
			     "*2\r\n$4\r\nMGET\r\n$8\r\n%s%n%b%%\r\n");
	sends(release_hostile,
	      "*5\r\n$4\r\nEVAL\r\n$92\r\nif redis.call('get', KEYS[1]) == ARGV[1] then "
	      "return redis.call('del', KEYS[1]) end return 0\r\n$1\r\n1\r\n"
	      "$8\r\n%s%n%b%%\r\n$8\r\n%s%n%b%%\r\n");
	sends(delete_hostile, "*2\r\n$3\r\nDEL\r\n$8\r\n%s%n%b%%\r\n");
}

static void rd_14_info_fields_are_found_or_not_there(void **state)
{
	const char *info =
		"# Memory\r\nused_memory:123\r\nused_memory_rss:9\r\nredis_version:7.0\r\n";
	char value[8];

	(void)state;
	assert_int_equal(extredis_info_field(info, "used_memory", value, sizeof value), 0);
	assert_string_equal(value, "123");
	assert_int_equal(extredis_info_field(info, "redis_version", value, sizeof value), 0);
	assert_string_equal(value, "7.0");
	assert_int_equal(extredis_info_field(info, "memory", value, sizeof value), -1);
	assert_int_equal(extredis_info_field("x:123456789", "x", value, sizeof value), -1);
	assert_int_equal(extredis_info_field("", "x", value, sizeof value), -1);
	assert_int_equal(extredis_info_field("x", "x", value, sizeof value), -1);
	assert_int_equal(extredis_info_field("\r\n:\r\nx\r\n", "x", value, sizeof value), -1);
	assert_int_equal(extredis_info_field("x:", "x", value, sizeof value), 0);
	assert_string_equal(value, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(rd_01_rd_16_rd_17_failures_are_told_without_the_password),
		cmocka_unit_test(a_closed_port_is_refused_at_once),
		cmocka_unit_test(rd_02_a_silent_server_runs_into_the_time_limit),
		cmocka_unit_test(answers_belong_to_their_keys),
		cmocka_unit_test(rd_07_an_error_within_a_pipeline_does_not_shift_answers),
		cmocka_unit_test(rd_02_a_lost_connection_is_not_used_again),
		cmocka_unit_test(rd_02_a_command_without_answer_runs_into_the_time_limit),
		cmocka_unit_test(rd_01_a_refusal_is_an_answer),
		cmocka_unit_test(a_lock_is_given_once),
		cmocka_unit_test(rd_03_a_value_never_becomes_a_command),
		cmocka_unit_test(rd_05_formats_in_data_are_bytes),
		cmocka_unit_test(rd_14_info_fields_are_found_or_not_there),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
