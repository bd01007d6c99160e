#include "perfgate/verdict/gate.h"

/* Worst first; anything not listed never decides a run. */
static const enum outcome severity[] = {OUTCOME_FAIL, OUTCOME_UNMEASURED, OUTCOME_INCONCLUSIVE,
					OUTCOME_PASS};

/* `enforce: warn` keeps a failing cell from deciding the run. */
static bool decides(const struct cell *cell, enum outcome outcome)
{
	return cell->outcome == outcome && !(cell->warn && outcome == OUTCOME_FAIL);
}

static size_t count_cells(const struct verdict *verdict, enum outcome outcome,
			  const struct cell **out_first)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->n_cells; i++) {
		if (!decides(&verdict->cells[i], outcome))
			continue;
		if (count++ == 0)
			*out_first = &verdict->cells[i];
	}
	return count;
}

/* What the run was compared with, or NULL when it was not, or a cell failed with a warning. */
static const char *compared_with(const struct run *run)
{
	const char *with = run->comparison ? run->comparison->base : NULL;

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];

		if (cell->regression && cell->outcome == OUTCOME_FAIL)
			return NULL;
		if (cell->regression && cell->regression->by == JUDGED_BY_HISTORY && !with)
			with = "the baselines";
	}
	return with;
}

/* Cells of a comparison are no gates: nobody set a limit for them. */
static const char *passed(struct run *run, size_t count)
{
	const struct verdict *verdict = &run->verdict;
	const char *with = compared_with(run);

	for (size_t i = 0; i < verdict->n_cells; i++)
		count -= verdict->cells[i].regression && verdict->cells[i].outcome == OUTCOME_PASS;
	return arena_printf(&run->arena, "%zu gate%s passed%s%s", count, count == 1 ? "" : "s",
			    with ? ", no regression against " : "", with ? with : "");
}

static const char *sentence(struct run *run, size_t count, const struct cell *first)
{
	return arena_printf(&run->arena, "%s %s %s: %s%s", first->scenario, first->endpoint,
			    metric_table[first->metric].title, first->reason,
			    count == 1 ? ""
				       : arena_printf(&run->arena, " (and %zu more)", count - 1));
}

static size_t count_warnings(const struct verdict *verdict, const struct cell **out_first)
{
	size_t count = 0;

	for (size_t i = 0; i < verdict->n_cells; i++) {
		const struct cell *cell = &verdict->cells[i];

		if (cell->outcome != OUTCOME_FAIL || !cell->warn)
			continue;
		if (count++ == 0)
			*out_first = cell;
	}
	return count;
}

bool verdict_is_advisory(const struct verdict *verdict)
{
	const struct cell *first;

	return verdict->outcome == OUTCOME_PASS && count_warnings(verdict, &first) > 0;
}

/* A pass; one that `enforce: fail` would not have been says so. */
static const char *reason_of_pass(struct run *run, size_t count)
{
	const struct cell *first = NULL;
	size_t warnings = count_warnings(&run->verdict, &first);

	if (warnings == 0)
		return passed(run, count);
	return arena_printf(&run->arena, "advisory (enforce: warn), would have failed: %s",
			    sentence(run, warnings, first));
}

void verdict_roll_up(struct run *run)
{
	struct verdict *verdict = &run->verdict;

	verdict->outcome = OUTCOME_UNMEASURED;
	verdict->reason = "nothing was judged";
	for (size_t i = 0; i < ARRAY_SIZE(severity); i++) {
		const struct cell *first = NULL;
		size_t count = count_cells(verdict, severity[i], &first);

		if (count == 0)
			continue;
		verdict->outcome = severity[i];
		verdict->reason = severity[i] == OUTCOME_PASS ? reason_of_pass(run, count)
							      : sentence(run, count, first);
		return;
	}
	/* Only warnings failed, or nothing is gated. */
	if (verdict->n_cells > 0) {
		verdict->outcome = OUTCOME_PASS;
		verdict->reason = "nothing is gated";
		if (verdict_is_advisory(verdict))
			verdict->reason = reason_of_pass(run, 0);
	}
}

int verdict_exit_status(const struct verdict *verdict, bool strict)
{
	switch (verdict->outcome) {
	case OUTCOME_FAIL: return 1;
	case OUTCOME_UNMEASURED: return 3;
	case OUTCOME_INCONCLUSIVE: return strict ? 3 : 0;
	case OUTCOME_PASS:
	case OUTCOME_NOT_GATED:
	case OUTCOME_SKIPPED:
	case OUTCOME_COUNT: break;
	}
	return 0;
}
