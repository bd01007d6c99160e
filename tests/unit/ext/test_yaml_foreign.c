/* YAML of other programs: what it becomes as JSON, and what is refused. */
#include "perfgate/ext/yaml.h"

#include "perfgate/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void values_aliases_and_merge_keys_become_json(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{"a: 1\nb: [x, 'y', 2.5, true, ~]\n",
		 "{\"a\":1,\"b\":[\"x\",\"y\",2.5,true,null]}"},
		{"a: '1'\nb: 0x1f\nc: 007\nd: 1.2.3\n",
		 "{\"a\":\"1\",\"b\":\"0x1f\",\"c\":\"007\",\"d\":\"1.2.3\"}"},
		{"base: &b {x: 1}\nall: [*b, *b]\n",
		 "{\"all\":[{\"x\":1},{\"x\":1}],\"base\":{\"x\":1}}"},
		{"b: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\n",
		 "{\"b\":{\"x\":1,\"y\":2},\"c\":{\"x\":1,\"y\":3}}"},
		{"b: &b {x: 1}\nd: &d {z: 2}\nc:\n  <<: [*b, *d]\n",
		 "{\"b\":{\"x\":1},\"c\":{\"x\":1,\"z\":2},\"d\":{\"z\":2}}"},
		{"a: 1\na: 2\n", "{\"a\":1}"},
		{"a: !secret x\nb: !!int 3\n", "{\"a\":\"x\",\"b\":3}"},
		{"? [1, 2]\n: x\na: 1\n", "{\"a\":1}"},
		{"a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}"},
		{"a: 1\n---\nb: 2\n", "{\"a\":1}"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		AUTO_JSON json_t *json = NULL;
		AUTO(strbuf) struct strbuf text = {0};
		struct error err = ERROR_INIT;
		if (extyaml_parse_foreign(rows[i].yaml, strlen(rows[i].yaml), "f.yml", &json, &err))
			fail_msg("%s: %s", rows[i].yaml, err.message);
		extjson_dump_canonical(json, &text);
		assert_string_equal(strbuf_text(&text), rows[i].json);
	}
}

static void assert_refused(const char *yaml, const char *message)
{
	AUTO_JSON json_t *json = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(extyaml_parse_foreign(yaml, strlen(yaml), "f.yml", &json, &err), -1);
	assert_null(json);
	assert_int_equal(err.kind, ERROR_USAGE);
	if (!strstr(err.message, message))
		fail_msg("`%.60s`: \"%s\" lacks \"%s\"", yaml, err.message, message);
}

static void broken_documents_are_refused_with_their_place(void **state)
{
	(void)state;
	assert_refused("", "f.yml: empty");
	assert_refused("a: *b\n", "f.yml:1:4: an alias without its anchor");
	assert_refused("&a [*a]\n", "f.yml:1:5: an alias without its anchor");
	assert_refused("a: [1, 2\n", "f.yml:");
	assert_refused("a: \"x\n", "f.yml:");
}

static void depth_is_bounded_also_through_aliases(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf nested = {0}, chain = {0};
	for (int i = 0; i < 70; i++)
		strbuf_puts(&nested, "[");
	assert_refused(strbuf_text(&nested), "nested more than 64 levels deep");
	strbuf_puts(&chain, "a0: &a0 [x]\n");
	for (int i = 1; i < 200; i++)
		strbuf_printf(&chain, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_refused(strbuf_text(&chain), "nested more than 64 levels deep");
}

/* Shared, not copied: 2^60 values of a bomb take no room. */
static void a_bomb_of_aliases_stays_small(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf bomb = {0};
	AUTO_JSON json_t *json = NULL;
	struct error err = ERROR_INIT;
	strbuf_puts(&bomb, "a0: &a0 [x, x]\n");
	for (int i = 1; i < 60; i++)
		strbuf_printf(&bomb, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	assert_int_equal(extyaml_parse_foreign(strbuf_text(&bomb), bomb.length, "f.yml", &json,
					       &err),
			 0);
	assert_int_equal(json_object_size(json), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_aliases_and_merge_keys_become_json),
		cmocka_unit_test(broken_documents_are_refused_with_their_place),
		cmocka_unit_test(depth_is_bounded_also_through_aliases),
		cmocka_unit_test(a_bomb_of_aliases_stays_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
