#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/rng.h"
#include "perfgate/baseline/baseline.h"
#include "perfgate/cli/ab.h"
#include "perfgate/cli/check_history.h"
#include "perfgate/cli/session.h"
#include "perfgate/report/formats.h"
#include "perfgate/report/keep.h"
#include "perfgate/results/codec.h"
#include "perfgate/verdict/gate.h"

#include <string.h>
#include <unistd.h>

/* First wins (DESIGN: signal > 2 > 70 > 1 > 3 > 4 > 5 > 0). */
static const int precedence[] = {2, 70, 1, 3, 4, 5};

static int worse(int one, int other)
{
	for (size_t i = 0; i < ARRAY_SIZE(precedence); i++)
		if (one == precedence[i] || other == precedence[i])
			return precedence[i];
	return 0;
}

static void set_outcome(struct run *run, enum outcome outcome, const char *reason)
{
	run->verdict.outcome = outcome;
	run->verdict.reason = arena_strdup(&run->arena, reason);
}

/* --from: judge what an earlier run measured, by today's gates. */
static int load_run_file(struct session *session, const char *path, struct error *err)
{
	struct run *run;

	if (codec_load(path, &run, err))
		return -1;
	run_free(session->run);
	session->run = run;
	session_link(session);
	return 0;
}

static int show(const struct session *session, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};

	if (cli_flag(session->cli, "--json")) {
		AUTO_JSON json_t *document = codec_encode(session->run);

		extjson_dump_pretty(document, &out);
	} else {
		report_console(session->run, session->settings->output,
			       cli_colour(STDOUT_FILENO, session->cli), cli_columns(STDOUT_FILENO),
			       &out);
	}
	return cli_print(strbuf_text(&out), err);
}

/* Write every artifact and print the screen; what fails is said and becomes the status. */
static int report(const struct session *session)
{
	const struct settings *settings = session->settings;
	struct error err = ERROR_INIT;
	int status = 0;

	if (report_write_all(session->run, settings->output, &err) ||
	    (settings->keep_runs && report_keep(session->run, settings->output, &err)))
		status = cli_note_error(&err);
	if (settings->artifact_retention_days > 0)
		(void)report_retain(settings->output, settings->artifact_retention_days,
				    clock_wall_ns() / NS_PER_S);
	if (show(session, &err))
		status = worse(status, cli_note_error(&err));
	return status;
}

/* Nothing is measured, but a CI server that waits for the files gets them. */
static int skip(struct session *session, const char *reason, struct error *err)
{
	AUTO_FREE char *line = xasprintf("SKIPPED: %s\n", reason);

	set_outcome(session->run, OUTCOME_SKIPPED, reason);
	if (session_lock_output(session, err) ||
	    report_write_all(session->run, session->settings->output, err))
		return -1;
	if (cli_print(line, err))
		return -1;
	return session_tell(session, 0);
}

static int update(const struct session *session)
{
	struct error err = ERROR_INIT;
	bool written;

	if (!cli_flag(session->cli, "--update-baseline"))
		return 0;
	if (baseline_update(session->run, session->settings, &session->ci, &written, &err))
		return cli_note_error(&err);
	return 0;
}

/* Without --seed every comparison tosses its own coin; what is sent stays the same. */
static uint64_t coin_seed(const struct session *session)
{
	return cli_value(session->cli, "--seed") ? session->run->seed : rng_entropy();
}

/* The suite on the head, then, when there is a base, both side by side. */
static int drive(struct session *session, const struct ab_base *base, struct error *err)
{
	AUTO(ab) struct ab_session *ab = NULL;
	AUTO_FREE char *record = fs_join(session->settings->output, AB_RECORD_FILE);
	struct ab_sides sides = {.base_commit = base->commit,
				 .record_path = record,
				 .coin_seed = coin_seed(session)};

	unlink(record);
	if (base->kind != AB_BASE_COMMIT)
		return session_drive(session, err);
	cli_catch_signals();
	if (ab_announce(session, base, err) || ab_open(session, &sides, &ab, err) ||
	    session_drive(session, err))
		return -1;
	target_stop(TAKE(session->target));
	return cli_stop ? 0 : ab_compare(session, ab, base, sides.coin_seed, err);
}

