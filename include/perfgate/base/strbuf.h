/*
 * Growing byte buffer with a maximum, always NUL-terminated.
 *
 * `max_bytes` is a promise about input: appending beyond it appends what
 * still fits and sets `overflow`, which stays set, so that a writer checks
 * once at the end. 0 means STRBUF_MAX_DEFAULT. Bytes may contain NUL.
 */
#ifndef PERFGATE_BASE_STRBUF_H
#define PERFGATE_BASE_STRBUF_H

#include "perfgate/base/mem.h"

#include <stdbool.h>
#include <stddef.h>

#define STRBUF_MAX_DEFAULT ((size_t)64 << 20)

/* Zero-initialised is a valid empty buffer; `data` may be NULL until the first append. */
struct strbuf {
	char *data;
	size_t length;
	size_t capacity;
	size_t max_bytes;
	bool overflow;
};

void strbuf_append(struct strbuf *buf, const void *bytes, size_t length);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_putc(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *format, ...) PG_PRINTF(2, 3);

/* Make sure `extra` more bytes can be written at data + length (then raise length); true if so. */
bool strbuf_reserve(struct strbuf *buf, size_t extra);

/* Length 0; memory is kept, overflow cleared. */
void strbuf_clear(struct strbuf *buf);
void strbuf_release(struct strbuf *buf);

/* The text, never NULL; borrowed until the next change. */
const char *strbuf_text(const struct strbuf *buf);

/* Hand the heap string over (never NULL); the buffer is empty afterwards. */
char *strbuf_take(struct strbuf *buf);
DEFINE_AUTO_VALUE(strbuf, struct strbuf, strbuf_release)

#endif
