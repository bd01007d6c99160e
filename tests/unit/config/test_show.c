/* What `config show` and the digest say. */
#include "fixture.h"

#include "perfgate/config/table.h"

static void assert_line(const char *text, const char *key, const char *rest)
{
	AUTO_FREE char *start = xasprintf("%s ", key);
	const char *line = strstr(text, start);
	if (line == NULL)
		fail_msg("no line for %s", key);
	const char *value = line + strlen(key) + strspn(line + strlen(key), " ");
	if (strncmp(value, rest, strlen(rest)) != 0)
		fail_msg("%s: %.60s, not %s", key, value, rest);
}

static void every_value_has_its_origin(void **state)
{
	(void)state;
	static const char *const environ_[] = {"LOAD_TEST_SPAWN_RATE=2", NULL};
	AUTO(settings)
	struct settings *s = fixture_settings("run_on_pr: false\nregression: {budget: 1m30s}\n"
					      "performance_gates:\n  max_p95_response_time: 2s\n"
					      "profiles: {a: {weight: 1}}\n",
					      environ_);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_set(s, "output", "x\xc2\x9b", "--output", &err), 0);
	AUTO(strbuf) struct strbuf text = {0};
	settings_show(s, &text);
	assert_line(text.data, "run_on_pr", "false                     f.yml:1\n");
	assert_line(text.data, "performance_gates.max_p95_response_time", "2000 ");
	assert_line(text.data, "performance_gates.max_error_rate",
		    "not gated                 not set");
	assert_line(text.data, "LOAD_TEST_SPAWN_RATE",
		    "2                         LOAD_TEST_SPAWN_RATE");
	assert_line(text.data, "regression.budget", "1m30s                     f.yml:2");
	assert_line(text.data, "baseline_branch", "main                      default");
	assert_line(text.data, "profiles", "{1} ");
	assert_line(text.data, "run", "[smoke, load] ");
	/* Nothing reaches the terminal raw. */
	assert_null(strchr(text.data, '\x9b'));
	for (size_t i = 0; i < setting_table_count; i++)
		assert_non_null(strstr(text.data, setting_table[i].key));
}

static void json_has_typed_values(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings("performance_gates: {max_error_rate: 1%}\n"
					      "profiles: {a: {tasks: [x, null]}}\n",
					      NULL);
	AUTO_JSON json_t *json = settings_json(s);
	AUTO(strbuf) struct strbuf text = {0};
	extjson_dump_canonical(json, &text);
	static const char *const parts[] = {
		"\"file\":\"f.yml\"",
		"\"enabled\":{\"origin\":\"default\",\"value\":true}",
		"\"performance_gates.max_error_rate\":{\"origin\":\"f.yml:1\",\"value\":0.01}",
		"\"performance_gates.min_throughput\":{\"origin\":null,\"value\":null}",
		"\"profiles\":{\"origin\":\"f.yml:2\",\"value\":{\"a\":{\"tasks\":[\"x\",null]}}}",
		"\"run\":{\"origin\":\"default\",\"value\":[\"smoke\",\"load\"]}",
		"\"target\":{\"origin\":\"default\",\"value\":\"reference\"}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(text.data, parts[i]) == NULL)
			fail_msg("%s lacks %s", text.data, parts[i]);
}

static void SEC_16_secrets_are_never_shown(void **state)
{
	(void)state;
	static const char *const environ_[] = {
		"LOAD_TEST_API_HOST=http://user:hidden-1@h:1/x?key=hidden-2#hidden-3",
		"DATABASE_URL=postgresql://u:hidden-4@h/d",
		"REDIS_URL=redis://:hidden-5@h",
		"PERFGATE_SLACK_WEBHOOK=https://hooks.slack.com/hidden-6",
		"PERFGATE_SMTP_URL=smtp://u:hidden-7@h",
		"GITHUB_TOKEN=hidden-8",
		"PROMETHEUS_PUSHGATEWAY_URL=http://u:hidden-9@h",
		"PERFGATE_TARGET_ENV=TOKEN=hidden-0",
		NULL,
	};
	AUTO(settings) struct settings *s = fixture_settings(NULL, environ_);
	AUTO(strbuf) struct strbuf text = {0};
	settings_show(s, &text);
	AUTO_JSON json_t *json = settings_json(s);
	extjson_dump_pretty(json, &text);
	assert_null(strstr(text.data, "hidden"));
	assert_line(text.data, "target", "http://h:1/x ");
	assert_line(text.data, "target.env", "[TOKEN=***] ");
	assert_line(text.data, "services.postgres", "*** ");
	/* The log knows them, so that no message of another part shows them either. */
	AUTO(strbuf) struct strbuf message = {0};
	strbuf_puts(&message,
		    "hidden-1 hidden-4 hidden-5 https://hooks.slack.com/hidden-6 hidden-7 "
		    "hidden-8 hidden-9");
	log_redact(&message);
	assert_string_equal(message.data, "*** *** *** *** *** *** ***");
}

static void digest_of(const char *file, char *out)
{
	AUTO(settings) struct settings *s = fixture_settings(file, NULL);
	settings_digest(s, out);
}

static void the_digest_follows_what_is_judged_and_nothing_else(void **state)
{
	(void)state;
	static const char base[] = "performance_gates: {max_p95_response_time: 2000}\n";
	static const struct {
		const char *more;
		bool same;
	} rows[] = {
		{"", true},
		{"# comment\n\n", true},
		{"output: elsewhere\n", true},
		{"notification: {slack_webhook: 'https://h/x'}\n", true},
		{"artifact_retention_days: 3\n", true},
		{"enforce: fail\n", true},
		{"enforce: warn\n", false},
		{"run: [smoke]\n", false},
		{"requests: [GET /]\n", false},
		{"profiles: {a: {weight: 1}}\n", false},
		{"regression: {tolerance: {p95: 9%}}\n", false},
		{"baseline: {epoch: 1}\n", false},
		{"target: http://h\n", false},
	};
	char first[TEXT_SHA256_SIZE];
	digest_of(base, first);
	assert_int_equal(strlen(first), 64);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char digest[TEXT_SHA256_SIZE];
		AUTO_FREE char *file = xasprintf("%s%s", base, rows[i].more);
		digest_of(file, digest);
		if (text_equal(first, digest) != rows[i].same)
			fail_msg("%s: %s", rows[i].more, digest);
	}
	char ms[TEXT_SHA256_SIZE];
	digest_of("performance_gates: {max_p95_response_time: 2s}\n", ms);
	assert_string_equal(ms, first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_has_its_origin),
		cmocka_unit_test(json_has_typed_values),
		cmocka_unit_test(SEC_16_secrets_are_never_shown),
		cmocka_unit_test(the_digest_follows_what_is_judged_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
