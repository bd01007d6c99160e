/* The file: every key, every refusal. Row ids are those of the fault list. */
#include "fixture.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <locale.h>
#include <math.h>

#define G "performance_gates: {min_throughput: 1}\n"
#define GATE "performance_gates: {max_p95_response_time: "

static void the_seed_file_works_unchanged(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings("enabled: true\n"
					      "run_on_pr: true\n"
					      "run_on_merge: true\n"
					      "performance_gates:\n"
					      "  max_p95_response_time: 2000   # ms\n"
					      "  min_throughput: 50            # requests/s\n"
					      "  max_error_rate: 0.01\n"
					      "  min_cache_hit_rate: 0.7\n"
					      "notification:\n"
					      "  slack_webhook: null\n"
					      "  email_recipients: []\n"
					      "  github_status: true\n"
					      "artifact_retention_days: 30\n"
					      "baseline_branch: main\n",
					      NULL);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_validate(s, &err), 0);
	assert_true(s->enabled && s->run_on_pr && s->run_on_merge && s->github_status);
	assert_true(s->gates.limit[METRIC_P95] == 2000);
	assert_true(s->gates.limit[METRIC_THROUGHPUT] == 50);
	assert_true(s->gates.limit[METRIC_ERROR_RATE] == 0.01);
	assert_true(s->gates.limit[METRIC_CACHE_HIT_RATE] == 0.7);
	assert_true(isnan(s->gates.limit[METRIC_P50]));
	assert_string_equal(s->gates.origin[METRIC_P95], "f.yml:5");
	assert_null(s->slack_webhook);
	assert_int_equal(s->email_recipients.count, 0);
	assert_int_equal(s->artifact_retention_days, 30);
	assert_string_equal(s->baseline_branch, "main");
	assert_int_equal(s->target.kind, TARGET_REFERENCE);
	assert_string_equal(s->target.ready, "/health/readiness");
	assert_string_equal(s->output, "perfgate-results");
	assert_string_equal(s->file, "f.yml");
	assert_true(s->file_given);
}

