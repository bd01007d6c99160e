#include "perfgate/baseline/baseline.h"

#include <math.h>
#include <stdio.h>

void baseline_apply(struct run *run, const struct record *record)
{
	run->baseline_commit = arena_strdup(&run->arena, record->commit);
	run->baseline_when = arena_strdup(&run->arena, record->when);
	run->baseline_note = NULL;
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		struct cell *cell = &run->verdict.cells[i];
		const struct record_cell *found =
			record_find(record, cell->scenario, cell->endpoint, cell->metric);

		cell->baseline = found ? found->value : NAN;
	}
}

int baseline_compare(struct run *run, const struct settings *settings, const struct ci *ci,
		     struct baseline_history *out, struct error *err)
{
	run->baseline_commit = NULL;
	run->baseline_when = NULL;
	if (baseline_history_read(run, settings, ci, out, err))
		return -1;
	if (out->count)
		baseline_apply(run, out->items[0]);
	else
		run->baseline_note = arena_strdup(&run->arena, out->reason);
	if (out->warning[0])
		run->baseline_note = arena_printf(&run->arena, "%s%sWARNING: %s",
						  run->baseline_note ? run->baseline_note : "",
						  run->baseline_note ? "; " : "", out->warning);
	return 0;
}
