#include "perfgate/base/clock.h"
#include "perfgate/ext/pg.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "peer.h"

#define TIMEOUT_NS (5 * NS_PER_S)

/* ENV-11, ENV-13: what libpq says about these strings contains parts of the password. */
static void malformed_urls_are_usage_errors_without_userinfo(void **state)
{
	static const char *const urls[] = {
		"postgresql://user:s3cr%zzet@127.0.0.1/db",
		"postgresql://user:s3cr/et@127.0.0.1/db",
		"postgresql://user:s3cr@et@127.0.0.1/db",
		"postgresql://127.0.0.1:s3cr/db",
		"postgresql://user:s3cr%00et@127.0.0.1/db",
		"host=127.0.0.1 password=s3cr et",
		"no equals s3cr",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(extpg_ping(urls[i], TIMEOUT_NS, &err), -1);
		if (err.kind != ERROR_USAGE)
			fail_msg("%s: %s", urls[i], err.message);
		if (strstr(err.message, "s3cr") || strstr(err.message, "user:"))
			fail_msg("%s: %s", urls[i], err.message);
	}
}

static void pg_01_unreachable_servers_are_unmeasured(void **state)
{
	static const struct {
		const char *url, *why;
	} rows[] = {
		{"postgresql://user:s3cret@127.0.0.1:1/db", "refused"},
		{"host=/nonexistent user=u password=s3cret", "socket"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = ERROR_INIT;

		assert_int_equal(extpg_ping(rows[i].url, TIMEOUT_NS, &err), -1);
		assert_int_equal(err.kind, ERROR_UNMEASURED);
		if (!strstr(err.message, rows[i].why) || strstr(err.message, "s3cret"))
			fail_msg("%s: %s", rows[i].url, err.message);
	}
}

/* An ErrorResponse as the server sends it, with its fields. */
static void pg_01_refusals_are_told_by_sqlstate(void **state)
{
	static const struct {
		const char *state, *why;
	} rows[] = {
		{"28P01", "password was refused"},  {"3D000", "database does not exist"},
		{"53300", "too many connections"},  {"57P03", "starting up"},
		{"XX000", "refused by the server"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct error err = ERROR_INIT;
		struct peer peer;
		char answer[80] = "E", url[96];
		const char *const script[] = {answer, NULL};
		int length = snprintf(answer + 5, sizeof answer - 5,
				      "SFATAL%cVFATAL%cC%s%cMs3cret words%c%c", 0, 0, rows[i].state,
				      0, 0, 0);

		answer[4] = (char)(length + 4);
		peer_start_bytes(&peer, script, (size_t)length + 5);
		snprintf(url, sizeof url, "postgresql://u:s3cret@127.0.0.1:%d/db?sslmode=disable",
			 peer.port);
		assert_int_equal(extpg_ping(url, TIMEOUT_NS, &err), -1);
		assert_int_equal(err.kind, ERROR_UNMEASURED);
		if (!strstr(err.message, rows[i].why) || !strstr(err.message, rows[i].state) ||
		    strstr(err.message, "s3cret"))
			fail_msg("%s: %s", rows[i].state, err.message);
		peer_stop(&peer);
	}
}

static void pg_02_a_server_that_hangs_runs_into_the_time_limit(void **state)
{
	static const char *const silent[] = {NULL};
	struct error err = ERROR_INIT;
	struct peer peer;
	char url[96];

	(void)state;
	peer_start(&peer, silent);
	snprintf(url, sizeof url, "postgresql://u@127.0.0.1:%d/db?sslmode=disable", peer.port);
	assert_int_equal(extpg_ping(url, 20 * NS_PER_MS, &err), -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(err.message, "in time"));
	peer_stop(&peer);
}

static void pg_01_a_server_of_another_kind_is_unmeasured(void **state)
{
	static const char *const http[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", PEER_CLOSE, NULL};
	struct error err = ERROR_INIT;
	struct peer peer;
	char url[96];

	(void)state;
	peer_start(&peer, http);
	snprintf(url, sizeof url, "postgresql://u:s3cret@127.0.0.1:%d/db", peer.port);
	assert_int_equal(extpg_ping(url, TIMEOUT_NS, &err), -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_null(strstr(err.message, "s3cret"));
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_urls_are_usage_errors_without_userinfo),
		cmocka_unit_test(pg_01_unreachable_servers_are_unmeasured),
		cmocka_unit_test(pg_01_refusals_are_told_by_sqlstate),
		cmocka_unit_test(pg_02_a_server_that_hangs_runs_into_the_time_limit),
		cmocka_unit_test(pg_01_a_server_of_another_kind_is_unmeasured),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
