/*
 * Settings: every effective value with its origin.
 *
 * One table (settings.c) drives the file parser, range checks, environment,
 * `config show`, flags and documentation. Precedence: default < file <
 * environment < flag. Strings belong to the settings.
 */
#ifndef PERFGATE_CONFIG_SETTINGS_H
#define PERFGATE_CONFIG_SETTINGS_H

#include "perfgate/base/arena.h"
#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/config/gate.h"
#include "perfgate/ext/json.h"
#include "perfgate/ext/yaml.h"

#include <stdint.h>

enum enforce { ENFORCE_FAIL, ENFORCE_WARN };
enum target_kind { TARGET_REFERENCE, TARGET_URL, TARGET_COMMAND };
enum ab_restart { AB_RESTART_ALWAYS, AB_RESTART_NEVER };
enum ci_unmeasured { CI_UNMEASURED_UNSTABLE, CI_UNMEASURED_FAILURE };
enum regression_mode { REGRESSION_AUTO, REGRESSION_HISTORY, REGRESSION_AB, REGRESSION_OFF };

struct string_list {
	const char **items; /* NULL-terminated */
	size_t count;
};

struct target_settings {
	enum target_kind kind;
	/* TARGET_URL: or unix:/path; may hold credentials: print url_shown only. */
	const char *url;
	const char *url_shown; /* without userinfo, query and fragment */
	const char *build; /* TARGET_COMMAND, may be NULL */
	const char *command; /* run by sh -c; {port} is substituted */
	/* Never NULL: "/" for URLs and commands, /health/readiness for reference, unless given. */
	const char *ready;
	bool insecure; /* https: take any certificate */
	bool reference; /* TARGET_URL: `perfgate serve` answers there */
	bool ready_given; /* false: a URL is ready with any answer below 500 */
	struct string_list env; /* "KEY=value" */
	const char *cache_from; /* "server-timing" (default), "header X-Cache", … */
};

struct settings {
	bool enabled, run_on_pr, run_on_merge;
	struct gate_limits gates; /* performance_gates */
	struct gate_limits env_gates; /* LOAD_TEST_TARGET_*: NaN when unset */
	double load_spawn_rate; /* LOAD_TEST_SPAWN_RATE; NaN when unset */

	const char *slack_webhook; /* secret; NULL = none */
	struct string_list email_recipients;
	bool github_status, github_comment;
	int64_t artifact_retention_days; /* 0 = keep */
	bool keep_runs; /* in OUTPUT/runs (report/keep.h) */
	const char *baseline_branch;
	const char *baseline_name, *baseline_email; /* note identity; NULL = git's, else fixed */
	int64_t baseline_epoch;
	bool baseline_signed; /* notes are signed, and read only when they are (baseline/notes.h) */
	const char *baseline_remote; /* NULL = origin, else the upstream's (ext/git_remote.h) */

	struct target_settings target;
	struct string_list requests; /* "GET /items", "POST /orders @order.json" */
	struct string_list run; /* scenario names, suffix _test removed */
	struct string_list only_if_changed;
	enum enforce enforce;
	enum enforce gate_enforce[METRIC_COUNT]; /* per gate; gates.warn is what holds */

	enum regression_mode regression_mode;
	enum enforce regression_enforce; /* what holds: its own, else `enforce` */
	int64_t regression_budget_ns;
	double regression_floor_ms;
	enum ab_restart ab_restart;
	double tolerance[METRIC_COUNT]; /* fractions (rates: absolute fraction, 0.5pp = 0.005) */

	const char *database_url, *redis_url; /* secrets; NULL = private service ("auto") */
	const char *output;
	/* The generated CI: how it obtains perfgate (NULL = the setup action), when it runs. */
	const char *ci_install, *ci_schedule; /* cron in UTC; NULL = never */
	struct string_list ci_runner; /* runs-on */
	enum ci_unmeasured ci_unmeasured;

	/* From variables only; NULL when unset. */
	const char *pushgateway_url; /* PROMETHEUS_PUSHGATEWAY_URL; secret: may hold credentials */
	const char *grafana_dashboard_url; /* GRAFANA_DASHBOARD_URL, linked from reports */
	const char *smtp_url; /* PERFGATE_SMTP_URL; secret */
	const char *github_token; /* GITHUB_TOKEN; secret */

	/* The sections that scenario/ reads itself; NULL when absent. Borrowed. */
	const struct yaml_node *profiles, *tasks, *data, *scenarios;

	const char *file; /* as found or given; NULL = no file, defaults hold */
	bool file_given; /* named by --config or PERFGATE_CONFIG */
	/* private */
	struct settings_store *store;
};

/*
 * Find (`given_path`, else PERFGATE_CONFIG, else ci_cd_config.yml and
 * performance/ci_cd_config.yml upward to the repository root), read, apply
 * the environment. `environ_` is the environment ("KEY=value" array); an empty
 * variable is unset, a PERFGATE_* one that nearly names a setting is an error.
 * The default cache-hit gate holds for the reference or a stated `target.cache`
 * only.
 * Errors are ERROR_USAGE "FILE:LINE:COLUMN: … did you mean …".
 */
PG_MUST_CHECK int settings_load(const char *given_path, const char *const *environ_,
				struct settings **out, struct error *err);

/* The same from text, for a file that is not in the folder (a commit's); `name` is in messages. */
PG_MUST_CHECK int settings_load_text(const char *text, size_t length, const char *name,
				     const char *const *environ_, struct settings **out,
				     struct error *err);

/*
 * Set one value from a flag: key as in the file ("target", "output"), origin
 * e.g. "--target". Lists are split at commas and grow when the flag is repeated.
 */
PG_MUST_CHECK int settings_set(struct settings *settings, const char *key, const char *text,
			       const char *origin, struct error *err);

/* What only makes sense together, after flags: some gate, a suite for a foreign target … */
PG_MUST_CHECK int settings_validate(const struct settings *settings, struct error *err);

/* Every effective value: key, value (secrets ***), origin. Aligned text or JSON. */
void settings_show(const struct settings *settings, struct strbuf *out);
json_t *settings_json(const struct settings *settings);

/*
 * Is the API under test the bundled one: `reference`, a URL with `target.reference`, or a command
 * that begins with `perfgate serve` (with --inject, say)? Then the built-in profiles and its
 * readiness path fit.
 */
bool settings_measures_reference(const struct settings *settings);

/* sha256 over the effective non-secret settings that influence a verdict, hex. */
void settings_digest(const struct settings *settings, char *out);

void settings_free(struct settings *settings);
DEFINE_AUTO(settings, struct settings *, settings_free)

#endif
