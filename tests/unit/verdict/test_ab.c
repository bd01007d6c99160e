#include "perfgate/verdict/ab.h"

#include "ab_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double got, double want)
{
	if (!(fabs(got - want) <= 1e-12))
		fail_msg("got %.15g, want %.15g", got, want);
}

/* --- plan and scales ------------------------------------------------------------------------ */

static void test_plan_spends_all_its_levels_whatever_the_budget_allows(void **state)
{
	static const struct {
		size_t affordable;
		unsigned n_looks, blocks[AB_LOOKS_MAX];
	} rows[] = {
		{0, 0, {0}},	      {5, 0, {0}},	     {6, 1, {6}},      {8, 1, {8}},
		{15, 1, {15}},	      {16, 2, {8, 16}},	     {23, 2, {8, 23}}, {24, 3, {8, 16, 24}},
		{40, 3, {8, 16, 40}}, {999, 3, {8, 16, 64}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ab_plan plan;
		double level = 0, pass_level = 0;

		ab_plan_init(&plan, rows[i].affordable);
		assert_int_equal(plan.n_looks, rows[i].n_looks);
		for (unsigned k = 0; k < plan.n_looks; k++) {
			assert_int_equal(plan.looks[k].blocks, rows[i].blocks[k]);
			level += plan.looks[k].level;
			pass_level += plan.looks[k].pass_level;
		}
		if (plan.n_looks > 0) {
			assert_near(level + plan.abort_level, 2.0 / 256 + .012 + .028 + .002);
			assert_near(pass_level, .05);
		}
	}
}

static void test_differences_are_worse_when_positive_and_skip_what_is_too_small(void **state)
{
	static const struct {
		enum metric metric;
		struct ab_sample base, head;
		double want; /* NaN: does not count */
	} rows[] = {
		{METRIC_P95, {10, 200}, {11, 200}, 0.09531017980432493},
		{METRIC_P95, {10, 199}, {11, 200}, NAN},
		{METRIC_P95, {10, 200}, {11, 199}, NAN},
		{METRIC_P50, {10, 20}, {5, 20}, -0.6931471805599453},
		{METRIC_P50, {10, 19}, {5, 20}, NAN},
		{METRIC_P99, {10, 1000}, {10, 1000}, 0},
		{METRIC_P99, {10, 1000}, {10, 999}, NAN},
		{METRIC_P50, {0, 100}, {1, 100}, NAN},
		{METRIC_P50, {NAN, 100}, {1, 100}, NAN},
		{METRIC_THROUGHPUT, {100, 50}, {50, 25}, 0.6931471805599453},
		{METRIC_THROUGHPUT, {100, 50}, {0, 0}, NAN},
		/* ln(3.5/97.5) - ln(.5/100.5) */
		{METRIC_ERROR_RATE, {0, 100}, {3, 100}, 1.9762154979},
		{METRIC_ERROR_RATE, {0, 100}, {3, 0}, NAN},
		{METRIC_CACHE_HIT_RATE, {0, 100}, {3, 100}, -1.9762154979},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ab_block block = {{rows[i].base, rows[i].head}};
		struct ab_cell cell = {.endpoint = "total",
				       .metric = rows[i].metric,
				       .blocks = &block};
		double d, swapped;
		size_t n = ab_differences(&cell, 1, 0, false, &d);

		assert_int_equal(n, isnan(rows[i].want) ? 0 : 1);
		assert_int_equal(ab_differences(&cell, 1, 1, false, &swapped), n);
		if (n == 0)
			continue;
		assert_true(fabs(d - rows[i].want) < 1e-9);
		assert_near(swapped, -d);
	}
}

static void test_tolerances_and_changes_are_on_the_metrics_own_scale(void **state)
{
	(void)state;
	assert_near(ab_tolerance(METRIC_P95, .08), log(1.08));
	assert_near(ab_tolerance(METRIC_THROUGHPUT, .05), -log(.95));
	assert_near(ab_tolerance(METRIC_ERROR_RATE, .005), .005);
	assert_near(ab_change(METRIC_P95, log(1.08)), .08);
	assert_near(ab_change(METRIC_THROUGHPUT, -log(.95)), -.05);
	assert_near(ab_change(METRIC_ERROR_RATE, .01), .01);
	assert_near(ab_change(METRIC_CACHE_HIT_RATE, .02), -.02);
	assert_near(ab_detectable(.05, .08, 16, 3), fmax(.05 + .84 * .02, 3.88 * .02));
}

static void test_primary_cells_are_the_total_and_busy_endpoints(void **state)
{
	(void)state;
	assert_true(ab_is_primary("total", METRIC_P95, 1));
	assert_true(ab_is_primary("total", METRIC_CACHE_HIT_RATE, 1));
	assert_false(ab_is_primary("total", METRIC_P99, 1));
	assert_true(ab_is_primary("GET /a", METRIC_P50, .08));
	assert_false(ab_is_primary("GET /a", METRIC_P50, .0799));
	assert_false(ab_is_primary("GET /a", METRIC_ERROR_RATE, .5));
}

/* --- one decision --------------------------------------------------------------------------- */

/* Two cells in eight blocks: total p50 (primary) and a rare endpoint's p95 (secondary). */
struct bench {
	struct ab_block blocks[2][24];
	struct ab_cell cells[2];
	struct ab_cell_result results[2];
	struct ab_result out;
	struct ab_trial trial;
	struct ab_plan plan;
};

/* Head = base x factor, with a noise of about 1 % that is the same in every bench. */
static void bench_init(struct bench *bench, double primary, double secondary)
{
	static const double wobble[] = {.004, -.011, .007, .002, -.006, .012, -.003, -.004};
	const double factors[] = {primary, secondary};

	*bench = (struct bench){
		.cells = {{.endpoint = "total",
			   .metric = METRIC_P50,
			   .primary = true,
			   .tolerance = .05},
			  {.endpoint = "GET /rare", .metric = METRIC_P95, .tolerance = .08}},
		.trial = {.n_cells = 2, .n_blocks = 8, .floor_ms = AB_FLOOR_MS}};
	for (size_t j = 0; j < 2; j++) {
		for (size_t k = 0; k < 24; k++)
			bench->blocks[j][k] = (struct ab_block){
				{{10, 1000}, {10 * factors[j] * (1 + wobble[(k + j) % 8]), 1000}}};
		bench->cells[j].blocks = bench->blocks[j];
	}
	bench->trial.cells = bench->cells;
	bench->out.cells = bench->results;
	ab_plan_init(&bench->plan, 24);
}

static bool bench_judge(struct bench *bench)
{
	AUTO(ab_workspace) struct ab_workspace *workspace = ab_workspace_new();
	struct rng rng;

	rng_seed(&rng, 1, 0);
	return ab_judge(workspace, &bench->plan, &bench->trial, &rng, &bench->out);
}

static void assert_cell(const struct bench *bench, size_t j, enum outcome outcome,
			enum ab_reason reason)
{
	assert_string_equal(outcome_names[bench->results[j].outcome], outcome_names[outcome]);
	assert_string_equal(ab_reason_names[bench->results[j].reason], ab_reason_names[reason]);
}

static void test_unchanged_passes_at_the_first_look(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_PASS);
	assert_int_equal(bench.out.look, 1);
	assert_cell(&bench, 0, OUTCOME_PASS, AB_WITHIN_TOLERANCE);
	assert_int_equal(bench.results[0].blocks, 8);
	assert_near(bench.results[0].base, 10);
	assert_true(bench.results[0].low < 0 && bench.results[0].high > 0);
	assert_true(bench.results[0].mde > .05 && bench.results[0].mde < .07);
}

