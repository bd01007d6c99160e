#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/fs.h"
#include "perfgate/ext/yaml.h"
#include "perfgate/workflow/diff.h"
#include "perfgate/workflow/generators.h"
#include "perfgate/workflow/view.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char seed[] = "performance_gates:\n"
			   "  max_p95_response_time: 2000\n"
			   "  min_throughput: 50\n";

/* 0 with the text, or -1 with *err, from the seed's gates and `more` lines of configuration. */
static int generate(const char *name, const char *more, const char *config_path, struct strbuf *out,
		    struct error *err)
{
	static const char *const no_environment[] = {NULL};
	char path[] = "/tmp/perfgate-test-generators-XXXXXX";
	AUTO_FD int fd = mkstemp(path);
	AUTO(settings) struct settings *settings = NULL;
	AUTO_FREE char *text = xasprintf("%s%s", seed, more);
	int result;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	result = settings_load(path, no_environment, &settings, err);
	unlink(path);
	if (result == 0)
		result = generator_render(generator_find(name, err), settings, config_path, out,
					  err);
	return result;
}

static void must_generate(const char *name, const char *more, struct strbuf *out)
{
	struct error err = ERROR_INIT;

	if (generate(name, more, NULL, out, &err) != 0)
		fail_msg("%s: %s", name, err.message);
}

static bool has(const struct strbuf *text, const char *part)
{
	return strstr(strbuf_text(text), part) != NULL;
}

/* Calls `visit` for each line with its number of leading blanks. */
static void each_line(const struct strbuf *text, void (*visit)(const char *line, size_t indent))
{
	AUTO_FREE char *copy = xstrdup(strbuf_text(text));
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		visit(line, strspn(line, " "));
}

static void no_blanks_at_the_end(const char *line, size_t indent)
{
	size_t length = strlen(line);

	(void)indent;
	assert_true(length == 0 || (line[length - 1] != ' ' && line[length - 1] != '\r'));
	assert_null(strstr(line, "<%"));
	assert_null(strchr(line, '\t'));
}

static void gen_15_the_same_configuration_gives_the_same_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; generators[i].name != NULL; i++) {
		AUTO(strbuf) struct strbuf first = {0};
		AUTO(strbuf) struct strbuf second = {0};

		must_generate(generators[i].name, "", &first);
		must_generate(generators[i].name, "", &second);
		assert_string_equal(first.data, second.data);
		assert_int_equal(first.data[first.length - 1], '\n');
		assert_int_not_equal(first.data[first.length - 2], '\n');
		each_line(&first, no_blanks_at_the_end);
	}
}

static void values_of_the_configuration_arrive(void **state)
{
	AUTO(strbuf) struct strbuf github = {0};
	AUTO(strbuf) struct strbuf jenkins = {0};
	const char *more = "artifact_retention_days: 7\nbaseline_branch: trunk\noutput: out/perf\n"
			   "ci: {install: \"make deps && make\"}\n";

	(void)state;
	must_generate("github", more, &github);
	assert_true(has(&github, "    branches:\n      - \"trunk\"\n"));
	assert_true(has(&github, "github.ref == 'refs/heads/trunk'"));
	assert_true(has(&github, "retention-days: 7\n"));
	assert_true(has(&github, "path: \"out/perf\"\n"));
	assert_true(has(&github, "PERFGATE_OUTPUT: \"out/perf\"\n"));
	assert_true(has(&github, "run: \"make deps && make\"\n"));
	assert_false(has(&github, "INSTALL_PERFGATE_FROM"));
	must_generate("jenkins", more, &jenkins);
	assert_true(has(&jenkins, "branch(pattern: 'trunk', comparator: 'EQUALS')"));
	assert_true(has(&jenkins, "artifactDaysToKeepStr: '7'"));
	assert_true(has(&jenkins, "testResults: 'out/perf/junit.xml'"));
	assert_true(has(&jenkins, "sh 'make deps && make'"));
	assert_false(has(&jenkins, "INSTALL_PERFGATE_FROM"));
}

