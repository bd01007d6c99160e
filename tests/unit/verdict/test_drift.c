#include "perfgate/verdict/drift.h"

#include "perfgate/base/mem.h"
#include "perfgate/base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MIB (1024.0 * 1024)

/* A scenario of so many seconds with constant users; memory and p95 rise by so much in all. */
struct course {
	const char *what, *name;
	size_t seconds;
	double rss_mib, rss_rise_mib, p95_rise;
	bool ramp, interrupted, invalid;
	enum outcome rss; /* skipped: no cell */
};

static const struct course courses[] = {
	{.what = "steady", .name = "load", .seconds = 400, .rss_mib = 100},
	{.what = "leak",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 100,
	 .rss_rise_mib = 40,
	 .rss = OUTCOME_FAIL},
	{.what = "many bytes, but a small part",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 1000,
	 .rss_rise_mib = 40},
	{.what = "a large part, but few bytes",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 20,
	 .rss_rise_mib = 10},
	{.what = "short",
	 .name = "load",
	 .seconds = 200,
	 .rss_mib = 100,
	 .rss_rise_mib = 40,
	 .rss = OUTCOME_SKIPPED},
	{.what = "short endurance",
	 .name = "endurance",
	 .seconds = 40,
	 .rss_mib = 100,
	 .rss_rise_mib = 40,
	 .rss = OUTCOME_FAIL},
	{.what = "ramp",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 100,
	 .rss_rise_mib = 40,
	 .ramp = true,
	 .rss = OUTCOME_SKIPPED},
	{.what = "interrupted",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 100,
	 .rss_rise_mib = 40,
	 .interrupted = true,
	 .rss = OUTCOME_SKIPPED},
	{.what = "spoiled",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 100,
	 .rss_rise_mib = 40,
	 .invalid = true,
	 .rss = OUTCOME_INCONCLUSIVE},
	{.what = "not our process",
	 .name = "load",
	 .seconds = 400,
	 .rss_mib = 0,
	 .rss = OUTCOME_SKIPPED},
};

static void fill(const struct course *course, struct scenario_result *out)
{
	struct rng rng;

	rng_seed(&rng, 1, 0);
	*out = (struct scenario_result){.name = course->name, .interrupted = course->interrupted};
	out->generator.invalid = course->invalid ? INVALID_MACHINE : INVALID_NOT;
	out->n_series = course->seconds;
	out->series = xcalloc(course->seconds, sizeof *out->series);
	for (size_t i = 0; i < course->seconds; i++) {
		double part = (double)i / (double)course->seconds, noise = rng_double(&rng);

		out->series[i] = (struct interval){
			.t_s = (double)i,
			.users = course->ramp ? (uint32_t)i : 10,
			.requests = 1000,
			.p95_ms = 20 * (1 + course->p95_rise * part) + noise,
			.rss_bytes = course->rss_mib > 0 ? MIB * (course->rss_mib + noise +
								  course->rss_rise_mib * part)
							 : 0,
		};
	}
}

static const struct cell *find(const struct run *run, enum metric metric)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++)
		if (run->verdict.cells[i].metric == metric)
			return &run->verdict.cells[i];
	return NULL;
}

static void test_memory_is_a_leak_when_it_rises_by_much_and_long_enough(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(courses); i++) {
		AUTO(run) struct run *run = run_new();
		struct scenario_result scenario;
		const struct cell *cell;

		fill(&courses[i], &scenario);
		drift_judge(run, &scenario, .08, false);
		cell = find(run, METRIC_RSS);
		if ((cell ? cell->outcome : OUTCOME_SKIPPED) != courses[i].rss)
			fail_msg("%s: %s", courses[i].what, cell ? cell->reason : "no cell");
		free(scenario.series);
	}
}

static void test_a_slope_is_per_hour_and_a_rise_a_part_of_the_beginning(void **state)
{
	static const struct course course = {.name = "load",
					     .seconds = 360,
					     .rss_mib = 100,
					     .p95_rise = .5};
	AUTO(run) struct run *run = run_new();
	struct scenario_result scenario;
	const struct cell *cell;

	(void)state;
	fill(&course, &scenario);
	drift_judge(run, &scenario, .08, true);
	free(scenario.series);
	cell = find(run, METRIC_P95);
	assert_non_null(cell);
	assert_int_equal(cell->outcome, OUTCOME_FAIL);
	assert_true(cell->warn);
	assert_int_equal(cell->regression->by, JUDGED_BY_TREND);
	assert_string_equal(cell->regression->finding, "drift");
	/* 10 ms in a tenth of an hour. */
	assert_true(fabs(cell->regression->per_hour - 100) < 3);
	assert_true(fabs(cell->regression->change - .48) < .03);
	assert_true(cell->regression->low < cell->regression->change &&
		    cell->regression->change < cell->regression->high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_a_leak_when_it_rises_by_much_and_long_enough),
		cmocka_unit_test(test_a_slope_is_per_hour_and_a_rise_a_part_of_the_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
