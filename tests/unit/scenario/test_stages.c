#include "suite_helper.h"

#include "perfgate/base/text.h"

#include <stdio.h>

/* "users/ramp/duration …" in seconds. */
static char *show(const struct scenario *scenario)
{
	struct strbuf out = {0};
	size_t i;

	for (i = 0; i < scenario->n_stages; i++)
		strbuf_printf(&out, "%s%g/%g/%g", i ? " " : "", scenario->stages[i].level,
			      seconds(scenario->stages[i].ramp_ns),
			      seconds(scenario->stages[i].duration_ns));
	strbuf_printf(&out, " of %zu, warm-up %g", scenario->users, seconds(scenario->warmup_ns));
	return strbuf_take(&out);
}

struct row {
	const char *yaml, *scenario, *stages;
	bool quick;
	double scale, spawn_rate; /* 0: not given */
};

static void scenarios_become_stages(void **state)
{
	static const struct row rows[] = {
		{NULL, "spike", "100/2/90 500/8/120 100/8/90 of 500, warm-up 30", 0, 0, 0},
		{NULL, "spike", "100/0/6 500/0/8 100/0/6 of 500, warm-up 2", true, 0, 0},
		{NULL, "spike", "100/0.2/9 500/0.8/12 100/0.8/9 of 500, warm-up 3", 0, 0.1, 0},
		{NULL, "smoke", "5/0/10 of 5, warm-up 1", true, 0.5, 0},
		/* key by key over the built-in shape */
		{"{smoke: {users: 10}}", "smoke", "10/10/120 of 10, warm-up 12", 0, 0, 0},
		{"{smoke: {duration: 20s}}", "smoke", "5/5/20 of 5, warm-up 5", 0, 0, 0},
		{"{smoke: {spawn_rate: 5}}", "smoke", "5/1/120 of 5, warm-up 12", 0, 0, 0},
		{"{smoke: {warmup: 0}}", "smoke", "5/5/120 of 5, warm-up 0", 0, 0, 0},
		{"{smoke: {warmup: 40s}}", "smoke", "5/0.5/12 of 5, warm-up 4", 0, 0.1, 0},
		{"{spike: {users: 50, duration: 30s}}", "spike",
		 "10/0.2/9 50/0.8/12 10/0.8/9 of 50, warm-up 3", 0, 0, 0},
		{"{smoke: {stages: [{users: 2, duration: 10s}, {users: 4, duration: 10s, ramp: "
		 "10s}]}}",
		 "smoke", "2/2/10 4/10/10 of 4, warm-up 2", 0, 0, 0},
		/* scenarios of one's own */
		{"{mine: {users: 3, duration: 30s}}", "mine", "3/0/30 of 3, warm-up 3", 0, 0, 0},
		{"{mine: {users: 1, duration: 1h}}", "mine", "1/0/3600 of 1, warm-up 30", 0, 0, 0},
		{"{mine: {users: 3, duration: 10s}}", "mine", "3/0/10 of 3, warm-up 1", true, 0, 0},
		/* all ramp: judged but for the default warm-up; a short first ramp is warm-up */
		{"{mine: {stages: [{users: 90, duration: 90s, ramp: 90s}]}}", "mine",
		 "90/90/90 of 90, warm-up 9", 0, 0, 0},
		{"{mine: {stages: [{users: 90, duration: 90s, ramp: 45s}]}}", "mine",
		 "90/45/90 of 90, warm-up 45", 0, 0, 0},
		/* down to nobody */
		{"{mine: {spawn_rate: 1, stages: [{users: 5, duration: 10s}, {users: 0, duration: "
		 "10s}]}}",
		 "mine", "5/5/10 0/5/10 of 5, warm-up 5", 0, 0, 0},
		/* LOAD_TEST_SPAWN_RATE */
		{NULL, "load", "50/25/600 of 50, warm-up 30", 0, 0, 2},
		{"{load: {spawn_rate: 50}}", "load", "50/25/600 of 50, warm-up 30", 0, 0, 2},
		{"{load: {stages: [{users: 50, duration: 60s, ramp: 3s}]}}", "load",
		 "50/3/60 of 50, warm-up 6", 0, 0, 2},
		/* a rate too slow for the stage brings as many as it can */
		{NULL, "spike", "90/90/90 210/120/120 120/90/90 of 210, warm-up 90", 0, 0, 1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *yaml = xasprintf("scenarios: %s", rows[i].yaml ? rows[i].yaml : "");
		AUTO_FREE char *shown = NULL;
		struct suite_case c;

		suite_case_init(&c, rows[i].yaml ? yaml : NULL);
		c.options.quick = rows[i].quick;
		if (rows[i].scale > 0)
			c.options.duration_scale = rows[i].scale;
		if (rows[i].spawn_rate > 0)
			c.settings.load_spawn_rate = rows[i].spawn_rate;
		suite_case_load(&c);
		shown = show(suite_case_scenario(&c, rows[i].scenario));
		if (!text_equal(shown, rows[i].stages))
			fail_msg("row %zu: %s, not %s", i, shown, rows[i].stages);
		suite_case_release(&c);
	}
}

static void other_values_are_taken_key_by_key(void **state)
{
	struct suite_case c;
	const struct scenario *load;

	(void)state;
	suite_case_init(&c, "scenarios: {load: {pause: 5s, timeout: 2s, think_scale: 0.5}}");
	suite_case_load(&c);
	load = suite_case_scenario(&c, "load");
	assert_near(seconds(load->pause_ns), 5);
	assert_near(seconds(load->timeout_ns), 2);
	assert_near(load->think_scale, 0.5);
	assert_near(suite_planned_rps(c.suite, load), 17.7 * 2);
	assert_string_equal(load->purpose, "normal conditions");
	suite_case_release(&c);
}

static void rates_make_an_open_scenario(void **state)
{
	static const struct row rows[] = {
		{"{mine: {rate: 20, duration: 30s}}", "mine", "20/0/30 of 200, warm-up 3", 0, 0, 0},
		{"{mine: {rate: 0.5, duration: 30s}}", "mine", "0.5/0/30 of 100, warm-up 3", 0, 0,
		 0},
		{"{mine: {rate: 5000, duration: 30s}}", "mine", "5000/0/30 of 10000, warm-up 3", 0,
		 0, 0},
		{"{mine: {rate: 20, duration: 30s, max_users: 7}}", "mine",
		 "20/0/30 of 7, warm-up 3", 0, 0, 0},
		{"{mine: {max_users: 9, stages: [{rate: 0.5, duration: 10s, ramp: 10s}, {rate: 3, "
		 "duration: 5s}]}}",
		 "mine", "0.5/10/10 3/0/5 of 9, warm-up 1.5", 0, 0, 0},
		/* over a built-in shape; the spawn rate is about users */
		{"{spike: {rate: 50, max_users: 9}}", "spike",
		 "10/0/90 50/0/120 10/0/90 of 9, warm-up 30", 0, 0, 2},
		{"{smoke: {rate: 50, max_users: 9}}", "smoke", "50/0/20 of 9, warm-up 2", true, 0,
		 0},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct scenario *scenario;
		AUTO_FREE char *yaml = xasprintf("scenarios: %s", rows[i].yaml);
		AUTO_FREE char *shown = NULL;
		struct suite_case c;

		suite_case_init(&c, yaml);
		c.options.quick = rows[i].quick;
		if (rows[i].spawn_rate > 0)
			c.settings.load_spawn_rate = rows[i].spawn_rate;
		suite_case_load(&c);
		scenario = suite_case_scenario(&c, rows[i].scenario);
		shown = show(scenario);
		if (!text_equal(shown, rows[i].stages))
			fail_msg("row %zu: %s, not %s", i, shown, rows[i].stages);
		assert_true(scenario->open);
		assert_int_equal(scenario->arrival, ARRIVAL_POISSON);
		suite_case_release(&c);
	}
}

static void an_open_scenario_has_its_rate_as_planned_and_users_for_capacity(void **state)
{
	struct suite_case c;
	const struct scenario *open, *capacity;
	char even[80], poisson[80];

	(void)state;
	suite_case_init(&c,
			"profiles: {p: {wait: 0, tasks: {info: 1}}}\n"
			"scenarios:\n"
			"  even: {rate: 20, duration: 10s, arrival: even}\n"
			"  ramp: {warmup: 0, stages: [{rate: 20, duration: 10s, ramp: 10s}]}\n");
	suite_case_load(&c);
	open = suite_case_scenario(&c, "even");
	assert_int_equal(open->arrival, ARRIVAL_EVEN);
	assert_near(suite_planned_rps(c.suite, open), 20);
	assert_near(suite_planned_rps(c.suite, suite_case_scenario(&c, "ramp")), 10);
	assert_null(suite_capacity(c.suite, open, 16));
	capacity = suite_capacity(c.suite, open, 17);
	assert_non_null(capacity);
	assert_false(capacity->open);
	assert_int_equal(capacity->users, 50);
	assert_true(isinf(suite_planned_rps(c.suite, capacity)));
	suite_digest(c.suite, open, even);
	c.suite->scenarios[open - c.suite->scenarios].arrival = ARRIVAL_POISSON;
	suite_digest(c.suite, open, poisson);
	assert_string_not_equal(even, poisson);
	suite_case_release(&c);
}

static void abort_on_is_a_rate_and_a_time(void **state)
{
	struct suite_case c;
	const struct scenario *load;

	(void)state;
	suite_case_init(&c, "scenarios: {load: {abort_on: {error_rate: 50% for 10s}}}");
	suite_case_load(&c);
	load = suite_case_scenario(&c, "load");
	assert_near(load->abort_error_rate, 0.5);
	assert_near(seconds(load->abort_window_ns), 10);
	assert_true(isnan(suite_case_scenario(&c, "smoke")->abort_error_rate));
	assert_int_equal(suite_case_scenario(&c, "smoke")->abort_window_ns, 0);
	suite_case_release(&c);
}

static void without_think_time_the_planned_rate_is_unbounded(void **state)
{
	static const char *const rows[] = {
		"scenarios: {smoke: {think_scale: 0}}",
		"profiles: {p: {wait: 0, tasks: {info: 1}}}",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;

		suite_case_init(&c, rows[i]);
		suite_case_load(&c);
		assert_true(isinf(suite_planned_rps(c.suite, suite_case_scenario(&c, "smoke"))));
		suite_case_release(&c);
	}
}

static void the_planned_rate_is_the_mean_of_what_is_judged(void **state)
{
	struct suite_case c;

	(void)state;
	suite_case_init(&c, "profiles: {p: {wait: 1s, tasks: {info: 1}}}\n"
			    "scenarios:\n"
			    "  a: {warmup: 0, stages: [{users: 10, duration: 10s, ramp: 10s}]}\n"
			    "  b: {warmup: 5s, stages: [{users: 10, duration: 10s, ramp: 10s}]}\n"
			    "  c: {warmup: 0, stages: [{users: 10, duration: 30s}, {users: 40, "
			    "duration: 10s}]}\n");
	suite_case_load(&c);
	assert_near(suite_planned_rps(c.suite, suite_case_scenario(&c, "a")), 5);
	assert_near(suite_planned_rps(c.suite, suite_case_scenario(&c, "b")), 7.5);
	assert_near(suite_planned_rps(c.suite, suite_case_scenario(&c, "c")), 17.5);
	suite_case_release(&c);
}

static void mistakes_are_refused_with_position_and_advice(void **state)
{
	static const char *const rows[][2] = {
		{"scenarios: {smoke: {rate: 0}}", "t.yml:1:27: rate: 0 is out of range"},
		{"scenarios: {smoke: {rate: 5, users: 3}}",
		 "t.yml:1:27: rate: comes without users:; max_users: bounds them"},
		{"scenarios: {smoke: {stages: [{rate: 5, users: 1, duration: 1m}]}}",
		 "t.yml:1:37: rate: a stage has users: or rate:, not both"},
		{"scenarios: {smoke: {stages: [{rate: 5, duration: 1m}, {users: 5, duration: "
		 "1m}]}}",
		 "stages: all have users:, or all have rate:"},
		{"scenarios: {smoke: {rate: 5, stages: [{rate: 1, duration: 1m}]}}",
		 "stages: already gives rates and durations"},
		{"scenarios: {smoke: {rate: 5, max_users: 0}}", "max_users: 0 is out of range"},
		{"scenarios: {smoke: {max_users: 10}}",
		 "t.yml:1:32: max_users: belongs to a scenario with rate:"},
		{"scenarios: {smoke: {arrival: even}}",
		 "arrival: belongs to a scenario with rate:"},
		{"scenarios: {smoke: {rate: 5, arrival: often}}",
		 "t.yml:1:39: arrival: `often` is not poisson or even"},
		{"scenarios: {smoke: {abort_on: 5}}", "t.yml:1:31: abort_on: expected a mapping"},
		{"scenarios: {smoke: {abort_on: {}}}", "abort_on: name error_rate:"},
		{"scenarios: {smoke: {abort_on: {p95: 1s for 10s}}}", "abort_on"},
		{"scenarios: {smoke: {abort_on: {error_rate: 50%}}}",
		 "t.yml:1:44: error_rate: write a limit and for how long: 50% for 10s"},
		{"scenarios: {smoke: {abort_on: {error_rate: much for 10s}}}",
		 "error_rate: `much for 10s`:"},
		{"scenarios: {smoke: {abort_on: {error_rate: 50% for 10}}}",
		 "error_rate: `50% for 10`:"},
		{"scenarios: {smoke: {abort_on: {error_rate: 100% for 10s}}}", "below 100%"},
		{"scenarios: {smoke: {abort_on: {error_rate: 5% for 1500ms}}}",
		 "whole seconds, from 1s to 10m"},
		{"scenarios: {smoke: {usres: 5}}", "did you mean"},
		{"scenarios: {smoke: 5}", "t.yml:1:20: smoke: expected a mapping"},
		{"scenarios: [smoke]", "expected a mapping"},
		{"scenarios: {smoke: {users: 0}}", "out of range (1 to 100000)"},
		{"scenarios: {smoke: {users: 1.5}}", "t.yml:1:28: users:"},
		{"scenarios: {smoke: {users: 5, stages: [{users: 1, duration: 1m}]}}",
		 "drop one of the two"},
		{"scenarios: {smoke: {duration: 10}}", "t.yml:1:31: duration: `10`:"},
		{"scenarios: {smoke: {duration: 0}}", "duration: must be above 0"},
		{"scenarios: {smoke: {duration: -5s}}", "t.yml:1:31: duration:"},
		{"scenarios: {smoke: {duration: 8d}}", "too long"},
		{"scenarios: {smoke: {spawn_rate: 0}}", "out of range"},
		{"scenarios: {smoke: {warmup: 2m}}", "t.yml:1:29: warmup: leaves nothing to judge"},
		{"scenarios: {smoke: {timeout: 0}}", "timeout: must be above 0"},
		{"scenarios: {smoke: {think_scale: -1}}", "out of range"},
		{"scenarios: {smoke: {stages: []}}", "1 to 1000 stages"},
		{"scenarios: {smoke: {stages: [{users: 1}]}}",
		 "a stage needs users: and duration:"},
		{"scenarios: {smoke: {stages: [{users: 0, duration: 1m}]}}",
		 "no stage has any users"},
		{"scenarios: {smoke: {stages: [{users: 1, duration: 5s, ramp: 6s}]}}",
		 "ramp: longer than the stage's duration"},
		{"scenarios: {mine: {users: 5}}",
		 "a scenario of your own needs users: (or rate:) and duration:, or stages:"},
		{"scenarios: {load: {}, load_test: {}}", "is given twice"},
		{"scenarios: {'a b': {}}", "letters, digits, _ and - make a name"},
		{"scenarios: {x-capacity: {}}", "-capacity is kept"},
		{"scenarios: {smoke: {gates: {max_p95_responce_time: 5}}}", "did you mean"},
		{"scenarios: {smoke: {gates: {max_p95_response_time: fast}}}", "t.yml:1:52:"},
		{"scenarios: {smoke: {gates: {max_p95_response_time: -1}}}", "t.yml:1:52:"},
		{"scenarios: {smoke: {gates: {max_error_rate: 2}}}", "out of range"},
		{"scenarios: {smoke: {gates: [1]}}", "expected a mapping"},
		{"scenarios: {smoke: {endpoints: {GET /inof: {max_p95_response_time: 1}}}}",
		 "unknown endpoint `GET /inof`: did you mean `GET /info`?"},
		{"profiles: {}", "profiles: 1 to 100 are possible"},
		{"profiles: {p: {}}", "t.yml:1:15: profile `p` has no tasks:"},
		{"profiles: {p: {tasks: {}}}", "name tasks with their weights"},
		{"profiles: {p: {tasks: {singel: 1}}}",
		 "t.yml:1:24: unknown task `singel`: did you mean `single`?"},
		{"profiles: {p: {tasks: {single: 0}}}", "out of range"},
		{"profiles: {p: {weight: -1, tasks: {single: 1}}}", "weight"},
		{"profiles: {p: {wait: 5, tasks: {single: 1}}}", "wait: `5`:"},
		{"profiles: {p: {wait: 3s..1s, tasks: {single: 1}}}", "wait: 3s is above 1s"},
		{"profiles: {p: {on_start: [], tasks: {single: 1}}}",
		 "t.yml:1:26: on_start: name one of tasks:"},
		{"profiles: {p: {tsks: {single: 1}}}", "did you mean"},
		{"data: {user: {rows: [1]}}", "'user' means the virtual user"},
		{"data: {a.b: {rows: [1]}}", "is no name for ${"},
		{"tasks: [1]", "expected a mapping"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct suite_case c;

		suite_case_init(&c, rows[i][0]);
		if (!suite_case_try(&c))
			fail_msg("accepted: %s", rows[i][0]);
		assert_int_equal(c.err.kind, ERROR_USAGE);
		if (!strstr(c.err.message, rows[i][1]) ||
		    !text_starts_with(c.err.message, "t.yml:1:"))
			fail_msg("%s gave: %s", rows[i][0], c.err.message);
		suite_case_release(&c);
	}
}

static void mistakes_in_requests_name_the_item(void **state)
{
	static const char *lines[] = {"GET /a", "get /b", NULL};
	struct suite_case c;

	(void)state;
	suite_case_init(&c, NULL);
	c.settings.requests = (struct string_list){lines, 2};
	assert_int_equal(suite_case_try(&c), -1);
	assert_string_equal(c.err.message,
			    "requests[2]: `get /b`: unknown method `get`: did you mean `GET`?");
	suite_case_release(&c);
}

static void profiles_and_requests_exclude_each_other(void **state)
{
	static const char *lines[] = {"GET /a", NULL};
	struct suite_case c;

	(void)state;
	suite_case_init(&c, "profiles: {p: {tasks: {info: 1}}}");
	c.settings.requests = (struct string_list){lines, 1};
	assert_int_equal(suite_case_try(&c), -1);
	assert_non_null(strstr(c.err.message, "keep one"));
	suite_case_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scenarios_become_stages),
		cmocka_unit_test(other_values_are_taken_key_by_key),
		cmocka_unit_test(rates_make_an_open_scenario),
		cmocka_unit_test(an_open_scenario_has_its_rate_as_planned_and_users_for_capacity),
		cmocka_unit_test(abort_on_is_a_rate_and_a_time),
		cmocka_unit_test(without_think_time_the_planned_rate_is_unbounded),
		cmocka_unit_test(the_planned_rate_is_the_mean_of_what_is_judged),
		cmocka_unit_test(mistakes_are_refused_with_position_and_advice),
		cmocka_unit_test(mistakes_in_requests_name_the_item),
		cmocka_unit_test(profiles_and_requests_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