static void without_retention_artifacts_are_kept(void **state)
{
	AUTO(strbuf) struct strbuf github = {0};
	AUTO(strbuf) struct strbuf jenkins = {0};

	(void)state;
	must_generate("github", "artifact_retention_days: 0\n", &github);
	assert_false(has(&github, "retention-days"));
	must_generate("jenkins", "artifact_retention_days: 0\n", &jenkins);
	assert_false(has(&jenkins, "artifactDaysToKeepStr"));
}

static void services_are_for_a_target_of_our_own(void **state)
{
	static const struct {
		const char *more;
		bool postgres, redis;
	} rows[] = {
		{"", true, true},
		{"target: http://127.0.0.1:3000\nrequests: [GET /]\n", false, false},
		{"target:\n  command: ./server --port {port}\nrequests: [GET /]\n", true, true},
		{"services: {redis: \"redis://cache.example:6379\"}\n", true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf github = {0};
		AUTO(strbuf) struct strbuf jenkins = {0};

		must_generate("github", rows[i].more, &github);
		assert_int_equal(has(&github, "image: postgres:"), rows[i].postgres);
		assert_int_equal(has(&github, "DATABASE_URL: "), rows[i].postgres);
		assert_int_equal(has(&github, "image: redis:"), rows[i].redis);
		assert_int_equal(has(&github, "REDIS_URL: "), rows[i].redis);
		assert_int_equal(has(&github, "services:"), rows[i].postgres || rows[i].redis);
		must_generate("jenkins", rows[i].more, &jenkins);
		assert_int_equal(has(&jenkins, "stage('PostgreSQL')"), rows[i].postgres);
		assert_int_equal(has(&jenkins, "stage('Redis')"), rows[i].redis);
		assert_int_equal(has(&jenkins, "parallel"), rows[i].postgres || rows[i].redis);
	}
}

static int number_behind(const struct strbuf *text, const char *label)
{
	const char *at = strstr(strbuf_text(text), label);

	assert_non_null(at);
	return (int)strtol(at + strlen(label), NULL, 10);
}

static void time_limits_come_from_the_suite(void **state)
{
	static const char short_run[] = "run: [smoke]\n";
	static const char long_run[] = "run: [smoke, load, endurance]\n";
	AUTO(strbuf) struct strbuf small = {0};
	AUTO(strbuf) struct strbuf large = {0};
	AUTO(strbuf) struct strbuf jenkins = {0};
	const char *label = "timeout-minutes: ${{ github.event_name == 'pull_request' && ";

	(void)state;
	must_generate("github", short_run, &small);
	must_generate("github", long_run, &large);
	/* 2 min of smoke and 72 min in all, each twice, beside what every job needs. */
	assert_in_range(number_behind(&small, label), 15 + 4, 15 + 15);
	assert_in_range(number_behind(&large, label), 15 + 144, 15 + 165);
	must_generate("jenkins", short_run, &jenkins);
	assert_in_range(number_behind(&jenkins, "timeout(time: "), 15 + 160, 15 + 185);
}

/* A branch name that git accepts with everything in it that means something to somebody. */
#define NASTY "a'b\"c`d$(id)+!{e}#f;g&h|i"

static const struct yaml_node *child(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *found = extyaml_get(node, key);

	if (found == NULL)
		fail_msg("no %s in the workflow", key);
	return found;
}

static void gen_01_a_branch_name_is_one_quoted_scalar(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	AUTO(yaml_document) struct yaml_document *document = NULL;
	const struct yaml_node *branches;

	(void)state;
	must_generate("github", "baseline_branch: \"a'b\\\"c`d$(id)+!{e}#f;g&h|i\"\n", &text);
	if (extyaml_parse(text.data, text.length, "workflow", &document, &err) != 0)
		fail_msg("%s", err.message);
	branches = child(child(child(extyaml_root(document), "on"), "push"), "branches");
	/* + and ! are escaped for GitHub's filter patterns. */
	assert_string_equal(branches->items[0]->text, "a'b\"c`d$(id)\\+\\!{e}#f;g&h|i");
	assert_string_equal(
		child(child(child(extyaml_root(document), "jobs"), "baseline"), "if")->text,
		"github.event_name == 'push' && github.ref == "
		"'refs/heads/a''b\"c`d$(id)+!{e}#f;g&h|i'");
}

static void gen_01_what_is_no_branch_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	  "a b",      "a\nb", "-x", "a..b",  "a~1",  "x^",   "a:b",  "a?b",
		"a*b",	  "a[b",      "a\\b", "/a", "a/",    "a//b", "a.",   ".a",   "a/.b",
		"a.lock", "a.lock/b", "a@{b", "@",  "a\x7f", "HEAD", "\xff", "a\tb",
	};
	static const char *const good[] = {"main", "release/1.2", NASTY, "gr\xc3\xbc\xc3\x9f",
					   "a-b",  "a@b"};
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (workflow_is_branch(bad[i]))
			fail_msg("%s", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!workflow_is_branch(good[i]))
			fail_msg("%s", good[i]);
	assert_int_equal(generate("github", "baseline_branch: \"a${{github.token}}\"\n", NULL, &out,
				  &err),
			 -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_int_equal(out.length, 0);
}