static void test_a_regression_of_a_secondary_cell_fails_the_run(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1.2);
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_FAIL);
	assert_cell(&bench, 0, OUTCOME_PASS, AB_WITHIN_TOLERANCE);
	assert_cell(&bench, 1, OUTCOME_FAIL, AB_REGRESSION);
	assert_near(bench.results[1].p, 1.0 / 256);
	assert_true(fabs(ab_change(METRIC_P95, bench.results[1].shift) - .2) < .01);
}

static void test_a_proven_shift_below_the_tolerance_is_no_regression(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1.03, 1);
	assert_true(bench_judge(&bench));
	assert_near(bench.results[0].p, 1.0 / 256);
	assert_cell(&bench, 0, OUTCOME_PASS, AB_WITHIN_TOLERANCE);
}

static void test_an_improvement_passes_and_says_so(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, .8, 1);
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_PASS);
	assert_cell(&bench, 0, OUTCOME_PASS, AB_IMPROVED);
	assert_near(bench.results[0].p_better, 1.0 / 256);
	/* Proven too, but less than the tolerance. */
	bench_init(&bench, .97, 1);
	assert_true(bench_judge(&bench));
	assert_cell(&bench, 0, OUTCOME_PASS, AB_WITHIN_TOLERANCE);
	assert_near(bench.results[0].p_better, 1.0 / 256);
}

