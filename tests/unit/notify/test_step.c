#include "notify_case.h"

#include "perfgate/base/text.h"

#include <unistd.h>

static size_t count(const char *text, const char *piece)
{
	size_t n = 0;

	for (; (text = strstr(text, piece)) != NULL; text += strlen(piece))
		n++;
	return n;
}

/* Every line is one of our commands: nothing else can be one. */
static void expect_commands(const char *text)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		assert_true(text_starts_with(line, "::error title=") ||
			    text_starts_with(line, "::warning title=") ||
			    text_starts_with(line, "::notice title="));
		assert_non_null(strchr(line, '\n'));
	}
	assert_null(strchr(text, '\r'));
}

static void the_aggregate_comes_first_and_ten_of_a_level_at_most(void **state)
{
	AUTO(notify_case) struct notify_case c;
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	case_init(&c, sample_failing());
	for (size_t i = 0; i < 30; i++) {
		sample_cell(c.run, "smoke", METRIC_P95, 3000, 2000, OUTCOME_FAIL);
		sample_cell(c.run, "smoke", METRIC_P99, 3000, 2000, OUTCOME_INCONCLUSIVE);
		sample_cell(c.run, "smoke", METRIC_P50, 3000, 2000, OUTCOME_FAIL)->warn = true;
	}
	case_render(&c, "annotations", &out);
	assert_true(text_starts_with(out.data, "::error title=perfgate%3A failed::smoke"));
	assert_int_equal(count(out.data, "::error "), 10);
	assert_in_range(count(out.data, "::warning "), 1, 10);
	expect_commands(out.data);
}

static void text_cannot_leave_its_place__OUT_16(void **state)
{
	static const char *const texts[] = {"::set-output name=x::y", "a\n::error::b",
					    "a\r::error::b",	      "100% : , \n",
					    "::stop-commands::x",     "x\n::add-mask::y"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO(strbuf) struct strbuf out = {0};

		case_init(&c, sample_failing());
		for (size_t j = 0; j < c.run->verdict.n_cells; j++) {
			c.run->verdict.cells[j].scenario = texts[i];
			c.run->verdict.cells[j].reason = texts[i];
		}
		c.run->verdict.reason = texts[i];
		case_render(&c, "annotations", &out);
		expect_commands(out.data);
		/* A property has no ':' and ',' of its own: the first "::" behind it ends it. */
		for (const char *line = out.data; *line; line = strchr(line, '\n') + 1) {
			const char *title = strstr(line, "title=") + 6;

			assert_int_equal(title[strcspn(title, ":,")] == ':' ||
						 text_starts_with(strchr(title, ','), ",file="),
					 1);
		}
	}
}

