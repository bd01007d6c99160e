/* The one table of settings; parser, ranges, variables, `config show` and manual follow it. */
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <ctype.h>
#include <string.h>

#define AT(member) offsetof(struct settings, member)
#define LIMIT(metric) offsetof(struct settings, gates.limit[metric])
#define ENV_LIMIT(metric) offsetof(struct settings, env_gates.limit[metric])
#define GATE_FLAGS (SETTING_GATE | SETTING_NULLABLE | SETTING_JUDGED)
#define ENV_GATE_FLAGS (SETTING_VARIABLE_ONLY | SETTING_NULLABLE | SETTING_JUDGED)

/* A histogram ends at 10 minutes: no gate can be judged beyond. */
#define MS_MIN 0.001
#define MS_MAX 600000

static const char *const enforce_names[] = {"fail", "warn", NULL};
static const char *const restart_names[] = {"always", "never", NULL};
static const char *const unmeasured_names[] = {"unstable", "failure", NULL};
static const char *const mode_names[] = {"auto", "history", "ab", "off", NULL};

static void target_stored(struct settings *settings);
static void command_stored(struct settings *settings);
static void run_stored(struct settings *settings);
static void secrets_stored(struct settings *settings);
static void environment_stored(struct settings *settings);
static const char *target_value(const struct settings *settings);

