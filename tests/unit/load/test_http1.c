/* The response parser: every case whole, byte by byte, and cut at every place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "perfgate/base/rng.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/load/http1.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

struct seen {
	int heads, status;
	struct strbuf body;
	char server_timing[64], x_cache[64];
};

static void copy_field(char *out, size_t size, struct http1_field field)
{
	size_t n = field.length < size - 1 ? field.length : size - 1;
	if (n > 0)
		memcpy(out, field.text, n);
	out[n] = '\0';
}

static void on_head(const struct http1_head *head, void *arg)
{
	struct seen *seen = arg;
	seen->heads++;
	seen->status = head->status;
	if (head->n_server_timing > 0)
		copy_field(seen->server_timing, sizeof seen->server_timing, head->server_timing[0]);
	copy_field(seen->x_cache, sizeof seen->x_cache, head->x_cache);
}

static void on_body(const char *bytes, size_t length, void *arg)
{
	struct seen *seen = arg;
	strbuf_append(&seen->body, bytes, length);
}

enum outcome_wanted { DONE, MORE, BAD, BIG };

struct parse_case {
	const char *name;
	const char *text;
	enum outcome_wanted wanted;
	int status;
	const char *body;
	bool answers_head, not_kept;
	size_t left_over;
	size_t length; /* 0 = strlen */
};

