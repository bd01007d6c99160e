#include "perfgate/base/log.h"
#include "perfgate/baseline/baseline.h"
#include "perfgate/baseline/select.h"

#include <stdio.h>

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

/* The rules on who writes: in CI only a push to the baseline branch. */
static const char *refuse_event(const struct run *run, const struct settings *settings,
				char *buffer, size_t size)
{
	if (!run_is_in_ci(run))
		return NULL;
	if (!text_equal(run->event, "push")) {
		snprintf(buffer, size, "baselines are written on a push to %s, the event is %s",
			 settings->baseline_branch, run->event);
		return buffer;
	}
	if (!run->branch || !text_equal(run->branch, settings->baseline_branch)) {
		snprintf(buffer, size, "baselines are written on a push to %s, the branch is %s",
			 settings->baseline_branch, run->branch ? run->branch : "unknown");
		return buffer;
	}
	return NULL;
}

const char *baseline_refusal(const struct run *run, const struct settings *settings, char *buffer,
			     size_t buffer_size)
{
	const char *reason = refuse_measurement(run, buffer, buffer_size);

	if (!reason && (!run->commit || !*run->commit || !run->tree))
		reason = "the run names no commit: make a commit first";
	if (!reason && run->dirty)
		reason = "tracked files are modified: commit them first";
	return reason ? reason : refuse_event(run, settings, buffer, buffer_size);
}

/* A record must name the commit that it hangs on, and that commit must have been measured. */
static int check_commit(const struct extgit *git, const struct run *run, struct error *err)
{
	struct extgit_commit commit;
	struct error cause = ERROR_INIT;

	if (extgit_read_commit(git, run->commit, &commit, &cause))
		return error_set(err, ERROR_USAGE,
				 "the result is of commit %.12s, which is not in this repository",
				 run->commit);
	if (!text_equal(commit.tree, run->tree))
		return error_set(err, ERROR_USAGE,
				 "the result names tree %.12s, but commit %.12s has tree %.12s",
				 run->tree, run->commit, commit.tree);
	return 0;
}

static int store(const struct extgit *git, const struct run *run, const struct settings *settings,
		 struct error *err)
{
	AUTO(record) struct record *record = NULL;
	bool changed = false;

	if (check_commit(git, run, err) ||
	    record_build(run, settings->baseline_epoch, !run_is_in_ci(run), &record, err) ||
	    notes_write(git, settings, record, &changed, err))
		return -1;
	log_info("%s %.12s in %s%s",
		 changed ? "baseline written for commit" : "baseline is there already for commit",
		 run->commit, BASELINE_REFERENCE, record->local ? " (local)" : "");
	return 0;
}

int baseline_update(const struct run *run, const struct settings *settings, bool *written,
		    struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	char buffer[512];
	const char *reason;

	if (extgit_open(&git, err))
		return -1;
	reason = git ? baseline_refusal(run, settings, buffer, sizeof buffer)
		     : "this is not inside a git repository";
	if (reason)
		log_info("baseline not updated: %s", reason);
	else if (store(git, run, settings, err))
		return -1;
	*written = reason == NULL;
	return 0;
}
