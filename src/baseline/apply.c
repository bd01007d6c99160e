#include "perfgate/baseline/baseline.h"
#include "perfgate/baseline/select.h"

#include <math.h>
#include <stdio.h>

void baseline_apply(struct run *run, const struct record *record)
{
	run->baseline_commit = arena_strdup(&run->arena, record->commit);
	run->baseline_when = arena_strdup(&run->arena, record->when);
	run->baseline_note = NULL;
	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		struct cell *cell = &run->verdict.cells[i];
		/* An A/B cell has its base already, of the same hour. */
		if (cell->regression)
			continue;
		const struct record_cell *found =
			record_find(record, cell->scenario, cell->endpoint, cell->metric);

		cell->baseline = found ? found->value : NAN;
	}
}

int baseline_compare(struct run *run, const struct settings *settings, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(selection) struct selection selection = {0};

	run->baseline_commit = NULL;
	run->baseline_when = NULL;
	if (extgit_open(&git, err))
		return -1;
	if (!git) {
		run->baseline_note = "no baseline: not inside a git repository";
		return 0;
	}
	if (baseline_select(git, run, settings, &selection, err))
		return -1;
	if (selection.record)
		baseline_apply(run, selection.record);
	else
		run->baseline_note = arena_strdup(&run->arena, selection.reason);
	return 0;
}