static void a_regression_is_enforced_as_gates_are_unless_it_says_otherwise(void **state)
{
	static const struct {
		const char *text;
		enum enforce gate, regression;
		const char *origin;
	} rows[] = {
		{"enabled: true\n", ENFORCE_FAIL, ENFORCE_FAIL, NULL},
		{"enforce: warn\n", ENFORCE_WARN, ENFORCE_WARN, NULL},
		{"enforce: {default: warn, max_p95_response_time: fail}\n", ENFORCE_FAIL,
		 ENFORCE_WARN, NULL},
		{"enforce: warn\nregression: {enforce: fail}\n", ENFORCE_WARN, ENFORCE_FAIL,
		 "f.yml:2"},
		{"regression: {enforce: warn}\n", ENFORCE_FAIL, ENFORCE_WARN, "f.yml:1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(settings) struct settings *s = fixture_settings(rows[i].text, NULL);
		const char *origin = setting_origin(s, setting_find("regression.enforce"));

		assert_int_equal(s->gates.warn[METRIC_P95], rows[i].gate == ENFORCE_WARN);
		assert_int_equal(s->regression_enforce, rows[i].regression);
		assert_true(text_equal(origin, rows[i].origin));
	}
}

static void every_addition_is_read(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings(
		"target:\n"
		"  build: make\n"
		"  command: ./server --port {port}\n"
		"  ready: /ready\n"
		"  env: {KEY: value, EMPTY: }\n"
		"  cache: {from: header X-Cache}\n"
		"requests: [GET /items, POST /orders @order.json]\n"
		"run: [smoke_test, load, smoke]\n"
		"scenarios: {smoke: {users: 3}}\n"
		"profiles: {a: {weight: 1}}\n"
		"tasks: {t: {request: GET /}}\n"
		"data: {site: {rows: []}}\n"
		"only_if_changed: [src/**]\n"
		"enforce: {default: warn, min_throughput: fail}\n"
		"regression:\n"
		"  mode: ab\n"
		"  enforce: warn\n"
		"  budget: 10m\n"
		"  tolerance: {p50: 6%, p95: 0.09, error_rate: 0.5pp}\n"
		"services: {postgres: 'postgresql://h/d', redis: auto}\n"
		"output: out\n"
		"baseline: {name: Bot, email: bot@example.com, epoch: 2}\n"
		"ci: {install: make install}\n"
		"performance_gates: {max_p95_response_time: 2s, min_throughput: 5}\n",
		NULL);
	assert_int_equal(s->target.kind, TARGET_COMMAND);
	assert_null(s->target.url);
	assert_string_equal(s->target.build, "make");
	assert_string_equal(s->target.command, "./server --port {port}");
	assert_string_equal(s->target.ready, "/ready");
	assert_true(s->target.ready_given);
	assert_int_equal(s->target.env.count, 2);
	assert_string_equal(s->target.env.items[0], "KEY=value");
	assert_string_equal(s->target.env.items[1], "EMPTY=");
	assert_string_equal(s->target.cache_from, "header X-Cache");
	assert_int_equal(s->requests.count, 2);
	assert_string_equal(s->requests.items[1], "POST /orders @order.json");
	assert_null(s->requests.items[2]);
	assert_int_equal(s->run.count, 2);
	assert_string_equal(s->run.items[0], "smoke");
	assert_string_equal(s->run.items[1], "load");
	assert_null(s->run.items[2]);
	assert_non_null(extyaml_get(s->scenarios, "smoke"));
	assert_non_null(extyaml_get(s->profiles, "a"));
	assert_non_null(extyaml_get(s->tasks, "t"));
	assert_non_null(extyaml_get(s->data, "site"));
	assert_string_equal(s->only_if_changed.items[0], "src/**");
	assert_int_equal(s->enforce, ENFORCE_WARN);
	assert_true(s->gates.warn[METRIC_P95]);
	assert_false(s->gates.warn[METRIC_THROUGHPUT]);
	assert_int_equal(s->regression_mode, REGRESSION_AB);
	assert_int_equal(s->regression_enforce, ENFORCE_WARN);
	assert_int_equal(s->regression_budget_ns, 600 * NS_PER_S);
	assert_true(fabs(s->tolerance[METRIC_P50] - 0.06) < 1e-12);
	assert_true(fabs(s->tolerance[METRIC_P95] - 0.09) < 1e-12);
	assert_true(fabs(s->tolerance[METRIC_P99] - 0.12) < 1e-12);
	assert_true(fabs(s->tolerance[METRIC_ERROR_RATE] - 0.005) < 1e-12);
	assert_string_equal(s->database_url, "postgresql://h/d");
	assert_null(s->redis_url);
	assert_string_equal(s->output, "out");
	assert_string_equal(s->baseline_name, "Bot");
	assert_string_equal(s->baseline_email, "bot@example.com");
	assert_int_equal(s->baseline_epoch, 2);
	assert_string_equal(s->ci_install, "make install");
	assert_true(s->gates.limit[METRIC_P95] == 2000);
}

static void CFG_01_without_a_file_the_defaults_hold(void **state)
{
	(void)state;
	AUTO(settings) struct settings *s = fixture_settings(NULL, NULL);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_validate(s, &err), 0);
	assert_null(s->file);
	assert_true(s->gates.limit[METRIC_P95] == 2000);
	assert_true(s->gates.limit[METRIC_THROUGHPUT] == 50);
	assert_true(s->gates.limit[METRIC_ERROR_RATE] == 0.01);
	assert_true(s->gates.limit[METRIC_CACHE_HIT_RATE] == 0.7);
	assert_null(s->gates.origin[METRIC_P95]);
	assert_int_equal(s->run.count, 2);
	assert_true(isnan(s->load_spawn_rate));
}

