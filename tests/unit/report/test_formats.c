#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/formats.h"
#include "perfgate/report/render.h"
#include "perfgate/results/codec.h"
#include "sample_table.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_dir(void **state)
{
	char template[] = "/tmp/pfg-formats-XXXXXX";

	*state = xstrdup(mkdtemp(template));
	return 0;
}

static int remove_dir(void **state)
{
	struct error err = ERROR_INIT;
	int status = fs_remove_tree(*state, &err);

	free(*state);
	return status;
}

static void read_named(const char *dir, const char *name, struct strbuf *out)
{
	AUTO_FREE char *path = fs_join(dir, name);
	struct error err = ERROR_INIT;

	strbuf_clear(out);
	if (fs_read_file(out, path, (size_t)8 << 20, ERROR_INTERNAL, &err) != 0)
		fail_msg("%s", err.message);
}

static bool exists(const char *dir, const char *name)
{
	AUTO_FREE char *path = fs_join(dir, name);

	return fs_exists(path);
}

static void write_all(const struct run *run, const char *dir)
{
	struct error err = ERROR_INIT;

	if (report_write_all(run, dir, &err) != 0)
		fail_msg("%s", err.message);
}

static size_t count_files(const char *dir)
{
	DIR *stream = opendir(dir);
	size_t count = 0;

	for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(stream);
	return count;
}

static void names_are_unique_and_rows_complete(void **state)
{
	(void)state;
	assert_int_equal(report_formats_count, 8);
	for (size_t i = 0; i < report_formats_count; i++) {
		assert_non_null(report_formats[i].render);
		assert_non_null(report_formats[i].applies);
		assert_true(strlen(report_formats[i].summary) > 10);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(report_formats[i].name, report_formats[j].name);
			assert_string_not_equal(report_formats[i].filename,
						report_formats[j].filename);
		}
	}
}

static void the_same_run_gives_the_same_bytes__MEA_22(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t j = 0; j < report_formats_count; j++) {
			AUTO(run) struct run *first = samples[i].make();
			AUTO(run) struct run *second = samples[i].make();
			AUTO(strbuf) struct strbuf a = {0}, b = {0};
			struct error err = ERROR_INIT;

			assert_int_equal(report_formats[j].render(first, &a, &err), 0);
			assert_int_equal(report_formats[j].render(second, &b, &err), 0);
			assert_true(a.length > 0 && a.length == b.length);
			assert_memory_equal(a.data, b.data, a.length);
		}
}

static void every_artifact_is_utf8_without_control_characters__OUT_01_OUT_19(void **state)
{
	AUTO(run) struct run *run = sample_hostile();

	(void)state;
	for (size_t j = 0; j < report_formats_count; j++) {
		AUTO(strbuf) struct strbuf out = {0};
		struct error err = ERROR_INIT;

		assert_int_equal(report_formats[j].render(run, &out, &err), 0);
		assert_true(text_is_utf8(out.data, out.length));
		assert_null(strpbrk(out.data, "\x1b\x07\x01\x7f"));
		assert_int_equal(strlen(out.data), out.length);
	}
}

/* Nothing is embedded that a script element could end. */
static void no_document_has_a_script__OUT_09(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		struct error err = ERROR_INIT;

		run->branch = "</script><!--\xe2\x80\xa8";
		assert_int_equal(html_render(run, &out, &err), 0);
		assert_null(strstr(out.data, "<script"));
		assert_null(strstr(out.data, "</script"));
		assert_null(strstr(out.data, "\xe2\x80\xa8"));
	}
}

/* Four bytes, right to left, combining marks, wide: valid everywhere, within the columns. */
static void any_script_keeps_widths_and_validity__OUT_26(void **state)
{
	static const char *const names[] = {
		"\xf0\x9f\x9a\x80 ship it",
		"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85",
		"e\xcc\x81\xcc\xa7 Z\xcd\x91\xcd\xab\xcc\x93",
		"\xe6\x80\xa7\xe8\x83\xbd\xe6\xb5\x8b\xe8\xaf\x95",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(run) struct run *run = sample_failing();
		AUTO(strbuf) struct strbuf screen = {0};

		run->branch = names[i];
		run->target = names[i];
		run->scenarios[0].endpoints[0].name = names[i];
		run->verdict.cells[0].endpoint = names[i];
		for (size_t j = 0; j < report_formats_count; j++) {
			AUTO(strbuf) struct strbuf out = {0};
			struct error err = ERROR_INIT;

			assert_int_equal(report_formats[j].render(run, &out, &err), 0);
			assert_true(text_is_utf8(out.data, out.length));
		}
		report_console(run, "out", false, 80, &screen);
		for (char *line = screen.data, *end; *line != '\0'; line = end + 1) {
			end = strchr(line, '\n');
			*end = '\0';
			if (text_columns(line) > 80)
				fail_msg("%s", line);
		}
	}
}