/* What could not be measured is said once; what was measured is still judged and reported. */
static int measure(struct session *session, const struct ab_base *base, struct error *err)
{
	const char *from = cli_value(session->cli, "--from");
	struct error cause = ERROR_INIT;
	int status = 0;

	if (from)
		return load_run_file(session, from, err);
	if (drive(session, base, &cause)) {
		if (cause.kind != ERROR_UNMEASURED || cli_stop == 0)
			status = cli_note_error(&cause);
		if (cause.kind == ERROR_USAGE) {
			*err = (struct error){.kind = cause.kind};
			return -1;
		}
	}
	session_judge(session);
	if (status && session->run->verdict.outcome != OUTCOME_FAIL)
		set_outcome(session->run, OUTCOME_UNMEASURED, cause.message);
	return status;
}

static int verdict_status(const struct session *session)
{
	return verdict_exit_status(&session->run->verdict, cli_flag(session->cli, "--strict"));
}

/* What has begun has to end for those who wait for it, too. */
static int give_up(struct session *session, struct error *err)
{
	set_outcome(session->run, OUTCOME_UNMEASURED, "the run could not start: see its log");
	(void)session_tell(session, error_exit_status(err->kind));
	return -1;
}

static int check_run(struct cli *cli, struct error *err)
{
	AUTO(session) struct session session;
	AUTO(run) struct run *base_run = NULL;
	struct ab_base base;
	const char *reason;
	int status;

	if (session_open(&session, cli, err))
		return -1;
	reason = session_skip_reason(&session);
	if (reason)
		return skip(&session, reason, err);
	if (ab_choose_base(&session, &base, err) || session_lock_output(&session, err))
		return -1;
	if (base.kind == AB_BASE_RESULT && codec_load(base.path, &base_run, err))
		return -1;
	session_tell_begin(&session);
	status = measure(&session, &base, err);
	if (status < 0)
		return give_up(&session, err);
	if (cli_value(cli, "--from"))
		session_judge(&session);
	status = worse(status, check_history(&session, &base, status == 0));
	if (base_run && status == 0 && check_result(&session, base_run, err))
		status = cli_note_error(err);
	status = worse(status, verdict_status(&session));
	status = worse(status, report(&session));
	status = worse(status, update(&session));
	return worse(status, session_tell(&session, status));
}

static const struct option_row options[] = {
	SESSION_OPTIONS,
	{.name = "--base",
	 .value = "REF|RESULT",
	 .help = "compare with this revision side by side (A/B); or with `baseline`, a "
		 "result.json"},
	{.name = "--update-baseline", .help = "store a passing run as the baseline of HEAD"},
	{.name = "--require-baseline", .help = "exit 4 when there is no baseline to compare with"},
	{.name = "--allow-missing-baseline",
	 .help = "baselines that cannot be read are a warning, not exit 4"},
	{.name = "--strict", .help = "inconclusive is exit 3"},
	{.name = "--from", .value = "RESULT", .help = "judge this result.json; send nothing"},
	{.name = "--force",
	 .help = "measure, whatever enabled, run_on_pr, run_on_merge and only_if_changed say"},
	{.name = "--keep",
	 .help = "keep this run's artifacts in OUTPUT/runs, for artifact_retention_days",
	 .setting = "keep_runs"},
	{.name = "--no-notify", .help = "write the artifacts, tell nobody"},
	{.name = "--require-notify", .help = "exit 5 when a notification was not delivered"},
	{.name = "--json", .help = "print the result as JSON instead of the screen"},
	{0},
};

const struct command cmd_check = {
	.name = "check",
	.summary = "drive the suite, judge it, write every artifact",
	.description =
		"Starts the API under test (by default the bundled reference API on a private\n"
		"PostgreSQL and Redis), drives it through the scenarios, judges the gates of\n"
		"ci_cd_config.yml, shows the difference to the baseline, and writes result.json,\n"
		"junit.xml, report.html, comment.md, summary.csv, requests.csv and latency.hlog.\n"
		"\n"
		"--base REV also checks that revision out, builds it (target.build) and loads\n"
		"both servers by turns until a regression is proven or ruled out; on a pull\n"
		"request the merge-base is taken when there is a target.command.\n"
		"\n"
		"Then it tells the verdict as `notify` does.",
	.examples = "  # under a minute, before pushing\n"
		    "  perfgate check --quick\n"
		    "  # your own API, without any file\n"
		    "  perfgate check --quick --target http://127.0.0.1:3000 \\\n"
		    "      --requests 'GET /items'\n"
		    "  # did this branch make it slower?\n"
		    "  perfgate check --base main\n"
		    "  # in CI, after a merge\n"
		    "  perfgate check --scenario smoke,load --update-baseline",
	.options = options,
	.run = check_run,
};
