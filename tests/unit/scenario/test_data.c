#include "suite_helper.h"

#include "perfgate/base/text.h"
#include "perfgate/scenario/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct data_case {
	struct arena arena;
	struct yaml_document *document;
	struct data_set set;
	struct error err;
};

static int try_data(struct data_case *c, const char *yaml, const char *folder)
{
	memset(c, 0, sizeof(*c));
	if (extyaml_parse(yaml, strlen(yaml), "t.yml", &c->document, &c->err))
		fail_msg("%s", c->err.message);
	return data_compile(&c->arena, "s", extyaml_root(c->document), folder, &c->set, &c->err);
}

static void load_data(struct data_case *c, const char *yaml)
{
	if (try_data(c, yaml, "."))
		fail_msg("%s", c->err.message);
}

static void release_data(struct data_case *c)
{
	extyaml_free(c->document);
	arena_release(&c->arena);
}

/* Columns and cells in one line: "a,b;1,2;3,4". */
static char *show(const struct data_set *set)
{
	struct strbuf out = {0};
	size_t i, j;

	for (j = 0; j < set->n_columns; j++)
		strbuf_printf(&out, "%s%s", j ? "," : "", set->columns[j]);
	for (i = 0; i < set->n_rows; i++)
		for (j = 0; j < set->n_columns; j++)
			strbuf_printf(&out, "%s%s", j ? "," : ";", data_cell(set, i, j));
	return strbuf_take(&out);
}

