/* Users with cookies against a peer, with both transports: off by default, one jar per user. */
#include "load_case.h"

#include <stdio.h>

#define READ                                                                                       \
	{                                                                                          \
		.action = PEER_READ                                                                \
	}
#define SEND(text)                                                                                 \
	{                                                                                          \
		.action = PEER_SEND, .bytes = text                                                 \
	}
#define LOGIN                                                                                      \
	SEND("HTTP/1.1 302 Found\r\nSet-Cookie: id=s3cr3t; HttpOnly; Secure\r\n"                   \
	     "set-cookie: area=api; Path=/api\r\nContent-Length: 0\r\n\r\n")
#define OK SEND(OK_ANSWER)

#define SCENARIO(members) "scenarios: {t: {" members ", warmup: 0s, pause: 0s}}\n"
/* Three steps that end; the think time is longer than the run. */
#define USERS(cookies)                                                                             \
	"profiles: {p: {wait: 60s, on_start: login, tasks: {j: 1}" cookies "}}\n"                  \
	"tasks:\n"                                                                                 \
	"  login: {request: POST /login?next=/x, expect: {status: 302}}\n"                         \
	"  j: [GET /api/me, {request: POST /api/order, json: {n: \"${seq}\"}}, GET /bye]\n"

/* The heads that the peer read, in the order they came. */
struct tape {
	struct peer peer;
	char heads[64][512];
	size_t n;
};

static void note(const char *head, void *arg)
{
	struct tape *tape = arg;
	if (tape->n < ARRAY_SIZE(tape->heads))
		snprintf(tape->heads[tape->n++], sizeof tape->heads[0], "%s", head);
}

static void run(struct tape *tape, const struct peer_step *steps, size_t n_steps,
		struct load_case *c, const char *yaml, void **state)
{
	memset(tape, 0, sizeof *tape);
	assert_true(peer_listen(&tape->peer, steps, n_steps));
	tape->peer.on_head = note;
	tape->peer.arg = tape;
	load_case_init(c, yaml, tape->peer.port);
	load_case_choose_transport(c, state);
	assert_int_equal(pthread_create(&tape->peer.thread, NULL, peer_serve, &tape->peer), 0);
	load_case_run(c);
	peer_stop(&tape->peer);
	if (c->status != 0)
		fail_msg("%s", c->err.message);
	load_case_check_books(c);
	assert_int_equal(c->result->total.classes[CLASS_OK], c->result->total.requests);
}

/* How many requests of this line had the Cookie line `cookie` (NULL: none). */
static size_t count(const struct tape *tape, const char *line, const char *cookie)
{
	size_t n = 0;
	for (size_t i = 0; i < tape->n; i++) {
		const char *found = strstr(tape->heads[i], "\r\nCookie: ");
		const char *end = found ? strstr(found + 2, "\r\n") : NULL;
		if (strncmp(tape->heads[i], line, strlen(line)) != 0)
			continue;
		if (!cookie)
			n += found == NULL;
		else
			n += found && (size_t)(end - found - 10) == strlen(cookie) &&
			     strncmp(found + 10, cookie, strlen(cookie)) == 0;
	}
	return n;
}

static const struct peer_step logged_in[] = {READ, LOGIN, READ, OK, READ, OK, READ, OK};

static void each_user_sends_what_it_was_given(void **state)
{
	static struct tape tape;
	struct load_case c;
	run(&tape, logged_in, ARRAY_SIZE(logged_in), &c,
	    USERS(", cookies: true") SCENARIO("users: 3, duration: 500ms"), state);
	assert_int_equal(c.result->total.requests, 12);
	assert_int_equal(count(&tape, "POST /login", NULL), 3);
	assert_int_equal(count(&tape, "GET /api/me ", "area=api; id=s3cr3t"), 3);
	assert_int_equal(count(&tape, "POST /api/order ", "area=api; id=s3cr3t"), 3);
	assert_int_equal(count(&tape, "GET /bye ", "id=s3cr3t"), 3);
	load_case_release(&c);
}

