#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/ext/xml.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text, *clean;
} cleanings[] = {
	/* OUT-01: control characters become visible. */
	{"a\x1b[31mb\x07", "a\\x1b[31mb\\x07"},
	{"\x7f\xc2\x85", "\\x7f\\x85"},
	{"tab\t line\n return\r", "tab\t line\n return\r"},
	/* OUT-02: what XML does not allow becomes U+FFFD. */
	{"\xef\xbf\xbe\xef\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"\xff\xfe(", "\xef\xbf\xbd\xef\xbf\xbd("},
	{"\xf0\x9f\x98\x80 grin", "\xf0\x9f\x98\x80 grin"},
	/* Text that would turn what follows around. */
	{"a\xe2\x80\xae"
	 "b",
	 "a\\u202eb"},
	{NULL, ""},
};

static void characters_xml_refuses_become_visible(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cleanings); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		extxml_clean(&out, cleanings[i].text, 0);
		assert_string_equal(strbuf_text(&out), cleanings[i].clean);
	}
}

/* A document of one element that holds `text` twice, parsed back by a parser. */
static xmlDocPtr round_trip(const char *text)
{
	AUTO(extxml) struct extxml_writer *writer = extxml_new();
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;
	xmlDocPtr document;

	extxml_start(writer, "a");
	extxml_attribute(writer, "b", text);
	extxml_text(writer, text);
	extxml_end(writer);
	if (extxml_finish(writer, &out, &err) != 0)
		fail_msg("%s", err.message);
	document = xmlReadMemory(out.data, (int)out.length, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(document);
	return document;
}

static void assert_reads_back(const char *text, const char *attribute, const char *content)
{
	xmlDocPtr document = round_trip(text);
	xmlNodePtr root = xmlDocGetRootElement(document);
	xmlChar *value = xmlGetProp(root, (const xmlChar *)"b");
	xmlChar *inner = xmlNodeGetContent(root);

	assert_string_equal((char *)value, attribute);
	assert_string_equal((char *)inner, content);
	xmlFree(value);
	xmlFree(inner);
	xmlFreeDoc(document);
}

static void cdata_end_reads_back__OUT_03(void **state)
{
	(void)state;
	assert_reads_back("x]]>y", "x]]>y", "x]]>y");
}

static void markup_newline_and_tab_read_back__OUT_04(void **state)
{
	const char *text = "<&>\"' line\none\ttab &amp;";

	(void)state;
	assert_reads_back(text, text, text);
}

static void ten_mebibytes_are_clipped_with_a_notice__OUT_05(void **state)
{
	size_t length = (size_t)10 << 20;
	char *text = malloc(length + 1);
	xmlDocPtr document;
	xmlChar *inner;

	(void)state;
	memset(text, 'x', length);
	text[length] = '\0';
	document = round_trip(text);
	inner = xmlNodeGetContent(xmlDocGetRootElement(document));
	assert_in_range(strlen((char *)inner), 64 << 10, (64 << 10) + 64);
	assert_non_null(strstr((char *)inner, "… (clipped, 10485760 bytes)"));
	xmlFree(inner);
	xmlFreeDoc(document);
	free(text);
}

static void clipping_never_splits_a_character__OUT_27(void **state)
{
	(void)state;
	for (size_t limit = 1; limit < 9; limit++) {
		AUTO(strbuf) struct strbuf out = {0};

		extxml_clean(&out, "ä€\xf0\x9f\x98\x80", limit);
		assert_true(xmlCheckUTF8((const xmlChar *)strbuf_text(&out)));
		assert_null(strstr(strbuf_text(&out), "\xef\xbf\xbd"));
		assert_non_null(strstr(strbuf_text(&out), "clipped"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_xml_refuses_become_visible),
		cmocka_unit_test(cdata_end_reads_back__OUT_03),
		cmocka_unit_test(markup_newline_and_tab_read_back__OUT_04),
		cmocka_unit_test(ten_mebibytes_are_clipped_with_a_notice__OUT_05),
		cmocka_unit_test(clipping_never_splits_a_character__OUT_27),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
