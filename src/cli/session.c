#include "perfgate/cli/session.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/config/table.h"
#include "perfgate/ext/git.h"
#include "perfgate/verdict/drift.h"
#include "perfgate/verdict/gate.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#define SEED_DEFAULT 1
#define WORKERS_MAX 256

static int parse_number_option(const struct cli *cli, const char *option, double *out,
			       struct error *err)
{
	const char *text = cli_value(cli, option), *why;

	if (text && (units_parse_number(text, out, &why) || !(*out > 0)))
		return error_set(err, ERROR_USAGE, "%s: `%s` is not a number above 0", option,
				 text);
	return 0;
}

static int parse_seed(const struct cli *cli, uint64_t *out, struct error *err)
{
	const char *text = cli_value(cli, "--seed"), *why;
	int64_t seed = SEED_DEFAULT;

	if (text && (units_parse_integer(text, &seed, &why) || seed < 0))
		return error_set(err, ERROR_USAGE, "--seed: `%s` is not a whole number from 0 on",
				 text);
	*out = (uint64_t)seed;
	return 0;
}

static int parse_transport(struct session *session, struct error *err)
{
	static const char *const names[] = {
		[TRANSPORT_NATIVE] = "native", [TRANSPORT_CURL] = "curl"};
	const char *text = cli_value(session->cli, "--transport");
	const char *url = session->settings->target.url;

	if (!text)
		return 0;
	for (size_t i = TRANSPORT_NATIVE; i < ARRAY_SIZE(names); i++)
		if (text_equal(text, names[i]))
			session->transport = (enum transport_kind)i;
	if (session->transport == TRANSPORT_AUTO)
		return error_set(err, ERROR_USAGE, "--transport: `%s` is not native or curl", text);
	if (session->transport == TRANSPORT_NATIVE &&
	    session->settings->target.kind == TARGET_URL && strncasecmp(url, "http:", 5) != 0)
		return error_set(err, ERROR_USAGE,
				 "--transport native speaks http:// only: leave it out");
	return 0;
}

static int parse_workers(const struct cli *cli, uint32_t *out, struct error *err)
{
	const char *text = cli_value(cli, "--workers"), *why;
	int64_t workers = 0;

	if (text &&
	    (units_parse_integer(text, &workers, &why) || workers < 1 || workers > WORKERS_MAX))
		return error_set(err, ERROR_USAGE, "--workers: `%s` is not a number from 1 to %d",
				 text, WORKERS_MAX);
	*out = (uint32_t)workers;
	return 0;
}

static int parse_max_runtime(struct session *session, struct error *err)
{
	const char *why;
	int64_t ns;

	session->max_runtime = cli_value(session->cli, "--max-runtime");
	if (!session->max_runtime)
		return 0;
	if (units_parse_duration_ns(session->max_runtime, 0, &ns, &why) || ns <= 0)
		return error_set(err, ERROR_USAGE,
				 "--max-runtime: `%s` is not a duration such as 20m",
				 session->max_runtime);
	session->deadline_ns = clock_now_ns() + ns;
	return 0;
}

/* The scenarios asked for: --quick is smoke; else `run:` or --scenario. */
static int select_scenarios(struct session *session, bool quick, struct error *err)
{
	static const char *const smoke[] = {"smoke"};
	const struct string_list *list = &session->settings->run;
	bool given = cli_value(session->cli, "--scenario") != NULL;
	const char *const *names = quick && !given ? smoke : (const char *const *)list->items;
	size_t count = quick && !given ? 1 : list->count;

	session->scenarios = xcalloc(count ? count : 1, sizeof(struct scenario *));
	for (size_t i = 0; i < count; i++) {
		const struct scenario *scenario = suite_find(session->suite, names[i], err);

		if (!scenario)
			return error_wrap(err, given ? "--scenario" : "run");
		if (quick && !text_equal(scenario->name, "smoke"))
			return error_set(err, ERROR_USAGE,
					 "--quick runs the smoke scenario: leave out `%s`",
					 scenario->name);
		session->scenarios[session->n_scenarios++] = scenario;
	}
	if (session->n_scenarios == 0)
		return error_set(err, ERROR_USAGE, "no scenario to run: name one in `run:`");
	return 0;
}

/* Commit, tree, branch; a run outside a repository has none, and that is no error. */
static void describe_source(struct run *run, struct ci *ci)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct error err = ERROR_INIT;
	struct extgit_head head;
	const char *branch;

	ci_read(ci);
	run->event = ci->event;
	if (extgit_open(&git, &err) || (git && extgit_head(git, &head, &err)) ||
	    (git && extgit_is_dirty(git, &run->dirty, &err))) {
		log_warning("%s", err.message);
		return;
	}
	if (!git || head.unborn)
		return;
	run->commit = arena_strdup(&run->arena, head.commit);
	run->tree = arena_strdup(&run->arena, head.tree);
	branch = head.branch[0] ? head.branch : ci->branch;
	run->branch = *branch ? arena_strdup(&run->arena, branch) : NULL;
}

/* What a later version will act on is accepted today, and said: silence would promise it. */
static void warn_of_idle_settings(const struct settings *settings)
{
	if (settings->only_if_changed.count > 0)
		log_warning("only_if_changed is read but not applied yet: everything runs");
}

