#include "perfgate/report/render.h"

#include "perfgate/base/text.h"
#include "perfgate/ext/xml.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"

#include <math.h>
#include <string.h>

#define RUN_SUITE "perfgate"
#define RUN_CASE "run"

enum case_kind { CASE_PASS, CASE_FAILURE, CASE_ERROR, CASE_SKIPPED, CASE_KINDS };

struct counts {
	size_t cases, of[CASE_KINDS];
};

/* What the document is made of; a suite is a scenario that has cells. */
struct plan {
	const struct run *run;
	struct extxml_writer *xml;
	const char **suites;
	size_t n_suites, suites_capacity;
	enum case_kind run_case; /* CASE_PASS: none is needed */
	const char *run_message;
};

static enum case_kind kind_of(const struct cell *cell)
{
	switch (cell->outcome) {
	case OUTCOME_PASS: return CASE_PASS;
	case OUTCOME_FAIL: return cell->warn ? CASE_SKIPPED : CASE_FAILURE;
	case OUTCOME_UNMEASURED: return CASE_ERROR;
	case OUTCOME_INCONCLUSIVE:
	case OUTCOME_NOT_GATED:
	case OUTCOME_SKIPPED:
	case OUTCOME_COUNT: break;
	}
	return CASE_SKIPPED;
}

static void plan_suite(struct plan *plan, const char *scenario)
{
	for (size_t i = 0; i < plan->n_suites; i++)
		if (text_equal(plan->suites[i], scenario))
			return;
	*VEC_PUSH(plan->suites, plan->n_suites, plan->suites_capacity) = scenario;
}

static struct counts count_cases(const struct run *run, const char *scenario)
{
	struct counts counts = {0};

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[i];

		if (scenario != NULL && !text_equal(cell->scenario, scenario))
			continue;
		counts.cases++;
		counts.of[kind_of(cell)]++;
	}
	return counts;
}

/*
 * A verdict that no case shows gets a case of its own: a skipped run, a run without any cell, an
 * interrupted one. Never tests="0", which reads as green.
 */
static void plan_run_case(struct plan *plan)
{
	const struct verdict *verdict = &plan->run->verdict;
	struct counts counts = count_cases(plan->run, NULL);

	plan->run_message = verdict->reason ? verdict->reason : "nothing was judged";
	if (verdict->outcome == OUTCOME_SKIPPED)
		plan->run_case = CASE_SKIPPED;
	else if (plan->run->interrupted)
		plan->run_case = CASE_ERROR;
	else if (verdict->outcome == OUTCOME_FAIL && counts.of[CASE_FAILURE] == 0)
		plan->run_case = CASE_FAILURE;
	else if (verdict->outcome == OUTCOME_UNMEASURED && counts.of[CASE_ERROR] == 0)
		plan->run_case = CASE_ERROR;
	else if (counts.cases == 0)
		plan->run_case = CASE_ERROR;
	if (plan->run->interrupted)
		plan->run_message = "the run was interrupted: the figures cover the part that ran";
}

static void attribute_count(struct plan *plan, const char *name, size_t count)
{
	char text[32];

	snprintf(text, sizeof text, "%zu", count);
	extxml_attribute(plan->xml, name, text);
}

static void attribute_seconds(struct plan *plan, double seconds)
{
	AUTO(strbuf) struct strbuf text = {0};

	figures_plain(&text, isfinite(seconds) && seconds > 0 ? seconds : 0, 3);
	extxml_attribute(plan->xml, "time", strbuf_text(&text));
}

static void attribute_counts(struct plan *plan, struct counts counts)
{
	attribute_count(plan, "tests", counts.cases);
	attribute_count(plan, "failures", counts.of[CASE_FAILURE]);
	attribute_count(plan, "errors", counts.of[CASE_ERROR]);
	attribute_count(plan, "skipped", counts.of[CASE_SKIPPED]);
}

