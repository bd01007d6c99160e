#include "perfgate/verdict/maxt.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reference/maxt.inc"

static void assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9))
		fail_msg("got %.15g, want %.15g", got, want);
}

static void test_exact_p_values_match_plain_enumeration(void **state)
{
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell cells[7];

	(void)state;
	assert_near(maxt_run(maxt, eight_d, 7, 8, NULL, cells), eight_q);
	for (size_t j = 0; j < ARRAY_SIZE(eight_values); j++) {
		assert_near(cells[j].t, eight_values[j].t);
		assert_near(cells[j].p, eight_values[j].p);
		assert_near(cells[j].p_less, eight_values[j].p_less);
	}
	assert_near(maxt_run(maxt, eleven_d, 4, 11, NULL, cells), eleven_q);
	for (size_t j = 0; j < ARRAY_SIZE(eleven_values); j++) {
		assert_near(cells[j].t, eleven_values[j].t);
		assert_near(cells[j].p, eleven_values[j].p);
		assert_near(cells[j].p_less, eleven_values[j].p_less);
	}
}

/* d of one sign is the most extreme of the 2^K flips: p = 2^-K, and 1 the other way. */
static void test_one_cell_with_one_sign_has_the_smallest_p(void **state)
{
	static const double d[] = {.1, .12, .09, .11, .1, .13, .08, .1};
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell cell;

	(void)state;
	maxt_run(maxt, d, 1, 8, NULL, &cell);
	assert_near(cell.p, 1.0 / 256);
	assert_near(cell.p_less, 1);
}

/* Ties between the observed signs and others must all be counted, whatever the order of adding. */
static void test_missing_and_equal_blocks_do_not_part_what_is_equal(void **state)
{
	static const double d[] = {.1, NAN, .1, .1, NAN, .1, .1, .1};
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell cell;

	(void)state;
	maxt_run(maxt, d, 1, 8, NULL, &cell);
	/* Six blocks count: 1/2^6. */
	assert_near(cell.p, 1.0 / 64);
}

static void test_cells_without_two_blocks_have_no_p(void **state)
{
	static const double d[] = {NAN, .1, NAN, NAN, .1, .2, .1, .3};
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell cells[2];

	(void)state;
	maxt_run(maxt, d, 2, 4, NULL, cells);
	assert_true(isnan(cells[0].t) && isnan(cells[0].p) && isnan(cells[0].p_less));
	assert_near(cells[1].p, 1.0 / 16);
	assert_true(isnan(maxt_run(maxt, d, 1, 4, NULL, cells)));
}

/* n cells with a common part, so that they are correlated like metrics of one run. */
static void draw(struct rng *rng, size_t n_cells, size_t n_blocks, double *d)
{
	for (size_t k = 0; k < n_blocks; k++) {
		double common = noise_normal(rng);

		for (size_t j = 0; j < n_cells; j++)
			d[j * n_blocks + k] = .03 * (common + noise_heavy(rng));
	}
}

static void test_random_signs_agree_with_enumeration(void **state)
{
	enum { CELLS = 5, BLOCKS = 12, COPIES = 13 };
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell exact[CELLS], drawn[CELLS];
	double d[CELLS * BLOCKS], longer[CELLS * COPIES];
	struct rng rng;

	(void)state;
	rng_seed(&rng, 5, 0);
	for (int round = 0; round < 20; round++) {
		draw(&rng, CELLS, BLOCKS, d);
		for (size_t j = 0; j < CELLS; j++) {
			for (size_t k = 0; k < BLOCKS; k++) {
				d[j * BLOCKS + k] += .02;
				longer[j * COPIES + k] = d[j * BLOCKS + k];
			}
			/* A thirteenth block that nobody has: beyond enumeration. */
			longer[j * COPIES + BLOCKS] = NAN;
		}
		maxt_run(maxt, d, CELLS, BLOCKS, NULL, exact);
		maxt_run(maxt, longer, CELLS, COPIES, &rng, drawn);
		/* Five standard errors of 10^4 draws at p = 1/2. */
		for (size_t j = 0; j < CELLS; j++)
			assert_true(fabs(exact[j].p - drawn[j].p) < .025);
	}
}

/* Share of `runs` null runs in which any adjusted p is within `level`. */
static double family_error(size_t n_blocks, double level, int runs, uint64_t seed)
{
	enum { CELLS = 12 };
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell cells[CELLS];
	double d[CELLS * MAXT_BLOCKS_MAX];
	struct rng rng;
	int alarms = 0;

	rng_seed(&rng, seed, n_blocks);
	for (int run = 0; run < runs; run++) {
		bool alarm = false;

		draw(&rng, CELLS, n_blocks, d);
		maxt_run(maxt, d, CELLS, n_blocks, &rng, cells);
		for (size_t j = 0; j < CELLS; j++)
			alarm = alarm || cells[j].p <= level;
		alarms += alarm;
	}
	return (double)alarms / runs;
}

/* Exact, so the rate is the level itself within simulation error (4 standard errors). */
static void test_false_alarms_of_correlated_heavy_tailed_cells_keep_the_level(void **state)
{
	double rate;

	(void)state;
	rate = family_error(8, 13.0 / 256, 2000, 7);
	assert_true(fabs(rate - 13.0 / 256) < 4 * sqrt(.05 * .95 / 2000));
	rate = family_error(16, .05, 400, 8);
	assert_true(fabs(rate - .05) < 4 * sqrt(.05 * .95 / 400));
}

static void test_step_down_finds_a_shift_that_others_do_not_hide(void **state)
{
	enum { CELLS = 12, BLOCKS = 8, RUNS = 300 };
	AUTO(maxt) struct maxt *maxt = maxt_new();
	struct maxt_cell cells[CELLS];
	double d[CELLS * BLOCKS];
	struct rng rng;
	int found = 0, false_alarms = 0;

	(void)state;
	rng_seed(&rng, 9, 0);
	for (int run = 0; run < RUNS; run++) {
		draw(&rng, CELLS, BLOCKS, d);
		/* A third of the cells is three times as slow. */
		for (size_t i = 0; i < CELLS / 3 * BLOCKS; i++)
			d[i] += 1.1;
		maxt_run(maxt, d, CELLS, BLOCKS, NULL, cells);
		found += cells[0].p <= 2.0 / 256 && cells[3].p <= 2.0 / 256;
		for (size_t j = CELLS / 3; j < CELLS; j++)
			false_alarms += cells[j].p <= 2.0 / 256;
	}
	assert_true(found > RUNS * 95 / 100);
	assert_true(false_alarms <= RUNS / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_p_values_match_plain_enumeration),
		cmocka_unit_test(test_one_cell_with_one_sign_has_the_smallest_p),
		cmocka_unit_test(test_missing_and_equal_blocks_do_not_part_what_is_equal),
		cmocka_unit_test(test_cells_without_two_blocks_have_no_p),
		cmocka_unit_test(test_random_signs_agree_with_enumeration),
		cmocka_unit_test(test_false_alarms_of_correlated_heavy_tailed_cells_keep_the_level),
		cmocka_unit_test(test_step_down_finds_a_shift_that_others_do_not_hide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
