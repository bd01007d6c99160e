#include "perfgate/notify/ci.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"
#include "perfgate/ext/json.h"

#include <string.h>

#define EVENT_MAX ((size_t)32 << 20)
#define API_URL "https://api.github.com"
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A variable that is set to something, or NULL. */
static const char *variable(struct ci *ci, const char *name)
{
	const char *value = getenv(name);

	return value && *value ? arena_strdup(&ci->arena, value) : NULL;
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

static char *without_slash(struct ci *ci, const char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	return arena_strndup(&ci->arena, url, length);
}

/* GitHub Enterprise Server: https://HOST/api/v3 and https://HOST/api/graphql. */
static void read_api(struct ci *ci)
{
	const char *url = variable(ci, "GITHUB_API_URL");
	const char *graphql = variable(ci, "GITHUB_GRAPHQL_URL");
	size_t length;

	ci->api_url = without_slash(ci, url ? url : API_URL);
	length = strlen(ci->api_url);
	if (check_webhook(ci->api_url)) {
		log_warning(
			"GITHUB_API_URL must begin with https://, for the token: nothing is sent "
			"to GitHub");
		ci->api_url = NULL;
	} else if (graphql && !check_webhook(graphql)) {
		ci->graphql_url = graphql;
	} else {
		ci->graphql_url = text_ends_with(ci->api_url, "/v3")
					  ? arena_printf(&ci->arena, "%.*s/graphql",
							 (int)(length - 3), ci->api_url)
					  : arena_printf(&ci->arena, "%s/graphql", ci->api_url);
	}
}

static json_t *load_event(struct ci *ci)
{
	const char *path = variable(ci, "GITHUB_EVENT_PATH");
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	json_t *event = NULL;

	if (path && (fs_read_file(&text, path, EVENT_MAX, ERROR_DELIVERY, &err) ||
		     extjson_parse(strbuf_text(&text), text.length, EVENT_MAX, ERROR_DELIVERY,
				   &event, &err)))
		log_warning("GITHUB_EVENT_PATH: %s", err.message);
	return event;
}

static const char *copy(struct ci *ci, const json_t *object, const char *key)
{
	const char *text = extjson_get_string(object, key, NULL);

	return text ? arena_strdup(&ci->arena, text) : NULL;
}

static void read_pull_request(struct ci *ci, const json_t *event, const json_t *pull)
{
	const json_t *head = json_object_get(pull, "head");
	const char *from = extjson_get_string(json_object_get(head, "repo"), "full_name", "");
	const char *into =
		extjson_get_string(json_object_get(event, "repository"), "full_name", "");

	ci->in_pull_request = true;
	ci->pull_request = extjson_get_integer(pull, "number", 0);
	/* GITHUB_SHA is a merge commit that nobody looks at. */
	ci->commit = commit_or_null(copy(ci, head, "sha"));
	ci->fork = !text_equal(from, into);
}

/* A workflow that runs after another one: its commit and page, and a pull request to find. */
static void read_workflow_run(struct ci *ci, const json_t *run)
{
	const json_t *repository = json_object_get(run, "head_repository");

	ci->commit = commit_or_null(copy(ci, run, "head_sha"));
	ci->in_pull_request = text_equal(extjson_get_string(run, "event", ""), "pull_request");
	ci->head_owner = copy(ci, json_object_get(repository, "owner"), "login");
	ci->head_branch = copy(ci, run, "head_branch");
	ci->run_url = link_or_null(copy(ci, run, "html_url"));
}

static void read_event(struct ci *ci)
{
	AUTO_JSON json_t *event = load_event(ci);
	const json_t *pull = json_object_get(event, "pull_request");
	const json_t *run = json_object_get(event, "workflow_run");

	if (json_is_object(pull))
		read_pull_request(ci, event, pull);
	else if (json_is_object(run))
		read_workflow_run(ci, run);
	else
		ci->commit = commit_or_null(variable(ci, "GITHUB_SHA"));
}

static void read_github(struct ci *ci)
{
	const char *server = variable(ci, "GITHUB_SERVER_URL");
	const char *run_id = variable(ci, "GITHUB_RUN_ID");

	ci->repository = repository_or_null(variable(ci, "GITHUB_REPOSITORY"));
	ci->summary_path = variable(ci, "GITHUB_STEP_SUMMARY");
	ci->output_path = variable(ci, "GITHUB_OUTPUT");
	read_api(ci);
	read_event(ci);
	if (!ci->run_url && ci->repository && run_id)
		ci->run_url = link_or_null(
			arena_printf(&ci->arena, "%s/%s/actions/runs/%s",
				     without_slash(ci, server ? server : "https://github.com"),
				     ci->repository, run_id));
}

void ci_read(struct ci *ci)
{
	*ci = (struct ci){0};
	ci->github = text_equal(variable(ci, "GITHUB_ACTIONS"), "true");
	if (ci->github) {
		read_github(ci);
		return;
	}
	ci->run_url = link_or_null(variable(ci, "BUILD_URL"));
}

void ci_release(struct ci *ci)
{
	arena_release(&ci->arena);
}
