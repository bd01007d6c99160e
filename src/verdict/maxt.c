#include "perfgate/verdict/maxt.h"

#include "perfgate/verdict/robust.h"

#include <assert.h>
#include <math.h>

#define VARIANCE_FLOOR 1e-6
#define GROUP_BITS 8
#define GROUP_SIZE (1 << GROUP_BITS)
#define GROUPS_MAX (MAXT_BLOCKS_MAX / GROUP_BITS)

/*
 * A cell as the signs see it. The sum of e d comes from one table per group of eight blocks, so
 * that a sign vector costs a load and an addition per group, and the same vector always gives
 * the same sum to the last bit. Of T only the sum changes with e: sum((e d)^2) does not.
 */
struct signed_sums {
	double table[GROUPS_MAX][GROUP_SIZE];
	double squares;
	double n;
};

struct maxt {
	uint64_t masks[MAXT_DRAWS]; /* bit k: block k is flipped */
	double largest[MAXT_DRAWS]; /* of T over the cells done, signed square */
	size_t n_masks;
	struct signed_sums sums;
	size_t *order;
	size_t capacity;
};

static_assert(1 << MAXT_EXACT_BLOCKS <= MAXT_DRAWS, "the masks have room for the enumeration");

struct maxt *maxt_new(void)
{
	return xcalloc(1, sizeof(struct maxt));
}

void maxt_free(struct maxt *maxt)
{
	if (maxt)
		free(maxt->order);
	free(maxt);
}

static void fill_masks(struct maxt *maxt, size_t n_blocks, struct rng *rng)
{
	bool exact = n_blocks <= MAXT_EXACT_BLOCKS;

	maxt->n_masks = exact ? (size_t)1 << n_blocks : MAXT_DRAWS;
	for (size_t i = 0; i < maxt->n_masks; i++)
		maxt->masks[i] = exact ? i : rng_next(rng) >> (64 - n_blocks);
}

/* `sign` -1 turns the cell round, for the other direction. */
static void load_cell(struct signed_sums *sums, const double *d, size_t n_blocks, double sign)
{
	size_t groups = (n_blocks + GROUP_BITS - 1) / GROUP_BITS;
	size_t n = 0;

	sums->squares = 0;
	for (size_t g = 0; g < groups; g++) {
		double values[GROUP_BITS] = {0};
		double *table = sums->table[g];

		table[0] = 0;
		for (size_t i = 0; i < GROUP_BITS; i++) {
			size_t k = g * GROUP_BITS + i;

			if (k >= n_blocks || isnan(d[k]))
				continue;
			values[i] = sign * d[k];
			table[0] += values[i];
			sums->squares += d[k] * d[k];
			n++;
		}
		for (unsigned bits = 1; bits < GROUP_SIZE; bits++)
			table[bits] = table[bits & (bits - 1)] - 2 * values[__builtin_ctz(bits)];
	}
	sums->n = (double)n;
}

/* T |T|: as T orders, without its root. */
static inline double squared_t(const struct signed_sums *sums, double sum)
{
	double mean_square = sum * sum / sums->n;
	double left = sums->squares - mean_square;
	/* Not fmax(): a call here costs as much as all the rest. */
	double variance = (left > 0 ? left : 0) / (sums->n - 1);

	return copysign(mean_square / (variance + VARIANCE_FLOOR), sum);
}

static inline double signed_sum(const struct signed_sums *sums, uint64_t mask, size_t groups)
{
	double sum = 0;

	for (size_t g = 0; g < groups; g++)
		sum += sums->table[g][(mask >> (g * GROUP_BITS)) & (GROUP_SIZE - 1)];
	return sum;
}

/* The largest T so far over the cells from the last in order to this one, per sign vector. */
static void raise_largest(struct maxt *maxt, size_t groups)
{
	for (size_t i = 0; i < maxt->n_masks; i++) {
		double t = squared_t(&maxt->sums, signed_sum(&maxt->sums, maxt->masks[i], groups));

		maxt->largest[i] = t > maxt->largest[i] ? t : maxt->largest[i];
	}
}

