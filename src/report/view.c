#include "perfgate/report/view.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/summary.h"
#include "perfgate/verdict/gate.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

json_t *view_text(struct strbuf *text)
{
	json_t *value = extjson_string(strbuf_text(text));

	strbuf_release(text);
	return value;
}

json_t *view_name(const char *text)
{
	struct strbuf visible = {0};

	if (text == NULL)
		return json_null();
	figures_visible(&visible, text, FIGURES_NAME_MAX);
	return view_text(&visible);
}

/* One figure written by `write`, as a string. */
static json_t *cell_text(void (*write)(struct strbuf *, const struct cell *),
			 const struct cell *cell)
{
	struct strbuf text = {0};

	write(&text, cell);
	return view_text(&text);
}

static const char *const direction_names[] = {"better", "", "worse"};

/* "2.0 × the limit" */
static json_t *excess_text(const struct cell *cell)
{
	double ratio = cell->value / cell->limit;
	struct strbuf text = {0};

	if (cell->outcome != OUTCOME_FAIL || !isfinite(ratio) || ratio < 1.05)
		return json_null();
	figures_number(&text, ratio, ratio < 9.95 ? 1 : 0);
	strbuf_puts(&text, " × the limit");
	return view_text(&text);
}

/* Where colour is not ours to set but these have one: comments, chat. */
static const char *const emoji[OUTCOME_COUNT] = {
	[OUTCOME_PASS] = "✅",	    [OUTCOME_FAIL] = "❌",      [OUTCOME_INCONCLUSIVE] = "❔",
	[OUTCOME_UNMEASURED] = "❗", [OUTCOME_NOT_GATED] = "➖", [OUTCOME_SKIPPED] = "⏩",
};
#define EMOJI_WARNING "⚠️"

static void describe_outcome(json_t *view, enum outcome outcome, bool warn)
{
	bool only_warning = warn && outcome == OUTCOME_FAIL;

	extjson_set(view, "outcome",
		    extjson_string(only_warning ? "warning" : outcome_names[outcome]));
	extjson_set(view, "symbol", extjson_string(only_warning ? "▲" : figures_symbol(outcome)));
	extjson_set(view, "emoji", extjson_string(only_warning ? EMOJI_WARNING : emoji[outcome]));
	extjson_set(view, "word", extjson_string(only_warning ? "warning" : figures_word(outcome)));
}

json_t *view_outcome(enum outcome outcome, bool warn)
{
	json_t *view = extjson_object();

	describe_outcome(view, outcome, warn);
	return view;
}

static json_t *view_cell(const struct cell *cell)
{
	json_t *view = view_outcome(cell->outcome, cell->warn);

	extjson_set(view, "scenario", view_name(cell->scenario));
	extjson_set(view, "endpoint",
		    text_equal(cell->endpoint, "total") ? json_null() : view_name(cell->endpoint));
	extjson_set(view, "metric", extjson_string(metric_table[cell->metric].name));
	extjson_set(view, "title", extjson_string(metric_table[cell->metric].title));
	extjson_set(view, "regression", json_boolean(cell->regression != NULL));
	extjson_set(view, "cell", cell_text(summary_cell_name, cell));
	extjson_set(view, "value", cell_text(figures_cell_value, cell));
	extjson_set(view, "limit", cell_text(figures_cell_limit, cell));
	extjson_set(view, "excess", excess_text(cell));
	extjson_set(view, "change", cell_text(figures_cell_change, cell));
	extjson_set(view, "direction",
		    extjson_string(direction_names[figures_cell_direction(cell) + 1]));
	extjson_set(view, "interval", cell_text(figures_cell_interval, cell));
	extjson_set(view, "straddles", json_boolean(figures_cell_straddles(cell)));
	extjson_set(view, "n", cell->n > 0 ? view_count(cell->n) : json_null());
	extjson_set(view, "reason", cell_text(summary_cell_reason, cell));
	extjson_set(view, "adds", json_boolean(summary_reason_adds(cell)));
	extjson_set(view, "origin", view_name(cell->origin));
	return view;
}