static void the_place_in_the_file_is_named_when_it_is_inside(void **state)
{
	static const struct {
		const char *origin, *expected;
	} rows[] = {
		{"ci_cd_config.yml:5", ",file=ci_cd_config.yml,line=5::"},
		{"ci_cd_config.yml of 0123456789ab:5", ",file=ci_cd_config.yml::"},
		{"a:b,c.yml:7", ",file=a%3Ab%2Cc.yml,line=7::"},
		{"/etc/passwd:5", NULL},
		{"../x.yml:5", NULL},
		{"LOAD_TEST_TARGET_THROUGHPUT", NULL},
		{"x.yml:5a", NULL},
		{NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO(strbuf) struct strbuf out = {0};

		case_init(&c, sample_failing());
		for (size_t j = 0; j < c.run->verdict.n_cells; j++)
			c.run->verdict.cells[j].origin = rows[i].origin;
		case_render(&c, "annotations", &out);
		assert_int_equal(strstr(out.data, rows[i].expected ? rows[i].expected : "file=") !=
					 NULL,
				 rows[i].expected != NULL);
	}
}

static void levels_follow_what_the_job_does(void **state)
{
	static const struct {
		struct run *(*make)(void);
		const char *first;
	} rows[] = {
		{sample_failing, "::error title=perfgate%3A failed::"},
		{sample_advisory, "::warning title=perfgate%3A passed%2C with warnings::advisory"},
		{sample_unmeasured, "::error title=perfgate%3A not measured::"},
		{sample_inconclusive, "::warning title=perfgate%3A inconclusive::"},
		{sample_interrupted, "::warning title=perfgate%3A passed%2C interrupted::"},
		{sample_passing, "::notice title=perfgate%3A passed::"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(notify_case) struct notify_case c;
		AUTO(strbuf) struct strbuf out = {0};

		case_init(&c, rows[i].make());
		case_render(&c, "annotations", &out);
		if (!text_starts_with(out.data, rows[i].first))
			fail_msg("%s", out.data);
	}
}

/* Reads the file as the runner does: NAME<<DELIMITER, lines, DELIMITER. */
static char *output_named(const char *text, const char *name)
{
	AUTO_FREE char *head = xasprintf("%s<<", name);
	const char *start = strstr(text, head), *value, *end;
	AUTO_FREE char *delimiter = NULL;

	if (!start)
		return NULL;
	value = strchr(start, '\n') + 1;
	delimiter = xasprintf("\n%.*s\n", (int)(value - 1 - start - (ptrdiff_t)strlen(head)),
			      start + strlen(head));
	end = strstr(value - 1, delimiter);
	return end && end >= value ? xstrndup(value, (size_t)(end - value)) : NULL;
}

static void outputs_have_a_delimiter_nobody_can_guess__OUT_17(void **state)
{
	AUTO(notify_case) struct notify_case c;
	AUTO(strbuf) struct strbuf out = {0}, again = {0};
	AUTO_FREE char *verdict = NULL, *reason = NULL, *cells = NULL, *report = NULL;

	(void)state;
	case_init(&c, sample_failing());
	c.run->verdict.reason = "x\nperfgate_\nverdict<<EOF\npass\nEOF";
	c.notify.dir = "out\nverdict=pass";
	case_render(&c, "outputs", &out);
	case_render(&c, "outputs", &again);
	assert_string_not_equal(out.data, again.data);
	verdict = output_named(out.data, "verdict");
	reason = output_named(out.data, "reason");
	cells = output_named(out.data, "failed-cells");
	report = output_named(out.data, "report");
	assert_string_equal(verdict, "fail");
	assert_string_equal(cells, "[\"smoke error rate\",\"smoke p95\"]");
	assert_null(strchr(reason, '\n'));
	assert_null(strchr(report, '\n'));
	assert_int_equal(count(out.data, "\n"), 15);
}

static void the_summary_is_appended_up_to_githubs_limit__FS_21(void **state)
{
	char path[] = "/tmp/pfg-summary-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	AUTO(notify_case) struct notify_case c;
	struct error err = ERROR_INIT;
	char head[32] = {0}, tail[80] = {0};
	off_t length;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "before\n", 7), 7);
	case_init(&c, sample_failing());
	c.job.summary_path = path;
	assert_int_equal(case_send(&c, "summary", &err), 0);
	assert_int_equal(pread(fd, head, 10, 0), 10);
	assert_string_equal(head, "before\n###");
	/* What does not fit ends at a line, and says so. */
	length = (1 << 20) - 500;
	assert_int_equal(ftruncate(fd, length), 0);
	assert_int_equal(case_send(&c, "summary", &err), 0);
	assert_in_range(lseek(fd, 0, SEEK_END), length + 200, 1 << 20);
	assert_true(pread(fd, tail, sizeof tail - 1, lseek(fd, 0, SEEK_END) - 69) > 0);
	assert_non_null(strstr(tail, "\n\n_The rest is in report.html"));
	length = (1 << 20) - 60;
	assert_int_equal(ftruncate(fd, length), 0);
	assert_int_equal(case_send(&c, "summary", &err), -1);
	assert_int_equal(lseek(fd, 0, SEEK_END), length);
	unlink(path);
	c.job.summary_path = "/nonexistent/x";
	assert_int_equal(case_send(&c, "summary", &err), -1);
	c.job.summary_path = "/dev/null";
	assert_int_equal(case_send(&c, "summary", &err), -1);
	assert_non_null(strstr(err.message, "not a regular file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_aggregate_comes_first_and_ten_of_a_level_at_most),
		cmocka_unit_test(text_cannot_leave_its_place__OUT_16),
		cmocka_unit_test(the_place_in_the_file_is_named_when_it_is_inside),
		cmocka_unit_test(levels_follow_what_the_job_does),
		cmocka_unit_test(outputs_have_a_delimiter_nobody_can_guess__OUT_17),
		cmocka_unit_test(the_summary_is_appended_up_to_githubs_limit__FS_21),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
