#include "perfgate/verdict/calibrate.h"
#include "perfgate/verdict/rules.h"
#include "perfgate/verdict/stats.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BLOCKS = 160, CELLS = 3 };

static const enum metric metrics[CELLS] = {METRIC_P50, METRIC_P95, METRIC_THROUGHPUT};

/* Blocks of two sides that differ by noise, and by `factor` in the head. */
struct recording {
	struct ab_block blocks[CELLS][BLOCKS];
	struct ab_cell cells[CELLS];
	struct ab_plan plan;
	struct calibration calibration;
	struct ab_workspace *workspace;
	struct calibration_run runs[CALIBRATION_RUNS_MAX(BLOCKS)];
};

static void make(struct recording *recording, double noise, double factor, uint64_t seed)
{
	struct rng rng;

	rng_seed(&rng, seed, 0);
	ab_plan_init(&recording->plan, 24);
	for (size_t j = 0; j < CELLS; j++) {
		bool higher = metric_table[metrics[j]].higher_is_better;

		for (size_t k = 0; k < BLOCKS; k++)
			for (int s = 0; s < 2; s++)
				recording->blocks[j][k].side[s] = (struct ab_sample){
					.value =
						10 * exp(noise * noise_normal(&rng)) *
						(s == AB_HEAD ? (higher ? 1 / factor : factor) : 1),
					.n = 2000};
		recording->cells[j] = (struct ab_cell){.endpoint = "total",
						       .metric = metrics[j],
						       .primary = true,
						       .tolerance = .05,
						       .blocks = recording->blocks[j]};
	}
	recording->calibration = (struct calibration){.cells = recording->cells,
						      .n_cells = CELLS,
						      .n_blocks = BLOCKS,
						      .plan = &recording->plan};
	recording->workspace = ab_workspace_new();
}

static size_t cut(struct recording *recording)
{
	struct rng rng;

	rng_seed(&rng, 7, 7);
	return calibration_cut(&recording->calibration, recording->workspace, &rng,
			       recording->runs);
}

static void runs_follow_each_other_and_stop_at_a_look(void **state)
{
	struct recording recording;
	size_t next = 0, n;

	(void)state;
	make(&recording, .02, 1, 1);
	n = cut(&recording);
	assert_true(n >= BLOCKS / 24);
	for (size_t i = 0; i < n; i++) {
		const struct calibration_run *run = &recording.runs[i];

		assert_int_equal(run->first, next);
		assert_int_not_equal(run->outcome, OUTCOME_FAIL);
		assert_int_equal(run->blocks, recording.plan.looks[run->look - 1].blocks);
		next += run->blocks;
	}
	assert_true(next <= BLOCKS && next + 24 > BLOCKS);
	ab_workspace_free(recording.workspace);
}

static void a_regression_fails_every_run_and_its_relabelling_seldom(void **state)
{
	struct calibration_counts counts;
	struct recording recording;
	struct rng rng;
	size_t n;

	(void)state;
	make(&recording, .02, 1.2, 2);
	n = cut(&recording);
	calibration_count(recording.runs, n, &counts);
	assert_int_equal(counts.runs, n);
	assert_int_equal(counts.fail, n);
	assert_true(counts.median_blocks <= 8);
	/* All labels of a truly different pair: only the true one and few others fail. */
	rng_seed(&rng, 1, 1);
	for (size_t i = 0; i < 3; i++) {
		double share = calibration_false_share(&recording.calibration, &recording.runs[i],
						       256, recording.workspace, &rng);

		assert_true(share > 0 && share <= calibration_level(&recording.plan));
	}
	ab_workspace_free(recording.workspace);
}

static void equal_sides_fail_no_more_often_than_the_levels_say(void **state)
{
	struct recording recording;
	double sum = 0, level, limit;
	struct rng rng;
	size_t n;

	(void)state;
	make(&recording, .08, 1, 3);
	n = cut(&recording);
	level = calibration_level(&recording.plan);
	assert_true(fabs(level - .0498) < 1e-3);
	rng_seed(&rng, 2, 2);
	for (size_t i = 0; i < n; i++)
		sum += calibration_false_share(&recording.calibration, &recording.runs[i], 64,
					       recording.workspace, &rng);
	limit = stats_hoeffding_limit(sum / (double)n, level, n, .05);
	assert_true(sum / (double)n < limit && limit <= level);
	ab_workspace_free(recording.workspace);
}