static void cookies_are_off_by_default(void **state)
{
	static struct tape tape;
	struct load_case c;
	run(&tape, logged_in, ARRAY_SIZE(logged_in), &c,
	    USERS("") SCENARIO("users: 2, duration: 400ms"), state);
	assert_int_equal(c.result->total.requests, 8);
	assert_int_equal(count(&tape, "", NULL), 8);
	load_case_release(&c);
}

static void a_cookie_header_of_ones_own_is_sent_as_it_is(void **state)
{
	static struct tape tape;
	struct load_case c;
	run(&tape, logged_in, ARRAY_SIZE(logged_in), &c,
	    "profiles: {p: {wait: 60s, cookies: true, tasks: {j: 1}}}\n"
	    "tasks:\n"
	    "  j:\n"
	    "    - {request: GET /login, expect: {status: 302}}\n"
	    "    - {request: GET /a, headers: {cookie: mine=1}}\n"
	    "    - GET /b\n"
	    "    - GET /b\n" SCENARIO("users: 1, duration: 400ms"),
	    state);
	assert_int_equal(c.result->total.requests, 4);
	assert_int_equal(count(&tape, "GET /b ", "id=s3cr3t"), 2);
	assert_non_null(strstr(tape.heads[1], "\r\ncookie: mine=1\r\n"));
	assert_null(strstr(tape.heads[1], "s3cr3t"));
	load_case_release(&c);
}

/* Each arrival is a new user, whoever used the connection before. */
static void arrivals_begin_without_cookies(void **state)
{
	static struct tape tape;
	struct load_case c;
	run(&tape, logged_in, ARRAY_SIZE(logged_in), &c,
	    USERS(", cookies: true")
		    SCENARIO("rate: 20, arrival: even, max_users: 4, duration: 250ms"),
	    state);
	size_t arrivals = count(&tape, "POST /login", NULL);
	assert_in_range(arrivals, 4, 5);
	assert_int_equal(count(&tape, "GET /bye ", "id=s3cr3t"), arrivals);
	load_case_release(&c);
}

static void a_prefix_is_part_of_the_path(void **state)
{
	static const struct peer_step steps[] = {READ, SEND("HTTP/1.1 200 OK\r\n"
							    "Set-Cookie: a=1; Path=/v1/in\r\n"
							    "Content-Length: 0\r\n\r\n")};
	static struct tape tape;
	struct load_case c;
	memset(&tape, 0, sizeof tape);
	assert_true(peer_listen(&tape.peer, steps, ARRAY_SIZE(steps)));
	tape.peer.on_head = note;
	tape.peer.arg = &tape;
	load_case_init(&c,
		       "profiles: {p: {wait: 60s, cookies: true, tasks: {j: 1}}}\n"
		       "tasks: {j: [GET /x, GET /in, GET /inner]}\n" SCENARIO(
			       "users: 1, duration: 300ms"),
		       tape.peer.port);
	c.target.prefix = "/v1";
	load_case_choose_transport(&c, state);
	assert_int_equal(pthread_create(&tape.peer.thread, NULL, peer_serve, &tape.peer), 0);
	load_case_run(&c);
	peer_stop(&tape.peer);
	assert_int_equal(tape.n, 3);
	assert_int_equal(count(&tape, "GET /v1/in ", "a=1"), 1);
	assert_int_equal(count(&tape, "GET /v1/inner ", NULL), 1);
	load_case_release(&c);
}

int main(void)
{
	static enum transport_kind native = TRANSPORT_NATIVE, curl = TRANSPORT_CURL;
	const struct CMUnitTest tests[] = {
		WITH_BOTH("each user sends what it was given", each_user_sends_what_it_was_given),
		WITH_BOTH("cookies are off by default", cookies_are_off_by_default),
		WITH_BOTH("a cookie header of ones own is sent as it is",
			  a_cookie_header_of_ones_own_is_sent_as_it_is),
		WITH_BOTH("arrivals begin without cookies", arrivals_begin_without_cookies),
		WITH_BOTH("a prefix is part of the path", a_prefix_is_part_of_the_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
