#include "perfgate/ext/http.h"

#include "curl.h"

#include "perfgate/base/clock.h"

#include <string.h>
#include <strings.h>

#define DEFAULT_TIMEOUT_NS (30 * NS_PER_S)
#define DEFAULT_LIMIT_BYTES ((size_t)1 << 20)
#define HEADER_LIMIT_BYTES ((size_t)256 << 10)

DEFINE_AUTO(curl_slist, struct curl_slist *, curl_slist_free_all)

/* What does not fit makes libcurl stop with CURLE_WRITE_ERROR. */
static size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
	struct strbuf *out = arg;
	strbuf_append(out, bytes, size * count);
	return out->overflow ? 0 : size * count;
}

/* scheme://host:port, the part of a URL that is never secret; or the socket. */
static char *origin(const struct exthttp_request *request, const struct exthttp_url *url)
{
	if (request->unix_socket)
		return xasprintf("unix:%s", request->unix_socket);
	bool literal = strchr(url->host, ':') != NULL;
	return xasprintf("%s://%s%s%s:%u", url->scheme, literal ? "[" : "", url->host,
			 literal ? "]" : "", url->port);
}

static struct curl_slist *make_headers(const char *const *headers)
{
	/* Without "Expect: 100-continue" a body is sent at once. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (; headers != NULL && *headers != NULL; headers++) {
		struct curl_slist *longer = curl_slist_append(list, *headers);
		if (longer == NULL)
			error_out_of_memory();
		list = longer;
	}
	return list;
}

static void set_safety(CURL *curl, const struct exthttp_url *url, int64_t timeout_ns)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "perfgate/" PERFGATE_VERSION);
	extcurl_set_common(curl, url->host, timeout_ns ? timeout_ns : DEFAULT_TIMEOUT_NS);
}

static void set_request(CURL *curl, const struct exthttp_request *request)
{
	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	if (request->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)request->body_bytes);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	}
	if (request->method != NULL && strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else if (request->method != NULL)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
}

static int perform(CURL *curl, const struct exthttp_request *request, const struct exthttp_url *url,
		   struct exthttp_response *response, struct error *err)
{
	char words[CURL_ERROR_SIZE] = "";
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	CURLcode code = curl_easy_perform(curl);
	if (code == CURLE_OK) {
		long status = 0;
		curl_off_t retry_after_s = 0;
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
		response->status = (int)status;
		response->retry_after_s = retry_after_s;
		return 0;
	}
	long number = 0;
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
	AUTO_FREE char *where = origin(request, url);
	if (response->body.overflow || response->headers.overflow)
		return error_set(err, ERROR_UNMEASURED, "%s: the answer is too large (limit %zu)",
				 where, response->body.max_bytes);
	if (code == CURLE_COULDNT_CONNECT && request->unix_socket && number != 0)
		return error_set(err, ERROR_UNMEASURED, "%s: %s", where, strerror((int)number));
	if (code != CURLE_PEER_FAILED_VERIFICATION)
		return error_set(err, ERROR_UNMEASURED, "%s: %s", where, curl_easy_strerror(code));
	if (request->out_untrusted)
		*request->out_untrusted = true;
	return error_set(err, ERROR_UNMEASURED, "%s: the certificate is not accepted: %s", where,
			 words);
}

int exthttp_send(const struct exthttp_request *request, struct exthttp_response *out,
		 struct error *err)
{
	AUTO(exthttp_url) struct exthttp_url url = {0};
	AUTO(exthttp_response)
	struct exthttp_response response = {
		.headers.max_bytes = HEADER_LIMIT_BYTES,
		.body.max_bytes = request->limit_bytes ? request->limit_bytes : DEFAULT_LIMIT_BYTES,
	};
	if (exthttp_parse_url(request->url, &url, err) < 0)
		return -1;
	AUTO(curl) CURL *curl = extcurl_new();
	AUTO(curl_slist) struct curl_slist *headers = make_headers(request->headers);
	if (headers == NULL)
		error_out_of_memory();
	set_request(curl, request);
	if (request->unix_socket)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
	set_safety(curl, &url, request->timeout_ns);
	extcurl_set_trust(curl, request->insecure);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response.headers);
	if (perform(curl, request, &url, &response, err) < 0)
		return -1;
	*out = response;
	response = (struct exthttp_response){0};
	return 0;
}

void exthttp_response_release(struct exthttp_response *response)
{
	strbuf_release(&response->headers);
	strbuf_release(&response->body);
}

char *exthttp_header(const struct exthttp_response *response, const char *name)
{
	size_t length = strlen(name);
	char *value = NULL;
	for (const char *line = strbuf_text(&response->headers); *line != '\0';) {
		size_t end = strcspn(line, "\r\n");
		if (end > length && line[length] == ':' && strncasecmp(line, name, length) == 0) {
			size_t start = length + 1 + strspn(line + length + 1, " \t");
			size_t stop = end;
			while (stop > start && (line[stop - 1] == ' ' || line[stop - 1] == '\t'))
				stop--;
			free(value);
			value = xstrndup(line + start, stop > start ? stop - start : 0);
		}
		line += end + strspn(line + end, "\r\n");
	}
	return value;
}
