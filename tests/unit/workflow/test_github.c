/* The workflows for GitHub. */
#include "generator_case.h"

#include <ctype.h>
#include <strings.h>

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
	must_generate_file("github", "/perfgate.yml", short_run, &small);
	must_generate_file("github", "/perfgate.yml", long_run, &large);
	/* 2 min of smoke and 72 min in all, each twice, beside what every job needs. */
	assert_in_range(number_behind(&small, label), 15 + 4, 15 + 15);
	assert_in_range(number_behind(&large, label), 15 + 144, 15 + 165);
	must_generate("jenkins", short_run, &jenkins);
	assert_in_range(number_behind(&jenkins, "timeout(time: "), 15 + 160, 15 + 185);
}

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
	must_generate_file("github", "/perfgate.yml",
			   "baseline_branch: \"a'b\\\"c`d$(id)+!{e}#f;g&h|i\"\n", &text);
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
	AUTO(strbuf) struct strbuf main_workflow = {0};
	AUTO(strbuf) struct strbuf none = {0};
	struct error err = ERROR_INIT;

	(void)state;
	must_generate("github", "", &text);
	in_run_block = false;
	each_line(&text, no_expression_in_run);
	assert_false(has(&text, "head_ref"));
	must_generate_file("github", "/perfgate.yml", "", &main_workflow);
	assert_false(has(&main_workflow, "github.event."));
	assert_int_equal(generate("github", "ci: {install: \"echo ${{ github.head_ref }}\"}\n",
				  NULL, &none, &err),
			 -1);
	assert_non_null(strstr(err.message, "ci.install"));
}