/* clang-format off */
const struct setting_row setting_table[] = {
	{"enabled", SETTING_BOOL, 0, AT(enabled), .fallback = "true",
	 .help = "false: nothing runs, exit 0 with SKIPPED"},
	{"run_on_pr", SETTING_BOOL, 0, AT(run_on_pr), .fallback = "true",
	 .help = "run in pull request builds"},
	{"run_on_merge", SETTING_BOOL, 0, AT(run_on_merge), .fallback = "true",
	 .help = "run after a merge to the baseline branch"},

	{"performance_gates.max_p50_response_time", SETTING_MILLISECONDS, GATE_FLAGS,
	 LIMIT(METRIC_P50), MS_MIN, MS_MAX, .help = "median response time, ms or a duration"},
	{"performance_gates.max_p95_response_time", SETTING_MILLISECONDS, GATE_FLAGS,
	 LIMIT(METRIC_P95), MS_MIN, MS_MAX, .fallback = "2000",
	 .help = "p95 response time, ms or a duration such as 2s"},
	{"performance_gates.max_p99_response_time", SETTING_MILLISECONDS, GATE_FLAGS,
	 LIMIT(METRIC_P99), MS_MIN, MS_MAX, .help = "p99 response time, ms or a duration"},
	{"performance_gates.min_throughput", SETTING_NUMBER, GATE_FLAGS,
	 LIMIT(METRIC_THROUGHPUT), 0, 1e9, .fallback = "50", .help = "requests per second"},
	{"performance_gates.max_error_rate", SETTING_FRACTION, GATE_FLAGS,
	 LIMIT(METRIC_ERROR_RATE), 0, 1, .fallback = "0.01",
	 .help = "share of failed requests, 0.01 or 1%"},
	{"performance_gates.min_cache_hit_rate", SETTING_FRACTION, GATE_FLAGS,
	 LIMIT(METRIC_CACHE_HIT_RATE), 0, 1, .fallback = "0.7",
	 .help = "share of cache look-ups that hit, 0.7 or 70%"},

	{"notification.slack_webhook", SETTING_TEXT, SETTING_SECRET | SETTING_NULLABLE,
	 AT(slack_webhook), .variables = {"PERFGATE_SLACK_WEBHOOK"}, .check = check_webhook,
	 .stored = secrets_stored, .help = "Slack incoming webhook; better kept in the variable"},
	{"notification.email_recipients", SETTING_LIST, SETTING_NULLABLE, AT(email_recipients),
	 0, 100, .check = check_email, .help = "addresses that get the verdict"},
	{"notification.github_status", SETTING_BOOL, 0, AT(github_status), .fallback = "true",
	 .help = "set a commit status on GitHub"},
	{"notification.github_comment", SETTING_BOOL, 0, AT(github_comment), .fallback = "true",
	 .help = "keep one comment on GitHub's pull request up to date"},
	{"artifact_retention_days", SETTING_INTEGER, 0, AT(artifact_retention_days), 0, 3650,
	 .fallback = "30", .help = "days that artifacts are kept; 0 keeps them"},
	{"keep_runs", SETTING_BOOL, 0, AT(keep_runs), .fallback = "false",
	 .help = "keep the artifacts of each run in OUTPUT/runs, for artifact_retention_days"},

	{"baseline_branch", SETTING_TEXT, 0, AT(baseline_branch), .fallback = "main",
	 .check = check_branch, .help = "the branch whose runs are baselines"},
	{"baseline.name", SETTING_TEXT, SETTING_NULLABLE, AT(baseline_name),
	 .help = "author name of baseline notes; default git's"},
	{"baseline.email", SETTING_TEXT, SETTING_NULLABLE, AT(baseline_email),
	 .check = check_email, .help = "author address of baseline notes; default git's"},
	{"baseline.epoch", SETTING_INTEGER, SETTING_JUDGED, AT(baseline_epoch), 0, 1e9,
	 .fallback = "0", .help = "raise it to start baselines afresh"},
	{"baseline.signed", SETTING_BOOL, 0, AT(baseline_signed), .fallback = "false",
	 .help = "sign baseline notes with git's signing key; take only what git trusts"},
	{"baseline.remote", SETTING_TEXT, SETTING_NULLABLE, AT(baseline_remote),
	 .check = check_name, .help = "git remote of the baselines; default origin"},

	{"target", SETTING_TEXT, 0, AT(target.url), .fallback = "reference",
	 .variables = {"LOAD_TEST_API_HOST"}, .scalar_key = "url", .check = check_target,
	 .stored = target_stored, .shown = target_value,
	 .help = "the API under test: reference, a URL, unix:/path, or a mapping with command"},
	{"target.command", SETTING_TEXT, SETTING_NULLABLE | SETTING_MULTILINE, AT(target.command),
	 .stored = command_stored, .help = "starts the API; {port} is its port"},
	{"target.build", SETTING_TEXT, SETTING_NULLABLE | SETTING_MULTILINE, AT(target.build),
	 .help = "run in the checkout before the command"},
	{"target.insecure", SETTING_BOOL, 0, AT(target.insecure), .fallback = "false",
	 .help = "https: accept any certificate; every report says so"},
	{"target.ready", SETTING_TEXT, SETTING_NULLABLE, AT(target.ready), .check = check_ready,
	 .help = "path that answers 2xx when the API is ready"},
	{"target.reference", SETTING_BOOL, SETTING_JUDGED, AT(target.reference),
	 .fallback = "false",
	 .help = "the URL is the reference API: send it the built-in suite"},
	{"target.env", SETTING_VARIABLES, SETTING_NULLABLE | SETTING_SECRET, AT(target.env), 0, 100,
	 .check = check_variable, .stored = environment_stored,
	 .help = "environment of build and command, KEY: value"},
	{"target.cache.from", SETTING_TEXT, 0, AT(target.cache_from), .fallback = "server-timing",
	 .check = check_cache,
	 .help = "server-timing, header NAME, prometheus HITS MISSES, or redis"},

	{"requests", SETTING_LIST, SETTING_NULLABLE | SETTING_JUDGED, AT(requests), 0, 1000,
	 .help = "the whole suite in one line: [GET /items, POST /orders @order.json]"},
	{"run", SETTING_LIST, SETTING_JUDGED, AT(run), 1, 100, .fallback = "smoke, load",
	 .check = check_name, .stored = run_stored, .help = "scenarios that check runs"},
	{"scenarios", SETTING_SECTION, SETTING_NULLABLE | SETTING_JUDGED, AT(scenarios),
	 .help = "override or add scenarios by name"},
	{"profiles", SETTING_SECTION, SETTING_NULLABLE | SETTING_JUDGED, AT(profiles),
	 .help = "kinds of users; when given, only these run"},
	{"tasks", SETTING_SECTION, SETTING_NULLABLE | SETTING_JUDGED, AT(tasks),
	 .help = "the requests that profiles name"},
	{"data", SETTING_SECTION, SETTING_NULLABLE | SETTING_JUDGED, AT(data),
	 .help = "tables that requests draw values from"},
	{"only_if_changed", SETTING_LIST, SETTING_NULLABLE, AT(only_if_changed), 0, 1000,
	 .help = "globs as in .gitignore; no changed file of a pull request matches: SKIPPED"},

	{"enforce", SETTING_CHOICE, SETTING_JUDGED, AT(enforce), .fallback = "fail",
	 .choices = enforce_names, .scalar_key = "default",
	 .help = "warn: judge and report, never exit 1"},
	{"enforce.max_p50_response_time", SETTING_CHOICE, SETTING_JUDGED,
	 AT(gate_enforce[METRIC_P50]), .choices = enforce_names, .help = "fail or warn"},
	{"enforce.max_p95_response_time", SETTING_CHOICE, SETTING_JUDGED,
	 AT(gate_enforce[METRIC_P95]), .choices = enforce_names, .help = "fail or warn"},
	{"enforce.max_p99_response_time", SETTING_CHOICE, SETTING_JUDGED,
	 AT(gate_enforce[METRIC_P99]), .choices = enforce_names, .help = "fail or warn"},
	{"enforce.min_throughput", SETTING_CHOICE, SETTING_JUDGED,
	 AT(gate_enforce[METRIC_THROUGHPUT]), .choices = enforce_names, .help = "fail or warn"},
	{"enforce.max_error_rate", SETTING_CHOICE, SETTING_JUDGED,
	 AT(gate_enforce[METRIC_ERROR_RATE]), .choices = enforce_names, .help = "fail or warn"},
	{"enforce.min_cache_hit_rate", SETTING_CHOICE, SETTING_JUDGED,
	 AT(gate_enforce[METRIC_CACHE_HIT_RATE]), .choices = enforce_names, .help = "fail or warn"},

	{"regression.mode", SETTING_CHOICE, SETTING_JUDGED, AT(regression_mode), .fallback = "auto",
	 .choices = mode_names, .help = "how regressions are judged"},
	{"regression.enforce", SETTING_CHOICE, SETTING_JUDGED, AT(regression_enforce),
	 .choices = enforce_names, .help = "fail or warn; as `enforce` unless given"},
	{"regression.budget", SETTING_DURATION, SETTING_JUDGED, AT(regression_budget_ns), 10, 86400,
	 .fallback = "5m", .help = "time an A/B comparison may take"},
	{"regression.tolerance.p50", SETTING_FRACTION, SETTING_JUDGED, AT(tolerance[METRIC_P50]),
	 0, 1, .fallback = "5%", .help = "change that is accepted"},
	{"regression.tolerance.p95", SETTING_FRACTION, SETTING_JUDGED, AT(tolerance[METRIC_P95]),
	 0, 1, .fallback = "8%", .help = "change that is accepted"},
	{"regression.tolerance.p99", SETTING_FRACTION, SETTING_JUDGED, AT(tolerance[METRIC_P99]),
	 0, 1, .fallback = "12%", .help = "change that is accepted"},
	{"regression.tolerance.throughput", SETTING_FRACTION, SETTING_JUDGED,
	 AT(tolerance[METRIC_THROUGHPUT]), 0, 1, .fallback = "5%",
	 .help = "change that is accepted"},
	{"regression.tolerance.error_rate", SETTING_FRACTION, SETTING_JUDGED,
	 AT(tolerance[METRIC_ERROR_RATE]), 0, 1, .fallback = "0.5pp",
	 .help = "change that is accepted, in percentage points"},
	{"regression.tolerance.cache_hit_rate", SETTING_FRACTION, SETTING_JUDGED,
	 AT(tolerance[METRIC_CACHE_HIT_RATE]), 0, 1, .fallback = "2pp",
	 .help = "change that is accepted, in percentage points"},

	{"regression.floor", SETTING_MILLISECONDS, SETTING_JUDGED, AT(regression_floor_ms), 0, 1000,
	 .fallback = "0.005", .help = "a percentile never fails by less, ms or a duration"},
	{"ab.restart", SETTING_CHOICE, SETTING_JUDGED, AT(ab_restart), .fallback = "always",
	 .choices = restart_names,
	 .help = "never: keep both servers through an A/B comparison; makes false alarms"},

	{"services.postgres", SETTING_TEXT, SETTING_SECRET | SETTING_NULLABLE, AT(database_url),
	 .fallback = "auto", .null_word = "auto",
	 .variables = {"LOAD_TEST_DATABASE_URL", "DATABASE_URL"}, .stored = secrets_stored,
	 .help = "auto starts a private PostgreSQL; or a postgresql:// URL"},
	{"services.redis", SETTING_TEXT, SETTING_SECRET | SETTING_NULLABLE, AT(redis_url),
	 .fallback = "auto", .null_word = "auto",
	 .variables = {"LOAD_TEST_REDIS_URL", "REDIS_URL"}, .stored = secrets_stored,
	 .help = "auto starts a private Redis; or a redis:// URL"},
	{"output", SETTING_TEXT, 0, AT(output), .fallback = "perfgate-results",
	 .help = "folder of the artifacts"},
	{"ci.install", SETTING_TEXT, SETTING_NULLABLE | SETTING_MULTILINE, AT(ci_install),
	 .check = check_install,
	 .help = "how generated CI files obtain perfgate: a command, an action "
		 "owner/name@COMMIT, or docker://IMAGE"},
	{"ci.schedule", SETTING_TEXT, SETTING_NULLABLE, AT(ci_schedule), .fallback = "17 3 * * *",
	 .check = check_cron,
	 .help = "when GitHub runs the long scenarios: cron, in UTC; null is never"},
	{"ci.runner", SETTING_LIST, 0, AT(ci_runner), 1, 10, .fallback = "ubuntu-24.04",
	 .check = check_label, .help = "labels of GitHub's runner"},
	{"ci.unmeasured", SETTING_CHOICE, 0, AT(ci_unmeasured), .fallback = "unstable",
	 .choices = unmeasured_names,
	 .help = "Jenkins' result where nothing was measured (exit status 3)"},

	{"LOAD_TEST_SPAWN_RATE", SETTING_NUMBER, ENV_GATE_FLAGS, AT(load_spawn_rate), 0.001, 1e5,
	 .variables = {"LOAD_TEST_SPAWN_RATE"}, .help = "users started per second"},
	{"LOAD_TEST_TARGET_P95_RESPONSE_TIME", SETTING_MILLISECONDS, ENV_GATE_FLAGS,
	 ENV_LIMIT(METRIC_P95), MS_MIN, MS_MAX, .variables = {"LOAD_TEST_TARGET_P95_RESPONSE_TIME"},
	 .help = "wins over max_p95_response_time"},
	{"LOAD_TEST_TARGET_THROUGHPUT", SETTING_NUMBER, ENV_GATE_FLAGS,
	 ENV_LIMIT(METRIC_THROUGHPUT), 0, 1e9, .variables = {"LOAD_TEST_TARGET_THROUGHPUT"},
	 .help = "wins over min_throughput"},
	{"PROMETHEUS_PUSHGATEWAY_URL", SETTING_TEXT,
	 SETTING_VARIABLE_ONLY | SETTING_NULLABLE | SETTING_SECRET, AT(pushgateway_url),
	 .variables = {"PROMETHEUS_PUSHGATEWAY_URL"}, .check = check_http_url,
	 .stored = secrets_stored, .help = "where metrics are pushed"},
	{"GRAFANA_DASHBOARD_URL", SETTING_TEXT, SETTING_VARIABLE_ONLY | SETTING_NULLABLE,
	 AT(grafana_dashboard_url), .variables = {"GRAFANA_DASHBOARD_URL"},
	 .check = check_http_url, .stored = secrets_stored, .help = "linked from reports"},
	{"PERFGATE_SMTP_URL", SETTING_TEXT,
	 SETTING_VARIABLE_ONLY | SETTING_NULLABLE | SETTING_SECRET, AT(smtp_url),
	 .variables = {"PERFGATE_SMTP_URL"}, .check = check_smtp, .stored = secrets_stored,
	 .help = "the mail server, smtp://user:password@host:587?from=ci@example.com"},
	{"GITHUB_TOKEN", SETTING_TEXT, SETTING_VARIABLE_ONLY | SETTING_NULLABLE | SETTING_SECRET,
	 AT(github_token), .variables = {"GITHUB_TOKEN"}, .stored = secrets_stored,
	 .help = "for comments and statuses"},
};
/* clang-format on */
const size_t setting_table_count = ARRAY_SIZE(setting_table);

