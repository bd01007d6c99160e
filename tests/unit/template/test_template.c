/*
 * The rules of the Mustache specification for interpolation, sections, inverted sections,
 * comments, partials and delimiters are rows of tests/corpus/template/mustache.json: template,
 * data, expected text. Tests run in the root of the checkout.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/fs.h"
#include "perfgate/template/template.h"

#include <stdlib.h>
#include <string.h>

#define CORPUS "tests/corpus/template/mustache.json"

static json_t *parse(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *value = NULL;

	if (extjson_parse(text, strlen(text), 100000, ERROR_USAGE, &value, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	return value;
}

static json_t *load_corpus(void)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;

	if (fs_read_file(&text, CORPUS, (size_t)1 << 20, ERROR_INTERNAL, &err) != 0)
		fail_msg("%s", err.message);
	return parse(strbuf_text(&text));
}

static void check_row(const char *group, const json_t *row)
{
	const char *template = json_string_value(json_array_get(row, 0));
	const char *expected = json_string_value(json_array_get(row, 2));
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;

	if (template_render_text(template, TEMPLATE_HTML, json_array_get(row, 1), &out, &err) != 0)
		fail_msg("%s: %s: %s", group, template, err.message);
	if (strcmp(strbuf_text(&out), expected) != 0)
		fail_msg("%s: %s: `%s`, expected `%s`", group, template, strbuf_text(&out),
			 expected);
}

static void the_corpus_renders_as_the_specification_says(void **state)
{
	AUTO_JSON json_t *corpus = load_corpus();
	const char *group;
	json_t *rows, *row;
	size_t i, groups = 0;

	(void)state;
	json_object_foreach (json_object_get(corpus, "groups"), group, rows) {
		groups++;
		assert_true(json_array_size(rows) > 5);
		json_array_foreach (rows, i, row)
			check_row(group, row);
	}
	assert_int_equal(groups, 7);
}

static int with_partials(void **state)
{
	static const char *const files[][2] = {
		{"endless", "{{>endless}}"},
		{"broken", "one\n{{#a}}"},
	};
	AUTO_JSON json_t *corpus = load_corpus();
	const char *name;
	json_t *text;
	char *folder = mkdtemp(xstrdup("/tmp/perfgate-test-template-XXXXXX"));
	struct error err = ERROR_INIT;

	if (folder == NULL)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *path = fs_join(folder, files[i][0]);

		if (fs_write_file(path, files[i][1], strlen(files[i][1]), &err) != 0)
			return -1;
	}
	json_object_foreach (json_object_get(corpus, "partials"), name, text) {
		AUTO_FREE char *path = fs_join(folder, name);

		if (fs_write_file(path, json_string_value(text), json_string_length(text), &err))
			return -1;
	}
	template_set_dir(folder);
	*state = folder;
	return 0;
}

static int without_partials(void **state)
{
	struct error err = ERROR_INIT;
	int result = fs_remove_tree(*state, &err);

	template_set_dir(NULL);
	free(*state);
	return result;
}

static void mistakes_say_where(void **state)
{
	static const struct {
		const char *template, *message;
	} rows[] = {
		{"1\n2 {{#a}}", "2: the text ends inside section a"},
		{"1\n{{/a}}", "2: no section is open"},
		{"{{#a}}\n{{/b}}", "2: another section is open"},
		{"1\n\n{{a", "3: a tag is not closed by }}"},
		{"{{{a}}", "1: a tag is not closed by }}}"},
		{"{{ }}", "1: a tag has no name"},
		{"{{#}}{{/}}", "1: a tag has no name"},
		{"{{=x=}}", "1: delimiters are set"},
		{"{{=<% %>}}", "1: delimiters are set"},
		{"{{>broken}}", "partial broken: 2: the text ends inside section a"},
		{"{{>endless}}", "more than 32 inside each other"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_JSON json_t *data = extjson_object();
		AUTO(strbuf) struct strbuf out = {0};
		struct error err = ERROR_INIT;

		strbuf_puts(&out, "kept");
		assert_int_equal(template_render_text(rows[i].template, TEMPLATE_HTML, data, &out,
						      &err),
				 -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (strstr(err.message, rows[i].message) == NULL)
			fail_msg("%s: %s", rows[i].template, err.message);
		assert_string_equal(out.data, "kept");
	}
}

static void too_many_sections_inside_each_other_are_refused(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(strbuf) struct strbuf out = {0};
	AUTO_JSON json_t *data = extjson_object();
	struct error err = ERROR_INIT;

	(void)state;
	for (int i = 0; i < 65; i++)
		strbuf_puts(&text, "{{#a}}");
	assert_int_equal(template_render_text(text.data, TEMPLATE_NONE, data, &out, &err), -1);
	assert_non_null(strstr(err.message, "too many sections"));
}

static void output_beyond_the_callers_maximum_is_an_error(void **state)
{
	AUTO_JSON json_t *data = parse("{\"a\": [1, 2, 3, 4, 5, 6, 7, 8, 9]}");
	AUTO(strbuf) struct strbuf out = {.max_bytes = 8};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(template_render_text("{{#a}}{{.}}{{/a}}", TEMPLATE_NONE, data, &out, &err),
			 -1);
	assert_int_equal(out.length, 0);
}

static void templates_have_names(void **state)
{
	AUTO_JSON json_t *data = parse("{\"a\": \"<\"}");
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(template_render("name", TEMPLATE_HTML, data, &out, &err), 0);
	assert_string_equal(out.data, "*&lt;*");
	assert_int_equal(template_render("absent", TEMPLATE_HTML, data, &out, &err), -1);
	assert_int_equal(err.kind, ERROR_INTERNAL);
	assert_int_equal(template_render("broken", TEMPLATE_HTML, data, &out, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.message, "template broken: 2: the text ends inside section a");
}

static void embedded_files_are_whole(void **state)
{
	const struct embedded_file *file = template_embedded("workflow/install.sh");

	(void)state;
	assert_non_null(file);
	assert_string_equal(file->name, "workflow/install.sh");
	assert_int_equal(strlen(file->data), file->length);
	assert_null(template_embedded("absent"));
}

static void escaping_goes_by_target(void **state)
{
	static const struct {
		enum template_escape escape;
		const char *text, *expected;
	} rows[] = {
		{TEMPLATE_NONE, "<\x01\xff", "<\x01\xff"},
		{TEMPLATE_HTML, "<a b='c' d=\"e\">&",
		 "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"},
		{TEMPLATE_HTML, "a\tb\nc\rd\x1b\x7f\xff",
		 "a\tb\nc\rd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{TEMPLATE_MARKDOWN, "a|b`c*d_e[f]\\g", "a\\|b\\`c\\*d\\_e\\[f\\]\\\\g"},
		{TEMPLATE_MARKDOWN, "@user #1", "@&#8203;user #&#8203;1"},
		{TEMPLATE_MARKDOWN, "<!-- x -->\nnext\r\n", "&lt;!-- x --&gt; next  "},
		{TEMPLATE_MARKDOWN, "~~$x$~~ &amp;", "\\~\\~\\$x\\$\\~\\~ &amp;amp;"},
		{TEMPLATE_YAML, "a\"b\\c\nd\te\x1b\xc2\x85\xe2\x80\xa8",
		 "a\\\"b\\\\c\\nd\\te\\u001b\\u0085\\u2028"},
		{TEMPLATE_YAML, "gr\xc3\xbc\xc3\x9f ${x} 'y'", "gr\xc3\xbc\xc3\x9f ${x} 'y'"},
		{TEMPLATE_GROOVY, "it's $x \\ ''' \"q\"\n", "it\\'s $x \\\\ \\'\\'\\' \"q\"\\n"},
		{TEMPLATE_GROOVY, "\x1b", "\\u001b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf out = {0};

		template_escape(rows[i].escape, rows[i].text, &out);
		assert_string_equal(out.data, rows[i].expected);
	}
}

#define WITH_PARTIALS(test) cmocka_unit_test_setup_teardown(test, with_partials, without_partials)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_PARTIALS(the_corpus_renders_as_the_specification_says),
		WITH_PARTIALS(mistakes_say_where),
		cmocka_unit_test(too_many_sections_inside_each_other_are_refused),
		cmocka_unit_test(output_beyond_the_callers_maximum_is_an_error),
		WITH_PARTIALS(templates_have_names),
		cmocka_unit_test(embedded_files_are_whole),
		cmocka_unit_test(escaping_goes_by_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
