/* Single questions to the API under test, outside the load. */
#include "internal.h"
#include "perfgate/ext/http.h"

#include <string.h>

#define ANSWER_BYTES ((size_t)1 << 20)

static char *make_url(const struct target_endpoint *endpoint, const char *path)
{
	bool literal = strchr(endpoint->address, ':') != NULL;
	return xasprintf("http%s://%s%s%s:%u%s%s", endpoint->tls ? "s" : "", literal ? "[" : "",
			 endpoint->address, literal ? "]" : "", endpoint->port, endpoint->prefix,
			 path);
}

static int get(const struct target_endpoint *endpoint, const char *path, int64_t timeout_ns,
	       bool *out_untrusted, struct exthttp_response *out, struct error *err)
{
	const char *authorization = endpoint->authorization;
	AUTO_FREE char *url = make_url(endpoint, path);
	AUTO_FREE char *host = xasprintf("Host: %s", endpoint->host);
	AUTO_FREE char *credentials =
		authorization ? xasprintf("Authorization: %s", authorization) : NULL;
	struct exthttp_request request = {
		.url = url,
		.headers = (const char *const[]){host, credentials, NULL},
		.timeout_ns = timeout_ns,
		.limit_bytes = ANSWER_BYTES,
		.insecure = endpoint->insecure,
		.unix_socket = endpoint->unix_socket,
		.out_untrusted = out_untrusted,
	};
	return exthttp_send(&request, out, err);
}

int probe_ready(const struct target_endpoint *endpoint, const char *path, bool exact,
		int64_t timeout_ns, bool *out_untrusted, struct error *why)
{
	AUTO(exthttp_response) struct exthttp_response response = {0};
	if (get(endpoint, path, timeout_ns, out_untrusted, &response, why) < 0)
		return -1;
	if (exact ? response.status >= 200 && response.status < 300 : response.status < 500)
		return 0;
	return error_set(why, ERROR_UNMEASURED, "GET %s%s answers %d", endpoint->prefix, path,
			 response.status);
}

json_t *probe_environment(const struct target_endpoint *endpoint, int64_t timeout_ns)
{
	AUTO(exthttp_response) struct exthttp_response response = {0};
	AUTO_JSON json_t *info = NULL;
	if (get(endpoint, "/info", timeout_ns, NULL, &response, NULL) < 0 ||
	    response.status != 200 ||
	    extjson_parse(strbuf_text(&response.body), response.body.length, ANSWER_BYTES,
			  ERROR_UNMEASURED, &info, NULL) < 0)
		return extjson_object();
	json_t *environment = json_object_get(info, "environment");
	return json_is_object(environment) ? json_incref(environment) : extjson_object();
}
