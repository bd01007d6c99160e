/* What libcurl is told: of every request, of one, and where the target is. */
#include "transport_curl.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CONNECT_LIMIT_MS 60000L
#define IDLE_LIMIT_S 86400L

static void add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (!longer)
		error_out_of_memory();
	*list = longer;
}

static void set_safety(const struct multiplexer *self, CURL *easy)
{
	const char *bundle = getenv("SSL_CERT_FILE"), *folder = getenv("SSL_CERT_DIR");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT_MS);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, self->target->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, self->target->insecure ? 0L : 2L);
	if (bundle && *bundle)
		curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
	if (folder && *folder)
		curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
	/* The empty string switches off the variables too. */
	if (self->direct) {
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); /* or it is looked up every time */
	}
	if (self->target->unix_socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, self->target->unix_socket);
	curl_easy_setopt(easy, CURLOPT_RESOLVE, self->addresses);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
}

/* Bytes as they come: chunks undecoded, and what does not begin like HTTP/1 too. */
static void set_exactness(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_HTTP_TRANSFER_DECODING, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 1L);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_LIMIT_S);
}

void channel_set_options(struct channel *channel)
{
	set_safety(channel->owner, channel->easy);
	set_exactness(channel->easy);
}

struct curl_slist *multiplexer_addresses(const struct load_target *target,
					 const struct addresses *addresses)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct curl_slist *list = NULL;
	struct in_addr v4;
	if (addresses->count == 0 || strchr(target->address, ':') ||
	    inet_pton(AF_INET, target->address, &v4) == 1)
		return NULL;
	strbuf_printf(&text, "%s:%u:", target->address, target->port);
	for (size_t i = 0; i < addresses->count; i++) {
		char name[NI_MAXHOST];
		const struct sockaddr *address = (const struct sockaddr *)&addresses->list[i];
		bool v6 = address->sa_family == AF_INET6;
		if (getnameinfo(address, addresses->lengths[i], name, sizeof name, NULL, 0,
				NI_NUMERICHOST) != 0)
			continue;
		strbuf_printf(&text, "%s%s%s%s", i > 0 ? "," : "", v6 ? "[" : "", name,
			      v6 ? "]" : "");
	}
	add_header(&list, strbuf_text(&text));
	return list;
}

/* A zone is written %25 in a URL (RFC 6874). */
char *multiplexer_origin(const struct load_target *target)
{
	bool literal = strchr(target->address, ':') != NULL;
	const char *zone = strchr(target->address, '%');
	int length = (int)(zone ? zone - target->address : (ptrdiff_t)strlen(target->address));
	return xasprintf("%s://%s%.*s%s%s%s:%u", target->tls ? "https" : "http", literal ? "[" : "",
			 length, target->address, zone ? "%25" : "", zone ? zone + 1 : "",
			 literal ? "]" : "", target->port);
}

static bool line_has(const char *line, const char *name)
{
	size_t length = strlen(name);
	return strncasecmp(line, name, length) == 0 && line[length] == ':';
}

/* "Name:" alone would remove a header of libcurl's; "Name;" sends it empty. */
static void add_line(struct curl_slist **list, char *line)
{
	size_t length = strlen(line);
	while (length > 0 && line[length - 1] == ' ')
		line[--length] = '\0';
	if (length > 0 && strchr(line, ':') == line + length - 1)
		line[length - 1] = ';';
	add_header(list, line);
}

/*
 * `lines` ("Name: value\r\n"…) is written to. What libcurl would add by itself is refused, but
 * not what it adds to a body only when there is none: it compares each name with each line.
 */
static struct curl_slist *make_headers(char *lines, bool has_body)
{
	static const char *const unasked[] = {"Accept", "Expect", "Content-Type"};
	struct curl_slist *list = NULL;
	bool given[ARRAY_SIZE(unasked)] = {false};
	for (char *end; (end = strstr(lines, "\r\n")) && end > lines; lines = end + 2) {
		*end = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(unasked); i++)
			given[i] |= line_has(lines, unasked[i]);
		if (!line_has(lines, "Content-Length"))
			add_line(&list, lines);
	}
	for (size_t i = 0; i < (has_body ? ARRAY_SIZE(unasked) : 1); i++) {
		char none[32];
		snprintf(none, sizeof none, "%s:", unasked[i]);
		if (!given[i])
			add_header(&list, none);
	}
	return list;
}

/* Without the last line when it is Content-Length: libcurl knows the length by itself. */
static size_t compared_length(const char *lines, size_t length)
{
	const char *last = length > 4 ? memrchr(lines, '\n', length - 3) : NULL;
	last = last ? memrchr(lines, '\n', (size_t)(last - lines)) : NULL;
	if (last && line_has(last + 1, "Content-Length"))
		return (size_t)(last + 1 - lines);
	return length;
}

