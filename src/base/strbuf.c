#include "perfgate/base/strbuf.h"

#include <stdio.h>
#include <string.h>

static size_t maximum(const struct strbuf *buf)
{
	return buf->max_bytes > 0 ? buf->max_bytes : STRBUF_MAX_DEFAULT;
}

/* How much of `extra` may still be appended. */
static size_t room(const struct strbuf *buf, size_t extra)
{
	size_t left = maximum(buf) > buf->length ? maximum(buf) - buf->length : 0;

	return extra < left ? extra : left;
}

static void grow(struct strbuf *buf, size_t extra)
{
	size_t needed = buf->length + extra + 1;
	size_t wanted;

	if (needed <= buf->capacity)
		return;
	wanted = buf->capacity < 32 ? 64 : buf->capacity * 2;
	if (wanted > maximum(buf) + 1)
		wanted = maximum(buf) + 1;
	if (wanted < needed)
		wanted = needed;
	buf->data = xrealloc(buf->data, wanted, 1);
	buf->capacity = wanted;
	buf->data[buf->length] = '\0';
}

void strbuf_append(struct strbuf *buf, const void *bytes, size_t length)
{
	size_t fits = length;

	/* Nothing may be NULL. */
	if (length == 0)
		return;
	/* Requests are rendered here: what has its place already is only copied. */
	if (length >= buf->capacity || buf->length >= buf->capacity - length ||
	    buf->length + length > maximum(buf)) {
		fits = room(buf, length);
		if (fits < length)
			buf->overflow = true;
		if (fits == 0)
			return;
		grow(buf, fits);
	}
	memcpy(buf->data + buf->length, bytes, fits);
	buf->length += fits;
	buf->data[buf->length] = '\0';
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
	strbuf_append(buf, text, strlen(text));
}

void strbuf_putc(struct strbuf *buf, char c)
{
	strbuf_append(buf, &c, 1);
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
	char small[256];
	char *large = NULL;
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(small, sizeof small, format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < sizeof small)
		strbuf_append(buf, small, (size_t)length);
	else if ((length = vasprintf(&large, format, again)) < 0)
		error_out_of_memory();
	else
		strbuf_append(buf, large, (size_t)length);
	va_end(again);
	free(large);
}

bool strbuf_reserve(struct strbuf *buf, size_t extra)
{
	if (room(buf, extra) < extra)
		return false;
	grow(buf, extra);
	return true;
}

void strbuf_clear(struct strbuf *buf)
{
	buf->length = 0;
	buf->overflow = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void strbuf_release(struct strbuf *buf)
{
	free(buf->data);
	*buf = (struct strbuf){.max_bytes = buf->max_bytes};
}

const char *strbuf_text(const struct strbuf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *strbuf_take(struct strbuf *buf)
{
	char *text = buf->data != NULL ? buf->data : xstrdup("");

	*buf = (struct strbuf){.max_bytes = buf->max_bytes};
	return text;
}