static size_t run_block_indent;
static bool in_run_block;

static void no_expression_in_run(const char *line, size_t indent)
{
	const char *content = line + indent;

	if (in_run_block && *content != '\0' && indent <= run_block_indent)
		in_run_block = false;
	if (in_run_block || strncmp(content, "run:", 4) == 0 || strncmp(content, "- run:", 6) == 0)
		assert_null(strstr(line, "${{"));
	if (strncmp(content, "run: |", 6) == 0) {
		in_run_block = true;
		run_block_indent = indent;
	}
}

static void gen_02_no_expression_inside_run(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(strbuf) struct strbuf none = {0};
	struct error err = ERROR_INIT;

	(void)state;
	must_generate("github", "", &text);
	in_run_block = false;
	each_line(&text, no_expression_in_run);
	assert_false(has(&text, "head_ref"));
	assert_false(has(&text, "github.event."));
	assert_int_equal(generate("github", "ci: {install: \"echo ${{ github.head_ref }}\"}\n",
				  NULL, &none, &err),
			 -1);
	assert_non_null(strstr(err.message, "ci.install"));
}

static size_t count(const struct strbuf *text, const char *part)
{
	size_t hits = 0;

	for (const char *at = strbuf_text(text); (at = strstr(at, part)) != NULL; at++)
		hits++;
	return hits;
}

static void gen_03_only_the_baseline_job_may_write_contents(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	const char *baseline;

	(void)state;
	must_generate("github", "", &text);
	assert_true(has(&text, "\npermissions:\n  contents: read\n"));
	/* The rest tells the verdict: a status in both jobs, a comment in one. */
	assert_int_equal(count(&text, "contents: write"), 1);
	assert_int_equal(count(&text, "statuses: write"), 2);
	assert_int_equal(count(&text, "pull-requests: write"), 1);
	assert_int_equal(count(&text, ": write"), 4);
	baseline = strstr(text.data, "\n  baseline:\n");
	assert_non_null(baseline);
	assert_true(strstr(text.data, "contents: write") > baseline);
	assert_true(strstr(text.data, "persist-credentials: true") > baseline);
	assert_int_equal(count(&text, "persist-credentials: false"), 1);
}

static void gen_04_triggers(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	must_generate("github", "", &text);
	assert_true(has(&text, "\n  pull_request:\n"));
	assert_true(has(&text, "\n  workflow_dispatch:\n"));
	assert_true(has(&text, "\n  schedule:\n"));
	assert_false(has(&text, "pull_request_target"));
	assert_false(has(&text, "workflow_run"));
	assert_false(has(&text, "    paths:"));
}

