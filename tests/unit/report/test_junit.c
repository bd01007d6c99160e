#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "perfgate/report/render.h"
#include "sample_table.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>

static void render(const struct run *run, struct strbuf *out)
{
	struct error err = ERROR_INIT;

	if (junit_render(run, out, &err) != 0)
		fail_msg("%s", err.message);
}

static xmlDocPtr parse(const struct strbuf *text)
{
	xmlDocPtr document =
		xmlReadMemory(text->data, (int)text->length, NULL, NULL, XML_PARSE_NONET);

	assert_non_null(document);
	return document;
}

/* How many elements called `name` there are among `node`, its siblings and below. */
static int count_elements(xmlNodePtr node, const char *name)
{
	int count = 0;

	for (; node != NULL; node = node->next) {
		count += node->type == XML_ELEMENT_NODE &&
			 strcmp((const char *)node->name, name) == 0;
		count += count_elements(node->children, name);
	}
	return count;
}

static int number(xmlNodePtr node, const char *attribute)
{
	xmlChar *text = xmlGetProp(node, (const xmlChar *)attribute);
	int value = text != NULL ? (int)strtol((const char *)text, NULL, 10) : -1;

	xmlFree(text);
	return value;
}

static void samples_are_as_in_the_golden_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO_FREE char *name = xasprintf("report/junit-%s.xml", samples[i].name);
		AUTO(strbuf) struct strbuf out = {0};

		render(run, &out);
		golden_check(name, &out);
	}
}

static void documents_are_valid_by_the_schema(void **state)
{
	xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewParserCtxt("tests/harness/junit.rng");
	xmlRelaxNGPtr schema = xmlRelaxNGParse(parser);

	(void)state;
	assert_non_null(schema);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		xmlRelaxNGValidCtxtPtr context = xmlRelaxNGNewValidCtxt(schema);
		xmlDocPtr document;

		render(run, &out);
		document = parse(&out);
		if (xmlRelaxNGValidateDoc(context, document) != 0)
			fail_msg("%s is not valid", samples[i].name);
		xmlFreeDoc(document);
		xmlRelaxNGFreeValidCtxt(context);
	}
	xmlRelaxNGFree(schema);
	xmlRelaxNGFreeParserCtxt(parser);
}

static void assert_counts(xmlNodePtr node)
{
	assert_int_equal(number(node, "tests"), count_elements(node->children, "testcase"));
	assert_int_equal(number(node, "failures"), count_elements(node->children, "failure"));
	assert_int_equal(number(node, "errors"), count_elements(node->children, "error"));
	assert_int_equal(number(node, "skipped"), count_elements(node->children, "skipped"));
	assert_true(number(node, "tests") > 0);
}

static void counts_agree_with_the_cases_and_are_never_zero__OUT_07(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		xmlDocPtr document;
		xmlNodePtr root;

		render(run, &out);
		document = parse(&out);
		root = xmlDocGetRootElement(document);
		assert_counts(root);
		for (xmlNodePtr suite = root->children; suite != NULL; suite = suite->next)
			if (suite->type == XML_ELEMENT_NODE)
				assert_counts(suite);
		xmlFreeDoc(document);
	}
}

/* What a CI server makes of each: red (failures or errors) exactly when perfgate says so. */
static const struct {
	const char *sample;
	int failures, errors, skipped;
} expected[] = {
	{"passing", 0, 0, 0},	   {"failing", 2, 0, 0},    {"compared", 1, 0, 1},
	{"inconclusive", 0, 0, 2}, {"unmeasured", 0, 2, 0}, {"interrupted", 0, 1, 0},
	{"skipped", 0, 0, 1},	   {"nothing", 0, 1, 0},    {"advisory", 0, 0, 2},
	{"hostile", 2, 0, 0},
};

