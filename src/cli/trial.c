#include "perfgate/cli/trial.h"

#include "perfgate/cli/baseline_table.h"
#include "perfgate/verdict/earned.h"

#include <string.h>

#define WALK_MAX 10000
#define ROWS_MAX 20
#define CELLS_SHOWN 3

/* A record, and the acceptances that lie between it and the one before. */
struct trial_run {
	struct record *record;
	struct acceptance_list accepted;
	const struct acceptance *by[RECORD_ADVISORY_MAX]; /* per advisory cell; NULL = nobody */
	bool would_fail, false_alarm;
};

struct trial {
	const struct extgit *git;
	const struct extgit_notes *notes, *accepted; /* accepted: NULL = none */
	struct arena arena;
	struct trial_run *runs; /* newest first */
	size_t count, capacity, commits, limit;
	size_t left_out; /* another epoch, or made outside CI */
	size_t would_fail, false_alarms;
};

static void trial_run_release(struct trial_run *run)
{
	record_free(run->record);
	acceptance_list_release(&run->accepted);
}

static void trial_release(struct trial *trial)
{
	for (size_t i = 0; i < trial->count; i++)
		trial_run_release(&trial->runs[i]);
	free(trial->runs);
	arena_release(&trial->arena);
}
DEFINE_AUTO_VALUE(trial, struct trial, trial_release)

/* -- reading ---------------------------------------------------------- */

static int visit(const char *commit, void *arg, struct error *err)
{
	struct trial *trial = arg;
	AUTO(record_list) struct record_list list = {0};

	if (notes_read(trial->notes, commit, &list, err))
		return -1;
	if (list.count > 0 && trial->commits++ == trial->limit)
		return 1;
	for (size_t i = 0; i < list.count; i++)
		*VEC_PUSH(trial->runs, trial->count, trial->capacity) =
			(struct trial_run){.record = TAKE(list.items[i])};
	if (trial->count == 0)
		return 0;
	return acceptance_read(trial->git, trial->accepted, commit, true, &trial->arena,
			       &trial->runs[trial->count - 1].accepted, err);
}

/* Keeps the runs of the newest one's epoch, and CI's when there are any. */
static void select_runs(struct trial *trial)
{
	bool in_ci = false;
	size_t kept = 0;
	int64_t epoch = trial->count ? trial->runs[0].record->epoch : 0;

	for (size_t i = 0; i < trial->count; i++)
		in_ci = in_ci || !trial->runs[i].record->local;
	for (size_t i = 0; i < trial->count; i++) {
		struct trial_run *run = &trial->runs[i];

		if (run->record->epoch == epoch && run->record->local != in_ci) {
			trial->runs[kept++] = *run;
			continue;
		}
		/* What was accepted there was accepted before the next run that counts. */
		for (size_t j = 0; kept > 0 && j < run->accepted.count; j++) {
			struct acceptance_list *list = &trial->runs[kept - 1].accepted;

			*VEC_PUSH(list->items, list->count, list->capacity) =
				run->accepted.items[j];
		}
		trial_run_release(run);
		trial->left_out++;
	}
	trial->count = kept;
}

/* -- judging ---------------------------------------------------------- */

static bool same_cell(const struct record_advisory *a, const struct record_advisory *b)
{
	return a->metric == b->metric && a->regression == b->regression &&
	       text_equal(a->scenario, b->scenario) && text_equal(a->endpoint, b->endpoint);
}

static const struct acceptance *find_acceptance(const struct acceptance_list *list,
						const struct record_advisory *cell)
{
	for (size_t i = 0; i < list->count; i++)
		if (acceptance_covers(&list->items[i], cell->scenario, cell->endpoint,
				      cell->metric))
			return &list->items[i];
	return NULL;
}

/* A commit's acceptances lie behind the last of its records. */
static const struct acceptance *accepted_by(const struct trial *trial, size_t at,
					    const struct record_advisory *cell)
{
	const struct trial_run *run = &trial->runs[at];
	const struct trial_run *end = trial->runs + trial->count, *before = run + 1;
	const struct acceptance *found = find_acceptance(&run->accepted, cell);

	for (const struct trial_run *same = before;
	     !found && same < end && text_equal(same->record->commit, run->record->commit); same++)
		found = find_acceptance(&same->accepted, cell);
	for (size_t i = 0; !found && before < end && i < before->record->n_advisory; i++)
		if (same_cell(&before->record->advisory[i], cell))
			found = before->by[i];
	return found;
}

/* From the oldest on: what was accepted once stays so while it lasts. */
static void judge(struct trial *trial)
{
	for (size_t i = trial->count; i-- > 0;) {
		struct trial_run *run = &trial->runs[i];

		run->would_fail = run->record->n_advisory > 0;
		for (size_t j = 0; j < run->record->n_advisory; j++) {
			run->by[j] = accepted_by(trial, i, &run->record->advisory[j]);
			run->false_alarm = run->false_alarm || !run->by[j];
		}
		trial->would_fail += run->would_fail;
		trial->false_alarms += run->false_alarm;
	}
}

/* -- telling ---------------------------------------------------------- */

static char *cell_name(const struct record_advisory *cell)
{
	return xasprintf("%s/%s/%s%s", cell->scenario, cell->endpoint,
			 metric_table[cell->metric].name, cell->regression ? " regression" : "");
}

