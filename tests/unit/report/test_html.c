#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/render.h"
#include "sample_table.h"

#include <libxml/HTMLparser.h>

static void render(const struct run *run, struct strbuf *out)
{
	struct error err = ERROR_INIT;

	if (html_render(run, out, &err) != 0)
		fail_msg("%s", err.message);
}

static htmlDocPtr parse(const struct strbuf *text)
{
	htmlDocPtr document =
		htmlReadMemory(text->data, (int)text->length, NULL, "UTF-8",
			       HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET);

	assert_non_null(document);
	return document;
}

static void samples_are_as_in_the_golden_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO_FREE char *name = xasprintf("report/report-%s.html", samples[i].name);
		AUTO(strbuf) struct strbuf out = {0};

		render(run, &out);
		golden_check(name, &out);
	}
}

/* Jenkins drops scripts and styles inside the page; nothing may be loaded from elsewhere. */
static void assert_attributes_are_harmless(xmlNodePtr node)
{
	for (xmlAttrPtr attribute = node->properties; attribute != NULL;
	     attribute = attribute->next) {
		const char *name = (const char *)attribute->name;
		xmlChar *value = xmlGetProp(node, attribute->name);

		assert_false(text_starts_with(name, "on"));
		assert_string_not_equal(name, "style");
		assert_string_not_equal(name, "src");
		if (strcmp(name, "href") == 0 && value[0] != '#')
			assert_string_equal((char *)value, "report.css");
		xmlFree(value);
	}
}

static void assert_harmless(xmlNodePtr node)
{
	static const char *const forbidden[] = {"script", "style", "iframe", "img", "object",
						"embed",  "form",  "base",   "link"};

	for (; node != NULL; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
			if (strcmp((const char *)node->name, forbidden[i]) == 0)
				assert_string_equal((const char *)node->parent->name, "head");
		assert_string_not_equal((const char *)node->name, "script");
		assert_string_not_equal((const char *)node->name, "style");
		assert_attributes_are_harmless(node);
		assert_harmless(node->children);
	}
}

static void pages_run_and_load_nothing__OUT_08_OUT_10_OUT_11(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		htmlDocPtr document;

		render(run, &out);
		assert_non_null(strstr(out.data, "content=\"default-src 'none'; style-src 'self'; "
						 "img-src 'self'\""));
		document = parse(&out);
		assert_harmless(xmlDocGetRootElement(document));
		xmlFreeDoc(document);
	}
}

static void hostile_names_are_literal_text__OUT_08_OUT_13(void **state)
{
	static const char *const literals[] = {SAMPLE_SCRIPT, SAMPLE_BRANCH, SAMPLE_CSV,
					       "abc\\u202edef", "<img src=x onerror=alert(1)>"};
	AUTO(run) struct run *run = sample_hostile();
	AUTO(strbuf) struct strbuf out = {0};
	htmlDocPtr document;
	xmlChar *content;

	(void)state;
	render(run, &out);
	document = parse(&out);
	content = xmlNodeGetContent(xmlDocGetRootElement(document));
	for (size_t i = 0; i < ARRAY_SIZE(literals); i++)
		assert_non_null(strstr((const char *)content, literals[i]));
	xmlFree(content);
	xmlFreeDoc(document);
}

static void the_verdict_comes_first_in_words_and_symbol(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO_FREE char *heading = xasprintf("<h1>%s", figures_word(run->verdict.outcome));
		AUTO(strbuf) struct strbuf out = {0};
		const char *first;

		render(run, &out);
		first = strstr(out.data, "<h1>");
		assert_true(text_starts_with(first, heading));
		assert_null(strstr(first + 1, "<h1>"));
		assert_true(strstr(out.data, "<h2") == NULL || strstr(out.data, "<h2") > first);
		assert_non_null(strstr(out.data, figures_symbol(run->verdict.outcome)));
	}
}

static void an_interrupted_run_is_no_plain_pass(void **state)
{
	AUTO(run) struct run *run = sample_interrupted();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	render(run, &out);
	assert_non_null(strstr(out.data, "<h1>passed, interrupted</h1>"));
	assert_null(strstr(out.data, "class=\"verdict pass\""));
}

/* Every class the page uses has a rule, so that none is misspelt. */
static void classes_are_known_to_the_stylesheet(void **state)
{
	AUTO(run) struct run *run = sample_failing();
	AUTO(strbuf) struct strbuf page = {0}, css = {0};
	struct error err = ERROR_INIT;

	(void)state;
	render(run, &page);
	assert_int_equal(html_render_css(run, &css, &err), 0);
	for (char *at = page.data; (at = strstr(at, " class=\"")) != NULL;) {
		char *name = at + strlen(" class=\"");
		size_t length = strcspn(name, "\" ");
		AUTO_FREE char *rule = xasprintf(".%.*s", (int)length, name);

		at = name + length;
		if (strcmp(rule, ".scenario") != 0 && strcmp(rule, ".endpoint") != 0 &&
		    strcmp(rule, ".excess") != 0 && strstr(css.data, rule) == NULL)
			fail_msg("report.css has no %s", rule);
	}
	assert_null(strstr(css.data, "@import"));
	assert_null(strstr(css.data, "url("));
}

static void many_scenarios_have_a_table_of_contents(void **state)
{
	AUTO(run) struct run *run = sample_measured(10);
	AUTO(strbuf) struct strbuf few = {0}, many = {0};
	const struct sample_endpoint plan = {"GET /", 20, 5, .4};

	(void)state;
	render(run, &few);
	assert_null(strstr(few.data, "<nav"));
	sample_scenario(run, SAMPLE_SCRIPT, NULL, &plan, 1, 20);
	render(run, &many);
	assert_non_null(strstr(many.data, "<a href=\"#scenario-3\">&lt;script&gt;"));
	assert_non_null(strstr(many.data, "<h2 id=\"scenario-3\">"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_as_in_the_golden_files),
		cmocka_unit_test(pages_run_and_load_nothing__OUT_08_OUT_10_OUT_11),
		cmocka_unit_test(hostile_names_are_literal_text__OUT_08_OUT_13),
		cmocka_unit_test(the_verdict_comes_first_in_words_and_symbol),
		cmocka_unit_test(an_interrupted_run_is_no_plain_pass),
		cmocka_unit_test(many_scenarios_have_a_table_of_contents),
		cmocka_unit_test(classes_are_known_to_the_stylesheet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