static void attribute_timestamp(struct plan *plan)
{
	AUTO(strbuf) struct strbuf text = {0};

	figures_time(&text, plan->run->started_wall_ns, true);
	if (text.length > 0)
		text.data[text.length - 1] = '\0'; /* the schema in use has no zone; it is UTC */
	extxml_attribute(plan->xml, "timestamp", strbuf_text(&text));
}

static void attribute_origin(struct plan *plan, const char *origin)
{
	const char *line;
	AUTO_FREE char *file = cell_origin_file(origin, &line);

	if (file == NULL)
		return;
	extxml_attribute(plan->xml, "file", file);
	if (line != NULL)
		extxml_attribute(plan->xml, "line", line);
}

static void explain(struct strbuf *out, const struct cell *cell)
{
	figures_cell_value(out, cell);
	strbuf_puts(out, ", limit ");
	figures_cell_limit(out, cell);
	strbuf_puts(out, "\n");
	if (cell->reason != NULL)
		strbuf_printf(out, "%s\n", cell->reason);
	if (cell->n > 0) {
		strbuf_puts(out, "samples: ");
		figures_count(out, cell->n);
		strbuf_puts(out, "\n");
	}
	if (isfinite(cell->low) && isfinite(cell->high)) {
		strbuf_puts(out, "95% interval: ");
		figures_cell_interval(out, cell);
		strbuf_puts(out, figures_cell_straddles(cell) ? " (contains the limit)\n" : "\n");
	}
	if (isfinite(cell->baseline)) {
		strbuf_puts(out, "baseline: ");
		figures_metric(out, cell->metric, cell->baseline);
		strbuf_puts(out, ", change ");
		figures_cell_change(out, cell);
		strbuf_puts(out, "\n");
	}
	if (cell->origin != NULL)
		strbuf_printf(out, "gate: %s\n", cell->origin);
}

static const char *const elements[CASE_KINDS] = {
	[CASE_FAILURE] = "failure",
	[CASE_ERROR] = "error",
	[CASE_SKIPPED] = "skipped",
};

static const char *type_of(const struct cell *cell)
{
	if (cell->outcome == OUTCOME_UNMEASURED)
		return "unmeasured";
	return cell->regression ? "regression" : "limit";
}

static const char *prefix_of(const struct cell *cell)
{
	switch (cell->outcome) {
	case OUTCOME_INCONCLUSIVE: return "inconclusive: ";
	case OUTCOME_NOT_GATED: return "not gated: ";
	case OUTCOME_FAIL: return cell->warn ? "advisory, would have failed: " : "";
	default: return "";
	}
}

static void write_result(struct plan *plan, const struct cell *cell)
{
	enum case_kind kind = kind_of(cell);
	AUTO(strbuf) struct strbuf message = {0}, text = {0};

	if (kind != CASE_PASS) {
		strbuf_puts(&message, prefix_of(cell));
		summary_cell_name(&message, cell);
		strbuf_puts(&message, ": ");
		summary_cell_reason(&message, cell);
		extxml_start(plan->xml, elements[kind]);
		if (kind != CASE_SKIPPED)
			extxml_attribute(plan->xml, "type", type_of(cell));
		extxml_attribute(plan->xml, "message", strbuf_text(&message));
	}
	explain(&text, cell);
	if (kind == CASE_FAILURE || kind == CASE_ERROR)
		extxml_text(plan->xml, strbuf_text(&text));
	if (kind != CASE_PASS)
		extxml_end(plan->xml);
	if (kind == CASE_FAILURE || kind == CASE_ERROR)
		return;
	extxml_start(plan->xml, "system-out");
	extxml_text(plan->xml, strbuf_text(&text));
	extxml_end(plan->xml);
}

