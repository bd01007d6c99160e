/* What single texts must look like. Shallow on purpose: who uses a value parses it fully. */
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define UNIX_PREFIX "unix:"
#define SOCKET_PATH_MAX 107
#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool is_only(const char *text, const char *accepted)
{
	return *text != '\0' && text[strspn(text, accepted)] == '\0';
}

/* Behind "scheme://" in any case of letters, or NULL. */
static const char *after_scheme(const char *text, const char *scheme)
{
	size_t length = strlen(scheme);
	if (strncasecmp(text, scheme, length) != 0 || strncmp(text + length, "://", 3) != 0)
		return NULL;
	return text + length + 3;
}

static const char *after_http(const char *text)
{
	const char *rest = after_scheme(text, "http");
	return rest != NULL ? rest : after_scheme(text, "https");
}

/* The authority [start, end) and the host in it, userinfo left out. */
struct authority {
	const char *start, *host, *end;
};

static struct authority find_authority(const char *after_slashes)
{
	struct authority found = {.start = after_slashes, .host = after_slashes};
	found.end = after_slashes + strcspn(after_slashes, "/?#");
	for (const char *c = found.start; c < found.end; c++)
		if (*c == '@')
			found.host = c + 1;
	return found;
}

static bool has_host(const char *after_slashes)
{
	struct authority found = find_authority(after_slashes);
	return found.host < found.end && *found.host != ':';
}

static bool is_loopback(const char *after_slashes)
{
	struct authority found = find_authority(after_slashes);
	size_t length = (size_t)(found.end - found.host);
	if (length >= 5 && strncmp(found.host, "[::1]", 5) == 0)
		return length == 5 || found.host[5] == ':';
	length = strcspn(found.host, ":/?#");
	if (length == strlen("localhost") && strncasecmp(found.host, "localhost", length) == 0)
		return true;
	return length <= 15 && strncmp(found.host, "127.", 4) == 0 &&
	       strspn(found.host, "0123456789.") == length;
}

const char *check_http_url(const char *text)
{
	const char *rest = after_http(text);
	if (rest == NULL)
		return "it must begin with http:// or https://";
	return has_host(rest) ? NULL : "it names no host";
}

/* The address of a socket holds so many bytes and a NUL. */
static const char *check_socket_path(const char *path)
{
	if (*path != '/' || text_ends_with(path, "/"))
		return "a Unix socket is named by its whole path, as in unix:/run/api.sock";
	return strlen(path) > SOCKET_PATH_MAX ? "the path of a Unix socket has at most 107 bytes"
					      : NULL;
}

const char *check_target(const char *text)
{
	const char *why;
	if (text_starts_with(text, UNIX_PREFIX))
		return check_socket_path(text + strlen(UNIX_PREFIX));
	why = text_equal(text, "reference") ? NULL : check_http_url(text);
	if (why != NULL && after_http(text) == NULL)
		return "write `reference`, or a URL that begins with http:// or https:// or is "
		       "unix:/path/of.sock";
	return why;
}

const char *check_webhook(const char *text)
{
	const char *plain = after_scheme(text, "http");
	if (plain != NULL && is_loopback(plain))
		return NULL;
	if (after_scheme(text, "https") == NULL)
		return "it must begin with https://, so that the secret path is never sent in "
		       "clear";
	return check_http_url(text);
}

static bool is_email_char(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && strchr(",;:<>()[]\\\"@", c) == NULL;
}

static bool is_email_part(const char *start, const char *end)
{
	if (start == end || *start == '.' || *start == '-' || end[-1] == '.')
		return false;
	for (const char *c = start; c < end; c++)
		if (!is_email_char(*c))
			return false;
	return true;
}

/* What goes into a header and a command line; stricter than RFC 5321, no quoted forms. */
const char *check_email(const char *text)
{
	const char *at = strchr(text, '@');
	size_t length = strlen(text);
	if (at == NULL || length > 254 || !is_email_part(text, at) ||
	    !is_email_part(at + 1, text + length))
		return "it is not an e-mail address";
	return NULL;
}

