#include "perfgate/baseline/select.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"

#include <stdio.h>
#include <string.h>

/* Recorded, but hosted runners change them every week. */
static const char *const not_compared[] = {"fingerprint",  "kernel", "os",
					   "memory_bytes", "image",  "runner_image"};

void selection_release(struct selection *selection)
{
	record_free(selection->record);
	selection->record = NULL;
}

bool run_is_in_ci(const struct run *run)
{
	return run->event && !text_equal(run->event, "local");
}

/* -- what differs ----------------------------------------------------- */

static bool is_compared(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_compared); i++)
		if (text_equal(key, not_compared[i]))
			return false;
	return true;
}

static void put_value(struct strbuf *out, const json_t *value)
{
	if (json_is_string(value))
		strbuf_puts(out, json_string_value(value));
	else if (value)
		extjson_dump_canonical(value, out);
	else
		strbuf_puts(out, "not known");
}

/* Append "path differs: X here, Y in the baseline" for the first leaf; true when there is one. */
static bool describe_difference(json_t *here, json_t *there, const char *path, struct strbuf *out)
{
	json_t *both, *ignored;
	const char *key;
	bool found = false;

	if (!json_is_object(here) || !json_is_object(there)) {
		strbuf_printf(out, "%s differs: ", path);
		put_value(out, here);
		strbuf_puts(out, " here, ");
		put_value(out, there);
		strbuf_puts(out, " in the baseline");
		return true;
	}
	both = json_copy(here);
	json_object_update_missing(both, there);
	json_object_foreach (both, key, ignored) {
		AUTO_FREE char *below = *path ? xasprintf("%s.%s", path, key) : xstrdup(key);
		json_t *one = json_object_get(here, key);
		json_t *other = json_object_get(there, key);

		if ((*path == '\0' && !is_compared(key)) || json_equal(one, other))
			continue;
		found = describe_difference(one, other, below, out);
		break;
	}
	json_decref(both);
	return found;
}

static void explain_fingerprint(const struct record *record, const struct run *run, char *reason,
				size_t reason_size)
{
	AUTO(strbuf) struct strbuf text = {.max_bytes = 512};

	if (!describe_difference(run->environment, record->environment, "", &text))
		strbuf_puts(&text, "the environment's fingerprint differs");
	snprintf(reason, reason_size, "%s", strbuf_text(&text));
}

static bool same_suite(const struct record *record, const struct run *run, char *reason,
		       size_t reason_size)
{
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];
		const struct record_scenario *there = record_scenario(record, scenario->name);

		if (!there) {
			snprintf(reason, reason_size, "scenario %s is not in it", scenario->name);
			return false;
		}
		if (!text_equal(there->suite_digest,
				scenario->suite_digest ? scenario->suite_digest : "none")) {
			snprintf(reason, reason_size,
				 "the suite of scenario %s differs (users, durations, tasks, "
				 "data or --quick)",
				 scenario->name);
			return false;
		}
	}
	return true;
}

bool record_is_comparable(const struct record *record, const struct run *run, int64_t epoch,
			  char *reason, size_t reason_size)
{
	if (record->local && run_is_in_ci(run)) {
		snprintf(reason, reason_size, "it was made outside CI");
		return false;
	}
	if (!text_equal(record->status, outcome_names[OUTCOME_PASS])) {
		snprintf(reason, reason_size, "that run did not pass");
		return false;
	}
	if (record->epoch != epoch) {
		snprintf(reason, reason_size, "epoch differs: %lld here, %lld in the baseline",
			 (long long)epoch, (long long)record->epoch);
		return false;
	}
	if (!same_suite(record, run, reason, reason_size))
		return false;
	if (!text_equal(record->fingerprint,
			extjson_get_string(run->environment, "fingerprint", "none"))) {
		explain_fingerprint(record, run, reason, reason_size);
		return false;
	}
	return true;
}

/* -- the walk --------------------------------------------------------- */