static const struct parse_case cases[] = {
	{.name = "length", OK_HEAD "Content-Length: 3\r\n\r\nabc", DONE, 200, "abc"},
	{.name = "length zero", OK_HEAD "Content-Length: 0\r\n\r\n", DONE, 200, ""},
	{.name = "the same length twice",
	 OK_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
	 DONE,
	 200,
	 "x"},
	{.name = "no reason", "HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", DONE, 200, ""},
	{.name = "white space around values",
	 OK_HEAD "Content-Length:  \t 2\t \r\n\r\nab",
	 DONE,
	 200,
	 "ab"},
	{.name = "bytes above ASCII in values",
	 OK_HEAD "X: caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n",
	 DONE,
	 200,
	 ""},
	{.name = "length unfinished", OK_HEAD "Content-Length: 3\r\n\r\nab", MORE, 200, "ab"},
	{.name = "connection close",
	 OK_HEAD "Connection: foo, Close\r\nContent-Length: 0\r\n\r\n",
	 DONE,
	 200,
	 "",
	 .not_kept = true},
	{.name = "HTTP/1.0 closes",
	 "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
	 DONE,
	 200,
	 "",
	 .not_kept = true},
	{.name = "HTTP/1.0 keep-alive",
	 "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
	 DONE,
	 200,
	 ""},
	{.name = "until close", OK_HEAD "\r\nabc", MORE, 200, "abc", .not_kept = true},
	{.name = "204 has no body", "HTTP/1.1 204 No Content\r\n\r\n", DONE, 204, ""},
	{.name = "NET-21 204 with a body",
	 "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
	 DONE,
	 204,
	 "",
	 .left_over = 3},
	{.name = "NET-21 304 with a length",
	 "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n",
	 DONE,
	 304,
	 ""},
	{.name = "HEAD has no body",
	 OK_HEAD "Content-Length: 9000000000\r\n\r\n",
	 DONE,
	 200,
	 "",
	 .answers_head = true},
	{.name = "NET-21 HEAD with a body",
	 OK_HEAD "Content-Length: 3\r\n\r\nabc",
	 DONE,
	 200,
	 "",
	 .answers_head = true,
	 .left_over = 3},
	{.name = "NET-22 bytes behind",
	 OK_HEAD "Content-Length: 1\r\n\r\nabc",
	 DONE,
	 200,
	 "a",
	 .left_over = 2},
	{.name = "NET-23 second response",
	 OK_HEAD "Content-Length: 0\r\n\r\n" OK_HEAD "\r\n",
	 DONE,
	 200,
	 "",
	 .left_over = 19},
	{.name = "chunked",
	 OK_HEAD "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n000\r\n"
		 "\r\n",
	 DONE,
	 200,
	 "abc0123456789"},
	{.name = "chunked with trailers",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n",
	 DONE,
	 200,
	 "x"},
	{.name = "chunked unfinished",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
	 MORE,
	 200,
	 "abc"},
	{.name = "interim skipped",
	 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK_HEAD
	 "Content-Length: 1\r\n\r\nx",
	 DONE,
	 200,
	 "x"},
	{.name = "redirect is an answer",
	 "HTTP/1.1 302 Found\r\nLocation: file:///etc\r\n"
	 "Content-Length: 0\r\n\r\n",
	 DONE,
	 302,
	 ""},
	{.name = "NET-08 negative length", OK_HEAD "Content-Length: -1\r\n\r\n", BAD},
	{.name = "length with plus", OK_HEAD "Content-Length: +1\r\n\r\nx", BAD},
	{.name = "length as list", OK_HEAD "Content-Length: 1, 1\r\n\r\nx", BAD},
	{.name = "length empty", OK_HEAD "Content-Length:\r\n\r\n", BAD},
	{.name = "length overflows", OK_HEAD "Content-Length: 18446744073709551617\r\n\r\n", BAD},
	{.name = "NET-25 length over the cap", OK_HEAD "Content-Length: 100000000\r\n\r\n", BAD},
	{.name = "NET-09 two lengths",
	 OK_HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
	 BAD},
	{.name = "NET-10 length and chunked",
	 OK_HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 BAD},
	{.name = "chunked in HTTP/1.0",
	 "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 BAD},
	{.name = "NET-11 head unfinished", OK_HEAD "A: b\r\n", MORE},
	{.name = "NET-13 chunk size 0x",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc",
	 BAD},
	{.name = "NET-13 chunk size +", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc", BAD},
	{.name = "NET-13 chunk size _",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1_0\r\nabc",
	 BAD},
	{.name = "NET-13 chunk size space",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc",
	 BAD},
	{.name = "NET-13 chunk size empty",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n\r\nabc",
	 BAD},
	{.name = "NET-13 chunk size huge",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
	 BAD},
	{.name = "NET-13 chunk over the cap",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n",
	 BAD},
	{.name = "NET-13 chunk with bare LF",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\nabc",
	 BAD},
	{.name = "NET-13 chunk longer than said",
	 OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
	 BAD},
	{.name = "NET-13 bare LF in the head", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", BAD},
	{.name = "NET-13 one bare LF", OK_HEAD "A: b\nContent-Length: 0\r\n\r\n", BAD},
	{.name = "bare CR in a header", OK_HEAD "A: b\rC: d\r\nContent-Length: 0\r\n\r\n", BAD},
	{.name = "NET-14 status 000", "HTTP/1.1 000 x\r\n\r\n", BAD},
	{.name = "NET-14 status 99", "HTTP/1.1 99 x\r\n\r\n", BAD},
	{.name = "NET-14 status 600", "HTTP/1.1 600 x\r\n\r\n", BAD},
	{.name = "NET-14 status 99999", "HTTP/1.1 99999 x\r\n\r\n", BAD},
	{.name = "NET-14 status -1", "HTTP/1.1 -1 xxxx\r\n\r\n", BAD},
	{.name = "NET-15 HTTP/9.9", "HTTP/9.9 200 OK\r\n\r\n", BAD},
	{.name = "NET-15 HTTP/0.9", "<html>hello", BAD},
	{.name = "NET-15 SSH", "SSH-2.0-OpenSSH_9.2\r\n", BAD},
	{.name = "NET-15 TLS alert", "\x15\x03\x01\x00\x02\x02\x46", BAD, .length = 7},
	{.name = "NET-16 NUL in a header", OK_HEAD "A: b\0c\r\n\r\n", BAD, .length = 28},
	{.name = "escape in a header", OK_HEAD "A: \x1b[2J\r\n\r\n", BAD},
	{.name = "NET-20 unasked 101",
	 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
	 BAD},
	{.name = "NET-26 unknown coding", OK_HEAD "Transfer-Encoding: gzip\r\n\r\n", BAD},
	{.name = "NET-26 coding after chunked",
	 OK_HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n",
	 BAD},
	{.name = "NET-26 chunked twice",
	 OK_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
	 BAD},
	{.name = "folded header", OK_HEAD "A: b\r\n c\r\n\r\n", BAD},
	{.name = "space before the colon", OK_HEAD "Content-Length : 0\r\n\r\n", BAD},
	{.name = "header without a name", OK_HEAD ": x\r\n\r\n", BAD},
	{.name = "header without a colon", OK_HEAD "Foo\r\n\r\n", BAD},
	{.name = "empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", BAD},
};

struct parsed {
	struct http1_response response;
	struct seen seen;
	enum http1_progress progress;
	size_t used;
};

/* In pieces: [0, cut), then `step` bytes at a time. */
static void parse_with(struct http1_memo *memo, const char *text, size_t length, bool answers_head,
		       size_t cut, size_t step, struct parsed *out)
{
	struct http1_sink sink = {on_head, on_body, &out->seen, memo};
	memset(out, 0, sizeof *out);
	http1_begin(&out->response, answers_head);
	size_t next = cut > 0 ? cut : step;
	while (out->progress == HTTP1_MORE && out->used < length) {
		size_t end = next < length ? next : length;
		/* Exactly sized, so that a sanitizer sees every step too far. */
		AUTO_FREE char *piece = xcalloc(end - out->used, 1);
		memcpy(piece, text + out->used, end - out->used);
		out->used +=
			http1_feed(&out->response, piece, end - out->used, &sink, &out->progress);
		next = end + step;
	}
}

static void parse(const char *text, size_t length, bool answers_head, size_t cut, size_t step,
		  struct parsed *out)
{
	parse_with(NULL, text, length, answers_head, cut, step, out);
}

static void parsed_release(struct parsed *parsed)
{
	http1_release(&parsed->response);
	strbuf_release(&parsed->seen.body);
}

static void check(const struct parse_case *c, const struct parsed *got, size_t length, size_t cut)
{
	static const enum http1_progress progress[] = {HTTP1_DONE, HTTP1_MORE, HTTP1_FAILED,
						       HTTP1_FAILED};
	if (got->progress != progress[c->wanted])
		fail_msg("%s, cut at %zu: progress %d (%s)", c->name, cut, got->progress,
			 got->response.why ? got->response.why : "-");
	if (c->wanted == BAD) {
		assert_int_equal(got->response.failure, CLASS_MALFORMED);
		assert_non_null(got->response.why);
		return;
	}
	if (got->response.status != c->status || got->seen.heads != (c->status ? 1 : 0))
		fail_msg("%s, cut at %zu: status %d in %d heads", c->name, cut,
			 got->response.status, got->seen.heads);
	if (c->body)
		assert_string_equal(strbuf_text(&got->seen.body), c->body);
	if (c->wanted != DONE)
		return;
	assert_int_equal(got->response.body_bytes, strlen(c->body));
	if (got->response.keep_alive == c->not_kept)
		fail_msg("%s: keep_alive is %d", c->name, got->response.keep_alive);
	if (length - got->used != c->left_over)
		fail_msg("%s, cut at %zu: %zu bytes left over", c->name, cut, length - got->used);
}

static void responses_parse_the_same_whole_and_in_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct parse_case *c = &cases[i];
		size_t length = c->length ? c->length : strlen(c->text);
		for (size_t cut = 0; cut < length; cut++) {
			struct parsed got;
			/* cut 0 stands for byte by byte, the last for the whole */
			parse(c->text, length, c->answers_head, cut == 0 ? 1 : cut,
			      cut == 0 ? 1 : length, &got);
			check(c, &got, length, cut);
			parsed_release(&got);
		}
		struct parsed whole;
		parse(c->text, length, c->answers_head, length, length, &whole);
		check(c, &whole, length, length);
		parsed_release(&whole);
	}
}

/* One memo for all of them, so that each finds what another left, and then its own. */
static void responses_parse_the_same_with_a_memo(void **state)
{
	(void)state;
	struct http1_memo memo = {0};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct parse_case *c = &cases[i];
		size_t length = c->length ? c->length : strlen(c->text);
		for (size_t cut = length; cut > 0; cut--) {
			struct parsed got;
			parse_with(&memo, c->text, length, c->answers_head, cut, length, &got);
			check(c, &got, length, cut);
			parsed_release(&got);
		}
	}
}