/* Far apart blocks: neither proven worse nor proven within. */
static void scatter(struct bench *bench, size_t j)
{
	static const double z[] = {-1.5, .9, -.15, .5, 1.5, -.9, .15, -.5};

	for (size_t k = 0; k < 24; k++)
		bench->blocks[j][k].side[AB_HEAD].value = 10 * exp(.04 + .3 * z[k % 8]);
}

static void test_an_undecided_primary_cell_asks_for_more_until_the_last_look(void **state)
{
	static const struct {
		size_t blocks;
		bool last, done;
		unsigned look;
	} rows[] = {{8, false, false, 1}, {9, false, false, 0}, {16, false, false, 2},
		    {24, false, true, 3}, {8, true, true, 1},	{20, true, true, 3}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bench bench;

		bench_init(&bench, 1, 1);
		scatter(&bench, 0);
		bench.trial.n_blocks = rows[i].blocks;
		bench.trial.last = rows[i].last;
		assert_int_equal(bench_judge(&bench), rows[i].done);
		assert_int_equal(bench.out.look, rows[i].look);
		assert_int_equal(bench.out.outcome, OUTCOME_INCONCLUSIVE);
		assert_cell(&bench, 0, OUTCOME_INCONCLUSIVE, AB_UNDECIDED);
	}
}

static void test_an_undecided_secondary_cell_holds_nobody_up(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	scatter(&bench, 1);
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_PASS);
	assert_cell(&bench, 1, OUTCOME_NOT_GATED, AB_UNDECIDED);
}

/* What is left of the levels is spent when the end comes early: 3 of 256 needs more than .0078. */
static void test_an_early_end_spends_the_levels_that_are_left(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	bench.trial.last = true;
	bench_judge(&bench);
	assert_near(bench.out.level, 2.0 / 256 + .012 + .028);
	assert_near(bench.out.pass_level, .05);
	bench.trial.n_blocks = 12;
	bench_judge(&bench);
	assert_near(bench.out.level, .012 + .028);
}

static void test_a_doubled_latency_ends_the_trial_between_looks(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 2.5);
	bench.trial.n_blocks = 3;
	assert_false(bench_judge(&bench));
	bench.trial.n_blocks = 7;
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_FAIL);
	assert_int_equal(bench.out.look, 0);
	assert_cell(&bench, 1, OUTCOME_FAIL, AB_ABORTED);
	bench_init(&bench, 1, 1.8);
	bench.trial.n_blocks = 7;
	assert_false(bench_judge(&bench));
}

