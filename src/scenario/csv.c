#include "perfgate/scenario/data.h"

#include "perfgate/scenario/values.h"

#include <string.h>

/* RFC 4180, read in one pass; a record may span lines inside quotes. */
struct csv_reader {
	const char *at, *end;
	const char *file;
	int line;
	struct strbuf field;
	bool last; /* the field just read ends its record */
};

static int csv_error(const struct csv_reader *reader, struct error *err, const char *what)
{
	return error_set(err, ERROR_USAGE, "%s:%d: %s", reader->file, reader->line, what);
}

/* The reader stands behind the opening quote. */
static int read_quoted(struct csv_reader *reader, struct error *err)
{
	int opened = reader->line;

	for (; reader->at < reader->end; reader->at++) {
		if (*reader->at == '\n')
			reader->line++;
		if (*reader->at == '"') {
			if (reader->at + 1 == reader->end || reader->at[1] != '"') {
				reader->at++;
				return 0;
			}
			reader->at++;
		}
		strbuf_putc(&reader->field, *reader->at);
	}
	reader->line = opened;
	return csv_error(reader, err, "the quote opened here is not closed");
}

static int read_field(struct csv_reader *reader, struct error *err)
{
	strbuf_clear(&reader->field);
	if (reader->at < reader->end && *reader->at == '"') {
		reader->at++;
		if (read_quoted(reader, err))
			return -1;
		if (reader->at < reader->end && !strchr(",\r\n", *reader->at))
			return csv_error(reader, err, "text after a closing quote");
	} else {
		while (reader->at < reader->end && !strchr(",\r\n", *reader->at)) {
			if (*reader->at == '"')
				return csv_error(reader, err, "quote inside an unquoted field");
			strbuf_putc(&reader->field, *reader->at++);
		}
	}
	reader->last = reader->at == reader->end || *reader->at != ',';
	if (reader->at < reader->end && *reader->at == '\r')
		reader->at++;
	if (reader->at < reader->end && *reader->at == '\n')
		reader->line++;
	if (reader->at < reader->end)
		reader->at++;
	return 0;
}

/* Names that can stand in ${set.column}. */
static bool is_column_name(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_-")];
}

static int read_header(struct csv_reader *reader, struct arena *arena, struct data_set *out,
		       struct error *err)
{
	out->columns = arena_alloc(arena, DATA_MAX_COLUMNS, sizeof(*out->columns));
	do {
		if (read_field(reader, err))
			return -1;
		if (out->n_columns == DATA_MAX_COLUMNS)
			return csv_error(reader, err, "more than 100 columns");
		const char *name =
			value_trim(arena, strbuf_text(&reader->field), reader->field.length);
		if (!is_column_name(name))
			return csv_error(reader, err,
					 "the first line must name the columns with letters, "
					 "digits, _ and -");
		if (data_column(out, name) >= 0)
			return csv_error(reader, err, "two columns have the same name");
		out->columns[out->n_columns++] = name;
	} while (!reader->last);
	return 0;
}

/* One record into `cells`; *out_empty for a blank line. */
static int read_record(struct csv_reader *reader, struct arena *arena, size_t columns,
		       const char **cells, bool *out_empty, struct error *err)
{
	size_t n = 0;

	*out_empty = false;
	do {
		if (read_field(reader, err))
			return -1;
		if (!n && reader->last && !reader->field.length && columns > 1) {
			*out_empty = true;
			return 0;
		}
		if (n == columns)
			return csv_error(reader, err, "more fields than the header line has");
		cells[n++] =
			arena_strndup(arena, strbuf_text(&reader->field), reader->field.length);
	} while (!reader->last);
	return n == columns ? 0 : csv_error(reader, err, "fewer fields than the header line has");
}

static int read_rows(struct csv_reader *reader, struct arena *arena, struct data_set *out,
		     struct error *err)
{
	AUTO_FREE const char **cells = NULL;
	size_t capacity = 0;

	while (reader->at < reader->end) {
		bool empty;

		if (out->n_rows == DATA_MAX_ROWS)
			return csv_error(reader, err, "more than 1,000,000 rows");
		if ((out->n_rows + 1) * out->n_columns > capacity) {
			capacity = 2 * (out->n_rows + 8) * out->n_columns;
			cells = xrealloc(cells, capacity, sizeof(*cells));
		}
		if (read_record(reader, arena, out->n_columns, &cells[out->n_rows * out->n_columns],
				&empty, err))
			return -1;
		out->n_rows += !empty;
	}
	if (!out->n_rows)
		return csv_error(reader, err, "no rows below the header line");
	out->cells = arena_alloc(arena, out->n_rows * out->n_columns, sizeof(*out->cells));
	memcpy(out->cells, cells, out->n_rows * out->n_columns * sizeof(*cells));
	return 0;
}

int data_parse_csv(struct arena *arena, const char *text, size_t length, const char *file,
		   struct data_set *out, struct error *err)
{
	struct csv_reader reader = {.at = text, .end = text + length, .file = file, .line = 1};
	int result;

	if (memchr(text, '\0', length))
		return csv_error(&reader, err, "NUL byte");
	if (!text_is_utf8(text, length))
		return csv_error(&reader, err, "not UTF-8");
	if (length >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3))
		reader.at += 3;
	result = read_header(&reader, arena, out, err) || read_rows(&reader, arena, out, err);
	strbuf_release(&reader.field);
	return result ? -1 : 0;
}
