#include "perfgate/baseline/history.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/baseline/sync.h"
#include "perfgate/ext/git_remote.h"

#include <stdio.h>
#include <string.h>

/* Commits of a merged branch whose messages are looked at. */
#define SIDE_COMMITS 50
#define DAY_S 86400
#define FILE_LIMIT_BYTES ((size_t)1 << 20)

void baseline_history_release(struct baseline_history *history)
{
	for (size_t i = 0; i < history->count; i++)
		record_free(history->items[i]);
	free(history->items);
	record_free(history->nearest);
	free(history->accepted);
	arena_release(&history->arena);
	memset(history, 0, sizeof *history);
}

const struct history_acceptance *baseline_history_accepted(const struct baseline_history *history,
							   const char *scenario,
							   const char *endpoint, enum metric metric)
{
	for (size_t i = 0; i < history->n_accepted; i++)
		if (acceptance_covers(&history->accepted[i].accepted, scenario, endpoint, metric))
			return &history->accepted[i];
	return NULL;
}

size_t baseline_history_usable(const struct baseline_history *history, const char *scenario,
			       const char *endpoint, enum metric metric)
{
	const struct history_acceptance *found =
		baseline_history_accepted(history, scenario, endpoint, metric);

	return found ? found->since : history->count;
}

/* -- what a commit says ----------------------------------------------- */

struct reading {
	const struct extgit *git;
	const struct run *run;
	const struct settings *settings;
	const struct ci *ci;
	struct extgit_head head;
	char *remote; /* heap or NULL */
	struct extgit_notes *baselines, *accepted; /* NULL: none yet */
	struct baseline_history *history;
	const char *stop; /* end of a side branch, not looked at */
};

static void reading_release(struct reading *reading)
{
	extgit_notes_free(reading->baselines);
	extgit_notes_free(reading->accepted);
	free(reading->remote);
}
DEFINE_AUTO_VALUE(reading, struct reading, reading_release)

