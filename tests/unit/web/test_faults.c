/* What a broken, slow or hostile client does to the listener: rows of the API section. */
#include "perfgate/base/clock.h"
#include "perfgate/web/server.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "client.h"

#define LARGE_BYTES ((size_t)32 << 20)

struct fixture {
	struct web_server *server;
	int port;
};

static void hello(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	(void)request;
	strbuf_puts(&reply->body, "hello");
}

static void echo(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	strbuf_append(&reply->body, request->body, request->body_length);
}

/* More than the buffers of a socket hold. */
static void large(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	(void)request;
	reply->body.max_bytes = 2 * LARGE_BYTES;
	assert_true(strbuf_reserve(&reply->body, LARGE_BYTES));
	memset(reply->body.data, 'x', LARGE_BYTES);
	reply->body.length = LARGE_BYTES;
}

static const struct web_route routes[] = {
	{"GET", "/hello", .handler = hello},
	{"POST", "/echo", .handler = echo},
	{"GET", "/large", .handler = large},
};

static int start_with(void **state, struct web_options options)
{
	static struct fixture fixture;
	struct error err = ERROR_INIT;

	options.routes = routes;
	options.route_count = ARRAY_SIZE(routes);
	options.threads = 2;
	options.arg = &fixture;
	if (web_start(&options, &fixture.server, &err) < 0)
		fail_msg("%s", err.message);
	fixture.port = web_port(fixture.server);
	*state = &fixture;
	return 0;
}

static int start(void **state)
{
	return start_with(state, (struct web_options){.max_body_bytes = 5000});
}

/* The limit under test is short, the others are out of reach. */
static int start_short_header(void **state)
{
	return start_with(state, (struct web_options){.header_timeout_ns = 50 * NS_PER_MS,
						      .idle_timeout_s = 1});
}

static int start_short_body(void **state)
{
	return start_with(state, (struct web_options){.body_timeout_ns = 50 * NS_PER_MS});
}

static int start_short_write(void **state)
{
	return start_with(state, (struct web_options){.write_timeout_ns = 50 * NS_PER_MS});
}

static int start_short_idle(void **state)
{
	return start_with(state, (struct web_options){.idle_timeout_s = 1});
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	web_stop(fixture->server, NS_PER_S);
	return 0;
}

static void serves(const struct fixture *fixture)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(fixture->port);

	send_text(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	receive(fd, &answer);
	close(fd);
	if (!strstr(strbuf_text(&answer), "\r\n\r\nhello"))
		fail_msg("the server does not serve: %s", strbuf_text(&answer));
}

struct row {
	const char *request;
	const char *statuses; /* any of these; "" = closed without a word is right, too */
};

/* Refused, and the connection ended, so that no rest of it is taken for another request. */
static void refuses_and_closes(const struct fixture *fixture, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(strbuf) struct strbuf answer = {0};
		int fd = dial(fixture->port);
		char status[4] = "";
		bool closed;

		send_text(fd, rows[i].request);
		closed = receive_all(fd, &answer);
		close(fd);
		if (answer.length > 12)
			snprintf(status, sizeof status, "%.3s", strbuf_text(&answer) + 9);
		if (!closed || !strstr(rows[i].statuses, status) ||
		    (!status[0] && rows[i].statuses[0]))
			fail_msg("%.100s\n-- expected %s and a close, got %s:\n%.500s",
				 rows[i].request, rows[i].statuses, closed ? "a close" : "none",
				 strbuf_text(&answer));
	}
	serves(fixture);
}

