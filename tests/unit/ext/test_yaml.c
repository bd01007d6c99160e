/* Strict YAML: what is accepted, what is refused and where. Row ids are those of the fault list. */
#include "perfgate/ext/yaml.h"

#include "perfgate/base/strbuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct yaml_document *parse(const char *text)
{
	struct yaml_document *document = NULL;
	struct error err = ERROR_INIT;
	if (extyaml_parse(text, strlen(text), "f.yml", &document, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	return document;
}

static void assert_refused_bytes(const char *text, size_t length, const char *message)
{
	struct yaml_document *document = NULL;
	struct error err = ERROR_INIT;
	if (extyaml_parse(text, length, "f.yml", &document, &err) == 0)
		fail_msg("accepted: %.60s", text);
	assert_null(document);
	assert_int_equal(err.kind, ERROR_USAGE);
	if (strstr(err.message, message) == NULL)
		fail_msg("`%.60s`: \"%s\" lacks \"%s\"", text, err.message, message);
}

static void assert_refused(const char *text, const char *message)
{
	assert_refused_bytes(text, strlen(text), message);
}

static void a_tree_keeps_values_order_and_positions(void **state)
{
	(void)state;
	AUTO(yaml_document)
	struct yaml_document *document = parse("a: 1\nlist: [x, 'y']\nmap:\n  inner: \"z\"\n");
	const struct yaml_node *root = extyaml_root(document);
	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->count, 3);
	assert_string_equal(root->keys[1]->text, "list");
	const struct yaml_node *list = extyaml_get(root, "list");
	assert_int_equal(list->kind, YAML_SEQUENCE);
	assert_int_equal(list->count, 2);
	assert_true(list->items[0]->plain);
	assert_false(list->items[1]->plain);
	const struct yaml_node *inner = extyaml_get(extyaml_get(root, "map"), "inner");
	assert_string_equal(inner->text, "z");
	assert_int_equal(inner->line, 4);
	assert_int_equal(inner->column, 10);
	assert_string_equal(inner->file, "f.yml");
	assert_null(extyaml_get(root, "absent"));
	assert_null(extyaml_get(list, "x"));
}

static void empty_collections_are_accepted(void **state)
{
	(void)state;
	AUTO(yaml_document) struct yaml_document *document = parse("a: {}\nb: []\nc:\n");
	const struct yaml_node *root = extyaml_root(document);
	assert_int_equal(extyaml_get(root, "a")->count, 0);
	assert_int_equal(extyaml_get(root, "b")->count, 0);
	assert_true(extyaml_is_null(extyaml_get(root, "c")));
}

static void CFG_03_empty_documents_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\n\n", "# only\n# comments\n", "---\n",
					    "---\n...\n"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_refused(texts[i], "f.yml: empty configuration");
}

static void repeat(struct strbuf *out, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		strbuf_puts(out, text);
}

