#include "perfgate/notify/job.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/event.h"
#include "perfgate/config/table.h"

#include <string.h>

#define API_URL "https://api.github.com"
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A variable that is set to something, or NULL. */
static const char *variable(struct job *job, const char *name)
{
	const char *value = getenv(name);

	return value && *value ? arena_strdup(&job->arena, value) : NULL;
}

static const char *link_or_null(const char *url)
{
	return url && !check_http_url(url) ? url : NULL;
}

static const char *commit_or_null(const char *commit)
{
	return commit && strlen(commit) == 40 && strspn(commit, "0123456789abcdef") == 40 ? commit
											  : NULL;
}

/* "owner/name": it becomes part of a path. */
static const char *repository_or_null(const char *name)
{
	size_t owner = name ? strspn(name, WORD "-_.") : 0;
	size_t rest = owner && name[owner] == '/' ? strspn(name + owner + 1, WORD "-_.") : 0;

	return rest && name[owner + 1 + rest] == '\0' && !strstr(name, "..") ? name : NULL;
}

static char *without_slash(struct job *job, const char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	return arena_strndup(&job->arena, url, length);
}

/* GitHub Enterprise Server: https://HOST/api/v3 and https://HOST/api/graphql. */
static void read_api(struct job *job)
{
	const char *url = variable(job, "GITHUB_API_URL");
	const char *graphql = variable(job, "GITHUB_GRAPHQL_URL");
	size_t length;

	job->api_url = without_slash(job, url ? url : API_URL);
	length = strlen(job->api_url);
	if (check_webhook(job->api_url)) {
		log_warning(
			"GITHUB_API_URL must begin with https://, for the token: nothing is sent "
			"to GitHub");
		job->api_url = NULL;
	} else if (graphql && !check_webhook(graphql)) {
		job->graphql_url = graphql;
	} else {
		job->graphql_url = text_ends_with(job->api_url, "/v3")
					   ? arena_printf(&job->arena, "%.*s/graphql",
							  (int)(length - 3), job->api_url)
					   : arena_printf(&job->arena, "%s/graphql", job->api_url);
	}
}

static const char *copy(struct job *job, const json_t *object, const char *key)
{
	const char *text = extjson_get_string(object, key, NULL);

	return text ? arena_strdup(&job->arena, text) : NULL;
}

static void read_pull_request(struct job *job, const json_t *event, const json_t *pull)
{
	const json_t *head = json_object_get(pull, "head");
	const char *from = extjson_get_string(json_object_get(head, "repo"), "full_name", "");
	const char *into =
		extjson_get_string(json_object_get(event, "repository"), "full_name", "");

	job->in_pull_request = true;
	job->pull_request = extjson_get_integer(pull, "number", 0);
	/* GITHUB_SHA is a merge commit that nobody looks at. */
	job->commit = commit_or_null(copy(job, head, "sha"));
	job->fork = !text_equal(from, into);
}

/* A workflow that runs after another one: its commit and page, and a pull request to find. */
static void read_workflow_run(struct job *job, const json_t *run)
{
	const json_t *repository = json_object_get(run, "head_repository");

	job->commit = commit_or_null(copy(job, run, "head_sha"));
	job->in_pull_request = text_equal(extjson_get_string(run, "event", ""), "pull_request");
	job->head_owner = copy(job, json_object_get(repository, "owner"), "login");
	job->head_branch = copy(job, run, "head_branch");
	job->run_url = link_or_null(copy(job, run, "html_url"));
}

static void read_event(struct job *job)
{
	AUTO_JSON json_t *event = event_load();
	const json_t *pull = json_object_get(event, "pull_request");
	const json_t *run = json_object_get(event, "workflow_run");

	if (json_is_object(pull))
		read_pull_request(job, event, pull);
	else if (json_is_object(run))
		read_workflow_run(job, run);
	else
		job->commit = commit_or_null(variable(job, "GITHUB_SHA"));
}

static void read_github(struct job *job)
{
	const char *server = variable(job, "GITHUB_SERVER_URL");
	const char *run_id = variable(job, "GITHUB_RUN_ID");

	job->repository = repository_or_null(variable(job, "GITHUB_REPOSITORY"));
	job->summary_path = variable(job, "GITHUB_STEP_SUMMARY");
	job->output_path = variable(job, "GITHUB_OUTPUT");
	read_api(job);
	read_event(job);
	if (!job->run_url && job->repository && run_id)
		job->run_url = link_or_null(
			arena_printf(&job->arena, "%s/%s/actions/runs/%s",
				     without_slash(job, server ? server : "https://github.com"),
				     job->repository, run_id));
}

void job_read(struct job *job)
{
	*job = (struct job){0};
	job->github = text_equal(variable(job, "GITHUB_ACTIONS"), "true");
	if (job->github) {
		read_github(job);
		return;
	}
	job->run_url = link_or_null(variable(job, "BUILD_URL"));
}

void job_release(struct job *job)
{
	arena_release(&job->arena);
}
