/* Redirects that lead elsewhere, handshakes that get lost, bodies that are not what they say. */
#include "load_case.h"

#include "perfgate/base/mem.h"

#define READ                                                                                       \
	{                                                                                          \
		.action = PEER_READ                                                                \
	}
#define SEND(text)                                                                                 \
	{                                                                                          \
		.action = PEER_SEND, .bytes = text                                                 \
	}
#define FEW_USERS SUITE_GET("users: 2, duration: 150ms, think_scale: 0")

static const struct peer_step well_behaved[] = {READ, SEND(OK_ANSWER)};

/* ---- redirects ---- */

/* One request, one answer: nothing is followed, and nobody else is asked. */
static void redirect_to(const char *location, struct peer *other, void **state)
{
	AUTO_FREE char *answer =
		xasprintf("HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
			  location);
	const struct peer_step steps[] = {READ, SEND(answer)};
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, ARRAY_SIZE(steps)));
	load_case_init(&c, FEW_USERS, peer.port);
	load_case_choose_transport(&c, state);
	c.target.authorization = "Basic c2VjcmV0OnNlY3JldA==";
	load_case_run(&c);
	peer_stop(&peer);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_HTTP_ERROR], c.result->total.requests);
	if (!strstr(c.result->total.first_failure, "HTTP 302"))
		fail_msg("%s: %s", location, c.result->total.first_failure);
	assert_int_equal(atomic_load(&peer.requests),
			 c.result->total.requests + c.result->generator.censored);
	assert_int_equal(atomic_load(&other->connections), 0);
	load_case_release(&c);
}

static void redirects_are_never_followed(void **state)
{
	static const struct {
		const char *before, *after; /* the other peer's port */
	} locations[] = {
		{"gopher://127.0.0.1:", "/_GET%20/"},
		{"http://127.0.0.1:", "/elsewhere"},
		{"http://user:password@127.0.0.1:", "/"},
		{"https://127.0.0.1:", "/"},
		{"//127.0.0.1:", "/"},
	};
	static struct peer other;
	assert_true(peer_start(&other, well_behaved, ARRAY_SIZE(well_behaved)));
	redirect_to("file:///etc/passwd", &other, state);
	for (size_t i = 0; i < ARRAY_SIZE(locations); i++) {
		AUTO_FREE char *location =
			xasprintf("%s%u%s", locations[i].before, other.port, locations[i].after);
		redirect_to(location, &other, state);
	}
	peer_stop(&other);
}

static void redirect_loops_are_one_request_each(void **state)
{
	static struct peer other;
	assert_true(peer_start(&other, well_behaved, ARRAY_SIZE(well_behaved)));
	redirect_to("/", &other, state);
	peer_stop(&other);
}

/* ---- handshakes ---- */

/* Nobody accepts: once the queue is full the kernel drops every SYN. */
static void handshakes_that_vanish_are_timeouts(void **state)
{
	static struct peer peer;
	struct load_case c;
	int fillers[4];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_true(peer_listen(&peer, well_behaved, ARRAY_SIZE(well_behaved)));
	assert_int_equal(listen(peer.listen_fd, 0), 0);
	address.sin_port = htons(peer.port);
	for (size_t i = 0; i < ARRAY_SIZE(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], (struct sockaddr *)&address, sizeof address);
	}
	load_case_init(&c, SUITE_GET("users: 3, duration: 200ms, think_scale: 0, timeout: 80ms"),
		       peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	load_case_check_books(&c);
	assert_true(c.result->total.requests >= 3);
	assert_int_equal(c.result->total.classes[CLASS_TIMEOUT], c.result->total.requests);
	assert_int_equal(c.result->generator.invalid, INVALID_NOT);
	for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
		close(fillers[i]);
	close(peer.listen_fd);
	load_case_release(&c);
}

static void handshakes_that_are_reset_are_refused(void **state)
{
	static struct peer peer;
	struct load_case c;
	assert_true(peer_listen(&peer, NULL, 0));
	close(peer.listen_fd);
	load_case_init(&c, FEW_USERS, peer.port);
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	load_case_check_books(&c);
	assert_true(c.result->total.requests > 0);
	assert_int_equal(c.result->total.classes[CLASS_CONNECT_REFUSED], c.result->total.requests);
	load_case_release(&c);
}

/* Accepts nobody for a while: of many handshakes most are lost and sent again after a second. */
static void *serve_late(void *arg)
{
	struct timespec while_ = {0, 400 * NS_PER_MS};
	const struct peer *peer = arg;
	nanosleep(&while_, NULL);
	(void)listen(peer->listen_fd, 512);
	return peer_serve(arg);
}

