#include "perfgate/api/body.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/ext/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* API-20 */
static void api_20_what_is_no_json_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{"", "line 1 column 1: unexpected end"},
		{" \n {", "line 2 column 3: expected a member's name"},
		{"{} x", "line 1 column 4: text after the value"},
		{"{\"a\": 1, \"a\": 2}", "column 13: this member is given twice"},
		{"{\"a\": 1, \"\\u0061\": 2}", "this member is given twice"},
		{"{\"a\": NaN}", "column 7: no JSON value"},
		{"[Infinity]", "no JSON value"},
		{"[-Infinity]", "malformed number"},
		{"{'a': 1}", "expected a member's name"},
		{"{\"a\": 1,}", "expected a member's name"},
		{"{\"a\" 1}", "expected a colon"},
		{"{\"a\": 1 \"b\": 2}", "expected , or }"},
		{"[1 2]", "expected , or ]"},
		{"[1,]", "no JSON value"},
		{"[01]", "malformed number"},
		{"[1.]", "malformed number"},
		{"[.5]", "no JSON value"},
		{"[+1]", "no JSON value"},
		{"[1e]", "malformed number"},
		{"[1e999]", "number out of range"},
		{"[0x10]", "expected , or ]"},
		{"[\"a", "text without an end"},
		{"[\"a\tb\"]", "control character in text"},
		{"[\"\\x41\"]", "unknown escape"},
		{"[\"\\u00g0\"]", "four hex digits"},
		{"[\"\\u0000\"]", "\\u0000 is not allowed"},
		{"[\"\\ud800\"]", "half of a surrogate pair"},
		{"[\"\\udc00\\ud800\"]", "half of a surrogate pair"},
		{"[\"\\ud800\\u0041\"]", "half of a surrogate pair"},
		{"[\"\xff\"]", "no UTF-8"},
		{"[\"\xc0\xaf\"]", "no UTF-8"},
		{"[\"\xed\xa0\x80\"]", "no UTF-8"},
		{"\xef\xbb\xbf{}", "no JSON value"},
		{"[nul]", "no JSON value"},
		{"[nullx]", "expected , or ]"},
		{"[tru", "no JSON value"},
		{"[/* x */ 1]", "no JSON value"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(body) struct body body = {0};
		struct error err = ERROR_INIT;

		assert_int_equal(body_read(&body, rows[i].text, strlen(rows[i].text), &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (!strstr(err.message, rows[i].why))
			fail_msg("%s: %s", rows[i].text, err.message);
	}
}

static void bytes_after_a_nul_are_seen(void **state)
{
	static const char text[] = "{}\0{}";
	AUTO(body) struct body body = {0};

	(void)state;
	assert_int_equal(body_read(&body, text, sizeof text - 1, NULL), -1);
}

static void texts_are_decoded(void **state)
{
	static const struct {
		const char *text, *decoded;
	} rows[] = {
		{"\"\"", ""},
		{"\"abc\"", "abc"},
		{"\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "a\"\\/\b\f\n\r\tz"},
		{"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
		{"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!"},
		{"\"\\ud83d\\ude00 \xc3\xa9\"", "\xf0\x9f\x98\x80 \xc3\xa9"},
		{" \"\xf0\x9f\x98\x80\" ", "\xf0\x9f\x98\x80"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(body) struct body body = {0};

		assert_int_equal(body_read(&body, rows[i].text, strlen(rows[i].text), NULL), 0);
		assert_int_equal(body.values->kind, BODY_TEXT);
		assert_string_equal(body.values->text, rows[i].decoded);
		assert_int_equal(body.values->count, strlen(rows[i].decoded));
	}
}

static void numbers_are_the_nearest_doubles(void **state)
{
	static const char *const rows[] = {
		"0",
		"-0",
		"-0.1",
		"34.75",
		"0.1",
		"1e22",
		"1e23",
		"123456789012345678901234567890",
		"9007199254740993",
		"9007199254740992",
		"18446744073709551616",
		"0.30000000000000004",
		"2.2250738585072014e-308",
		"4.9e-324",
		"1e-400",
		"1.7976931348623157e308",
		"8.5e-22",
		"5e-23",
		"1E+2",
		"1.5e-1",
		"0.000000000000000000000000000000000000000000000001",
		"3.1415926535897932384626433832795028841971",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(body) struct body body = {0};
		double expected = strtod(rows[i], NULL);

		assert_int_equal(body_read(&body, rows[i], strlen(rows[i]), NULL), 0);
		assert_int_equal(body.values->kind, BODY_NUMBER);
		assert_memory_equal(&body.values->number, &expected, sizeof expected);
	}
}

static void members_are_found_among_others_of_any_shape(void **state)
{
	static const char text[] =
		"{\"list\": [1, [2, {\"target\": 3}], {}], \"empty\": {}, \"target\": true,"
		" \"object\": {\"target\": null, \"x\": [[], [[]]]}, \"last\": false}";
	AUTO(body) struct body body = {0};
	const struct body_value *list, *item;

	(void)state;
	assert_int_equal(body_read(&body, text, sizeof text - 1, NULL), 0);
	assert_int_equal(body.values->count, 5);
	assert_int_equal(body_member(body.values, "target")->kind, BODY_TRUE);
	assert_int_equal(body_member(body.values, "last")->kind, BODY_FALSE);
	assert_int_equal(body_member(body_member(body.values, "object"), "target")->kind,
			 BODY_NULL);
	assert_null(body_member(body.values, "x"));
	assert_null(body_member(body_member(body.values, "empty"), "target"));
	list = body_member(body.values, "list");
	assert_null(body_member(list, "target"));
	assert_int_equal(list->count, 3);
	item = body_next(list + 1);
	assert_int_equal(item->kind, BODY_LIST);
	assert_int_equal(body_next(item)->kind, BODY_OBJECT);
}

static void caps_are_kept_and_what_is_at_them_is_taken(void **state)
{
	(void)state;
	for (int over = 0; over <= 1; over++) {
		AUTO(strbuf) struct strbuf deep = {0}, wide = {0};
		AUTO(body) struct body a = {0}, b = {0};

		for (int i = 0; i < BODY_MAX_DEPTH + over; i++)
			strbuf_putc(&deep, '[');
		for (int i = 0; i < BODY_MAX_DEPTH + over; i++)
			strbuf_putc(&deep, ']');
		for (int i = 0; i < BODY_MAX_MEMBERS + over; i++)
			strbuf_printf(&wide, "%s\"m%d\": %d", i ? ", " : "{", i, i);
		strbuf_putc(&wide, '}');
		assert_int_equal(body_read(&a, deep.data, deep.length, NULL), -over);
		assert_int_equal(body_read(&b, wide.data, wide.length, NULL), -over);
	}
}

static void long_bodies_and_many_values_are_read_as_well(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(body) struct body body = {0};
	const struct body_value *item;

	(void)state;
	strbuf_putc(&text, '[');
	for (int i = 0; i < 100000; i++)
		strbuf_printf(&text, "%s{\"i\": %d}", i ? "," : "", i);
	strbuf_putc(&text, ']');
	assert_int_equal(body_read(&body, text.data, text.length, NULL), 0);
	assert_int_equal(body.values->count, 100000);
	item = body.values + 1;
	for (int i = 0; i < 100000; i++, item = body_next(item))
		assert_true(body_member(item, "i")->number == i);
}

static bool is_same(const struct body_value *value, const json_t *json)
{
	const struct body_value *item = value + 1;

	switch (value->kind) {
	case BODY_NULL: return json_is_null(json);
	case BODY_FALSE: return json_is_false(json);
	case BODY_TRUE: return json_is_true(json);
	case BODY_NUMBER: return json_is_number(json) && json_number_value(json) == value->number;
	case BODY_TEXT:
		return json_is_string(json) && json_string_length(json) == value->count &&
		       memcmp(json_string_value(json), value->text, value->count) == 0;
	case BODY_LIST:
		if (!json_is_array(json) || json_array_size(json) != value->count)
			return false;
		for (uint32_t i = 0; i < value->count; i++, item = body_next(item))
			if (!is_same(item, json_array_get(json, i)))
				return false;
		return true;
	default:
		if (!json_is_object(json) || json_object_size(json) != value->count)
			return false;
		for (uint32_t i = 0; i < value->count; i++, item = body_next(item))
			if (!json_object_get(json, item->key) ||
			    !is_same(item, json_object_get(json, item->key)))
				return false;
		return true;
	}
}

/* jansson knows integers of 64 bits only; here they are numbers like others. */
static bool is_about_size(const struct error *err)
{
	return strstr(err->message, "too big") != NULL;
}

static void compare_with_jansson(const char *text, size_t length)
{
	struct error err = ERROR_INIT;
	AUTO(body) struct body body = {0};
	AUTO_JSON json_t *json = NULL;
	int ours = body_read(&body, text, length, NULL);
	int theirs = extjson_parse(text, length, length, ERROR_USAGE, &json, &err);

	if (theirs < 0 && is_about_size(&err))
		return;
	if (ours != theirs || (ours == 0 && !is_same(body.values, json)))
		fail_msg("%d, jansson %d (%s): %.*s", ours, theirs, err.message, (int)length, text);
}

static void api_20_mutations_of_requests_mean_what_jansson_takes_them_for(void **state)
{
	static const char *const seeds[] = {
		"{\"place\": {\"lat\": -0.1, \"long\": 3.475e1, \"name\": \"K\\u00e9\"}}",
		"{\"target_date\": \"2024-05-01\", \"include_factors\": true, \"z\": null}",
		"[{\"a\": [1e5, -0.0, 12345678901234567890, null]}, \"\xe2\x82\xac\\n\", false]",
		"{\"bounds\": {\"north\": 1, \"south\": -2.5e-3}, \"x\": [[[]]], \"y\": {}}",
	};
	static const char pieces[] = "{}[]\",:\\u0123456789abefnrtdlsE+-. \n\x01\x7f\x80\xc3\xff";
	struct rng rng;
	char text[256];

	(void)state;
	rng_seed(&rng, 20230101, 0);
	for (int round = 0; round < 100000; round++) {
		const char *seed = seeds[rng_below(&rng, ARRAY_SIZE(seeds))];
		size_t length = strlen(seed), at;

		memcpy(text, seed, length);
		for (uint64_t n = rng_below(&rng, 4); n > 0; n--) {
			at = rng_below(&rng, length);
			switch (rng_below(&rng, 3)) {
			case 0: text[at] = pieces[rng_below(&rng, sizeof pieces - 1)]; break;
			case 1:
				memmove(text + at, text + at + 1, length - at - 1);
				length--;
				break;
			default:
				memmove(text + at + 1, text + at, length - at);
				text[at] = pieces[rng_below(&rng, sizeof pieces - 1)];
				length++;
			}
		}
		compare_with_jansson(text, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(api_20_what_is_no_json_is_refused_with_its_place),
		cmocka_unit_test(bytes_after_a_nul_are_seen),
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(numbers_are_the_nearest_doubles),
		cmocka_unit_test(members_are_found_among_others_of_any_shape),
		cmocka_unit_test(caps_are_kept_and_what_is_at_them_is_taken),
		cmocka_unit_test(long_bodies_and_many_values_are_read_as_well),
		cmocka_unit_test(api_20_mutations_of_requests_mean_what_jansson_takes_them_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