/* The position shows that the rest, where libyaml's scanner is quadratic, was never looked at. */
static void CFG_07_deep_open_brackets_are_refused_at_the_cap(void **state)
{
	(void)state;
	static const struct {
		const char *opener, *message;
	} rows[] = {
		{"{", "f.yml:1:2: a key must be"}, {"[", "f.yml:1:65: nested more than 64"},
		{"- ", "f.yml:1:129: nested"},	   {"? ", "f.yml:1:3: a key must be"},
		{"[\n", "f.yml:65:1: nested"},	   {"{a: ", "f.yml:1:254: nested"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		repeat(&text, rows[i].opener, 50000);
		assert_refused(text.data, rows[i].message);
	}
}

static void CFG_07_more_than_one_mebibyte_is_refused(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf text = {0};
	repeat(&text, "# padding\n", EXTYAML_MAX_BYTES / 10 + 1);
	assert_refused(text.data, "larger than 1 MiB");
}

static void CFG_08_depth_ends_at_64(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf deep = {0};
	repeat(&deep, "[", 9999);
	repeat(&deep, "]", 9999);
	assert_refused(deep.data, "nested more than 64 levels deep");

	AUTO(strbuf) struct strbuf allowed = {0};
	repeat(&allowed, "[", 64);
	repeat(&allowed, "]", 64);
	AUTO(yaml_document) struct yaml_document *document = parse(allowed.data);
	assert_non_null(document);

	AUTO(strbuf) struct strbuf one_more = {0};
	repeat(&one_more, "[", 65);
	repeat(&one_more, "]", 65);
	assert_refused(one_more.data, "f.yml:1:65: nested");
}

static void CFG_08_nodes_are_capped(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf text = {0};
	repeat(&text, "- a\n", 100001);
	assert_refused(text.data, "more than 100,000 values");
}

static void CFG_09_to_11_aliases_and_anchors_are_refused(void **state)
{
	(void)state;
	assert_refused("a: &x [1]\nb: [*x, *x]\n", "f.yml:1:4: anchors");
	assert_refused("&a [*a]\n", "f.yml:1:1: anchors");
	assert_refused("a: 1\nb: *gone\n", "f.yml:2:4: aliases are not allowed here");
	assert_refused("&k key: v\n", "anchors");
	assert_refused("m: &m {a: 1}\n", "anchors");
}

static void CFG_13_duplicate_keys_are_refused_at_the_second(void **state)
{
	(void)state;
	assert_refused("a: 1\nb:\n  x: 1\n  y: 2\n  x: 3\n",
		       "f.yml:5:3: duplicate key `x`, first on line 3");
	assert_refused("x: 1\n\"x\": 2\n", "f.yml:2:1: duplicate key");
	assert_refused("{q: 1, q: 2}\n", "f.yml:1:8: duplicate key");
}

static void CFG_14_merge_keys_are_refused(void **state)
{
	(void)state;
	assert_refused("a: 1\n<<: {b: 2}\n", "f.yml:2:1: merge keys not supported");
}

static void CFG_15_a_second_document_is_refused(void **state)
{
	(void)state;
	assert_refused("a: 1\n---\nb: 2\n", "f.yml:2:1: a second document is not allowed");
	AUTO(yaml_document) struct yaml_document *document = parse("---\na: 1\n...\n# end\n");
	assert_non_null(document);
}

static void CFG_16_tabs_as_indentation_are_named(void **state)
{
	(void)state;
	assert_refused("a:\n\tb: 1\n", "f.yml:2:1: tabs are not allowed for indentation");
	assert_refused("a:\n  b: 1\n\tc: 2\n", "f.yml:3:1: tabs are not allowed for indentation");
	assert_refused("- a\n- b\n\t- c: 1\n", "tabs are not allowed for indentation");
	AUTO(yaml_document)
	struct yaml_document *document = parse("a:\t1\t# tabs between are fine\n");
	assert_string_equal(extyaml_get(extyaml_root(document), "a")->text, "1");
}

static void CFG_17_an_unclosed_quote_is_reported_where_it_opens(void **state)
{
	(void)state;
	assert_refused("a: 1\nb: \"open\nc: 2\nd: 3\n", "f.yml:2:4: this quote is never closed");
	assert_refused("b: 'open", "f.yml:1:4: this quote is never closed");
}

static void CFG_19_control_characters_are_refused(void **state)
{
	(void)state;
	assert_refused_bytes("a: x\0y\n", 7, "f.yml:1:5: control characters are not allowed");
	assert_refused("a: 1\nb: \"\a\"\n", "f.yml:2:5: control characters");
	assert_refused("a: \"\\a\"\n", "f.yml:1:4: control characters");
	assert_refused("a: \"x\\0y\"\n", "f.yml:1:4: control characters");
	assert_refused("\"\\x1b\": 1\n", "control characters");
	assert_refused("a: \xff\xfe\n", "f.yml:1:4: ");
	assert_refused("a: \xc0\x80\n", "f.yml:1:4: ");
}

static void CFG_20_byte_order_marks_are_understood(void **state)
{
	(void)state;
	AUTO(yaml_document)
	struct yaml_document *utf8 = parse("\xef\xbb\xbf"
					   "a: 1\n");
	assert_string_equal(extyaml_get(extyaml_root(utf8), "a")->text, "1");
	static const char wide[] = "\xff\xfe"
				   "a\0:\0 \0\xe4\0\n\0";
	AUTO(yaml_document) struct yaml_document *utf16 = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(extyaml_parse(wide, sizeof wide - 1, "f.yml", &utf16, &err), 0);
	assert_string_equal(extyaml_get(extyaml_root(utf16), "a")->text, "\xc3\xa4");
}

static void CFG_21_line_ends_do_not_matter(void **state)
{
	(void)state;
	AUTO(yaml_document) struct yaml_document *document = parse("a: 1\r\nb: x y\r\nc: 'z'");
	const struct yaml_node *root = extyaml_root(document);
	assert_string_equal(extyaml_get(root, "a")->text, "1");
	assert_string_equal(extyaml_get(root, "b")->text, "x y");
	assert_string_equal(extyaml_get(root, "c")->text, "z");
	assert_int_equal(extyaml_get(root, "c")->line, 3);
}

static void CFG_22_tags_are_refused(void **state)
{
	(void)state;
	assert_refused("a: !!python/object:os.system ls\n", "f.yml:1:4: tag not allowed");
	assert_refused("a: !!str 1\n", "tag not allowed");
	assert_refused("a: !t {x: 1}\n", "tag not allowed");
	assert_refused("a: !t [x]\n", "tag not allowed");
	assert_refused("%TAG ! tag:example.com,2000:\n---\na: 1\n", "tag not allowed");
	assert_refused("a: !x!y 1\n", "tag not allowed");
}

static void keys_are_single_words(void **state)
{
	(void)state;
	assert_refused("[a, b]: 1\n", "f.yml:1:1: a key must be a single word or text");
	assert_refused("? {a: 1}\n: 2\n", "a key must be a single word or text");
	assert_refused("\"\": 1\n", "a key must not be empty");
}

static void syntax_errors_have_a_position(void **state)
{
	(void)state;
	assert_refused("a: 1\nb: [1, 2\nc: 3\n", "f.yml:3:");
	assert_refused("a: [1,\n  2\n\n",
		       "f.yml:4:1: while parsing a flow sequence that began on line 1");
	assert_refused("a: b: c\n", "f.yml:1:5: ");
	assert_refused("a: @x\n", "f.yml:1:4: ");
}

static void CFG_23_only_true_and_false_are_booleans(void **state)
{
	(void)state;
	static const char *const refused[] = {"no", "off",  "n",	"NO",	  "False", "yes",
					      "on", "TRUE", "1",	"0",	  "",	   "~",
					      "[]", "{}",   "\"true\"", "'false'"};
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		strbuf_printf(&text, "a: %s\n", refused[i]);
		AUTO(yaml_document) struct yaml_document *document = parse(text.data);
		struct error err = ERROR_INIT;
		bool value = true;
		assert_int_equal(extyaml_bool(extyaml_root(document)->items[0], &value, &err), -1);
		assert_true(value);
		if (refused[i][0] != '[' && refused[i][0] != '{')
			assert_non_null(strstr(err.message, "write true or false"));
	}
	AUTO(yaml_document) struct yaml_document *document = parse("a: true\nb: false\n");
	struct error err = ERROR_INIT;
	bool value = false;
	assert_int_equal(extyaml_bool(extyaml_root(document)->items[0], &value, &err), 0);
	assert_true(value);
	assert_int_equal(extyaml_bool(extyaml_root(document)->items[1], &value, &err), 0);
	assert_false(value);
}