/* What a comparison left open is not worth a word in a run that failed. */
static bool needs_attention(const struct run *run, const struct cell *cell)
{
	if (cell->outcome == OUTCOME_FAIL)
		return true;
	if (cell->regression != NULL && run->verdict.outcome == OUTCOME_FAIL)
		return false;
	return cell->outcome == OUTCOME_UNMEASURED || cell->outcome == OUTCOME_INCONCLUSIVE;
}

static void view_cells(json_t *view, const struct run *run)
{
	AUTO_FREE size_t *order = summary_order(run);
	json_t *cells = extjson_array(), *attention = extjson_array();

	for (size_t i = 0; i < run->verdict.n_cells; i++) {
		const struct cell *cell = &run->verdict.cells[order[i]];
		json_t *one = view_cell(cell);

		if (needs_attention(run, cell))
			extjson_append(attention, json_incref(one));
		if (cell->regression == NULL)
			extjson_append(cells, json_incref(one));
		json_decref(one);
	}
	extjson_set(view, "has_cells", json_boolean(json_array_size(cells) > 0));
	extjson_set(view, "has_attention", json_boolean(json_array_size(attention) > 0));
	extjson_set(view, "cells", cells);
	extjson_set(view, "attention", attention);
}

static size_t count_warnings(const struct run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->verdict.n_cells; i++)
		count +=
			run->verdict.cells[i].outcome == OUTCOME_FAIL && run->verdict.cells[i].warn;
	return count;
}

static void add_count(struct strbuf *out, size_t count, const char *word, int *kinds)
{
	if (count > 0)
		strbuf_printf(out, "%s%zu %s", (*kinds)++ > 0 ? ", " : "", count, word);
}

/* "1 failed, 3 passed"; empty when all are the same, which the verdict says. */
static json_t *view_counts(const struct run *run)
{
	static const enum outcome order[] = {OUTCOME_UNMEASURED, OUTCOME_INCONCLUSIVE, OUTCOME_PASS,
					     OUTCOME_NOT_GATED, OUTCOME_SKIPPED};
	size_t warnings = count_warnings(run);
	struct strbuf text = {0};
	int kinds = 0;

	add_count(&text, summary_count(run, OUTCOME_FAIL) - warnings, "failed", &kinds);
	add_count(&text, warnings, warnings == 1 ? "warning" : "warnings", &kinds);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		add_count(&text, summary_count(run, order[i]), figures_word(order[i]), &kinds);
	if (kinds < 2)
		strbuf_clear(&text);
	return view_text(&text);
}

static void add_fact(json_t *facts, const char *name, json_t *value)
{
	json_t *fact;

	if (json_is_null(value) || json_string_length(value) == 0) {
		json_decref(value);
		return;
	}
	fact = extjson_object();
	extjson_set(fact, "name", view_name(name));
	extjson_set(fact, "value", value);
	extjson_append(facts, fact);
}

static json_t *commit_text(const struct run *run)
{
	struct strbuf text = {0};

	if (run->commit == NULL)
		return json_null();
	figures_commit(&text, run->commit);
	strbuf_puts(&text, run->dirty ? " with uncommitted changes" : "");
	return view_text(&text);
}

static json_t *time_text(const struct run *run)
{
	struct strbuf text = {0};

	figures_time(&text, run->started_wall_ns, false);
	return view_text(&text);
}

static json_t *duration_text(double seconds)
{
	char text[UNITS_TEXT_SIZE];

	if (!isfinite(seconds) || seconds <= 0 || seconds > 1e9)
		return json_null();
	units_format_duration((int64_t)round(seconds * 10) * 100000000, text);
	return extjson_string(text);
}

static json_t *baseline_text(const struct run *run)
{
	struct strbuf text = {0};

	summary_baseline(&text, run);
	return view_text(&text);
}

static json_t *comparison_text(const struct run *run)
{
	struct strbuf text = {0};

	summary_comparison(&text, run);
	return view_text(&text);
}

static json_t *loads_text(const struct run *run)
{
	struct strbuf text = {0};

	summary_loads(&text, run);
	return view_text(&text);
}