static void csv_is_read_as_rfc_4180_says(void **state)
{
	static const char *const rows[][2] = {
		{"a,b\n1,2\n3,4\n", "a,b;1,2;3,4"},
		{"a,b\r\n1,2\r\n3,4", "a,b;1,2;3,4"},
		{"\xEF\xBB\xBF"
		 "a,b\n1,2",
		 "a,b;1,2"},
		{"a , b\n1, 2\n", "a,b;1, 2"},
		{"a,b\n\"1,5\",\"say \"\"hi\"\"\"\n", "a,b;1,5,say \"hi\""},
		{"a,b\n\"two\nlines\",x\n", "a,b;two\nlines,x"},
		{"a,b\n1,\n,2\n", "a,b;1,;,2"},
		{"a,b\n1,2\n\n\n", "a,b;1,2"},
		{"a\n1\n2", "a;1;2"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena arena = {0};
		struct data_set set = {0};
		struct error err = ERROR_INIT;
		AUTO_FREE char *shown = NULL;

		if (data_parse_csv(&arena, rows[i][0], strlen(rows[i][0]), "x.csv", &set, &err))
			fail_msg("%s", err.message);
		shown = show(&set);
		assert_string_equal(shown, rows[i][1]);
		arena_release(&arena);
	}
}

static void broken_csv_is_refused_with_its_line(void **state)
{
	static const char *const rows[][2] = {
		{"", "x.csv:1: the first line must name the columns"},
		{"a,b", "x.csv:1: no rows below the header line"},
		{"a,b\n", "x.csv:2: no rows below the header line"},
		{"a,a\n1,2\n", "two columns have the same name"},
		{"a,\n1,2\n", "the first line must name the columns"},
		{"a,b c\n1,2\n", "the first line must name the columns"},
		{"a,b\n1,2\n3\n", "fewer fields than the header line has"},
		{"a,b\n1,2,3\n", "more fields than the header line has"},
		{"a,b\n\"1,2\n3,4\n", "x.csv:2: the quote opened here is not closed"},
		{"a,b\n\"1\"x,2\n", "x.csv:2: text after a closing quote"},
		{"a,b\n1\"x,2\n", "x.csv:2: quote inside an unquoted field"},
		{"a,b\n1,\xff\n", "not UTF-8"},
	};
	struct arena arena = {0};
	struct error err = ERROR_INIT;
	struct data_set set = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		set = (struct data_set){0};
		assert_int_equal(data_parse_csv(&arena, rows[i][0], strlen(rows[i][0]), "x.csv",
						&set, &err),
				 -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		if (!strstr(err.message, rows[i][1]))
			fail_msg("row %zu gave: %s", i, err.message);
	}
	set = (struct data_set){0};
	assert_int_equal(data_parse_csv(&arena, "a\n\0", 3, "x.csv", &set, &err), -1);
	assert_non_null(strstr(err.message, "NUL"));
	arena_release(&arena);
}

static void rows_and_grids_become_tables(void **state)
{
	static const char *const rows[][2] = {
		{"rows: [{a: 1, b: x}, {b: y, a: 2}]", "a,b;1,x;2,y"},
		{"rows: [x, 5, 'a b']", "value;x;5;a b"},
		{"grid: {lat: -0.5..0.5, lon: 34..35, step: 0.5}",
		 "lat,lon;-0.5,34;-0.5,34.5;-0.5,35;0,34;0,34.5;0,35;0.5,34;0.5,34.5;0.5,35"},
		{"grid: {step: 0.1, x: 0..0.3}", "x;0;0.1;0.2;0.3"},
		{"grid: {x: 5..5, step: 1}", "x;5"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct data_case c;
		AUTO_FREE char *shown = NULL;

		load_data(&c, rows[i][0]);
		shown = show(&c.set);
		assert_string_equal(shown, rows[i][1]);
		release_data(&c);
	}
}

static void the_quick_data_set_has_its_357_cells(void **state)
{
	struct data_case c;

	(void)state;
	load_data(&c, "grid: {lat: -3..2, lon: 34..38, step: 0.25}");
	assert_int_equal(c.set.n_rows, 357);
	assert_string_equal(data_cell(&c.set, 356, 0), "2");
	assert_string_equal(data_cell(&c.set, 356, 1), "38");
	release_data(&c);
}

static void a_column_is_numeric_when_every_cell_is(void **state)
{
	struct data_case c;

	(void)state;
	load_data(&c, "rows: [{a: 1, b: 1, c: 007, d: -0.5e3}, {a: -2, b: x, c: 8, d: 1}]");
	assert_true(c.set.numeric[0]);
	assert_false(c.set.numeric[1]);
	assert_false(c.set.numeric[2]);
	assert_true(c.set.numeric[3]);
	release_data(&c);
}

static void mistakes_in_data_are_refused(void **state)
{
	static const char *const rows[][2] = {
		{"{}", "t.yml:1:1: data set `s` needs one of csv:, rows:, grid:"},
		{"{csv: a, rows: [1]}", "needs one of csv:, rows:, grid:"},
		{"{csv: nonexistent.csv}", "t.yml:1:7: csv: "},
		{"{rows: []}", "the list is empty"},
		{"{rows: [[1]]}", "a row is a mapping"},
		{"{rows: [{a: 1}, {a: 1, b: 2}]}", "t.yml:1:17: this row has 2 columns"},
		{"{rows: [{a: 1}, {b: 2}]}", "this row has no column `a`"},
		{"{rows: [{a: 1}, 2]}", "expected a mapping"},
		{"{rows: [{a: [1]}]}", "expected a single value"},
		{"{grid: {x: 1..2}}", "grid needs step:"},
		{"{grid: {step: 1}}", "a grid has 1 to 8 axes"},
		{"{grid: {x: 2..1, step: 1}}", "no or too many steps"},
		{"{grid: {x: 1..b, step: 1}}", "t.yml:1:12:"},
		{"{grid: {x: 0..1000, y: 0..1000, step: 1}}", "more than 1,000,000 points"},
		{"{rows: [1], pick: random}", "write uniform, sequential or zipf(1.0)"},
		{"{rows: [1], pick: zipf(x)}", "pick: zipf:"},
		{"{rows: [1], pick: zipf(-1)}", "out of range"},
		{"{rows: [1], pic: uniform}", "did you mean"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct data_case c;

		if (!try_data(&c, rows[i][0], "."))
			fail_msg("accepted: %s", rows[i][0]);
		assert_int_equal(c.err.kind, ERROR_USAGE);
		if (!strstr(c.err.message, rows[i][1]))
			fail_msg("%s gave: %s", rows[i][0], c.err.message);
		release_data(&c);
	}
}

static void csv_files_are_relative_to_the_configuration(void **state)
{
	char folder[] = "/tmp/pfg-test-XXXXXX";
	AUTO_FREE char *path = NULL;
	struct data_case c;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = xasprintf("%s/sites.csv", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("lat,lon\n1,2\n", file);
	fclose(file);
	if (try_data(&c, "{csv: sites.csv, pick: zipf(1.0)}", folder))
		fail_msg("%s", c.err.message);
	assert_int_equal(c.set.pick, DATA_ZIPF);
	assert_int_equal(data_column(&c.set, "lon"), 1);
	assert_int_equal(data_column(&c.set, "x"), -1);
	release_data(&c);
	remove(path);
	rmdir(folder);
}

static void rows_are_picked_as_asked(void **state)
{
	struct data_case uniform, sequential, zipf;
	size_t counts[3][4] = {{0}}, i;
	struct user_state user;

	(void)state;
	load_data(&uniform, "rows: [a, b, c, d]");
	load_data(&sequential, "{rows: [a, b, c, d], pick: sequential}");
	load_data(&zipf, "{rows: [a, b, c, d], pick: zipf(1)}");
	user_state_init(&user, 9, 3);
	for (i = 0; i < 4000; i++) {
		user.sequence++;
		/* User 3's first request reads the third row. */
		assert_int_equal(data_pick(&sequential.set, &user, 0), (i + 2) % 4);
		assert_int_equal(data_pick(&sequential.set, &user, 1), (i + 3) % 4);
		counts[0][data_pick(&uniform.set, &user, 0)]++;
		counts[1][data_pick(&zipf.set, &user, 0)]++;
	}
	for (i = 0; i < 4; i++)
		assert_in_range(counts[0][i], 890, 1110);
	/* 12/25, 6/25, 4/25, 3/25 */
	assert_in_range(counts[1][0], 1793, 2047);
	assert_in_range(counts[1][1], 852, 1068);
	assert_in_range(counts[1][2], 547, 733);
	assert_in_range(counts[1][3], 397, 563);
	release_data(&uniform);
	release_data(&sequential);
	release_data(&zipf);
}

static void the_digest_sees_contents_and_pick(void **state)
{
	static const char *const rows[] = {
		"rows: [{a: 1, b: 2}]",
		"rows: [{a: 1, b: 3}]",
		"rows: [{a: 1, c: 2}]",
		"{rows: [{a: 1, b: 2}], pick: sequential}",
		"{rows: [{a: 1, b: 2}], pick: zipf(1)}",
		"{rows: [{a: 1, b: 2}], pick: zipf(2)}",
		"rows: [{a: 12, b: ''}]",
	};
	char digests[ARRAY_SIZE(rows)][TEXT_SHA256_SIZE];
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct data_case c;

		load_data(&c, rows[i]);
		memcpy(digests[i], c.set.digest, sizeof(digests[i]));
		for (j = 0; j < i; j++)
			assert_string_not_equal(digests[i], digests[j]);
		release_data(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_is_read_as_rfc_4180_says),
		cmocka_unit_test(broken_csv_is_refused_with_its_line),
		cmocka_unit_test(rows_and_grids_become_tables),
		cmocka_unit_test(the_quick_data_set_has_its_357_cells),
		cmocka_unit_test(a_column_is_numeric_when_every_cell_is),
		cmocka_unit_test(mistakes_in_data_are_refused),
		cmocka_unit_test(csv_files_are_relative_to_the_configuration),
		cmocka_unit_test(rows_are_picked_as_asked),
		cmocka_unit_test(the_digest_sees_contents_and_pick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
