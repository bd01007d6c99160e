/* Users on journeys against a peer: what is captured, used, skipped, paused for and done once. */
#include "load_case.h"

#define READ                                                                                       \
	{                                                                                          \
		.action = PEER_READ                                                                \
	}
#define SEND(text)                                                                                 \
	{                                                                                          \
		.action = PEER_SEND, .bytes = text                                                 \
	}
#define HEAD(more) "HTTP/1.1 200 OK\r\nContent-Length: " more
#define TOKEN(token) SEND(HEAD("16\r\n\r\n{\"token\":\"" token "\"}"))
#define OK SEND(OK_ANSWER)

#define SCENARIO(members) "scenarios: {t: {" members ", warmup: 0s, pause: 0s}}\n"

/* Answers `steps` and keeps what the client sent; bounded, in the order it came. */
struct tape {
	struct peer peer;
	pthread_mutex_t lock;
	char text[65536];
	size_t length;
};

static void keep(uint64_t number, void *arg)
{
	struct tape *tape = arg;
	(void)number;
	/* In the peer's thread: the head of the connection that was just read. */
	for (size_t i = 0; i < tape->peer.n_open; i++) {
		struct peer_connection *c = tape->peer.open[i];
		size_t n = strlen(c->head);
		if (n == 0 || n + 2 > sizeof tape->text - tape->length)
			continue;
		memcpy(tape->text + tape->length, c->head, n);
		tape->length += n;
		tape->text[tape->length++] = '\n';
		c->head[0] = '\0';
	}
}

static void run_with_seed(struct tape *tape, const struct peer_step *steps, size_t n_steps,
			  struct load_case *c, const char *yaml, uint64_t seed)
{
	assert_true(peer_listen(&tape->peer, steps, n_steps));
	memset(tape->text, 0, sizeof tape->text);
	tape->length = 0;
	tape->peer.on_request = keep;
	tape->peer.arg = tape;
	load_case_init(c, yaml, tape->peer.port);
	c->options.seed = seed;
	assert_int_equal(pthread_create(&tape->peer.thread, NULL, peer_serve, &tape->peer), 0);
	load_case_run(c);
	peer_stop(&tape->peer);
	if (c->status != 0)
		fail_msg("%s", c->err.message);
	load_case_check_books(c);
}

static void run(struct tape *tape, const struct peer_step *steps, size_t n_steps,
		struct load_case *c, const char *yaml)
{
	run_with_seed(tape, steps, n_steps, c, yaml, 1);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;
	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

static const struct endpoint_result *endpoint(const struct load_case *c, const char *name)
{
	for (size_t i = 0; i < c->result->n_endpoints; i++) {
		if (strcmp(c->result->endpoints[i].name, name) == 0)
			return &c->result->endpoints[i];
	}
	fail_msg("no endpoint %s", name);
	return NULL;
}

#define JOURNEY                                                                                    \
	"profiles: {p: {wait: 60s, tasks: {j: 1}}}\n"                                              \
	"tasks:\n"                                                                                 \
	"  j:\n"                                                                                   \
	"    - {request: POST /login, json: {u: 1}, capture: {token: json.token}}\n"               \
	"    - {request: GET /me, headers: {Authorization: 'Bearer ${capture.token}'}}\n"          \
	"    - GET /bye\n"

static void what_one_step_captures_the_next_one_sends(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {READ, TOKEN("abcd"), READ, OK, READ, OK};
	static struct tape tape;
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c, JOURNEY SCENARIO("users: 3, duration: 300ms"));
	assert_int_equal(c.result->total.requests, 9);
	assert_int_equal(c.result->total.classes[CLASS_OK], 9);
	assert_int_equal(endpoint(&c, "GET /bye")->requests, 3);
	assert_int_equal(count(tape.text, "GET /me HTTP/1.1"), 3);
	assert_int_equal(count(tape.text, "\r\nAuthorization: Bearer abcd\r\n"), 3);
	load_case_release(&c);
}