const char *check_smtp(const char *text)
{
	const char *rest = after_scheme(text, "smtp");
	if (rest == NULL)
		rest = after_scheme(text, "smtps");
	if (rest == NULL)
		return "it must begin with smtp:// or smtps://";
	return has_host(rest) ? NULL : "it names no host";
}

/* The rules of git-check-ref-format(1) that people run into. */
const char *check_branch(const char *text)
{
	if (*text == '-' || *text == '/' || *text == '.' || text_ends_with(text, "/") ||
	    text_ends_with(text, ".") || text_ends_with(text, ".lock") ||
	    strstr(text, "..") != NULL || strstr(text, "//") != NULL ||
	    strstr(text, "@{") != NULL || strpbrk(text, " ~^:?*[\\") != NULL)
		return "it is not a branch name";
	return NULL;
}

const char *check_database(const char *text)
{
	if (after_scheme(text, "postgresql") != NULL || after_scheme(text, "postgres") != NULL)
		return NULL;
	if (strstr(text, "://") == NULL && strchr(text, '=') != NULL)
		return NULL;
	return "it must begin with postgresql://, or be auto";
}

const char *check_redis(const char *text)
{
	if (after_scheme(text, "rediss") != NULL)
		return "TLS to Redis (rediss://) is not supported: use redis:// or auto";
	if (after_scheme(text, "redis") != NULL || text_starts_with(text, "unix:"))
		return NULL;
	return "it must begin with redis:// or unix:, or be auto";
}

const char *check_ready(const char *text)
{
	if (*text != '/')
		return "it must begin with /";
	return strchr(text, ' ') != NULL ? "it must not contain blanks" : NULL;
}

/* "header X-Cache": exactly `count` words behind `first`. */
static bool has_words(const char *text, const char *first, int count)
{
	size_t length = strlen(first);
	if (strncmp(text, first, length) != 0)
		return false;
	for (text += length; count > 0 && *text == ' '; count--) {
		text += strspn(text, " ");
		size_t word = strspn(text, WORD "_-:.");
		if (word == 0)
			return false;
		text += word;
	}
	return count == 0 && *text == '\0';
}

const char *check_cache(const char *text)
{
	if (text_equal(text, "server-timing") || text_equal(text, "redis") ||
	    has_words(text, "header", 1) || has_words(text, "prometheus", 2))
		return NULL;
	return "write server-timing, header NAME, prometheus HITS MISSES, or redis";
}

/* KEY=value with a name that every shell takes. */
const char *check_variable(const char *text)
{
	size_t length = strspn(text, WORD "_");
	if (length == 0 || text[length] != '=' || isdigit((unsigned char)*text))
		return "a variable is named by letters, digits and _";
	return NULL;
}

const char *check_name(const char *text)
{
	return is_only(text, WORD "_-") ? NULL : "a name has letters, digits, _ and - only";
}

const char *url_shown(struct arena *arena, const char *url)
{
	const char *scheme_end = strstr(url, "://");
	if (text_starts_with(url, UNIX_PREFIX))
		return arena_strdup(arena, url);
	if (scheme_end == NULL)
		return "***";
	struct authority found = find_authority(scheme_end + 3);
	return arena_printf(arena, "%.*s%.*s", (int)(found.start - url), url,
			    (int)strcspn(found.host, "?#"), found.host);
}

static void hide(const char *start, size_t length)
{
	AUTO_FREE char *secret = xstrndup(start, length);
	log_add_secret(secret);
}

/* Both places a password can stand: the userinfo, and password= in a query or connection string. */
void url_hide_password(const char *url)
{
	const char *scheme_end = strstr(url, "://");
	if (scheme_end != NULL) {
		struct authority found = find_authority(scheme_end + 3);
		const char *colon = strchr(found.start, ':');
		if (colon != NULL && colon < found.host)
			hide(colon + 1, (size_t)(found.host - colon) - 2);
	}
	const char *parameter = strstr(url, "password=");
	if (parameter != NULL)
		hide(parameter + 9, strcspn(parameter + 9, "& "));
}