static void gen_05_the_baseline_job_is_guarded_and_never_cancelled(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	const char *job;

	(void)state;
	must_generate("github", "", &text);
	job = strstr(text.data, "\n  baseline:\n");
	assert_non_null(job);
	assert_non_null(
		strstr(job,
		       "if: \"github.event_name == 'push' && github.ref == 'refs/heads/main'\"\n"));
	assert_non_null(strstr(job, "group: perfgate-baseline\n      cancel-in-progress: false\n"));
	assert_true(has(&text, "if: github.event_name != 'push'\n"));
	assert_true(has(&text, "cancel-in-progress: ${{ github.event_name == 'pull_request' }}"));
}

static size_t actions_seen;

static void pinned(const char *line, size_t indent)
{
	const char *at = strstr(line, " uses: ");
	size_t digits = 0;

	(void)indent;
	if (at == NULL)
		return;
	actions_seen++;
	at = strchr(at, '@');
	assert_non_null(at);
	while (isxdigit((unsigned char)at[1 + digits]))
		digits++;
	assert_int_equal(digits, 40);
	assert_memory_equal(at + 41, " # v", 4);
}

static void gen_07_actions_are_pinned_by_full_hash(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	must_generate("github", "", &text);
	actions_seen = 0;
	each_line(&text, pinned);
	assert_int_equal(actions_seen, 4);
}

static void gen_10_no_workflow_commands_on_standard_output(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	must_generate("github", "", &text);
	assert_false(has(&text, "ACTIONS_ALLOW_UNSECURE_COMMANDS"));
	assert_false(has(&text, "::set-output"));
	assert_false(has(&text, "::"));
}

static void gen_11_values_in_a_jenkinsfile_are_single_quoted(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	must_generate("jenkins",
		      "baseline_branch: \"a'b$c\"\n"
		      "ci: {install: \"echo 'it''s' \\\\ $HOME '''\\nmake\"}\n",
		      &text);
	assert_true(has(&text, "pattern: 'a\\'b$c'"));
	assert_true(has(&text, "sh 'echo \\'it\\'\\'s\\' \\\\ $HOME \\'\\'\\'\\nmake'\n"));
	assert_false(has(&text, "sh \""));
	assert_false(has(&text, "\"\"\""));
}

static void gen_13_exit_codes_are_mapped(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	const char *gate;

	(void)state;
	must_generate("jenkins", "", &text);
	gate = strstr(text.data, "int code = sh(returnStatus: true");
	assert_non_null(gate);
	assert_non_null(strstr(gate, "if (code == 3) {\n                        unstable("));
	assert_non_null(strstr(gate, "else if (code == 1) {\n                        error("));
	assert_non_null(strstr(gate, "else if (code != 0) {\n                        error("));
}

static void paths_that_a_ci_pattern_could_read_differently_are_refused(void **state)
{
	static const char *const outputs[] = {"/tmp/x", "../x", "a b", "x*",
					      "$HOME",	"-x",	"a'b", "."};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		AUTO_FREE char *more = xasprintf("output: \"%s\"\n", outputs[i]);
		AUTO(strbuf) struct strbuf text = {0};
		struct error err = ERROR_INIT;

		assert_int_equal(generate("jenkins", more, NULL, &text, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(strstr(err.message, "output"));
	}
}

static void a_configuration_of_another_name_is_named(void **state)
{
	AUTO(strbuf) struct strbuf github = {0};
	AUTO(strbuf) struct strbuf jenkins = {0};
	AUTO(strbuf) struct strbuf none = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(generate("github", "", "ci/perf.yml", &github, &err), 0);
	assert_int_equal(count(&github, "PERFGATE_CONFIG: \"ci/perf.yml\"\n"), 2);
	assert_int_equal(generate("jenkins", "", "ci/perf.yml", &jenkins, &err), 0);
	assert_true(has(&jenkins, "PERFGATE_CONFIG = 'ci/perf.yml'\n"));
	assert_int_equal(generate("github", "", "a b.yml", &none, &err), -1);
}

static void an_unknown_generator_gets_a_suggestion(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_null(generator_find("jenkin", &err));
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.message, "did you mean `jenkins`"));
	assert_null(generator_find("xyz", &err));
	assert_non_null(strstr(err.message, "github or jenkins"));
}

