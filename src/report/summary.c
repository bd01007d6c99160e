#include "perfgate/report/summary.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/report/figures.h"
#include "perfgate/verdict/gate.h"

#include <math.h>
#include <string.h>

/* Below these a figure tells nothing. */
#define STALL_WORTH_MS 20
#define STOLEN_WORTH .5
#define PRESSURE_WORTH 10
#define WARNINGS_NAMED 10

/* Outcomes as a reader wants them: what needs action first. */
static const int severity[OUTCOME_COUNT] = {
	[OUTCOME_FAIL] = 5, [OUTCOME_UNMEASURED] = 4, [OUTCOME_INCONCLUSIVE] = 3,
	[OUTCOME_PASS] = 2, [OUTCOME_NOT_GATED] = 1,  [OUTCOME_SKIPPED] = 0,
};

static int cell_severity(const struct cell *cell)
{
	int of_outcome = 10 * severity[cell->outcome];

	return cell->outcome == OUTCOME_FAIL && cell->warn ? of_outcome - 5 : of_outcome;
}

/* How far beyond (or near) its limit: 1 is on it. */
static double excess(const struct cell *cell)
{
	bool minimum = metric_table[cell->metric].higher_is_better;
	double ratio = minimum ? cell->limit / cell->value : cell->value / cell->limit;

	return isfinite(ratio) ? ratio : 0;
}

static bool worse(const struct cell *a, const struct cell *b)
{
	if (cell_severity(a) != cell_severity(b))
		return cell_severity(a) > cell_severity(b);
	return a->outcome == OUTCOME_FAIL && excess(a) > excess(b);
}

/* Insertion sort: stable, and cells are few. */
size_t *summary_order(const struct run *run)
{
	const struct verdict *verdict = &run->verdict;
	size_t *order = xcalloc(verdict->n_cells + 1, sizeof *order);

	for (size_t i = 0; i < verdict->n_cells; i++) {
		size_t at = i;

		for (; at > 0 && worse(&verdict->cells[i], &verdict->cells[order[at - 1]]); at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return order;
}

size_t summary_count(const struct run *run, enum outcome outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < run->verdict.n_cells; i++)
		count += run->verdict.cells[i].outcome == outcome;
	return count;
}

static void metric_name(struct strbuf *out, enum metric metric)
{
	for (const char *c = metric_table[metric].name; *c != '\0'; c++)
		strbuf_putc(out, *c == '_' ? ' ' : *c);
}

void summary_cell_short_name(struct strbuf *out, const struct cell *cell)
{
	figures_visible(out, cell->endpoint, FIGURES_NAME_MAX);
	strbuf_putc(out, ' ');
	metric_name(out, cell->metric);
}

void summary_cell_name(struct strbuf *out, const struct cell *cell)
{
	figures_visible(out, cell->scenario, FIGURES_NAME_MAX);
	if (!text_equal(cell->endpoint, "total")) {
		strbuf_putc(out, ' ');
		figures_visible(out, cell->endpoint, FIGURES_NAME_MAX);
	}
	strbuf_putc(out, ' ');
	metric_name(out, cell->metric);
	if (cell->regression)
		strbuf_puts(out, " regression");
}

void summary_cell_reason(struct strbuf *out, const struct cell *cell)
{
	if (cell->reason != NULL && cell->reason[0] != '\0') {
		figures_visible(out, cell->reason, FIGURES_MESSAGE_MAX);
		return;
	}
	figures_cell_value(out, cell);
	strbuf_puts(out, ", limit ");
	figures_cell_limit(out, cell);
}

bool summary_reason_adds(const struct cell *cell)
{
	const char *reason = cell->reason;

	if (reason == NULL || reason[0] == '\0')
		return false;
	if (cell->outcome == OUTCOME_NOT_GATED && text_equal(reason, figures_word(cell->outcome)))
		return false;
	if (!isfinite(cell->value) || !isfinite(cell->limit))
		return true;
	/* "38.4 ms <= 2000 ms" repeats the figures; what comes after a colon does not. */
	return strpbrk(reason, "<>") == NULL || strchr(reason, ':') != NULL;
}

void summary_subject(struct strbuf *out, const struct run *run, bool commit)
{
	strbuf_puts(out, run->quick ? "quick check of " : "check of ");
	figures_visible(out, run->target ? run->target : "an unknown target", FIGURES_NAME_MAX);
	if (!commit || run->commit == NULL)
		return;
	strbuf_puts(out, " at ");
	figures_commit(out, run->commit);
	strbuf_puts(out, run->dirty ? " (dirty)" : "");
}

void summary_word(struct strbuf *out, const struct run *run)
{
	strbuf_printf(out, "%s%s%s", figures_word(run->verdict.outcome),
		      verdict_is_advisory(&run->verdict) ? ", with warnings" : "",
		      run->interrupted ? ", interrupted" : "");
}

static void append(json_t *array, struct strbuf *text)
{
	extjson_append(array, extjson_string(strbuf_text(text)));
	strbuf_clear(text);
}

/* Said once: a verdict that rests on it has it as its reason. */
static bool is_said(const struct run *run, const char *reason)
{
	return run->verdict.reason != NULL && reason != NULL &&
	       strstr(run->verdict.reason, reason) != NULL;
}

static void notices_of_scenario(json_t *notices, const struct run *run,
				const struct scenario_result *scenario)
{
	const struct generator_health *health = &scenario->generator;
	AUTO(strbuf) struct strbuf text = {0};

	if (health->invalid != INVALID_NOT && !is_said(run, health->invalid_reason)) {
		figures_visible(&text, scenario->name, FIGURES_NAME_MAX);
		strbuf_printf(&text, ": INVALID measurement (%s): ",
			      health->invalid == INVALID_OURS ? "the load generator"
							      : "the machine");
		figures_visible(&text,
				health->invalid_reason ? health->invalid_reason : "no reason",
				FIGURES_MESSAGE_MAX);
		append(notices, &text);
	}
	if (scenario->aborted) {
		figures_visible(&text, scenario->name, FIGURES_NAME_MAX);
		strbuf_puts(&text, ": aborted early: ");
		figures_visible(&text, scenario->aborted, FIGURES_MESSAGE_MAX);
		append(notices, &text);
	}
}

static void notices_of_cell(json_t *notices, const struct cell *cell)
{
	AUTO(strbuf) struct strbuf text = {0};

	if (figures_cell_suspicious(cell)) {
		summary_cell_name(&text, cell);
		strbuf_puts(&text, ": ");
		figures_cell_change(&text, cell);
		strbuf_puts(&text, " against the baseline is too good: check that the test still "
				   "does its work.");
		append(notices, &text);
	}
}

/* One notice for all of them, the worst first. */
static void notice_of_warnings(json_t *notices, const struct run *run)
{
	AUTO_FREE size_t *order = summary_order(run);
	AUTO(strbuf) struct strbuf text = {0};
	size_t count = 0;

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[order[i]];

		if (!cell->warn || cell->outcome != OUTCOME_FAIL || count++ >= WARNINGS_NAMED)
			continue;
		strbuf_puts(&text,
			    count == 1 ? "advisory (enforce: warn), would have failed: " : ", ");
		summary_cell_name(&text, cell);
	}
	if (count > WARNINGS_NAMED)
		strbuf_printf(&text, " and %zu more", count - WARNINGS_NAMED);
	/* A verdict that rests on a single one has said it. */
	if (count > 1 || (count == 1 && !verdict_is_advisory(&run->verdict)))
		append(notices, &text);
}