/* Each arrival is a user of its own: it logs in, does one journey and is forgotten. */
static void arrivals_log_in_and_do_one_journey(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {READ, TOKEN("abcd"), READ, OK, READ, OK};
	static struct tape tape;
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c,
	    "profiles: {p: {on_start: login, tasks: {j: 1}}}\n"
	    "tasks:\n"
	    "  login: {request: POST /login, capture: {token: json.token}}\n"
	    "  j: ['GET /me/${capture.token}', GET /bye]\n" SCENARIO(
		    "rate: 40, arrival: even, duration: 200ms, max_users: 50"));
	size_t arrivals = endpoint(&c, "POST /login")->requests;
	assert_in_range(arrivals, 7, 8);
	assert_int_equal(count(tape.text, "GET /me/abcd "), arrivals);
	assert_int_equal(endpoint(&c, "GET /bye")->requests, arrivals);
	assert_near(c.result->planned_rps, 120);
	load_case_release(&c);
}

static void libcurl_captures_the_same(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ,
		SEND("HTTP/1.1 200 OK\r\nX-Next: /n?a=1\r\nContent-Length: 16\r\n\r\n"
		     "{\"token\":\"abcd\"}"),
		READ, OK};
	static struct tape tape;
	struct load_case c;
	memset(&tape, 0, sizeof tape);
	assert_true(peer_listen(&tape.peer, steps, ARRAY_SIZE(steps)));
	tape.peer.on_request = keep;
	tape.peer.arg = &tape;
	load_case_init(
		&c,
		"profiles: {p: {wait: 60s, tasks: {j: 1}}}\n"
		"tasks:\n"
		"  j:\n"
		"    - {request: POST /, capture: {v: json.token, n: header.x-next}}\n"
		"    - {request: 'GET ${capture.n}', headers: {X-T: '${capture.v}'}}\n" SCENARIO(
			"users: 2, duration: 300ms"),
		tape.peer.port);
	c.options.transport = TRANSPORT_CURL;
	assert_int_equal(pthread_create(&tape.peer.thread, NULL, peer_serve, &tape.peer), 0);
	load_case_run(&c);
	peer_stop(&tape.peer);
	assert_int_equal(c.status, 0);
	assert_int_equal(c.result->total.classes[CLASS_OK], 4);
	assert_int_equal(count(tape.text, "GET /n?a=1 HTTP/1.1\r\n"), 2);
	assert_int_equal(count(tape.text, "\r\nX-T: abcd\r\n"), 2);
	load_case_release(&c);
}

static void a_header_is_captured_and_leads_on(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ,
		SEND("HTTP/1.1 201 Created\r\nX: y\r\nlocation:  http://h:1/base/orders/7?a=b \r\n"
		     "Content-Length: 0\r\n\r\n"),
		READ,
		OK,
		READ,
		SEND("HTTP/1.1 200 OK\r\nLocation: /else/8\r\nContent-Length: 0\r\n\r\n"),
		READ,
		OK};
	static struct tape tape;
	struct load_case c;
	assert_true(peer_listen(&tape.peer, steps, ARRAY_SIZE(steps)));
	tape.peer.on_request = keep;
	tape.peer.arg = &tape;
	load_case_init(&c,
		       "profiles: {p: {wait: 60s, tasks: {j: 1}}}\n"
		       "tasks:\n"
		       "  j:\n"
		       "    - {request: POST /orders, capture: {place: header.Location}}\n"
		       "    - GET ${capture.place}\n"
		       "    - {request: POST /else, capture: {place: header.Location}}\n"
		       "    - GET ${capture.place}\n" SCENARIO("users: 1, duration: 300ms"),
		       tape.peer.port);
	c.target.prefix = "/base";
	assert_int_equal(pthread_create(&tape.peer.thread, NULL, peer_serve, &tape.peer), 0);
	load_case_run(&c);
	peer_stop(&tape.peer);
	assert_int_equal(c.result->total.classes[CLASS_OK], 4);
	/* The prefix of the target comes once, whether the server names it or not. */
	assert_int_equal(count(tape.text, "GET /base/orders/7?a=b HTTP/1.1\r\n"), 1);
	assert_int_equal(count(tape.text, "GET /base/else/8 HTTP/1.1\r\n"), 1);
	assert_int_equal(endpoint(&c, "GET {capture.place}")->requests, 2);
	load_case_release(&c);
}

