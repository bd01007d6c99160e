/* Where baselines live: the repository and its notes. Nothing is fetched. */
#include "perfgate/cli/doctor.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/baseline/notes.h"
#include "perfgate/ext/git.h"
#include "perfgate/ext/git_remote.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEEPEN "git fetch --unshallow; in a workflow `fetch-depth: 0` of actions/checkout"

static const char *baseline_branch(const struct doctor *doctor)
{
	return doctor->settings ? doctor->settings->baseline_branch : "main";
}

static const char *wanted_remote(const struct doctor *doctor)
{
	return doctor->settings ? doctor->settings->baseline_remote : NULL;
}

/* ---- the repository ---- */

/* Does the base of a comparison exist here? */
static void look_at_branch(struct doctor *doctor, const struct extgit *git,
			   const struct extgit_head *head, const char *remote)
{
	const char *branch = baseline_branch(doctor);
	char tip[EXTGIT_OID_SIZE], base[EXTGIT_OID_SIZE];
	AUTO_FREE char *fetch = xasprintf("git fetch %s %s, or name the branch that others merge "
					  "into: `baseline_branch:`",
					  remote ? remote : "origin", branch);
	bool found = false;

	if (!extgit_branch_tip(git, remote, branch, tip))
		doctor_warn(doctor, "base", fetch, "there is no branch %s here%s%s", branch,
			    remote ? " or on " : "", remote ? remote : "");
	else if (text_equal(tip, head->commit))
		doctor_ok(doctor, "base", "HEAD is the tip of %s", branch);
	else if (extgit_merge_base(git, head->commit, tip, base, &found, NULL) || !found)
		doctor_warn(doctor, "base", head->shallow ? DEEPEN : fetch,
			    "HEAD has no common commit with %s here: nothing to compare with",
			    branch);
	else
		doctor_ok(doctor, "base", "merge-base with %s: %.12s", branch, base);
}

static void look_at_head(struct doctor *doctor, const struct extgit *git, const char *remote)
{
	struct error err = ERROR_INIT;
	struct extgit_head head;
	bool dirty = false;

	if (extgit_head(git, &head, &err) || extgit_is_dirty(git, &dirty, &err)) {
		doctor_fail(doctor, "git", "repair the repository: git fsck", &err);
		return;
	}
	if (head.unborn) {
		doctor_warn(doctor, "git", "commit something: baselines belong to commits",
			    "a repository without a commit");
		return;
	}
	if (head.shallow)
		doctor_warn(doctor, "git", DEEPEN,
			    "a shallow clone at %.12s: bases and older baselines may be missing",
			    head.commit);
	else
		doctor_ok(doctor, "git", "%s%s%.12s%s", head.branch, *head.branch ? " at " : "",
			  head.commit,
			  dirty ? ", with modified files: no baseline would be written" : "");
	look_at_branch(doctor, git, &head, remote);
}

void doctor_git(struct doctor *doctor)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO_FREE char *program = fs_find_program("git", NULL), *remote = NULL;
	struct error err = ERROR_INIT;

	if (extgit_open(&git, &err)) {
		doctor_fail(doctor, "git", "what `git status` says tells more", &err);
		return;
	}
	if (!git) {
		doctor_warn(doctor, "git", "git init: baselines are notes on commits",
			    "no repository here: only limits can be judged, no changes");
		return;
	}
	if (extgit_remote_find(git, wanted_remote(doctor), &remote, &err)) {
		doctor_fail(doctor, "git", "`baseline.remote:` must be one of `git remote`", &err);
		return;
	}
	look_at_head(doctor, git, remote);
	if (!program)
		doctor_warn(doctor, "git program", "apt-get install git",
			    "not in PATH: baselines cannot be exchanged, nor a base checked out");
}

/* ---- the notes ---- */

static int count_one(const char *commit, void *arg, struct error *err)
{
	size_t *n = arg;

	(void)commit;
	(void)err;
	(*n)++;
	return 0;
}

static int count_notes(const struct extgit *git, const char *reference, size_t *out,
		       struct error *err)
{
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;

	*out = 0;
	if (extgit_notes_open(git, reference, &notes, err))
		return -1;
	return notes ? extgit_notes_each(notes, count_one, out, err) : 0;
}

/* A lock that nobody holds stops every writer; only a person can know that (ext/git_notes.h). */
static bool look_for_lock(struct doctor *doctor, const struct extgit *git)
{
	AUTO_FREE char *lock = xasprintf("%s" BASELINE_REFERENCE ".lock", extgit_common_dir(git));
	AUTO_FREE char *remedy = xasprintf("when no perfgate and no git is running: rm %s", lock);
	char age[UNITS_TEXT_SIZE];
	struct stat info;

	if (lstat(lock, &info))
		return false;
	units_format_duration(clock_wall_ns() - info.st_mtim.tv_sec * NS_PER_S, age);
	doctor_warn(doctor, "baselines", remedy, "the notes are locked since %s", age);
	return true;
}

void doctor_baselines(struct doctor *doctor)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO_FREE char *remote = NULL;
	struct error err = ERROR_INIT;
	size_t here, there;

	if (extgit_open(&git, NULL) || !git || extgit_remote_find(git, NULL, &remote, NULL))
		return;
	if (count_notes(git, BASELINE_REFERENCE, &here, &err) ||
	    count_notes(git, BASELINE_REMOTE, &there, &err)) {
		doctor_fail(doctor, "baselines", "`perfgate baseline log` and git fsck tell more",
			    &err);
		return;
	}
	if (look_for_lock(doctor, git))
		return;
	if (here == 0 && there == 0)
		doctor_ok(doctor, "baselines",
			  "none here yet: `perfgate check --update-baseline` on %s makes one%s",
			  baseline_branch(doctor),
			  remote ? ", `perfgate baseline sync` fetches" : "");
	else if (!remote)
		doctor_warn(doctor, "baselines",
			    "add a remote, so that CI and others can compare with them",
			    "of %zu commit%s, and no remote: they stay in this clone", here,
			    here == 1 ? "" : "s");
	else
		doctor_ok(doctor, "baselines", "of %zu commit%s here, %zu fetched from %s", here,
			  here == 1 ? "" : "s", there, remote);
}
