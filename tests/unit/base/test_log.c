#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Standard error goes into a memory file while the callback runs. */
static void capture(void (*write_them)(void), char *out, size_t size)
{
	int file = memfd_create("log", MFD_CLOEXEC);
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	ssize_t got;

	assert_true(file >= 0 && saved >= 0);
	dup2(file, STDERR_FILENO);
	write_them();
	dup2(saved, STDERR_FILENO);
	close(saved);
	got = pread(file, out, size - 1, 0);
	assert_true(got >= 0);
	out[got] = '\0';
	close(file);
}

static void one_of_each(void)
{
	log_error("e%d", 1);
	log_warning("w%d", 2);
	log_info("i%d", 3);
	log_debug("d%d", 4);
}

static void the_level_decides_what_is_said(void **state)
{
	static const struct {
		enum log_level level;
		const char *text;
	} rows[] = {
		{LOG_QUIET, ""},
		{LOG_ERROR, "perfgate: error: e1\n"},
		{LOG_WARNING, "perfgate: error: e1\nperfgate: warning: w2\n"},
		{LOG_INFO, "perfgate: error: e1\nperfgate: warning: w2\nperfgate: i3\n"},
		{LOG_DEBUG, "perfgate: error: e1\nperfgate: warning: w2\nperfgate: i3\n"
			    "perfgate: debug: d4\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[256];

		log_set_level(rows[i].level);
		assert_int_equal(log_get_level(), rows[i].level);
		capture(one_of_each, text, sizeof text);
		assert_string_equal(text, rows[i].text);
	}
	log_set_level(LOG_INFO);
}

static void nasty_line(void)
{
	log_info("%s", "a\n::error::b\r\x1b[31m token-abcdef");
}

static void a_message_is_one_safe_line(void **state)
{
	char text[256];

	(void)state;
	log_add_secret("token-abcdef");
	capture(nasty_line, text, sizeof text);
	assert_string_equal(text, "perfgate: a\\x0a::error::b\\x0d\\x1b[31m ***\n");
}

static void hidden_characters_become_visible(void **state)
{
	static const struct {
		const char *text, *visible;
	} rows[] = {
		{"plain gr\xc3\xbc\xc3\x9f", "plain gr\xc3\xbc\xc3\x9f"},
		{"\x1b]8;;http://x\a", "\\x1b]8;;http://x\\x07"},
		{"\xc2\x9b", "\\u009b"},
		{"\xe2\x80\xae", "\\u202e"},
		{"\xe2\x81\xa6", "\\u2066"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\x7f\t", "\\x7f\\x09"},
		{"\xe2\x80\xa8", "\\u2028"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		log_visible(&out, rows[i].text, strlen(rows[i].text));
		assert_string_equal(strbuf_text(&out), rows[i].visible);
	}
}

static void SEC_13_secrets_are_replaced_the_longest_first_and_short_ones_not(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	log_add_secret("hunter2");
	log_add_secret("hunter2-and-more");
	log_add_secret("hunter2");
	log_add_secret("abc");
	log_add_secret(NULL);
	strbuf_puts(&text, "hunter2-and-more hunter2hunter2 abc hunter");
	log_redact(&text);
	assert_string_equal(strbuf_text(&text), "*** ****** abc hunter");
	strbuf_clear(&text);
	log_redact(&text);
	assert_string_equal(strbuf_text(&text), "");
}

static void a_name_tells_a_secret(void **state)
{
	static const struct {
		const char *name, *value, *text, *expected;
	} rows[] = {
		{"API_KEY", "k-1234", "is k-1234", "is ***"},
		{"Authorization", "Bearer tok-77", "tok-77 alone", "*** alone"},
		{"db_password", "hunter2x", "hunter2x", "***"},
		{"Cookie", "sid=abcd", "sid=abcd", "***"},
		{"PORT", "8080-x", "8080-x", "8080-x"},
		{"API_KEY", "abc", "abc", "abc"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf text = {0};

		log_add_named_secret(rows[i].name, rows[i].value);
		strbuf_puts(&text, rows[i].text);
		log_redact(&text);
		assert_string_equal(text.data, rows[i].expected);
	}
}

static void any_number_of_secrets_is_kept(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	for (int i = 0; i < 500; i++) {
		AUTO_FREE char *secret = xasprintf("many-%d-secrets", i);

		log_add_secret(secret);
	}
	strbuf_puts(&text, "many-0-secrets many-499-secrets");
	log_redact(&text);
	assert_string_equal(text.data, "*** ***");
}

static void SEC_14_every_line_of_a_secret_is_one(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	log_add_secret("-----BEGIN-----\r\nMIIE.*[x]+\\d\nEND\nlast-line");
	strbuf_puts(&text, "a MIIE.*[x]+\\d b\nlast-line END MIIEaax1");
	log_redact(&text);
	assert_string_equal(text.data, "a *** b\n*** END MIIEaax1");
}

static void SEC_09_a_process_with_a_secret_leaves_no_core_file(void **state)
{
	(void)state;
	log_add_secret("hunter2");
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_level_decides_what_is_said),
		cmocka_unit_test(a_message_is_one_safe_line),
		cmocka_unit_test(hidden_characters_become_visible),
		cmocka_unit_test(SEC_13_secrets_are_replaced_the_longest_first_and_short_ones_not),
		cmocka_unit_test(a_name_tells_a_secret),
		cmocka_unit_test(any_number_of_secrets_is_kept),
		cmocka_unit_test(SEC_14_every_line_of_a_secret_is_one),
		cmocka_unit_test(SEC_09_a_process_with_a_secret_leaves_no_core_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