/* How many reach the observed value; rounding must not part what is equal. */
static size_t count_reaching(const struct maxt *maxt, double observed)
{
	double bar = observed - 1e-9 * fabs(observed);
	size_t count = 0;

	for (size_t i = 0; i < maxt->n_masks; i++)
		count += maxt->largest[i] >= bar;
	return count;
}

static double observed_t(const struct signed_sums *sums, size_t groups)
{
	double square;

	if (sums->n < 2)
		return NAN;
	square = squared_t(sums, signed_sum(sums, 0, groups));
	return copysign(sqrt(fabs(square)), square);
}

static int by_t(const void *left, const void *right, void *context)
{
	const struct maxt_cell *cells = context;
	double a = cells[*(const size_t *)left].t, b = cells[*(const size_t *)right].t;

	return (a > b) - (a < b);
}

/* Cells with a T, the smallest first. */
static size_t sort_cells(struct maxt *maxt, size_t n_cells, struct maxt_cell *cells)
{
	size_t n = 0;

	if (n_cells > maxt->capacity) {
		maxt->order = xrealloc(maxt->order, n_cells, sizeof *maxt->order);
		maxt->capacity = n_cells;
	}
	for (size_t j = 0; j < n_cells; j++)
		if (!isnan(cells[j].t))
			maxt->order[n++] = j;
	qsort_r(maxt->order, n, sizeof *maxt->order, by_t, cells);
	return n;
}

/* One direction: from the cell with the least evidence to the one with the most. */
static void step_down(struct maxt *maxt, const double *d, size_t n_blocks, size_t n,
		      struct maxt_cell *cells, bool less)
{
	size_t groups = (n_blocks + GROUP_BITS - 1) / GROUP_BITS;
	bool exact = n_blocks <= MAXT_EXACT_BLOCKS;
	double largest_p = 0;

	for (size_t i = 0; i < maxt->n_masks; i++)
		maxt->largest[i] = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		size_t j = maxt->order[less ? n - 1 - i : i];
		double count, p;

		load_cell(&maxt->sums, &d[j * n_blocks], n_blocks, less ? -1 : 1);
		raise_largest(maxt, groups);
		count = (double)count_reaching(maxt, squared_t(&maxt->sums,
							       signed_sum(&maxt->sums, 0, groups)));
		p = exact ? count / (double)maxt->n_masks : (1 + count) / (MAXT_DRAWS + 1);
		*(less ? &cells[j].p_less : &cells[j].p) = p;
	}
	/* Adjusted p never falls as the evidence does. */
	for (size_t i = n; i-- > 0;) {
		double *p = less ? &cells[maxt->order[n - 1 - i]].p_less : &cells[maxt->order[i]].p;

		*p = largest_p = fmax(largest_p, *p);
	}
}

static double quantile_of_largest(struct maxt *maxt, size_t n)
{
	size_t rank = (size_t)ceil(.95 * (double)maxt->n_masks) - 1;
	double square;

	if (n == 0)
		return NAN;
	square = robust_select(maxt->largest, maxt->n_masks, rank);
	return copysign(sqrt(fabs(square)), square);
}

double maxt_run(struct maxt *maxt, const double *d, size_t n_cells, size_t n_blocks,
		struct rng *rng, struct maxt_cell *out)
{
	size_t groups = (n_blocks + GROUP_BITS - 1) / GROUP_BITS;
	size_t n;

	assert(n_blocks > 0 && n_blocks <= MAXT_BLOCKS_MAX);
	fill_masks(maxt, n_blocks, rng);
	for (size_t j = 0; j < n_cells; j++) {
		load_cell(&maxt->sums, &d[j * n_blocks], n_blocks, 1);
		out[j] = (struct maxt_cell){observed_t(&maxt->sums, groups), NAN, NAN};
	}
	n = sort_cells(maxt, n_cells, out);
	step_down(maxt, d, n_blocks, n, out, true);
	/* Last, since its largest T are those of the quantile. */
	step_down(maxt, d, n_blocks, n, out, false);
	return quantile_of_largest(maxt, n);
}
