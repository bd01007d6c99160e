#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/ext/json.h"

#include <math.h>
#include <string.h>

/* OOM-05: where jansson gives NULL without errno */
static void values_that_json_cannot_hold_become_null(void **state)
{
	AUTO_JSON json_t *object = extjson_object();
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	extjson_set(object, "nan", extjson_real(NAN));
	extjson_set(object, "inf", extjson_rounded(-INFINITY, 3));
	extjson_set(object, "none", extjson_string(NULL));
	extjson_set(object, "absent", NULL);
	extjson_set(object, "bytes",
		    extjson_string("a\xff"
				   "b"));
	extjson_dump_canonical(object, &text);
	assert_string_equal(text.data, "{\"absent\":null,\"bytes\":\"a\xef\xbf\xbd"
				       "b\",\"inf\":null,"
				       "\"nan\":null,\"none\":null}");
}

static void numbers_stay_readable(void **state)
{
	AUTO_JSON json_t *array = extjson_array();
	AUTO(strbuf) struct strbuf text = {0};

	(void)state;
	extjson_append(array, extjson_real(0.1));
	extjson_append(array, extjson_rounded(1234.5678, 5));
	extjson_append(array, extjson_rounded(2.0 / 3, 3));
	extjson_append(array, extjson_integer(INT64_C(1) << 60));
	extjson_append(array, NULL);
	extjson_dump_canonical(array, &text);
	assert_string_equal(text.data, "[0.1,1234.6,0.667,1152921504606846976,null]");
}

static void the_canonical_form_survives_a_round_trip(void **state)
{
	AUTO_JSON json_t *value = extjson_object();
	AUTO_JSON json_t *again = NULL;
	AUTO(strbuf) struct strbuf first = {0};
	AUTO(strbuf) struct strbuf pretty = {0};
	AUTO(strbuf) struct strbuf second = {0};
	struct error err = ERROR_INIT;

	(void)state;
	extjson_set(value, "z", extjson_real(1.0 / 3));
	extjson_set(value, "a", extjson_real(2.0));
	extjson_dump_canonical(value, &first);
	extjson_dump_pretty(value, &pretty);
	assert_int_equal(extjson_parse(pretty.data, pretty.length, 1000, ERROR_USAGE, &again, &err),
			 0);
	extjson_dump_canonical(again, &second);
	assert_string_equal(first.data, second.data);
	assert_string_equal(pretty.data, "{\n  \"z\": 0.333333333333333,\n  \"a\": 2.0\n}\n");
}

static void members_have_defaults(void **state)
{
	AUTO_JSON json_t *object = extjson_object();

	(void)state;
	extjson_set(object, "text", extjson_string("x"));
	extjson_set(object, "number", extjson_real(1.5));
	extjson_set(object, "integer", extjson_integer(7));
	extjson_set(object, "yes", json_true());
	assert_string_equal(extjson_get_string(object, "text", "d"), "x");
	assert_string_equal(extjson_get_string(object, "number", "d"), "d");
	assert_null(extjson_get_string(object, "absent", NULL));
	assert_true(extjson_get_number(object, "number", 0) == 1.5);
	assert_true(extjson_get_number(object, "integer", 0) == 7);
	assert_true(extjson_get_number(object, "text", 9) == 9);
	assert_int_equal(extjson_get_integer(object, "integer", 0), 7);
	assert_int_equal(extjson_get_integer(object, "number", 3), 3);
	assert_true(extjson_get_bool(object, "yes", false));
	assert_true(extjson_get_bool(object, "text", true));
	assert_true(extjson_get_number(NULL, "x", 4) == 4);
}

static void parsing_is_strict(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *message;
	} rows[] = {
		{"{\"a\":1,\"a\":2}", 13, "duplicate"},
		{"[1] x", 5, "end of file"},
		{"\"a\\u0000b\"", 10, "u0000"},
		{"[1,]", 4, "line 1"},
		{"", 0, "line"},
		{"[1]\0", 4, "line 1"},
		{"\"\xff\"", 3, "decode byte"},
		{"[1e999]", 7, "overflow"},
		{"[          ]", 12, "larger than 11"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *value = NULL;
		struct error err = ERROR_INIT;
		size_t limit = i + 1 == ARRAY_SIZE(rows) ? 11 : 1000;

		assert_int_equal(extjson_parse(rows[i].text, rows[i].length, limit, ERROR_BASELINE,
					       &value, &err),
				 -1);
		assert_int_equal(err.kind, ERROR_BASELINE);
		if (strstr(err.message, rows[i].message) == NULL)
			fail_msg("%s: %s", rows[i].text, err.message);
		assert_null(value);
	}
}

static void depth_is_capped(void **state)
{
	char text[2 * 65 + 1];
	struct error err = ERROR_INIT;
	AUTO_JSON json_t *value = NULL;

	(void)state;
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	assert_int_equal(extjson_parse(text, 130, 1000, ERROR_USAGE, &value, &err), -1);
	assert_non_null(strstr(err.message, "deeper than 64"));
	assert_int_equal(extjson_parse(text + 1, 128, 1000, ERROR_USAGE, &value, &err), 0);
}

static void brackets_inside_strings_are_no_depth(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	AUTO_JSON json_t *value = NULL;

	(void)state;
	strbuf_puts(&text, "\"\\\"");
	for (int i = 0; i < 200; i++)
		strbuf_putc(&text, '[');
	strbuf_putc(&text, '"');
	assert_int_equal(extjson_parse(text.data, text.length, 1000, ERROR_USAGE, &value, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_json_cannot_hold_become_null),
		cmocka_unit_test(numbers_stay_readable),
		cmocka_unit_test(the_canonical_form_survives_a_round_trip),
		cmocka_unit_test(members_have_defaults),
		cmocka_unit_test(parsing_is_strict),
		cmocka_unit_test(depth_is_capped),
		cmocka_unit_test(brackets_inside_strings_are_no_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