static json_t *run_json(const struct trial_run *run)
{
	json_t *out = extjson_object(), *cells = extjson_array();

	extjson_set(out, "commit", extjson_string(run->record->commit));
	extjson_set(out, "run", extjson_string(run->record->run_id));
	extjson_set(out, "when", extjson_string(run->record->when));
	for (size_t i = 0; i < run->record->n_advisory; i++) {
		AUTO_FREE char *name = cell_name(&run->record->advisory[i]);
		json_t *cell = extjson_object();

		extjson_set(cell, "cell", extjson_string(name));
		extjson_set(cell, "accepted",
			    run->by[i] ? acceptance_json(run->by[i]) : json_null());
		extjson_append(cells, cell);
	}
	extjson_set(out, "cells", cells);
	return out;
}

static void show_json(const struct trial *trial, const struct earned *earned, struct strbuf *out)
{
	AUTO_JSON json_t *document = extjson_object();
	json_t *alarms = extjson_array();

	extjson_set(document, "runs", extjson_integer((int64_t)trial->count));
	extjson_set(document, "left_out", extjson_integer((int64_t)trial->left_out));
	extjson_set(document, "would_fail", extjson_integer((int64_t)trial->would_fail));
	extjson_set(document, "not_accepted", extjson_integer((int64_t)trial->false_alarms));
	extjson_set(document, "share_at_most", extjson_rounded(earned->upper, 6));
	extjson_set(document, "share_limit", extjson_real(EARNED_SHARE));
	extjson_set(document, "confidence", extjson_real(EARNED_CONFIDENCE));
	extjson_set(document, "earned", json_boolean(earned->earned));
	extjson_set(document, "more_runs", extjson_integer((int64_t)earned->more));
	for (size_t i = 0; i < trial->count; i++)
		if (trial->runs[i].would_fail)
			extjson_append(alarms, run_json(&trial->runs[i]));
	extjson_set(document, "alarms", alarms);
	extjson_dump_pretty(document, out);
}

static void show_cells(const struct trial_run *run, struct strbuf *out)
{
	size_t count = run->record->n_advisory;

	for (size_t i = 0; i < count && i < CELLS_SHOWN; i++) {
		AUTO_FREE char *name = cell_name(&run->record->advisory[i]);

		strbuf_puts(out, i ? ", " : "");
		baseline_put_text(out, name);
		strbuf_puts(out, run->by[i] ? " (accepted)" : "");
	}
	if (count > CELLS_SHOWN)
		strbuf_printf(out, " and %zu more", count - CELLS_SHOWN);
}

static void show_alarms(const struct trial *trial, struct strbuf *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < trial->count; i++) {
		const struct trial_run *run = &trial->runs[i];

		if (!run->would_fail || shown++ >= ROWS_MAX)
			continue;
		strbuf_printf(out, "  %.*s  ", SHORT_COMMIT, run->record->commit);
		baseline_put_padded(out, run->record->when, 22);
		show_cells(run, out);
		strbuf_putc(out, '\n');
	}
	if (shown > ROWS_MAX)
		strbuf_printf(out, "  … and %zu more: --json lists all\n", shown - ROWS_MAX);
}

static void show_rule(const struct trial *trial, const struct earned *earned, struct strbuf *out)
{
	strbuf_printf(out,
		      "%zu of %zu not accepted: at most %.1f %% of the runs fail for nothing "
		      "(%.0f %% limit)\n",
		      trial->false_alarms, trial->count, 100 * earned->upper,
		      100 * EARNED_CONFIDENCE);
	if (earned->earned)
		strbuf_printf(out,
			      "`enforce: fail` is earned: that is %.0f %% or less; `perfgate "
			      "calibrate` measures it\n",
			      100 * EARNED_SHARE);
	else
		strbuf_printf(out,
			      "`enforce: fail` is not earned yet: it takes %zu more run%s without "
			      "a false alarm\n",
			      earned->more, earned->more == 1 ? "" : "s");
}

static void show_text(const struct trial *trial, const struct earned *earned, struct strbuf *out)
{
	if (trial->count == 0) {
		strbuf_puts(out, "no run to judge by: on the baseline branch, perfgate check "
				 "--update-baseline records each\n");
		return;
	}
	strbuf_printf(out, "trial: %zu run%s from ", trial->count, trial->count == 1 ? "" : "s");
	baseline_put_text(out, trial->runs[trial->count - 1].record->when);
	strbuf_puts(out, " to ");
	baseline_put_text(out, trial->runs[0].record->when);
	strbuf_printf(out, ", %zu would have failed\n", trial->would_fail);
	if (trial->left_out)
		strbuf_printf(out, "  (%zu left out: of another epoch, or made outside CI)\n",
			      trial->left_out);
	show_alarms(trial, out);
	show_rule(trial, earned, out);
}

int trial_show(const struct extgit *git, const struct extgit_notes *notes,
	       const struct extgit_notes *accepted, const char *commit, size_t limit, bool json,
	       struct strbuf *out, struct error *err)
{
	AUTO(trial)
	struct trial trial = {.git = git, .notes = notes, .accepted = accepted, .limit = limit};
	struct earned earned;

	if (notes && *commit && extgit_walk(git, commit, WALK_MAX, visit, &trial, NULL, err))
		return -1;
	select_runs(&trial);
	judge(&trial);
	earned = earned_judge(trial.count, trial.false_alarms);
	if (json)
		show_json(&trial, &earned, out);
	else
		show_text(&trial, &earned, out);
	return 0;
}
