#include "perfgate/load/cookies.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/date.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Longer than any run. */
#define MAX_AGE_S (INT64_C(10) * 365 * 86400)

struct cookie {
	char *text; /* "name=value", then the path; both end with NUL */
	const char *path;
	size_t name_length, bytes;
	int64_t expires_ns; /* clock_now_ns(); INT64_MAX: with the user */
	uint32_t number; /* order of creation */
	unsigned set;
	bool secure;
};

struct cookies {
	struct cookie *items; /* longest path first, then in order of creation */
	size_t n, capacity, bytes;
	struct strbuf path; /* of the request under way */
	unsigned set;
	uint32_t created;
};

struct cookies *cookies_new(void)
{
	return xcalloc(1, sizeof(struct cookies));
}

void cookies_free(struct cookies *cookies)
{
	if (!cookies)
		return;
	for (size_t i = 0; i < cookies->n; i++)
		free(cookies->items[i].text);
	free(cookies->items);
	strbuf_release(&cookies->path);
	free(cookies);
}

static struct http1_field slice(const char *text, size_t length)
{
	for (; length > 0 && (*text == ' ' || *text == '\t'); text++)
		length--;
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return (struct http1_field){text, length};
}

/* What stands before `end` in *rest, which goes on behind it. */
static struct http1_field next_part(struct http1_field *rest, char end)
{
	const char *at = rest->length > 0 ? memchr(rest->text, end, rest->length) : NULL;
	size_t length = at ? (size_t)(at - rest->text) : rest->length;
	struct http1_field part = slice(rest->text, length);
	length += at != NULL;
	rest->text += length;
	rest->length -= length;
	return part;
}

static bool is_word(struct http1_field field, const char *word)
{
	return field.length == strlen(word) && strncasecmp(field.text, word, field.length) == 0;
}

/* ---- dates ---- */

struct date_parts {
	int64_t hour, minute, second, day, month, year; /* -1: not seen */
};

/* At most `max` digits at *at, which moves behind them; -1: none, or more. */
static int64_t take_number(const char **at, const char *end, size_t max)
{
	int64_t value = 0;
	const char *begin = *at;
	while (*at < end && isdigit((unsigned char)**at) && (size_t)(*at - begin) <= max)
		value = value * 10 + (*(*at)++ - '0');
	size_t digits = (size_t)(*at - begin);
	return digits >= 1 && digits <= max ? value : -1;
}

