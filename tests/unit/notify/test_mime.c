#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/text.h"
#include "perfgate/notify/mime.h"

#include <stdio.h>
#include <string.h>

static const char *const one[] = {"a@example.com", NULL};

static void build(const char *subject, const char *text, const char *const *to, struct strbuf *out)
{
	struct mime_mail mail = {.from = "ci@example.com",
				 .to = to,
				 .subject = subject,
				 .wall_ns = INT64_C(1769860800000000000),
				 .id = "1a2b.fail.perfgate",
				 .text = text,
				 .html = "<p>x</p>"};

	mime_build(&mail, out);
}

static void a_mail_has_the_headers_of_rfc_5322(void **state)
{
	static const char *const lines[] = {
		"From: perfgate <ci@example.com>\r\n",
		"\r\nTo: a@example.com\r\n",
		"\r\nSubject: plain words\r\n",
		"\r\nDate: Sat, 31 Jan 2026 12:00:00 +0000\r\n",
		"\r\nMessage-ID: <1a2b.fail.perfgate@example.com>\r\n",
		"\r\nMIME-Version: 1.0\r\n",
		"\r\nContent-Type: multipart/alternative;\r\n boundary=\"",
	};
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	build("plain words", "x", one, &out);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strstr(out.data, lines[i]))
			fail_msg("no %s in %s", lines[i], out.data);
}

static void no_value_begins_another_header__NTF_07(void **state)
{
	static const char *const subjects[] = {
		"x\r\nBcc: victim@example.com",	    "x\nBcc: victim@example.com",
		"x\rBcc: victim@example.com",	    "ü\r\nBcc: victim@example.com",
		"x\r\n\r\nBcc: victim@example.com",
	};
	static const char *const evil[] = {"a@example.com\r\nBcc: victim@example.com", NULL};
	AUTO(strbuf) struct strbuf last = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(subjects); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		build(subjects[i], "x", one, &out);
		assert_null(strstr(out.data, "\nBcc:"));
		assert_null(strstr(out.data, "\rBcc:"));
	}
	build("x", "x", evil, &last);
	assert_null(strstr(last.data, "\nBcc:"));
}

static void what_is_not_ascii_is_encoded__NTF_07(void **state)
{
	static const struct {
		const char *subject, *line;
	} rows[] = {
		{"Prüfung ✗", "Subject: =?UTF-8?B?UHLDvGZ1bmcg4pyX?=\r\n"},
		{"=?UTF-8?B?eA==?=", "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=\r\n"},
		{"", "Subject: \r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		build(rows[i].subject, "x", one, &out);
		if (!strstr(out.data, rows[i].line))
			fail_msg("no %s in %s", rows[i].line, out.data);
	}
}

static void expect_wire_form(const struct strbuf *out)
{
	const char *line = out->data;

	assert_int_equal(strlen(out->data), out->length); /* no NUL */
	for (const char *end; *line; line = end + 2) {
		end = strstr(line, "\r\n");
		assert_non_null(end);
		assert_true(end - line <= 78);
		assert_int_not_equal(*line, '.');
		for (const char *c = line; c < end; c++)
			assert_true((*c >= ' ' && *c <= '~') || *c == '\t');
	}
}

static void any_text_travels_as_short_lines_of_ascii__NTF_08(void **state)
{
	AUTO_FREE char *longest = xcalloc(100001, 1);
	const char *texts[] = {"", ".", "a\n.\nb", ".\r\nQUIT\r\n", "ü✗\x01\x7f\xff", longest};
	AUTO_FREE char *many = xcalloc(20000, 1);
	const char *to[101] = {0};

	(void)state;
	memset(longest, '.', 100000);
	for (size_t i = 0; i < 100; i++) {
		to[i] = many + 100 * i;
		snprintf(many + 100 * i, 100, "somebody.with.a.name.%zu@department.example.com", i);
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		build(texts[i], texts[i], to, &out);
		expect_wire_form(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_has_the_headers_of_rfc_5322),
		cmocka_unit_test(no_value_begins_another_header__NTF_07),
		cmocka_unit_test(what_is_not_ascii_is_encoded__NTF_07),
		cmocka_unit_test(any_text_travels_as_short_lines_of_ascii__NTF_08),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