static void end_of_stream_has_a_class_of_its_own(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum request_class wanted;
	} ends[] = {
		{"", CLASS_EMPTY_REPLY},
		{"H", CLASS_MALFORMED},
		{OK_HEAD "A: b\r\n", CLASS_MALFORMED},
		{"HTTP/1.1 100 Continue\r\n\r\n", CLASS_MALFORMED},
		{OK_HEAD "\r\n", CLASS_OK},
		{OK_HEAD "\r\nbody", CLASS_OK},
		{OK_HEAD "Content-Length: 3\r\n\r\nab", CLASS_PARTIAL},
		{OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", CLASS_PARTIAL},
		{OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", CLASS_PARTIAL},
		{OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", CLASS_PARTIAL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct parsed got;
		size_t length = strlen(ends[i].text);
		parse(ends[i].text, length, false, length, 1, &got);
		assert_int_equal(http1_end_of_stream(&got.response), ends[i].wanted);
		parsed_release(&got);
	}
}

static void repeat(struct strbuf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		strbuf_puts(out, text);
}

/* The class and the bytes that were kept at most, in pieces of 1,000. */
static void expect_refusal(const struct strbuf *text, enum request_class wanted, size_t used_max)
{
	struct parsed got;
	parse(strbuf_text(text), text->length, false, 1000, 1000, &got);
	assert_int_equal(got.progress, HTTP1_FAILED);
	assert_int_equal(got.response.failure, wanted);
	assert_in_range(got.used, 1, used_max);
	parsed_release(&got);
	parse(strbuf_text(text), text->length, false, text->length, 1, &got);
	assert_int_equal(got.progress, HTTP1_FAILED);
	assert_int_equal(got.response.failure, wanted);
	parsed_release(&got);
}

static void net_17_endless_heads_are_cut_off(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf text = {0};
	strbuf_puts(&text, OK_HEAD "X: ");
	repeat(&text, "0123456789", 40960);
	strbuf_puts(&text, "\r\nContent-Length: 0\r\n\r\n");
	expect_refusal(&text, CLASS_HEADER_TOO_LARGE, HTTP1_HEAD_MAX + 1000);
}

static void endless_trailers_are_cut_off(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf text = {0};
	strbuf_puts(&text, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n");
	repeat(&text, "A: b\r\n", 40000);
	expect_refusal(&text, CLASS_HEADER_TOO_LARGE, 2 * HTTP1_HEAD_MAX);
}

static void endless_chunk_extension_is_cut_off(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf text = {0};
	strbuf_puts(&text, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1;");
	repeat(&text, "0123456789", 1000);
	expect_refusal(&text, CLASS_MALFORMED, 1000);
}

static void net_19_interim_responses_are_bounded(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf text = {0};
	repeat(&text, "HTTP/1.1 100 Continue\r\n\r\n", 2000);
	expect_refusal(&text, CLASS_MALFORMED, 25 * (HTTP1_INTERIM_MAX + 1));
}

static void net_25_endless_bodies_are_cut_off(void **state)
{
	(void)state;
	static const char *const heads[] = {OK_HEAD "\r\n",
					    OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"};
	static char chunk[65536 + 8];
	memset(chunk, 'x', sizeof chunk);
	memcpy(chunk, "10000\r\n", 7);
	memcpy(chunk + sizeof chunk - 1, "\r", 1);
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct parsed got;
		struct http1_sink sink = {on_head, on_body, &got.seen, NULL};
		parse(heads[i], strlen(heads[i]), false, 1000, 1, &got);
		got.seen.body.max_bytes = 1;
		uint64_t fed = 0;
		while (got.progress == HTTP1_MORE && fed < 2 * HTTP1_BODY_MAX) {
			fed += http1_feed(&got.response, chunk, sizeof chunk, &sink, &got.progress);
			if (i == 1 && got.progress == HTTP1_MORE)
				fed += http1_feed(&got.response, "\n", 1, &sink, &got.progress);
		}
		assert_int_equal(got.progress, HTTP1_FAILED);
		assert_in_range(fed, HTTP1_BODY_MAX, HTTP1_BODY_MAX + HTTP1_BODY_MAX / 100);
		parsed_release(&got);
	}
}

static void interesting_headers_reach_the_sink(void **state)
{
	(void)state;
	static const char text[] = OK_HEAD "server-timing:  db;dur=1 \r\nX-CACHE: HIT\r\n"
					   "Content-Length: 0\r\n\r\n";
	struct http1_memo memo = {0};
	/* The last two are whole: the memo knows the second. */
	for (size_t cut = 1; cut < sizeof text + 1; cut++) {
		struct parsed got;
		parse_with(&memo, text, sizeof text - 1, false, cut, sizeof text, &got);
		assert_string_equal(got.seen.server_timing, "db;dur=1");
		assert_string_equal(got.seen.x_cache, "HIT");
		parsed_release(&got);
	}
}

/* Damage one to three bytes of each case: any outcome will do but a crash or a false length. */
static void damaged_responses_never_crash(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, 11, 11);
	for (size_t round = 0; round < 300; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			size_t length = cases[i].length ? cases[i].length : strlen(cases[i].text);
			AUTO_FREE char *text = xcalloc(length, 1);
			struct parsed got;
			memcpy(text, cases[i].text, length);
			for (size_t k = 0; k <= rng_below(&rng, 3); k++)
				text[rng_below(&rng, length)] = (char)rng_next(&rng);
			parse(text, length, cases[i].answers_head, 1 + rng_below(&rng, length),
			      1 + rng_below(&rng, 9), &got);
			assert_in_range(got.used, 0, length);
			assert_int_equal(got.response.body_bytes, got.seen.body.length);
			parsed_release(&got);
		}
	}
}

/* "[X-A] or -" of three names, looked up in the head that is passed. */
static void look_up(const struct http1_head *head, void *arg)
{
	static const char *const names[] = {"x-a", "LAST", "missing"};
	struct strbuf *out = arg;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct http1_field field;
		if (http1_find_header(head, names[i], &field))
			strbuf_printf(out, "[%.*s]", (int)field.length, field.text);
		else
			strbuf_puts(out, "-");
	}
}

static void ignore_body(const char *bytes, size_t length, void *arg)
{
	(void)bytes, (void)length, (void)arg;
}

static void any_header_can_be_looked_up(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{OK_HEAD "X-A: one\r\nx-a: two\r\nX-Ab: b\r\nLast:  a:b \r\n\r\n", "[one][a:b]-"},
		{OK_HEAD "X-A:\r\nMissing-too: x\r\n\r\n", "[]--"},
		{OK_HEAD "\r\n", "---"},
		{"HTTP/1.1 103 x\r\nLast: early\r\n\r\n" OK_HEAD "X-A: b\r\n\r\n", "[b]--"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t length = strlen(rows[i][0]);
		for (size_t cut = 0; cut < length; cut++) {
			struct strbuf found = {0};
			struct http1_sink sink = {look_up, ignore_body, &found, NULL};
			struct http1_response response = {0};
			enum http1_progress progress;
			http1_begin(&response, false);
			http1_feed(&response, rows[i][0], cut, &sink, &progress);
			http1_feed(&response, rows[i][0] + cut, length - cut, &sink, &progress);
			assert_string_equal(strbuf_text(&found), rows[i][1]);
			http1_release(&response);
			strbuf_release(&found);
		}
	}
}

static void ignore_head(const struct http1_head *head, void *arg)
{
	(void)head;
	(void)arg;
}

/* Heads are looked through in words: values of every length, each byte at each place. */
static void control_characters_but_tab_are_refused_at_every_place(void **state)
{
	(void)state;
	struct http1_sink sink = {ignore_head, ignore_body, NULL, NULL};
	for (size_t length = 1; length < 20; length++)
		for (size_t at = 0; at < length; at++)
			for (int byte = 0; byte < 256; byte++) {
				char text[64];
				struct http1_response response = {0};
				enum http1_progress progress;
				bool refused = (byte < 0x20 && byte != '\t') || byte == 0x7f;
				size_t n =
					(size_t)snprintf(text, sizeof text,
							 OK_HEAD "X: %0*d\r\n\r\n", (int)length, 0);
				text[sizeof OK_HEAD - 1 + 3 + at] = (char)byte;
				http1_feed(&response, text, n, &sink, &progress);
				assert_int_equal(progress, refused ? HTTP1_FAILED : HTTP1_MORE);
				http1_release(&response);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_parse_the_same_whole_and_in_pieces),
		cmocka_unit_test(responses_parse_the_same_with_a_memo),
		cmocka_unit_test(end_of_stream_has_a_class_of_its_own),
		cmocka_unit_test(net_17_endless_heads_are_cut_off),
		cmocka_unit_test(endless_trailers_are_cut_off),
		cmocka_unit_test(endless_chunk_extension_is_cut_off),
		cmocka_unit_test(net_19_interim_responses_are_bounded),
		cmocka_unit_test(net_25_endless_bodies_are_cut_off),
		cmocka_unit_test(interesting_headers_reach_the_sink),
		cmocka_unit_test(any_header_can_be_looked_up),
		cmocka_unit_test(control_characters_but_tab_are_refused_at_every_place),
		cmocka_unit_test(damaged_responses_never_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
