/* URLs: libcurl's parser behind checks that are stricter than it. */
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/ext/http.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum { URL_MAX_BYTES = 2048 };

DEFINE_AUTO(curl_url, CURLU *, curl_url_cleanup)

static int refuse(struct error *err, const char *why)
{
	return error_set(err, ERROR_USAGE, "not a usable URL: %s", why);
}

static int check_bytes(const char *text, struct error *err)
{
	if (strlen(text) > URL_MAX_BYTES)
		return refuse(err, "longer than 2048 bytes");
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		if (*at == ' ' || *at == '\t')
			return refuse(err, "it contains a blank");
		if (*at < ' ' || *at == 0x7f)
			return refuse(err, "it contains a control character");
		if (*at == '\\')
			return refuse(err, "it contains a backslash");
		if (*at > 0x7f)
			return refuse(err, "it contains a character that is not ASCII (write the "
					   "host as xn--…)");
	}
	return 0;
}

static bool has_scheme(const char *text, const char *scheme)
{
	size_t length = strlen(scheme);
	return strncasecmp(text, scheme, length) == 0 && strncmp(text + length, "://", 3) == 0;
}

/* What libcurl would guess, decode or ignore is an error here. */
static int check_authority(const char *authority, struct error *err)
{
	size_t length = strcspn(authority, "/?#");
	const char *end = authority + length;
	const char *at_sign = memchr(authority, '@', length);
	const char *host = at_sign != NULL ? at_sign + 1 : authority;
	if (host == end || *host == ':')
		return refuse(err, "the host is missing");
	if (memchr(host, '@', (size_t)(end - host)) != NULL)
		return refuse(err, "more than one @ (write %40 in a password)");
	const char *bracket = memchr(host, ']', (size_t)(end - host));
	if (*host == '[' && bracket != NULL)
		host = bracket + 1;
	if (memchr(host, '%', (size_t)(end - host)) != NULL)
		return refuse(err, "% in the host");
	const char *colon = memchr(host, ':', (size_t)(end - host));
	if (colon == NULL)
		return 0;
	AUTO_FREE char *port = xstrndup(colon + 1, (size_t)(end - colon - 1));
	int64_t number;
	const char *why;
	if (units_parse_integer(port, &number, &why) < 0 || number < 1 || number > 65535)
		return refuse(err, "the port must be 1 to 65535");
	return 0;
}

static char *part(CURLU *parsed, CURLUPart what, unsigned flags)
{
	char *text = NULL;
	CURLUcode code = curl_url_get(parsed, what, &text, flags);
	if (code == CURLUE_OUT_OF_MEMORY)
		error_out_of_memory();
	if (code != CURLUE_OK)
		return NULL;
	char *copy = xstrdup(text);
	curl_free(text);
	return copy;
}

static void take_parts(CURLU *parsed, struct exthttp_url *out)
{
	AUTO_FREE char *port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	AUTO_FREE char *host = part(parsed, CURLUPART_HOST, 0);
	size_t length = host != NULL ? strlen(host) : 0;
	bool literal = length > 2 && host[0] == '[';
	*out = (struct exthttp_url){
		.scheme = part(parsed, CURLUPART_SCHEME, 0),
		.user = part(parsed, CURLUPART_USER, CURLU_URLDECODE),
		.password = part(parsed, CURLUPART_PASSWORD, CURLU_URLDECODE),
		.host = literal ? xstrndup(host + 1, length - 2) : TAKE(host),
		.zone = part(parsed, CURLUPART_ZONEID, 0),
		.port = port != NULL ? (uint16_t)strtoul(port, NULL, 10) : 0,
		.path = part(parsed, CURLUPART_PATH, 0),
		.query = part(parsed, CURLUPART_QUERY, 0),
		.fragment = part(parsed, CURLUPART_FRAGMENT, 0),
	};
}

int exthttp_parse_url(const char *text, struct exthttp_url *out, struct error *err)
{
	if (check_bytes(text, err) < 0)
		return -1;
	if (!has_scheme(text, "http") && !has_scheme(text, "https"))
		return refuse(err, "it must begin with http:// or https://");
	if (check_authority(strstr(text, "://") + 3, err) < 0)
		return -1;
	AUTO(curl_url) CURLU *parsed = curl_url();
	if (parsed == NULL)
		error_out_of_memory();
	CURLUcode code = curl_url_set(parsed, CURLUPART_URL, text, 0);
	if (code == CURLUE_OUT_OF_MEMORY)
		error_out_of_memory();
	if (code != CURLUE_OK)
		return refuse(err, curl_url_strerror(code));
	struct exthttp_url url;
	take_parts(parsed, &url);
	AUTO_FREE char *user = part(parsed, CURLUPART_USER, 0);
	AUTO_FREE char *password = part(parsed, CURLUPART_PASSWORD, 0);
	bool lost =
		(user != NULL && url.user == NULL) || (password != NULL && url.password == NULL);
	if (url.host == NULL || url.path == NULL || url.port == 0 || lost) {
		exthttp_url_release(&url);
		return refuse(err, "it has a part that cannot be decoded");
	}
	*out = url;
	return 0;
}

void exthttp_url_release(struct exthttp_url *url)
{
	free(url->scheme);
	free(url->user);
	free(url->password);
	free(url->host);
	free(url->zone);
	free(url->path);
	free(url->query);
	free(url->fragment);
	*url = (struct exthttp_url){0};
}
