#include "perfgate/ext/xml.h"

#include "perfgate/base/text.h"

#include <libxml/parser.h>
#include <libxml/xmlwriter.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define TEXT_MAX ((size_t)64 << 10)

struct extxml_writer {
	xmlBufferPtr buffer;
	xmlTextWriterPtr writer;
};

static bool is_bidi_mark(uint32_t c)
{
	return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static bool is_control(uint32_t c)
{
	if (c == '\t' || c == '\n' || c == '\r')
		return false;
	return c < 0x20 || (c >= 0x7F && c <= 0x9F);
}

static bool is_non_character(uint32_t c)
{
	return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

static void clean_one(struct strbuf *out, const char *bytes, size_t length, uint32_t c)
{
	if (length == 0 || is_non_character(c))
		strbuf_puts(out, "\xEF\xBF\xBD");
	else if (is_control(c))
		strbuf_printf(out, "\\x%02x", (unsigned)c);
	else if (is_bidi_mark(c))
		strbuf_printf(out, "\\u%04x", (unsigned)c);
	else
		strbuf_append(out, bytes, length);
}

void extxml_clean(struct strbuf *out, const char *text, size_t limit)
{
	size_t length = text != NULL ? strlen(text) : 0;
	size_t at = 0;

	while (at < length) {
		uint32_t c = 0;
		size_t step = text_utf8_sequence(text + at, length - at, &c);

		if (limit != 0 && at + (step == 0 ? 1 : step) > limit) {
			strbuf_printf(out, "… (clipped, %zu bytes)", length);
			return;
		}
		clean_one(out, text + at, step, c);
		at += step == 0 ? 1 : step;
	}
}

/* libxml2 prints a line of its own for each allocation that fails, and goes on with what it has. */
static void use_own_memory(void)
{
	xmlMemSetup(free, xmalloc, xresize, xstrdup);
}

struct extxml_writer *extxml_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct extxml_writer *writer = xcalloc(1, sizeof *writer);

	pthread_once(&once, use_own_memory);
	writer->buffer = xmlBufferCreate();
	if (writer->buffer != NULL)
		writer->writer = xmlNewTextWriterMemory(writer->buffer, 0);
	if (writer->writer == NULL)
		error_out_of_memory();
	xmlTextWriterSetIndent(writer->writer, 1);
	xmlTextWriterStartDocument(writer->writer, NULL, "UTF-8", NULL);
	return writer;
}

void extxml_free(struct extxml_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->writer != NULL)
		xmlFreeTextWriter(writer->writer);
	xmlBufferFree(writer->buffer);
	free(writer);
}

/* BAD_CAST drops const. */
static const xmlChar *chars(const char *text)
{
	return (const xmlChar *)text;
}

/* The writer writes to memory: all that can fail is the allocation. */
static void must(int written)
{
	if (written < 0)
		error_out_of_memory();
}

void extxml_start(struct extxml_writer *writer, const char *element)
{
	must(xmlTextWriterStartElement(writer->writer, chars(element)));
}

void extxml_end(struct extxml_writer *writer)
{
	must(xmlTextWriterEndElement(writer->writer));
}

void extxml_attribute(struct extxml_writer *writer, const char *name, const char *value)
{
	AUTO(strbuf) struct strbuf clean = {0};

	extxml_clean(&clean, value, TEXT_MAX);
	must(xmlTextWriterWriteAttribute(writer->writer, chars(name), chars(strbuf_text(&clean))));
}

void extxml_text(struct extxml_writer *writer, const char *text)
{
	AUTO(strbuf) struct strbuf clean = {0};

	extxml_clean(&clean, text, TEXT_MAX);
	must(xmlTextWriterWriteString(writer->writer, chars(strbuf_text(&clean))));
}

static bool parses(const xmlBuffer *buffer)
{
	xmlDocPtr document =
		xmlReadMemory((const char *)buffer->content, (int)buffer->use, NULL, "UTF-8",
			      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
				      XML_PARSE_HUGE);
	bool good = document != NULL;

	xmlFreeDoc(document);
	return good;
}

int extxml_finish(struct extxml_writer *writer, struct strbuf *out, struct error *err)
{
	must(xmlTextWriterEndDocument(writer->writer));
	must(xmlTextWriterFlush(writer->writer));
	if (!parses(writer->buffer))
		return error_set(err, ERROR_INTERNAL, "the XML written does not parse again");
	strbuf_append(out, writer->buffer->content, writer->buffer->use);
	return 0;
}