/* The first number of blocks after which the doubled cell, one of n_cells, ends the trial. */
static size_t blocks_to_abort(size_t n_cells)
{
	AUTO(ab_workspace) struct ab_workspace *workspace = ab_workspace_new();
	AUTO_FREE struct ab_cell *cells = xcalloc(n_cells, sizeof *cells);
	AUTO_FREE struct ab_cell_result *results = xcalloc(n_cells, sizeof *results);
	struct bench bench;
	struct rng rng;
	size_t k = 0;

	bench_init(&bench, 1, 2.2);
	for (size_t j = 0; j < n_cells; j++)
		cells[j] = bench.cells[j == 0];
	bench.trial.cells = cells;
	bench.trial.n_cells = n_cells;
	bench.out.cells = results;
	rng_seed(&rng, 1, 0);
	do
		bench.trial.n_blocks = ++k;
	while (k < 8 && !ab_judge(workspace, &bench.plan, &bench.trial, &rng, &bench.out));
	return k;
}

static void test_the_level_of_the_early_abort_is_shared_by_the_cells(void **state)
{
	(void)state;
	assert_true(blocks_to_abort(1) < blocks_to_abort(1000));
	assert_true(blocks_to_abort(1000) < 8);
}

/* One block far on the other side must not decide for seven. */
static void test_an_outlier_is_winsorised_before_the_test(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1.1, 1);
	bench.blocks[0][3].side[AB_HEAD].value = .001;
	bench_judge(&bench);
	/* Unclipped, all signs that turn this block round reach more: at least one half. */
	assert_true(bench.results[0].p < .4);
	assert_true(bench.results[0].sd < .2);
	assert_true(bench.results[0].shift > .05);
}

static void test_a_shift_below_the_floor_neither_fails_nor_holds_up(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1.2, 1);
	for (size_t k = 0; k < 24; k++)
		for (size_t side = 0; side < 2; side++)
			bench.blocks[0][k].side[side].value *= .001;
	/* 2 us of 10 us are 20 %, but no more than 2 us. */
	assert_true(bench_judge(&bench));
	assert_near(bench.results[0].tolerance, log(1.5));
	assert_int_equal(bench.out.outcome, OUTCOME_PASS);
	assert_cell(&bench, 0, OUTCOME_PASS, AB_WITHIN_TOLERANCE);
}

static void test_a_cell_needs_three_quarters_of_the_blocks(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	bench.blocks[0][1].side[AB_HEAD].n = bench.blocks[0][5].side[AB_BASE].n = 19;
	/* Six of eight are judged, though P(W+ = 0) = 1/64 cannot prove a pass at .01. */
	assert_false(bench_judge(&bench));
	assert_cell(&bench, 0, OUTCOME_INCONCLUSIVE, AB_UNDECIDED);
	assert_int_equal(bench.results[0].blocks, 6);
	bench.blocks[0][2].side[AB_HEAD].n = 19;
	bench.trial.last = true;
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_UNMEASURED);
	assert_cell(&bench, 0, OUTCOME_UNMEASURED, AB_TOO_FEW_SAMPLES);
	assert_true(isnan(bench.results[0].p) && isnan(bench.results[0].shift));
}

/* An endpoint that even the base is too slow for says nothing about the head. */
static void test_an_endpoint_that_the_base_is_short_of_does_not_hold_up(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	bench.cells[1].primary = true;
	for (size_t k = 0; k < 24; k++)
		bench.blocks[1][k].side[AB_HEAD].n = 150;
	assert_false(bench_judge(&bench));
	assert_cell(&bench, 1, OUTCOME_UNMEASURED, AB_TOO_FEW_SAMPLES);
	for (size_t k = 0; k < 24; k++)
		bench.blocks[1][k].side[AB_BASE].n = 150;
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_PASS);
	assert_cell(&bench, 1, OUTCOME_NOT_GATED, AB_TOO_FEW_SAMPLES);
}

static void test_a_metric_that_neither_side_has_is_no_cell(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	bench.cells[1] = (struct ab_cell){.endpoint = "total",
					  .metric = METRIC_CACHE_HIT_RATE,
					  .primary = true,
					  .tolerance = .02,
					  .blocks = bench.blocks[1]};
	for (size_t k = 0; k < 24; k++)
		bench.blocks[1][k] = (struct ab_block){0};
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_PASS);
	assert_cell(&bench, 1, OUTCOME_NOT_GATED, AB_NO_DATA);
	/* Nothing at all proves nothing. */
	bench.trial.cells = &bench.cells[1];
	bench.trial.n_cells = 1;
	bench.trial.last = true;
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_UNMEASURED);
}

