#include "suite_helper.h"

#include "perfgate/base/text.h"

/* The tables of the documentation, as numbers. */

static void builtin_scenarios_have_the_documented_numbers(void **state)
{
	static const struct {
		const char *name;
		size_t users;
		double duration_s, first_ramp_s, warmup_s, p95_ms, error_rate;
	} rows[] = {
		{"smoke", 5, 120, 5, 12, NAN, NAN},
		{"load", 50, 600, 5, 30, NAN, NAN},
		{"stress", 200, 900, 10, 30, 3000, 0.05},
		{"spike", 500, 300, 2, 30, 5000, 0.10},
		{"endurance", 100, 3600, 10, 30, 2500, 0.02},
	};
	struct suite_case c;
	size_t i;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	assert_int_equal(c.suite->n_scenarios, ARRAY_SIZE(rows));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct scenario *s = &c.suite->scenarios[i];

		assert_string_equal(s->name, rows[i].name);
		assert_int_equal(s->users, rows[i].users);
		assert_near(seconds(s->duration_ns), rows[i].duration_s);
		assert_near(seconds(s->stages[0].ramp_ns), rows[i].first_ramp_s);
		assert_near(seconds(s->warmup_ns), rows[i].warmup_s);
		assert_near(seconds(s->pause_ns), 30);
		assert_near(seconds(s->timeout_ns), 30);
		assert_near(s->think_scale, 1);
		assert_null(s->mix);
		assert_null(s->follows);
		assert_true(*s->purpose);
		if (isnan(rows[i].p95_ms)) {
			assert_true(isnan(s->own_gates.limit[METRIC_P95]));
		} else {
			assert_near(s->own_gates.limit[METRIC_P95], rows[i].p95_ms);
			assert_near(s->own_gates.limit[METRIC_ERROR_RATE], rows[i].error_rate);
		}
	}
	suite_case_release(&c);
}

static void builtin_profiles_have_the_documented_numbers(void **state)
{
	static const struct {
		const char *name;
		double weight, wait_min_s, wait_max_s;
	} rows[] = {
		{"research_analyst", 40, 2, 8},
		{"dashboard_user", 35, 1, 3},
		{"bulk_processor", 15, 5, 15},
		{"api_explorer", 10, 0.5, 2},
	};
	struct suite_case c;
	size_t i;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	assert_int_equal(c.suite->n_profiles, ARRAY_SIZE(rows));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct profile *p = &c.suite->profiles[i];

		assert_string_equal(p->name, rows[i].name);
		assert_near(p->weight, rows[i].weight);
		assert_near(seconds(p->wait_min_ns), rows[i].wait_min_s);
		assert_near(seconds(p->wait_max_ns), rows[i].wait_max_s);
	}
	suite_case_release(&c);
}

static double share(const struct task_weight *weights, size_t n, const char *endpoint)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (text_equal(request_name(weights[i].task->requests[0]), endpoint))
			sum += weights[i].weight;
	return sum;
}

static void task_weights_are_normalised_and_health_is_split_10_5_2(void **state)
{
	static const struct {
		size_t profile;
		const char *endpoint;
		double share;
	} rows[] = {
		{0, "POST /predict/single", 0.50},	  {0, "POST /predict/time-series", 0.30},
		{0, "POST /predict/spatial", 0.15},	  {0, "POST /predict/batch", 0.05},
		{1, "POST /predict/single", 0.70},	  {1, "GET /health/", 0.20 * 10 / 17},
		{1, "GET /health/models", 0.20 * 5 / 17}, {1, "GET /info", 0.20 * 2 / 17},
		{1, "POST /predict/batch", 0.10},	  {2, "POST /predict/batch", 0.60},
		{2, "POST /predict/spatial", 0.30},	  {2, "POST /predict/single", 0.10},
		{3, "GET /health/", 0.30 * 10 / 17},	  {3, "GET /info", 0.20 + 0.30 * 2 / 17},
		{3, "POST /predict/single", 0.25},	  {3, "POST /predict/time-series", 0.15},
		{3, "POST /predict/spatial", 0.10},
	};
	struct suite_case c;
	size_t i;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct profile *p = &c.suite->profiles[rows[i].profile];

		assert_near(share(p->tasks, p->n_tasks, rows[i].endpoint), rows[i].share);
	}
	assert_int_equal(c.suite->n_endpoints, 7);
	suite_case_release(&c);
}