static void the_branch_is_literal_everywhere__OUT_13(void **state)
{
	static const struct {
		const char *format, *text;
	} rows[] = {
		{"json", "zzz\\\";echo${IFS}\\\"hello\\\";#"},
		{"html", "zzz&quot;;echo${IFS}&quot;hello&quot;;#"},
		{"comment", "zzz\";echo\\${IFS}\"hello\";#"},
	};
	AUTO(run) struct run *run = sample_hostile();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < report_formats_count; j++) {
			AUTO(strbuf) struct strbuf out = {0};
			struct error err = ERROR_INIT;

			if (strcmp(report_formats[j].name, rows[i].format) != 0)
				continue;
			assert_int_equal(report_formats[j].render(run, &out, &err), 0);
			assert_non_null(strstr(out.data, rows[i].text));
		}
}

static void no_number_is_null_with_a_reason__MEA_04_OUT_22(void **state)
{
	AUTO(run) struct run *run = sample_unmeasured();
	AUTO(strbuf) struct strbuf out = {0};
	AUTO_JSON json_t *document = NULL;
	struct error err = ERROR_INIT;
	const json_t *cell;

	(void)state;
	run->verdict.cells[0].value = INFINITY;
	assert_int_equal(report_formats[0].render(run, &out, &err), 0);
	assert_int_equal(extjson_parse(out.data, out.length, out.length, ERROR_INTERNAL, &document,
				       &err),
			 0);
	cell = json_array_get(json_object_get(json_object_get(document, "verdict"), "cells"), 0);
	assert_true(json_is_null(json_object_get(cell, "value")));
	assert_string_equal(extjson_get_string(cell, "reason", ""), "no request succeeded");
	assert_null(strstr(out.data, "nan"));
	assert_null(strstr(out.data, "inf"));
}

/* What each format must contain for an outcome, and must not. */
static const struct {
	struct run *(*make)(void);
	const char *in[4], *not_in[4]; /* json, junit, html, comment */
} agreements[] = {
	{sample_passing,
	 {"\"outcome\": \"pass\",\n    \"reason\": \"4 gates", "failures=\"0\" errors=\"0\"",
	  "verdict pass", "### ✅ perfgate: passed"},
	 {"\"outcome\": \"fail\"", "<failure", "verdict fail", "❌"}},
	{sample_failing,
	 {"\"outcome\": \"fail\",\n    \"reason\": \"smoke", "failures=\"2\" errors=\"0\"",
	  "verdict fail", "### ❌ perfgate: failed"},
	 {"\"outcome\": \"unmeasured\"", "<error", "verdict pass", "perfgate: passed"}},
	{sample_inconclusive,
	 {"\"outcome\": \"inconclusive\",\n    \"reason\": \"smoke",
	  "<skipped message=\"inconclusive: smoke p95", "verdict inconclusive",
	  "### ❔ perfgate: inconclusive"},
	 {"\"outcome\": \"fail\"", "<failure", "verdict pass", "❌"}},
	{sample_unmeasured,
	 {"\"outcome\": \"unmeasured\",\n    \"reason\": \"smoke", "failures=\"0\" errors=\"2\"",
	  "verdict unmeasured", "### ❗ perfgate: not measured"},
	 {"\"outcome\": \"pass\"", "<failure", "verdict pass", "✅"}},
	{sample_skipped,
	 {"\"outcome\": \"skipped\",\n    \"reason\": \"enabled", "tests=\"1\" failures=\"0\"",
	  "verdict skipped", "### ⏩ perfgate: skipped"},
	 {"\"outcome\": \"pass\"", "<failure", "verdict pass", "✅"}},
};

static void all_formats_agree_on_the_verdict__OUT_28(void **state)
{
	static const char *const names[] = {"json", "junit", "html", "comment"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(agreements); i++) {
		AUTO(run) struct run *run = agreements[i].make();
		AUTO(strbuf) struct strbuf screen = {0};
		AUTO_FREE char *symbol = xasprintf("%s ", figures_symbol(run->verdict.outcome));

		report_console(run, NULL, false, 80, &screen);
		assert_true(text_starts_with(screen.data, symbol));
		for (size_t j = 0; j < report_formats_count; j++)
			for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
				AUTO(strbuf) struct strbuf out = {0};
				struct error err = ERROR_INIT;

				if (strcmp(report_formats[j].name, names[k]) != 0)
					continue;
				assert_int_equal(report_formats[j].render(run, &out, &err), 0);
				if (strstr(out.data, agreements[i].in[k]) == NULL)
					fail_msg("%s of sample %zu lacks %s", names[k], i,
						 agreements[i].in[k]);
				if (strstr(out.data, agreements[i].not_in[k]) != NULL)
					fail_msg("%s of sample %zu has %s", names[k], i,
						 agreements[i].not_in[k]);
			}
	}
}