static void the_default_cache_gate_is_for_targets_known_to_have_a_cache(void **state)
{
	(void)state;
	AUTO(settings) struct settings *s = fixture_settings(NULL, NULL);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_set(s, "target", "http://h", "--target", &err), 0);
	assert_true(isnan(s->gates.limit[METRIC_CACHE_HIT_RATE]));
	assert_true(s->gates.limit[METRIC_P95] == 2000);
	assert_int_equal(settings_set(s, "target", "reference", "--target", &err), 0);
	assert_true(s->gates.limit[METRIC_CACHE_HIT_RATE] == 0.7);
	AUTO(settings)
	struct settings *set =
		fixture_settings("target: http://h\nperformance_gates: {min_cache_hit_rate: 0.6}\n",
				 NULL);
	assert_true(set->gates.limit[METRIC_CACHE_HIT_RATE] == 0.6);
}

static void CFG_02_a_named_file_must_exist(void **state)
{
	(void)state;
	AUTO(settings) struct settings *s = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(settings_load("absent.yml", NULL, &s, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.message, "cannot read absent.yml: No such file"));
}

struct refusal {
	const char *text, *message;
};

static void assert_all_refused(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fixture_refused(rows[i].text, NULL, rows[i].message);
}

static void CFG_03_an_empty_file_is_refused(void **state)
{
	(void)state;
	fixture_refused("", NULL, "f.yml: empty configuration");
	fixture_refused("# all\n# comments\n", NULL, "f.yml: empty configuration");
	fixture_refused("[a]\n", NULL, "f.yml:1:1: expected a mapping, found a list");
}

static void CFG_13_a_looser_duplicate_does_not_win(void **state)
{
	(void)state;
	fixture_refused("performance_gates:\n  max_p95_response_time: 1\n"
			"  max_p95_response_time: 9000\n",
			NULL, "f.yml:3:3: duplicate key `max_p95_response_time`");
}

static void CFG_23_booleans_are_true_or_false(void **state)
{
	(void)state;
	static const char *const words[] = {"no", "off", "n", "NO", "False", "yes", "0", "'true'"};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		strbuf_printf(&text, "run_on_pr: %s\n", words[i]);
		fixture_refused(text.data, NULL, "write true or false");
	}
	fixture_refused("run_on_pr:\n", NULL, "f.yml:1:11: run_on_pr: a value is missing");
}

static void CFG_26_to_29_numbers_match_the_grammar_whole(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		double value; /* 0: refused */
		const char *message;
	} rows[] = {
		{"0755", 0, "leading zero: write 755"},
		{"2000ms", 2000, NULL},
		{"\"2s\"", 2000, NULL},
		{"1m30s", 90000, NULL},
		{"1e3", 1000, NULL},
		{"2000.5", 2000.5, NULL},
		{"2_000", 0, "no separators in numbers"},
		{"'2,000'", 0, "no separators in numbers"},
		{"0x7D0", 0, "no hexadecimal"},
		{"+2000", 0, "no '+' sign"},
		{".5", 0, "digits are missing before the point"},
		{"5.", 0, "digits are missing after the point"},
		{"2000 ms", 0, "not a time in ms"},
		{"abc", 0, "`abc` is not a time in ms"},
		{".nan", 0, "must be a finite number"},
		{".inf", 0, "must be a finite number"},
		{"-.inf", 0, "must be a finite number"},
		{"-0", 0, "negative zero"},
		{"1e999", 0, "must be a finite number"},
		{"1e-400", 0, "must be a finite number"},
		{"0", 0, "out of range"},
		{"-1", 0, "out of range: write 0.001 to 600000 ms"},
		{"600001", 0, "out of range"},
		{"99999999999999999999", 0, "out of range"},
		{"[1]", 0, "expected a single value, found a list"},
		{"true", 0, "`true` is not a time in ms"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		strbuf_printf(&text, GATE "%s}\n", rows[i].text);
		if (rows[i].message != NULL) {
			fixture_refused(text.data, NULL, rows[i].message);
			fixture_refused(text.data, NULL,
					"f.yml:1:44: performance_gates.max_p95_response_time: ");
			continue;
		}
		AUTO(settings) struct settings *s = fixture_settings(text.data, NULL);
		assert_true(s->gates.limit[METRIC_P95] == rows[i].value);
	}
}

