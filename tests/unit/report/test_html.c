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
#include <libxml/xpath.h>

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
	AUTO(run) struct run *compared = sample_compared();
	AUTO(strbuf) struct strbuf page = {0}, css = {0};
	struct error err = ERROR_INIT;

	(void)state;
	render(run, &page);
	render(compared, &page);
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

/* ---- the content, as a reader of the document finds it ---- */

struct page {
	htmlDocPtr document;
	xmlXPathContextPtr context;
};

static void page_release(struct page *page)
{
	xmlXPathFreeContext(page->context);
	xmlFreeDoc(page->document);
}
DEFINE_AUTO_VALUE(page, struct page, page_release)

static struct page page_of(const struct run *run)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct page page;

	render(run, &out);
	page.document = parse(&out);
	page.context = xmlXPathNewContext(page.document);
	return page;
}

static double number_of(const struct page *page, const char *expression)
{
	xmlXPathObjectPtr found = xmlXPathEval((const xmlChar *)expression, page->context);
	double value;

	if (found == NULL)
		fail_msg("%s is no XPath expression", expression);
	value = xmlXPathCastToNumber(found);
	xmlXPathFreeObject(found);
	return value;
}

/* boolean(EXPRESSION) is true; says which when it is not. */
static void assert_holds(const struct page *page, const char *expression)
{
	AUTO_FREE char *question = xasprintf("number(boolean(%s))", expression);

	if (!(number_of(page, question) > 0))
		fail_msg("not so: %s", expression);
}

static void a_report_has_its_parts_in_the_order_in_which_they_matter(void **state)
{
	static const char *const parts[] = {
		"//header[1]/following::h2[1][starts-with(.,'What needs attention')]",
		"//h2[.='What needs attention, and why']/following::p[@class='next']",
		"//p[@class='next']/following::dl[@class='facts']",
		"//dl[@class='facts']/following::h2[.='Gates']",
		"//h2[.='Gates']/following::h2[.='smoke']",
		"//h2[.='smoke']/following::details[@class='environment']",
	};
	AUTO(run) struct run *run = sample_failing();
	AUTO(page) struct page page = page_of(run);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		assert_holds(&page, parts[i]);
}

static void every_cell_stands_in_the_table_of_gates(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(page) struct page page = page_of(run);
		double gates = 0;

		for (size_t j = 0; j < run->verdict.n_cells; j++)
			gates += run->verdict.cells[j].regression == NULL;
		assert_float_equal(number_of(&page,
					     "count(//section[@aria-label='Gates']//tbody/tr)"),
				   gates, 0);
	}
}

static void charts_stand_beside_their_figures(void **state)
{
	static const char *const facts[] = {
		/* each in two widths */
		"count(//figure/svg[starts-with(@aria-label,'smoke: latency percentiles')])=2",
		"count(//svg[starts-with(@aria-label,'smoke: the load')])=2",
		"count(//svg[starts-with(@aria-label,'smoke: latency by percentile')])=2",
		"count(//section[@aria-label='smoke: second by second']//tbody/tr)=20",
		"//section[@aria-label='smoke: percentiles']//tr[th='95%'][td[1]='64.9']",
		"//section[@aria-label='smoke: percentiles']//tr[th='max'][td[3]!='']",
		"count(//div[@class='multiples'])=1",
		"count(//div[@class='multiples']/figure/svg)=6",
		"count(//section[@aria-label='smoke: history']//tbody/tr)=7",
		("//section[@aria-label='smoke: history']//tbody/tr[1][th='this run'][td[2]='64.9 "
		 "ms']"),
		"count(//section[@aria-label='smoke: endpoints']//svg[@class='spark'])=5",
		("count(//section[@aria-label='smoke: where the time "
		 "goes']//tr[1]//svg[@class='bar'])=4"),
		"//h4[.='Load generator']/following-sibling::dl//dt[.='Longest stall']",
		"//h4[.='Machine']/following-sibling::dl//dt[.='CPU pressure']",
		"//h4[.='Target']/following-sibling::dl//dt[.='CPU']",
	};
	AUTO(run) struct run *run = sample_passing();
	AUTO(page) struct page page = page_of(run);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		assert_holds(&page, facts[i]);
	/* Every picture has words for those who do not see it. */
	assert_holds(&page, "not(//svg[not(@aria-label) and not(@aria-hidden)])");
}

static void what_differs_from_the_baselines_machine_is_shown_unfolded(void **state)
{
	AUTO(run) struct run *run = sample_passing();
	AUTO(run) struct run *alone = sample_failing();
	AUTO(page) struct page with = page_of(run), without = page_of(alone);

	(void)state;
	assert_holds(&with,
		     "//details[@class='environment'][@open]/summary[contains(.,'1 difference')]");
	assert_holds(&with, "//tr[@class='differs'][th='kernel'][td[1]='6.1.0-21-amd64']"
			    "[starts-with(td[2],'6.1.0-18-amd64')]");
	assert_holds(&with, "count(//tr[@class='differs'])=1");
	assert_holds(&without, "//details[@class='environment'][not(@open)]");
	assert_holds(&without, "count(//details[@class='environment']//thead//th)=2");
	assert_holds(&without, "not(//div[@class='multiples'])");
}

/* An hour each, twelve endpoints, twenty baselines. */
static void five_long_scenarios_fit_in_a_megabyte(void **state)
{
	static const char *const names[] = {"smoke", "load", "stress", "spike", "endurance"};
	static const struct past_run runs[20];
	struct sample_endpoint plan[12];
	AUTO(run) struct run *run = sample_bare();
	AUTO(strbuf) struct strbuf page = {0}, css = {0};
	struct past_values *values = xcalloc(ARRAY_SIZE(names) * 18, sizeof *values);
	double *figures = xcalloc(ARRAY_SIZE(runs), sizeof *figures);
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		figures[i] = 1234.5678 + (double)(i * 7 % 5);
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++)
		plan[i] = (struct sample_endpoint){
			arena_printf(&run->arena, "POST /a/rather/long/path/number/%zu", i), 200,
			20.0 + (double)i, .6};
	run->past = (struct run_past){.runs = runs, .n_runs = ARRAY_SIZE(runs), .values = values};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct scenario_result *scenario;

		sample_scenario(run, names[i], NULL, plan, ARRAY_SIZE(plan), 3600);
		scenario = &run->scenarios[i];
		for (size_t j = 0; j < METRIC_COUNT + ARRAY_SIZE(plan); j++)
			values[run->past.n_values++] =
				(struct past_values){names[i],
						     j < METRIC_COUNT ? "total"
								      : plan[j - METRIC_COUNT].name,
						     j < METRIC_COUNT ? (enum metric)j : METRIC_P95,
						     0,
						     figures,
						     1300};
		for (size_t j = 0; j < METRIC_COUNT; j++)
			sample_cell(run, scenario->name, (enum metric)j, 10, 2000, OUTCOME_PASS);
	}
	render(run, &page);
	assert_int_equal(html_render_css(run, &css, &err), 0);
	assert_in_range(page.length + css.length, 200000, (size_t)1 << 20);
	free(figures);
	free(values);
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
		cmocka_unit_test(a_report_has_its_parts_in_the_order_in_which_they_matter),
		cmocka_unit_test(every_cell_stands_in_the_table_of_gates),
		cmocka_unit_test(charts_stand_beside_their_figures),
		cmocka_unit_test(what_differs_from_the_baselines_machine_is_shown_unfolded),
		cmocka_unit_test(five_long_scenarios_fit_in_a_megabyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
