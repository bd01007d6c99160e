/* RFC 4648, section 4. */
#include "perfgate/base/text.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_base64(const void *bytes, size_t length, struct strbuf *out)
{
	const unsigned char *in = bytes;

	for (size_t i = 0; i < length; i += 3) {
		size_t n = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)in[i] << 16;
		char text[4];

		group |= n > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		group |= n > 2 ? in[i + 2] : 0;
		text[0] = digits[group >> 18];
		text[1] = digits[group >> 12 & 63];
		text[2] = n > 1 ? digits[group >> 6 & 63] : '=';
		text[3] = n > 2 ? digits[group & 63] : '=';
		strbuf_append(out, text, sizeof text);
	}
}