static json_t *view_facts(const struct run *run)
{
	json_t *facts = extjson_array();

	add_fact(facts, "Target", view_name(run->target));
	add_fact(facts, "Commit", commit_text(run));
	add_fact(facts, "Branch", view_name(run->branch));
	add_fact(facts, "Event", view_name(run->event));
	add_fact(facts, "Started", time_text(run));
	add_fact(facts, "Took", duration_text(run->duration_s));
	add_fact(facts, "Compared", comparison_text(run));
	add_fact(facts, "Load", loads_text(run));
	add_fact(facts, "Baseline", baseline_text(run));
	return facts;
}

static bool has_baseline(const struct run *run)
{
	for (size_t i = 0; i < run->verdict.n_cells; i++)
		if (!run->verdict.cells[i].regression && isfinite(run->verdict.cells[i].baseline))
			return true;
	return false;
}

/* A URL's bytes that no document takes for its own syntax. */
static bool is_link_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("-._~:/?#@!$&*+,;=%", c) != NULL);
}

/* http and https only; without user and password. */
static void add_link(json_t *links, const char *name, const char *url)
{
	const char *rest = url ? strstr(url, "://") : NULL, *authority, *at;
	struct strbuf text = {0};
	json_t *link;

	if (rest == NULL ||
	    (!text_starts_with(url, "http://") && !text_starts_with(url, "https://")))
		return;
	authority = rest + 3;
	at = memrchr(authority, '@', strcspn(authority, "/?#"));
	strbuf_append(&text, url, (size_t)(authority - url));
	for (const char *c = at ? at + 1 : authority; *c != '\0'; c++)
		strbuf_printf(&text, is_link_char(*c) ? "%c" : "%%%02X", (unsigned char)*c);
	log_redact(&text);
	link = extjson_object();
	extjson_set(link, "name", extjson_string(name));
	extjson_set(link, "url", view_text(&text));
	extjson_append(links, link);
}

static json_t *view_links(const struct run *run)
{
	json_t *links = extjson_array();

	add_link(links, "this run", run->build_url);
	add_link(links, "dashboard", run->dashboard_url);
	return links;
}

static json_t *subject_text(const struct run *run)
{
	struct strbuf text = {0};

	summary_subject(&text, run, true);
	return view_text(&text);
}

static void set_list(json_t *view, const char *name, const char *has, json_t *list)
{
	extjson_set(view, has, json_boolean(json_array_size(list) > 0));
	extjson_set(view, name, list);
}

json_t *view_run(const struct run *run)
{
	json_t *view = extjson_object();
	struct strbuf reason = {0}, word = {0};

	if (verdict_is_advisory(&run->verdict))
		describe_outcome(view, OUTCOME_FAIL, true);
	else
		describe_outcome(view, run->verdict.outcome, false);
	summary_word(&word, run);
	extjson_set(view, "word", view_text(&word));
	/* What passed so far is no green light. */
	if (run->interrupted && run->verdict.outcome == OUTCOME_PASS) {
		extjson_set(view, "outcome", extjson_string(outcome_names[OUTCOME_INCONCLUSIVE]));
		extjson_set(view, "emoji", extjson_string(EMOJI_WARNING));
	}
	figures_visible(&reason, run->verdict.reason, FIGURES_MESSAGE_MAX);
	extjson_set(view, "reason", view_text(&reason));
	extjson_set(view, "subject", subject_text(run));
	extjson_set(view, "counts", view_counts(run));
	extjson_set(view, "version", view_name(run->tool_version));
	extjson_set(view, "started", time_text(run));
	extjson_set(view, "interrupted", json_boolean(run->interrupted));
	extjson_set(view, "has_baseline", json_boolean(has_baseline(run)));
	extjson_set(view, "facts", view_facts(run));
	extjson_set(view, "branch", view_name(run->branch));
	extjson_set(view, "run_id", view_name(run->run_id));
	set_list(view, "links", "has_links", view_links(run));
	set_list(view, "notices", "has_notices", summary_notices(run));
	set_list(view, "next", "has_next", summary_next(run));
	view_cells(view, run);
	view_comparisons(view, run);
	return view;
}