static bool take_time(struct date_parts *parts, const char *at, const char *end)
{
	int64_t *const fields[] = {&parts->hour, &parts->minute, &parts->second};
	int64_t values[ARRAY_SIZE(fields)];
	if (parts->hour >= 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (i > 0 && (at == end || *at++ != ':'))
			return false;
		values[i] = take_number(&at, end, 2);
		if (values[i] < 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		*fields[i] = values[i];
	return true;
}

static bool take_month(struct date_parts *parts, const char *at, const char *end)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	for (int month = 0; end - at >= 3 && parts->month < 0 && month < 12; month++) {
		if (strncasecmp(at, names + (ptrdiff_t)month * 3, 3) == 0)
			parts->month = month + 1;
	}
	return parts->month >= 0;
}

/* The first that fits is meant (RFC 6265). */
static void take_date_token(struct date_parts *parts, const char *at, const char *end)
{
	const char *begin = at;
	if (take_time(parts, at, end))
		return;
	int64_t number = take_number(&at, end, 4);
	size_t digits = (size_t)(at - begin);
	if (parts->day < 0 && number >= 0 && digits <= 2) {
		parts->day = number;
	} else if (parts->month < 0 && take_month(parts, begin, end)) {
		return;
	} else if (parts->year < 0 && number >= 0 && digits >= 2) {
		parts->year = digits > 2 ? number : number + (number < 70 ? 2000 : 1900);
	}
}

int cookies_parse_date(const char *text, size_t length, int64_t *out_s)
{
	struct date_parts parts = {-1, -1, -1, -1, -1, -1};
	const char *end = text + length;
	for (const char *at = text; at < end;) {
		const char *begin = at;
		while (at < end && (isalnum((unsigned char)*at) || *at == ':'))
			at++;
		take_date_token(&parts, begin, at);
		at += at < end;
	}
	if (parts.hour < 0 || parts.hour > 23 || parts.minute > 59 || parts.second > 59 ||
	    parts.day < 1 || parts.day > 31 || parts.month < 1 || parts.year < 1601)
		return -1;
	*out_s = date_from_civil(parts.year, parts.month, parts.day) * 86400 + parts.hour * 3600 +
		 parts.minute * 60 + parts.second;
	return 0;
}

/* ---- where a cookie goes ---- */

static size_t host_length(const char *host)
{
	const char *colon = strrchr(host, ':');
	return colon && !strchr(colon, ']') ? (size_t)(colon - host) : strlen(host);
}

bool cookies_is_secure(const char *host, bool tls, bool unix_socket)
{
	struct http1_field name = {host, host_length(host)};
	return tls || unix_socket || is_word(name, "localhost") || is_word(name, "[::1]") ||
	       text_starts_with(host, "127.");
}

static bool is_our_domain(const char *host, struct http1_field domain)
{
	size_t length = host_length(host);
	if (domain.length > 0 && *domain.text == '.') {
		domain.text++;
		domain.length--;
	}
	if (domain.length == 0)
		return true;
	if (domain.length > length)
		return false;
	const char *end = host + length - domain.length;
	return strncasecmp(end, domain.text, domain.length) == 0 &&
	       (end == host || (end[-1] == '.' && !isdigit((unsigned char)host[length - 1])));
}

/* "/a/b" of "/a/b/c"; "/" when there is no other. */
static struct http1_field default_path(const struct strbuf *path)
{
	const char *text = strbuf_text(path), *last = strrchr(text, '/');
	return last && last > text ? (struct http1_field){text, (size_t)(last - text)}
				   : (struct http1_field){"/", 1};
}

static bool path_fits(const char *path, const struct strbuf *of)
{
	const char *text = strbuf_text(of);
	size_t length = strlen(path);
	return text_starts_with(text, path) &&
	       (path[length - 1] == '/' || text[length] == '/' || text[length] == '\0');
}

/* ---- the jar ---- */

static void remove_at(struct cookies *cookies, size_t index)
{
	cookies->bytes -= cookies->items[index].bytes;
	free(cookies->items[index].text);
	cookies->n--;
	memmove(&cookies->items[index], &cookies->items[index + 1],
		(cookies->n - index) * sizeof *cookies->items);
}

static void remove_oldest(struct cookies *cookies)
{
	size_t oldest = 0;
	for (size_t i = 1; i < cookies->n; i++) {
		if (cookies->items[i].number < cookies->items[oldest].number)
			oldest = i;
	}
	remove_at(cookies, oldest);
}

/* One of the same name and path makes room, and keeps its age. */
static void replace(struct cookies *cookies, struct cookie *cookie)
{
	for (size_t i = 0; i < cookies->n; i++) {
		struct cookie *old = &cookies->items[i];
		if (old->set != cookie->set || old->name_length != cookie->name_length ||
		    memcmp(old->text, cookie->text, cookie->name_length) != 0 ||
		    strcmp(old->path, cookie->path) != 0)
			continue;
		cookie->number = old->number;
		remove_at(cookies, i);
		return;
	}
	cookie->number = cookies->created++;
}

static void insert(struct cookies *cookies, const struct cookie *cookie)
{
	size_t at = 0, length = strlen(cookie->path);
	while (cookies->n > 0 &&
	       (cookies->n == COOKIES_MAX || cookies->bytes + cookie->bytes > COOKIES_MAX_BYTES))
		remove_oldest(cookies);
	(void)VEC_PUSH(cookies->items, cookies->n, cookies->capacity);
	for (; at + 1 < cookies->n; at++) {
		size_t other = strlen(cookies->items[at].path);
		if (other < length ||
		    (other == length && cookies->items[at].number > cookie->number))
			break;
	}
	memmove(&cookies->items[at + 1], &cookies->items[at],
		(cookies->n - 1 - at) * sizeof *cookies->items);
	cookies->items[at] = *cookie;
	cookies->bytes += cookie->bytes;
}

/* ---- Set-Cookie ---- */

struct attributes {
	struct http1_field path, domain;
	int64_t age_s; /* how long from now */
	bool expires, has_max_age, secure;
};

static void read_max_age(struct attributes *out, struct http1_field value)
{
	const char *at = value.text, *end = value.text + value.length;
	bool negative = at < end && *at == '-';
	at += negative;
	int64_t age_s = take_number(&at, end, 18);
	if (age_s < 0 || at != end)
		return;
	out->has_max_age = out->expires = true;
	out->age_s = negative ? 0 : age_s;
}

/* Max-Age wins over Expires. */
static void read_expires(struct attributes *out, struct http1_field value, int64_t wall_ns)
{
	int64_t at_s;
	if (out->has_max_age || cookies_parse_date(value.text, value.length, &at_s) < 0)
		return;
	out->expires = true;
	out->age_s = at_s - wall_ns / NS_PER_S;
}

static struct attributes read_attributes(struct http1_field rest, int64_t wall_ns)
{
	struct attributes out = {0};
	while (rest.length > 0) {
		struct http1_field value = next_part(&rest, ';');
		struct http1_field name = next_part(&value, '=');
		value = slice(value.text, value.length);
		if (is_word(name, "Path"))
			out.path = value;
		else if (is_word(name, "Domain"))
			out.domain = value;
		else if (is_word(name, "Max-Age"))
			read_max_age(&out, value);
		else if (is_word(name, "Expires"))
			read_expires(&out, value, wall_ns);
		else if (is_word(name, "Secure"))
			out.secure = true;
	}
	return out;
}

/* "name=value" and the path in one piece. */
static void set_text(struct cookie *cookie, struct http1_field name, struct http1_field value,
		     struct http1_field path)
{
	size_t pair = name.length + 1 + value.length;
	cookie->bytes = pair + path.length + 2;
	cookie->text = xcalloc(cookie->bytes, 1);
	memcpy(cookie->text, name.text, name.length);
	cookie->text[name.length] = '=';
	memcpy(cookie->text + name.length + 1, value.text, value.length);
	memcpy(cookie->text + pair + 1, path.text, path.length);
	cookie->path = cookie->text + pair + 1;
	cookie->name_length = name.length + 1;
}

static void take_one(struct cookies *cookies, const struct cookie_origin *origin,
		     struct http1_field rest, int64_t now_ns, int64_t wall_ns)
{
	struct cookie cookie = {.set = cookies->set, .expires_ns = INT64_MAX};
	struct http1_field pair = next_part(&rest, ';');
	bool named = pair.length > 0 && memchr(pair.text, '=', pair.length);
	struct http1_field name = next_part(&pair, '=');
	struct http1_field value = slice(pair.text, pair.length);
	struct attributes attributes = read_attributes(rest, wall_ns);
	if (attributes.path.length == 0 || *attributes.path.text != '/')
		attributes.path = default_path(&cookies->path);
	if (!named || name.length == 0 || !is_our_domain(origin->host, attributes.domain) ||
	    (attributes.secure && !origin->secure) ||
	    name.length + value.length + attributes.path.length > COOKIE_MAX_BYTES)
		return;
	set_text(&cookie, name, value, attributes.path);
	replace(cookies, &cookie);
	if (attributes.expires && attributes.age_s <= 0) {
		free(cookie.text);
		return;
	}
	if (attributes.expires && attributes.age_s < MAX_AGE_S)
		cookie.expires_ns = now_ns + attributes.age_s * NS_PER_S;
	insert(cookies, &cookie);
}

void cookies_take(struct cookies *cookies, const struct cookie_origin *origin,
		  const struct http1_head *head, int64_t now_ns, int64_t wall_ns)
{
	struct http1_field lines = head->lines;
	while (lines.length > 0) {
		struct http1_field line = next_part(&lines, '\n');
		struct http1_field name = next_part(&line, ':');
		if (line.length > 0 && line.text[line.length - 1] == '\r')
			line.length--;
		if (is_word(name, "Set-Cookie"))
			take_one(cookies, origin, line, now_ns, wall_ns);
	}
}

/* ---- Cookie ---- */

void cookies_begin(struct cookies *cookies, unsigned set, const char *target, size_t length)
{
	size_t path = 0;
	while (path < length && target[path] != '?' && target[path] != '#')
		path++;
	cookies->set = set;
	strbuf_clear(&cookies->path);
	strbuf_append(&cookies->path, target, path);
}

void cookies_write(struct cookies *cookies, int64_t now_ns, struct strbuf *out)
{
	bool first = true;
	for (size_t i = 0; i < cookies->n;) {
		const struct cookie *cookie = &cookies->items[i];
		if (cookie->expires_ns <= now_ns) {
			remove_at(cookies, i);
			continue;
		}
		i++;
		if (cookie->set != cookies->set || !path_fits(cookie->path, &cookies->path))
			continue;
		strbuf_puts(out, first ? "Cookie: " : "; ");
		strbuf_puts(out, cookie->text);
		first = false;
	}
	if (!first)
		strbuf_puts(out, "\r\n");
}