static void a_missing_value_fails_its_step_and_skips_the_rest(void **state)
{
	(void)state;
	static const struct {
		struct peer_step answer;
		const char *why;
	} rows[] = {
		{SEND(OK_ANSWER), "capture: the answer is not JSON"},
		{SEND(HEAD("2\r\n\r\n{}")), "capture token: json.token is missing"},
		{SEND(HEAD("0\r\n\r\n")), "capture: the answer is not JSON"},
		{SEND(HEAD("19\r\n\r\n{\"token\":\"a\\nb: c\"}")),
		 "capture token: json.token holds control characters"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct peer_step steps[] = {READ, rows[i].answer};
		static struct tape tape;
		struct load_case c;
		run(&tape, steps, ARRAY_SIZE(steps), &c,
		    JOURNEY SCENARIO("users: 2, duration: 150ms"));
		assert_int_equal(c.result->total.requests, 2);
		assert_int_equal(c.result->total.classes[CLASS_CHECK_FAILED], 2);
		const struct endpoint_result *login = endpoint(&c, "POST /login");
		assert_int_equal(login->classes[CLASS_CHECK_FAILED], 2);
		if (!strstr(login->first_failure, rows[i].why))
			fail_msg("%s", login->first_failure);
		assert_int_equal(count(tape.text, "GET /me"), 0);
		load_case_release(&c);
	}
}

static void a_failed_step_skips_the_rest(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ, TOKEN("abcd"), READ, SEND("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")};
	static struct tape tape;
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c, JOURNEY SCENARIO("users: 2, duration: 150ms"));
	assert_int_equal(endpoint(&c, "POST /login")->classes[CLASS_OK], 2);
	assert_int_equal(endpoint(&c, "GET /me")->classes[CLASS_HTTP_ERROR], 2);
	assert_int_equal(endpoint(&c, "GET /bye")->requests, 0);
	load_case_release(&c);
}

/* Bodies are checked 1 in 20 times; what is captured is read every time. */
static void every_body_is_read_that_is_captured_from(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {READ, TOKEN("aaaa"), READ, OK,
						 READ, TOKEN("bbbb"), READ, OK};
	static struct tape tape;
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c,
	    "profiles: {p: {wait: 60s, tasks: {j: 1}}}\n"
	    "tasks:\n"
	    "  j:\n"
	    "    - {request: GET /t, capture: {token: json.token}}\n"
	    "    - GET /use/${capture.token}\n" SCENARIO(
		    "users: 1, duration: 300ms, think_scale: 0"));
	size_t a = count(tape.text, "GET /use/aaaa "), b = count(tape.text, "GET /use/bbbb ");
	assert_true(a > 3);
	assert_in_range(b, a - 1, a);
	load_case_release(&c);
}

static void steps_think_as_long_as_they_say(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {READ, OK};
	static const char yaml[] = "profiles: {p: {wait: 60s, tasks: {j: 1}}}\n"
				   "tasks: {j: [{request: GET /a, think: 20s}, GET /b]}\n";
	static struct tape tape;
	AUTO_FREE char *as_written = xasprintf("%s%s", yaml, SCENARIO("users: 2, duration: 200ms"));
	AUTO_FREE char *scaled =
		xasprintf("%s%s", yaml, SCENARIO("users: 2, duration: 400ms, think_scale: 0.0005"));
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c, as_written);
	assert_int_equal(endpoint(&c, "GET /a")->requests, 2);
	assert_int_equal(endpoint(&c, "GET /b")->requests, 0);
	/* 60 s and 20 s for two requests. */
	assert_near(c.result->planned_rps, 2 * 2 / 80.0);
	load_case_release(&c);
	run(&tape, steps, ARRAY_SIZE(steps), &c, scaled);
	/* 10 ms after /a and 30 ms after /b. */
	assert_in_range(endpoint(&c, "GET /b")->requests, 2, 2 * 11);
	assert_in_range(endpoint(&c, "GET /a")->requests, endpoint(&c, "GET /b")->requests,
			endpoint(&c, "GET /b")->requests + 2);
	load_case_release(&c);
}