static void ENV_03_numbers_do_not_follow_the_locale(void **state)
{
	(void)state;
	/* Where no such locale is installed the C locale stays, and the test still holds. */
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	AUTO(settings)
	struct settings *s = fixture_settings("performance_gates: {max_error_rate: 0.01}\n", NULL);
	assert_true(s->gates.limit[METRIC_ERROR_RATE] == 0.01);
	fixture_refused("performance_gates: {max_error_rate: '0,01'}\n", NULL,
			"no separators in numbers");
	(void)setlocale(LC_ALL, "C");
}

static void CFG_31_a_null_gate_is_not_gated(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings("performance_gates:\n"
					      "  max_p95_response_time: null\n"
					      "  max_error_rate:\n"
					      "  min_throughput: 5\n",
					      NULL);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_validate(s, &err), 0);
	assert_true(isnan(s->gates.limit[METRIC_P95]));
	assert_true(isnan(s->gates.limit[METRIC_ERROR_RATE]));
	/* Configured as null and absent are told apart by the origin. */
	assert_string_equal(s->gates.origin[METRIC_P95], "f.yml:2");
	assert_null(s->gates.origin[METRIC_CACHE_HIT_RATE]);
}

static void CFG_32_unknown_keys_get_a_suggestion(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"performance_gates:\n  max_p95_responce_time: 9\n",
		 "f.yml:2:3: unknown key `max_p95_responce_time` in performance_gates: did you "
		 "mean `max_p95_response_time`?"},
		{"enabeld: true\n", "f.yml:1:1: unknown key `enabeld`: did you mean `enabled`?"},
		{"zzzzz: 1\n", "f.yml:1:1: unknown key `zzzzz`"},
		{"max_p95_response_time: 9\n",
		 "unknown key `max_p95_response_time` here: it belongs in `performance_gates`"},
		{"regression: {tolerance: {p550: 1%}}\n",
		 "unknown key `p550` in regression.tolerance: did you mean `p50`?"},
		{"enforce: {defualt: warn}\n", "in enforce: did you mean `default`?"},
		{"target: {comand: x, url: http://h}\n", "did you mean `command`?"},
		{"GITHUB_TOKEN: x\n", "unknown key `GITHUB_TOKEN`"},
		{"performance_gates.min_throughput: 1\n", "unknown key"},
	};
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void CFG_33_gates_are_a_mapping(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"performance_gates: [1]\n",
		 "f.yml:1:20: performance_gates: expected a mapping, found a list"},
		{"performance_gates: 5\n", "performance_gates: expected a mapping, found a single"},
		{"notification: [x]\n", "notification: expected a mapping"},
		{"profiles: [x]\n", "profiles: expected a mapping"},
		{"target: [x]\n", "target: expected a mapping"},
	};
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void CFG_34_some_gate_is_needed(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"enabled: true\n",
		"performance_gates:\n",
		"performance_gates: {}\n",
		"performance_gates: {max_p95_response_time: null}\n",
		"scenarios: {smoke: {gates: {max_p95_response_time: null}}}\n",
		"scenarios: {smoke: {users: 3}}\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		fixture_refused(texts[i], NULL, "f.yml: no gate configured");
	static const char *const enough[] = {
		"scenarios: {smoke: {gates: {max_p95_response_time: 5}}}\n",
		"scenarios: {smoke: {endpoints: {GET /: {max_p95_response_time: 5}}}}\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(enough); i++) {
		AUTO(settings) struct settings *s = fixture_settings(enough[i], NULL);
		struct error err = ERROR_INIT;
		assert_int_equal(settings_validate(s, &err), 0);
	}
}

