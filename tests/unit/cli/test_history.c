/* Baselines and a run of today, as cells of the verdict: what the machine is blamed for. */
#include "perfgate/cli/history.h"

#include "perfgate/verdict/history.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define RUNS 12
#define ENDPOINTS 3

static const char *const endpoints[ENDPOINTS] = {"GET /a", "GET /b", "GET /c"};

/* The p50 of every endpoint in ms, and the probe's time. */
static struct record *record_of(const double p50_ms[ENDPOINTS], double speed_ms)
{
	struct record *record = xcalloc(1, sizeof *record);

	record->scenarios = arena_alloc(&record->arena, 1, sizeof *record->scenarios);
	record->scenarios[0] = (struct record_scenario){.name = "load", .speed_ms = speed_ms};
	record->n_scenarios = 1;
	record->cells = arena_alloc(&record->arena, ENDPOINTS, sizeof *record->cells);
	record->n_cells = ENDPOINTS;
	for (size_t i = 0; i < ENDPOINTS; i++)
		record->cells[i] = (struct record_cell){.scenario = "load",
							.endpoint = endpoints[i],
							.metric = METRIC_P50,
							.value = p50_ms[i],
							.n = 5000};
	return record;
}

/* Twelve runs near 10 ms and a probe near 20 ms, each its own few per mille away. */
static void add_past(struct baseline_history *history)
{
	for (size_t i = 0; i < RUNS; i++) {
		double away = 1 + .002 * (double)(i % 4);
		const double p50_ms[ENDPOINTS] = {10 * away, 10 / away, 10};

		*VEC_PUSH(history->items, history->count, history->capacity) =
			record_of(p50_ms, 20 * away);
	}
}

static const struct cell *find(const struct run *run, const char *endpoint)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++)
		if (strcmp(run->verdict.cells[i].endpoint, endpoint) == 0)
			return &run->verdict.cells[i];
	fail_msg("no cell of %s", endpoint);
	return NULL;
}

static void a_slower_machine_excuses_what_it_can_explain(void **state)
{
	static const struct {
		double p50_ms[ENDPOINTS], speed_ms;
		enum history_reason reason; /* of the first endpoint */
		enum outcome outcome;
	} rows[] = {
		/* Everything is 30 % slower, and so is the probe. */
		{{13, 13, 13}, 26, HISTORY_ENVIRONMENT, OUTCOME_INCONCLUSIVE},
		/* The probe is as ever. */
		{{13, 13, 13}, 20, HISTORY_REGRESSION, OUTCOME_FAIL},
		/* The probe's time of today is not known. */
		{{13, 13, 13}, 0, HISTORY_REGRESSION, OUTCOME_FAIL},
		/* One endpoint of three. */
		{{13, 10, 10}, 26, HISTORY_REGRESSION, OUTCOME_FAIL},
		/* No machine that is 30 % slower makes an answer eight times as late. */
		{{83, 13, 13}, 26, HISTORY_REGRESSION, OUTCOME_FAIL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(run) struct run *run = run_new();
		AUTO(baseline_history) struct baseline_history history = {0};
		AUTO(record) struct record *now = record_of(rows[i].p50_ms, rows[i].speed_ms);
		struct settings rules = {.tolerance[METRIC_P50] = .05};
		const struct cell *cell;

		add_past(&history);
		history_add_cells(run, now, &history, &rules);
		cell = find(run, endpoints[0]);
		assert_string_equal(cell->regression->finding,
				    history_reason_names[rows[i].reason]);
		assert_int_equal(cell->outcome, rows[i].outcome);
		if (rows[i].reason == HISTORY_ENVIRONMENT)
			assert_non_null(strstr(cell->reason, "the machine was slower"));
		/* Side by side the speed of the machine does not matter. */
		assert_true(history_has_alarm(run, endpoints[0], METRIC_P50));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slower_machine_excuses_what_it_can_explain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
