/* The environment: names, precedence, refusals. Row ids are those of the fault list. */
#include "fixture.h"

#include "perfgate/config/table.h"

#include <math.h>

#define ENVIRONMENT(...)                                                                           \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static void variables_beat_the_file(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings(
		"enabled: true\nperformance_gates: {max_p95_response_time: 2000}\nrun: [load]\n",
		ENVIRONMENT("PERFGATE_ENABLED=false",
			    "PERFGATE_PERFORMANCE_GATES_MAX_P95_RESPONSE_TIME=3s",
			    "PERFGATE_RUN=smoke_test,spike", "PERFGATE_REGRESSION_TOLERANCE_P50=7%",
			    "PERFGATE_TARGET_COMMAND=./s", "PERFGATE_TARGET_ENV=A=1,B=x=y",
			    "PERFGATE_ENFORCE_MAX_ERROR_RATE=warn", "PERFGATE_OUTPUT="));
	assert_false(s->enabled);
	assert_true(s->gates.limit[METRIC_P95] == 3000);
	assert_string_equal(s->gates.origin[METRIC_P95],
			    "PERFGATE_PERFORMANCE_GATES_MAX_P95_RESPONSE_TIME");
	assert_int_equal(s->run.count, 2);
	assert_string_equal(s->run.items[0], "smoke");
	assert_true(fabs(s->tolerance[METRIC_P50] - 0.07) < 1e-12);
	assert_int_equal(s->target.kind, TARGET_COMMAND);
	assert_string_equal(s->target.env.items[1], "B=x=y");
	assert_true(s->gates.warn[METRIC_ERROR_RATE]);
	assert_false(s->gates.warn[METRIC_P95]);
	assert_string_equal(s->output, "perfgate-results");
}

static void every_key_has_a_variable_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_table_count; i++)
		for (size_t j = 0; j < i; j++) {
			AUTO_FREE char *a = setting_variable(&setting_table[i]);
			AUTO_FREE char *b = setting_variable(&setting_table[j]);
			assert_string_not_equal(a, b);
		}
	const struct setting_row *row = setting_find("performance_gates.min_throughput");
	AUTO_FREE char *name = setting_variable(row);
	assert_string_equal(name, "PERFGATE_PERFORMANCE_GATES_MIN_THROUGHPUT");
}

static void the_load_test_variables_are_read(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings(
		NULL,
		ENVIRONMENT("LOAD_TEST_API_HOST=http://user:pass@h:8000/api",
			    "LOAD_TEST_SPAWN_RATE=1e1", "LOAD_TEST_TARGET_P95_RESPONSE_TIME=1500",
			    "LOAD_TEST_TARGET_THROUGHPUT=25",
			    "DATABASE_URL=postgresql://u:secr1@h/d",
			    "LOAD_TEST_DATABASE_URL=postgresql://u:secr2@h/load",
			    "REDIS_URL=redis://h/1", "PERFGATE_SLACK_WEBHOOK=https://h/s",
			    "PERFGATE_SMTP_URL=smtps://m", "GITHUB_TOKEN=ghp_x",
			    "PROMETHEUS_PUSHGATEWAY_URL=http://push:9091",
			    "GRAFANA_DASHBOARD_URL=https://g/d/1"));
	assert_int_equal(s->target.kind, TARGET_URL);
	assert_string_equal(s->target.url, "http://user:pass@h:8000/api");
	assert_string_equal(s->target.url_shown, "http://h:8000/api");
	assert_true(s->load_spawn_rate == 10);
	assert_true(s->env_gates.limit[METRIC_P95] == 1500);
	assert_true(s->env_gates.limit[METRIC_THROUGHPUT] == 25);
	assert_string_equal(s->env_gates.origin[METRIC_P95], "LOAD_TEST_TARGET_P95_RESPONSE_TIME");
	assert_true(isnan(s->env_gates.limit[METRIC_ERROR_RATE]));
	assert_true(s->gates.limit[METRIC_P95] == 2000);
	assert_string_equal(s->database_url, "postgresql://u:secr2@h/load");
	assert_string_equal(s->redis_url, "redis://h/1");
	assert_string_equal(s->slack_webhook, "https://h/s");
	assert_string_equal(s->smtp_url, "smtps://m");
	assert_string_equal(s->github_token, "ghp_x");
	assert_string_equal(s->pushgateway_url, "http://push:9091");
	assert_string_equal(s->grafana_dashboard_url, "https://g/d/1");
}

static void the_more_exact_variable_wins(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s =
		fixture_settings(NULL, ENVIRONMENT("DATABASE_URL=postgresql://h/d",
						   "PERFGATE_SERVICES_POSTGRES=auto",
						   "LOAD_TEST_DATABASE_URL=postgresql://h/load"));
	assert_null(s->database_url);
}

struct refusal {
	const char *variable, *message;
};

static void assert_all_refused(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fixture_refused(NULL, ENVIRONMENT(rows[i].variable), rows[i].message);
}

