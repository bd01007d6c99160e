/*
 * Channels against scripted peers: what is waited for, what is tried again.
 */
#include "notify_case.h"

#include "peer.h"
#include "perfgate/base/text.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define ANSWER(status, headers) "HTTP/1.1 " status "\r\n" headers "Content-Length: 0\r\n\r\n"

static void slack_case(struct notify_case *c, const struct peer *peer)
{
	case_init(c, sample_failing());
	c->settings.slack_webhook =
		arena_printf(&c->job.arena, "http://127.0.0.1:%u/services/T/B/hidden", peer->port);
}

static void a_limit_on_the_rate_is_waited_for_within_the_budget__NTF_02(void **state)
{
	static const struct {
		const char *first;
		bool again;
	} rows[] = {
		{ANSWER("429 Too Many", "Retry-After: 0\r\n"), true},
		{ANSWER("429 Too Many", "Retry-After: 1\r\n"), true},
		{ANSWER("429 Too Many", ""), true},
		{ANSWER("429 Too Many", "Retry-After: -1\r\n"), true},
		{ANSWER("429 Too Many", "Retry-After: soon\r\n"), true},
		{ANSWER("429 Too Many", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), true},
		/* Longer than the budget: nothing is waited for. */
		{ANSWER("429 Too Many", "Retry-After: 3600\r\n"), false},
		{ANSWER("429 Too Many", "Retry-After: 99999999999999999999\r\n"), true},
		{ANSWER("429 Too Many", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n"), false},
		{ANSWER("500 Oops", ""), true},
		{ANSWER("503 Busy", "Retry-After: 1\r\n"), true},
		{ANSWER("400 Bad", ""), false},
		{ANSWER("404 Gone", "Retry-After: 1\r\n"), false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct peer_step once[] = {{.action = PEER_READ},
						 {.action = PEER_SEND, .bytes = rows[i].first},
						 {.action = PEER_CLOSE}};
		AUTO(notify_case) struct notify_case c;
		struct error err = ERROR_INIT;
		struct peer peer;

		assert_true(peer_start(&peer, once, ARRAY_SIZE(once)));
		slack_case(&c, &peer);
		assert_int_equal(case_send(&c, "slack", &err), -1);
		peer_stop(&peer);
		if (atomic_load(&peer.requests) != (rows[i].again ? 2u : 1u))
			fail_msg("%s: %u requests", rows[i].first,
				 (unsigned)atomic_load(&peer.requests));
		assert_null(strstr(err.message, "hidden"));
	}
}

static void a_lost_answer_is_tried_once_more_at_most__NTF_03(void **state)
{
	static const struct peer_step reset[] = {{.action = PEER_READ}, {.action = PEER_RESET}};
	static const struct peer_step closed[] = {{.action = PEER_READ}, {.action = PEER_CLOSE}};
	static const struct peer_step partial[] = {
		{.action = PEER_READ},
		{.action = PEER_SEND, .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"},
		{.action = PEER_CLOSE}};
	static const struct {
		const struct peer_step *steps;
		size_t count;
	} rows[] = {{reset, 2}, {closed, 2}, {partial, 3}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(notify_case) struct notify_case c;
		struct error err = ERROR_INIT;
		struct peer peer;

		assert_true(peer_start(&peer, rows[i].steps, rows[i].count));
		slack_case(&c, &peer);
		assert_int_equal(case_send(&c, "slack", &err), -1);
		peer_stop(&peer);
		assert_int_equal(atomic_load(&peer.requests), 2);
		assert_int_equal(err.kind, ERROR_DELIVERY);
	}
}

static void only_slacks_ok_is_a_success__NTF_01(void **state)
{
	static const struct {
		const char *answer, *message;
	} rows[] = {
		{OK, NULL},
		{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", "not Slack's `ok`"},
		{"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
		 "HTTP 302"},
		{"HTTP/1.1 400 Bad\r\nContent-Length: 15\r\n\r\ninvalid_payload",
		 "HTTP 400 (invalid_payload)"},
		{"HTTP/1.1 403 No\r\nContent-Length: 17\r\n\r\naction_prohibited",
		 "HTTP 403 (action_prohibited)"},
		{"HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\nno_service",
		 "HTTP 404 (no_service)"},
		{"HTTP/1.1 410 Gone\r\nContent-Length: 19\r\n\r\nchannel_is_archived",
		 "HTTP 410 (channel_is_archived)"},
		/* An error page may repeat the address. */
		{"HTTP/1.1 404 No\r\nContent-Length: 21\r\n\r\n/services/T/B/hidden !", "HTTP 404"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct peer_step steps[] = {{.action = PEER_READ},
						  {.action = PEER_SEND, .bytes = rows[i].answer},
						  {.action = PEER_CLOSE}};
		AUTO(notify_case) struct notify_case c;
		struct error err = ERROR_INIT;
		struct peer peer;

		assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
		slack_case(&c, &peer);
		assert_int_equal(case_send(&c, "slack", &err), rows[i].message ? -1 : 0);
		peer_stop(&peer);
		if (rows[i].message && !strstr(err.message, rows[i].message))
			fail_msg("%s", err.message);
		assert_null(strstr(err.message, "hidden"));
	}
}

static void a_signal_ends_the_waiting(void **state)
{
	static const struct peer_step steps[] = {
		{.action = PEER_READ},
		{.action = PEER_SEND, .bytes = ANSWER("429 Too Many", "Retry-After: 20\r\n")},
		{.action = PEER_CLOSE}};
	volatile sig_atomic_t stop = 1;
	AUTO(notify_case) struct notify_case c;
	struct error err = ERROR_INIT;
	struct peer peer;

	(void)state;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	slack_case(&c, &peer);
	c.notify.budget_ns = 3600 * NS_PER_S;
	c.notify.stop = &stop;
	assert_int_equal(case_send(&c, "slack", &err), -1);
	peer_stop(&peer);
	assert_int_equal(atomic_load(&peer.requests), 1);
}

/* The dialogue up to the phase that hangs; a request is a line here, so send without reading. */
static void a_mail_server_that_hangs_is_left__NTF_11(void **state)
{
	static const struct peer_step silent[] = {{.action = PEER_HANG}};
	static const struct peer_step greeting[] = {{.action = PEER_SEND, .bytes = "220 x\r\n"},
						    {.action = PEER_HANG}};
	static const struct peer_step ehlo[] = {{.action = PEER_SEND,
						 .bytes = "220 x\r\n250 x\r\n"},
						{.action = PEER_HANG}};
	static const struct peer_step mail[] = {{.action = PEER_SEND,
						 .bytes = "220 x\r\n250 x\r\n250 ok\r\n"},
						{.action = PEER_HANG}};
	static const struct peer_step rcpt[] = {{.action = PEER_SEND,
						 .bytes = "220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n"},
						{.action = PEER_HANG}};
	static const struct peer_step data[] = {
		{.action = PEER_SEND, .bytes = "220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n"},
		{.action = PEER_HANG}};
	static const struct peer_step drip[] = {
		{.action = PEER_DRIP, .bytes = "220-", .count = -1}};
	static const struct {
		const struct peer_step *steps;
		size_t count;
	} rows[] = {{silent, 1}, {greeting, 2}, {ehlo, 2}, {mail, 2},
		    {rcpt, 2},	 {data, 2},	{drip, 1}};
	static const char *recipients[] = {"a@example.com", NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(notify_case) struct notify_case c;
		struct error err = ERROR_INIT;
		struct peer peer;

		assert_true(peer_start(&peer, rows[i].steps, rows[i].count));
		case_init(&c, sample_failing());
		c.settings.email_recipients = (struct string_list){recipients, 1};
		c.settings.smtp_url = arena_printf(&c.job.arena, "smtp://127.0.0.1:%u", peer.port);
		c.notify.budget_ns = 150 * NS_PER_MS;
		assert_int_equal(case_send(&c, "email", &err), -1);
		peer_stop(&peer);
		assert_int_equal(err.kind, ERROR_DELIVERY);
		assert_non_null(strstr(err.message, "no answer in time"));
	}
}

static void descriptions_are_cut_at_a_character__NTF_14(void **state)
{
	static const char *const pieces[] = {"x", "ü", "✗", "😀"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO(strbuf) struct strbuf reason = {0}, out = {0};
		AUTO_JSON json_t *status = NULL;
		const char *description;

		case_init(&c, sample_failing());
		while (reason.length < 500)
			strbuf_puts(&reason, pieces[i]);
		c.run->verdict.reason = reason.data;
		case_render(&c, "status", &out);
		status = json_loads(out.data, 0, NULL);
		description = extjson_get_string(status, "description", "");
		assert_in_range(strlen(description), 130, 140);
		assert_true(text_is_utf8(description, strlen(description)));
		assert_true(text_starts_with(description, "failed: "));
	}
}

static void states_follow_the_exit_status(void **state)
{
	static const struct {
		struct run *(*make)(void);
		int exit_status;
		const char *expected;
	} rows[] = {
		{sample_passing, 0, "success"},	   {sample_failing, 1, "failure"},
		{sample_failing, 0, "success"},	   {sample_inconclusive, 0, "success"},
		{sample_inconclusive, 3, "error"}, {sample_unmeasured, 3, "error"},
		{sample_interrupted, 0, "error"},  {sample_passing, 4, "error"},
		{sample_skipped, 0, "success"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO(strbuf) struct strbuf out = {0};
		AUTO_JSON json_t *status = NULL;

		case_init(&c, rows[i].make());
		c.notify.exit_status = rows[i].exit_status;
		case_render(&c, "status", &out);
		status = json_loads(out.data, 0, NULL);
		assert_string_equal(extjson_get_string(status, "state", ""), rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_on_the_rate_is_waited_for_within_the_budget__NTF_02),
		cmocka_unit_test(a_lost_answer_is_tried_once_more_at_most__NTF_03),
		cmocka_unit_test(only_slacks_ok_is_a_success__NTF_01),
		cmocka_unit_test(a_signal_ends_the_waiting),
		cmocka_unit_test(a_mail_server_that_hangs_is_left__NTF_11),
		cmocka_unit_test(descriptions_are_cut_at_a_character__NTF_14),
		cmocka_unit_test(states_follow_the_exit_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
