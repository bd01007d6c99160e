/* Which base a check compares its head with. */
#include "perfgate/cli/ab.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/baseline/history.h"
#include "perfgate/ext/git.h"
#include "perfgate/results/codec.h"

#include <string.h>

static int open_repository(struct extgit **out, struct error *err)
{
	if (extgit_open(out, err))
		return -1;
	return *out ? 0 : error_set(err, ERROR_USAGE, "there is no git repository here");
}

/* Not asked for by name: `auto` goes without it when it cannot be had, `ab` does not. */
static int choose_merge_base(const struct session *session, struct ab_base *out, struct error *err)
{
	const char *branch = session->ci.base_branch[0] ? session->ci.base_branch
							: session->settings->baseline_branch;

	if (baseline_base_commit(session_rules(session), &session->ci, out->commit, err)) {
		if (session_rules(session)->regression_mode == REGRESSION_AB) {
			err->kind = ERROR_USAGE;
			return error_wrap(err, "regression.mode: ab");
		}
		log_warning("no A/B comparison: %s", err->message);
		error_clear(err);
		return 0;
	}
	if (text_equal(out->commit, session->run->commit) && !session->run->dirty) {
		log_info("no A/B comparison: HEAD is on `%s`", branch);
		return 0;
	}
	out->kind = AB_BASE_COMMIT;
	out->shown = arena_printf(&session->run->arena, "merge-base with %s", branch);
	return 0;
}

static bool wants_merge_base(const struct session *session)
{
	enum regression_mode mode = session_rules(session)->regression_mode;

	return text_starts_with(session->run->event, "pull_request") && !session->run->quick &&
	       session->settings->target.kind == TARGET_COMMAND &&
	       (mode == REGRESSION_AUTO || mode == REGRESSION_AB);
}

static int choose_revision(const char *revision, struct ab_base *out, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;

	if (open_repository(&git, err) || extgit_resolve(git, revision, out->commit, err)) {
		err->kind = ERROR_USAGE;
		return error_wrap(err, "--base %s", revision);
	}
	out->kind = AB_BASE_COMMIT;
	return 0;
}

/* Read once to see that it can be, before any load. */
static int choose_result(const char *path, struct ab_base *out, struct error *err)
{
	AUTO(run) struct run *run = NULL;

	out->kind = AB_BASE_RESULT;
	out->path = path;
	return codec_load(path, &run, err) ? error_wrap(err, "--base") : 0;
}

int ab_choose_base(const struct session *session, struct ab_base *out, struct error *err)
{
	const char *text = cli_value(session->cli, "--base");

	*out = (struct ab_base){.kind = AB_BASE_NONE, .shown = text};
	if (text && text_equal(text, "baseline"))
		return 0;
	if (text && text_ends_with(text, ".json"))
		return choose_result(text, out, err);
	if (text)
		return ab_check_target(session, false, err) || choose_revision(text, out, err) ? -1
											       : 0;
	return wants_merge_base(session) ? choose_merge_base(session, out, err) : 0;
}
