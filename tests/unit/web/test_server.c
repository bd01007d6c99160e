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
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "client.h"

struct fixture {
	struct web_server *server;
	atomic_int entered;
	atomic_int observed; /* the last status */
	atomic_int observed_route;
};

static void echo(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	strbuf_append(&reply->body, request->body, request->body_length);
	web_reply_header(reply, "X-Length", "%zu", request->body_length);
}

static void hello(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	(void)request;
	strbuf_puts(&reply->body, "hello");
}

static void large(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	(void)request;
	for (int i = 0; i < 5000; i++)
		strbuf_puts(&reply->body, "repeat ");
}

/* Held back far longer than any test runs: only a drain lets it go. */
static void held(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct fixture *fixture = arg;

	(void)request;
	strbuf_puts(&reply->body, "held");
	reply->hold_ns = 600 * NS_PER_S;
	atomic_fetch_add(&fixture->entered, 1);
}

static void soon(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)arg;
	(void)request;
	strbuf_puts(&reply->body, "soon");
	reply->hold_ns = 5 * NS_PER_MS;
}

static void observe(const struct web_request *request, int status, int64_t duration_ns, void *arg)
{
	struct fixture *fixture = arg;

	(void)duration_ns;
	atomic_store(&fixture->observed, status);
	atomic_store(&fixture->observed_route, request->route);
}

static const struct web_route routes[] = {
	{"POST", "/echo", .handler = echo},  {"GET", "/hello", .handler = hello},
	{"GET", "/both", .handler = hello},  {"POST", "/both", .handler = echo},
	{"GET", "/large", .handler = large}, {"GET", "/held", .handler = held},
	{"GET", "/soon", .handler = soon},   {"GET", "/", .handler = hello},
};