#define POST "POST /echo HTTP/1.1\r\n" HOST JSON
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static void api_03_lengths_that_are_not_plain_digits_are_refused(void **state)
{
	static const struct row rows[] = {
		{POST "Content-Length: +5\r\n\r\nabcde", "400"},
		{POST "Content-Length: 5_0\r\n\r\nabcde", "400"},
		{POST "Content-Length: 0x5\r\n\r\nabcde", "400"},
		{POST "Content-Length: -1\r\n\r\nabcde", "400"},
		{POST "Content-Length: 18446744073709551616\r\n\r\nabcde", "400 413"},
		{POST "Content-Length:\r\n\r\nabcde", "400"},
		{POST "Content-Length: 5, 5\r\n\r\nabcde", "400"},
		{POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", "400"},
		{POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
		{POST "Content-Length : 5\r\n\r\nabcde", "400"},
		{POST "Content-Length\t: 5\r\n\r\nabcde", "400"},
		{POST "Content-Length: 5\rX\r\n\r\nabcde", "400"},
	};

	refuses_and_closes(*state, rows, ARRAY_SIZE(rows));
}

static void api_04_chunk_sizes_that_are_not_plain_hex_are_refused(void **state)
{
	static const struct row rows[] = {
		{CHUNKED "0x5\r\nabcde\r\n0\r\n\r\n", "400"},
		{CHUNKED "+5\r\nabcde\r\n0\r\n\r\n", "400"},
		{CHUNKED "5_\r\nabcde\r\n0\r\n\r\n", "400"},
		{CHUNKED "_\r\nabcde\r\n0\r\n\r\n", "400"},
		{CHUNKED "5 \r\nabcde\r\n0\r\n\r\n", "400"},
		{CHUNKED "\r\nabcde\r\n0\r\n\r\n", "400"},
		{CHUNKED "FFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n", "400 413"},
		{CHUNKED "5\r\nabcdeX0\r\n\r\n", "400"},
	};

	refuses_and_closes(*state, rows, ARRAY_SIZE(rows));
}

static void api_04_chunk_extensions_are_skipped_but_have_an_end(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0}, request = {0};
	int fd = dial(fixture->port);

	send_text(fd, CHUNKED "5;name=value\r\nabcde\r\n0\r\n\r\n");
	receive(fd, &answer);
	close(fd);
	assert_non_null(strstr(strbuf_text(&answer), "\r\n\r\nabcde"));
	strbuf_puts(&request, CHUNKED "5;");
	while (request.length < 4 * WEB_HEADER_LIMIT_BYTES)
		strbuf_putc(&request, 'a');
	fd = dial(fixture->port);
	send_text(fd, strbuf_text(&request));
	assert_true(receive_all(fd, &answer));
	close(fd);
	assert_null(strstr(strbuf_text(&answer), " 200 "));
	serves(fixture);
}

static void api_08_request_lines_of_no_http_1_are_refused(void **state)
{
	static const struct row rows[] = {
		{"GET /hello HTTP/1.32\r\n" HOST "\r\n", "400 505"},
		{"GET /hello HTTP/2.0\r\n" HOST "\r\n", "400 505"},
		{"GET /hello\r\n\r\n", "400"},
		{"GET  /hello  HTTP/1.1\r\n" HOST "\r\n", ""},
		{"GET http://127.0.0.1/hello HTTP/1.1\r\n" HOST "\r\n", "400"},
		{"GET ! HTTP/1.1\r\n" HOST "\r\n", "400"},
		{"\x16\x03\x01\x02 /hello\r\n\r\n", "400"},
	};
	AUTO(strbuf) struct strbuf request = {0}, answer = {0};
	struct fixture *fixture = *state;
	int fd;

	refuses_and_closes(fixture, rows, ARRAY_SIZE(rows));
	strbuf_puts(&request, "GET /");
	while (request.length < 100000)
		strbuf_putc(&request, 'a');
	strbuf_puts(&request, " HTTP/1.1\r\n" HOST "\r\n");
	fd = dial(fixture->port);
	send_text(fd, strbuf_text(&request));
	receive(fd, &answer);
	close(fd);
	/* The answer can be lost to the reset that the unread rest of the line causes. */
	if (answer.length)
		assert_non_null(strstr(strbuf_text(&answer), " 414 "));
	serves(fixture);
}

/* One byte after the other; each of them is early enough for a limit of silence. */
static void *drip(void *arg)
{
	const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};
	int fd = *(const int *)arg;

	while (send(fd, "a", 1, MSG_NOSIGNAL) == 1)
		nanosleep(&pause, NULL);
	return NULL;
}

static void is_cut_off_while_dripping(const struct fixture *fixture, const char *begin,
				      const char *expected)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(fixture->port);
	pthread_t thread;

	send_text(fd, begin);
	assert_int_equal(pthread_create(&thread, NULL, drip, &fd), 0);
	serves(fixture);
	assert_true(receive_all(fd, &answer));
	pthread_join(thread, NULL);
	close(fd);
	if (!strstr(strbuf_text(&answer), expected))
		fail_msg("%s: %s", begin, strbuf_text(&answer));
	serves(fixture);
}

static void api_11_a_slow_header_is_408_by_its_deadline(void **state)
{
	is_cut_off_while_dripping(*state, "GET /hello HTTP/1.1\r\n" HOST "X-Slow: ", " 408 ");
	is_cut_off_while_dripping(*state, "GE", " 408 ");
}

static void api_11_a_slow_second_header_is_408_as_well(void **state)
{
	is_cut_off_while_dripping(*state,
				  "GET /hello HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST
				  "X-Slow: ",
				  " 408 ");
}

