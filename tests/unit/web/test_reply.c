#include "perfgate/web/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void text_is_quoted_for_json(void **state)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{"", "\"\""},
		{"plain", "\"plain\""},
		{"a\"b\\c", "\"a\\\"b\\\\c\""},
		{"\n\r\t\x01\x1b\x7f", "\"\\n\\r\\t\\u0001\\u001b\\u007f\""},
		{"Kisumu \xc3\xa9 \xf0\x9f\x98\x80", "\"Kisumu \xc3\xa9 \xf0\x9f\x98\x80\""},
		{"\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO(strbuf) struct strbuf out = {0};

		web_quote(&out, rows[i].text);
		assert_string_equal(strbuf_text(&out), rows[i].quoted);
	}
}

static void decimals_are_exact(void **state)
{
	static const struct {
		int64_t value;
		int digits;
		const char *text;
	} rows[] = {
		{0, 0, "0"},
		{0, 4, "0.0000"},
		{7, 4, "0.0007"},
		{10000, 4, "1.0000"},
		{-25, 2, "-0.25"},
		{-125, 2, "-1.25"},
		{123456, 3, "123.456"},
		{42, 0, "42"},
		{-1, 0, "-1"},
		{INT64_MIN, 0, "-9223372036854775808"},
		{INT64_MAX, 9, "9223372036.854775807"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO(strbuf) struct strbuf out = {0};

		web_put_decimal(&out, rows[i].value, rows[i].digits);
		assert_string_equal(strbuf_text(&out), rows[i].text);
	}
}

static void headers_are_capped_in_number_and_length(void **state)
{
	struct web_reply reply = {0};

	(void)state;
	for (int i = 0; i < 2 * WEB_REPLY_HEADERS; i++)
		web_reply_header(&reply, "X-Test", "%0500d", i);
	assert_int_equal(reply.header_count, WEB_REPLY_HEADERS);
	assert_int_equal(strlen(reply.headers[0].value), WEB_HEADER_VALUE_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_quoted_for_json),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(headers_are_capped_in_number_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
