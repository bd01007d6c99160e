#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/text.h"
#include "perfgate/notify/job.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MERGE "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char *const names[] = {"GITHUB_ACTIONS",	 "GITHUB_REPOSITORY", "GITHUB_RUN_ID",
				    "GITHUB_SERVER_URL", "GITHUB_API_URL",    "GITHUB_GRAPHQL_URL",
				    "GITHUB_EVENT_PATH", "GITHUB_SHA",	      "GITHUB_STEP_SUMMARY",
				    "GITHUB_OUTPUT",	 "BUILD_URL"};

static int clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
	return 0;
}

static void read_event(const char *event, struct job *out)
{
	char path[] = "/tmp/pfg-event-XXXXXX";
	AUTO_FD int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, event, strlen(event)), (ssize_t)strlen(event));
	setenv("GITHUB_ACTIONS", "true", 1);
	setenv("GITHUB_REPOSITORY", "o/r", 1);
	setenv("GITHUB_RUN_ID", "7", 1);
	setenv("GITHUB_SHA", MERGE, 1);
	setenv("GITHUB_EVENT_PATH", path, 1);
	job_read(out);
	unlink(path);
}

static void a_pull_request_is_its_head_not_the_merge(void **state)
{
	AUTO(job) struct job job;

	(void)state;
	read_event("{\"pull_request\": {\"number\": 12, \"head\": {\"sha\": \"" HEAD
		   "\", \"repo\": {\"full_name\": \"o/r\"}}}, \"repository\": {\"full_name\": "
		   "\"o/r\"}}",
		   &job);
	assert_true(job.github && job.in_pull_request && !job.fork);
	assert_int_equal(job.pull_request, 12);
	assert_string_equal(job.commit, HEAD);
	assert_string_equal(job.run_url, "https://github.com/o/r/actions/runs/7");
}

static void another_repositorys_head_is_a_fork__NTF_16(void **state)
{
	static const char *const repositories[] = {"{\"full_name\": \"them/r\"}", "null"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(repositories); i++) {
		AUTO(job) struct job job;
		AUTO_FREE char *event =
			xasprintf("{\"pull_request\": {\"number\": 1, \"head\": {\"sha\": \"" HEAD
				  "\", \"repo\": %s}}, \"repository\": {\"full_name\": \"o/r\"}}",
				  repositories[i]);

		read_event(event, &job);
		assert_true(job.fork);
	}
}

static void a_push_is_its_commit(void **state)
{
	AUTO(job) struct job job;

	(void)state;
	read_event("{\"ref\": \"refs/heads/main\"}", &job);
	assert_false(job.in_pull_request);
	assert_string_equal(job.commit, MERGE);
}

static void a_workflow_run_is_the_run_before_it(void **state)
{
	AUTO(job) struct job job;

	(void)state;
	read_event("{\"workflow_run\": {\"event\": \"pull_request\", \"head_sha\": \"" HEAD
		   "\", \"head_branch\": \"b\", \"html_url\": \"https://github.com/o/r/x\", "
		   "\"head_repository\": {\"owner\": {\"login\": \"them\"}}}}",
		   &job);
	assert_true(job.in_pull_request);
	assert_int_equal(job.pull_request, 0);
	assert_string_equal(job.commit, HEAD);
	assert_string_equal(job.head_owner, "them");
	assert_string_equal(job.head_branch, "b");
	assert_string_equal(job.run_url, "https://github.com/o/r/x");
}

static void what_is_no_commit_is_none__NTF_15(void **state)
{
	static const char *const commits[] = {"main",
					      "",
					      "ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD",
					      HEAD "a",
					      "../../../user/repos/aaaaaaaaaaaaaaaaaaaaaa",
					      "aaaaaaa"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(commits); i++) {
		AUTO(job) struct job job;
		AUTO_FREE char *event = xasprintf(
			"{\"pull_request\": {\"number\": 1, \"head\": {\"sha\": \"%s\"}}}",
			commits[i]);

		read_event(event, &job);
		assert_null(job.commit);
	}
}

static void odd_events_are_no_pull_request(void **state)
{
	static const char *const events[] = {
		"", "[]", "{", "null", "{\"pull_request\": 7}", "{\"workflow_run\": []}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		AUTO(job) struct job job;

		read_event(events[i], &job);
		assert_false(job.in_pull_request);
	}
}

static void the_api_is_github_s_or_an_enterprise_server_s(void **state)
{
	static const struct {
		const char *api, *graphql, *expected_api, *expected_graphql;
	} rows[] = {
		{NULL, NULL, "https://api.github.com", "https://api.github.com/graphql"},
		{"https://ghe.example.com/api/v3/", NULL, "https://ghe.example.com/api/v3",
		 "https://ghe.example.com/api/graphql"},
		{"https://ghe.example.com/api/v3", "https://ghe.example.com/g",
		 "https://ghe.example.com/api/v3", "https://ghe.example.com/g"},
		/* The token never travels in clear. */
		{"http://ghe.example.com/api/v3", NULL, NULL, NULL},
		{"ftp://x", NULL, NULL, NULL},
		{"http://127.0.0.1:81", NULL, "http://127.0.0.1:81", "http://127.0.0.1:81/graphql"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(job) struct job job;

		clean(NULL);
		setenv("GITHUB_ACTIONS", "true", 1);
		if (rows[i].api)
			setenv("GITHUB_API_URL", rows[i].api, 1);
		if (rows[i].graphql)
			setenv("GITHUB_GRAPHQL_URL", rows[i].graphql, 1);
		job_read(&job);
		assert_true(text_equal(job.api_url, rows[i].expected_api));
		assert_true(text_equal(job.graphql_url, rows[i].expected_graphql));
	}
}

static void a_repository_is_owner_and_name(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} rows[] = {{"o/r", true},    {"o-1/r.x_2", true}, {"o", false},    {"o/r/x", false},
		    {"o/r?x", false}, {"../r", false},	   {"o/..", false}, {"/r", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(job) struct job job;

		setenv("GITHUB_ACTIONS", "true", 1);
		setenv("GITHUB_REPOSITORY", rows[i].name, 1);
		job_read(&job);
		assert_int_equal(job.repository != NULL, rows[i].good);
	}
}

static void jenkins_has_a_page_too(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} rows[] = {{"https://jenkins/job/1/", true}, {"javascript:alert(1)", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(job) struct job job;

		setenv("BUILD_URL", rows[i].url, 1);
		job_read(&job);
		assert_false(job.github);
		assert_int_equal(job.run_url != NULL, rows[i].good);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, clean)
	const struct CMUnitTest tests[] = {
		TEST(a_pull_request_is_its_head_not_the_merge),
		TEST(another_repositorys_head_is_a_fork__NTF_16),
		TEST(a_push_is_its_commit),
		TEST(a_workflow_run_is_the_run_before_it),
		TEST(what_is_no_commit_is_none__NTF_15),
		TEST(odd_events_are_no_pull_request),
		TEST(the_api_is_github_s_or_an_enterprise_server_s),
		TEST(a_repository_is_owner_and_name),
		TEST(jenkins_has_a_page_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
