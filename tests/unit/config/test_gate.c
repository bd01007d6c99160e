/* The metric table is what keys, variables and reports are derived from. */
#include "fixture.h"

#include "perfgate/config/table.h"

#include <math.h>

static void every_gate_key_is_a_setting_and_every_tolerance_a_metric(void **state)
{
	(void)state;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *metric = &metric_table[i];
		AUTO_FREE char *gate = xasprintf("performance_gates.%s", metric->gate_key);
		AUTO_FREE char *enforce = xasprintf("enforce.%s", metric->gate_key);
		AUTO_FREE char *tolerance = xasprintf("regression.tolerance.%s", metric->name);
		const struct setting_row *row = setting_find(gate);
		assert_non_null(row);
		assert_int_equal(row->offset,
				 offsetof(struct settings, gates.limit) + i * sizeof(double));
		assert_non_null(setting_find(enforce));
		assert_non_null(setting_find(tolerance));
		assert_int_equal(strncmp(metric->gate_key,
					 metric->higher_is_better ? "min_" : "max_", 4),
				 0);
		assert_non_null(metric->title);
		assert_non_null(metric->unit);
	}
}

static void limits_begin_ungated(void **state)
{
	(void)state;
	struct gate_limits limits;
	gate_limits_init(&limits);
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		assert_true(isnan(limits.limit[i]));
		assert_null(limits.origin[i]);
		assert_false(limits.warn[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_gate_key_is_a_setting_and_every_tolerance_a_metric),
		cmocka_unit_test(limits_begin_ungated),
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