static void the_manifest_lists_what_was_written(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf text = {0}, file = {0};
	AUTO_JSON json_t *manifest = NULL;
	struct error err = ERROR_INIT;
	json_t *row;
	size_t i;

	write_all(run, *state);
	assert_int_equal(count_files(*state), 9);
	read_named(*state, REPORT_MANIFEST, &text);
	assert_int_equal(extjson_parse(text.data, text.length, text.length, ERROR_INTERNAL,
				       &manifest, &err),
			 0);
	assert_int_equal(json_array_size(json_object_get(manifest, "files")), 8);
	json_array_foreach (json_object_get(manifest, "files"), i, row) {
		char digest[TEXT_SHA256_SIZE];

		read_named(*state, extjson_get_string(row, "name", ""), &file);
		text_sha256(file.data, file.length, digest);
		assert_string_equal(extjson_get_string(row, "sha256", ""), digest);
	}
}

static void an_earlier_sample_of_requests_is_kept_and_listed(void **state)
{
	AUTO(run) struct run *with = sample_passing();
	AUTO(run) struct run *without = sample_failing();
	AUTO(strbuf) struct strbuf before = {0}, after = {0};

	write_all(without, *state);
	assert_false(exists(*state, "requests.csv"));
	write_all(with, *state);
	read_named(*state, "requests.csv", &before);
	write_all(without, *state);
	read_named(*state, "requests.csv", &after);
	assert_string_equal(before.data, after.data);
	read_named(*state, REPORT_MANIFEST, &after);
	assert_non_null(strstr(after.data, "\"requests.csv\""));
}

static void a_damaged_manifest_is_replaced(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_FREE char *path = fs_join(*state, REPORT_MANIFEST);
	struct error err = ERROR_INIT;

	assert_int_equal(fs_write_file(path, "{\"files\": [1, {\"name\": 2}", 25, &err), 0);
	write_all(run, *state);
	read_named(*state, REPORT_MANIFEST, &text);
	assert_non_null(strstr(text.data, "\"perfgate.manifest/1\""));
}

static void a_link_is_replaced_and_its_target_untouched__FS_08(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO_FREE char *victim = fs_join(*state, "victim");
	AUTO_FREE char *link = fs_join(*state, "report.html");
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	struct stat info;

	assert_int_equal(fs_write_file(victim, "precious", 8, &err), 0);
	assert_int_equal(symlink("victim", link), 0);
	write_all(run, *state);
	assert_int_equal(lstat(link, &info), 0);
	assert_true(S_ISREG(info.st_mode));
	read_named(*state, "victim", &text);
	assert_string_equal(text.data, "precious");
}

static void a_folder_in_the_way_is_one_error_and_the_rest_is_written__FS_07(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO_FREE char *obstacle = fs_join(*state, "junit.xml/x");
	struct error err = ERROR_INIT;

	assert_int_equal(fs_make_dirs(obstacle, &err), 0);
	assert_int_equal(report_write_all(run, *state, &err), -1);
	assert_int_equal(err.kind, ERROR_DELIVERY);
	assert_non_null(strstr(err.message, "junit.xml"));
	assert_true(exists(*state, "report.html"));
	assert_true(exists(*state, "comment.md"));
	assert_int_equal(count_files(*state), 9);
}

static void a_missing_folder_is_an_error__FS_07(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO_FREE char *dir = fs_join(*state, "missing");
	struct error err = ERROR_INIT;

	assert_int_equal(report_write_all(run, dir, &err), -1);
	assert_int_equal(err.kind, ERROR_DELIVERY);
	assert_int_equal(count_files(*state), 0);
}

