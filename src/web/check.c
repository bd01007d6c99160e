#include "internal.h"

#include <string.h>
#include <strings.h>

#define MAX_HEADERS 100

/* What decides where a request ends: read differently by two programs in a row, it is smuggling. */
struct framing {
	const char *host, *length, *transfer; /* the last of each */
	int hosts, lengths, transfers, headers;
};

static enum MHD_Result note_header(void *arg, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	struct framing *framing = arg;

	(void)kind;
	framing->headers++;
	if (strcasecmp(name, "Host") == 0) {
		framing->host = value;
		framing->hosts++;
	} else if (strcasecmp(name, "Content-Length") == 0) {
		framing->length = value;
		framing->lengths++;
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		framing->transfer = value;
		framing->transfers++;
	}
	return MHD_YES;
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

/* Why the framing is refused, or NULL. */
static const char *framing_problem(const struct framing *framing, bool http_1_0)
{
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

bool check_framing(struct exchange *exchange, bool loopback, bool http_1_0, struct web_reply *reply)
{
	struct framing framing = {0};
	const char *problem;

	MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, note_header, &framing);
	problem = framing_problem(&framing, http_1_0);
	if (framing.headers > MAX_HEADERS)
		web_error(&exchange->request, reply, 431, "too_many_headers",
			  "at most %d header lines", MAX_HEADERS);
	else if (problem)
		web_error(&exchange->request, reply, 400, "bad_request", "%s", problem);
	/* Browsers always send Host; one that names another site got here by DNS rebinding. */
	else if (loopback && framing.host && !host_is_loopback(framing.host))
		web_error(&exchange->request, reply, 400, "bad_host",
			  "Host names another site; this server listens on loopback only");
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
