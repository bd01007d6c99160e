#include "perfgate/baseline/ci.h"

#include "perfgate/base/text.h"
#include "perfgate/config/event.h"

#include <stdio.h>
#include <string.h>

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* A name that does not fit is unknown, not another one. */
static void set_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", strlen(text) < size ? text : "");
}

static void set_commit(char *out, const char *text)
{
	bool good = strlen(text) == EXTGIT_OID_SIZE - 1 &&
		    strspn(text, "0123456789abcdef") == EXTGIT_OID_SIZE - 1;

	set_text(out, EXTGIT_OID_SIZE, good ? text : "");
}

/* -- GitHub Actions --------------------------------------------------- */

static const struct {
	const char *event;
	enum ci_kind kind;
} github_events[] = {
	{"push", CI_PUSH},
	{"pull_request", CI_PULL_REQUEST},
	/* Runs with the base's rights on whatever it checks out: never trusted with a write. */
	{"pull_request_target", CI_PULL_REQUEST},
	{"merge_group", CI_PULL_REQUEST},
	{"schedule", CI_SCHEDULE},
};

static enum ci_kind github_kind(const char *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(github_events); i++)
		if (text_equal(event, github_events[i].event))
			return github_events[i].kind;
	return CI_OTHER;
}

static const json_t *member(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

static void read_pull_request(struct ci *ci, const json_t *event)
{
	const json_t *request = member(event, "pull_request");
	const json_t *group = member(event, "merge_group");
	const json_t *base = member(request, "base"), *head = member(request, "head");
	const char *base_repo = extjson_get_string(member(base, "repo"), "full_name", NULL);
	const char *head_repo = extjson_get_string(member(head, "repo"), "full_name", NULL);
	const char *group_base = extjson_get_string(group, "base_ref", "");

	set_text(ci->base_branch, sizeof ci->base_branch,
		 extjson_get_string(base, "ref", variable("GITHUB_BASE_REF")));
	if (group && text_starts_with(group_base, "refs/heads/"))
		set_text(ci->base_branch, sizeof ci->base_branch,
			 group_base + strlen("refs/heads/"));
	set_commit(ci->base_commit,
		   extjson_get_string(base, "sha", extjson_get_string(group, "base_sha", "")));
	set_commit(ci->head_commit,
		   extjson_get_string(head, "sha", extjson_get_string(group, "head_sha", "")));
	ci->fork = !group && (!base_repo || !head_repo || !text_equal(base_repo, head_repo));
}

static void read_github(struct ci *ci)
{
	const char *ref = variable("GITHUB_REF");

	set_text(ci->event, sizeof ci->event, variable("GITHUB_EVENT_NAME"));
	ci->kind = github_kind(ci->event);
	/* A tag may have the name of a branch; only the full reference tells. */
	if (text_starts_with(ref, "refs/heads/"))
		set_text(ci->branch, sizeof ci->branch, ref + strlen("refs/heads/"));
	ci->merge_ref = text_starts_with(ref, "refs/pull/") && text_ends_with(ref, "/merge");
	if (ci->kind == CI_PULL_REQUEST) {
		AUTO_JSON json_t *event = event_load();

		set_text(ci->branch, sizeof ci->branch, variable("GITHUB_HEAD_REF"));
		read_pull_request(ci, event);
	}
}

/* -- Jenkins ---------------------------------------------------------- */

static void read_jenkins(struct ci *ci)
{
	const char *git_branch = variable("GIT_BRANCH"), *branch = variable("BRANCH_NAME");

	/* A job that is no multibranch one knows "origin/main" only. */
	if (*branch == '\0' && strchr(git_branch, '/'))
		branch = strchr(git_branch, '/') + 1;
	else if (*branch == '\0')
		branch = git_branch;
	ci->kind = CI_PUSH;
	set_text(ci->event, sizeof ci->event, "push");
	if (*variable("CHANGE_ID")) {
		ci->kind = CI_PULL_REQUEST;
		set_text(ci->event, sizeof ci->event, "pull_request");
		set_text(ci->base_branch, sizeof ci->base_branch, variable("CHANGE_TARGET"));
		branch = variable("CHANGE_BRANCH");
		ci->fork = *variable("CHANGE_FORK") != '\0';
	} else if (*variable("TAG_NAME")) {
		branch = "";
	}
	set_text(ci->branch, sizeof ci->branch, branch);
}

void ci_read(struct ci *out)
{
	*out = (struct ci){.kind = CI_NONE, .event = "local"};
	if (*variable("GITHUB_EVENT_NAME"))
		read_github(out);
	else if (*variable("JENKINS_URL") || *variable("CHANGE_ID"))
		read_jenkins(out);
}

/* -- rules ------------------------------------------------------------ */

const char *ci_refusal(const struct ci *ci, const char *baseline_branch, char *buffer, size_t size)
{
	if (ci->kind == CI_NONE)
		return NULL;
	if (ci->kind != CI_PUSH)
		snprintf(buffer, size, "baselines are written on a push to %s, the event is %s%s",
			 baseline_branch, ci->event,
			 ci->kind == CI_PULL_REQUEST && ci->fork ? " of a fork" : "");
	else if (!text_equal(ci->branch, baseline_branch))
		snprintf(buffer, size, "baselines are written on a push to %s, the branch is %s",
			 baseline_branch, *ci->branch ? ci->branch : "unknown");
	else
		return NULL;
	return buffer;
}