static void api_11_a_slow_body_is_408_by_its_deadline(void **state)
{
	is_cut_off_while_dripping(*state, POST "Content-Length: 5000\r\n\r\n", " 408 ");
}

static void api_11_an_idle_connection_is_closed(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(fixture->port);

	send_text(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	assert_true(receive_all(fd, &answer));
	assert_non_null(strstr(strbuf_text(&answer), "hello"));
	close(fd);
}

static void api_14_a_client_that_leaves_in_the_middle_of_an_answer_harms_nobody(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 20; i++) {
		const struct linger reset = {.l_onoff = 1};
		char byte;
		int fd = dial(fixture->port);

		send_text(fd, "GET /large HTTP/1.1\r\n" HOST "\r\n");
		assert_int_equal(recv(fd, &byte, 1, 0), 1);
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	serves(fixture);
}

static void api_15_a_client_that_reads_nothing_is_cut_off(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {.max_bytes = 2 * LARGE_BYTES};
	char byte;
	int fd = dial(fixture->port);

	send_text(fd, "GET /large HTTP/1.1\r\n" HOST "\r\n");
	/* Before its answer begins the server may not know of us yet. */
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK), 1);
	while (web_connections(fixture->server))
		;
	receive_all(fd, &answer);
	close(fd);
	assert_true(answer.length < LARGE_BYTES);
	serves(fixture);
}

static void api_16_pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf requests = {0}, answers = {0};
	int fd = dial(fixture->port);
	const char *at;

	for (int i = 0; i < 100; i++)
		strbuf_printf(&requests,
			      POST "X-Request-ID: r%d\r\nContent-Length: 2\r\n%s\r\n%02d", i,
			      i == 99 ? "Connection: close\r\n" : "", i);
	send_text(fd, strbuf_text(&requests));
	assert_true(receive_all(fd, &answers));
	close(fd);
	at = strbuf_text(&answers);
	for (int i = 0; i < 100; i++) {
		char id[32], body[16];

		snprintf(id, sizeof id, "X-Request-ID: r%d\r\n", i);
		snprintf(body, sizeof body, "\r\n\r\n%02d", i);
		at = strstr(at, id);
		assert_non_null(at);
		at = strstr(at, body);
		assert_non_null(at);
	}
}

static void api_16_what_follows_connection_close_is_ignored(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};
	const char *first;
	int fd = dial(fixture->port);

	send_text(fd, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
		      "GET /hello HTTP/1.1\r\n" HOST "\r\n");
	receive_all(fd, &answer);
	close(fd);
	first = strstr(strbuf_text(&answer), "HTTP/1.1 200");
	assert_non_null(first);
	assert_null(strstr(first + 1, "HTTP/1.1 "));
}

static void api_17_a_body_is_asked_for_when_the_client_expects_it(void **state)
{
	static const struct row unknown[] = {
		{POST "Expect: something\r\nContent-Length: 5\r\n\r\nabcde", "417"},
	};
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};
	char go_on[64] = "";
	int fd = dial(fixture->port);

	send_text(fd, POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
	assert_true(recv(fd, go_on, sizeof go_on - 1, 0) > 0);
	assert_memory_equal(go_on, "HTTP/1.1 100 ", 13);
	send_text(fd, "abcde");
	receive(fd, &answer);
	close(fd);
	assert_non_null(strstr(strbuf_text(&answer), "\r\n\r\nabcde"));
	refuses_and_closes(fixture, unknown, 1);
}

static void answers_with(const struct fixture *fixture, const char *request, const char *status,
			 const char *contains)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(fixture->port);

	send_text(fd, request);
	receive(fd, &answer);
	close(fd);
	if (!strstr(strbuf_text(&answer), status) || !strstr(strbuf_text(&answer), contains))
		fail_msg("%s: %s", request, strbuf_text(&answer));
}

static void api_19_other_methods_are_405_with_allow(void **state)
{
	static const char *const methods[] = {"OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		char request[128];

		snprintf(request, sizeof request,
			 "%s /hello HTTP/1.1\r\n" HOST "X-Secret: 1\r\n\r\n", methods[i]);
		answers_with(fixture, request, " 405 ", "Allow: GET, HEAD\r\n");
	}
	answers_with(fixture, "CONNECT 127.0.0.1:80 HTTP/1.1\r\n" HOST "\r\n", " 405 ", "Allow: ");
}