/* The kernel's second try is in the tail, and every user is counted once. */
static void lost_handshakes_show_in_the_tail(void **state)
{
	static struct peer peer;
	struct load_case c;
	assert_true(peer_listen(&peer, well_behaved, ARRAY_SIZE(well_behaved)));
	assert_int_equal(listen(peer.listen_fd, 1), 0);
	load_case_init(&c,
		       "profiles: {p: {wait: 60s, tasks: {get: 1}}}\n"
		       "tasks: {get: {request: GET /}}\n"
		       "scenarios: {t: {users: 20, duration: 500ms, warmup: 0s, timeout: 30s}}\n",
		       peer.port);
	load_case_choose_transport(&c, state);
	assert_int_equal(pthread_create(&peer.thread, NULL, serve_late, &peer), 0);
	load_case_run(&c);
	peer_stop(&peer);
	const struct scenario_result *r = c.result;
	load_case_check_books(&c);
	assert_int_equal(r->total.classes[CLASS_OK], r->total.requests);
	assert_int_equal(r->total.requests + r->generator.censored, 20);
	assert_true(r->total.requests > 0);
	/* The first repetition comes after 1 s, whatever the machine does. */
	assert_true(histogram_max_ns(r->total.latency) >= (uint64_t)(900 * NS_PER_MS));
	load_case_release(&c);
}

/* ---- bodies ---- */

#define SUITE_JSON                                                                                 \
	"profiles: {p: {weight: 1, wait: 1s..1s, tasks: {get: 1}}}\n"                              \
	"tasks: {get: {request: GET /, expect: {status: 200, json: {score: 0..1}}}}\n"             \
	"scenarios: {t: {users: 1, duration: 120ms, think_scale: 0, warmup: 0s, pause: 0s}}\n"

static void run_body(const struct peer_step *steps, size_t n_steps, const char *failure,
		     void **state)
{
	static struct peer peer;
	struct load_case c;
	assert_true(peer_start(&peer, steps, n_steps));
	load_case_init(&c, SUITE_JSON, peer.port);
	c.options.check_all = true;
	load_case_choose_transport(&c, state);
	load_case_run(&c);
	peer_stop(&peer);
	assert_int_equal(c.status, 0);
	load_case_check_books(&c);
	const struct endpoint_result *total = &c.result->total;
	assert_true(total->requests > 0);
	if (total->classes[failure ? CLASS_CHECK_FAILED : CLASS_OK] != total->requests)
		fail_msg("%s: %s", failure, total->first_failure);
	if (failure && !strstr(total->first_failure, failure))
		fail_msg("not `%s` but: %s", failure, total->first_failure);
	load_case_release(&c);
}

static void wrong_content_is_a_failed_check(void **state)
{
	static const struct {
		const char *body, *failure; /* NULL: right */
	} rows[] = {
		{"{\"score\": 0.5}", NULL},
		{"{\"score\": 7}", "score"},
		{"{\"score\": \"0.5\"}", "score"},
		{"{\"other\": 0.5}", "score"},
		{"[]", "score"},
		{"<html>busy</html>", "check failed"},
		{"", "check failed"},
		{"{\"score\": 0.5", "check failed"},
		{"{\"score\": 0.5} {}", "check failed"},
		{"{\"score\": NaN}", "check failed"},
		{"{\"score\": \"\xff\xfe\"}", "check failed"},
		{"{\"score\": 0.5, \"score\": 7}", "check failed"},
		{"{\"score\": 7, \"score\": 0.5}", "check failed"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *answer =
			xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
				  strlen(rows[i].body), rows[i].body);
		const struct peer_step steps[] = {READ, SEND(answer)};
		run_body(steps, ARRAY_SIZE(steps), rows[i].failure, state);
	}
}

static void deep_and_long_content_is_bounded(void **state)
{
	static const struct peer_step deep[] = {
		READ,
		SEND("HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n"),
		{.action = PEER_SEND, .bytes = "{\"a\":", .count = 100000}};
	static const struct peer_step lists[] = {
		READ,
		SEND("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
		{.action = PEER_SEND, .bytes = "[[[[[[[[[[", .count = 10000}};
	static char block[1 << 20];
	static const struct peer_step long_text[] = {
		READ,
		SEND("HTTP/1.1 200 OK\r\nContent-Length: 52428802\r\n\r\n\""),
		{.action = PEER_SEND, .bytes = block, .length = sizeof block, .count = 50},
		SEND("\"")};
	memset(block, 'x', sizeof block);
	run_body(deep, ARRAY_SIZE(deep), "check failed", state);
	run_body(lists, ARRAY_SIZE(lists), "check failed", state);
	run_body(long_text, ARRAY_SIZE(long_text), "too long to be checked", state);
}

int main(void)
{
	static enum transport_kind native = TRANSPORT_NATIVE, curl = TRANSPORT_CURL;
	const struct CMUnitTest tests[] = {
		WITH_BOTH("NET-28: redirects are never followed", redirects_are_never_followed),
		WITH_BOTH("NET-29: redirect loops are one request each",
			  redirect_loops_are_one_request_each),
		WITH_BOTH("NET-37: handshakes that vanish are timeouts",
			  handshakes_that_vanish_are_timeouts),
		WITH_BOTH("NET-38: handshakes that are reset are refused",
			  handshakes_that_are_reset_are_refused),
		WITH_BOTH("NET-39: lost handshakes show in the tail",
			  lost_handshakes_show_in_the_tail),
		WITH_BOTH("NET-51: wrong content is a failed check",
			  wrong_content_is_a_failed_check),
		WITH_BOTH("NET-52: deep and long content is bounded",
			  deep_and_long_content_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