static void null_is_plain(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_null;
	} rows[] = {{"null", true}, {"~", true},	 {"", true},	 {"Null", true},
		    {"''", false},  {"\"null\"", false}, {"nul", false}, {"[]", false}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		strbuf_printf(&text, "a: %s\n", rows[i].text);
		AUTO(yaml_document) struct yaml_document *document = parse(text.data);
		assert_int_equal(extyaml_is_null(extyaml_root(document)->items[0]),
				 rows[i].is_null);
	}
}

static void CFG_32_33_wrong_kinds_and_unknown_keys_are_explained(void **state)
{
	(void)state;
	static const char *const known[] = {"max_p95_response_time", "min_throughput", NULL};
	AUTO(yaml_document)
	struct yaml_document *document = parse("g:\n  max_p95_responce_time: 1\nh: [1]\ni:\n");
	const struct yaml_node *root = extyaml_root(document);
	struct error err = ERROR_INIT;
	assert_int_equal(extyaml_check_keys(root->items[0], known, "performance_gates", &err), -1);
	assert_string_equal(err.message,
			    "f.yml:2:3: unknown key `max_p95_responce_time` in performance_gates: "
			    "did you mean `max_p95_response_time`?");
	assert_int_equal(extyaml_check_keys(root, known, NULL, &err), -1);
	assert_string_equal(err.message, "f.yml:1:1: unknown key `g`");
	assert_int_equal(extyaml_expect(root->items[1], YAML_MAPPING, "h", &err), -1);
	assert_string_equal(err.message, "f.yml:3:4: h: expected a mapping, found a list");
	assert_int_equal(extyaml_expect(root->items[2], YAML_SEQUENCE, "i", &err), -1);
	assert_non_null(strstr(err.message, "i: expected a list, found nothing"));
	assert_int_equal(extyaml_expect(root, YAML_MAPPING, NULL, &err), 0);
}

