#include "perfgate/baseline/sync.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/units.h"
#include "perfgate/ext/git_remote.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_PAUSE_NS (200 * NS_PER_MS)
#define LAST_PAUSE_NS (10 * NS_PER_S)
#define LOCAL_BUDGET_NS (10 * NS_PER_S)

/* The references of one kind of notes. */
struct store {
	const char *local, *remote, *seen;
};

static const struct store stores[] = {
	{BASELINE_REFERENCE, BASELINE_REMOTE, "refs/perfgate/seen/baselines"},
	{ACCEPTED_REFERENCE, ACCEPTED_REMOTE, "refs/perfgate/seen/accepted"},
};

struct sync {
	const struct extgit *git;
	const struct settings *settings;
	const struct sync_options *options;
	const struct record *record; /* to publish; NULL: all notes of the clone */
	struct sync_report *report;
	int64_t budget_ns, deadline_ns;
	struct rng rng;
};

void sync_report_release(struct sync_report *report)
{
	free(report->remote);
	report->remote = NULL;
}

/* -- references ------------------------------------------------------- */

static int read_tip(const struct sync *sync, const char *reference, char *out, struct error *err)
{
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;

	if (extgit_notes_open(sync->git, reference, &notes, err))
		return -1;
	snprintf(out, EXTGIT_OID_SIZE, "%s", extgit_notes_tip(notes));
	return 0;
}

/* For references that only tell what was seen: another of us who was faster is right, too. */
static int move(const struct sync *sync, const char *reference, const char *to, struct error *err)
{
	char from[EXTGIT_OID_SIZE];
	bool swapped = false;

	if (read_tip(sync, reference, from, err))
		return -1;
	if (*to == '\0' || strcmp(from, to) == 0)
		return 0;
	return extgit_notes_swap(sync->git, reference, from, to, clock_now_ns() + LOCAL_BUDGET_NS,
				 &swapped, err);
}

/* Does the remote's history still hold what was seen of it? */
static int check_rewritten(const struct sync *sync, const struct store *store, struct error *err)
{
	char seen[EXTGIT_OID_SIZE], now[EXTGIT_OID_SIZE], base[EXTGIT_OID_SIZE] = "";
	struct sync_report *report = sync->report;
	bool related = false;

	if (read_tip(sync, store->seen, seen, err) || read_tip(sync, store->remote, now, err))
		return -1;
	if (*seen == '\0')
		return sync->options->dry_run ? 0 : move(sync, store->seen, now, err);
	if (*now && extgit_merge_base(sync->git, seen, now, base, &related, err))
		return -1;
	if (related && strcmp(base, seen) == 0)
		return sync->options->dry_run ? 0 : move(sync, store->seen, now, err);
	/* What was seen stays on record until the history holds it again, or a person agrees. */
	if (report->rewritten[0] == '\0')
		snprintf(report->rewritten, sizeof report->rewritten,
			 "the history of %s on %s was rewritten: %.12s, seen before, is no longer "
			 "in it; if that was meant: git update-ref -d %s",
			 store->local, report->remote, seen, store->seen);
	return 0;
}

static int fetch_once(const struct sync *sync, struct error *err)
{
	if (extgit_fetch_notes(sync->git, sync->report->remote, sync->deadline_ns, err))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++)
		if (check_rewritten(sync, &stores[i], err))
			return -1;
	return 0;
}

/*
 * A slow fetch of ours may end behind a faster one's push, and look like a step back: what
 * was rewritten still is at a second look.
 */
static int fetch(const struct sync *sync, struct error *err)
{
	bool known = sync->report->rewritten[0] != '\0';

	if (fetch_once(sync, err))
		return -1;
	if (known || sync->report->rewritten[0] == '\0')
		return 0;
	sync->report->rewritten[0] = '\0';
	return fetch_once(sync, err);
}

/* -- what to push ----------------------------------------------------- */

/* With baseline.signed nothing is passed on, in either direction, that git does not trust. */
static int check_signed(const struct sync *sync, const char *reference, const char *commit,
			struct error *err)
{
	char doubt[256] = "";

	if (!sync->settings->baseline_signed || *commit == '\0')
		return 0;
	if (extgit_notes_verify(sync->git, commit, doubt, sizeof doubt, err))
		return -1;
	if (*doubt)
		return error_set(err, ERROR_BASELINE,
				 "baselines not exchanged: %s at %.12s is not to be trusted: %s; "
				 "look at it, then vouch for it: perfgate baseline sync --sign",
				 reference, commit, doubt);
	return 0;
}

