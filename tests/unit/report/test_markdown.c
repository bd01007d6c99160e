#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/formats.h"
#include "perfgate/report/render.h"
#include "sample_table.h"

static void render(const struct run *run, struct strbuf *out)
{
	struct error err = ERROR_INIT;

	if (markdown_render(run, out, &err) != 0)
		fail_msg("%s", err.message);
}

static void samples_are_as_in_the_golden_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO_FREE char *name = xasprintf("report/comment-%s.md", samples[i].name);
		AUTO(strbuf) struct strbuf out = {0};

		render(run, &out);
		golden_check(name, &out);
	}
}

static void the_verdict_is_in_the_first_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};

		render(run, &out);
		*strchr(out.data, '\n') = '\0';
		assert_non_null(strstr(out.data, figures_word(run->verdict.outcome)));
		assert_true(text_starts_with(out.data, "### "));
	}
}

static void the_marker_is_found_and_cannot_end_early(void **state)
{
	static const struct {
		const char *name, *marker;
	} rows[] = {
		{"smoke", "<!-- perfgate:smoke -->"},
		{"a --> <script>", "<!-- perfgate:a-script- -->"},
		{"a----b", "<!-- perfgate:a-b -->"},
		{"", "<!-- perfgate:none -->"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = sample_passing();
		AUTO(strbuf) struct strbuf marker = {0}, out = {0};

		run->scenarios[0].name = rows[i].name;
		report_marker(run, &marker);
		assert_string_equal(strbuf_text(&marker), rows[i].marker);
		render(run, &out);
		assert_non_null(strstr(out.data, rows[i].marker));
	}
}

/* Names that need escaping, as many as do not fit. */
static struct run *with_many_cells(size_t count, size_t name_length)
{
	struct run *run = sample_failing();
	char *name = arena_alloc(&run->arena, name_length + 1, 1);

	memset(name, '|', name_length);
	for (size_t i = 0; i < count; i++) {
		struct cell *cell =
			sample_cell(run, "smoke", METRIC_P95, 3000 + (double)i, 2000, OUTCOME_FAIL);

		cell->endpoint = name;
		cell->reason = name;
	}
	return run;
}

static void long_comments_are_cut_at_a_row__OUT_14(void **state)
{
	static const struct {
		size_t cells, name_length;
	} rows[] = {{400, 100}, {2000, 150}, {300, 100000}, {3, 10 << 20}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = with_many_cells(rows[i].cells, rows[i].name_length);
		AUTO(strbuf) struct strbuf out = {0};

		render(run, &out);
		assert_true(out.length < 60000);
		assert_true(text_is_utf8(out.data, out.length));
		assert_non_null(strstr(out.data, "</details>"));
		assert_non_null(strstr(out.data, "report.html"));
		assert_int_equal(strstr(out.data, "more gates are left out here") != NULL,
				 rows[i].cells > 3);
		/* The last row is whole. */
		for (char *line = out.data; line != NULL; line = strchr(line + 1, '\n'))
			if (line[0] == '\n' && line[1] == '|')
				assert_int_equal(line[strcspn(line + 1, "\n")], '|');
	}
}

static void hostile_names_are_escaped(void **state)
{
	AUTO(run) struct run *run = sample_hostile();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	render(run, &out);
	assert_null(strstr(out.data, "<script"));
	assert_null(strstr(out.data, "<img"));
	assert_null(strstr(out.data, "\n::error"));
	assert_null(strstr(out.data, "@everyone"));
	assert_null(strstr(out.data, "@all"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_as_in_the_golden_files),
		cmocka_unit_test(the_verdict_is_in_the_first_line),
		cmocka_unit_test(the_marker_is_found_and_cannot_end_early),
		cmocka_unit_test(long_comments_are_cut_at_a_row__OUT_14),
		cmocka_unit_test(hostile_names_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
