/* Sockets of the listener: who gets what, and who is cut. tests/integration/dashboard.bats has the
 * rules of the protocol. */
#include "perfgate/base/clock.h"
#include "perfgate/web/server.h"
#include "perfgate/web/socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client.h"

#define FAR (600 * NS_PER_S)
#define SOON (50 * NS_PER_MS)
#define LARGE_BYTES ((size_t)64 << 10)
#define HANDSHAKE                                                                                  \
	"GET /live HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"              \
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static void greet(struct strbuf *out, void *arg)
{
	(void)arg;
	strbuf_puts(out, "hello");
}

/* Everything that is not under test is out of reach. */
static const struct web_socket patient = {
	.greet = greet, .limit = 2, .ping_ns = FAR, .silence_ns = FAR, .stall_ns = FAR};
static const struct web_socket pinging = {.greet = greet,
					  .ping_ns = SOON,
					  .silence_ns = 20 * SOON,
					  .stall_ns = FAR};
static const struct web_socket strict = {.greet = greet,
					 .ping_ns = SOON,
					 .silence_ns = 4 * SOON,
					 .stall_ns = FAR};
static const struct web_socket impatient = {.greet = greet,
					    .ping_ns = FAR,
					    .silence_ns = FAR,
					    .stall_ns = SOON};

struct fixture {
	struct web_server *server;
	const struct web_socket *socket;
	atomic_bool refuse;
};

static void live(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct fixture *fixture = arg;

	if (atomic_load(&fixture->refuse))
		web_error(request, reply, 429, "refused", "not now");
	reply->socket = fixture->socket;
}

static const struct web_route routes[] = {{"GET", "/live", .handler = live}};

static int start_with(void **state, const struct web_socket *socket)
{
	static struct fixture fixture;
	struct web_options options = {.routes = routes,
				      .route_count = ARRAY_SIZE(routes),
				      .threads = 2,
				      .arg = &fixture};
	struct error err = ERROR_INIT;

	fixture = (struct fixture){.socket = socket};
	if (web_start(&options, &fixture.server, &err) < 0)
		fail_msg("%s", err.message);
	*state = &fixture;
	return 0;
}

static int start_patient(void **state)
{
	return start_with(state, &patient);
}

static int start_pinging(void **state)
{
	return start_with(state, &pinging);
}

static int start_strict(void **state)
{
	return start_with(state, &strict);
}

static int start_impatient(void **state)
{
	return start_with(state, &impatient);
}

/* A tab that is open when the server stops must not be waited for, however long the grace. */
static int stop(void **state)
{
	struct fixture *fixture = *state;

	web_stop(fixture->server, FAR);
	return 0;
}