static void ENV_01_02_numbers_in_variables_are_strict(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"LOAD_TEST_SPAWN_RATE=10abc", "LOAD_TEST_SPAWN_RATE: `10abc` is not a number: "},
		{"LOAD_TEST_SPAWN_RATE= 10", "LOAD_TEST_SPAWN_RATE: ` 10` is not a number"},
		{"LOAD_TEST_SPAWN_RATE=10 ", "LOAD_TEST_SPAWN_RATE: `10 ` is not a number"},
		{"LOAD_TEST_SPAWN_RATE=-1", "LOAD_TEST_SPAWN_RATE: `-1` is out of range"},
		{"LOAD_TEST_SPAWN_RATE=0", "LOAD_TEST_SPAWN_RATE: `0` is out of range"},
		{"LOAD_TEST_SPAWN_RATE=ten", "LOAD_TEST_SPAWN_RATE: `ten` is not a number"},
		{"LOAD_TEST_TARGET_THROUGHPUT=99999999999999999999",
		 "LOAD_TEST_TARGET_THROUGHPUT: `99999999999999999999` is out of range"},
		{"PERFGATE_ARTIFACT_RETENTION_DAYS=3.5", "must be a whole number"},
		{"PERFGATE_ENABLED=1", "PERFGATE_ENABLED: `1` is not true or false"},
	};
	assert_all_refused(rows, ARRAY_SIZE(rows));
	AUTO(settings)
	struct settings *s = fixture_settings(NULL, ENVIRONMENT("LOAD_TEST_SPAWN_RATE="));
	assert_true(isnan(s->load_spawn_rate));
}

static void ENV_05_the_host_is_http(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"LOAD_TEST_API_HOST=file:///etc/passwd",
		 "LOAD_TEST_API_HOST: `file:///etc/passwd`:"},
		{"LOAD_TEST_API_HOST=localhost:8000", "begins with http:// or https://"},
		{"LOAD_TEST_API_HOST=http://", "it names no host"},
		{"LOAD_TEST_API_HOST=http://h\r\nX: y", "line end or control character"},
		{"LOAD_TEST_API_HOST=http://h\xff", "it is not UTF-8"},
	};
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void ENV_15_long_and_many_variables_are_survived(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf longest = {0};
	strbuf_puts(&longest, "LOAD_TEST_API_HOST=http://");
	while (longest.length < (size_t)128 << 10)
		strbuf_puts(&longest, "hhhhhhhhhhhhhhhh");
	fixture_refused(NULL, ENVIRONMENT(longest.data), "LOAD_TEST_API_HOST: longer than");
	AUTO_FREE const char **many = xcalloc(10001, sizeof *many);
	for (size_t i = 0; i < 10000; i++)
		many[i] =
			i == 9999 ? "PERFGATE_OUTPUT=last" : "PERFGATE_SOMETHING_ELSE_ALTOGETHER=1";
	AUTO(settings) struct settings *s = fixture_settings(NULL, many);
	assert_string_equal(s->output, "last");
}

static void a_mistyped_variable_is_not_ignored(void **state)
{
	(void)state;
	fixture_refused(
		NULL, ENVIRONMENT("PERFGATE_PERFORMANCE_GATES_MAX_P95_RESPONCE_TIME=1"),
		"PERFGATE_PERFORMANCE_GATES_MAX_P95_RESPONCE_TIME: unknown variable: did you "
		"mean PERFGATE_PERFORMANCE_GATES_MAX_P95_RESPONSE_TIME?");
	/* Names that resemble no setting are somebody else's. */
	AUTO(settings)
	struct settings *s = fixture_settings(NULL, ENVIRONMENT("PERFGATE_IMAGE_DIGEST=1",
								"PERFGATE=/usr/bin/x"));
	assert_non_null(s);
}

static void sections_are_for_the_file(void **state)
{
	(void)state;
	fixture_refused(NULL, ENVIRONMENT("PERFGATE_PROFILES=x"), "it can be set in the file only");
}

static void refusals_show_no_secret(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"PERFGATE_SLACK_WEBHOOK=http://hooks.slack.com/T/hidden",
		"DATABASE_URL=mysql://u:hidden@h/d",
		"REDIS_URL=rediss://:hidden@h",
		"LOAD_TEST_API_HOST=ftp://u:hidden@h",
		"LOAD_TEST_API_HOST=http://u:hidden@",
		"PERFGATE_TARGET_ENV=1=hidden",
		"GITHUB_TOKEN=hidden\n",
		"PROMETHEUS_PUSHGATEWAY_URL=hidden",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(settings) struct settings *s = NULL;
		struct error err = ERROR_INIT;
		int result = fixture_load(NULL, ENVIRONMENT(rows[i]), &s, &err);
		if (result == 0)
			result = settings_validate(s, &err);
		assert_int_equal(result, -1);
		assert_null(strstr(err.message, "hidden"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_beat_the_file),
		cmocka_unit_test(every_key_has_a_variable_of_its_own),
		cmocka_unit_test(the_load_test_variables_are_read),
		cmocka_unit_test(the_more_exact_variable_wins),
		cmocka_unit_test(ENV_01_02_numbers_in_variables_are_strict),
		cmocka_unit_test(ENV_05_the_host_is_http),
		cmocka_unit_test(ENV_15_long_and_many_variables_are_survived),
		cmocka_unit_test(a_mistyped_variable_is_not_ignored),
		cmocka_unit_test(sections_are_for_the_file),
		cmocka_unit_test(refusals_show_no_secret),
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