static void write_case(struct plan *plan, const struct cell *cell, double seconds)
{
	AUTO(strbuf) struct strbuf text = {0};

	extxml_start(plan->xml, "testcase");
	strbuf_printf(&text, "perfgate.%s", cell->scenario);
	extxml_attribute(plan->xml, "classname", strbuf_text(&text));
	strbuf_clear(&text);
	strbuf_printf(&text, "%s %s%s", cell->endpoint, metric_table[cell->metric].name,
		      cell->regression ? " regression" : "");
	extxml_attribute(plan->xml, "name", strbuf_text(&text));
	attribute_seconds(plan, seconds);
	attribute_origin(plan, cell->origin);
	write_result(plan, cell);
	extxml_end(plan->xml);
}

/* Planned length; an interrupted scenario knows only its judged part. */
static double scenario_seconds(const struct run *run, const char *name)
{
	const struct scenario_result *scenario = run_find(run, name);

	if (scenario == NULL)
		return 0;
	return scenario->interrupted ? scenario->judged_s : scenario->duration_s;
}

static void write_suite(struct plan *plan, const char *name)
{
	struct counts counts = count_cases(plan->run, name);
	double seconds = scenario_seconds(plan->run, name);

	extxml_start(plan->xml, "testsuite");
	extxml_attribute(plan->xml, "name", name);
	attribute_counts(plan, counts);
	attribute_seconds(plan, seconds);
	attribute_timestamp(plan);
	for (size_t i = 0; i < plan->run->verdict.n_cells; i++)
		if (text_equal(plan->run->verdict.cells[i].scenario, name))
			write_case(plan, &plan->run->verdict.cells[i],
				   seconds / (double)counts.cases);
	extxml_end(plan->xml);
}

static const char *run_type(const struct plan *plan)
{
	if (plan->run_case == CASE_FAILURE)
		return "limit";
	return plan->run->interrupted ? "interrupted" : "unmeasured";
}

static void write_run_suite(struct plan *plan)
{
	struct counts counts = {.cases = 1};

	counts.of[plan->run_case] = 1;
	extxml_start(plan->xml, "testsuite");
	extxml_attribute(plan->xml, "name", RUN_SUITE);
	attribute_counts(plan, counts);
	attribute_seconds(plan, 0);
	attribute_timestamp(plan);
	extxml_start(plan->xml, "testcase");
	extxml_attribute(plan->xml, "classname", RUN_SUITE "." RUN_CASE);
	extxml_attribute(plan->xml, "name", RUN_CASE);
	attribute_seconds(plan, 0);
	extxml_start(plan->xml, elements[plan->run_case]);
	if (plan->run_case != CASE_SKIPPED)
		extxml_attribute(plan->xml, "type", run_type(plan));
	extxml_attribute(plan->xml, "message", plan->run_message);
	if (plan->run_case != CASE_SKIPPED)
		extxml_text(plan->xml, plan->run_message);
	extxml_end(plan->xml);
	extxml_end(plan->xml);
	extxml_end(plan->xml);
}

static void write_document(struct plan *plan)
{
	struct counts counts = count_cases(plan->run, NULL);

	if (plan->run_case != CASE_PASS) {
		counts.cases++;
		counts.of[plan->run_case]++;
	}
	extxml_start(plan->xml, "testsuites");
	extxml_attribute(plan->xml, "name", "perfgate");
	attribute_counts(plan, counts);
	attribute_seconds(plan, plan->run->duration_s);
	if (plan->run_case != CASE_PASS)
		write_run_suite(plan);
	for (size_t i = 0; i < plan->n_suites; i++)
		write_suite(plan, plan->suites[i]);
	extxml_end(plan->xml);
}

int junit_render(const struct run *run, struct strbuf *out, struct error *err)
{
	AUTO(extxml) struct extxml_writer *xml = extxml_new();
	struct plan plan = {.run = run, .xml = xml};

	for (size_t i = 0; i < run->verdict.n_cells; i++)
		plan_suite(&plan, run->verdict.cells[i].scenario);
	plan_run_case(&plan);
	write_document(&plan);
	free(plan.suites);
	return extxml_finish(xml, out, err);
}