/* "smoke+load": what the run is about, whether all of it gets measured or not. */
static const char *describe_suite(const struct session *session)
{
	const char *suite = NULL;

	for (size_t i = 0; i < session->n_scenarios; i++)
		suite = arena_printf(&session->run->arena, "%s%s%s", suite ? suite : "",
				     suite ? "+" : "", session->scenarios[i]->name);
	return suite;
}

/* In CI a gate that measures our example instead of the team's API passes for ever. */
static void warn_of_default_target(const struct session *session)
{
	const char *origin = setting_origin(session->settings, setting_find("target"));

	if (!text_equal(session->run->event, "local") &&
	    session->settings->target.kind == TARGET_REFERENCE && text_equal(origin, "default"))
		log_warning("no target is configured: the bundled reference API is measured; write "
			    "`target:` (or `target: reference`, if that is meant)");
}

int session_open(struct session *session, struct cli *cli, struct error *err)
{
	struct suite_options options = {.quick = cli_flag(cli, "--quick"), .duration_scale = 1};
	char digest[TEXT_SHA256_SIZE];

	*session = (struct session){.cli = cli, .lock_fd = -1};
	session->run = run_new();
	session->run->quick = options.quick;
	if (cli_settings(cli, &session->settings, err) ||
	    settings_validate(session->settings, err) || parse_max_runtime(session, err) ||
	    parse_transport(session, err) || parse_seed(cli, &session->run->seed, err) ||
	    parse_workers(cli, &session->workers, err) ||
	    parse_number_option(cli, "--duration-scale", &options.duration_scale, err) ||
	    suite_load(session->settings, &options, &session->suite, err) ||
	    select_scenarios(session, options.quick, err))
		return -1;
	session->run->target =
		arena_strdup(&session->run->arena,
			     target_describe(session->settings, &session->run->arena));
	settings_digest(session->settings, digest);
	session->run->config_digest = arena_strdup(&session->run->arena, digest);
	session->run->suite = describe_suite(session);
	describe_source(session->run, &session->ci);
	if (session_check_file(session, err))
		return -1;
	job_read(&session->job);
	session_warn_of_secrets(session);
	session_link(session);
	session_take_base_rules(session, &options);
	warn_of_idle_settings(session->settings);
	warn_of_default_target(session);
	return 0;
}

const char *session_skip_reason(const struct session *session)
{
	const struct settings *settings = session_rules(session);
	const char *event = session->run->event;

	if (!settings->enabled)
		return "disabled by configuration";
	if (!settings->run_on_pr && text_starts_with(event, "pull_request"))
		return "run_on_pr is false";
	if (!settings->run_on_merge && text_equal(event, "push"))
		return "run_on_merge is false";
	return NULL;
}

int session_lock_output(struct session *session, struct error *err)
{
	const char *dir = session->settings->output;

	if (fs_make_dirs(dir, err))
		return error_wrap(err, "output");
	if (access(dir, W_OK | X_OK))
		return error_set_errno(err, ERROR_USAGE, "output: %s", dir);
	session->lock_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (session->lock_fd < 0)
		return error_set_errno(err, ERROR_USAGE, "output: %s", dir);
	if (flock(session->lock_fd, LOCK_EX | LOCK_NB))
		return error_set(err, ERROR_USAGE,
				 "output: %s is in use by another perfgate: give --output another "
				 "folder",
				 dir);
	return 0;
}

void session_close(struct session *session)
{
	target_stop(session->target);
	run_free(session->run);
	suite_free(session->suite);
	suite_free(session->judged_suite);
	settings_free(session->settings);
	settings_free(session->judged);
	free(session->differences);
	free(session->scenarios);
	job_release(&session->job);
	if (session->lock_fd >= 0)
		close(session->lock_fd);
}

/* Borrowed from what lives as long as the run. */
void session_link(struct session *session)
{
	session->run->build_url = session->job.run_url;
	session->run->dashboard_url = session->settings->grafana_dashboard_url;
}

int session_verdict_status(const struct verdict *verdict, const struct settings *settings,
			   bool strict)
{
	int status = verdict_exit_status(verdict, strict);

	return status == 1 && settings->enforce == ENFORCE_WARN ? 0 : status;
}

static void judge_drift(struct session *session)
{
	const struct settings *rules = session_rules(session);

	for (size_t i = 0; i < session->n_scenarios && rules->regression_mode != REGRESSION_OFF;
	     i++) {
		const struct scenario_result *result =
			run_find(session->run, session->scenarios[i]->name);

		if (result)
			drift_judge(session->run, result, rules->tolerance[METRIC_P95],
				    rules->regression_enforce == ENFORCE_WARN);
	}
}

void session_judge(struct session *session)
{
	struct run *run = session->run;
	struct verdict before = run->verdict;

	run->verdict = (struct verdict){0};
	for (size_t i = 0; i < session->n_scenarios; i++) {
		const struct scenario *base =
			session_judged_scenario(session, session->scenarios[i]);
		size_t count;
		struct gate *gates = suite_gates(base ? session->judged_suite : session->suite,
						 base ? base : session->scenarios[i],
						 session_rules(session), &count);

		for (size_t j = 0; j < count; j++)
			verdict_judge_gate(run, &gates[j]);
		free(gates);
	}
	judge_drift(session);
	for (size_t i = 0; i < before.n_cells; i++)
		if (before.cells[i].regression && before.cells[i].regression->by == JUDGED_BY_AB)
			verdict_add_cell(run, &before.cells[i]);
	free(before.cells);
	verdict_roll_up(run);
}