json_t *summary_notices(const struct run *run)
{
	json_t *notices = extjson_array();

	if (run->interrupted)
		extjson_append(notices, extjson_string("The run was interrupted: figures cover "
						       "the part that ran."));
	notice_of_warnings(notices, run);
	if (run->comparison != NULL && run->comparison->note != NULL)
		extjson_append(notices, extjson_string(run->comparison->note));
	for (size_t i = 0; i < run->n_scenarios; i++)
		notices_of_scenario(notices, run, &run->scenarios[i]);
	for (size_t i = 0; i < run->verdict.n_cells; i++)
		notices_of_cell(notices, &run->verdict.cells[i]);
	return notices;
}

void summary_comparison(struct strbuf *out, const struct run *run)
{
	const struct comparison *comparison = run->comparison;

	if (comparison == NULL)
		return;
	strbuf_puts(out, "against ");
	figures_visible(out, comparison->base != NULL ? comparison->base : "?", FIGURES_NAME_MAX);
	if (comparison->base_commit != NULL) {
		strbuf_puts(out, " (");
		figures_commit(out, comparison->base_commit);
		strbuf_puts(out, ")");
	}
	if (comparison->reason != NULL) {
		strbuf_puts(out, ": ");
		figures_visible(out, comparison->reason, FIGURES_MESSAGE_MAX);
	}
}

void summary_baseline(struct strbuf *out, const struct run *run)
{
	if (run->baseline_commit != NULL) {
		figures_commit(out, run->baseline_commit);
		if (run->baseline_when != NULL) {
			strbuf_puts(out, " of ");
			figures_visible(out, run->baseline_when, FIGURES_NAME_MAX);
		}
	} else if (run->baseline_note == NULL) {
		strbuf_puts(out, "no baseline yet");
	}
	if (run->baseline_note != NULL) {
		strbuf_puts(out, run->baseline_commit != NULL ? ": " : "");
		figures_visible(out, run->baseline_note, FIGURES_MESSAGE_MAX);
	}
}

