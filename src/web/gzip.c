#include "internal.h"

#include <limits.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for the gzip format */
#define GZIP_LEVEL 1 /* most of the gain for the least CPU of a measured server */

static bool quality_is_zero(const char *parameters, const char *end)
{
	const char *q = parameters;

	while (q < end && *q != '=')
		q++;
	if (q == end)
		return false;
	for (q++; q < end; q++)
		if (*q >= '1' && *q <= '9')
			return false;
	return true;
}

bool gzip_accepted(const char *accept_encoding)
{
	const char *at = accept_encoding;

	while (at && *at) {
		size_t blank = strspn(at, " \t,");
		size_t length = strcspn(at + blank, ",");
		size_t name = strcspn(at + blank, ",; \t");
		const char *start = at + blank;

		if ((name == 4 && strncasecmp(start, "gzip", 4) == 0) ||
		    (name == 1 && *start == '*'))
			return !quality_is_zero(start + name, start + length);
		at = start + length;
	}
	return false;
}

bool gzip_body(struct strbuf *body)
{
	struct strbuf packed = {0};
	z_stream stream = {0};
	bool smaller = false;

	if (body->length > INT_MAX || deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
						   Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	if (strbuf_reserve(&packed, body->length)) {
		stream.next_in = (Bytef *)body->data;
		stream.avail_in = (uInt)body->length;
		stream.next_out = (Bytef *)packed.data;
		stream.avail_out = (uInt)body->length;
		if (deflate(&stream, Z_FINISH) == Z_STREAM_END) {
			packed.length = stream.total_out;
			smaller = true;
		}
	}
	deflateEnd(&stream);
	if (!smaller) {
		strbuf_release(&packed);
		return false;
	}
	strbuf_release(body);
	*body = packed;
	return true;
}
