/*
 * The rules of the Mustache specification for interpolation, sections, inverted sections,
 * comments, partials and delimiters, as tables: template, data, expected text.
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

struct row {
	const char *template, *data, *expected;
};

static json_t *parse(const char *text)
{
	struct error err = ERROR_INIT;
	json_t *value = NULL;

	if (extjson_parse(text, strlen(text), 100000, ERROR_USAGE, &value, &err) != 0)
		fail_msg("%s: %s", text, err.message);
	return value;
}

static void check_row(const struct row *row)
{
	AUTO_JSON json_t *data = parse(row->data);
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;

	if (template_render_text(row->template, TEMPLATE_HTML, data, &out, &err) != 0)
		fail_msg("%s: %s", row->template, err.message);
	assert_string_equal(strbuf_text(&out), row->expected);
}

#define CHECK_ROWS(rows)                                                                           \
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)                                              \
	check_row(&(rows)[i])

static void names_are_replaced_by_values(void **state)
{
	static const struct row rows[] = {
		{"no tags at all\n", "{}", "no tags at all\n"},
		{"hi, {{who}}!\n", "{\"who\": \"you\"}", "hi, you!\n"},
		{"{{ who }}{{who}}", "{\"who\": \"x\"}", "xx"},
		{"{{a}}", "{\"a\": \"& \\\" ' < >\"}", "&amp; &quot; &#39; &lt; &gt;"},
		{"{{{a}}} {{&a}} {{& a }} {{{ a }}}", "{\"a\": \"<\"}", "< < < <"},
		{"{{n}} {{{n}}} {{&n}}", "{\"n\": 85}", "85 85 85"},
		{"{{n}}", "{\"n\": 1.21}", "1.21"},
		{"{{yes}}{{no}}", "{\"yes\": true, \"no\": false}", "truefalse"},
		{"[{{null}}{{{null}}}]", "{\"null\": null}", "[]"},
		{"[{{absent}}{{&absent}}]", "{}", "[]"},
		{"{{a.b.c}}", "{\"a\": {\"b\": {\"c\": \"deep\"}}}", "deep"},
		{"[{{a.b.c}}]", "{\"a\": {}}", "[]"},
		{"[{{a.b.c}}]", "{\"a\": {\"b\": {}}, \"c\": \"no\"}", "[]"},
		{"{{#a}}{{b.c}}{{/a}}", "{\"a\": {\"b\": {}}, \"b\": {\"c\": \"no\"}}", ""},
		{"{{#a}}{{b.c}}{{/a}}", "{\"a\": {}, \"b\": {\"c\": \"out\"}}", "out"},
		{"{{.}}", "\"it\"", "it"},
		{"  {{a}}\n", "{\"a\": \"-\"}", "  -\n"},
		{"| {{a}} |", "{\"a\": \"-\"}", "| - |"},
		{"{ {{a}} }", "{\"a\": \"-\"}", "{ - }"},
		{"{{a}} {{a}}", "{\"a\": \"{{b}}\", \"b\": \"no\"}", "{{b}} {{b}}"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void sections_follow_their_value(void **state)
{
	static const struct row rows[] = {
		{"{{#a}}in{{/a}}", "{\"a\": true}", "in"},
		{"[{{#a}}in{{/a}}]", "{\"a\": false}", "[]"},
		{"[{{#a}}in{{/a}}]", "{\"a\": null}", "[]"},
		{"[{{#a}}in{{/a}}]", "{}", "[]"},
		{"[{{#a}}in{{/a}}]", "{\"a\": []}", "[]"},
		{"[{{#a}}in{{/a}}]", "{\"a\": \"\"}", "[]"},
		{"{{#a}}in{{/a}}", "{\"a\": 0}", "in"},
		{"{{#a}}in{{/a}}", "{\"a\": {}}", "in"},
		{"{{#a}}{{b}}{{/a}}", "{\"a\": {\"b\": 1}, \"b\": 2}", "1"},
		{"{{#a}}{{b}}{{/a}}", "{\"a\": {\"c\": 1}, \"b\": 2}", "2"},
		{"{{#a}}{{.}}{{/a}}", "{\"a\": \"text\"}", "text"},
		{"{{#a}}{{n}}{{/a}}", "{\"a\": [{\"n\": 1}, {\"n\": 2}, {\"n\": 3}]}", "123"},
		{"{{#a}}({{.}}){{/a}}", "{\"a\": [1, \"b\", 2.5]}", "(1)(b)(2.5)"},
		{"{{#a}}({{#.}}{{.}}{{/.}}){{/a}}", "{\"a\": [[1, 2], [3]]}", "(12)(3)"},
		{"{{#a}}{{#b}}{{x}}{{y}}{{/b}}{{/a}}", "{\"a\": {\"x\": 1, \"b\": {\"y\": 2}}}",
		 "12"},
		{"{{#a}}1{{#b}}2{{/b}}3{{/a}}", "{\"a\": true, \"b\": false}", "13"},
		{"{{#a.b}}in{{/a.b}}", "{\"a\": {\"b\": true}}", "in"},
		{"[{{#a.b}}in{{/a.b}}]", "{\"a\": {}}", "[]"},
		{"{{#a}}1{{/a}} {{#a}}2{{/a}}", "{\"a\": true}", "1 2"},
		{"{{# a }}in{{/ a }}", "{\"a\": true}", "in"},
		{"{{^a}}out{{/a}}", "{\"a\": false}", "out"},
		{"{{^a}}out{{/a}}", "{}", "out"},
		{"{{^a}}out{{/a}}", "{\"a\": []}", "out"},
		{"{{^a}}out{{/a}}", "{\"a\": null}", "out"},
		{"[{{^a}}out{{/a}}]", "{\"a\": [1]}", "[]"},
		{"[{{^a}}out{{/a}}]", "{\"a\": {\"b\": 1}}", "[]"},
		{"{{^a.b}}out{{/a.b}}", "{\"a\": {}}", "out"},
		{"{{^a}}{{b}}{{/a}}", "{\"b\": 3}", "3"},
		{"{{#a}}x{{/a}}{{^a}}y{{/a}}", "{\"a\": true}", "x"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void a_tag_alone_on_its_line_takes_the_line(void **state)
{
	static const struct row rows[] = {
		{"1\n{{#a}}\n2\n{{/a}}\n3\n", "{\"a\": true}", "1\n2\n3\n"},
		{"1\n  {{#a}}  \n2\n\t{{/a}}\t\n3\n", "{\"a\": true}", "1\n2\n3\n"},
		{"1\r\n{{#a}}\r\n2\r\n{{/a}}\r\n3", "{\"a\": true}", "1\r\n2\r\n3"},
		{"  {{#a}}\n#{{/a}}\n/", "{\"a\": true}", "#\n/"},
		{"#{{#a}}\n/\n  {{/a}}", "{\"a\": true}", "#\n/\n"},
		{"1\n{{^a}}\n2\n{{/a}}\n3\n", "{}", "1\n2\n3\n"},
		{"1\n{{^a}}\n{{/a}}\n3\n", "{}", "1\n3\n"},
		{" {{#a}}y{{/a}}\n {{#a}}z{{/a}}\n", "{\"a\": true}", " y\n z\n"},
		{"{{#a}} {{/a}}\n", "{\"a\": true}", " \n"},
		{"1 {{! gone }}2", "{}", "1 2"},
		{"1\n{{! gone }}\n2", "{}", "1\n2"},
		{"1\n  {{! over\n    lines\n  }}\n2\n", "{}", "1\n2\n"},
		{"1\n  {{! gone }}", "{}", "1\n"},
		{"{{!}}1", "{}", "1"},
		{"  12 {{! gone }}\n", "{}", "  12 \n"},
		{"{{a}}\n", "{\"a\": 1}", "1\n"},
		{"  {{&a}}\n", "{}", "  \n"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static void delimiters_can_be_set(void **state)
{
	static const struct row rows[] = {
		{"{{=<% %>=}}(<%a%>)", "{\"a\": \"x\"}", "(x)"},
		{"{{=<% %>=}}${{ a }}", "{\"a\": \"x\"}", "${{ a }}"},
		{"{{= | | =}}(|a|)|={{ }}=|{{a}}", "{\"a\": 1}", "(1)1"},
		{"1\n  {{=@ @=}}\n2@a@", "{\"a\": 3}", "1\n23"},
		{"{{=<% %>=}}<%#a%>{{a}}<%.%><%/a%><%{a}%>", "{\"a\": \"<\"}", "{{a}}&lt;<"},
		{"{{#a}}{{=| |=}}|b||/a|", "{\"a\": true, \"b\": 2}", "2"},
	};

	(void)state;
	CHECK_ROWS(rows);
}

static int with_partials(void **state)
{
	static const char *const files[][2] = {
		{"text", "from partial"},
		{"name", "*{{a}}*"},
		{"tree", "{{v}}<{{#kids}}{{>tree}}{{/kids}}>"},
		{"lines", "|\n{{{a}}}\n|\n"},
		{"gap", "1\n\n2\n"},
		{"arrow", ">\n>"},
		{"outer", "(\n  {{>lines}}\n)\n"},
		{"endless", "{{>endless}}"},
		{"broken", "one\n{{#a}}"},
		{"custom", "{{=<% %>=}}<%a%>"},
	};
	char *folder = mkdtemp(xstrdup("/tmp/perfgate-test-template-XXXXXX"));
	struct error err = ERROR_INIT;

	if (folder == NULL)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		AUTO_FREE char *path = fs_join(folder, files[i][0]);

		if (fs_write_file(path, files[i][1], strlen(files[i][1]), &err) != 0)
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

static void partials_are_rendered_in_place(void **state)
{
	static const struct row rows[] = {
		{"[{{>text}}] [{{> text }}]", "{}", "[from partial] [from partial]"},
		{"[{{>absent}}]", "{}", "[]"},
		{"[{{>../secret}}{{>/etc/passwd}}]", "{}", "[]"},
		{"{{>name}}", "{\"a\": \"x\"}", "*x*"},
		{"{{#list}}{{>name}}{{/list}}", "{\"list\": [{\"a\": 1}, {\"a\": 2}]}", "*1**2*"},
		{"{{>tree}}", "{\"v\": 1, \"kids\": [{\"v\": 2, \"kids\": []}]}", "1<2<>>"},
		{"  {{a}}  {{>arrow}}\n", "{\"a\": \"|\"}", "  |  >\n>\n"},
		{"  {{>arrow}}\n>", "{}", "  >\n  >>"},
		{"|\r\n{{>arrow}}\r\n|", "{}", "|\r\n>\n>|"},
		{"1\n {{>lines}}\n2\n", "{\"a\": \"<\\n->\"}", "1\n |\n <\n->\n |\n2\n"},
		{" {{>outer}}\n", "{\"a\": \"x\"}", " (\n   |\n   x\n   |\n )\n"},
		{"  {{>gap}}\n", "{}", "  1\n\n  2\n"},
		{"{{>custom}}{{a}}", "{\"a\": 1}", "11"},
		{"{{=<% %>=}}<%>name%>", "{\"a\": 1}", "*1*"},
	};

	(void)state;
	CHECK_ROWS(rows);
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
		cmocka_unit_test(names_are_replaced_by_values),
		cmocka_unit_test(sections_follow_their_value),
		cmocka_unit_test(a_tag_alone_on_its_line_takes_the_line),
		cmocka_unit_test(delimiters_can_be_set),
		WITH_PARTIALS(partials_are_rendered_in_place),
		WITH_PARTIALS(mistakes_say_where),
		cmocka_unit_test(too_many_sections_inside_each_other_are_refused),
		cmocka_unit_test(output_beyond_the_callers_maximum_is_an_error),
		WITH_PARTIALS(templates_have_names),
		cmocka_unit_test(embedded_files_are_whole),
		cmocka_unit_test(escaping_goes_by_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