static int start(void **state)
{
	static struct fixture fixture;
	struct web_options options = {.routes = routes,
				      .route_count = ARRAY_SIZE(routes),
				      .observer = observe,
				      .arg = &fixture,
				      .threads = 2,
				      .max_body_bytes = 5000};
	struct error err = ERROR_INIT;

	fixture = (struct fixture){0};
	*state = &fixture;
	if (web_start(&options, &fixture.server, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static int stop(void **state)
{
	struct fixture *fixture = *state;

	web_stop(fixture->server, NS_PER_S);
	return 0;
}

static int port_of(const struct fixture *fixture)
{
	return web_port(fixture->server);
}

static void expect(const struct fixture *fixture, const char *request, const char *status,
		   const char *contains)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(web_port(fixture->server));

	send_text(fd, request);
	receive(fd, &answer);
	close(fd);
	if (strncmp(strbuf_text(&answer), "HTTP/1.", 7) != 0 ||
	    strncmp(strbuf_text(&answer) + 9, status, strlen(status)) != 0 ||
	    !strstr(strbuf_text(&answer), contains))
		fail_msg("%.80s\n-- expected %s with %s, got:\n%.600s", request, status, contains,
			 strbuf_text(&answer));
}

struct row {
	const char *request, *status, *contains;
};

static void expect_rows(const struct fixture *fixture, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(fixture, rows[i].request, rows[i].status, rows[i].contains);
}

static void requests_find_their_routes(void **state)
{
	static const struct row rows[] = {
		{"GET /hello HTTP/1.1\r\n" HOST "\r\n", "200", "hello"},
		{"GET /hello/ HTTP/1.1\r\n" HOST "\r\n", "200", "hello"},
		{"GET /hello?x=1 HTTP/1.1\r\n" HOST "\r\n", "200", "hello"},
		{"GET / HTTP/1.1\r\n" HOST "\r\n", "200", "hello"},
		{"GET /hell HTTP/1.1\r\n" HOST "\r\n", "404", "\"code\": \"not_found\""},
		{"GET //hello HTTP/1.1\r\n" HOST "\r\n", "404", "not_found"},
		{"GET /echo HTTP/1.1\r\n" HOST "\r\n", "405", "Allow: POST\r\n"},
		{"PUT /both HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "405",
		 "Allow: GET, HEAD, POST\r\n"},
		{"TRACE /hello HTTP/1.1\r\n" HOST "\r\n", "405", "Allow: GET, HEAD\r\n"},
		{"OPTIONS /hello HTTP/1.1\r\n" HOST "\r\n", "405", "Allow: GET, HEAD\r\n"},
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: 2\r\n\r\n{}", "200",
		 "\r\n\r\n{}"},
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
		 "200", "\r\n\r\n{}"},
		{"GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: abc-1.2_3\r\n\r\n", "200",
		 "X-Request-ID: abc-1.2_3\r\n"},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_21_bodies_of_another_type_are_415(void **state)
{
	static const struct row rows[] = {
		{"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", "415",
		 "application/json"},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
		 "415", "unsupported_media_type"},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Content-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}",
		 "415", "unsupported_media_type"},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Content-Type: application/json; charset=utf-16\r\nContent-Length: 2\r\n\r\n{}",
		 "415", "unsupported_media_type"},
		{"POST /echo HTTP/1.1\r\n" HOST
		 "Content-Type: Application/JSON ; charset=UTF-8\r\nContent-Length: 2\r\n\r\n{}",
		 "200", "{}"},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_28_other_names_than_loopback_are_refused(void **state)
{
	static const struct row rows[] = {
		{"GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n", "400", "bad_host"},
		{"GET /hello HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", "400", "bad_host"},
		{"GET /hello HTTP/1.1\r\nHost: localhost:1234\r\n\r\n", "200", "hello"},
		{"GET /hello HTTP/1.1\r\nHost: [::1]:1234\r\n\r\n", "200", "hello"},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_07_a_host_that_is_missing_twice_there_or_no_host_is_400(void **state)
{
	static const struct row rows[] = {
		{"GET /hello HTTP/1.1\r\n\r\n", "400", ""},
		{"GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", "400", "Connection: close\r\n"},
		{"GET /hello HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n", "400", ""},
		{"GET /hello HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n", "400", ""},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_03_two_lengths_or_a_length_and_chunks_are_400(void **state)
{
	static const struct row rows[] = {
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 "400", "Connection: close\r\n"},
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		 "400", "Connection: close\r\n"},
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: +2\r\n\r\n{}", "400", ""},
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: 0x2\r\n\r\n{}", "400", ""},
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: -1\r\n\r\n{}", "400", ""},
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Content-Length: 18446744073709551616\r\n\r\n{}",
		 "413", ""},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_04_chunk_sizes_are_hex_digits_alone(void **state)
{
	static const struct row rows[] = {
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
		 "400", ""},
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
		 "400", ""},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_05_other_transfer_encodings_are_400(void **state)
{
	static const struct row rows[] = {
		{"POST /echo HTTP/1.1\r\n" HOST JSON
		 "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		 "400", "Connection: close\r\n"},
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		 "400", ""},
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 "400", ""},
		{"POST /echo HTTP/1.0\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		 "400", ""},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_08_odd_request_lines_are_refused(void **state)
{
	static const struct row rows[] = {
		{"GET /hello%00x HTTP/1.1\r\n" HOST "\r\n", "404", "not_found"},
		{"get /hello HTTP/1.1\r\n" HOST "\r\n", "405", "Allow: GET, HEAD\r\n"},
		{"GET /hello HTTP/1.32\r\n" HOST "\r\n", "400", ""},
		{"GET /hello\nHTTP/1.1\r\n" HOST "\r\n", "400", ""},
		{"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "404", ""},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_23_control_characters_of_a_path_stay_escaped(void **state)
{
	static const struct row rows[] = {
		{"GET /%0d%0aX:%1b[31m HTTP/1.1\r\n" HOST "\r\n", "404", "/%0d%0aX:%1b[31m\""},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void api_10_a_body_is_refused_by_its_announced_length(void **state)
{
	static const struct row rows[] = {
		{"POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: 5001\r\n\r\n", "413",
		 "body_too_large"},
	};

	expect_rows(*state, rows, ARRAY_SIZE(rows));
}

static void a_dirty_request_id_is_replaced(void **state)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(port_of(*state));

	send_text(fd, "GET /hello HTTP/1.1\r\n" HOST "X-Request-ID: <b>\x1b[31m\r\n\r\n");
	receive(fd, &answer);
	close(fd);
	assert_non_null(strstr(strbuf_text(&answer), "X-Request-ID: "));
	assert_null(strstr(strbuf_text(&answer), "<b>"));
}

static void api_09_headers_over_the_limit_are_431(void **state)
{
	AUTO(strbuf) struct strbuf request = {0};

	strbuf_puts(&request, "GET /hello HTTP/1.1\r\n" HOST "X-Long: ");
	while (request.length < 2 * WEB_HEADER_LIMIT_BYTES)
		strbuf_putc(&request, 'a');
	strbuf_puts(&request, "\r\n\r\n");
	expect(*state, strbuf_text(&request), "431", "");
}

static void more_than_a_hundred_headers_are_431(void **state)
{
	AUTO(strbuf) struct strbuf request = {0};

	strbuf_puts(&request, "GET /hello HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 100; i++)
		strbuf_printf(&request, "X-%d: a\r\n", i);
	strbuf_puts(&request, "\r\n");
	expect(*state, strbuf_text(&request), "431", "too_many_headers");
}

static void api_10_a_chunked_body_over_the_limit_is_413(void **state)
{
	AUTO(strbuf) struct strbuf request = {0};

	strbuf_puts(&request,
		    "POST /echo HTTP/1.1\r\n" HOST JSON "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 6; i++)
		strbuf_printf(&request, "3e8\r\n%01000d\r\n", 0);
	strbuf_puts(&request, "0\r\n\r\n");
	expect(*state, strbuf_text(&request), "413", "body_too_large");
}

static void api_16_a_connection_serves_many_requests_in_order(void **state)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(port_of(*state));

	for (int i = 0; i < 100; i++) {
		char request[256], body[16];

		snprintf(body, sizeof body, "%d", i);
		snprintf(request, sizeof request,
			 "POST /echo HTTP/1.1\r\n" HOST JSON "Content-Length: %zu\r\n\r\n%s",
			 strlen(body), body);
		send_text(fd, request);
		receive(fd, &answer);
		assert_non_null(strstr(strbuf_text(&answer), "\r\n\r\n"));
		assert_string_equal(strstr(strbuf_text(&answer), "\r\n\r\n") + 4, body);
	}
	close(fd);
}

static void api_22_head_has_no_body(void **state)
{
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(port_of(*state));

	send_text(fd, "HEAD /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	receive(fd, &answer);
	close(fd);
	assert_non_null(strstr(strbuf_text(&answer), "Content-Length: 5\r\n"));
	assert_non_null(strstr(strbuf_text(&answer), " 200 "));
	assert_string_equal(strstr(strbuf_text(&answer), "\r\n\r\n"), "\r\n\r\n");
}

static void large_answers_are_compressed_for_those_who_ask(void **state)
{
	static const struct {
		const char *header;
		bool compressed;
	} rows[] = {
		{"Accept-Encoding: gzip\r\n", true},
		{"Accept-Encoding: deflate, GZIP;q=0.5\r\n", true},
		{"Accept-Encoding: *\r\n", true},
		{"Accept-Encoding: gzip;q=0\r\n", false},
		{"Accept-Encoding: gzip;q=0.000, br\r\n", false},
		{"Accept-Encoding: br\r\n", false},
		{"", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf answer = {0};
		char request[128];
		int fd = dial(port_of(*state));

		snprintf(request, sizeof request, "GET /large HTTP/1.1\r\n" HOST "%s\r\n",
			 rows[i].header);
		send_text(fd, request);
		receive(fd, &answer);
		close(fd);
		assert_int_equal(strstr(strbuf_text(&answer), "Content-Encoding: gzip\r\n") != NULL,
				 rows[i].compressed);
		assert_int_equal(answer.length < 5000, rows[i].compressed);
	}
	expect(*state, "GET /hello HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n", "200",
	       "hello");
}

static void compressed_answers_unpack_to_the_same_bytes(void **state)
{
	static char unpacked[40000];
	AUTO(strbuf) struct strbuf answer = {0};
	z_stream stream = {0};
	char *body;
	int fd = dial(port_of(*state));

	send_text(fd, "GET /large HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n");
	receive(fd, &answer);
	close(fd);
	body = strstr(answer.data, "\r\n\r\n") + 4;
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (Bytef *)body;
	stream.avail_in = (uInt)(answer.length - (size_t)(body - answer.data));
	stream.next_out = (Bytef *)unpacked;
	stream.avail_out = sizeof unpacked;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	inflateEnd(&stream);
	assert_int_equal(stream.total_out, 5000 * 7);
	assert_memory_equal(unpacked + 5000 * 7 - 7, "repeat ", 7);
}

static void a_held_answer_comes_and_blocks_no_thread(void **state)
{
	struct fixture *fixture = *state;
	int waiting[4];

	/* More held answers than threads, and the listener still answers. */
	for (int i = 0; i < 4; i++) {
		waiting[i] = dial(web_port(fixture->server));
		send_text(waiting[i], "GET /held HTTP/1.1\r\n" HOST "\r\n");
	}
	while (atomic_load(&fixture->entered) < 4)
		expect(fixture, "GET /hello HTTP/1.1\r\n" HOST "\r\n", "200", "hello");
	expect(fixture, "GET /soon HTTP/1.1\r\n" HOST "\r\n", "200", "soon");
	for (int i = 0; i < 4; i++)
		close(waiting[i]);
}

static void api_25_stopping_lets_requests_under_way_finish(void **state)
{
	struct fixture *fixture = *state;
	AUTO(strbuf) struct strbuf answer = {0};
	int fd = dial(web_port(fixture->server));

	send_text(fd, "GET /held HTTP/1.1\r\n" HOST "\r\n");
	while (atomic_load(&fixture->entered) < 1)
		expect(fixture, "GET /hello HTTP/1.1\r\n" HOST "\r\n", "200", "hello");
	web_stop(fixture->server, 10 * NS_PER_S);
	fixture->server = NULL;
	receive(fd, &answer);
	close(fd);
	assert_non_null(strstr(strbuf_text(&answer), "\r\n\r\nheld"));
}

static void observers_hear_of_every_answer(void **state)
{
	struct fixture *fixture = *state;

	expect(fixture, "GET /hello HTTP/1.1\r\n" HOST "\r\n", "200", "");
	assert_int_equal(atomic_load(&fixture->observed), 200);
	assert_int_equal(atomic_load(&fixture->observed_route), 1);
	expect(fixture, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", "404", "");
	assert_int_equal(atomic_load(&fixture->observed), 404);
	assert_int_equal(atomic_load(&fixture->observed_route), -1);
}

static void api_02_a_taken_port_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct web_options options = {.port = web_port(fixture->server)};
	struct web_server *second;
	struct error err = ERROR_INIT;
	char port[16];

	snprintf(port, sizeof port, "%d", options.port);
	assert_int_equal(web_start(&options, &second, &err), -1);
	assert_int_equal(err.kind, ERROR_UNMEASURED);
	assert_non_null(strstr(err.message, port));
}

static void addresses_are_checked(void **state)
{
	static const char *const bad[] = {"localhost", "", "256.0.0.1", "127.0.0.1 "};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct web_options options = {.bind = bad[i]};
		struct web_server *server;
		struct error err = ERROR_INIT;

		assert_int_equal(web_start(&options, &server, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(requests_find_their_routes),
		WITH_SERVER(api_21_bodies_of_another_type_are_415),
		WITH_SERVER(api_28_other_names_than_loopback_are_refused),
		WITH_SERVER(api_07_a_host_that_is_missing_twice_there_or_no_host_is_400),
		WITH_SERVER(api_03_two_lengths_or_a_length_and_chunks_are_400),
		WITH_SERVER(api_04_chunk_sizes_are_hex_digits_alone),
		WITH_SERVER(api_05_other_transfer_encodings_are_400),
		WITH_SERVER(api_08_odd_request_lines_are_refused),
		WITH_SERVER(api_23_control_characters_of_a_path_stay_escaped),
		WITH_SERVER(api_10_a_body_is_refused_by_its_announced_length),
		WITH_SERVER(a_dirty_request_id_is_replaced),
		WITH_SERVER(api_09_headers_over_the_limit_are_431),
		WITH_SERVER(more_than_a_hundred_headers_are_431),
		WITH_SERVER(api_10_a_chunked_body_over_the_limit_is_413),
		WITH_SERVER(api_16_a_connection_serves_many_requests_in_order),
		WITH_SERVER(api_22_head_has_no_body),
		WITH_SERVER(large_answers_are_compressed_for_those_who_ask),
		WITH_SERVER(compressed_answers_unpack_to_the_same_bytes),
		WITH_SERVER(a_held_answer_comes_and_blocks_no_thread),
		WITH_SERVER(api_25_stopping_lets_requests_under_way_finish),
		WITH_SERVER(observers_hear_of_every_answer),
		WITH_SERVER(api_02_a_taken_port_is_told),
		cmocka_unit_test(addresses_are_checked),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