/* Lost look-ups are not a metric that the API does not have. */
static void test_a_head_without_look_ups_is_unmeasured(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, 1, 1);
	bench.cells[1].metric = METRIC_CACHE_HIT_RATE;
	bench.cells[1].endpoint = "total";
	bench.cells[1].primary = true;
	for (size_t k = 0; k < 24; k++)
		bench.blocks[1][k] = (struct ab_block){{{80, 100}, {0, 0}}};
	bench.trial.last = true;
	assert_true(bench_judge(&bench));
	assert_int_equal(bench.out.outcome, OUTCOME_UNMEASURED);
	assert_cell(&bench, 1, OUTCOME_UNMEASURED, AB_TOO_FEW_SAMPLES);
}

static void test_swapping_every_block_turns_the_verdict_round(void **state)
{
	struct bench bench, swapped;

	(void)state;
	bench_init(&bench, 1.2, .8);
	bench_judge(&bench);
	swapped = bench;
	swapped.trial.cells = swapped.cells;
	swapped.out.cells = swapped.results;
	swapped.cells[0].blocks = swapped.blocks[0];
	swapped.cells[1].blocks = swapped.blocks[1];
	swapped.trial.swapped = 0xff;
	bench_judge(&swapped);
	assert_cell(&bench, 0, OUTCOME_FAIL, AB_REGRESSION);
	assert_cell(&swapped, 1, OUTCOME_FAIL, AB_REGRESSION);
	for (size_t j = 0; j < 2; j++) {
		assert_near(swapped.results[j].shift, -bench.results[j].shift);
		assert_near(swapped.results[j].p, bench.results[j].p_better);
		assert_near(swapped.results[j].base, bench.results[j].head);
	}
}

/* --- many decisions ------------------------------------------------------------------------- */

struct tally {
	double failed, failed_first, passed[3], inconclusive;
};

static struct tally simulate(struct ab_model *model, int runs, uint64_t seed)
{
	AUTO(ab_workspace) struct ab_workspace *workspace = ab_workspace_new();
	struct ab_cell_result cells[MODEL_CELLS];
	struct ab_result out = {.cells = cells};
	struct tally tally = {0};
	struct ab_plan plan;
	struct rng rng;

	ab_plan_init(&plan, 24);
	rng_seed(&rng, seed, 0);
	for (int i = 0; i < runs; i++) {
		size_t blocks = ab_model_run(model, workspace, &plan, &rng, &out);

		if (out.outcome == OUTCOME_PASS)
			tally.passed[blocks / 8 - 1] += 1.0 / runs;
		else if (out.outcome == OUTCOME_FAIL)
			tally.failed += 1.0 / runs;
		else
			tally.inconclusive += 1.0 / runs;
		if (out.outcome == OUTCOME_FAIL && blocks <= 8)
			tally.failed_first += 1.0 / runs;
	}
	return tally;
}

/* Four standard errors of a share over `runs`. */
static bool agrees(double got, double want, int runs)
{
	return fabs(got - want) <= 4 * sqrt(fmax(want * (1 - want), .01) / runs);
}

