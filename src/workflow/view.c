#include "perfgate/workflow/view.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"
#include "perfgate/scenario/suite.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define SETUP_MINUTES 15 /* getting perfgate, services, artifacts */

static const char *const nightly_scenarios[] = {"stress", "spike", "endurance", NULL};

bool workflow_is_branch(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > 200 || *name == '-' || *name == '/' || text_equal(name, "@") ||
	    text_equal(name, "HEAD") || !text_is_utf8(name, length))
		return false;
	if (name[length - 1] == '/' || name[length - 1] == '.' || text_ends_with(name, ".lock"))
		return false;
	if (strstr(name, "..") || strstr(name, "//") || strstr(name, "@{") ||
	    strstr(name, ".lock/") || strstr(name, "/.") || *name == '.')
		return false;
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("~^:?*[\\", *c) != NULL)
			return false;
	return true;
}

/* The output folder becomes part of path patterns and shell words of several CI systems. */
static bool is_plain_path(const char *path)
{
	if (*path == '\0' || *path == '/' || *path == '-' || strstr(path, "..") != NULL ||
	    text_equal(path, "."))
		return false;
	for (; *path != '\0'; path++)
		if (!isalnum((unsigned char)*path) && strchr("._-/", *path) == NULL)
			return false;
	return true;
}

static int check(const struct settings *settings, const char *config_path, struct error *err)
{
	if (!workflow_is_branch(settings->baseline_branch))
		return error_set(err, ERROR_USAGE,
				 "baseline_branch: `%s` is not a branch name that git accepts",
				 settings->baseline_branch);
	if (strstr(settings->baseline_branch, "${{") != NULL)
		return error_set(
			err, ERROR_USAGE,
			"baseline_branch: `%s` would be read as an expression in a workflow",
			settings->baseline_branch);
	if (!is_plain_path(settings->output))
		return error_set(err, ERROR_USAGE,
				 "output: `%s` must be a folder inside the checkout, of letters, "
				 "digits and . _ - / for a generated file",
				 settings->output);
	if (config_path != NULL && !is_plain_path(config_path))
		return error_set(err, ERROR_USAGE,
				 "--config: `%s` must be a file inside the repository, of letters, "
				 "digits and . _ - / for a generated file",
				 config_path);
	if (settings->ci_install != NULL && strstr(settings->ci_install, "${{") != NULL)
		return error_set(err, ERROR_USAGE,
				 "ci.install: no ${{ }} in a command: it would run what it expands "
				 "to; read a variable of the environment");
	return 0;
}

/* Measured twice at most: a scenario that the machine disturbed is repeated once. */
static double scenario_seconds(struct suite *suite, const struct scenario *scenario,
			       const struct settings *settings)
{
	const struct scenario *capacity =
		suite_capacity(suite, scenario, settings->gates.limit[METRIC_THROUGHPUT]);
	int64_t total_ns = scenario->duration_ns + scenario->pause_ns;

	if (capacity != NULL)
		total_ns += capacity->duration_ns + capacity->pause_ns;
	return 2 * (double)total_ns / (double)NS_PER_S;
}

/* Any scenario may be asked for by its name alone. */
static double longest_seconds(struct suite *suite, const struct settings *settings)
{
	double longest = 0;

	for (size_t i = 0; i < suite->n_scenarios; i++)
		longest = fmax(longest, scenario_seconds(suite, &suite->scenarios[i], settings));
	return longest;
}

static int64_t timeout_minutes(double seconds, const struct settings *settings)
{
	if (settings->regression_mode == REGRESSION_AUTO ||
	    settings->regression_mode == REGRESSION_AB)
		seconds += (double)settings->regression_budget_ns / (double)NS_PER_S;
	return SETUP_MINUTES + (int64_t)ceil(seconds / 60);
}

static int planned_seconds(struct suite *suite, const char *const *names,
			   const struct settings *settings, double *out, struct error *err)
{
	double seconds = 0;

	for (; *names != NULL; names++) {
		const struct scenario *scenario = suite_find(suite, *names, err);

		if (scenario == NULL)
			return -1;
		seconds += scenario_seconds(suite, scenario, settings);
	}
	*out = seconds;
	return 0;
}