static void differences_are_shown_as_people_know_them(void **state)
{
	static const struct {
		const char *before, *after, *diff;
	} rows[] = {
		{"a\n", "a\n", ""},
		{"a\nb\nc\n", "a\nx\nc\n",
		 "--- f\n+++ f (generated)\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
		{"", "a\n", "--- f\n+++ f (generated)\n@@ -0,0 +1,1 @@\n+a\n"},
		{"a\n", "", "--- f\n+++ f (generated)\n@@ -1,1 +0,0 @@\n-a\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nx\n",
		 "--- f\n+++ f (generated)\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+x\n"},
		{"x\n2\n3\n4\n5\n6\n7\n8\n9\ny\n", "2\n3\n4\n5\n6\n7\n8\n9\n",
		 "--- f\n+++ f (generated)\n@@ -1,4 +1,3 @@\n-x\n 2\n 3\n 4\n"
		 "@@ -7,4 +6,3 @@\n 7\n 8\n 9\n-y\n"},
		{"a\x1b[31m\n", "a\n",
		 "--- f\n+++ f (generated)\n@@ -1,1 +1,1 @@\n-a\\x1b[31m\n+a\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		workflow_diff("f", rows[i].before, rows[i].after, &out);
		assert_string_equal(strbuf_text(&out), rows[i].diff);
	}
}

static void very_different_files_are_replaced_as_a_whole(void **state)
{
	AUTO(strbuf) struct strbuf before = {0};
	AUTO(strbuf) struct strbuf after = {0};
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		strbuf_printf(&before, "old %d\n", i);
		strbuf_printf(&after, "new %d\n", i);
	}
	workflow_diff("f", before.data, after.data, &out);
	assert_int_equal(count(&out, "\n-old"), 3000);
	assert_int_equal(count(&out, "\n+new"), 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gen_15_the_same_configuration_gives_the_same_bytes),
		cmocka_unit_test(values_of_the_configuration_arrive),
		cmocka_unit_test(without_retention_artifacts_are_kept),
		cmocka_unit_test(services_are_for_a_target_of_our_own),
		cmocka_unit_test(time_limits_come_from_the_suite),
		cmocka_unit_test(gen_01_a_branch_name_is_one_quoted_scalar),
		cmocka_unit_test(gen_01_what_is_no_branch_is_refused),
		cmocka_unit_test(gen_02_no_expression_inside_run),
		cmocka_unit_test(gen_03_only_the_baseline_job_may_write_contents),
		cmocka_unit_test(gen_04_triggers),
		cmocka_unit_test(gen_05_the_baseline_job_is_guarded_and_never_cancelled),
		cmocka_unit_test(gen_07_actions_are_pinned_by_full_hash),
		cmocka_unit_test(gen_10_no_workflow_commands_on_standard_output),
		cmocka_unit_test(gen_11_values_in_a_jenkinsfile_are_single_quoted),
		cmocka_unit_test(gen_13_exit_codes_are_mapped),
		cmocka_unit_test(paths_that_a_ci_pattern_could_read_differently_are_refused),
		cmocka_unit_test(a_configuration_of_another_name_is_named),
		cmocka_unit_test(an_unknown_generator_gets_a_suggestion),
		cmocka_unit_test(differences_are_shown_as_people_know_them),
		cmocka_unit_test(very_different_files_are_replaced_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