static void CFG_35_retention_is_a_whole_number_of_days(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"artifact_retention_days: -1\n", "out of range: write 0 to 3650"},
		{"artifact_retention_days: 1000000000\n", "out of range"},
		{"artifact_retention_days: 1e9\n", "out of range"},
		{"artifact_retention_days: 3.5\n", "must be a whole number"},
		{"artifact_retention_days: 99999999999999999999\n", "out of range"},
		{"artifact_retention_days: thirty\n", "`thirty` is not a whole number"},
	};
	assert_all_refused(rows, ARRAY_SIZE(rows));
	AUTO(settings) struct settings *s = fixture_settings("artifact_retention_days: 0\n", NULL);
	assert_int_equal(s->artifact_retention_days, 0);
}

static void CFG_37_recipients_are_a_list_of_at_most_100(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf many = {0};
	strbuf_puts(&many, "notification:\n  email_recipients:\n");
	for (int i = 0; i < 10000; i++)
		strbuf_printf(&many, "    - a%d@example.com\n", i);
	fixture_refused(many.data, NULL,
			"f.yml:103:7: notification.email_recipients: more than 100");
	fixture_refused("notification: {email_recipients: a@example.com}\n", NULL,
			"notification.email_recipients: expected a list, found a single value");
}

static void CFG_38_addresses_cannot_inject(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"\"a@b.c\\r\\nBcc: x@y.z\"",
		"\"a@b.c\\nX: y\"",
		"'a@b.c,d@e.f'",
		"'-oQ/tmp@x.y'",
		"'a@-b.c'",
		"a b@c.d",
		"a@b@c",
		"'@b.c'",
		"'a@'",
		"plain",
		"'<a@b.c>'",
		"'a;b@c.d'",
		"\"\"",
		"null",
		"[x]",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		strbuf_printf(&text, "notification: {email_recipients: [%s]}\n", bad[i]);
		fixture_refused(text.data, NULL, "f.yml:1:35: notification.email_recipients: ");
	}
	AUTO(settings)
	struct settings *s =
		fixture_settings("notification: {email_recipients: [o'neil+ci@mail.example.com]}\n",
				 NULL);
	assert_int_equal(s->email_recipients.count, 1);
}

static void CFG_39_40_webhooks_are_https(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool accepted;
	} rows[] = {
		{"https://hooks.slack.com/services/T0/B0/secretpath", true},
		{"http://127.0.0.1:8080/x", true},
		{"http://localhost/x", true},
		{"http://[::1]:80/x", true},
		{"http://hooks.slack.com/services/T0/B0/secretpath", false},
		{"http://127.0.0.1.example.com/secretpath", false},
		{"http://localhost.example.com/secretpath", false},
		{"http://127.0.0.1@example.com/secretpath", false},
		{"http://[::1].example.com/secretpath", false},
		{"hooks.slack.com/services/T0/B0/secretpath", false},
		{"ftp://h/secretpath", false},
		{"https://", false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(strbuf) struct strbuf text = {0};
		AUTO(settings) struct settings *s = NULL;
		struct error err = ERROR_INIT;
		strbuf_printf(&text, "notification: {slack_webhook: \"%s\"}\n", rows[i].url);
		assert_int_equal(fixture_load(text.data, NULL, &s, &err),
				 rows[i].accepted ? 0 : -1);
		if (rows[i].accepted)
			assert_string_equal(s->slack_webhook, rows[i].url);
		else
			assert_null(strstr(err.message, "secretpath"));
	}
}

