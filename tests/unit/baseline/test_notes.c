#include "perfgate/baseline/notes.h"

#include "baseline_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The line of a run with that start, so that every one has another id. */
static char *line_at(int second)
{
	AUTO(run) struct run *run = baseline_run(10);
	AUTO(record) struct record *record = NULL;
	struct error err = ERROR_INIT;

	run->started_wall_ns += second * INT64_C(1000000000);
	if (record_build(run, 0, "push", false, &record, &err))
		fail_msg("%s", err.message);
	return xstrdup(record->line);
}

static char *merged(const char *old, const char *line)
{
	struct strbuf out = {0};
	struct error err = ERROR_INIT;

	if (notes_merge(old, strlen(old), line, &out, &err))
		fail_msg("%s", err.message);
	return strbuf_take(&out);
}

static void the_union_does_not_depend_on_the_order(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO_FREE char *b = line_at(2);
	AUTO_FREE char *only_a = merged("", a);
	AUTO_FREE char *only_b = merged("", b);
	AUTO_FREE char *ab = merged(only_a, b);
	AUTO_FREE char *ba = merged(only_b, a);
	AUTO_FREE char *aba = merged(ab, a);

	(void)state;
	assert_int_equal(strlen(ab), strlen(a) + strlen(b) + 2);
	assert_string_equal(ab, ba);
	assert_string_equal(ab, aba);
}

static void foreign_lines_are_kept_in_their_order(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO_FREE char *b = line_at(2);
	AUTO_FREE char *old = xasprintf("by hand\n\n%s\nzz\naa\nno newline", a);
	AUTO_FREE char *note = merged(old, b);
	AUTO_FREE char *ab = merged(a, b);
	AUTO_FREE char *expected = xasprintf("%sby hand\n\nzz\naa\nno newline\n", ab);

	(void)state;
	assert_string_equal(note, expected);
}

static void git_25_a_newer_record_is_never_written_over(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO_FREE char *newer = baseline_edited(a, "v", "99");
	AUTO(strbuf) struct strbuf out = {0};
	AUTO(record_list) struct record_list list = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(notes_merge(newer, strlen(newer), a, &out, &err), -1);
	assert_int_equal(err.kind, ERROR_BASELINE);
	assert_non_null(strstr(err.message, "written by a newer perfgate"));
	error_clear(&err);
	assert_int_equal(notes_parse(newer, strlen(newer), BASELINE_COMMIT, &list, &err), -1);
	assert_int_equal(err.kind, ERROR_BASELINE);
	assert_non_null(strstr(err.message, "written by a newer perfgate"));
}

static void git_23_bad_lines_are_counted_and_the_rest_is_read(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO_FREE char *b = line_at(2);
	AUTO_FREE char *elsewhere =
		baseline_edited(a, "commit", "\"3333333333333333333333333333333333333333\"");
	AUTO_FREE char *text = xasprintf("by hand\n\n%s\n%s\n{\n%s", a, elsewhere, b);
	AUTO(record_list) struct record_list list = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(notes_parse(text, strlen(text), BASELINE_COMMIT, &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.rejected, 3);
	assert_non_null(strstr(list.first_reason, "line 1:"));
	/* Newest first. */
	assert_string_equal(list.items[0]->when, "2024-01-31T12:00:02Z");
	assert_string_equal(list.items[1]->when, "2024-01-31T12:00:01Z");
}

static void a_record_must_name_the_commit_that_it_hangs_on(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO(record_list) struct record_list list = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(notes_parse(a, strlen(a), "3333333333333333333333333333333333333333",
				     &list, &err),
			 0);
	assert_int_equal(list.count, 0);
	assert_non_null(strstr(list.first_reason, "another commit"));
}

static void git_28_an_impossible_time_counts_as_the_oldest(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO_FREE char *future = baseline_edited(a, "when", "\"2999-01-01T00:00:00Z\"");
	AUTO_FREE char *text = xasprintf("%s\n%s\n", future, a);
	AUTO(record_list) struct record_list list = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(notes_parse(text, strlen(text), BASELINE_COMMIT, &list, &err), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0]->when, "2024-01-31T12:00:01Z");
	assert_string_equal(list.items[1]->when, "2999-01-01T00:00:00Z");
}

static void nul_bytes_do_not_hide_lines(void **state)
{
	AUTO_FREE char *a = line_at(1);
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(record_list) struct record_list list = {0};
	struct error err = ERROR_INIT;

	(void)state;
	strbuf_append(&text, "a\0b\n", 4);
	strbuf_puts(&text, a);
	assert_int_equal(notes_parse(strbuf_text(&text), text.length, BASELINE_COMMIT, &list, &err),
			 0);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.rejected, 1);
}

static void three_versions_keep_additions_and_removals(void **state)
{
#define A "{\"id\":\"a\"}\n"
#define B "{\"id\":\"b\"}\n"
#define C "{\"id\":\"c\"}\n"
	static const struct {
		const char *base, *ours, *theirs, *merged;
	} table[] = {
		{"", A, B, A B},
		{"", B, A, A B},
		{A, A, A, A},
		{A, A B, A C, A B C},
		{A B, B, A B, B}, /* removed by us */
		{A B, A B, A, A}, /* removed by them */
		{A B, B C, A, C},
		{"", A, "", A},
		{A, "", "", ""},
		{A, "", A B, B},
		/* Lines of others keep their order behind the records. */
		{"", A "mine\n", B "theirs\nmore\n", A B "theirs\nmore\nmine\n"},
		{"hand\n", "hand\n" A, "hand\n", A "hand\n"},
		{"", A "no newline", "", A "no newline\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		AUTO(strbuf) struct strbuf base = {0};
		AUTO(strbuf) struct strbuf ours = {0};
		AUTO(strbuf) struct strbuf theirs = {0};
		AUTO(strbuf) struct strbuf out = {0};
		struct error err = ERROR_INIT;

		strbuf_puts(&base, table[i].base);
		strbuf_puts(&ours, table[i].ours);
		strbuf_puts(&theirs, table[i].theirs);
		assert_int_equal(notes_merge_three(&base, &ours, &theirs, &out, &err), 0);
		if (strcmp(strbuf_text(&out), table[i].merged) != 0)
			fail_msg("row %zu: '%s'", i, strbuf_text(&out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_versions_keep_additions_and_removals),
		cmocka_unit_test(the_union_does_not_depend_on_the_order),
		cmocka_unit_test(foreign_lines_are_kept_in_their_order),
		cmocka_unit_test(git_25_a_newer_record_is_never_written_over),
		cmocka_unit_test(git_23_bad_lines_are_counted_and_the_rest_is_read),
		cmocka_unit_test(a_record_must_name_the_commit_that_it_hangs_on),
		cmocka_unit_test(git_28_an_impossible_time_counts_as_the_oldest),
		cmocka_unit_test(nul_bytes_do_not_hide_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
