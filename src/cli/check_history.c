#include "perfgate/cli/check_history.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/baseline/baseline.h"
#include "perfgate/cli/creep.h"
#include "perfgate/cli/history.h"
#include "perfgate/verdict/gate.h"

static void add_note(struct run *run, const char *words, const char *text)
{
	const char *note = run->baseline_note;

	run->baseline_note = arena_printf(&run->arena, "%s%s%s%s", note ? note : "",
					  note ? "; " : "", words, text);
}

/* What the pull request would have judged itself by belongs in every report. */
static void note_differences(const struct session *session)
{
	if (session->differences)
		add_note(session->run,
			 "the rules are those of the base commit: ", session->differences);
}

/* On the baseline branch: what no single comparison shows. */
static void note_creep(const struct session *session, const struct baseline_history *history)
{
	struct run *run = session->run;
	const char *branch = session->settings->baseline_branch;
	AUTO_FREE char *text = NULL;

	if (!run->branch || !branch || !text_equal(run->branch, branch))
		return;
	text = creep_describe(history->items, history->count);
	if (!text)
		return;
	log_warning("%s", text);
	add_note(run, "", text);
}

static bool wants_history(const struct session *session, const struct ab_base *base)
{
	enum regression_mode mode = session_rules(session)->regression_mode;

	return !session->run->interrupted && base->kind == AB_BASE_NONE &&
	       (mode == REGRESSION_HISTORY || mode == REGRESSION_AUTO);
}

/* The run against the history: cells, an alarm side by side, and the verdict once more. */
static int judge_history(struct session *session, const struct baseline_history *history,
			 struct error *err)
{
	AUTO(record) struct record *now = NULL;

	if (history->count == 0)
		return 0;
	if (record_of_run(session->run, &now, err))
		return -1;
	history_add_cells(session->run, now, history, session_rules(session));
	history_escalate(session, history);
	verdict_roll_up(session->run);
	return 0;
}

int check_history(struct session *session, const struct ab_base *base, bool measured)
{
	AUTO(baseline_history) struct baseline_history history = {0};
	struct error err = ERROR_INIT;

	if (baseline_compare(session->run, session_rules(session), &session->ci, &history, &err)) {
		if (!cli_flag(session->cli, "--allow-missing-baseline"))
			return cli_note_error(&err);
		log_warning("%s", err.message);
		session->run->baseline_note =
			arena_printf(&session->run->arena, "no baseline: %s", err.message);
	}
	if (measured && wants_history(session, base) && judge_history(session, &history, &err))
		return cli_note_error(&err);
	note_creep(session, &history);
	note_differences(session);
	/* The warning was printed when the notes were fetched. */
	if (history.warning[0] && cli_flag(session->cli, "--strict"))
		return error_exit_status(ERROR_BASELINE);
	if (cli_flag(session->cli, "--require-baseline") && !session->run->baseline_commit) {
		log_error("no baseline: %s",
			  session->run->baseline_note ? session->run->baseline_note : "none yet");
		return error_exit_status(ERROR_BASELINE);
	}
	return 0;
}

int check_result(struct session *session, struct run *base, struct error *err)
{
	AUTO(baseline_history) struct baseline_history history = {0};

	if (history_of_run(base, session->run, &history, err))
		return error_wrap(err, "--base");
	baseline_keep_past(session->run, &history);
	log_warning("--base: %s", history_caveat(&session->run->arena, 1));
	return judge_history(session, &history, err);
}