static void wrong_values_are_explained(void **state)
{
	(void)state;
	static const struct refusal rows[] = {
		{"enforce: maybe\n", "f.yml:1:10: enforce: `maybe` is unknown: write fail or warn"},
		{"enforce: {max_error_rate: no}\n", "enforce.max_error_rate: `no` is unknown"},
		{"regression: {mode: on}\n", "write auto, history, ab or off"},
		{"regression: {budget: 5}\n", "a unit is missing"},
		{"regression: {budget: 1s}\n", "out of range: write 10 to 86400 s"},
		{"regression: {tolerance: {p50: 500%}}\n", "out of range"},
		{"performance_gates: {max_error_rate: 2}\n", "out of range: write 0 to 1"},
		{"performance_gates: {min_throughput: 5/s}\n", "is not a number"},
		{"baseline_branch: -x\n", "it is not a branch name"},
		{"baseline_branch: a..b\n", "it is not a branch name"},
		{"baseline_branch: ''\n", "it must not be empty"},
		{"output: \"a\\nb\"\n", "line end or control character"},
		{"run: []\n", "at least one entry is needed"},
		{"run: load\n", "expected a list"},
		{"run: [a b]\n", "a name has letters"},
		{"requests: [[GET /]]\n", "requests: expected a single value, found a list"},
		{"target: unix:run/x.sock\n", "named by its whole path, as in unix:/run/api.sock"},
		{"target: ftp://h/x\n", "write `reference`, or a URL that begins with http://"},
		{"target: localhost:3000\n", "`localhost:3000`: write `reference`"},
		{"target: http://\n", "it names no host"},
		{"target:\n", "target: a value is missing"},
		{"target: {ready: /}\n", "target: `command` is missing"},
		{"target: {command: x, url: http://h}\n", "not both"},
		{"target: {command: x, ready: health}\n", "it must begin with /"},
		{"target: {command: x, env: {1A: b}}\n", "a variable is named by"},
		{"target: {command: x, env: [A]}\n", "target.env: expected a mapping"},
		{"target: {command: x, cache: {from: magic}}\n", "write server-timing, header"},
		{G "services: {postgres: sqlite:///x}\n", "must begin with postgresql://"},
		{G "services: {redis: rediss://h}\n", "rediss://) is not supported"},
		{G "services: {redis: memory}\n", "must begin with redis://"},
		{"baseline: {epoch: 1.5}\n", "must be a whole number"},
	};
	assert_all_refused(rows, ARRAY_SIZE(rows));
}

static void services_are_checked_for_the_reference_only(void **state)
{
	(void)state;
	AUTO(settings)
	struct settings *s = fixture_settings(G "services: {postgres: 'mysql://h/d', redis: x}\n"
						"target: http://h\nrequests: [GET /]\n",
					      NULL);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_validate(s, &err), 0);
	assert_int_equal(settings_set(s, "target", "reference", "--target", &err), 0);
	assert_int_equal(settings_validate(s, &err), -1);
	assert_string_equal(err.message, "f.yml:2: services.postgres: it must begin with "
					 "postgresql://, or be auto");
}

static void a_foreign_target_needs_requests(void **state)
{
	(void)state;
	static const char gates[] = "performance_gates: {min_throughput: 5}\n";
	AUTO(strbuf) struct strbuf text = {0};
	strbuf_printf(&text, "%starget: http://user:hidden@h:1/p?q#f\n", gates);
	fixture_refused(text.data, NULL,
			"target http://h:1/p: which requests should it get? Add to f.yml the two "
			"lines `requests:` and `  - GET /`, or give --requests 'GET /'");
	strbuf_puts(&text, "requests: [GET /]\n");
	AUTO(settings) struct settings *with_requests = fixture_settings(text.data, NULL);
	struct error err = ERROR_INIT;
	assert_int_equal(settings_validate(with_requests, &err), 0);
	assert_string_equal(with_requests->target.url, "http://user:hidden@h:1/p?q#f");
	assert_string_equal(with_requests->target.url_shown, "http://h:1/p");
	assert_string_equal(with_requests->target.ready, "/");
	assert_false(with_requests->target.ready_given);
	strbuf_clear(&text);
	strbuf_printf(&text, "%starget: {command: ./s}\nprofiles: {a: {}}\n", gates);
	AUTO(settings) struct settings *with_profiles = fixture_settings(text.data, NULL);
	assert_int_equal(settings_validate(with_profiles, &err), 0);
}