/* The worst cell, where its limit is set, and what then. */
static void advise_failure(json_t *next, const struct run *run)
{
	AUTO_FREE size_t *order = summary_order(run);
	AUTO(strbuf) struct strbuf text = {0};
	const struct cell *worst;

	if (run->verdict.n_cells == 0)
		return;
	worst = &run->verdict.cells[order[0]];
	strbuf_puts(&text, "look at ");
	summary_cell_name(&text, worst);
	strbuf_puts(&text, " first");
	if (worst->origin != NULL) {
		strbuf_puts(&text, " (its limit is set in ");
		figures_visible(&text, worst->origin, FIGURES_NAME_MAX);
		strbuf_putc(&text, ')');
	}
	strbuf_puts(&text, ", then run perfgate check again");
	append(next, &text);
}

/* The note on the missing baseline may say it already, and knows better. */
static bool note_advises(const struct run *run)
{
	return run->baseline_note != NULL &&
	       strstr(run->baseline_note, "--update-baseline") != NULL;
}

static const char *advice(const struct run *run)
{
	if (run->verdict.outcome == OUTCOME_INCONCLUSIVE)
		return "a longer run (without --quick) or a quieter machine gives a verdict; "
		       "--strict makes this exit 3";
	if (run->verdict.outcome == OUTCOME_UNMEASURED && run->verdict.n_cells == 0)
		return "set limits under performance_gates: in ci_cd_config.yml";
	if (run->verdict.outcome == OUTCOME_UNMEASURED)
		return "make the missing figure measurable or remove its gate, then run perfgate "
		       "check again";
	if (verdict_is_advisory(&run->verdict))
		return "perfgate baseline log --trial says when `enforce: fail` is earned";
	if (run->verdict.outcome == OUTCOME_PASS && run->baseline_commit == NULL &&
	    !run->interrupted && !note_advises(run))
		return "perfgate check --update-baseline records this commit as the baseline";
	return NULL;
}

json_t *summary_next(const struct run *run)
{
	json_t *next = extjson_array();

	if (run->verdict.outcome == OUTCOME_FAIL)
		advise_failure(next, run);
	else if (advice(run) != NULL)
		extjson_append(next, extjson_string(advice(run)));
	return next;
}

static void machine_trouble(struct strbuf *out, const char *what, double percent, double least)
{
	if (!(percent >= least))
		return;
	strbuf_printf(out, ", %s ", what);
	figures_percent(out, percent / 100);
}

static void add_unsent(struct strbuf *out, uint64_t unsent)
{
	figures_count(out, unsent);
	strbuf_puts(out, unsent == 1 ? " arrival not sent" : " arrivals not sent");
}

void summary_generator(struct strbuf *out, const struct scenario_result *scenario)
{
	const struct generator_health *health = &scenario->generator;
	const struct histogram *delay = health->scheduling_delay;

	if (isfinite(health->cpu_percent)) {
		figures_percent(out, health->cpu_percent / 100);
		strbuf_puts(out, " of a core");
	} else {
		strbuf_puts(out, "CPU unknown");
	}
	if (delay != NULL && histogram_count(delay) > 0) {
		strbuf_puts(out, ", wake-ups late by ");
		figures_short(out, (double)histogram_quantile_ns(delay, .99) / 1e6);
		strbuf_puts(out, " ms (p99)");
	}
	if (health->max_stall_ms >= STALL_WORTH_MS) {
		strbuf_puts(out, ", longest stall ");
		figures_metric(out, METRIC_P99, health->max_stall_ms);
	}
	if (health->unsent > 0) {
		strbuf_puts(out, ", ");
		add_unsent(out, health->unsent);
	}
	machine_trouble(out, "steal", health->steal_percent, STOLEN_WORTH);
	machine_trouble(out, "throttled", health->throttled_percent, STOLEN_WORTH);
	machine_trouble(out, "CPU pressure", health->pressure_percent, PRESSURE_WORTH);
}

void summary_load(struct strbuf *out, const struct scenario_result *scenario)
{
	if (scenario->open) {
		strbuf_puts(out, "open model, ");
		figures_metric(out, METRIC_THROUGHPUT, scenario->planned_rps);
		strbuf_puts(out, " planned, ");
		figures_metric(out, METRIC_THROUGHPUT, scenario->offered_rps);
		strbuf_puts(out, " offered, ");
		add_unsent(out, scenario->generator.unsent);
		strbuf_puts(out, scenario->workers > 0 ? ", " : "");
	}
	if (scenario->workers > 0) {
		figures_count(out, scenario->workers);
		strbuf_puts(out, scenario->workers == 1 ? " worker" : " workers");
	}
}

void summary_loads(struct strbuf *out, const struct run *run)
{
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];

		if (!scenario->open && scenario->workers <= 1)
			continue;
		strbuf_puts(out, out->length > 0 ? "; " : "");
		figures_visible(out, scenario->name, FIGURES_NAME_MAX);
		strbuf_puts(out, ": ");
		summary_load(out, scenario);
	}
}