static void api_22_conditions_and_ranges_are_ignored(void **state)
{
	answers_with(*state,
		     "GET /hello HTTP/1.1\r\n" HOST "Range: bytes=0-1\r\nIf-None-Match: *\r\n"
		     "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\n",
		     " 200 ", "\r\n\r\nhello");
}

/* The answer without what changes from request to request. */
static void ask_in_pieces(const struct fixture *fixture, const char *request, size_t piece,
			  struct strbuf *out)
{
	int fd = dial(fixture->port), yes = 1;
	size_t length = strlen(request);
	char *date;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	for (size_t at = 0; at < length; at += piece)
		if (send(fd, request + at, at + piece < length ? piece : length - at,
			 MSG_NOSIGNAL) < 0)
			break;
	receive(fd, out);
	close(fd);
	date = strstr(out->data, "Date: ");
	assert_non_null(date);
	memset(date, '-', strcspn(date, "\r"));
}

static void api_27_pieces_mean_the_same_as_the_whole(void **state)
{
	static const char *const requests[] = {
		"GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: a\r\n\r\n",
		POST "X-Request-ID: a\r\nContent-Length: 12\r\n\r\nhello, world",
		POST "X-Request-ID: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "5;x=1\r\nhello\r\n7\r\n, world\r\n0\r\nTrailer: x\r\n\r\n",
		"GET /hello HTTP/1.1\r\n" HOST HOST "X-Request-ID: a\r\n\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		AUTO(strbuf) struct strbuf whole = {0}, pieces = {0};

		ask_in_pieces(*state, requests[i], strlen(requests[i]), &whole);
		for (size_t piece = 1; piece < 20; piece++) {
			const char *timestamp;

			ask_in_pieces(*state, requests[i], piece, &pieces);
			timestamp = strstr(strbuf_text(&whole), "\"timestamp\"");
			if (timestamp)
				assert_memory_equal(pieces.data, whole.data,
						    (size_t)(timestamp - whole.data));
			else
				assert_string_equal(pieces.data, whole.data);
		}
	}
}

static void api_09_two_hundred_headers_and_16_kib_of_them_are_431(void **state)
{
	AUTO(strbuf) struct strbuf many = {0}, fits = {0}, long_one = {0};

	strbuf_puts(&many, "GET /hello HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 200; i++)
		strbuf_printf(&many, "X-%d: a\r\n", i);
	strbuf_puts(&many, "\r\n");
	answers_with(*state, strbuf_text(&many), " 431 ", "");
	strbuf_puts(&fits, "GET /hello HTTP/1.1\r\n" HOST "X-Long: ");
	while (fits.length < 15 * 1024)
		strbuf_putc(&fits, 'a');
	strbuf_puts(&fits, "\r\n\r\n");
	answers_with(*state, strbuf_text(&fits), " 200 ", "hello");
	strbuf_puts(&long_one, "GET /hello HTTP/1.1\r\n" HOST "X-Long: ");
	while (long_one.length < 2 * WEB_HEADER_LIMIT_BYTES)
		strbuf_putc(&long_one, 'a');
	strbuf_puts(&long_one, "\r\n\r\n");
	answers_with(*state, strbuf_text(&long_one), " 431 ", "");
}

#define WITH(test, setup) cmocka_unit_test_setup_teardown(test, setup, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(api_03_lengths_that_are_not_plain_digits_are_refused, start),
		WITH(api_04_chunk_sizes_that_are_not_plain_hex_are_refused, start),
		WITH(api_04_chunk_extensions_are_skipped_but_have_an_end, start),
		WITH(api_08_request_lines_of_no_http_1_are_refused, start),
		WITH(api_09_two_hundred_headers_and_16_kib_of_them_are_431, start),
		WITH(api_11_a_slow_header_is_408_by_its_deadline, start_short_header),
		WITH(api_11_a_slow_second_header_is_408_as_well, start_short_header),
		WITH(api_11_a_slow_body_is_408_by_its_deadline, start_short_body),
		WITH(api_11_an_idle_connection_is_closed, start_short_idle),
		WITH(api_14_a_client_that_leaves_in_the_middle_of_an_answer_harms_nobody, start),
		WITH(api_15_a_client_that_reads_nothing_is_cut_off, start_short_write),
		WITH(api_16_pipelined_requests_are_answered_in_order, start),
		WITH(api_16_what_follows_connection_close_is_ignored, start),
		WITH(api_17_a_body_is_asked_for_when_the_client_expects_it, start),
		WITH(api_19_other_methods_are_405_with_allow, start),
		WITH(api_22_conditions_and_ranges_are_ignored, start),
		WITH(api_27_pieces_mean_the_same_as_the_whole, start),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
