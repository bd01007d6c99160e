#include "perfgate/scenario/data.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/units.h"
#include "perfgate/scenario/values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const data_keys[] = {"csv", "rows", "grid", "pick", NULL};

/* --- where the rows come from --- */

static int read_csv(struct arena *arena, const struct yaml_node *node, const char *folder,
		    struct data_set *out, struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO_FREE char *path = NULL;

	if (extyaml_expect(node, YAML_SCALAR, "csv", err))
		return -1;
	path = *node->text == '/' ? xstrdup(node->text) : fs_join(folder, node->text);
	if (fs_read_file(&text, path, DATA_MAX_BYTES, ERROR_USAGE, err) ||
	    data_parse_csv(arena, strbuf_text(&text), text.length, path, out, err))
		return error_wrap(err, "%s:%d:%d: csv", node->file, node->line, node->column);
	return 0;
}

/* A list of plain values is a table with the one column `value`. */
static int read_row(struct arena *arena, const struct yaml_node *row, struct data_set *out,
		    const char **cells, struct error *err)
{
	size_t i;

	if (row->kind == YAML_SCALAR && !row->text[0] && row->plain)
		return extyaml_error(row, err, "rows: empty row");
	if (row->kind == YAML_SCALAR && text_equal(out->columns[0], "value")) {
		cells[0] = arena_strdup(arena, row->text);
		return 0;
	}
	if (extyaml_expect(row, YAML_MAPPING, "a row", err))
		return -1;
	if (row->count != out->n_columns)
		return extyaml_error(row, err, "this row has %zu columns, the first one has %zu",
				     row->count, out->n_columns);
	for (i = 0; i < out->n_columns; i++) {
		const struct yaml_node *cell = extyaml_get(row, out->columns[i]);

		if (!cell)
			return extyaml_error(row, err, "this row has no column `%s`",
					     out->columns[i]);
		if (extyaml_expect(cell, YAML_SCALAR, "a cell", err))
			return -1;
		cells[i] = arena_strdup(arena, cell->text);
	}
	return 0;
}

static int read_rows(struct arena *arena, const struct yaml_node *node, struct data_set *out,
		     struct error *err)
{
	const struct yaml_node *first;
	size_t i;

	if (extyaml_expect(node, YAML_SEQUENCE, "rows", err))
		return -1;
	if (!node->count)
		return extyaml_error(node, err, "rows: the list is empty");
	first = node->items[0];
	if (first->kind == YAML_SEQUENCE || (first->kind == YAML_MAPPING && !first->count))
		return extyaml_error(first, err, "a row is a mapping such as {lat: 1.5, lon: 36}");
	out->n_rows = node->count;
	out->n_columns = first->kind == YAML_MAPPING ? first->count : 1;
	if (out->n_columns > DATA_MAX_COLUMNS)
		return extyaml_error(first, err, "more than 100 columns");
	out->columns = arena_alloc(arena, out->n_columns, sizeof(*out->columns));
	out->columns[0] = "value";
	for (i = 0; first->kind == YAML_MAPPING && i < first->count; i++)
		out->columns[i] = arena_strdup(arena, first->keys[i]->text);
	out->cells = arena_alloc(arena, out->n_rows * out->n_columns, sizeof(*out->cells));
	for (i = 0; i < out->n_rows; i++)
		if (read_row(arena, node->items[i], out, &out->cells[i * out->n_columns], err))
			return -1;
	return 0;
}

struct axis {
	double low;
	size_t steps; /* values on the axis */
};

static int read_axis(struct arena *arena, const struct yaml_node *node, double step,
		     struct axis *out, struct error *err)
{
	const char *low, *high, *why;
	double to, steps;

	if (extyaml_expect(node, YAML_SCALAR, "a grid axis", err))
		return -1;
	if (!value_split_range(arena, node->text, &low, &high))
		return extyaml_error(node, err, "write a range such as -3..2");
	if (units_parse_number(low, &out->low, &why) || units_parse_number(high, &to, &why))
		return extyaml_error(node, err, "%s", why);
	/* The end belongs to the grid even when the step has no exact binary form. */
	steps = floor((to - out->low) / step + 1e-6);
	if (!(steps >= 0 && steps < (double)DATA_MAX_ROWS))
		return extyaml_error(node, err, "%s holds no or too many steps", node->text);
	out->steps = (size_t)steps + 1;
	return 0;
}

/* Rows in reading order: the last axis varies fastest. */
static void fill_grid(struct arena *arena, const struct axis *axes, double step,
		      struct data_set *out)
{
	size_t row, column;

	out->cells = arena_alloc(arena, out->n_rows * out->n_columns, sizeof(*out->cells));
	for (row = 0; row < out->n_rows; row++) {
		size_t rest = row;

		for (column = out->n_columns; column-- > 0;) {
			char text[UNITS_TEXT_SIZE];
			double value =
				axes[column].low + step * (double)(rest % axes[column].steps);

			rest /= axes[column].steps;
			units_format_number(fabs(value) < step * 1e-6 ? 0 : value, 12, text);
			out->cells[row * out->n_columns + column] = arena_strdup(arena, text);
		}
	}
}

static int read_grid(struct arena *arena, const struct yaml_node *node, struct data_set *out,
		     struct error *err)
{
	const struct yaml_node *step_node;
	struct axis axes[8];
	double step;
	size_t i;