static void users_are_given_out_by_largest_remainder(void **state)
{
	static const struct {
		size_t users, counts[4];
	} rows[] = {
		{1, {1, 0, 0, 0}},	   {5, {2, 2, 1, 0}},	 {10, {4, 4, 1, 1}},
		{20, {8, 7, 3, 2}},	   {50, {20, 18, 7, 5}}, {100, {40, 35, 15, 10}},
		{500, {200, 175, 75, 50}},
	};
	struct suite_case c;
	size_t i, j, p;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t counts[4] = {0}, *assigned = xcalloc(rows[i].users, sizeof(*assigned));

		suite_assign_profiles(c.suite, rows[i].users, assigned);
		for (j = 0; j < rows[i].users; j++)
			counts[assigned[j]]++;
		for (p = 0; p < 4; p++)
			assert_int_equal(counts[p], rows[i].counts[p]);
		free(assigned);
	}
	suite_case_release(&c);
}

static void a_ramp_keeps_the_proportions_of_the_profiles(void **state)
{
	struct suite_case c;
	size_t assigned[100], counts[4] = {0}, i, p;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	suite_assign_profiles(c.suite, 100, assigned);
	for (i = 0; i < 100; i++) {
		counts[assigned[i]]++;
		for (p = 0; p < 4; p++) {
			double due = c.suite->profiles[p].weight / 100 * (double)(i + 1);

			assert_true(fabs((double)counts[p] - due) <= 1.5);
		}
	}
	suite_case_release(&c);
}

static void planned_rate_follows_from_users_and_think_time(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	/* 2 / 5 s + 2 / 2 s + 1 / 10 s */
	assert_near(suite_planned_rps(c.suite, suite_case_scenario(&c, "smoke")), 1.5);
	/* 20 / 5 s + 18 / 2 s + 7 / 10 s + 5 / 1.25 s */
	assert_near(suite_planned_rps(c.suite, suite_case_scenario(&c, "load")), 17.7);
	suite_case_release(&c);
}

static void quick_runs_twenty_seconds_at_ten_times_the_pace(void **state)
{
	struct suite_case c;
	const struct scenario *smoke;

	(void)state;
	suite_case_init(&c, NULL);
	c.options.quick = true;
	suite_case_load(&c);
	smoke = suite_case_scenario(&c, "smoke");
	assert_int_equal(smoke->users, 5);
	assert_near(seconds(smoke->duration_ns), 20);
	assert_near(seconds(smoke->warmup_ns), 2);
	assert_int_equal(smoke->pause_ns, 0);
	assert_int_equal(smoke->n_stages, 1);
	assert_int_equal(smoke->stages[0].ramp_ns, 0);
	assert_near(smoke->think_scale, 0.1);
	assert_near(suite_planned_rps(c.suite, smoke), 15);
	suite_case_release(&c);
}

static void duration_scale_scales_every_duration(void **state)
{
	struct suite_case c;
	const struct scenario *spike;

	(void)state;
	suite_case_init(&c, NULL);
	c.options.duration_scale = 0.1;
	suite_case_load(&c);
	spike = suite_case_scenario(&c, "spike");
	assert_int_equal(spike->users, 500);
	assert_near(seconds(spike->duration_ns), 30);
	assert_near(seconds(spike->warmup_ns), 3);
	assert_near(seconds(spike->stages[1].ramp_ns), 0.8);
	assert_near(spike->stages[1].level, 500);
	suite_case_release(&c);
}

