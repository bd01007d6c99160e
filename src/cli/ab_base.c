/* Which base a check compares its head with. */
#include "perfgate/cli/ab.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/git.h"

#include <string.h>

static int open_repository(struct extgit **out, struct error *err)
{
	if (extgit_open(out, err))
		return -1;
	return *out ? 0 : error_set(err, ERROR_USAGE, "there is no git repository here");
}

/* The merge-base with the baseline branch, and HEAD. */
static int find_merge_base(const char *branch, char *out_commit, char *out_head, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	char tip[EXTGIT_OID_SIZE];
	struct extgit_head head;
	bool found;

	if (open_repository(&git, err) || extgit_head(git, &head, err))
		return -1;
	if (!extgit_branch_tip(git, NULL, branch, tip))
		return error_set(err, ERROR_USAGE,
				 "the baseline branch `%s` is not here: fetch it (fetch-depth: 0)",
				 branch);
	if (extgit_merge_base(git, tip, head.commit, out_commit, &found, err))
		return -1;
	if (!found)
		return error_set(err, ERROR_USAGE, "HEAD and `%s` have no common ancestor%s",
				 branch,
				 head.shallow ? ": the clone is shallow; fetch more of it "
						"(fetch-depth: 0)"
					      : "");
	memcpy(out_head, head.commit, EXTGIT_OID_SIZE);
	return 0;
}

/* Not asked for by name: `auto` goes without it when it cannot be had, `ab` does not. */
static int choose_merge_base(const struct session *session, struct ab_base *out, struct error *err)
{
	const char *branch = session->settings->baseline_branch;
	char head[EXTGIT_OID_SIZE];

	if (find_merge_base(branch, out->commit, head, err)) {
		if (session->settings->regression_mode == REGRESSION_AB) {
			err->kind = ERROR_USAGE;
			return error_wrap(err, "regression.mode: ab");
		}
		log_warning("no A/B comparison: %s", err->message);
		error_clear(err);
		return 0;
	}
	if (text_equal(out->commit, head) && !session->run->dirty) {
		log_info("no A/B comparison: HEAD is on `%s`", branch);
		return 0;
	}
	out->kind = AB_BASE_COMMIT;
	out->shown = arena_printf(&session->run->arena, "merge-base with %s", branch);
	return 0;
}

static bool wants_merge_base(const struct session *session)
{
	enum regression_mode mode = session->settings->regression_mode;

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

int ab_choose_base(const struct session *session, struct ab_base *out, struct error *err)
{
	const char *text = cli_value(session->cli, "--base");

	*out = (struct ab_base){.kind = AB_BASE_NONE, .shown = text};
	if (text && text_equal(text, "baseline"))
		return 0;
	if (text && (text_ends_with(text, ".json") || strchr(text, '/')) && fs_exists(text)) {
		out->kind = AB_BASE_RESULT;
		out->path = text;
		return 0;
	}
	if (text)
		return choose_revision(text, out, err);
	return wants_merge_base(session) ? choose_merge_base(session, out, err) : 0;
}