static void flags_win_and_lists_grow_by_repeated_flags(void **state)
{
	(void)state;
	static const char *const environ_[] = {"LOAD_TEST_API_HOST=http://env", NULL};
	AUTO(settings)
	struct settings *s = fixture_settings("target: {command: ./s}\nrequests: [GET /file]\n"
					      "run: [load]\n",
					      environ_);
	struct error err = ERROR_INIT;
	assert_int_equal(s->target.kind, TARGET_URL);
	assert_string_equal(s->target.url, "http://env");
	assert_null(s->target.command);
	assert_int_equal(settings_set(s, "target", "http://flag", "--target", &err), 0);
	assert_string_equal(s->target.url, "http://flag");
	assert_int_equal(settings_set(s, "requests", "GET /a?x=1,2", "--requests", &err), 0);
	assert_int_equal(settings_set(s, "requests", "GET /b, PUT /c", "--requests", &err), 0);
	assert_int_equal(s->requests.count, 3);
	assert_string_equal(s->requests.items[0], "GET /a?x=1,2");
	assert_string_equal(s->requests.items[2], "PUT /c");
	assert_int_equal(settings_set(s, "run", "smoke_test, spike", "--scenario", &err), 0);
	assert_int_equal(s->run.count, 2);
	assert_string_equal(s->run.items[0], "smoke");
	assert_string_equal(s->run.items[1], "spike");
	assert_int_equal(settings_set(s, "output", "elsewhere", "--output", &err), 0);
	assert_string_equal(s->output, "elsewhere");
	assert_int_equal(settings_set(s, "target", "nonsense", "--target", &err), -1);
	assert_string_equal(err.message,
			    "--target: `nonsense`: write `reference`, or a URL that "
			    "begins with http:// or https:// or is unix:/path/of.sock");
	assert_string_equal(s->target.url, "http://flag");
	assert_int_equal(settings_set(s, "run", "a,,b", "--scenario", &err), -1);
	assert_int_equal(settings_set(s, "output", "", "--output", &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seed_file_works_unchanged),
		cmocka_unit_test(a_regression_is_enforced_as_gates_are_unless_it_says_otherwise),
		cmocka_unit_test(every_addition_is_read),
		cmocka_unit_test(CFG_01_without_a_file_the_defaults_hold),
		cmocka_unit_test(the_default_cache_gate_is_for_targets_known_to_have_a_cache),
		cmocka_unit_test(CFG_02_a_named_file_must_exist),
		cmocka_unit_test(CFG_03_an_empty_file_is_refused),
		cmocka_unit_test(CFG_13_a_looser_duplicate_does_not_win),
		cmocka_unit_test(CFG_23_booleans_are_true_or_false),
		cmocka_unit_test(CFG_26_to_29_numbers_match_the_grammar_whole),
		cmocka_unit_test(ENV_03_numbers_do_not_follow_the_locale),
		cmocka_unit_test(CFG_31_a_null_gate_is_not_gated),
		cmocka_unit_test(CFG_32_unknown_keys_get_a_suggestion),
		cmocka_unit_test(CFG_33_gates_are_a_mapping),
		cmocka_unit_test(CFG_34_some_gate_is_needed),
		cmocka_unit_test(CFG_35_retention_is_a_whole_number_of_days),
		cmocka_unit_test(CFG_37_recipients_are_a_list_of_at_most_100),
		cmocka_unit_test(CFG_38_addresses_cannot_inject),
		cmocka_unit_test(CFG_39_40_webhooks_are_https),
		cmocka_unit_test(wrong_values_are_explained),
		cmocka_unit_test(services_are_checked_for_the_reference_only),
		cmocka_unit_test(a_foreign_target_needs_requests),
		cmocka_unit_test(flags_win_and_lists_grow_by_repeated_flags),
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