static void forget_origin(struct settings *settings, const char *key)
{
	settings->store->origins[setting_find(key) - setting_table] = NULL;
}

/* Whichever of the three forms is set last is the target. */
static void target_stored(struct settings *settings)
{
	struct target_settings *target = &settings->target;
	target->command = NULL;
	forget_origin(settings, "target.command");
	target->url_shown = NULL;
	target->kind = TARGET_URL;
	if (text_equal(target->url, "reference")) {
		target->kind = TARGET_REFERENCE;
		target->url = NULL;
		return;
	}
	url_hide_password(target->url);
	target->url_shown = url_shown(&settings->store->arena, target->url);
}

static void command_stored(struct settings *settings)
{
	struct target_settings *target = &settings->target;
	if (target->command == NULL)
		return;
	forget_origin(settings, "target");
	target->kind = TARGET_COMMAND;
	target->url = NULL;
	target->url_shown = NULL;
}

static const char *target_value(const struct settings *settings)
{
	const struct target_settings *target = &settings->target;
	return target->kind == TARGET_REFERENCE ? "reference" : target->url_shown;
}

static bool holds(const struct string_list *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(list->items[i], text))
			return true;
	return false;
}

/* `load_test` is `load`; a scenario runs once. */
static void run_stored(struct settings *settings)
{
	struct string_list *run = &settings->run;
	size_t kept = 0;
	for (size_t i = 0; i < run->count; i++) {
		const char *name = run->items[i];
		size_t length = strlen(name);
		if (text_ends_with(name, "_test") && length > strlen("_test"))
			name = arena_strndup(&settings->store->arena, name,
					     length - strlen("_test"));
		if (!holds(run, kept, name))
			run->items[kept++] = name;
	}
	run->count = kept;
	run->items[kept] = NULL;
}

