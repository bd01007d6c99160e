#include "perfgate/baseline/ci.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EVENTS "tests/corpus/events/"
#define BASE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEAD "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define VARIABLES 6

static const char *const known[] = {
	"GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REF",	 "GITHUB_BASE_REF",
	"GITHUB_HEAD_REF",   "JENKINS_URL",	  "CHANGE_ID",	 "CHANGE_TARGET",
	"CHANGE_BRANCH",     "CHANGE_FORK",	  "BRANCH_NAME", "GIT_BRANCH",
	"TAG_NAME",
};

static void set_only(const char *const *variables)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		unsetenv(known[i]);
	for (size_t i = 0; i + 1 < 2 * VARIABLES && variables[i]; i += 2)
		setenv(variables[i], variables[i + 1], 1);
}

/* What a table row expects; NULL texts are "". */
static void expect(const char *name, const struct ci *ci, const struct ci *expected,
		   const char *written)
{
	char buffer[512];
	const char *refusal = ci_refusal(ci, "main", buffer, sizeof buffer);

	if (ci->kind != expected->kind || !text_equal(ci->event, expected->event) ||
	    !text_equal(ci->branch, expected->branch) ||
	    !text_equal(ci->base_branch, expected->base_branch) ||
	    !text_equal(ci->base_commit, expected->base_commit) ||
	    !text_equal(ci->head_commit, expected->head_commit) || ci->fork != expected->fork ||
	    ci->merge_ref != expected->merge_ref)
		fail_msg("%s: kind %d event '%s' branch '%s' base '%s' %s head %s fork %d merge %d",
			 name, ci->kind, ci->event, ci->branch, ci->base_branch, ci->base_commit,
			 ci->head_commit, ci->fork, ci->merge_ref);
	if (!refusal != !written || (refusal && !strstr(refusal, written)))
		fail_msg("%s: '%s'", name, refusal ? refusal : "may write");
}

#define GITHUB(event, file) "GITHUB_EVENT_NAME", event, "GITHUB_EVENT_PATH", EVENTS file
#define REQUEST(file)                                                                              \
	GITHUB("pull_request", file), "GITHUB_REF", "refs/pull/12/merge", "GITHUB_BASE_REF",       \
		"main", "GITHUB_HEAD_REF", "faster"