/* The rows of the table in verdict.md, at the block noise that gives each its passes. */
static void test_simulated_trials_give_the_shares_that_the_design_states(void **state)
{
	enum { UNCHANGED = 250, INJECTED = 80 };
	static const struct {
		const char *name;
		double noise, pass[3], found_10, found_20_first;
	} rows[] = {
		{"quiet", .018, {.96, .04, 0}, 1, 1},
		{"medium", .016, {.98, .02, 0}, 1, 1},
		{"noisy", .033, {.70, .28, .02}, .97, .94},
		{"box", .040, {.44, .54, .02}, .99, .96},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ab_model model;
		struct tally tally;

		print_message("# %s\n", rows[i].name);
		ab_model_init(&model, rows[i].noise);
		tally = simulate(&model, UNCHANGED, 17 + i);
		assert_true(tally.failed <= .012);
		assert_true(tally.inconclusive <= .01);
		for (size_t k = 0; k < 3; k++)
			assert_true(agrees(tally.passed[k], rows[i].pass[k], UNCHANGED));
		model.slower = 1.1;
		tally = simulate(&model, INJECTED, 27 + i);
		assert_true(agrees(tally.failed, rows[i].found_10, INJECTED));
		model.slower = 1.2;
		tally = simulate(&model, INJECTED, 37 + i);
		assert_true(tally.failed >= .99);
		assert_true(agrees(tally.failed_first, rows[i].found_20_first, INJECTED));
	}
}

static void test_simulated_tail_errors_and_misses_are_found(void **state)
{
	struct ab_model model;

	(void)state;
	ab_model_init(&model, .02);
	model.tail = 2;
	assert_true(simulate(&model, 80, 1).failed >= .95);
	ab_model_init(&model, .02);
	model.more_errors = .01;
	assert_true(simulate(&model, 80, 2).failed >= .95);
	ab_model_init(&model, .02);
	model.fewer_hits = .05;
	assert_true(simulate(&model, 80, 3).failed >= .95);
}

/* Without tolerances nothing but the tests keeps the level: .0498 in all, at three looks. */
static void test_all_looks_together_keep_the_level_without_tolerances(void **state)
{
	enum { RUNS = 250 };
	struct ab_model model;
	struct tally tally;

	(void)state;
	ab_model_init(&model, .03);
	for (size_t j = 0; j < MODEL_CELLS; j++)
		model.cells[j].tolerance = 0;
	tally = simulate(&model, RUNS, 4);
	assert_true(tally.failed > .01);
	assert_true(tally.failed <= .0498 + 3 * sqrt(.0498 * .9502 / RUNS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan_spends_all_its_levels_whatever_the_budget_allows),
		cmocka_unit_test(
			test_differences_are_worse_when_positive_and_skip_what_is_too_small),
		cmocka_unit_test(test_tolerances_and_changes_are_on_the_metrics_own_scale),
		cmocka_unit_test(test_primary_cells_are_the_total_and_busy_endpoints),
		cmocka_unit_test(test_unchanged_passes_at_the_first_look),
		cmocka_unit_test(test_a_regression_of_a_secondary_cell_fails_the_run),
		cmocka_unit_test(test_a_proven_shift_below_the_tolerance_is_no_regression),
		cmocka_unit_test(test_an_improvement_passes_and_says_so),
		cmocka_unit_test(test_an_undecided_primary_cell_asks_for_more_until_the_last_look),
		cmocka_unit_test(test_an_undecided_secondary_cell_holds_nobody_up),
		cmocka_unit_test(test_an_early_end_spends_the_levels_that_are_left),
		cmocka_unit_test(test_a_doubled_latency_ends_the_trial_between_looks),
		cmocka_unit_test(test_the_level_of_the_early_abort_is_shared_by_the_cells),
		cmocka_unit_test(test_an_outlier_is_winsorised_before_the_test),
		cmocka_unit_test(test_a_shift_below_the_floor_neither_fails_nor_holds_up),
		cmocka_unit_test(test_a_cell_needs_three_quarters_of_the_blocks),
		cmocka_unit_test(test_an_endpoint_that_the_base_is_short_of_does_not_hold_up),
		cmocka_unit_test(test_a_metric_that_neither_side_has_is_no_cell),
		cmocka_unit_test(test_a_head_without_look_ups_is_unmeasured),
		cmocka_unit_test(test_swapping_every_block_turns_the_verdict_round),
		cmocka_unit_test(test_simulated_trials_give_the_shares_that_the_design_states),
		cmocka_unit_test(test_simulated_tail_errors_and_misses_are_found),
		cmocka_unit_test(test_all_looks_together_keep_the_level_without_tolerances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