static bool read_exactly(int fd, void *out, size_t length)
{
	for (size_t got = 0; got < length;) {
		ssize_t n = recv(fd, (char *)out + got, length - got, 0);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

/* The opcode of the next frame with its payload in `out`; -1 at the end. */
static int next_frame(int fd, struct strbuf *out)
{
	unsigned char head[2], more[8] = {0};
	uint64_t length;
	size_t extended;

	strbuf_clear(out);
	if (!read_exactly(fd, head, sizeof head))
		return -1;
	extended = head[1] < 126 ? 0 : head[1] == 126 ? 2 : 8;
	if (!read_exactly(fd, more, extended))
		return -1;
	length = head[1];
	for (size_t i = 0; i < extended; i++)
		length = (i ? length << 8 : 0) | more[i];
	assert_true(strbuf_reserve(out, (size_t)length));
	if (!read_exactly(fd, out->data, (size_t)length))
		return -1;
	out->length = (size_t)length;
	out->data[length] = '\0';
	return head[0] & 15;
}

static void expect_text(int fd, const char *text)
{
	AUTO(strbuf) struct strbuf got = {0};

	assert_int_equal(next_frame(fd, &got), 1);
	assert_string_equal(strbuf_text(&got), text);
}

static void expect_closed(int fd, int code)
{
	AUTO(strbuf) struct strbuf got = {0};

	assert_int_equal(next_frame(fd, &got), 8);
	assert_int_equal(got.length, 2);
	assert_int_equal((unsigned char)got.data[0] << 8 | (unsigned char)got.data[1], code);
	assert_int_equal(next_frame(fd, &got), -1);
	close(fd);
}

/* Ask for a socket; the answer's header up to its empty line, and not a byte more. */
static int ask(const struct fixture *fixture, struct strbuf *answer)
{
	int fd = dial(web_port(fixture->server));
	char c;

	send_text(fd, HANDSHAKE);
	while (!strstr(strbuf_text(answer), "\r\n\r\n") && recv(fd, &c, 1, 0) == 1)
		strbuf_putc(answer, c);
	return fd;
}

static int join(const struct fixture *fixture)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = ask(fixture, &answer);

	/* The key and its answer are those of RFC 6455, section 1.3. */
	if (!strstr(strbuf_text(&answer), " 101 ") ||
	    !strstr(strbuf_text(&answer), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
		fail_msg("%s", strbuf_text(&answer));
	expect_text(fd, "hello");
	return fd;
}

static void publish(const struct fixture *fixture, const char *text)
{
	web_publish(fixture->server, fixture->socket, text, strlen(text));
}

static void wait_for_listeners(const struct fixture *fixture, unsigned count)
{
	int64_t deadline_ns = clock_now_ns() + RECEIVE_TIMEOUT_S * NS_PER_S;

	while (web_listeners(fixture->server, fixture->socket) != count) {
		if (clock_now_ns() > deadline_ns)
			fail_msg("never %u listeners", count);
		usleep(1000);
	}
}

static void everybody_is_greeted_and_told_in_order(void **state)
{
	const struct fixture *fixture = *state;
	int first = join(fixture), second;

	publish(fixture, "one");
	second = join(fixture);
	publish(fixture, "two");
	publish(fixture, "");
	expect_text(first, "one");
	expect_text(first, "two");
	expect_text(first, "");
	expect_text(second, "two");
	close(first);
	wait_for_listeners(fixture, 1);
	publish(fixture, "three");
	expect_text(second, "");
	expect_text(second, "three");
	close(second);
	wait_for_listeners(fixture, 0);
}

static void ws_15_over_the_limit_is_503_until_somebody_leaves(void **state)
{
	const struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};
	int first = join(fixture), second = join(fixture), third = ask(fixture, &answer);

	assert_non_null(strstr(strbuf_text(&answer), " 503 "));
	assert_non_null(strstr(strbuf_text(&answer), "Retry-After: "));
	close(third);
	close(first);
	wait_for_listeners(fixture, 1);
	third = join(fixture);
	close(second);
	close(third);
}

static void a_handler_can_refuse(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};

	atomic_store(&fixture->refuse, true);
	close(ask(fixture, &answer));
	assert_non_null(strstr(strbuf_text(&answer), " 429 "));
}

static void stopping_closes_with_1001_and_waits_for_nobody(void **state)
{
	struct fixture *fixture = *state;
	int open = join(fixture), deaf = join(fixture);

	web_stop(fixture->server, FAR);
	expect_closed(open, 1001);
	close(deaf);
	/* The fixture's end stops one as well. */
	start_with(state, &patient);
	assert_int_equal(web_under_way(fixture->server), 0);
}

static void ws_16_who_is_silent_is_pinged_then_cut(void **state)
{
	const struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf got = {0};
	int fd = join(fixture);

	assert_int_equal(next_frame(fd, &got), 9);
	wait_for_listeners(fixture, 0);
	while (next_frame(fd, &got) == 9)
		;
	close(fd);
}

static void who_answers_pings_stays(void **state)
{
	const struct fixture *fixture = *state;
	const unsigned char pong[] = {0x8a, 0x80, 1, 2, 3, 4};
	int fd = join(fixture);
	int64_t end_ns = clock_now_ns() + 3 * pinging.silence_ns / 2;

	while (clock_now_ns() < end_ns) {
		AUTO(strbuf) struct strbuf got = {0};

		assert_int_equal(next_frame(fd, &got), 9);
		assert_int_equal(send(fd, pong, sizeof pong, MSG_NOSIGNAL), sizeof pong);
	}
	assert_int_equal(web_listeners(fixture->server, fixture->socket), 1);
	close(fd);
}

static void publish_large(const struct fixture *fixture, char letter)
{
	AUTO(strbuf) struct strbuf text = {0};

	assert_true(strbuf_reserve(&text, LARGE_BYTES));
	memset(text.data, letter, LARGE_BYTES);
	text.length = LARGE_BYTES;
	web_publish(fixture->server, fixture->socket, text.data, text.length);
}

static void ws_14_who_takes_nothing_is_cut_and_others_are_served(void **state)
{
	const struct fixture *fixture = *state;
	int64_t deadline_ns = clock_now_ns() + RECEIVE_TIMEOUT_S * NS_PER_S;
	AUTO(strbuf) struct strbuf got = {0};
	int deaf = join(fixture), other = join(fixture);

	while (web_listeners(fixture->server, fixture->socket) == 2) {
		publish_large(fixture, 'x');
		assert_int_equal(next_frame(other, &got), 1);
		assert_int_equal(got.length, LARGE_BYTES);
		if (clock_now_ns() > deadline_ns)
			fail_msg("never cut");
	}
	publish(fixture, "still here");
	expect_text(other, "still here");
	close(other);
	close(deaf);
}

/* The queue of one who takes nothing is bounded, and what it gets in the end is the latest. */
static void ws_14_the_latest_win(void **state)
{
	const struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf got = {0};
	int deaf = join(fixture), count = 0;

	for (int i = 0; i < 1000; i++)
		publish_large(fixture, 'x');
	for (int i = 0; i < WEB_SOCKET_QUEUE; i++)
		publish_large(fixture, (char)('A' + i));
	do {
		assert_int_equal(next_frame(deaf, &got), 1);
		assert_int_equal(got.length, LARGE_BYTES);
		count++;
	} while (got.data[0] != 'A' + WEB_SOCKET_QUEUE - 1);
	assert_in_range(count, WEB_SOCKET_QUEUE, 500);
	close(deaf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_is_greeted_and_told_in_order,
						start_patient, stop),
		cmocka_unit_test_setup_teardown(ws_15_over_the_limit_is_503_until_somebody_leaves,
						start_patient, stop),
		cmocka_unit_test_setup_teardown(a_handler_can_refuse, start_patient, stop),
		cmocka_unit_test_setup_teardown(stopping_closes_with_1001_and_waits_for_nobody,
						start_patient, stop),
		cmocka_unit_test_setup_teardown(ws_16_who_is_silent_is_pinged_then_cut,
						start_strict, stop),
		cmocka_unit_test_setup_teardown(who_answers_pings_stays, start_pinging, stop),
		cmocka_unit_test_setup_teardown(
			ws_14_who_takes_nothing_is_cut_and_others_are_served, start_impatient,
			stop),
		cmocka_unit_test_setup_teardown(ws_14_the_latest_win, start_patient, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