/* What can be asked for by name; the capacity phases come with their scenarios. */
static json_t *scenario_names(const struct suite *suite)
{
	json_t *names = extjson_array();

	for (size_t i = 0; i < suite->n_scenarios; i++) {
		json_t *row;

		if (suite->scenarios[i].follows != NULL)
			continue;
		row = extjson_object();
		extjson_set(row, "name", extjson_string(suite->scenarios[i].name));
		extjson_append(names, row);
	}
	return names;
}

static json_t *comma_list(const char *const *names)
{
	AUTO(strbuf) struct strbuf list = {0};

	for (; *names != NULL; names++)
		strbuf_printf(&list, "%s%s", list.length > 0 ? "," : "", *names);
	return extjson_string(strbuf_text(&list));
}

static int add_suite(json_t *view, const struct settings *settings, struct error *err)
{
	struct suite_options options = {.duration_scale = 1};
	AUTO(suite) struct suite *suite = NULL;
	double usual, nightly, longest;

	if (suite_load(settings, &options, &suite, err) != 0)
		return -1;
	extjson_set(view, "scenarios", scenario_names(suite));
	extjson_set(view, "nightly", comma_list(nightly_scenarios));
	if (planned_seconds(suite, settings->run.items, settings, &usual, err) != 0 ||
	    planned_seconds(suite, nightly_scenarios, settings, &nightly, err) != 0)
		return -1;
	longest = fmax(fmax(usual, nightly), longest_seconds(suite, settings));
	extjson_set(view, "timeout_minutes", extjson_integer(timeout_minutes(usual, settings)));
	extjson_set(view, "longest_timeout_minutes",
		    extjson_integer(timeout_minutes(longest, settings)));
	return 0;
}

/* How the job obtains perfgate: one of these members is true or a text. */
static void add_install(json_t *view, const struct settings *settings)
{
	static const char *const members[] = {
		[INSTALL_COMMAND] = "install_command",
		[INSTALL_IMAGE] = "install_image",
		[INSTALL_ACTION] = "install_action",
	};
	const char *text = settings->ci_install;
	enum install_kind kind;

	extjson_set(view, "install_build", json_boolean(text == NULL));
	if (text == NULL)
		return;
	kind = install_kind(text);
	extjson_set(view, members[kind],
		    extjson_string(kind == INSTALL_IMAGE ? text + strlen("docker://") : text));
}

/* A service has its name where the job is a container as well, else a port of the machine. */
static const char *host_of(const struct settings *settings, const char *service)
{
	bool container =
		settings->ci_install != NULL && install_kind(settings->ci_install) == INSTALL_IMAGE;

	return container ? service : "127.0.0.1";
}

/* The servers that CI brings along: only for the reference, not beside a URL of the file. */
static void add_services(json_t *view, const struct settings *settings)
{
	bool own_target = settings->target.kind != TARGET_URL;
	bool postgres = own_target && settings->database_url == NULL;
	bool redis = own_target && settings->redis_url == NULL;

	extjson_set(view, "postgres", json_boolean(postgres));
	extjson_set(view, "redis", json_boolean(redis));
	extjson_set(view, "services", json_boolean(postgres || redis));
	extjson_set(view, "postgres_host", extjson_string(host_of(settings, "postgres")));
	extjson_set(view, "redis_host", extjson_string(host_of(settings, "redis")));
	extjson_set(view, "reference", json_boolean(settings->target.kind == TARGET_REFERENCE));
}

int workflow_view(const struct settings *settings, const char *config_path, json_t **out,
		  struct error *err)
{
	AUTO_JSON json_t *view = extjson_object();

	if (check(settings, config_path, err) != 0 || add_suite(view, settings, err) != 0)
		return -1;
	extjson_set(view, "unmeasured_fails",
		    json_boolean(settings->ci_unmeasured == CI_UNMEASURED_FAILURE));
	extjson_set(view, "branch", extjson_string(settings->baseline_branch));
	extjson_set(view, "output", extjson_string(settings->output));
	extjson_set(view, "config", extjson_string(config_path != NULL ? config_path : ""));
	add_install(view, settings);
	add_services(view, settings);
	extjson_set(view, "retention_days",
		    settings->artifact_retention_days > 0
			    ? extjson_integer(settings->artifact_retention_days)
			    : NULL);
	*out = TAKE(view);
	return 0;
}
