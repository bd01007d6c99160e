/* Values made from schemas, and parameters as they stand in a URL. */
#include "perfgate/discover/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
	json_t *json = NULL;
	struct error err = ERROR_INIT;

	if (extjson_parse(text, strlen(text), 1 << 20, ERROR_USAGE, &json, &err))
		fail_msg("%s: %s", text, err.message);
	return json;
}

#define DEFINITIONS                                                                                \
	"\"defs\":{\"item\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}}" \
	","                                                                                        \
	"\"loop\":{\"type\":\"object\",\"required\":[\"next\"],"                                   \
	"\"properties\":{\"next\":{\"$ref\":\"#/defs/loop\"}}},"                                   \
	"\"a/b\":{\"const\":7},"                                                                   \
	"\"round\":{\"$ref\":\"#/defs/round\"}}"

static void bodies_fit_their_schema(void **state)
{
	static const struct {
		const char *schema, *value; /* NULL: none can be made */
	} rows[] = {
		{"{\"type\":\"string\"}", "\"example\""},
		{"{\"type\":\"string\",\"minLength\":10}", "\"exampleexample\""},
		{"{\"type\":\"string\",\"maxLength\":3}", "\"exa\""},
		{"{\"type\":\"string\",\"format\":\"uuid\"}", "\"${uuid}\""},
		{"{\"type\":\"string\",\"format\":\"date\"}", "\"${date(0d)}\""},
		{"{\"type\":\"integer\",\"minimum\":5}", "5"},
		{"{\"type\":\"integer\",\"exclusiveMinimum\":5}", "6"},
		{"{\"type\":\"integer\",\"maximum\":-3}", "-3"},
		{"{\"type\":\"number\",\"minimum\":-90,\"maximum\":90}", "0"},
		{"{\"type\":\"boolean\"}", "true"},
		{"{\"type\":[\"null\",\"integer\"]}", "1"},
		{"{\"enum\":[\"a\",\"b\"]}", "\"a\""},
		{"{\"example\":{\"x\":[1,2]}}", "{\"x\":[1,2]}"},
		{"{\"examples\":[3,4]}", "3"},
		{"{\"default\":\"d\",\"type\":\"string\"}", "\"d\""},
		{"{\"example\":\"costs ${price}\"}", "\"costs $${price}\""},
		{"{\"example\":\"a\\u0007b\"}", "\"a b\""},
		{"{\"type\":\"array\",\"minItems\":2,\"items\":{\"type\":\"integer\"}}", "[1,1]"},
		{"{\"type\":\"array\"}", "[]"},
		{"{\"$ref\":\"#/defs/item\"}", "{\"name\":\"example\"}"},
		{"{\"$ref\":\"#/defs/a~1b\"}", "7"},
		{"{\"$ref\":\"#/defs/loop\"}", NULL},
		{"{\"$ref\":\"#/defs/round\"}", NULL},
		{"{\"$ref\":\"#/defs/absent\"}", NULL},
		{"{\"$ref\":\"http://elsewhere/x\"}", NULL},
		{"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "1"},
		{"{\"allOf\":[{\"$ref\":\"#/defs/item\"},{\"type\":\"object\",\"properties\":"
		 "{\"n\":{\"type\":\"integer\"}}}]}",
		 "{\"n\":1,\"name\":\"example\"}"},
		{"{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":"
		 "\"integer\"},\"b\":{\"type\":\"integer\"}}}",
		 "{\"a\":1}"},
		{"{\"properties\":{\"id\":{\"readOnly\":true},\"x${y}\":{},\"\":{}}}", "{}"},
		{"{\"properties\":{\"password\":{\"type\":\"string\",\"example\":\"hunter2\"}}}",
		 "{\"password\":\"example\"}"},
		{"{\"example\":{\"api_token\":\"hunter2\"}}", "{\"api_token\":\"example\"}"},
		{"7", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_FREE char *text =
			xasprintf("{\"media\":{\"schema\":%s}," DEFINITIONS "}", rows[i].schema);
		AUTO_JSON json_t *root = parse(text);
		AUTO_JSON json_t *value = sample_media(root, json_object_get(root, "media"));
		AUTO(strbuf) struct strbuf shown = {0};

		if (!rows[i].value) {
			if (value)
				fail_msg("%s has a value", rows[i].schema);
			continue;
		}
		if (!value)
			fail_msg("%s has no value", rows[i].schema);
		extjson_dump_canonical(value, &shown);
		assert_string_equal(strbuf_text(&shown), rows[i].value);
	}
}

static void parameters_stand_in_a_url(void **state)
{
	static const struct {
		const char *parameter, *text; /* NULL: none can be made */
	} rows[] = {
		{"{\"name\":\"id\",\"schema\":{\"type\":\"integer\"}}", "${int(1..100)}"},
		{"{\"name\":\"id\",\"schema\":{\"type\":\"integer\",\"minimum\":7,\"maximum\":9}}",
		 "${int(7..9)}"},
		{"{\"name\":\"id\",\"schema\":{\"type\":\"integer\",\"maximum\":-5}}",
		 "${int(-5..-5)}"},
		{"{\"name\":\"userId\",\"schema\":{\"type\":\"string\"}}", "${int(1..100)}"},
		{"{\"name\":\"x\",\"type\":\"integer\"}", "${int(1..100)}"},
		{"{\"name\":\"x\",\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}}",
		 "${uuid}"},
		{"{\"name\":\"x\",\"schema\":{\"enum\":[\"a\",\"b-c\"]}}", "${choice(a, b-c)}"},
		{"{\"name\":\"x\",\"schema\":{\"enum\":[\"a, b\",\"c)\"]}}", "a%2C%20b"},
		{"{\"name\":\"x\",\"example\":\"a b/c?&#${uuid}\"}",
		 "a%20b%2Fc%3F%26%23%24%7Buuid%7D"},
		{"{\"name\":\"x\",\"example\":\"\xc3\xa4\"}", "%C3%A4"},
		{"{\"name\":\"x\",\"example\":2.5}", "2.5"},
		{"{\"name\":\"x\",\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"boolean\"}}"
		 "}",
		 "true"},
		{"{\"name\":\"token\",\"schema\":{\"type\":\"string\",\"example\":\"hunter2\"}}",
		 "example"},
		{"{\"name\":\"author_id\",\"schema\":{\"type\":\"integer\"}}", "${int(1..100)}"},
		{"{\"name\":\"x\",\"schema\":{\"type\":\"object\"}}", NULL},
		{"{\"name\":\"x\",\"example\":{\"a\":1}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_JSON json_t *parameter = parse(rows[i].parameter);
		AUTO(strbuf) struct strbuf out = {0};
		bool made = sample_parameter(parameter, parameter, &out);

		if (made != (rows[i].text != NULL))
			fail_msg("%s: %s", rows[i].parameter, strbuf_text(&out));
		if (made)
			assert_string_equal(strbuf_text(&out), rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_fit_their_schema),
		cmocka_unit_test(parameters_stand_in_a_url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