/* The parts of a message as plan.c writes it; each points into it. */
struct parts {
	const char *lines, *body;
	size_t method_length, target_length, lines_length, body_length;
};

static void split(struct plan_bytes message, struct parts *out)
{
	const char *space = memchr(message.bytes, ' ', message.length);
	const char *line_end = memchr(message.bytes, '\r', message.length);
	const char *head_end = memmem(message.bytes, message.length, "\r\n\r\n", 4);
	assert(space && line_end && head_end);
	out->method_length = (size_t)(space - message.bytes);
	out->target_length = (size_t)(line_end - space - 1) - strlen(" HTTP/1.1");
	out->lines = line_end + 2;
	out->body = head_end + 4;
	out->lines_length = (size_t)(out->body - out->lines);
	out->body_length = message.length - (size_t)(out->body - message.bytes);
}

/* A URL that is parsed once spares libcurl to do it, and to write it, for each request. */
static void set_url(struct channel *channel, const char *text)
{
	CURL *easy = channel->easy;
	if (!channel->url)
		channel->url = curl_url();
	bool parsed = channel->url && curl_url_set(channel->url, CURLUPART_URL, text,
						   CURLU_PATH_AS_IS) == CURLUE_OK;
	curl_easy_setopt(easy, CURLOPT_CURLU, parsed ? channel->url : NULL);
	/* Always, or a transfer would report the URL of the last. */
	curl_easy_setopt(easy, CURLOPT_URL, text);
}

static void set_line(struct channel *channel, const char *bytes, const struct parts *parts)
{
	struct strbuf *scratch = &channel->owner->scratch;
	strbuf_clear(scratch);
	strbuf_puts(scratch, channel->owner->origin);
	strbuf_append(scratch, bytes + parts->method_length + 1, parts->target_length);
	set_url(channel, strbuf_text(scratch));
	strbuf_clear(scratch);
	strbuf_append(scratch, bytes, parts->method_length);
	curl_easy_setopt(channel->easy, CURLOPT_CUSTOMREQUEST, strbuf_text(scratch));
}

static bool sends_length(const struct parts *parts)
{
	return compared_length(parts->lines, parts->lines_length) != parts->lines_length;
}

static void set_headers(struct channel *channel, const struct parts *parts)
{
	struct strbuf *scratch = &channel->owner->scratch;
	strbuf_clear(scratch);
	strbuf_append(scratch, parts->lines, parts->lines_length);
	struct curl_slist *list =
		make_headers(scratch->data, parts->body_length > 0 || sends_length(parts));
	curl_easy_setopt(channel->easy, CURLOPT_HTTPHEADER, list);
	curl_slist_free_all(channel->headers);
	channel->headers = list;
}

/* libcurl reads the body while it sends, when `bytes` may be another user's already. */
static void set_body(struct channel *channel, const char *bytes, size_t length)
{
	struct strbuf *body = &channel->body;
	strbuf_clear(body);
	strbuf_append(body, bytes, length);
	curl_easy_setopt(channel->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
	curl_easy_setopt(channel->easy, CURLOPT_POSTFIELDS, strbuf_text(body));
}

static void set_head(struct channel *channel, struct plan_bytes message, const struct parts *now)
{
	struct parts before = {0};
	struct strbuf *request = &channel->request;
	bool first = request->length == 0;
	if (!first)
		split((struct plan_bytes){request->data, request->length}, &before);
	size_t line_length = (size_t)(now->lines - message.bytes);
	if (first || (size_t)(before.lines - request->data) != line_length ||
	    memcmp(request->data, message.bytes, line_length) != 0)
		set_line(channel, message.bytes, now);
	size_t length = compared_length(now->lines, now->lines_length);
	if (first || compared_length(before.lines, before.lines_length) != length ||
	    sends_length(&before) != sends_length(now) ||
	    memcmp(before.lines, now->lines, length) != 0)
		set_headers(channel, now);
	curl_easy_setopt(channel->easy, CURLOPT_HTTPGET, 1L);
	if (channel->exchange->answers_head)
		curl_easy_setopt(channel->easy, CURLOPT_NOBODY, 1L);
	strbuf_clear(request);
	strbuf_append(request, message.bytes, line_length + now->lines_length);
}

void channel_set_message(struct channel *channel, struct plan_bytes message)
{
	const struct strbuf *request = &channel->request;
	bool same = request->length > 0 && message.length >= request->length &&
		    memcmp(request->data, message.bytes, request->length) == 0;
	if (!same) {
		struct parts now;
		split(message, &now);
		set_head(channel, message, &now);
		channel->sends_length = sends_length(&now);
	}
	size_t body_length = message.length - request->length;
	if ((body_length > 0 || channel->sends_length) && !channel->exchange->answers_head)
		set_body(channel, message.bytes + request->length, body_length);
}