#define LOGIN_FIRST                                                                                \
	"profiles: {p: {wait: 1s, on_start: login, tasks: {j: 1}}}\n"                              \
	"tasks:\n"                                                                                 \
	"  login: {request: POST /login, capture: {token: json.token}}\n"                          \
	"  j: {request: GET /me, headers: {Authorization: '${capture.token}'}}\n"

static void on_start_is_done_once_by_each_user(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ, TOKEN("abcd"), READ, OK, READ, OK, READ, OK, READ, OK, {.action = PEER_HANG}};
	static struct tape tape;
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c,
	    LOGIN_FIRST SCENARIO("users: 4, duration: 200ms, think_scale: 0, timeout: 300ms"));
	assert_int_equal(endpoint(&c, "POST /login")->requests, 4);
	assert_int_equal(endpoint(&c, "GET /me")->classes[CLASS_OK], 16);
	assert_int_equal(count(tape.text, "\r\nAuthorization: abcd\r\n"),
			 count(tape.text, "GET /me"));
	load_case_release(&c);
}

static void on_start_is_tried_again_until_it_succeeds(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ,
		SEND("HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"),
		READ,
		SEND(HEAD("2\r\n\r\n{}")),
		READ,
		TOKEN("abcd"),
		READ,
		OK,
		{.action = PEER_HANG}};
	static struct tape tape;
	struct load_case c;
	run(&tape, steps, ARRAY_SIZE(steps), &c,
	    LOGIN_FIRST SCENARIO("users: 1, duration: 200ms, think_scale: 0, timeout: 300ms"));
	const struct endpoint_result *login = endpoint(&c, "POST /login");
	assert_int_equal(login->requests, 3);
	assert_int_equal(login->classes[CLASS_HTTP_ERROR], 1);
	assert_int_equal(login->classes[CLASS_CHECK_FAILED], 1);
	assert_int_equal(endpoint(&c, "GET /me")->classes[CLASS_OK], 1);
	load_case_release(&c);
}

/* In a capacity phase any user does the tasks of any profile, each with the right login. */
static void a_mix_keeps_the_logins_of_its_profiles_apart(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {READ,
						 TOKEN("AAAA"),
						 READ,
						 TOKEN("BBBB"),
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 READ,
						 OK,
						 {.action = PEER_HANG}};
	static struct tape tape;
	struct load_case c;
	assert_true(peer_listen(&tape.peer, steps, ARRAY_SIZE(steps)));
	memset(tape.text, 0, sizeof tape.text);
	tape.length = 0;
	tape.peer.on_request = keep;
	tape.peer.arg = &tape;
	load_case_init(&c,
		       "profiles:\n"
		       "  a: {wait: 1s, on_start: login_a, tasks: {get_a: 1}}\n"
		       "  b: {wait: 1s, on_start: login_b, tasks: {get_b: 1}}\n"
		       "tasks:\n"
		       "  login_a: {request: POST /a, capture: {token: json.token}}\n"
		       "  login_b: {request: POST /b, capture: {token: json.token}}\n"
		       "  get_a: GET /a/${capture.token}\n"
		       "  get_b: GET /b/${capture.token}\n" SCENARIO(
			       "users: 2, duration: 200ms, timeout: 300ms"),
		       tape.peer.port);
	const struct scenario *capacity =
		suite_capacity(c.suite.suite, suite_case_scenario(&c.suite, "t"), 1000);
	assert_non_null(capacity);
	struct scenario mixed = *capacity;
	struct stage stage = {2, 0, 200 * NS_PER_MS};
	mixed.stages = &stage;
	mixed.duration_ns = stage.duration_ns;
	mixed.warmup_ns = 0;
	assert_int_equal(pthread_create(&tape.peer.thread, NULL, peer_serve, &tape.peer), 0);
	assert_int_equal(load_run(c.suite.suite, &mixed, &c.target, &c.options, &c.run->arena,
				  c.result, &c.err),
			 0);
	peer_stop(&tape.peer);
	load_case_check_books(&c);
	assert_int_equal(count(tape.text, "POST /a "), 2);
	assert_int_equal(count(tape.text, "POST /b "), 2);
	/* In the order of the mix: login_a first, whose answer is AAAA. */
	size_t a = count(tape.text, "GET /a/AAAA "), b = count(tape.text, "GET /b/BBBB ");
	assert_true(a > 0 && b > 0);
	assert_int_equal(a + b, count(tape.text, "GET /"));
	load_case_release(&c);
}

