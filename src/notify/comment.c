/*
 * The pull request's one comment: found again by its marker and its author, then changed.
 * https://docs.github.com/rest/issues/comments
 */
#include "github.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/formats.h"
#include "perfgate/report/render.h"

#include <string.h>
#include <strings.h>

/* GitHub keeps at most 2,500 comments on an issue. */
#define PAGES_MAX 30
#define PAGE_COMMENTS 100
/* 100 comments of 65,536 characters, escaped. */
#define PAGE_BYTES_MAX ((size_t)48 << 20)
/* Who GITHUB_TOKEN is when GitHub does not say. */
#define ACTIONS_LOGIN "github-actions[bot]"

struct found {
	int64_t id; /* 0 = none */
	bool same; /* it says that already */
};

static bool comment_wanted(const struct notify *notify)
{
	/* Half a run is nothing to read. */
	if (notify->only_awaited && notify->run->interrupted)
		return false;
	return notify->job->github && notify->job->in_pull_request &&
	       notify->settings->github_comment;
}

static const char *comment_lacks(const struct notify *notify)
{
	const struct job *job = notify->job;

	if (job->pull_request == 0 && !(job->commit && job->head_owner && job->head_branch))
		return "the pull request's number is not known";
	return github_lacks(notify);
}

static int comment_render(const struct notify *notify, struct strbuf *out, struct error *err)
{
	if (markdown_render(notify->run, out, err))
		return -1;
	log_redact(out);
	return 0;
}

static json_t *parse_answer(const struct exthttp_response *response)
{
	json_t *value = NULL;

	if (extjson_parse(strbuf_text(&response->body), response->body.length, PAGE_BYTES_MAX,
			  ERROR_DELIVERY, &value, NULL))
		return NULL;
	return value;
}

/*
 * The name our comments have. REST tells it to a person's token only; GraphQL tells every kind.
 */
static char *own_login(const struct notify *notify)
{
	AUTO_JSON json_t *query = extjson_object(), *answer = NULL;
	AUTO(exthttp_response) struct exthttp_response response = {0};
	struct attempt attempt;
	const char *login;

	extjson_set(query, "query", extjson_string("{viewer{login}}"));
	if (github_try(notify, "POST", notify->job->graphql_url, query, 0, &response, &attempt,
		       NULL))
		return xstrdup(ACTIONS_LOGIN);
	answer = parse_answer(&response);
	login = extjson_get_string(json_object_get(json_object_get(answer, "data"), "viewer"),
				   "login", NULL);
	return xstrdup(login ? login : ACTIONS_LOGIN);
}

/* GitHub may have changed the ends of the lines. */
static bool same_text(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "\r");
		b += strspn(b, "\r");
		if (*a != *b)
			return false;
		if (*a == '\0')
			return true;
	}
}

struct search {
	const char *login, *marker, *body;
};

static void look_through(const json_t *page, const struct search *search, struct found *out)
{
	const json_t *comment;
	size_t i;

	json_array_foreach (page, i, comment) {
		const char *body = extjson_get_string(comment, "body", "");
		const char *author =
			extjson_get_string(json_object_get(comment, "user"), "login", "");

		if (out->id || strcasecmp(author, search->login) != 0 ||
		    !strstr(body, search->marker))
			continue;
		out->id = extjson_get_integer(comment, "id", 0);
		out->same = same_text(body, search->body);
	}
}

/* The address of the next page is ours: a Link header may name another host. */
static bool has_next(const struct exthttp_response *response, const json_t *page)
{
	AUTO_FREE char *link = exthttp_header(response, "link");

	return json_array_size(page) >= PAGE_COMMENTS || (link && strstr(link, "rel=\"next\""));
}

static int find_comment(const struct notify *notify, int64_t number, const struct search *search,
			struct found *out, bool *out_read_only, struct error *err)
{
	bool more = true;

	*out = (struct found){0};
	for (int page = 1; more && !out->id && page <= PAGES_MAX; page++) {
		AUTO_FREE char *url =
			xasprintf("%s/repos/%s/issues/%lld/comments?per_page=%d&page=%d",
				  notify->job->api_url, notify->job->repository, (long long)number,
				  PAGE_COMMENTS, page);
		AUTO(exthttp_response) struct exthttp_response response = {0};
		AUTO_JSON json_t *comments = NULL;

		if (github_request(notify, NULL, url, NULL, PAGE_BYTES_MAX, &response, err) ||
		    github_judge(notify, &response, "pull-requests", out_read_only, err))
			return -1;
		if (*out_read_only)
			return 0;
		comments = parse_answer(&response);
		if (!json_is_array(comments))
			return error_set(err, ERROR_DELIVERY, "%s: the answer is not a list",
					 notify->job->api_url);
		look_through(comments, search, out);
		more = has_next(&response, comments);
	}
	return 0;
}

