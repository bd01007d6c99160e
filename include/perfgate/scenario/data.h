/*
 * Data sets: the rows that `${site.lat}` reads.
 *
 * From a CSV file (RFC 4180, with a header line), from rows in place or
 * from a grid of numbers. Rows are picked uniformly, in sequence, or by a
 * Zipf law: row k with a probability proportional to 1/k^s, so that the first
 * rows are the popular ones.
 *
 * In sequence means: the n-th request of user u reads row u + n - 1 (wrapping), so that
 * users do not wait for each other and a repeated run reads the same rows.
 *
 * Immutable once compiled; everything lives in the caller's arena.
 */
#ifndef PERFGATE_SCENARIO_DATA_H
#define PERFGATE_SCENARIO_DATA_H

#include "perfgate/base/arena.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/yaml.h"
#include "perfgate/scenario/request.h"

#define DATA_MAX_ROWS ((size_t)1000000)
#define DATA_MAX_COLUMNS ((size_t)100)
#define DATA_MAX_BYTES ((size_t)32 << 20)

enum data_pick { DATA_UNIFORM, DATA_SEQUENTIAL, DATA_ZIPF };

struct data_set {
	const char *name;
	enum data_pick pick;
	double zipf_s;
	const double *cumulative; /* Zipf: n_rows values, not normalised */
	size_t n_rows, n_columns;
	const char **columns; /* n_columns names */
	const char **cells; /* row by row */
	bool *numeric; /* per column: every cell is a JSON number */
	bool used; /* some request reads it */
	char digest[TEXT_SHA256_SIZE]; /* of names, cells and the way of picking */
};

/* `folder`: where relative CSV paths start. ERROR_USAGE with position. */
PG_MUST_CHECK int data_compile(struct arena *arena, const char *name, const struct yaml_node *node,
			       const char *folder, struct data_set *out, struct error *err);

/* Index of the column, or -1. */
int data_column(const struct data_set *set, const char *name);

/* A row for this user's request; `step` counts the rows read by one request (in `repeat`). */
size_t data_pick(const struct data_set *set, struct user_state *user, uint64_t step);

static inline const char *data_cell(const struct data_set *set, size_t row, size_t column)
{
	return set->cells[row * set->n_columns + column];
}

/* Weights of ranks 1..n under 1/k^s, summed up; in `arena`. */
const double *data_zipf_table(struct arena *arena, double s, size_t n);
/* A rank - 1 drawn from such a table. */
size_t data_zipf_draw(const double *cumulative, size_t n, struct rng *rng);

/* Parse CSV text into `out` (columns, cells, counts only); `file` for messages. */
PG_MUST_CHECK int data_parse_csv(struct arena *arena, const char *text, size_t length,
				 const char *file, struct data_set *out, struct error *err);

#endif