static void gen_03_only_the_baseline_job_may_write_contents(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	const char *baseline;

	(void)state;
	must_generate_file("github", "/perfgate.yml", "", &text);
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
	must_generate_file("github", "/perfgate.yml", "", &text);
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
	must_generate_file("github", "/perfgate.yml", "", &text);
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
	if (at == NULL || strncmp(at, " uses: ./", 9) == 0)
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
	/* checkout in three jobs, upload in two, the cache of the setup action. */
	assert_int_equal(actions_seen, 6);
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

static void gen_04_the_workflow_for_forks_runs_nothing_of_theirs(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(strbuf) struct strbuf told_nowhere = {0};
	AUTO(strbuf) struct strbuf only_status = {0};

	(void)state;
	must_generate_file("github", "-forks", "", &text);
	assert_true(has(&text, "\n  workflow_run:\n    workflows:\n      - perfgate\n"));
	assert_true(has(&text, "\npermissions:\n  contents: read\n"));
	/* What is checked out without `ref` is the default branch. */
	assert_int_equal(count(&text, "actions/checkout@"), 1);
	assert_false(has(&text, " ref:"));
	assert_false(has(&text, "repository:"));
	assert_true(has(&text, "persist-credentials: false\n"));
	assert_false(has(&text, "secrets."));
	assert_false(has(&text, "pull_request_target"));
	assert_int_equal(count(&text, ": write"), 2);
	assert_true(has(&text, "perfgate notify \"$RESULT\" --channel comment --channel status\n"));
	must_generate_file("github", "-forks", "notification: {github_comment: false}\n",
			   &only_status);
	assert_false(has(&only_status, "pull-requests: write"));
	assert_true(has(&only_status, "notify \"$RESULT\" --channel status\n"));
	must_generate_file("github", "-forks",
			   "notification: {github_comment: false, github_status: false}\n",
			   &told_nowhere);
	assert_int_equal(told_nowhere.length, 0);
}

#define COMMIT "0123456789abcdef0123456789abcdef01234567"

static void perfgate_is_obtained_as_the_configuration_says(void **state)
{
	static const struct {
		const char *more, *github, *jenkins;
	} rows[] = {
		{"", "uses: ./.github/actions/setup-perfgate\n", "INSTALL_PERFGATE_FROM"},
		{"ci: {install: ./get perfgate}\n", "run: \"./get perfgate\"\n",
		 "sh './get perfgate'\n"},
		{"ci: {install: ./get@me}\n", "run: \"./get@me\"\n", "sh './get@me'\n"},
		{"ci: {install: 'own/er/.github/actions/x@" COMMIT " # v1.2'}\n",
		 "uses: own/er/.github/actions/x@" COMMIT " # v1.2\n", "INSTALL_PERFGATE_FROM"},
		{"ci: {install: 'docker://reg.example/pg:1'}\n",
		 "container:\n      image: \"reg.example/pg:1\"\n", "image 'reg.example/pg:1'\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf github = {0};
		AUTO(strbuf) struct strbuf jenkins = {0};

		must_generate("github", rows[i].more, &github);
		assert_int_equal(count(&github, rows[i].github), 3);
		/* The action's file is written where it is used. */
		assert_int_equal(has(&github, "using: composite"), i == 0);
		must_generate("jenkins", rows[i].more, &jenkins);
		assert_true(has(&jenkins, rows[i].jenkins));
		assert_int_equal(has(&jenkins, "agent any"), !strstr(rows[i].more, "docker:"));
	}
}

static void services_have_names_for_a_job_in_a_container(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	must_generate("github", "ci: {install: 'docker://pg:1'}\n", &text);
	assert_true(has(&text, "@postgres:5432/"));
	assert_true(has(&text, "redis://redis:6379/"));
	assert_false(has(&text, "127.0.0.1"));
	assert_int_equal(count(&text, "--add safe.directory"), 3);
}

static void gen_07_an_action_of_the_configuration_is_pinned_too(void **state)
{
	static const char *const bad[] = {
		"owner/name@v1",
		"owner/name@main",
		"owner/name@" COMMIT "0",
		"owner/name/x@0123456",
		"owner/name@v1 # " COMMIT,
		"docker://",
		"docker://a b",
		"docker://a\"b",
		"owner/name@" COMMIT " # \\n - run",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *more = xasprintf("ci: {install: \"%s\"}\n",
						 strchr(bad[i], '"') ? "docker://a'b" : bad[i]);
		AUTO(strbuf) struct strbuf text = {0};
		struct error err = ERROR_INIT;

		if (generate("github", more, NULL, &text, &err) == 0)
			fail_msg("%s is taken", bad[i]);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(strstr(err.message, "ci.install"));
	}
}

static void gen_17_times_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = {"",
					  "x",
					  "17 3 * *",
					  "17 3 * * * *",
					  "60 3 * * *",
					  "17 24 * * *",
					  "17 3 0 * *",
					  "17 3 32 * *",
					  "17 3 * 13 *",
					  "17 3 * * 7",
					  "* 3 * * *",
					  "*/5 * * * *",
					  "17 3-1 * * *",
					  "17 3, * * *",
					  "17 3 * FOO *",
					  "17 /2 * * *",
					  "17 3 * * *; id",
					  "17 */0 * * *",
					  "-1 3 * * *",
					  "@daily"};
	static const char *const good[] = {"17 3 * * *",
					   "0 0 1 1 0",
					   "59 23 31 DEC SAT",
					   "5 1-6/2 * * MON-FRI",
					   "5 1,2,3 1-7 jan,jul *",
					   "30 */6 * * *"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO_FREE char *more = xasprintf("ci: {schedule: \"%s\"}\n", bad[i]);
		AUTO(strbuf) struct strbuf text = {0};
		struct error err = ERROR_INIT;

		if (generate("github", more, NULL, &text, &err) == 0)
			fail_msg("%s is taken", bad[i]);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(strstr(err.message, "ci.schedule"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		AUTO_FREE char *more = xasprintf("ci: {schedule: \"%s\"}\n", good[i]);
		AUTO_FREE char *line = xasprintf("    - cron: \"%s\" # UTC; stress,", good[i]);
		AUTO(strbuf) struct strbuf text = {0};

		must_generate("github", more, &text);
		assert_true(has(&text, line));
	}
}

static void without_a_schedule_nothing_runs_at_night(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	must_generate("github", "ci: {schedule: null}\n", &text);
	assert_false(has(&text, "schedule"));
	assert_false(has(&text, "stress,spike"));
}

static void labels_of_the_runner_arrive(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(strbuf) struct strbuf none = {0};
	struct error err = ERROR_INIT;

	(void)state;
	must_generate("github", "ci: {runner: [self-hosted, perf-1]}\n", &text);
	assert_int_equal(count(&text, "runs-on: [\"self-hosted\", \"perf-1\"]\n"), 3);
	assert_int_equal(generate("github", "ci: {runner: 'a\"]'}\n", NULL, &none, &err), -1);
	assert_non_null(strstr(err.message, "ci.runner"));
}

/* Plain words that YAML 1.1 takes for true or false and YAML 1.2 for text. */
static void check_scalars(const struct yaml_node *node)
{
	static const char *const words[] = {"yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < node->count; i++)
		check_scalars(node->items[i]);
	for (size_t i = 0; node->kind == YAML_SCALAR && node->plain && i < ARRAY_SIZE(words); i++)
		if (strcasecmp(node->text, words[i]) == 0)
			fail_msg("line %d: a plain %s", node->line, node->text);
}

static void gen_16_no_plain_word_means_two_things(void **state)
{
	static const char *const files[] = {"/perfgate.yml", "-forks", "action.yml"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		AUTO(yaml_document) struct yaml_document *document = NULL;
		struct error err = ERROR_INIT;

		must_generate_file("github", files[i], "baseline_branch: \"yes\"\noutput: \"no\"\n",
				   &text);
		if (extyaml_parse(text.data, text.length, files[i], &document, &err) != 0)
			fail_msg("%s", err.message);
		check_scalars(extyaml_root(document));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_limits_come_from_the_suite),
		cmocka_unit_test(gen_01_a_branch_name_is_one_quoted_scalar),
		cmocka_unit_test(gen_02_no_expression_inside_run),
		cmocka_unit_test(gen_03_only_the_baseline_job_may_write_contents),
		cmocka_unit_test(gen_04_triggers),
		cmocka_unit_test(gen_05_the_baseline_job_is_guarded_and_never_cancelled),
		cmocka_unit_test(gen_07_actions_are_pinned_by_full_hash),
		cmocka_unit_test(gen_10_no_workflow_commands_on_standard_output),
		cmocka_unit_test(gen_04_the_workflow_for_forks_runs_nothing_of_theirs),
		cmocka_unit_test(perfgate_is_obtained_as_the_configuration_says),
		cmocka_unit_test(services_have_names_for_a_job_in_a_container),
		cmocka_unit_test(gen_07_an_action_of_the_configuration_is_pinned_too),
		cmocka_unit_test(gen_17_times_that_are_none_are_refused),
		cmocka_unit_test(without_a_schedule_nothing_runs_at_night),
		cmocka_unit_test(labels_of_the_runner_arrive),
		cmocka_unit_test(gen_16_no_plain_word_means_two_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
