#include "perfgate/baseline/baseline.h"

#include <math.h>

#define NOTE_LIMIT 1500

void baseline_apply(struct run *run, const struct baseline_history *history)
{
	const struct record *newest = history->items[0];

	run->baseline_commit = arena_strdup(&run->arena, newest->commit);
	run->baseline_when = arena_strdup(&run->arena, newest->when);
	run->baseline_note = NULL;
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		struct cell *cell = &run->verdict.cells[i];
		/* An A/B cell has its base already, of the same hour. */
		if (cell->regression)
			continue;
		const struct record_cell *found =
			record_find(newest, cell->scenario, cell->endpoint, cell->metric);

		if (baseline_history_usable(history, cell->scenario, cell->endpoint,
					    cell->metric) == 0)
			found = NULL;
		cell->baseline = found ? found->value : NAN;
	}
}

static void add(struct strbuf *note, const char *text)
{
	if (note->length)
		strbuf_puts(note, "; ");
	strbuf_puts(note, text);
}

/* Who accepted what, and why: every report shows it. */
static void add_acceptances(const struct baseline_history *history, struct strbuf *note)
{
	for (size_t i = 0; i < history->n_accepted; i++) {
		const struct acceptance *accepted = &history->accepted[i].accepted;
		AUTO_FREE char *text = xasprintf("%s/%s/%s accepted from %.12s on%s%s by %s: %s",
						 accepted->scenario, accepted->endpoint,
						 metric_table[accepted->metric].name,
						 accepted->commit, accepted->until ? " until " : "",
						 accepted->until ? accepted->until : "",
						 accepted->author, accepted->reason);

		add(note, text);
	}
}

int baseline_compare(struct run *run, const struct settings *settings, const struct ci *ci,
		     struct baseline_history *out, struct error *err)
{
	AUTO(strbuf) struct strbuf note = {.max_bytes = NOTE_LIMIT};

	run->baseline_commit = NULL;
	run->baseline_when = NULL;
	past_clear(&run->past);
	if (baseline_history_read(run, settings, ci, out, err))
		return -1;
	if (out->count)
		baseline_apply(run, out);
	else
		strbuf_puts(&note, out->reason);
	baseline_keep_past(run, out);
	if (out->warning[0]) {
		add(&note, "WARNING: ");
		strbuf_puts(&note, out->warning);
	}
	add_acceptances(out, &note);
	run->baseline_note = note.length ? arena_strdup(&run->arena, strbuf_text(&note)) : NULL;
	return 0;
}
