#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/text.h"

#include <string.h>

static void prefixes_and_suffixes(void **state)
{
	(void)state;
	assert_true(text_starts_with("smoke_test", "smoke"));
	assert_false(text_starts_with("smo", "smoke"));
	assert_true(text_ends_with("smoke_test", "_test"));
	assert_false(text_ends_with("st", "_test"));
	assert_true(text_ends_with("x", ""));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "ab"));
}

static void distance_counts_edits_and_swaps(void **state)
{
	static const struct {
		const char *a, *b;
		size_t limit, distance;
	} rows[] = {
		{"", "", 3, 0},
		{"abc", "abc", 3, 0},
		{"abc", "abd", 3, 1},
		{"abc", "acb", 3, 1},
		{"abc", "ab", 3, 1},
		{"ab", "xabx", 3, 2},
		{"abcdef", "uvwxyz", 3, 4},
		{"ca", "abc", 5, 3},
		{"a", "abcdefgh", 2, 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(text_distance(rows[i].a, rows[i].b, rows[i].limit),
				 rows[i].distance);
}

static void the_closest_word_is_suggested(void **state)
{
	static const char *const words[] = {"max_p95_response_time", "min_throughput", "enabled",
					    "run", NULL};

	(void)state;
	assert_string_equal(text_suggest("max_p95_responce_time", words), words[0]);
	assert_string_equal(text_suggest("enabeld", words), "enabled");
	assert_string_equal(text_suggest("ran", words), "run");
	assert_null(text_suggest("something_else", words));
	assert_null(text_suggest("xy", words));
}

static void utf8_is_checked_strictly(void **state)
{
	static const struct {
		const char *bytes;
		size_t length, step;
		uint32_t code_point;
	} rows[] = {
		{"a", 1, 1, 'a'},
		{"\xc3\xa9", 2, 2, 0xe9},
		{"\xe2\x82\xac", 3, 3, 0x20ac},
		{"\xf0\x9f\x98\x80", 4, 4, 0x1f600},
		{"", 0, 0, 0},
		{"\xc3", 1, 0, 0},
		{"\xc0\x80", 2, 0, 0},
		{"\xed\xa0\x80", 3, 0, 0},
		{"\xf4\x90\x80\x80", 4, 0, 0},
		{"\x80", 1, 0, 0},
		{"\xe2\x82", 2, 0, 0},
		{"\xff", 1, 0, 0},
		{"\xe0\x80\x80", 3, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t c = 0;

		assert_int_equal(text_utf8_sequence(rows[i].bytes, rows[i].length, &c),
				 rows[i].step);
		assert_int_equal(c, rows[i].code_point);
	}
	assert_true(text_is_utf8("gr\xc3\xbc\xc3\x9f", 6));
	assert_false(text_is_utf8("a\xff", 2));
}

static void columns_of_a_terminal(void **state)
{
	(void)state;
	assert_int_equal(text_columns("abc"), 3);
	assert_int_equal(text_columns("\xc3\xa9"), 1);
	assert_int_equal(text_columns("e\xcc\x81"), 1);
	assert_int_equal(text_columns("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(text_columns("\xff"), 1);
	assert_int_equal(text_columns(""), 0);
}

static void slugs_are_safe_and_distinct__FS_10(void **state)
{
	static const struct {
		const char *text, *slug;
	} rows[] = {
		{"smoke", "smoke"},
		{"a.b-c_d", "a.b-c_d"},
		{"POST /x", NULL},
		{"post /x", NULL},
		{"", NULL},
		{".", NULL},
		{"..", NULL},
		{"-rf", NULL},
		{"../../etc/passwd", NULL},
		{"/abs", NULL},
		{"a\nb", NULL},
		{"con", "con"},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		 NULL},
		{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
		 NULL},
	};
	char seen[ARRAY_SIZE(rows)][65];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		text_slug(rows[i].text, &out);
		assert_in_range(out.length, 1, 64);
		assert_int_equal(strspn(out.data, "abcdefghijklmnopqrstuvwxyz0123456789._-"),
				 out.length);
		assert_true(out.data[0] != '.' && (out.data[0] != '-' || *rows[i].text == '\0'));
		if (rows[i].slug != NULL)
			assert_string_equal(out.data, rows[i].slug);
		memcpy(seen[i], out.data, out.length + 1);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
}

/* FIPS 180-4 examples; lengths around the padding's edges from an independent implementation. */
static void sha256_reference_values(void **state)
{
	static const struct {
		const char *text;
		size_t repeat;
		const char *digest;
	} rows[] = {
		{"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"x", 55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"},
		{"x", 56, "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"},
		{"x", 63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"},
		{"x", 64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"},
		{"x", 65, "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"},
		{"x", 119, "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"},
		{"x", 120, "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"},
		{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf bytes = {0};
		char digest[TEXT_SHA256_SIZE];

		for (size_t k = 0; k < rows[i].repeat; k++)
			strbuf_puts(&bytes, rows[i].text);
		text_sha256(strbuf_text(&bytes), bytes.length, digest);
		assert_string_equal(digest, rows[i].digest);
	}
}

static void globs_know_folders(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} rows[] = {
		{"src/**", "src/a/b.c", true},
		{"src/**", "src/a.c", true},
		{"src/**", "srcs/a.c", false},
		{"src/*", "src/a.c", true},
		{"src/*", "src/a/b.c", false},
		{"**/*.c", "a.c", true},
		{"**/*.c", "x/y/a.c", true},
		{"**/*.c", "x/y/a.h", false},
		{"src/**/test.c", "src/test.c", true},
		{"src/**/test.c", "src/a/b/test.c", true},
		{"src/**/test.c", "src/atest.c", false},
		{"?.c", "a.c", true},
		{"?.c", "/.c", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"a", "", false},
		{"**", "a/b/c", true},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "aXbY", false},
		{"README.md", "README.md", true},
		{"[a]", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_glob(rows[i].pattern, rows[i].path) != rows[i].match)
			fail_msg("%s against %s", rows[i].pattern, rows[i].path);
}

static void many_stars_end_soon(void **state)
{
	char path[4096];

	(void)state;
	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_false(text_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", path));
}

/* RFC 4648, section 10. */
static void base64_is_as_in_the_rfc(void **state)
{
	static const struct {
		const char *plain, *encoded;
	} rows[] = {{"", ""},
		    {"f", "Zg=="},
		    {"fo", "Zm8="},
		    {"foo", "Zm9v"},
		    {"foob", "Zm9vYg=="},
		    {"fooba", "Zm9vYmE="},
		    {"foobar", "Zm9vYmFy"},
		    {"\xff\xfe\xfd", "//79"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		text_base64(rows[i].plain, strlen(rows[i].plain), &out);
		assert_string_equal(strbuf_text(&out), rows[i].encoded);
	}
}

static void a_cut_leaves_whole_characters__OUT_27(void **state)
{
	static const struct {
		const char *text;
		size_t limit, expected;
	} rows[] = {
		{"abc", 5, 3},	   {"abc", 3, 3}, {"abc", 2, 2}, {"a\u00fc", 2, 1},
		{"a\u2717", 3, 1}, {"😀😀", 7, 4},  {"", 4, 0},	 {"\x80\x80\x80\x80", 3, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(text_clip(rows[i].text, rows[i].limit), rows[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_and_suffixes),
		cmocka_unit_test(distance_counts_edits_and_swaps),
		cmocka_unit_test(the_closest_word_is_suggested),
		cmocka_unit_test(utf8_is_checked_strictly),
		cmocka_unit_test(columns_of_a_terminal),
		cmocka_unit_test(slugs_are_safe_and_distinct__FS_10),
		cmocka_unit_test(sha256_reference_values),
		cmocka_unit_test(globs_know_folders),
		cmocka_unit_test(many_stars_end_soon),
		cmocka_unit_test(base64_is_as_in_the_rfc),
		cmocka_unit_test(a_cut_leaves_whole_characters__OUT_27),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