struct walk {
	const struct extgit_notes *notes;
	const struct run *run;
	int64_t epoch;
	struct selection *selection;
};

static int visit(const char *commit, void *arg, struct error *err)
{
	struct walk *walk = arg;
	struct selection *selection = walk->selection;
	AUTO(record_list) struct record_list list = {0};
	char why[600];

	if (notes_read(walk->notes, commit, &list, err))
		return -1;
	for (size_t i = 0; i < list.count; i++) {
		if (record_is_comparable(list.items[i], walk->run, walk->epoch, why, sizeof why)) {
			selection->record = TAKE(list.items[i]);
			return 1;
		}
		/* The nearest record is the one that people expect. */
		if (selection->reason[0] == '\0')
			snprintf(selection->reason, sizeof selection->reason,
				 "the baseline of %.12s does not compare: %s", commit, why);
	}
	return 0;
}

/* Where the walk starts: the merge-base, or HEAD when there is none. */
static int find_start(const struct extgit *git, const char *head, const struct settings *settings,
		      char *start, struct error *err)
{
	char tip[EXTGIT_OID_SIZE];
	bool found = false;

	memcpy(start, head, EXTGIT_OID_SIZE);
	if (!settings->baseline_branch || !extgit_branch_tip(git, settings->baseline_branch, tip))
		return 0;
	return extgit_merge_base(git, head, tip, start, &found, err);
}

static int walk_from(const struct extgit *git, struct walk *walk, const char *start, bool *cut,
		     struct error *err)
{
	return extgit_walk(git, start, SELECT_COMMITS, visit, walk, cut, err);
}

static void explain_none(struct selection *selection, const struct extgit_head *head,
			 const struct settings *settings, bool cut)
{
	if (selection->reason[0])
		return;
	if (head->shallow && cut)
		snprintf(selection->reason, sizeof selection->reason,
			 "no baseline in this shallow clone: use fetch-depth: 0 (git fetch "
			 "--unshallow)");
	else
		snprintf(selection->reason, sizeof selection->reason,
			 "no baseline yet: run perfgate check --update-baseline%s%s",
			 settings->baseline_branch ? " on " : "",
			 settings->baseline_branch ? settings->baseline_branch : "");
}

static int select_from(const struct extgit *git, struct walk *walk, const struct extgit_head *head,
		       const struct settings *settings, struct error *err)
{
	char start[EXTGIT_OID_SIZE];
	bool cut = false;

	if (find_start(git, head->commit, settings, start, err) ||
	    walk_from(git, walk, start, &cut, err))
		return -1;
	if (!walk->selection->record && !run_is_in_ci(walk->run) &&
	    strcmp(start, head->commit) != 0 && walk_from(git, walk, head->commit, &cut, err))
		return -1;
	if (!walk->selection->record)
		explain_none(walk->selection, head, settings, cut);
	return 0;
}

int baseline_select(const struct extgit *git, const struct run *run,
		    const struct settings *settings, struct selection *out, struct error *err)
{
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(selection) struct selection selection = {0};
	struct walk walk = {.run = run, .epoch = settings->baseline_epoch, .selection = &selection};
	struct extgit_head head;

	if (extgit_head(git, &head, err) || extgit_notes_open(git, BASELINE_REFERENCE, &notes, err))
		return -1;
	walk.notes = notes;
	if (head.unborn)
		snprintf(selection.reason, sizeof selection.reason,
			 "no baseline yet: the repository has no commit, commit first");
	else if (!notes)
		explain_none(&selection, &head, settings, head.shallow);
	else if (select_from(git, &walk, &head, settings, err))
		return -1;
	if (selection.record &&
	    !record_time_is_plausible(selection.record, clock_wall_ns() / NS_PER_S))
		log_warning("the baseline of %.12s has an impossible time, %s",
			    selection.record->commit, selection.record->when);
	*out = selection;
	selection.record = NULL;
	return 0;
}
