/* All generators: values arrive, escaped; Jenkins, containers, differences. */
#include "generator_case.h"

#include "perfgate/workflow/diff.h"
#include "perfgate/workflow/view.h"

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
	must_generate_file("github", "/perfgate.yml", more, &github);
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
	must_generate_file("github", "/perfgate.yml", "artifact_retention_days: 0\n", &github);
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

		must_generate_file("github", "/perfgate.yml", rows[i].more, &github);
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

/* A branch name that git accepts with everything in it that means something to somebody. */
#define NASTY "a'b\"c`d$(id)+!{e}#f;g&h|i"

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
	gate = strstr(text.data, "code = sh(returnStatus: true");
	assert_non_null(gate);
	assert_non_null(strstr(gate, "if (code == 3) {\n                        unstable("));
	assert_non_null(strstr(gate, "else if (code == 1) {\n                        error("));
	assert_non_null(strstr(gate, "else if (code != 0) {\n                        error("));
	strbuf_clear(&text);
	must_generate("jenkins", "ci: {unmeasured: failure}\n", &text);
	assert_non_null(strstr(text.data, "if (code == 3) {\n                        error("));
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
	assert_int_equal(count(&github, "PERFGATE_CONFIG: \"ci/perf.yml\"\n"), 3);
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
	assert_non_null(strstr(err.message, "github, jenkins, pre-push, docker"));
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

static void plugins_are_used_when_asked_for(void **state)
{
	static const char *const both[] = {"htmlpublisher", "lockable-resources", NULL};
	static const char *const wrong[] = {"htmlpublsher", NULL};
	AUTO(strbuf) struct strbuf plain = {0};
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(strbuf) struct strbuf none = {0};
	struct error err = ERROR_INIT;

	(void)state;
	must_generate("jenkins", "", &plain);
	assert_false(has(&plain, "publishHTML"));
	assert_false(has(&plain, "lock("));
	assert_int_equal(generate_with("jenkins", "output: out\n", NULL, both, &text, &err), 0);
	assert_true(has(&text, "reportDir: 'out',"));
	assert_true(has(&text, "lock(resource: \"perfgate-${env.NODE_NAME}\") {\n"));
	assert_int_equal(count(&text, "perfgate check"), 1);
	assert_int_equal(generate_with("jenkins", "", NULL, wrong, &none, &err), -1);
	assert_non_null(strstr(err.message, "did you mean `htmlpublisher`"));
	assert_int_equal(generate_with("github", "", NULL, both, &none, &err), -1);
	assert_non_null(strstr(err.message, "`github` has no variants"));
}

static void containers_are_those_that_the_target_needs(void **state)
{
	static const struct {
		const char *more;
		bool api, postgres, redis;
	} rows[] = {
		{"", true, true, true},
		{"target: http://127.0.0.1:3000\nrequests: [GET /]\n", false, false, false},
		{"target:\n  command: ./server --port {port}\nrequests: [GET /]\n", false, true,
		 true},
		{"services: {redis: \"redis://cache.example:6379\"}\n", true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf text = {0};

		must_generate_file("docker", "compose.yml", rows[i].more, &text);
		assert_int_equal(has(&text, "\n  api:\n"), rows[i].api);
		assert_int_equal(has(&text, "LOAD_TEST_API_HOST: http://api:8000\n"), rows[i].api);
		assert_int_equal(has(&text, "\n  postgres:\n"), rows[i].postgres);
		assert_int_equal(has(&text, "DATABASE_URL: "), rows[i].postgres);
		assert_int_equal(has(&text, "\n  redis:\n"), rows[i].redis);
		assert_int_equal(has(&text, "REDIS_URL: "), rows[i].redis);
		assert_int_equal(has(&text, "depends_on:"), rows[i].api || rows[i].postgres);
		assert_true(has(&text, "\n  gate:\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gen_15_the_same_configuration_gives_the_same_bytes),
		cmocka_unit_test(values_of_the_configuration_arrive),
		cmocka_unit_test(without_retention_artifacts_are_kept),
		cmocka_unit_test(services_are_for_a_target_of_our_own),
		cmocka_unit_test(gen_01_what_is_no_branch_is_refused),
		cmocka_unit_test(gen_11_values_in_a_jenkinsfile_are_single_quoted),
		cmocka_unit_test(gen_13_exit_codes_are_mapped),
		cmocka_unit_test(paths_that_a_ci_pattern_could_read_differently_are_refused),
		cmocka_unit_test(a_configuration_of_another_name_is_named),
		cmocka_unit_test(an_unknown_generator_gets_a_suggestion),
		cmocka_unit_test(differences_are_shown_as_people_know_them),
		cmocka_unit_test(very_different_files_are_replaced_as_a_whole),
		cmocka_unit_test(plugins_are_used_when_asked_for),
		cmocka_unit_test(containers_are_those_that_the_target_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