static void every_event_has_its_rights(void **state)
{
	static const struct {
		const char *name;
		const char *variables[2 * VARIABLES + 1];
		struct ci expected;
		const char *refusal; /* NULL: may write */
	} table[] = {
		{"outside", {NULL}, {.kind = CI_NONE, .event = "local"}, NULL},
		{"push",
		 {GITHUB("push", "push.json"), "GITHUB_REF", "refs/heads/main"},
		 {.kind = CI_PUSH, .event = "push", .branch = "main"},
		 NULL},
		{"push elsewhere",
		 {GITHUB("push", "push.json"), "GITHUB_REF", "refs/heads/side"},
		 {.kind = CI_PUSH, .event = "push", .branch = "side"},
		 "the branch is side"},
		{"a tag with the branch's name",
		 {GITHUB("push", "push.json"), "GITHUB_REF", "refs/tags/main"},
		 {.kind = CI_PUSH, .event = "push"},
		 "the branch is unknown"},
		{"pull request",
		 {REQUEST("pull_request.json")},
		 {.kind = CI_PULL_REQUEST,
		  .event = "pull_request",
		  .branch = "faster",
		  .base_branch = "main",
		  .base_commit = BASE,
		  .head_commit = HEAD,
		  .merge_ref = true},
		 "the event is pull_request"},
		{"fork",
		 {REQUEST("pull_request_fork.json")},
		 {.kind = CI_PULL_REQUEST,
		  .event = "pull_request",
		  .branch = "faster",
		  .base_branch = "main",
		  .base_commit = BASE,
		  .head_commit = HEAD,
		  .fork = true,
		  .merge_ref = true},
		 "the event is pull_request of a fork"},
		{"fork that was deleted",
		 {REQUEST("pull_request_fork_deleted.json")},
		 {.kind = CI_PULL_REQUEST,
		  .event = "pull_request",
		  .branch = "faster",
		  .base_branch = "main",
		  .base_commit = BASE,
		  .head_commit = HEAD,
		  .fork = true,
		  .merge_ref = true},
		 "of a fork"},
		{"pull_request_target",
		 {GITHUB("pull_request_target", "pull_request_fork.json"), "GITHUB_REF",
		  "refs/heads/main"},
		 {.kind = CI_PULL_REQUEST,
		  .event = "pull_request_target",
		  .base_branch = "main",
		  .base_commit = BASE,
		  .head_commit = HEAD,
		  .fork = true},
		 "the event is pull_request_target of a fork"},
		{"merge queue",
		 {GITHUB("merge_group", "merge_group.json"), "GITHUB_REF",
		  "refs/heads/gh-readonly-queue/main/pr-12"},
		 {.kind = CI_PULL_REQUEST,
		  .event = "merge_group",
		  .base_branch = "main",
		  .base_commit = BASE,
		  .head_commit = HEAD},
		 "the event is merge_group"},
		{"schedule",
		 {GITHUB("schedule", "schedule.json"), "GITHUB_REF", "refs/heads/main"},
		 {.kind = CI_SCHEDULE, .event = "schedule", .branch = "main"},
		 "the event is schedule"},
		{"by hand",
		 {GITHUB("workflow_dispatch", "schedule.json"), "GITHUB_REF", "refs/heads/main"},
		 {.kind = CI_OTHER, .event = "workflow_dispatch", .branch = "main"},
		 "the event is workflow_dispatch"},
		{"Jenkins branch",
		 {"JENKINS_URL", "http://ci/", "BRANCH_NAME", "main"},
		 {.kind = CI_PUSH, .event = "push", .branch = "main"},
		 NULL},
		{"Jenkins job without branches",
		 {"JENKINS_URL", "http://ci/", "GIT_BRANCH", "origin/main"},
		 {.kind = CI_PUSH, .event = "push", .branch = "main"},
		 NULL},
		{"Jenkins tag",
		 {"JENKINS_URL", "http://ci/", "BRANCH_NAME", "main", "TAG_NAME", "main"},
		 {.kind = CI_PUSH, .event = "push"},
		 "the branch is unknown"},
		{"Jenkins pull request",
		 {"JENKINS_URL", "http://ci/", "BRANCH_NAME", "PR-7", "CHANGE_ID", "7",
		  "CHANGE_TARGET", "release", "CHANGE_BRANCH", "faster"},
		 {.kind = CI_PULL_REQUEST,
		  .event = "pull_request",
		  .branch = "faster",
		  .base_branch = "release"},
		 "the event is pull_request"},
		{"Jenkins fork",
		 {"CHANGE_ID", "7", "CHANGE_TARGET", "main", "CHANGE_FORK", "ada"},
		 {.kind = CI_PULL_REQUEST,
		  .event = "pull_request",
		  .base_branch = "main",
		  .fork = true},
		 "of a fork"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct ci ci;

		set_only(table[i].variables);
		ci_read(&ci);
		expect(table[i].name, &ci, &table[i].expected, table[i].refusal);
	}
}

/* The variables alone remain, and what they do not say is taken for the stricter case. */
static void env_25_env_26_a_bad_event_file_never_gives_more_rights(void **state)
{
	static const struct ci expected = {.kind = CI_PULL_REQUEST,
					   .event = "pull_request",
					   .branch = "faster",
					   .base_branch = "main",
					   .fork = true,
					   .merge_ref = true};
	static const char *const files[] = {
		EVENTS "truncated.json",
		EVENTS "wrong_types.json",
		EVENTS "absent.json",
		"",
		"/dev/zero",
	};
	static const char *const request[] = {REQUEST("absent.json"), NULL};
	struct ci ci;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		set_only(request);
		setenv("GITHUB_EVENT_PATH", files[i], 1);
		ci_read(&ci);
		expect(files[i], &ci, &expected, "of a fork");
	}
}

static void env_25_an_event_file_of_100_mib_is_left_out(void **state)
{
	static const char *const request[] = {REQUEST("absent.json"), NULL};
	char path[] = "/tmp/perfgate-event-XXXXXX";
	int fd = mkstemp(path);
	struct ci ci;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 100 << 20), 0);
	close(fd);
	set_only(request);
	setenv("GITHUB_EVENT_PATH", path, 1);
	ci_read(&ci);
	unlink(path);
	assert_string_equal(ci.base_branch, "main");
	assert_true(ci.fork);
}

static void names_that_do_not_fit_are_unknown(void **state)
{
	static const char *const request[] = {REQUEST("hostile.json"), NULL};
	struct ci ci;

	(void)state;
	set_only(request);
	ci_read(&ci);
	assert_string_equal(ci.base_branch, "");
	assert_string_equal(ci.base_commit, "");
	assert_string_equal(ci.head_commit, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_has_its_rights),
		cmocka_unit_test(env_25_env_26_a_bad_event_file_never_gives_more_rights),
		cmocka_unit_test(env_25_an_event_file_of_100_mib_is_left_out),
		cmocka_unit_test(names_that_do_not_fit_are_unknown),
	};

	log_set_level(LOG_QUIET);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
