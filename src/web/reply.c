#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *web_header(const struct web_request *request, const char *name)
{
	const struct exchange *exchange = request->connection;

	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

void web_client_address(const struct web_request *request, unsigned char *out)
{
	const struct exchange *exchange = request->connection;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;

	memset(out, 0, WEB_ADDRESS_SIZE);
	if (address && address->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
	} else if (address && address->sa_family == AF_INET) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	}
}

void web_reply_header(struct web_reply *reply, const char *name, const char *format, ...)
{
	va_list args;

	if (reply->header_count == WEB_REPLY_HEADERS)
		return;
	reply->headers[reply->header_count].name = name;
	va_start(args, format);
	vsnprintf(reply->headers[reply->header_count].value, WEB_HEADER_VALUE_SIZE, format, args);
	va_end(args);
	reply->header_count++;
}

void web_error(const struct web_request *request, struct web_reply *reply, int status,
	       const char *code, const char *format, ...)
{
	char message[512], timestamp[CLOCK_RFC3339_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	clock_format_rfc3339(clock_wall_ns(), timestamp);
	reply->status = status;
	reply->content_type = "application/json";
	strbuf_clear(&reply->body);
	strbuf_puts(&reply->body, "{\"error\": {\"code\": ");
	web_quote(&reply->body, code);
	strbuf_puts(&reply->body, ", \"message\": ");
	web_quote(&reply->body, message);
	strbuf_printf(&reply->body, ", \"timestamp\": \"%s\", \"path\": ", timestamp);
	web_quote(&reply->body, request->path);
	strbuf_puts(&reply->body, "}}\n");
}

static void quote_control(struct strbuf *out, unsigned char c)
{
	switch (c) {
	case '\n': strbuf_puts(out, "\\n"); break;
	case '\r': strbuf_puts(out, "\\r"); break;
	case '\t': strbuf_puts(out, "\\t"); break;
	default: strbuf_printf(out, "\\u%04x", c); break;
	}
}

void web_quote(struct strbuf *out, const char *text)
{
	size_t length = strlen(text);

	strbuf_putc(out, '"');
	for (size_t i = 0; i < length;) {
		unsigned char c = (unsigned char)text[i];
		size_t sequence = c < 0x80 ? 1 : text_utf8_sequence(text + i, length - i, NULL);

		if (sequence == 0)
			strbuf_puts(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			strbuf_append(out, (char[]){'\\', (char)c}, 2);
		else if (c < 0x20 || c == 0x7f)
			quote_control(out, c);
		else
			strbuf_append(out, text + i, sequence);
		i += sequence ? sequence : 1;
	}
	strbuf_putc(out, '"');
}

void web_put_decimal(struct strbuf *out, int64_t value, int digits)
{
	char text[32];
	size_t at = sizeof text;
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	bool negative = value < 0;

	for (int i = 0; left || i <= digits; i++) {
		if (digits && i == digits)
			text[--at] = '.';
		text[--at] = (char)('0' + left % 10);
		left /= 10;
	}
	if (negative)
		text[--at] = '-';
	strbuf_append(out, text + at, sizeof text - at);
}