static void CFG_02_04_what_is_not_a_file_is_refused_at_once(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_yaml_XXXXXX";
	assert_non_null(mkdtemp(folder));
	char fifo[64];
	(void)snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	const char *const paths[] = {folder, fifo, "/dev/zero", "/tmp/test_yaml/absent.yml"};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct yaml_document *document = NULL;
		struct error err = ERROR_INIT;
		assert_int_equal(extyaml_load(paths[i], &document, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(strstr(err.message, paths[i]));
	}
	assert_int_equal(unlink(fifo), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_keeps_values_order_and_positions),
		cmocka_unit_test(empty_collections_are_accepted),
		cmocka_unit_test(CFG_03_empty_documents_are_refused),
		cmocka_unit_test(CFG_07_deep_open_brackets_are_refused_at_the_cap),
		cmocka_unit_test(CFG_07_more_than_one_mebibyte_is_refused),
		cmocka_unit_test(CFG_08_depth_ends_at_64),
		cmocka_unit_test(CFG_08_nodes_are_capped),
		cmocka_unit_test(CFG_09_to_11_aliases_and_anchors_are_refused),
		cmocka_unit_test(CFG_13_duplicate_keys_are_refused_at_the_second),
		cmocka_unit_test(CFG_14_merge_keys_are_refused),
		cmocka_unit_test(CFG_15_a_second_document_is_refused),
		cmocka_unit_test(CFG_16_tabs_as_indentation_are_named),
		cmocka_unit_test(CFG_17_an_unclosed_quote_is_reported_where_it_opens),
		cmocka_unit_test(CFG_19_control_characters_are_refused),
		cmocka_unit_test(CFG_20_byte_order_marks_are_understood),
		cmocka_unit_test(CFG_21_line_ends_do_not_matter),
		cmocka_unit_test(CFG_22_tags_are_refused),
		cmocka_unit_test(keys_are_single_words),
		cmocka_unit_test(syntax_errors_have_a_position),
		cmocka_unit_test(CFG_23_only_true_and_false_are_booleans),
		cmocka_unit_test(null_is_plain),
		cmocka_unit_test(CFG_32_33_wrong_kinds_and_unknown_keys_are_explained),
		cmocka_unit_test(CFG_02_04_what_is_not_a_file_is_refused_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
