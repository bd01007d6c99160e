#include "perfgate/baseline/baseline.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/baseline/sync.h"

#include <stdio.h>
#include <string.h>

/* The rules on the measurement itself. */
static const char *refuse_measurement(const struct run *run, char *buffer, size_t size)
{
	if (run->interrupted)
		return "the run was interrupted";
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];
		const char *why = scenario->generator.invalid_reason;

		if (scenario->interrupted) {
			snprintf(buffer, size, "scenario %s was interrupted", scenario->name);
			return buffer;
		}
		if (scenario->generator.invalid != INVALID_NOT) {
			snprintf(buffer, size, "the measurement of %s is invalid: %s",
				 scenario->name, why ? why : "see the report");
			return buffer;
		}
	}
	if (run->verdict.outcome == OUTCOME_PASS)
		return NULL;
	snprintf(buffer, size, "only a passing run becomes a baseline, this one is %s%s%s",
		 outcome_names[run->verdict.outcome], run->verdict.reason ? ": " : "",
		 run->verdict.reason ? run->verdict.reason : "");
	return buffer;
}

const char *baseline_refusal(const struct run *run, const struct settings *settings,
			     const struct ci *ci, char *buffer, size_t buffer_size)
{
	const char *reason = refuse_measurement(run, buffer, buffer_size);

	if (!reason && (!run->commit || !*run->commit || !run->tree))
		reason = "the run names no commit: make a commit first";
	if (!reason && run->dirty)
		reason = "tracked files are modified: commit them first";
	return reason ? reason : ci_refusal(ci, settings->baseline_branch, buffer, buffer_size);
}

/* A record must name the commit that it hangs on, and that commit must have been measured. */
static int check_commit(const struct extgit *git, const struct run *run, struct error *err)
{
	struct extgit_commit commit;

	if (extgit_read_commit(git, run->commit, &commit, err))
		return err->kind == ERROR_USAGE ? error_wrap(err, "the result") : -1;
	if (!text_equal(commit.tree, run->tree))
		return error_set(err, ERROR_USAGE,
				 "the result names tree %.12s, but commit %.12s has tree %.12s",
				 run->tree, run->commit, commit.tree);
	return 0;
}

/* The verdict is known and the record made: nobody has to measure again. */
static void leave_artifact(const struct settings *settings, const struct record *record)
{
	AUTO_FREE char *path = fs_join(settings->output, BASELINE_ARTIFACT);
	AUTO_FREE char *line = xasprintf("%s\n", record->line);
	struct error err = ERROR_INIT;

	if (fs_make_dirs(settings->output, &err) || fs_write_file(path, line, strlen(line), &err))
		log_warning("the record could not be left as an artifact: %s", err.message);
	else
		log_info("the record is in %s: perfgate baseline sync --record %s", path, path);
}

static int publish(const struct extgit *git, const struct settings *settings,
		   const struct record *record, struct error *err)
{
	AUTO(sync_report) struct sync_report report = {0};

	if (baseline_publish(git, settings, record, &report, err)) {
		leave_artifact(settings, record);
		return -1;
	}
	if (!report.remote)
		log_warning("this clone has no remote: the baseline stays in it");
	else
		log_info("baseline pushed to `%s`", report.remote);
	return 0;
}

static int store(const struct extgit *git, const struct run *run, const struct settings *settings,
		 const struct ci *ci, struct error *err)
{
	AUTO(record) struct record *record = NULL;
	bool changed = false;

	if (check_commit(git, run, err) ||
	    record_build(run, settings->baseline_epoch, ci->event, ci->kind == CI_NONE, &record,
			 err) ||
	    notes_write(git, settings, record, &changed, err))
		return -1;
	log_info("%s %.12s in %s%s",
		 changed ? "baseline written for commit" : "baseline is there already for commit",
		 run->commit, BASELINE_REFERENCE, record->local ? " (local)" : "");
	return ci->kind == CI_NONE ? 0 : publish(git, settings, record, err);
}

int baseline_update(const struct run *run, const struct settings *settings, const struct ci *ci,
		    bool *written, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	char buffer[512];
	const char *reason;

	if (extgit_open(&git, err))
		return -1;
	reason = git ? baseline_refusal(run, settings, ci, buffer, sizeof buffer)
		     : "this is not inside a git repository";
	if (reason)
		log_info("baseline not updated: %s", reason);
	else if (store(git, run, settings, ci, err))
		return -1;
	*written = reason == NULL;
	return 0;
}

int baseline_promote(struct run *run, const char *landed, const struct settings *settings,
		     const struct ci *ci, bool *written, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	struct extgit_commit commit;

	if (extgit_open(&git, err))
		return -1;
	if (!git)
		return error_set(err, ERROR_USAGE, "this is not inside a git repository");
	if (extgit_read_commit(git, landed, &commit, err))
		return -1;
	if (!run->tree || !text_equal(run->tree, commit.tree))
		return error_set(err, ERROR_USAGE,
				 "commit %.12s has tree %.12s, but %.12s was measured: measure it",
				 landed, commit.tree, run->tree ? run->tree : "nothing");
	run->commit = arena_strdup(&run->arena, landed);
	return baseline_update(run, settings, ci, written, err);
}