static void capacity_repeats_the_users_and_shares_of_the_paced_mix(void **state)
{
	struct suite_case c;
	const struct scenario *smoke, *capacity;
	double sum = 0, all = 2 / 5.0 + 2 / 2.0 + 1 / 10.0;
	size_t i;

	(void)state;
	suite_case_init(&c, NULL);
	suite_case_load(&c);
	smoke = suite_case_scenario(&c, "smoke");
	capacity = suite_capacity(c.suite, smoke, 50);
	assert_non_null(capacity);
	assert_string_equal(capacity->name, "smoke-capacity");
	assert_string_equal(capacity->follows, "smoke");
	assert_int_equal(capacity->users, 5);
	assert_near(seconds(capacity->duration_ns), 20);
	assert_near(seconds(capacity->warmup_ns), 2);
	assert_near(capacity->think_scale, 0);
	assert_int_equal(capacity->stages[0].ramp_ns, 0);
	for (i = 0; i < capacity->n_mix; i++)
		sum += capacity->mix[i].weight;
	assert_near(sum, 1);
	assert_near(share(capacity->mix, capacity->n_mix, "POST /predict/single"),
		    (0.4 * 0.5 + 1.0 * 0.7 + 0.1 * 0.1) / all);
	assert_near(share(capacity->mix, capacity->n_mix, "POST /predict/batch"),
		    (0.4 * 0.05 + 1.0 * 0.1 + 0.1 * 0.6) / all);
	assert_near(share(capacity->mix, capacity->n_mix, "GET /info"), 0.2 * 2 / 17 / all);
	assert_ptr_equal(capacity, suite_capacity(c.suite, smoke, 50));
	suite_case_release(&c);
}

static void capacity_comes_only_when_the_gate_needs_it(void **state)
{
	static const struct {
		const char *scenario, *yaml;
		double min_throughput;
		bool wanted;
	} rows[] = {
		{"load", NULL, 50, true},
		{"load", NULL, NAN, false},
		{"load", NULL, 17.7 / 1.26, false},
		{"load", NULL, 17.7 / 1.24, true},
		{"load", "scenarios: {load: {think_scale: 0}}", 50, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;
		const struct scenario *capacity;

		suite_case_init(&c, rows[i].yaml);
		suite_case_load(&c);
		capacity = suite_capacity(c.suite, suite_case_scenario(&c, rows[i].scenario),
					  rows[i].min_throughput);
		assert_int_equal(capacity != NULL, rows[i].wanted);
		if (capacity)
			assert_null(suite_capacity(c.suite, capacity, 50));
		suite_case_release(&c);
	}
}

static void quick_capacity_takes_five_seconds(void **state)
{
	struct suite_case c;
	const struct scenario *capacity;

	(void)state;
	suite_case_init(&c, NULL);
	c.options.quick = true;
	suite_case_load(&c);
	capacity = suite_capacity(c.suite, suite_case_scenario(&c, "smoke"), 50);
	assert_near(seconds(capacity->duration_ns), 5);
	assert_near(seconds(capacity->warmup_ns), 0.5);
	suite_case_release(&c);
}

static void a_scenario_is_found_with_and_without_test(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c,
			"scenarios: {load_test: {users: 20}, mine_test: {users: 1, duration: 1m}}");
	suite_case_load(&c);
	assert_ptr_equal(suite_case_scenario(&c, "load_test"), suite_case_scenario(&c, "load"));
	assert_int_equal(suite_case_scenario(&c, "load")->users, 20);
	assert_string_equal(suite_case_scenario(&c, "mine")->name, "mine");
	assert_null(suite_find(c.suite, "smokee", &c.err));
	assert_string_equal(c.err.message, "unknown scenario `smokee`: did you mean `smoke`?");
	assert_int_equal(c.err.kind, ERROR_USAGE);
	suite_case_release(&c);
}

static void requests_are_a_whole_suite(void **state)
{
	static const char *lines[] = {"GET /items", "GET /items/42", "GET /items?page=2", NULL};
	struct suite_case c;

	(void)state;
	suite_case_init(&c, NULL);
	c.settings.target.kind = TARGET_URL;
	c.settings.requests = (struct string_list){lines, 3};
	suite_case_load(&c);
	assert_int_equal(c.suite->n_profiles, 1);
	assert_string_equal(c.suite->profiles[0].name, "requests");
	assert_near(seconds(c.suite->profiles[0].wait_min_ns), 1);
	assert_near(seconds(c.suite->profiles[0].wait_max_ns), 3);
	assert_int_equal(c.suite->profiles[0].n_tasks, 3);
	assert_near(c.suite->profiles[0].tasks[2].weight, 1 / 3.0);
	assert_int_equal(c.suite->n_scenarios, 5);
	/* The query is no part of the endpoint. */
	assert_int_equal(c.suite->n_endpoints, 2);
	assert_string_equal(c.suite->endpoint_names[0], "GET /items");
	assert_true(request_is_fixed(c.suite->tasks[0].requests[0]));
	suite_case_release(&c);
}