/* `--sign`: a commit of ours on top, when the notes are not trusted as they are. */
static int vouch(const struct sync *sync, const char *reference, char *commit, struct error *err)
{
	struct extgit_notes_author by =
		notes_author(sync->settings, "Notes vouched for with perfgate\n");
	char doubt[256] = "", old[EXTGIT_OID_SIZE];

	if (*commit == '\0')
		return 0;
	if (extgit_notes_verify(sync->git, commit, doubt, sizeof doubt, err))
		return -1;
	if (*doubt == '\0')
		return 0;
	by.signing = NOTES_VOUCHED;
	memcpy(old, commit, sizeof old);
	if (extgit_notes_commit(sync->git, old, NULL, 0, &by, commit, err))
		return -1;
	log_info("%s: signed on top of %.12s (%s)", reference, old, doubt);
	return 0;
}

/* The union of the clone's notes and the remote's; the clone has it, too, afterwards. */
static int merge_local(const struct sync *sync, const struct store *store, const char *theirs,
		       char *out, struct error *err)
{
	struct extgit_notes_merging merging = {.limit_bytes = NOTE_LIMIT_BYTES,
					       .merge = notes_merge_three,
					       .author =
						       notes_author(sync->settings,
								    "Notes merged by perfgate\n")};
	int64_t deadline_ns = clock_now_ns() + LOCAL_BUDGET_NS;
	char ours[EXTGIT_OID_SIZE];
	bool swapped = false;

	if (sync->options->sign)
		merging.author.signing = NOTES_VOUCHED;
	while (!swapped) {
		size_t received = 0;

		if (read_tip(sync, store->local, ours, err) ||
		    extgit_notes_merge(sync->git, ours, theirs, &merging, out, err) ||
		    (sync->options->sign ? vouch(sync, store->local, out, err)
					 : check_signed(sync, store->local, out, err)))
			return -1;
		if (strcmp(ours, out) == 0)
			return 0;
		if (extgit_notes_differences(sync->git, ours, out, &received, err))
			return -1;
		if (sync->options->dry_run)
			swapped = true;
		else if (extgit_notes_swap(sync->git, store->local, ours, out, deadline_ns,
					   &swapped, err))
			return -1;
		if (swapped)
			sync->report->received += received;
	}
	return 0;
}

/* The remote's notes with the record in them. */
static int add_record(const struct sync *sync, const struct store *store, const char *theirs,
		      char *out, struct error *err)
{
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(strbuf) struct strbuf old = {0};
	AUTO(strbuf) struct strbuf text = {0};
	enum extgit_note_state state = NOTE_ABSENT;
	struct extgit_note_edit edit = {{0}, NULL, 0};
	const struct extgit_notes_author by =
		notes_author(sync->settings, "Notes added by perfgate\n");

	memmove(out, theirs, EXTGIT_OID_SIZE);
	if (extgit_notes_open(sync->git, store->remote, &notes, err) ||
	    (notes &&
	     extgit_note_read(notes, sync->record->commit, NOTE_LIMIT_BYTES, &state, &old, err)))
		return -1;
	if (state == NOTE_TOO_LARGE)
		return error_set(err, ERROR_BASELINE,
				 "baseline not pushed: the note of %.12s on %s is too large",
				 sync->record->commit, sync->report->remote);
	if (notes_merge(strbuf_text(&old), old.length, sync->record->line, &text, err))
		return -1;
	if (strcmp(strbuf_text(&old), strbuf_text(&text)) == 0)
		return 0;
	snprintf(edit.object, sizeof edit.object, "%s", sync->record->commit);
	edit.text = text.data;
	edit.length = text.length;
	return extgit_notes_commit(sync->git, theirs, &edit, 1, &by, out, err);
}

/* -- push ------------------------------------------------------------- */

static int fail_push(const struct sync *sync, enum extgit_push state, const char *reason,
		     struct error *err)
{
	char budget[UNITS_TEXT_SIZE];

	if (state == PUSH_DECLINED)
		return error_set(err, ERROR_BASELINE,
				 "baselines not pushed: `%s` refuses them: %s; may this job write "
				 "(contents: write)?",
				 sync->report->remote, reason);
	units_format_duration(sync->budget_ns, budget);
	return error_set(err, ERROR_BASELINE,
			 "baselines not pushed to `%s` within %s: %s; they are kept here for the "
			 "next `perfgate baseline sync`",
			 sync->report->remote, budget, reason);
}

