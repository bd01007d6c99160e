#include "suite_helper.h"

#include "perfgate/base/text.h"

static const struct gate *find(const struct gate *gates, size_t n, const char *endpoint,
			       enum metric metric)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (text_equal(gates[i].endpoint, endpoint) && gates[i].metric == metric)
			return &gates[i];
	return NULL;
}

/* Which limit holds: user's scenario, built-in own value, LOAD_TEST_TARGET_*, global. */
static void the_nearest_limit_holds(void **state)
{
	static const struct {
		const char *scenarios;
		double global_p95, env_p95;
		const char *scenario;
		double limit; /* 0: no such gate */
		const char *origin;
	} rows[] = {
		{NULL, 2000, NAN, "smoke", 2000, NULL},
		{NULL, 2000, 1500, "smoke", 1500, "LOAD_TEST_TARGET_P95_RESPONSE_TIME"},
		{NULL, NAN, 1500, "smoke", 1500, "LOAD_TEST_TARGET_P95_RESPONSE_TIME"},
		{NULL, 2000, NAN, "stress", 3000, "built-in suite"},
		{NULL, 2000, 1500, "stress", 3000, "built-in suite"},
		{NULL, 2000, NAN, "spike", 5000, "built-in suite"},
		{NULL, 2000, NAN, "endurance", 2500, "built-in suite"},
		/* what nobody gates is not gated by the suite either */
		{NULL, NAN, NAN, "stress", 0, NULL},
		{NULL, NAN, NAN, "smoke", 0, NULL},
		{"{stress: {gates: {max_p95_response_time: 700}}}", 2000, 1500, "stress", 700,
		 "t.yml:1"},
		{"{smoke: {gates: {max_p95_response_time: 1.5s}}}", NAN, NAN, "smoke", 1500,
		 "t.yml:1"},
		{"{smoke: {gates: {max_p95_response_time: null}}}", 2000, 1500, "smoke", NAN,
		 "t.yml:1"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *yaml =
			xasprintf("scenarios: %s", rows[i].scenarios ? rows[i].scenarios : "{}");
		AUTO_FREE struct gate *gates = NULL;
		const struct gate *gate;
		struct suite_case c;
		size_t n;

		suite_case_init(&c, yaml);
		c.settings.gates.limit[METRIC_P95] = rows[i].global_p95;
		c.settings.env_gates.limit[METRIC_P95] = rows[i].env_p95;
		if (!isnan(rows[i].env_p95))
			c.settings.env_gates.origin[METRIC_P95] =
				"LOAD_TEST_TARGET_P95_RESPONSE_TIME";
		suite_case_load(&c);
		gates = suite_gates(c.suite, suite_case_scenario(&c, rows[i].scenario), &c.settings,
				    &n);
		gate = find(gates, n, "total", METRIC_P95);
		if (!(rows[i].limit > 0) && !isnan(rows[i].limit)) {
			assert_null(gate);
		} else {
			assert_non_null(gate);
			assert_string_equal(gate->scenario, rows[i].scenario);
			if (isnan(rows[i].limit))
				assert_true(isnan(gate->limit));
			else
				assert_near(gate->limit, rows[i].limit);
			assert_int_equal(gate->origin != NULL, rows[i].origin != NULL);
			if (gate->origin)
				assert_string_equal(gate->origin, rows[i].origin);
		}
		suite_case_release(&c);
	}
}

static void the_seed_s_gates_hold_for_smoke(void **state)
{
	AUTO_FREE struct gate *gates = NULL;
	struct suite_case c;
	size_t n;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	gates = suite_gates(c.suite, suite_case_scenario(&c, "smoke"), &c.settings, &n);
	assert_int_equal(n, 4);
	assert_near(find(gates, n, "total", METRIC_THROUGHPUT)->limit, 50);
	assert_near(find(gates, n, "total", METRIC_ERROR_RATE)->limit, 0.01);
	assert_near(find(gates, n, "total", METRIC_CACHE_HIT_RATE)->limit, 0.7);
	suite_case_release(&c);
}

static void a_global_gate_of_null_is_reported(void **state)
{
	AUTO_FREE struct gate *gates = NULL;
	const struct gate *gate;
	struct suite_case c;
	size_t n;

	(void)state;
	suite_case_init(&c, NULL);
	c.settings.gates.limit[METRIC_P95] = NAN;
	c.settings.gates.origin[METRIC_P95] = "ci_cd_config.yml:5";
	suite_case_load(&c);
	gates = suite_gates(c.suite, suite_case_scenario(&c, "stress"), &c.settings, &n);
	gate = find(gates, n, "total", METRIC_P95);
	assert_non_null(gate);
	assert_true(isnan(gate->limit));
	assert_string_equal(gate->origin, "ci_cd_config.yml:5");
	suite_case_release(&c);
}

static void endpoints_have_limits_of_their_own(void **state)
{
	AUTO_FREE struct gate *gates = NULL;
	struct suite_case c;
	size_t n;

	(void)state;
	suite_case_init(&c, "scenarios:\n"
			    "  smoke:\n"
			    "    endpoints:\n"
			    "      GET /info: {max_p95_response_time: 100, max_error_rate: 1%}\n"
			    "      single: {max_p99_response_time: 0.9s}\n");
	suite_case_load(&c);
	gates = suite_gates(c.suite, suite_case_scenario(&c, "smoke"), &c.settings, &n);
	assert_int_equal(n, 4 + 3);
	assert_near(find(gates, n, "GET /info", METRIC_P95)->limit, 100);
	assert_near(find(gates, n, "GET /info", METRIC_ERROR_RATE)->limit, 0.01);
	assert_string_equal(find(gates, n, "GET /info", METRIC_P95)->origin, "t.yml:4");
	assert_near(find(gates, n, "POST /predict/single", METRIC_P99)->limit, 900);
	suite_case_release(&c);
}

static void enforce_warn_follows_the_gate_whoever_set_it(void **state)
{
	AUTO_FREE struct gate *gates = NULL;
	struct suite_case c;
	size_t n;

	(void)state;
	suite_case_init(&c, NULL);
	c.settings.gates.warn[METRIC_P95] = true;
	suite_case_load(&c);
	gates = suite_gates(c.suite, suite_case_scenario(&c, "stress"), &c.settings, &n);
	assert_true(find(gates, n, "total", METRIC_P95)->warn);
	assert_false(find(gates, n, "total", METRIC_ERROR_RATE)->warn);
	suite_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_limit_holds),
		cmocka_unit_test(the_seed_s_gates_hold_for_smoke),
		cmocka_unit_test(a_global_gate_of_null_is_reported),
		cmocka_unit_test(endpoints_have_limits_of_their_own),
		cmocka_unit_test(enforce_warn_follows_the_gate_whoever_set_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