static void a_foreign_target_needs_requests(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c, NULL);
	c.settings.target.kind = TARGET_URL;
	assert_int_equal(suite_case_try(&c), -1);
	assert_int_equal(c.err.kind, ERROR_USAGE);
	assert_non_null(strstr(c.err.message, "requests: [GET /]"));
	assert_null(c.suite);
	suite_case_release(&c);
}

static void own_profiles_replace_the_builtin_ones_and_may_use_builtin_tasks(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c, "profiles: {mine: {tasks: {single: 1, own: 3}}}\n"
			    "tasks: {own: 'GET /own'}\n");
	suite_case_load(&c);
	assert_int_equal(c.suite->n_profiles, 1);
	assert_near(c.suite->profiles[0].weight, 1);
	assert_near(share(c.suite->profiles[0].tasks, 2, "GET /own"), 0.75);
	assert_near(share(c.suite->profiles[0].tasks, 2, "POST /predict/single"), 0.25);
	assert_int_equal(c.suite->n_endpoints, 2);
	suite_case_release(&c);
}

/* --- digests --- */

static void digest_of(const char *yaml, bool quick, const char *scenario, char *out)
{
	struct suite_case c;

	suite_case_init(&c, yaml);
	c.options.quick = quick;
	suite_case_load(&c);
	suite_digest(c.suite, suite_case_scenario(&c, scenario), out);
	suite_case_release(&c);
}

static void equal_suites_have_equal_digests_and_others_have_not(void **state)
{
	static const struct {
		const char *yaml;
		bool quick;
		const char *scenario;
		bool equal;
	} rows[] = {
		{NULL, false, "smoke", true},
		{"scenarios: {smoke: {duration: 120s}}", false, "smoke", true},
		{"scenarios: {load: {users: 7}}", false, "smoke", true},
		{"scenarios: {smoke: {gates: {max_error_rate: 0}}}", false, "smoke", true},
		{NULL, true, "smoke", false},
		{NULL, false, "load", false},
		{"scenarios: {smoke: {users: 6}}", false, "smoke", false},
		{"scenarios: {smoke: {timeout: 5s}}", false, "smoke", false},
		{"scenarios: {smoke: {warmup: 5s}}", false, "smoke", false},
		{"tasks: {info: 'GET /'}", false, "smoke", false},
		{"data: {town: {rows: [{name: x, latitude: 1, longitude: 35}]}}", false, "smoke",
		 false},
	};
	char base[TEXT_SHA256_SIZE], other[TEXT_SHA256_SIZE];
	size_t i;

	(void)state;
	digest_of(NULL, false, "smoke", base);
	assert_int_equal(strlen(base), 64);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		digest_of(rows[i].yaml, rows[i].quick, rows[i].scenario, other);
		if ((strcmp(base, other) == 0) != rows[i].equal)
			fail_msg("row %zu: %s", i, rows[i].yaml ? rows[i].yaml : rows[i].scenario);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builtin_scenarios_have_the_documented_numbers),
		cmocka_unit_test(builtin_profiles_have_the_documented_numbers),
		cmocka_unit_test(task_weights_are_normalised_and_health_is_split_10_5_2),
		cmocka_unit_test(users_are_given_out_by_largest_remainder),
		cmocka_unit_test(a_ramp_keeps_the_proportions_of_the_profiles),
		cmocka_unit_test(planned_rate_follows_from_users_and_think_time),
		cmocka_unit_test(quick_runs_twenty_seconds_at_ten_times_the_pace),
		cmocka_unit_test(duration_scale_scales_every_duration),
		cmocka_unit_test(capacity_repeats_the_users_and_shares_of_the_paced_mix),
		cmocka_unit_test(capacity_comes_only_when_the_gate_needs_it),
		cmocka_unit_test(quick_capacity_takes_five_seconds),
		cmocka_unit_test(a_scenario_is_found_with_and_without_test),
		cmocka_unit_test(requests_are_a_whole_suite),
		cmocka_unit_test(a_foreign_target_needs_requests),
		cmocka_unit_test(own_profiles_replace_the_builtin_ones_and_may_use_builtin_tasks),
		cmocka_unit_test(equal_suites_have_equal_digests_and_others_have_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
