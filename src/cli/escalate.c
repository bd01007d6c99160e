/* A history alarm is measured side by side before it fails a run. */
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/rng.h"
#include "perfgate/cli/ab.h"
#include "perfgate/cli/history.h"

#include <string.h>
#include <unistd.h>

static const char *why_not(const struct session *session)
{
	if (cli_value(session->cli, "--from"))
		return "the run was measured before";
	if (session->run->verdict.outcome == OUTCOME_FAIL)
		return "the run fails anyway";
	if (session->settings->target.kind != TARGET_COMMAND)
		return "`target` is no command that can be started twice (target.command)";
	return cli_stop ? "interrupted" : NULL;
}

static int measure(struct session *session, const struct record *baseline, struct error *err)
{
	AUTO(ab) struct ab_session *ab = NULL;
	AUTO_FREE char *path = fs_join(session->settings->output, AB_RECORD_FILE);
	struct ab_sides sides = {.base_commit = baseline->commit,
				 .record_path = path,
				 .coin_seed = rng_entropy()};
	struct ab_base base = {.kind = AB_BASE_COMMIT,
			       .shown = arena_printf(&session->run->arena, "baseline %.12s",
						     baseline->commit),
			       .alarmed = session->run};

	memcpy(base.commit, baseline->commit, sizeof base.commit);
	target_stop(TAKE(session->target));
	unlink(path);
	if (ab_announce(session, &base, err) || ab_open(session, &sides, &ab, err))
		return -1;
	return ab_compare(session, ab, &base, sides.coin_seed, err);
}

void history_escalate(struct session *session, const struct baseline_history *history)
{
	struct run *run = session->run;
	const char *why = why_not(session);
	struct error err = ERROR_INIT;

	if (!why && history_alarms(run) > 0) {
		log_info("%zu alarm%s against the baselines: measuring side by side",
			 history_alarms(run), history_alarms(run) == 1 ? "" : "s");
		if (measure(session, history->items[0], &err)) {
			log_warning("the alarms stand: %s", err.message);
			why = err.message;
		}
	}
	history_settle(run);
	history_stand(run, why ? why : "no slot of a block can measure it");
}