static void who_comes_back_after_a_ramp_down_logs_in_again(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {READ, TOKEN("abcd")};
	static struct tape tape;
	struct load_case c;
	/* Every answer is a token, so that a connection made anew is answered right as well. */
	run(&tape, steps, ARRAY_SIZE(steps), &c,
	    "profiles: {p: {wait: 10ms, on_start: login, tasks: {j: 1}}}\n"
	    "tasks:\n"
	    "  login: {request: POST /login, capture: {token: json.token}}\n"
	    "  j: GET /me/${capture.token}\n"
	    "scenarios: {t: {warmup: 0s, stages: [\n"
	    "  {users: 2, duration: 100ms}, {users: 1, duration: 150ms},\n"
	    "  {users: 2, duration: 100ms}]}}\n");
	assert_int_equal(endpoint(&c, "POST /login")->requests, 3);
	assert_int_equal(count(tape.text, "GET /me/abcd "), count(tape.text, "GET /me"));
	load_case_release(&c);
}

static void the_same_seed_sends_the_same_journeys(void **state)
{
	(void)state;
	static const struct peer_step steps[] = {
		READ, TOKEN("abcd"),	    READ, OK, READ, TOKEN("efgh"), READ,
		OK,   {.action = PEER_HANG}};
	static struct tape tapes[3];
	for (int i = 0; i < 3; i++) {
		struct load_case c;
		run_with_seed(&tapes[i], steps, ARRAY_SIZE(steps), &c,
			      "profiles: {p: {wait: 1s..2s, tasks: {j: 1}}}\n"
			      "tasks:\n"
			      "  j:\n"
			      "    - {request: 'GET /${int(1..1000000)}', think: 0s..1s,\n"
			      "       capture: {token: json.token}}\n"
			      "    - GET /${capture.token}/${int(1..1000000)}\n" SCENARIO(
				      "users: 1, duration: 150ms, think_scale: 0.001,"
				      " timeout: 300ms"),
			      i < 2 ? 7 : 8);
		assert_int_equal(count(tapes[i].text, "GET /"), 4);
		load_case_release(&c);
	}
	assert_string_equal(tapes[0].text, tapes[1].text);
	assert_string_not_equal(tapes[0].text, tapes[2].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_step_captures_the_next_one_sends),
		cmocka_unit_test(arrivals_log_in_and_do_one_journey),
		cmocka_unit_test(libcurl_captures_the_same),
		cmocka_unit_test(a_header_is_captured_and_leads_on),
		cmocka_unit_test(a_missing_value_fails_its_step_and_skips_the_rest),
		cmocka_unit_test(a_failed_step_skips_the_rest),
		cmocka_unit_test(every_body_is_read_that_is_captured_from),
		cmocka_unit_test(steps_think_as_long_as_they_say),
		cmocka_unit_test(on_start_is_done_once_by_each_user),
		cmocka_unit_test(on_start_is_tried_again_until_it_succeeds),
		cmocka_unit_test(a_mix_keeps_the_logins_of_its_profiles_apart),
		cmocka_unit_test(who_comes_back_after_a_ramp_down_logs_in_again),
		cmocka_unit_test(the_same_seed_sends_the_same_journeys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
