#include "internal.h"

#include <string.h>
#include <strings.h>

#define MAX_HEADERS 100

static bool is(const char *name, const char *wanted)
{
	return strcasecmp(name, wanted) == 0;
}

/*
 * libmicrohttpd takes "Content-Length : 5" for a header of another name, which a proxy in front may
 * take for a length; and a bare CR within a value, which may end a line elsewhere.
 */
static bool is_clean(const char *name, const char *value)
{
	size_t length = strlen(name);

	return length && strcspn(name, " \t\r\v\f") == length && !(value && strchr(value, '\r'));
}

/*
 * Before 1.0, libmicrohttpd takes a line that begins with a colon for the end of the header, so
 * that what follows becomes another request; it joins folded lines and cuts values at a NUL. But it
 * reads in place: unless something was left out, each line begins where the one before it ended.
 */
static bool reads_in_place(void)
{
	return strncmp(MHD_get_version(), "0.", 2) == 0;
}

static void follow_line(struct headers *headers, const char *name, const char *value)
{
	if (!headers->next)
		return;
	headers->malformed |= name != headers->next || !value;
	headers->next = value ? value + strlen(value) + 2 : name;
}

/* A NUL cuts the target short as '?' does, but leaves no arguments behind. */
static bool target_is_cut(const struct exchange *exchange, const char *version)
{
	const char *end = exchange->request.path + strlen(exchange->request.path);

	return version - end > 2 &&
	       MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL) ==
		       0;
}

/* The header must end with the empty line; its line ends have become NULs. */
static bool ends_well(const struct exchange *exchange)
{
	static const char empty_line[4] = "";
	const char *end = exchange->headers.next;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection,
					MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info && exchange->request.method + info->header_size == end + 2 &&
	       memcmp(end - 2, empty_line, sizeof empty_line) == 0;
}

static enum MHD_Result note_header(void *arg, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct headers *headers = arg;

	(void)kind;
	headers->count++;
	headers->malformed |= !is_clean(name, value);
	follow_line(headers, name, value);
	switch (name[0] | 0x20) {
	case 'a':
		if (is(name, "Accept-Encoding"))
			headers->encoding = value;
		break;
	case 'c':
		if (is(name, "Content-Length")) {
			headers->length = value;
			headers->lengths++;
		} else if (is(name, "Content-Type")) {
			headers->type = value;
		}
		break;
	case 'e':
		if (is(name, "Expect"))
			headers->expect = value;
		break;
	case 'h':
		if (is(name, "Host")) {
			headers->host = value;
			headers->hosts++;
		}
		break;
	case 't':
		if (is(name, "Transfer-Encoding")) {
			headers->transfer = value;
			headers->transfers++;
		}
		break;
	case 'x':
		if (is(name, "X-Request-ID"))
			headers->id = value;
		break;
	default: break;
	}
	return MHD_YES;
}

void check_headers(struct exchange *exchange, const char *version)
{
	struct headers *headers = &exchange->headers;

	if (reads_in_place())
		headers->next = version + strlen(version) + 2;
	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, note_header, headers);
	if (headers->next && !headers->malformed)
		headers->malformed = !ends_well(exchange) || target_is_cut(exchange, version);
}

static bool host_is_loopback(const char *host)
{
	size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	char name[64];

	if (length >= sizeof name)
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
	       (strncmp(name, "127.", 4) == 0 && strspn(name, "0123456789.") == length);
}

/*
 * Why the framing is refused, or NULL: read differently by two programs in a row, it is smuggling.
 */
static const char *framing_problem(const struct headers *framing, bool http_1_0)
{
	if (framing->malformed)
		return "a header's name or value is malformed";
	if (framing->hosts > 1)
		return "Host is given twice";
	if (framing->lengths > 1)
		return "Content-Length is given twice";
	if (!framing->transfers)
		return NULL;
	if (framing->lengths)
		return "Content-Length and Transfer-Encoding exclude each other";
	if (framing->transfers > 1 || !framing->transfer ||
	    strcasecmp(framing->transfer, "chunked") != 0)
		return "the only Transfer-Encoding is chunked";
	return http_1_0 ? "HTTP/1.0 has no Transfer-Encoding" : NULL;
}

bool check_framing(struct exchange *exchange, bool loopback, struct web_reply *reply)
{
	const struct headers *headers = &exchange->headers;
	const char *problem = framing_problem(headers, exchange->http_1_0);

	if (headers->count > MAX_HEADERS)
		web_error(&exchange->request, reply, 431, "too_many_headers",
			  "at most %d header lines", MAX_HEADERS);
	else if (exchange->request.path[0] != '/' && strcmp(exchange->request.path, "*") != 0 &&
		 strcmp(exchange->request.method, "CONNECT") != 0)
		web_error(&exchange->request, reply, 400, "bad_target",
			  "the request target must be a path; this is no proxy");
	else if (problem)
		web_error(&exchange->request, reply, 400, "bad_request", "%s", problem);
	/* Browsers always send Host; one that names another site got here by DNS rebinding. */
	else if (loopback && headers->host && !host_is_loopback(headers->host))
		web_error(&exchange->request, reply, 400, "bad_host",
			  "Host names another site; this server listens on loopback only");
	else if (headers->expect && !exchange->http_1_0 &&
		 strcasecmp(headers->expect, "100-continue") != 0)
		web_error(&exchange->request, reply, 417, "expectation_failed",
			  "the only Expect is 100-continue");
	else
		return false;
	exchange->close = true;
	return true;
}

bool check_is_json(const char *content_type)
{
	const char json[] = "application/json";
	const char *rest;

	if (!content_type || strncasecmp(content_type, json, sizeof json - 1) != 0)
		return false;
	rest = content_type + sizeof json - 1;
	rest += strspn(rest, " \t");
	if (!*rest)
		return true;
	if (*rest != ';')
		return false;
	rest += 1 + strspn(rest + 1, " \t");
	return strncasecmp(rest, "charset=", 8) != 0 || strncasecmp(rest + 8, "utf-8", 5) == 0 ||
	       strncasecmp(rest + 8, "\"utf-8\"", 7) == 0;
}