/* Once: a second POST would be a second comment, so that its answer is looked for first. */
static int write_comment(const struct notify *notify, int64_t number, const struct found *found,
			 const char *body, struct attempt *attempt, struct error *err)
{
	const char *repository = notify->job->repository, *api = notify->job->api_url;
	AUTO_FREE char *url = found->id ? xasprintf("%s/repos/%s/issues/comments/%lld", api,
						    repository, (long long)found->id)
					: xasprintf("%s/repos/%s/issues/%lld/comments", api,
						    repository, (long long)number);
	AUTO(exthttp_response) struct exthttp_response response = {0};
	AUTO_JSON json_t *comment = extjson_object();
	bool read_only;

	extjson_set(comment, "body", extjson_string(body));
	if (github_try(notify, found->id ? "PATCH" : "POST", url, comment, 0, &response, attempt,
		       err))
		return -1;
	/* Somebody deleted it meanwhile: look again, and write a new one. */
	if (found->id && response.status == 404)
		attempt->may_help_again = true;
	return github_judge(notify, &response, "pull-requests", &read_only, err);
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-._~", c) != NULL;
}

static void put_encoded(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		if (is_unreserved(*text))
			strbuf_putc(out, *text);
		else
			strbuf_printf(out, "%%%02X", (unsigned char)*text);
}

static int64_t number_with_head(const json_t *pulls, const char *commit)
{
	const json_t *pull;
	size_t i;

	json_array_foreach (pulls, i, pull) {
		const json_t *head = json_object_get(pull, "head");

		if (text_equal(extjson_get_string(head, "sha", ""), commit))
			return extjson_get_integer(pull, "number", 0);
	}
	return 0;
}

/*
 * A run for a fork does not name its pull request; only GitHub is asked, never the artifact. 0 when
 * none has this head.
 */
static int look_up_number(const struct notify *notify, int64_t *out, struct error *err)
{
	const struct job *job = notify->job;
	AUTO(strbuf) struct strbuf url = {0};
	AUTO(exthttp_response) struct exthttp_response response = {0};
	AUTO_JSON json_t *pulls = NULL;
	bool read_only;

	strbuf_printf(&url, "%s/repos/%s/pulls?state=open&per_page=100&head=", job->api_url,
		      job->repository);
	put_encoded(&url, job->head_owner);
	strbuf_puts(&url, "%3A");
	put_encoded(&url, job->head_branch);
	if (github_request(notify, NULL, url.data, NULL, PAGE_BYTES_MAX, &response, err) ||
	    github_judge(notify, &response, "pull-requests", &read_only, err))
		return -1;
	pulls = parse_answer(&response);
	*out = number_with_head(pulls, job->commit);
	return 0;
}

static int comment_send(const struct notify *notify, const struct strbuf *content,
			struct error *err)
{
	int64_t number = notify->job->pull_request;
	AUTO(strbuf) struct strbuf marker = {0};
	AUTO_FREE char *login = NULL;
	struct search search = {.body = strbuf_text(content)};

	if (number == 0 && look_up_number(notify, &number, err))
		return -1;
	if (number == 0) {
		log_info("comment: no open pull request has the head %.12s any more: nobody to "
			 "tell",
			 notify->job->commit);
		return NOTIFY_NOBODY;
	}
	login = own_login(notify);
	report_marker(notify->run, &marker);
	search.login = login;
	search.marker = strbuf_text(&marker);
	for (int tries = 1;; tries++) {
		struct attempt attempt = {0};
		bool read_only = false;
		struct found found;

		if (find_comment(notify, number, &search, &found, &read_only, err))
			return -1;
		/* A skipped run corrects what an earlier one said; alone it is no news. */
		if (read_only || found.same || (!found.id && notify->only_awaited) ||
		    write_comment(notify, number, &found, search.body, &attempt, err) == 0)
			return 0;
		if (tries > 1 || !attempt.may_help_again || !notify_pause(notify, attempt.wait_ns))
			return -1;
		error_clear(err);
	}
}

const struct channel channel_comment = {
	.name = "comment",
	.summary = "comment on GitHub's pull request, kept up to date",
	.needs = "notification.github_comment, in a job for a pull request",
	.awaited = true,
	.wanted = comment_wanted,
	.lacks = comment_lacks,
	.render = comment_render,
	.send = comment_send,
};
