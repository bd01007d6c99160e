/* target_parse_url(): a base URL as the load engine needs it. */
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/http.h"
#include "perfgate/target/target.h"

#include <string.h>

#define UNIX_PREFIX "unix:"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

/* RFC 4648 section 4. */
/* From here on neither form of the password reaches any output. */
static const char *make_authorization(const struct exthttp_url *url, struct arena *arena)
{
	AUTO(strbuf) struct strbuf plain = {0}, value = {0};
	if (url->user == NULL && url->password == NULL)
		return NULL;
	strbuf_printf(&plain, "%s:%s", url->user ? url->user : "",
		      url->password ? url->password : "");
	strbuf_puts(&value, "Basic ");
	text_base64(plain.data, plain.length, &value);
	log_add_secret(url->password);
	log_add_secret(value.data + strlen("Basic "));
	return arena_strdup(arena, value.data);
}

/* The engine adds its own leading '/': "" or "/a/b". */
static const char *make_prefix(const char *path, struct arena *arena)
{
	size_t length = strlen(path);
	while (length > 0 && path[length - 1] == '/')
		length--;
	return arena_strndup(arena, path, length);
}

static bool is_tls(const struct exthttp_url *url)
{
	return text_equal(url->scheme, "https");
}

static const char *make_host(const struct exthttp_url *url, struct arena *arena)
{
	bool literal = strchr(url->host, ':') != NULL;
	const char *host =
		literal ? arena_printf(arena, "[%s]", url->host) : arena_strdup(arena, url->host);
	return url->port == (is_tls(url) ? HTTPS_PORT : HTTP_PORT)
		       ? host
		       : arena_printf(arena, "%s:%u", host, url->port);
}

static int check(const struct exthttp_url *url, struct error *err)
{
	if (url->query != NULL)
		return error_set(err, ERROR_USAGE,
				 "a target URL has no query: put it into the requests");
	if (url->fragment != NULL)
		return error_set(err, ERROR_USAGE, "a target URL has no #fragment");
	return 0;
}

/* Whoever listens there is asked for `localhost`, as curl and Docker do. */
static void use_socket(const char *text, struct arena *arena, struct target_endpoint *out)
{
	*out = (struct target_endpoint){
		.url = arena_strdup(arena, text),
		.host = "localhost",
		.address = "localhost",
		.port = HTTP_PORT,
		.prefix = "",
		.unix_socket = arena_strdup(arena, text + strlen(UNIX_PREFIX)),
	};
}

int target_parse_url(const char *text, struct arena *arena, struct target_endpoint *out,
		     struct error *err)
{
	AUTO(exthttp_url) struct exthttp_url url = {0};
	if (text_starts_with(text, UNIX_PREFIX)) {
		use_socket(text, arena, out);
		return 0;
	}
	if (exthttp_parse_url(text, &url, err) < 0 || check(&url, err) < 0)
		return -1;
	struct target_endpoint endpoint = {
		.host = make_host(&url, arena),
		.address = url.zone ? arena_printf(arena, "%s%%%s", url.host, url.zone)
				    : arena_strdup(arena, url.host),
		.port = url.port,
		.prefix = make_prefix(url.path, arena),
		.authorization = make_authorization(&url, arena),
		.tls = is_tls(&url),
	};
	endpoint.url = arena_printf(arena, "%s://%s%s", url.scheme, endpoint.host, endpoint.prefix);
	*out = endpoint;
	return 0;
}