static void sides_that_differ_are_seen_by_their_labels(void **state)
{
	struct recording recording;
	double mean, low, high;

	(void)state;
	make(&recording, .02, 1.05, 4);
	for (size_t j = 0; j < CELLS; j++) {
		assert_int_equal(calibration_bias(&recording.calibration, j, &mean, &low, &high),
				 BLOCKS);
		assert_true(low < log(1.05) && log(1.05) < high && low > 0);
	}
	recording.calibration.n_blocks = 1;
	assert_int_equal(calibration_bias(&recording.calibration, 0, &mean, &low, &high), 1);
	assert_true(isnan(mean));
	ab_workspace_free(recording.workspace);
}

/* ---- the rules of others ---- */

enum rule_index { RATIO, T99, SIGMA, RANKS, TEN, FIFTH };

/* Eight blocks: bases 9, 11, 9, 11 …, every head `head`, the last one `last`. */
static bool alarms(enum rule_index rule, double head, double last)
{
	struct ab_block blocks[8];
	struct ab_cell cell = {.endpoint = "total",
			       .metric = METRIC_P95,
			       .primary = true,
			       .blocks = blocks};
	struct calibration calibration = {.cells = &cell, .n_cells = 1, .n_blocks = 8};
	struct rule_case what = {.calibration = &calibration, .blocks = 8};

	for (size_t k = 0; k < 8; k++) {
		blocks[k].side[AB_BASE] = (struct ab_sample){k % 2 ? 11 : 9, 1000};
		blocks[k].side[AB_HEAD] = (struct ab_sample){k == 7 ? last : head, 1000};
	}
	return rule_table[rule].alarms(&what);
}

static void rules_alarm_beyond_their_limit_and_not_at_it(void **state)
{
	/* Base: median 10, sd sqrt(8/7) = 1.06904, t(.01, 7) = 2.99795. */
	static const struct {
		enum rule_index rule;
		double head, last;
		bool want;
	} rows[] = {
		{RATIO, 20, 20, false},	   {RATIO, 20.1, 20.1, true}, {T99, 10, 13.204, false},
		{T99, 10, 13.206, true},   {T99, 30, 10, false},      {SIGMA, 10, 14.276, false},
		{SIGMA, 10, 14.277, true}, {TEN, 11, 11, false},      {TEN, 11.01, 11.01, true},
		{TEN, 1, 1, false},	   {FIFTH, 12, 12, false},    {FIFTH, 12.01, 12.01, true},
		{RANKS, 100, 100, false}, /* without requests there is nothing to rank */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (alarms(rows[i].rule, rows[i].head, rows[i].last) != rows[i].want)
			fail_msg("%s: head %g, last %g", rule_table[rows[i].rule].name,
				 rows[i].head, rows[i].last);
}

/*
 * scipy.stats.mannwhitneyu(head, base, method="asymptotic", use_continuity=False), two-sided:
 * 1..5 x 10 against the same: p = 1; against 2..6 x 10: p = 1.6e-3; the other way round no alarm.
 */
static void the_rank_test_sees_a_shift_for_the_worse_only(void **state)
{
	static const double low[] = {1, 2, 3, 4, 5}, high[] = {2, 3, 4, 5, 6};
	static const uint64_t ten[] = {10, 10, 10, 10, 10};
	static const struct {
		const double *base, *head;
		bool want;
	} rows[] = {{low, low, false}, {low, high, true}, {high, low, false}};
	struct calibration nothing = {.n_blocks = 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct rule_values requests[1][2] = {
			{{rows[i].base, ten, 5}, {rows[i].head, ten, 5}}};
		struct rule_case what = {.calibration = &nothing,
					 .blocks = 1,
					 .requests = requests};

		assert_int_equal(rule_table[RANKS].alarms(&what), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_follow_each_other_and_stop_at_a_look),
		cmocka_unit_test(a_regression_fails_every_run_and_its_relabelling_seldom),
		cmocka_unit_test(equal_sides_fail_no_more_often_than_the_levels_say),
		cmocka_unit_test(sides_that_differ_are_seen_by_their_labels),
		cmocka_unit_test(rules_alarm_beyond_their_limit_and_not_at_it),
		cmocka_unit_test(the_rank_test_sees_a_shift_for_the_worse_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