/* A limit on the size of files stands for the full disk. */
static void a_full_disk_leaves_the_old_artifacts__FS_01(void **state)
{
	AUTO(run) struct run *old = sample_passing();
	AUTO(run) struct run *new = sample_failing();
	AUTO(strbuf) struct strbuf before = {0}, after = {0}, small = {0};
	struct rlimit unlimited, limit;
	struct error err = ERROR_INIT;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	int status;

	write_all(old, *state);
	read_named(*state, "report.html", &before);
	getrlimit(RLIMIT_FSIZE, &unlimited);
	limit = unlimited;
	limit.rlim_cur = 8192;
	setrlimit(RLIMIT_FSIZE, &limit);
	status = report_write_all(new, *state, &err);
	setrlimit(RLIMIT_FSIZE, &unlimited);
	signal(SIGXFSZ, handler);
	assert_int_equal(status, -1);
	assert_int_equal(err.kind, ERROR_DELIVERY);
	read_named(*state, "report.html", &after);
	assert_string_equal(before.data, after.data);
	read_named(*state, "comment.md", &small);
	assert_non_null(strstr(small.data, "failed"));
	assert_int_equal(count_files(*state), 9);
}

/*
 * Results as files, for the tests of the whole binary. They are no golden files (zlib versions
 * compress the histograms differently): REGEN_GOLDEN=1 writes them, and they must read back.
 */
static void stored_results_render_like_the_runs_they_were(void **state)
{
	const char *regenerate = getenv("REGEN_GOLDEN");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO_FREE char *path = xasprintf("tests/corpus/result/%s.json", samples[i].name);
		AUTO_FREE char *golden = xasprintf("report/junit-%s.xml", samples[i].name);
		AUTO(run) struct run *made = samples[i].make();
		AUTO(run) struct run *loaded = NULL;
		AUTO(strbuf) struct strbuf out = {0};
		struct error err = ERROR_INIT;

		if (regenerate != NULL && regenerate[0] == '1') {
			assert_int_equal(json_render(made, &out, &err), 0);
			assert_int_equal(fs_write_file(path, out.data, out.length, &err), 0);
			strbuf_clear(&out);
		}
		if (codec_load(path, &loaded, &err) != 0)
			fail_msg("%s", err.message);
		assert_int_equal(junit_render(loaded, &out, &err), 0);
		/* JSON has no invalid bytes. */
		if (made->verdict.outcome == OUTCOME_FAIL && made->scenarios[0].name[0] == '<')
			assert_non_null(strstr(out.data, "failures=\"2\""));
		else
			golden_check(golden, &out);
	}
}

static void secrets_are_redacted_but_histograms_stay_whole(void **state)
{
	AUTO(run) struct run *run = sample_failing();

	(void)state;
	log_add_secret("hunter2hunter2");
	log_add_secret("HISTFAAA");
	run->scenarios[0].endpoints[1].first_failure = "HTTP 401: token hunter2hunter2";
	for (size_t j = 0; j < report_formats_count; j++) {
		AUTO_FREE char *dir = fs_join(*state, report_formats[j].name);
		AUTO(strbuf) struct strbuf text = {0};
		struct error err = ERROR_INIT;

		if (!report_formats[j].applies(run))
			continue;
		assert_int_equal(fs_make_dirs(dir, &err), 0);
		write_all(run, dir);
		read_named(dir, report_formats[j].filename, &text);
		assert_null(strstr(text.data, "hunter2"));
		if (strcmp(report_formats[j].name, "json") == 0)
			assert_non_null(strstr(text.data, "\"HISTFAAA"));
		if (strcmp(report_formats[j].name, "hlog") == 0)
			assert_non_null(strstr(text.data, ",HISTFAAA"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique_and_rows_complete),
		cmocka_unit_test(the_same_run_gives_the_same_bytes__MEA_22),
		cmocka_unit_test(every_artifact_is_utf8_without_control_characters__OUT_01_OUT_19),
		cmocka_unit_test(no_document_has_a_script__OUT_09),
		cmocka_unit_test(any_script_keeps_widths_and_validity__OUT_26),
		cmocka_unit_test(the_branch_is_literal_everywhere__OUT_13),
		cmocka_unit_test(no_number_is_null_with_a_reason__MEA_04_OUT_22),
		cmocka_unit_test(all_formats_agree_on_the_verdict__OUT_28),
		cmocka_unit_test_setup_teardown(the_manifest_lists_what_was_written, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(an_earlier_sample_of_requests_is_kept_and_listed,
						make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_damaged_manifest_is_replaced, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(a_link_is_replaced_and_its_target_untouched__FS_08,
						make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_folder_in_the_way_is_one_error_and_the_rest_is_written__FS_07, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(a_missing_folder_is_an_error__FS_07, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old_artifacts__FS_01,
						make_dir, remove_dir),
		cmocka_unit_test(stored_results_render_like_the_runs_they_were),
		cmocka_unit_test_setup_teardown(secrets_are_redacted_but_histograms_stay_whole,
						make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