static void outcomes_become_the_states_of_ci_servers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		AUTO(run) struct run *run = samples[i].make();
		AUTO(strbuf) struct strbuf out = {0};
		xmlDocPtr document;
		xmlNodePtr root;

		assert_string_equal(samples[i].name, expected[i].sample);
		render(run, &out);
		document = parse(&out);
		root = xmlDocGetRootElement(document);
		assert_int_equal(number(root, "failures"), expected[i].failures);
		assert_int_equal(number(root, "errors"), expected[i].errors);
		assert_int_equal(number(root, "skipped"), expected[i].skipped);
		xmlFreeDoc(document);
	}
}

static void a_warning_is_skipped_not_failed(void **state)
{
	AUTO(run) struct run *run = sample_failing();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->verdict.cells[0].warn = true;
	run->verdict.cells[2].warn = true;
	run->verdict.outcome = OUTCOME_PASS;
	render(run, &out);
	assert_null(strstr(out.data, "<failure"));
	assert_non_null(
		strstr(out.data, "<skipped message=\"advisory, would have failed: smoke p95"));
}

static void a_failure_without_a_cell_still_fails(void **state)
{
	AUTO(run) struct run *run = sample_bare();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->verdict.outcome = OUTCOME_FAIL;
	run->verdict.reason = "something else";
	render(run, &out);
	assert_non_null(strstr(out.data, "<failure type=\"limit\" message=\"something else\""));
}

static void names_are_stable_and_without_figures(void **state)
{
	AUTO(run) struct run *run = sample_failing();
	AUTO(strbuf) struct strbuf out = {0};

	(void)state;
	run->verdict.cells[0].regression = &(struct regression){.finding = "regression"};
	render(run, &out);
	assert_non_null(
		strstr(out.data,
		       "<testcase classname=\"perfgate.smoke\" name=\"total p95 regression\" "
		       "time=\"5.000\" file=\"ci_cd_config.yml\" line=\"5\">"));
	assert_non_null(strstr(out.data, "<failure type=\"regression\""));
	assert_non_null(strstr(out.data, "name=\"total error_rate\""));
}

static void hostile_text_reads_back__OUT_01_02_03_04(void **state)
{
	AUTO(run) struct run *run = sample_hostile();
	AUTO(strbuf) struct strbuf out = {0};
	xmlDocPtr document;
	xmlNodePtr suite, test;
	xmlChar *name;

	(void)state;
	render(run, &out);
	assert_null(strpbrk(out.data, "\x1b\x07\x01"));
	document = parse(&out);
	suite = xmlFirstElementChild(xmlDocGetRootElement(document));
	test = xmlFirstElementChild(suite);
	name = xmlGetProp(suite, (const xmlChar *)"name");
	assert_string_equal((char *)name, SAMPLE_SCRIPT);
	xmlFree(name);
	name = xmlGetProp(test, (const xmlChar *)"name");
	assert_string_equal((char *)name, "POST /a,\"b\"\nline two\ttab p95");
	xmlFree(name);
	xmlFreeDoc(document);
}

static void ten_mebibytes_of_reason_are_clipped__OUT_05(void **state)
{
	AUTO(run) struct run *run = sample_failing();
	AUTO(strbuf) struct strbuf out = {0};
	size_t length = (size_t)10 << 20;
	AUTO_FREE char *reason = xcalloc(length + 1, 1);

	(void)state;
	memset(reason, '<', length);
	run->verdict.cells[0].reason = reason;
	render(run, &out);
	assert_true(out.length < (1 << 20));
	assert_non_null(strstr(out.data, "clipped"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_as_in_the_golden_files),
		cmocka_unit_test(documents_are_valid_by_the_schema),
		cmocka_unit_test(counts_agree_with_the_cases_and_are_never_zero__OUT_07),
		cmocka_unit_test(outcomes_become_the_states_of_ci_servers),
		cmocka_unit_test(a_warning_is_skipped_not_failed),
		cmocka_unit_test(a_failure_without_a_cell_still_fails),
		cmocka_unit_test(names_are_stable_and_without_figures),
		cmocka_unit_test(hostile_text_reads_back__OUT_01_02_03_04),
		cmocka_unit_test(ten_mebibytes_of_reason_are_clipped__OUT_05),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