	if (extyaml_expect(node, YAML_MAPPING, "grid", err))
		return -1;
	step_node = extyaml_get(node, "step");
	if (!step_node)
		return extyaml_error(node, err, "grid needs step:, such as step: 0.25");
	if (value_number(step_node, "step", 1e-9, 1e9, &step, err))
		return -1;
	if (node->count < 2 || node->count - 1 > ARRAY_SIZE(axes))
		return extyaml_error(node, err, "a grid has 1 to %zu axes such as lat: -3..2",
				     ARRAY_SIZE(axes));
	out->columns = arena_alloc(arena, node->count - 1, sizeof(*out->columns));
	out->n_rows = 1;
	for (i = 0; i < node->count; i++) {
		if (node->items[i] == step_node)
			continue;
		if (read_axis(arena, node->items[i], step, &axes[out->n_columns], err))
			return -1;
		out->n_rows *= axes[out->n_columns].steps;
		if (out->n_rows > DATA_MAX_ROWS)
			return extyaml_error(node, err, "the grid has more than 1,000,000 points");
		out->columns[out->n_columns++] = arena_strdup(arena, node->keys[i]->text);
	}
	fill_grid(arena, axes, step, out);
	return 0;
}

/* --- how they are picked --- */

const double *data_zipf_table(struct arena *arena, double s, size_t n)
{
	double *table = arena_alloc(arena, n, sizeof(*table));
	double sum = 0;
	size_t k;

	for (k = 0; k < n; k++) {
		sum += pow((double)(k + 1), -s);
		table[k] = sum;
	}
	return table;
}

size_t data_zipf_draw(const double *cumulative, size_t n, struct rng *rng)
{
	double drawn = rng_double(rng) * cumulative[n - 1];
	size_t low = 0, high = n - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cumulative[middle] > drawn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int read_pick(struct arena *arena, const struct yaml_node *node, struct data_set *out,
		     struct error *err)
{
	const char *why, *inside;
	size_t length;

	if (!node)
		return 0;
	if (extyaml_expect(node, YAML_SCALAR, "pick", err))
		return -1;
	if (text_equal(node->text, "uniform"))
		return 0;
	if (text_equal(node->text, "sequential")) {
		out->pick = DATA_SEQUENTIAL;
		return 0;
	}
	length = strlen(node->text);
	if (!text_starts_with(node->text, "zipf(") || !text_ends_with(node->text, ")"))
		return extyaml_error(node, err,
				     "pick: `%s` is unknown; write uniform, sequential or "
				     "zipf(1.0)",
				     node->text);
	inside = value_trim(arena, node->text + 5, length - 6);
	if (units_parse_number(inside, &out->zipf_s, &why))
		return extyaml_error(node, err, "pick: zipf: %s", why);
	if (out->zipf_s < 0 || out->zipf_s > 10)
		return extyaml_error(node, err, "pick: zipf(%s) is out of range (0 to 10)", inside);
	out->pick = DATA_ZIPF;
	out->cumulative = data_zipf_table(arena, out->zipf_s, out->n_rows);
	return 0;
}

size_t data_pick(const struct data_set *set, struct user_state *user, uint64_t step)
{
	switch (set->pick) {
	case DATA_SEQUENTIAL: return (size_t)((user->id + user->sequence + step - 2) % set->n_rows);
	case DATA_ZIPF: return data_zipf_draw(set->cumulative, set->n_rows, &user->rng);
	case DATA_UNIFORM: break;
	}
	return (size_t)rng_below(&user->rng, set->n_rows);
}

/* --- the set --- */

int data_column(const struct data_set *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->n_columns; i++)
		if (text_equal(set->columns[i], name))
			return (int)i;
	return -1;
}

static void describe(struct arena *arena, struct data_set *set)
{
	AUTO(strbuf) struct strbuf text = {0};
	size_t i, cells = set->n_rows * set->n_columns;

	set->numeric = arena_alloc(arena, set->n_columns, sizeof(*set->numeric));
	for (i = 0; i < set->n_columns; i++) {
		set->numeric[i] = true;
		strbuf_append(&text, set->columns[i], strlen(set->columns[i]) + 1);
	}
	for (i = 0; i < cells; i++) {
		if (!value_is_json_number(set->cells[i]))
			set->numeric[i % set->n_columns] = false;
		strbuf_append(&text, set->cells[i], strlen(set->cells[i]) + 1);
	}
	strbuf_printf(&text, "%d %.17g", (int)set->pick, set->zipf_s);
	text_sha256(strbuf_text(&text), text.length, set->digest);
}

int data_compile(struct arena *arena, const char *name, const struct yaml_node *node,
		 const char *folder, struct data_set *out, struct error *err)
{
	struct data_set set = {.name = name};
	const struct yaml_node *csv, *rows, *grid;

	if (extyaml_expect(node, YAML_MAPPING, name, err) ||
	    extyaml_check_keys(node, data_keys, name, err))
		return -1;
	csv = extyaml_get(node, "csv");
	rows = extyaml_get(node, "rows");
	grid = extyaml_get(node, "grid");
	if (!!csv + !!rows + !!grid != 1)
		return extyaml_error(node, err,
				     "data set `%s` needs one of csv:, rows:, grid:", name);
	if (csv && read_csv(arena, csv, folder, &set, err))
		return -1;
	if (rows && read_rows(arena, rows, &set, err))
		return -1;
	if (grid && read_grid(arena, grid, &set, err))
		return -1;
	if (read_pick(arena, extyaml_get(node, "pick"), &set, err))
		return -1;
	describe(arena, &set);
	*out = set;
	return 0;
}
