/*
 * The commit status: https://docs.github.com/rest/commits/statuses
 * It belongs to the pull request's head; the commit that a runner checks out is a merge.
 */
#include "github.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"

#define CONTEXT "perfgate"
/* GitHub counts characters; bytes are on the safe side. */
#define DESCRIPTION_MAX 140
#define PENDING_BUDGET_NS (5 * NS_PER_S)

static bool status_wanted(const struct notify *notify)
{
	return notify->job->github && notify->settings->github_status;
}

static const char *status_lacks(const struct notify *notify)
{
	if (!notify->job->commit)
		return "the commit is not known (40 hexadecimal digits)";
	return github_lacks(notify);
}

static json_t *status_of(const struct notify *notify, const char *state, const char *description)
{
	json_t *status = extjson_object();

	extjson_set(status, "state", extjson_string(state));
	extjson_set(status, "context", extjson_string(CONTEXT));
	extjson_set(status, "description", extjson_string(description));
	if (notify->job->run_url)
		extjson_set(status, "target_url", extjson_string(notify->job->run_url));
	return status;
}

/* Green is what lets the job pass; what broke off or could not be measured is an error. */
static const char *state_of(const struct notify *notify)
{
	if (notify->run->interrupted)
		return "error";
	if (notify->exit_status == 0)
		return "success";
	return notify->exit_status == 1 ? "failure" : "error";
}

static int status_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	AUTO(strbuf) struct strbuf line = {0};
	AUTO_JSON json_t *status = NULL;

	(void)err;
	notify_line(notify->run, DESCRIPTION_MAX, &line);
	status = status_of(notify, state_of(notify), strbuf_text(&line));
	extjson_dump_pretty(status, out);
	return 0;
}

static int post(const struct notify *notify, const json_t *status, struct error *err)
{
	AUTO_FREE char *url = xasprintf("%s/repos/%s/statuses/%s", notify->job->api_url,
					notify->job->repository, notify->job->commit);
	AUTO(exthttp_response) struct exthttp_response response = {0};
	bool read_only;

	if (github_request(notify, "POST", url, status, 0, &response, err))
		return -1;
	return github_judge(notify, &response, "statuses", &read_only, err);
}

static int status_send(const struct notify *notify, const struct strbuf *content, struct error *err)
{
	AUTO_JSON json_t *status = NULL;

	if (extjson_parse(strbuf_text(content), content->length, content->length, ERROR_INTERNAL,
			  &status, err))
		return -1;
	return post(notify, status, err);
}

void notify_pending(const struct notify *notify)
{
	struct notify timed = *notify;
	AUTO_JSON json_t *status = status_of(notify, "pending", "measuring");
	AUTO(exthttp_response) struct exthttp_response response = {0};
	struct error err = ERROR_INIT;
	AUTO_FREE char *url = NULL;
	struct attempt attempt;

	if (!status_wanted(notify) || status_lacks(notify))
		return;
	url = xasprintf("%s/repos/%s/statuses/%s", notify->job->api_url, notify->job->repository,
			notify->job->commit);
	timed.deadline_ns = clock_now_ns() + PENDING_BUDGET_NS;
	if (github_try(&timed, "POST", url, status, 0, &response, &attempt, &err))
		log_debug("pending status: %s", err.message);
	else
		log_debug("pending status: HTTP %d", response.status);
}

const struct channel channel_status = {
	.name = "status",
	.summary = "commit status on GitHub",
	.needs = "notification.github_status, in a job of GitHub Actions",
	.awaited = true,
	.wanted = status_wanted,
	.lacks = status_lacks,
	.render = status_render,
	.send = status_send,
};