/* Anywhere from nothing to the whole: those who collided do not meet again. */
static void back_off(struct sync *sync, unsigned tries)
{
	int64_t most_ns = FIRST_PAUSE_NS << (tries < 6 ? tries : 6);
	int64_t left_ns = sync->deadline_ns - clock_now_ns(), ns;
	struct timespec pause;

	most_ns = most_ns < LAST_PAUSE_NS ? most_ns : LAST_PAUSE_NS;
	most_ns = most_ns < left_ns ? most_ns : left_ns;
	ns = most_ns > 0 ? (int64_t)rng_below(&sync->rng, (uint64_t)most_ns) : 0;
	pause = (struct timespec){ns / NS_PER_S, ns % NS_PER_S};
	nanosleep(&pause, NULL);
}

/* One attempt, behind a fetch. */
static int push_store(struct sync *sync, const struct store *store, enum extgit_push *state,
		      char *reason, size_t reason_size, struct error *err)
{
	char seen[EXTGIT_OID_SIZE], commit[EXTGIT_OID_SIZE];
	size_t sent = 0;

	*state = PUSH_DONE;
	if (read_tip(sync, store->remote, seen, err))
		return -1;
	if (sync->record ? add_record(sync, store, seen, commit, err)
			 : merge_local(sync, store, seen, commit, err))
		return -1;
	if (strcmp(commit, seen) == 0 || sync->options->fetch_only)
		return 0;
	if (extgit_notes_differences(sync->git, seen, commit, &sent, err))
		return -1;
	if (!sync->options->dry_run &&
	    extgit_push(sync->git, sync->report->remote, commit, store->local, seen,
			sync->deadline_ns, state, reason, reason_size, err))
		return -1;
	if (*state == PUSH_DONE)
		sync->report->sent += sent;
	if (*state != PUSH_DONE || sync->options->dry_run)
		return 0;
	return move(sync, store->remote, commit, err) || move(sync, store->seen, commit, err);
}

static int push_with_retries(struct sync *sync, const struct store *store, struct error *err)
{
	enum extgit_push state;
	char reason[256] = "";

	for (unsigned tries = 0;; tries++) {
		if (push_store(sync, store, &state, reason, sizeof reason, err))
			return -1;
		if (state == PUSH_DONE)
			return 0;
		if (state == PUSH_DECLINED || clock_now_ns() >= sync->deadline_ns)
			return fail_push(sync, state, reason, err);
		log_debug("push of %s: %s, attempt %u", store->local, reason, tries + 1);
		back_off(sync, tries);
		if (fetch(sync, err))
			return -1;
	}
}

/* -- the three uses --------------------------------------------------- */

static const struct sync_options no_options;

static int begin(struct sync *sync, struct error *err)
{
	*sync->report = (struct sync_report){0};
	sync->budget_ns = sync->options->budget_ns ? sync->options->budget_ns : SYNC_BUDGET_NS;
	sync->deadline_ns = clock_now_ns() + sync->budget_ns;
	rng_seed(&sync->rng, rng_entropy(), 0);
	if (extgit_remote_find(sync->git, sync->settings->baseline_remote, &sync->report->remote,
			       err))
		return -1;
	return sync->report->remote ? fetch(sync, err) : 0;
}

static int finish(const struct sync *sync, int result)
{
	if (sync->report->rewritten[0])
		log_warning("%s", sync->report->rewritten);
	if (result)
		sync_report_release(sync->report);
	return result;
}

int baseline_sync(const struct extgit *git, const struct settings *settings,
		  const struct sync_options *options, struct sync_report *out, struct error *err)
{
	struct sync sync = {.git = git, .settings = settings, .options = options, .report = out};
	int result = begin(&sync, err);

	for (size_t i = 0; i < ARRAY_SIZE(stores) && out->remote && result == 0; i++)
		result = push_with_retries(&sync, &stores[i], err);
	return finish(&sync, result);
}

int baseline_fetch(const struct extgit *git, const struct settings *settings,
		   struct sync_report *out, struct error *err)
{
	struct sync sync = {.git = git,
			    .settings = settings,
			    .options = &no_options,
			    .report = out};

	return finish(&sync, begin(&sync, err));
}

int baseline_publish(const struct extgit *git, const struct settings *settings,
		     const struct record *record, struct sync_report *out, struct error *err)
{
	struct sync sync = {.git = git,
			    .settings = settings,
			    .options = &no_options,
			    .record = record,
			    .report = out};
	int result = begin(&sync, err);

	if (result == 0 && out->remote)
		result = push_with_retries(&sync, &stores[0], err);
	return finish(&sync, result);
}
