/*
 * What libxml2 lacks: its writer emits control characters, invalid UTF-8 and
 * non-characters that its own parser then refuses, so all text is cleaned
 * before it gets there. The writer's functions cannot fail here: it writes to
 * memory, and running out of memory ends the process.
 *
 * A started document is ended by extxml_finish(), which checks that what was
 * written parses again.
 */
#ifndef PERFGATE_EXT_XML_H
#define PERFGATE_EXT_XML_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"

#include <stdbool.h>

struct extxml_writer;

/*
 * Append text of which XML 1.0 (https://www.w3.org/TR/xml/#charsets) allows every
 * character: tab, line feed and carriage return stay, other control characters and
 * bidi marks become visible (\x1b, \u202e), invalid UTF-8 and
 * non-characters U+FFFD. At most `limit` bytes of the text are taken, cut at a code
 * point with a notice; 0 = no limit. NULL is "".
 */
void extxml_clean(struct strbuf *out, const char *text, size_t limit);

struct extxml_writer *extxml_new(void);
void extxml_free(struct extxml_writer *writer);
DEFINE_AUTO(extxml, struct extxml_writer *, extxml_free)

/* Names are ours; values are cleaned and clipped at 64 KiB. */
void extxml_start(struct extxml_writer *writer, const char *element);
void extxml_end(struct extxml_writer *writer);
void extxml_attribute(struct extxml_writer *writer, const char *name, const char *value);
void extxml_text(struct extxml_writer *writer, const char *text);

/* End the document and append it; ERROR_INTERNAL when it does not parse. */
PG_MUST_CHECK int extxml_finish(struct extxml_writer *writer, struct strbuf *out,
				struct error *err);

#endif
