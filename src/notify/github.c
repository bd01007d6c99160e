#include "github.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <string.h>

const char *github_lacks(const struct notify *notify)
{
	if (!notify->settings->github_token)
		return "GITHUB_TOKEN is not set (env: GITHUB_TOKEN: ${{ github.token }})";
	if (!notify->job->repository)
		return "GITHUB_REPOSITORY is not owner/name";
	if (!notify->job->api_url)
		return "GITHUB_API_URL cannot be used";
	return NULL;
}

/* One prepared request; what it points to lives in here. */
struct call {
	char *authorization;
	struct strbuf body;
	const char *headers[5];
	struct exthttp_request request;
};

static void call_init(struct call *call, const struct notify *notify, const char *method,
		      const char *url, const json_t *body, size_t limit_bytes)
{
	*call = (struct call){.authorization = xasprintf("Authorization: Bearer %s",
							 notify->settings->github_token)};
	call->headers[0] = call->authorization;
	call->headers[1] = "Accept: application/vnd.github+json";
	call->headers[2] = "X-GitHub-Api-Version: 2022-11-28";
	call->headers[3] = body ? "Content-Type: application/json" : NULL;
	if (body)
		extjson_dump_canonical(body, &call->body);
	call->request = (struct exthttp_request){.url = url,
						 .method = method,
						 .headers = call->headers,
						 .body = body ? call->body.data : NULL,
						 .body_bytes = call->body.length,
						 .limit_bytes = limit_bytes};
}

static void call_release(struct call *call)
{
	free(call->authorization);
	strbuf_release(&call->body);
}
DEFINE_AUTO_VALUE(call, struct call, call_release)

int github_try(const struct notify *notify, const char *method, const char *url, const json_t *body,
	       size_t limit_bytes, struct exthttp_response *out, struct attempt *attempt,
	       struct error *err)
{
	AUTO(call) struct call call;

	call_init(&call, notify, method, url, body, limit_bytes);
	return notify_try(notify, &call.request, out, attempt, err);
}

int github_request(const struct notify *notify, const char *method, const char *url,
		   const json_t *body, size_t limit_bytes, struct exthttp_response *out,
		   struct error *err)
{
	AUTO(call) struct call call;

	call_init(&call, notify, method, url, body, limit_bytes);
	return notify_request(notify, &call.request, out, err);
}

static bool is_rate_limit(const struct exthttp_response *response)
{
	AUTO_FREE char *left = exthttp_header(response, "x-ratelimit-remaining");

	return response->status == 429 ||
	       (response->status == 403 && (response->retry_after_s > 0 || text_equal(left, "0")));
}

static char *words_for(const struct exthttp_response *response, const char *permission)
{
	if (is_rate_limit(response))
		return xasprintf("too many requests with this token");
	switch (response->status) {
	case 401: return xasprintf("GITHUB_TOKEN is not accepted");
	case 403:
		return xasprintf("GITHUB_TOKEN may not write here: give the job `permissions: "
				 "{%s: write}`",
				 permission);
	case 404:
		return xasprintf("not found, or GITHUB_TOKEN may not see it: it needs `%s: write`",
				 permission);
	case 409:
	case 422: return xasprintf("GitHub refused the request");
	default:
		return xasprintf(response->status >= 500 ? "GitHub has trouble"
							 : "unexpected answer");
	}
}

static bool is_read_only(const struct notify *notify, const struct exthttp_response *response)
{
	return notify->job->fork && (response->status == 401 || response->status == 403) &&
	       !is_rate_limit(response);
}

int github_judge(const struct notify *notify, const struct exthttp_response *response,
		 const char *permission, bool *out_read_only, struct error *err)
{
	AUTO_FREE char *words = NULL;

	*out_read_only = false;
	if (response->status >= 200 && response->status <= 299)
		return 0;
	if (is_read_only(notify, response)) {
		*out_read_only = true;
		log_warning("%s: HTTP %d: in a fork's pull request GITHUB_TOKEN may only read; the "
			    "job summary tells the verdict",
			    permission, response->status);
		return 0;
	}
	words = words_for(response, permission);
	return error_set(err, ERROR_DELIVERY, "%s: HTTP %d: %s", notify->job->api_url,
			 response->status, words);
}