/* An error page of Slack may hold the path, or the last part of it, without the host. */
static void hide_webhook(const char *url)
{
	const char *authority = strstr(url, "://"), *path;
	log_add_secret(url);
	path = authority != NULL ? strchr(authority + 3, '/') : NULL;
	if (path == NULL)
		return;
	log_add_secret(path);
	log_add_secret(strrchr(path, '/') + 1);
}

/* A URL without credentials is no secret, and messages that hide it would help nobody. */
static void secrets_stored(struct settings *settings)
{
	const char *const urls[] = {settings->database_url, settings->redis_url, settings->smtp_url,
				    settings->pushgateway_url, settings->grafana_dashboard_url};
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		if (urls[i] != NULL)
			url_hide_password(urls[i]);
	if (settings->slack_webhook != NULL)
		hide_webhook(settings->slack_webhook);
	if (settings->github_token != NULL)
		log_add_secret(settings->github_token);
}

/* Every value hidden would make a log of "production" and "8080" unreadable. */
static void environment_stored(struct settings *settings)
{
	const struct string_list *env = &settings->target.env;
	for (size_t i = 0; i < env->count; i++) {
		size_t length = strcspn(env->items[i], "=");
		AUTO_FREE char *name = xstrndup(env->items[i], length);
		url_hide_password(env->items[i] + length + 1);
		log_add_named_secret(name, env->items[i] + length + 1);
	}
}

const struct setting_row *setting_find(const char *key)
{
	for (size_t i = 0; i < setting_table_count; i++)
		if (text_equal(setting_table[i].key, key) &&
		    (setting_table[i].flags & SETTING_VARIABLE_ONLY) == 0)
			return &setting_table[i];
	return NULL;
}

bool setting_is_section(const char *key)
{
	size_t length = strlen(key);
	for (size_t i = 0; i < setting_table_count; i++)
		if (strncmp(setting_table[i].key, key, length) == 0 &&
		    setting_table[i].key[length] == '.')
			return true;
	return false;
}

char *setting_variable(const struct setting_row *row)
{
	char *name = xasprintf("PERFGATE_%s", row->key);
	for (char *c = name; *c != '\0'; c++)
		*c = *c == '.' ? '_' : (char)toupper((unsigned char)*c);
	return name;
}

const char *setting_origin(const struct settings *settings, const struct setting_row *row)
{
	return settings->store->origins[row - setting_table];
}

void settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	extyaml_free(settings->store->document);
	arena_release(&settings->store->arena);
	free(settings->store->origins);
	free(settings->store);
	free(settings);
}