/* An acceptance is read after the records of its commit, so they are in `since`. */
static int read_acceptances(const struct reading *reading, const char *commit, struct error *err)
{
	struct baseline_history *history = reading->history;
	AUTO(acceptance_list) struct acceptance_list list = {0};
	int64_t today = clock_wall_ns() / NS_PER_S / DAY_S;

	if (acceptance_read(reading->git, reading->accepted, commit,
			    extgit_has_commit(reading->git, commit), &history->arena, &list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		struct history_acceptance *slot;

		if (!acceptance_holds(&list.items[i], today))
			continue;
		slot = VEC_PUSH(history->accepted, history->n_accepted, history->accepted_capacity);
		*slot = (struct history_acceptance){list.items[i], history->count};
	}
	return 0;
}

static int visit_side(const char *commit, void *arg, struct error *err)
{
	const struct reading *reading = arg;

	return strcmp(commit, reading->stop) == 0 ? 1 : read_acceptances(reading, commit, err);
}

/* First parents of `tip` down to `stop`. */
static int walk_side(struct reading *reading, const char *tip, const char *stop, struct error *err)
{
	if (!extgit_has_commit(reading->git, tip))
		return 0;
	reading->stop = stop;
	return extgit_walk(reading->git, tip, SIDE_COMMITS, visit_side, reading, NULL, err);
}

/* What a merge commit brought in: trailers of the branch would be lost on first parents. */
static int read_merged(struct reading *reading, const char *commit, struct error *err)
{
	char first[EXTGIT_OID_SIZE], second[EXTGIT_OID_SIZE], base[EXTGIT_OID_SIZE];
	bool related;

	if (!extgit_has_commit(reading->git, commit))
		return 0;
	if (extgit_parent(reading->git, commit, 0, first, err) ||
	    extgit_parent(reading->git, commit, 1, second, err))
		return -1;
	if (*second == '\0' || !extgit_has_commit(reading->git, first) ||
	    !extgit_has_commit(reading->git, second))
		return 0;
	if (extgit_merge_base(reading->git, first, second, base, &related, err))
		return -1;
	return related ? walk_side(reading, second, base, err) : 0;
}

static int read_records(const struct reading *reading, const char *commit, struct error *err)
{
	struct baseline_history *history = reading->history;
	AUTO(record_list) struct record_list list = {0};
	bool in_ci = reading->ci->kind != CI_NONE;
	char why[600];

	if (!reading->baselines)
		return 0;
	if (notes_read(reading->baselines, commit, &list, err))
		return -1;
	for (size_t i = 0; i < list.count && history->count < HISTORY_RECORDS; i++) {
		if (record_is_comparable(list.items[i], reading->run,
					 reading->settings->baseline_epoch, in_ci, why, sizeof why))
			*VEC_PUSH(history->items, history->count, history->capacity) =
				TAKE(list.items[i]);
		/* The nearest record is the one that people expect. */
		else if (history->reason[0] == '\0') {
			snprintf(history->reason, sizeof history->reason,
				 "the baseline of %.12s does not compare: %s", commit, why);
			record_free(history->nearest);
			history->nearest = TAKE(list.items[i]);
		}
	}
	return 0;
}

static int visit(const char *commit, void *arg, struct error *err)
{
	struct reading *reading = arg;

	if (read_records(reading, commit, err) || read_acceptances(reading, commit, err) ||
	    read_merged(reading, commit, err))
		return -1;
	return reading->history->count >= HISTORY_RECORDS;
}

/* -- where to start --------------------------------------------------- */

struct start {
	char commit[EXTGIT_OID_SIZE]; /* "" = unknown here */
	const char *branch; /* its merge-base with HEAD is meant; NULL: `commit` is known */
};

static const char *target_branch(const struct reading *reading)
{
	if (reading->ci->kind == CI_PULL_REQUEST && reading->ci->base_branch[0])
		return reading->ci->base_branch;
	return reading->settings->baseline_branch;
}

/* HEAD^1, when HEAD is GitHub's merge of the pull request's head into its base. */
static int find_merge_ref(const struct reading *reading, struct start *start, struct error *err)
{
	const struct ci *ci = reading->ci;
	char second[EXTGIT_OID_SIZE];

	if (ci->kind != CI_PULL_REQUEST || !ci->merge_ref)
		return 0;
	if (extgit_parent(reading->git, reading->head.commit, 1, second, err))
		return -1;
	if (*second == '\0' || (ci->head_commit[0] && strcmp(second, ci->head_commit) != 0))
		return 0;
	return extgit_parent(reading->git, reading->head.commit, 0, start->commit, err);
}

static int find_start(const struct reading *reading, struct start *start, struct error *err)
{
	const struct ci *ci = reading->ci;
	const char *head = reading->head.commit, *branch = target_branch(reading);
	char tip[EXTGIT_OID_SIZE];
	bool found = false;

	*start = (struct start){.commit = ""};
	if (find_merge_ref(reading, start, err))
		return -1;
	if (start->commit[0])
		return 0;
	/* The branch itself: no history is needed to know where it begins. */
	if (ci->kind != CI_PULL_REQUEST && text_equal(ci->branch, branch)) {
		memcpy(start->commit, head, EXTGIT_OID_SIZE);
		return 0;
	}
	if (branch && extgit_branch_tip(reading->git, reading->remote, branch, tip)) {
		found = true;
	} else if (ci->base_commit[0] && extgit_has_commit(reading->git, ci->base_commit)) {
		memcpy(tip, ci->base_commit, sizeof tip);
		found = true;
	}
	if (found && extgit_merge_base(reading->git, head, tip, start->commit, &found, err))
		return -1;
	if (found)
		return 0;
	start->commit[0] = '\0';
	start->branch = branch;
	/* A pull request never starts at its own head. */
	if (ci->kind != CI_PULL_REQUEST && !reading->head.shallow)
		memcpy(start->commit, head, EXTGIT_OID_SIZE);
	return 0;
}

/* -- the walk --------------------------------------------------------- */

/* Is the history complete enough, or can it be made so? False: walk what is here. */
static bool walk_aside(struct reading *reading, const struct start *start, int *result,
		       struct error *err)
{
	AUTO(strbuf) struct strbuf commits = {0};
	const char *one = start->branch ? reading->head.commit : start->commit;
	struct error why = ERROR_INIT;

	if (!reading->head.shallow || !reading->remote)
		return false;
	if ((!start->branch && start->commit[0] == '\0') || !one[0])
		return false;
	if (extgit_fetch_history(reading->git, reading->remote, one, start->branch, HISTORY_COMMITS,
				 &commits, &why)) {
		log_warning("the history that this shallow clone lacks is not to be had: %s",
			    why.message);
		return false;
	}
	*result = 0;
	for (char *line = commits.data; *result == 0 && line && *line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		*result = visit(line, reading, err);
		line = end ? end + 1 : NULL;
	}
	return true;
}

/* The commits of the run's own branch: what they accept leaves no history. */
static int read_own(struct reading *reading, const struct start *start, struct error *err)
{
	char second[EXTGIT_OID_SIZE];

	if (strcmp(start->commit, reading->head.commit) == 0)
		return 0;
	if (extgit_parent(reading->git, reading->head.commit, 1, second, err))
		return -1;
	if (*second && read_merged(reading, reading->head.commit, err))
		return -1;
	return walk_side(reading, reading->head.commit, start->commit, err);
}

static void explain_none(const struct reading *reading, bool cut)
{
	struct baseline_history *history = reading->history;
	const char *branch = reading->settings->baseline_branch;

	if (history->reason[0] || history->count)
		return;
	if (reading->head.shallow && cut)
		snprintf(history->reason, sizeof history->reason,
			 "no baseline in this shallow clone: use fetch-depth: 0 (git fetch "
			 "--unshallow)");
	else
		snprintf(history->reason, sizeof history->reason,
			 "no baseline yet: run perfgate check --update-baseline%s%s%s",
			 branch ? " on " : "", branch ? branch : "",
			 reading->ci->kind == CI_NONE && reading->remote
				 ? ", or get those of CI with perfgate baseline sync"
				 : "");
}

static int walk(struct reading *reading, struct error *err)
{
	struct baseline_history *history = reading->history;
	const char *head = reading->head.commit;
	bool cut = reading->head.shallow;
	struct start start;
	int aside = 0;

	if (find_start(reading, &start, err))
		return -1;
	if (start.commit[0] && extgit_has_commit(reading->git, start.commit) &&
	    read_own(reading, &start, err))
		return -1;
	if (walk_aside(reading, &start, &aside, err))
		return aside < 0 ? -1 : 0;
	if (start.commit[0] == '\0') {
		if (reading->head.shallow)
			explain_none(reading, true);
		else
			snprintf(history->reason, sizeof history->reason,
				 "no baseline: the base branch %s is not in this clone: use "
				 "fetch-depth: 0",
				 target_branch(reading));
		return 0;
	}
	if (extgit_has_commit(reading->git, start.commit) &&
	    extgit_walk(reading->git, start.commit, HISTORY_COMMITS, visit, reading, &cut, err))
		return -1;
	if (history->count == 0 && reading->ci->kind == CI_NONE &&
	    strcmp(start.commit, head) != 0) {
		history->n_accepted = 0;
		if (extgit_walk(reading->git, head, HISTORY_COMMITS, visit, reading, &cut, err))
			return -1;
	}
	explain_none(reading, cut);
	return 0;
}

/* -- which notes ------------------------------------------------------ */

/* Notes that are not to be trusted are none, and that is said loudly. */
static int open_one(struct reading *reading, const char *reference, struct extgit_notes **out,
		    struct error *err)
{
	struct baseline_history *history = reading->history;
	char doubt[512];

	if (notes_open(reading->git, reading->settings, reference, out, doubt, sizeof doubt, err))
		return -1;
	if (*doubt == '\0')
		return 0;
	log_warning("%s", doubt);
	snprintf(history->warning, sizeof history->warning, "%s", doubt);
	if (out == &reading->baselines)
		snprintf(history->reason, sizeof history->reason, "no baseline: none is trusted");
	extgit_notes_free(TAKE(*out));
	return 0;
}

/* In CI what the remote has now; else what the clone has. */
static int open_notes(struct reading *reading, struct error *err)
{
	bool in_ci = reading->ci->kind != CI_NONE;

	if (in_ci) {
		AUTO(sync_report) struct sync_report report = {0};

		if (baseline_fetch(reading->git, reading->settings, &report, err))
			return -1;
		snprintf(reading->history->warning, sizeof reading->history->warning, "%s",
			 report.rewritten);
		reading->remote = TAKE(report.remote);
		if (!reading->remote) {
			snprintf(reading->history->reason, sizeof reading->history->reason,
				 "no baseline: CI reads those of the remote, and this clone has no "
				 "remote");
			return 0;
		}
	} else if (extgit_remote_find(reading->git, reading->settings->baseline_remote,
				      &reading->remote, err)) {
		return -1;
	}
	return open_one(reading, in_ci ? BASELINE_REMOTE : BASELINE_REFERENCE, &reading->baselines,
			err) ||
	       open_one(reading, in_ci ? ACCEPTED_REMOTE : ACCEPTED_REFERENCE, &reading->accepted,
			err);
}

static int read_history(struct reading *reading, struct error *err)
{
	struct baseline_history *history = reading->history;

	if (extgit_head(reading->git, &reading->head, err))
		return -1;
	if (reading->head.unborn) {
		snprintf(history->reason, sizeof history->reason,
			 "no baseline yet: the repository has no commit, commit first");
		return 0;
	}
	if (open_notes(reading, err))
		return -1;
	if (history->reason[0] == '\0' && !reading->baselines)
		explain_none(reading, reading->head.shallow && reading->ci->kind == CI_NONE);
	return reading->baselines ? walk(reading, err) : 0;
}

static void warn_of_times(const struct baseline_history *history)
{
	const struct record *newest = history->count ? history->items[0] : NULL;

	if (newest && !record_time_is_plausible(newest, clock_wall_ns() / NS_PER_S))
		log_warning("the baseline of %.12s has an impossible time, %s", newest->commit,
			    newest->when);
}

int baseline_history_read(const struct run *run, const struct settings *settings,
			  const struct ci *ci, struct baseline_history *out, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(baseline_history) struct baseline_history history = {0};
	AUTO(reading)
	struct reading reading = {.run = run, .settings = settings, .ci = ci, .history = &history};

	if (extgit_open(&git, err))
		return -1;
	reading.git = git;
	if (!git)
		snprintf(history.reason, sizeof history.reason,
			 "no baseline: not inside a git repository");
	else if (read_history(&reading, err))
		return -1;
	warn_of_times(&history);
	/* The notes must go before the repository. */
	extgit_notes_free(TAKE(reading.baselines));
	extgit_notes_free(TAKE(reading.accepted));
	*out = history;
	history = (struct baseline_history){0};
	return 0;
}

/* -- a file of the base commit ---------------------------------------- */

/* Opened from `git`, which outlives it; start.commit is "" when nothing is known. */
static int find_base(struct reading *reading, const struct extgit *git, struct start *start,
		     struct error *err)
{
	*start = (struct start){.commit = ""};
	reading->git = git;
	if (extgit_head(git, &reading->head, err))
		return -1;
	if (reading->head.unborn)
		return 0;
	if (extgit_remote_find(git, reading->settings->baseline_remote, &reading->remote, err) ||
	    find_start(reading, start, err))
		return -1;
	return 0;
}

int baseline_base_commit(const struct settings *settings, const struct ci *ci, char *out_commit,
			 struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(reading) struct reading reading = {.settings = settings, .ci = ci};
	struct start start;

	if (extgit_open(&git, err))
		return -1;
	if (!git)
		return error_set(err, ERROR_USAGE, "there is no git repository here");
	if (find_base(&reading, git, &start, err))
		return -1;
	if (start.commit[0] == '\0' || !extgit_has_commit(git, start.commit))
		return error_set(
			err, ERROR_USAGE,
			"where HEAD left `%s` is not in this clone: fetch it (fetch-depth: "
			"0)",
			target_branch(&reading));
	memcpy(out_commit, start.commit, EXTGIT_OID_SIZE);
	return 0;
}

int baseline_base_file(const struct settings *settings, const struct ci *ci, const char *path,
		       char *out_commit, struct strbuf *out, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(reading) struct reading reading = {.settings = settings, .ci = ci};
	AUTO_FREE char *inside = NULL;
	struct start start;
	bool found = false;

	*out_commit = '\0';
	if (extgit_open(&git, err))
		return -1;
	inside = git ? extgit_path_in_tree(git, path) : NULL;
	if (!inside)
		return 0;
	if (find_base(&reading, git, &start, err))
		return -1;
	if (reading.head.unborn)
		return 0;
	if (start.commit[0] == '\0' || !extgit_has_commit(git, start.commit))
		return error_set(err, ERROR_BASELINE,
				 "the base commit is not in this clone: use fetch-depth: 0");
	if (extgit_read_file(git, start.commit, inside, FILE_LIMIT_BYTES, &found, out, err))
		return -1;
	if (found)
		memcpy(out_commit, start.commit, EXTGIT_OID_SIZE);
	return 0;
}
