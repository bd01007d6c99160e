#include "perfgate/base/units.h"
#include "perfgate/baseline/accept.h"
#include "perfgate/cli/ab.h"
#include "perfgate/cli/baseline_table.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/creep.h"
#include "perfgate/cli/trial.h"
#include "perfgate/verdict/changepoint.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define LOG_LIMIT 20
#define LOG_WALK 10000
/* What a trend line needs beside its blocks. */
#define TREND_MARGIN 40

/* A commit that has records; the history holds them newest first. */
struct logged {
	struct extgit_commit commit;
	char name[EXTGIT_OID_SIZE];
	struct record_list list;
	struct acceptance_list accepted;
};

struct history {
	const struct extgit *git;
	const struct extgit_notes *notes, *accepted; /* accepted: NULL = none */
	struct arena arena;
	struct logged *items;
	size_t count, capacity, limit;
};

static void logged_release(struct logged *logged)
{
	record_list_release(&logged->list);
	acceptance_list_release(&logged->accepted);
}
DEFINE_AUTO_VALUE(logged, struct logged, logged_release)

static void history_release(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		logged_release(&history->items[i]);
	free(history->items);
	arena_release(&history->arena);
}
DEFINE_AUTO_VALUE(history, struct history, history_release)

static int log_visit(const char *commit, void *arg, struct error *err)
{
	struct history *history = arg;
	AUTO(logged) struct logged logged = {0};

	if (notes_read(history->notes, commit, &logged.list, err))
		return -1;
	if (logged.list.count == 0)
		return 0;
	memcpy(logged.name, commit, sizeof logged.name);
	if (extgit_read_commit(history->git, commit, &logged.commit, err) ||
	    acceptance_read(history->git, history->accepted, commit, true, &history->arena,
			    &logged.accepted, err))
		return -1;
	*VEC_PUSH(history->items, history->count, history->capacity) = logged;
	logged = (struct logged){0};
	return history->count >= history->limit;
}

static json_t *history_json(const struct history *history)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < history->count; i++) {
		const struct logged *logged = &history->items[i];
		json_t *entry = extjson_object(), *records = extjson_array();
		json_t *accepted = extjson_array();

		extjson_set(entry, "commit", extjson_string(logged->name));
		extjson_set(entry, "summary", extjson_string(logged->commit.summary));
		for (size_t r = 0; r < logged->list.count; r++)
			extjson_append(records, json_incref(logged->list.items[r]->document));
		extjson_set(entry, "records", records);
		for (size_t a = 0; a < logged->accepted.count; a++)
			extjson_append(accepted, acceptance_json(&logged->accepted.items[a]));
		extjson_set(entry, "accepted", accepted);
		extjson_append(out, entry);
	}
	return out;
}

/* Values of one metric of "total", oldest first; at most `limit` of the newest. Heap. */
static double *trend(const struct history *history, const char *scenario, enum metric metric,
		     size_t limit, size_t *count)
{
	const struct record *newest = NULL;
	double *values = xcalloc(limit, sizeof *values);

	*count = 0;
	for (size_t i = 0; i < history->count; i++) {
		const struct record_list *list = &history->items[i].list;

		for (size_t r = 0; r < list->count && *count < limit; r++) {
			const struct record_cell *cell =
				record_find(list->items[r], scenario, "total", metric);

			if (!cell || (newest && !creep_continues(list->items[r], newest, scenario)))
				continue;
			if (!newest)
				newest = list->items[r];
			values[(*count)++] = cell->value;
		}
	}
	for (size_t i = 0; i < *count / 2; i++) {
		double swapped = values[i];

		values[i] = values[*count - 1 - i];
		values[*count - 1 - i] = swapped;
	}
	return values;
}

static void sparkline(const double *values, size_t count, struct strbuf *out)
{
	static const char blocks[] = "▁▂▃▄▅▆▇█";
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < count; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	for (size_t i = 0; i < count; i++) {
		double level = high > low ? (values[i] - low) / (high - low) : 0.5;

		/* Eight levels of three bytes each. */
		strbuf_append(out, blocks + 3 * lround(level * 7), 3);
	}
}

static void show_trends(const struct history *history, const char *scenario, size_t columns,
			struct strbuf *out)
{
	char first[BASELINE_VALUE_SIZE], last[BASELINE_VALUE_SIZE];

	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		size_t count;
		AUTO_FREE double *values = trend(history, scenario, (enum metric)metric,
						 columns - TREND_MARGIN, &count);

		if (count < 2)
			continue;
		baseline_format_value((enum metric)metric, values[0], first);
		baseline_format_value((enum metric)metric, values[count - 1], last);
		strbuf_printf(out, "  %-12s ", baseline_heading((enum metric)metric));
		sparkline(values, count, out);
		strbuf_printf(out, "  %s -> %s\n", first, last);
	}
}

static void show_acceptances(const struct acceptance_list *list, const char *scenario,
			     struct strbuf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct acceptance *accepted = &list->items[i];
		AUTO_FREE char *text =
			xasprintf("accepted %s/%s/%s by %s: %s%s%s", accepted->scenario,
				  accepted->endpoint, metric_table[accepted->metric].name,
				  accepted->author, accepted->reason,
				  accepted->until ? ", until " : "",
				  accepted->until ? accepted->until : "");

		if (!text_equal(accepted->scenario, scenario))
			continue;
		strbuf_puts(out, "    ");
		baseline_put_text(out, text);
		strbuf_putc(out, '\n');
	}
}

static void show_rows(const struct history *history, const char *scenario, struct strbuf *out)
{
	baseline_put_padded(out, "  commit", 16);
	baseline_put_padded(out, "measured", 20);
	baseline_put_headings(out);
	strbuf_puts(out, "  subject\n");
	for (size_t i = 0; i < history->count; i++) {
		const struct logged *logged = &history->items[i];

		for (size_t r = 0; r < logged->list.count; r++) {
			const struct record *record = logged->list.items[r];

			if (!record_scenario(record, scenario))
				continue;
			strbuf_printf(out, "  %.*s%s ", SHORT_COMMIT, logged->name,
				      record->local ? "*" : " ");
			baseline_put_padded(out, record->when, 20);
			baseline_put_values(record, scenario, "total", out);
			strbuf_puts(out, "  ");
			baseline_put_text(out, logged->commit.summary);
			strbuf_putc(out, '\n');
		}
		show_acceptances(&logged->accepted, scenario, out);
	}
}

static bool is_shown_before(const struct history *history, size_t end, const char *scenario)
{
	for (size_t i = 0; i < end; i++)
		for (size_t r = 0; r < history->items[i].list.count; r++)
			if (record_scenario(history->items[i].list.items[r], scenario))
				return true;
	return false;
}

static void show_history(const struct history *history, size_t columns, struct strbuf *out)
{
	for (size_t i = 0; i < history->count; i++) {
		/* Further records of one commit seldom have other scenarios. */
		const struct record *record = history->items[i].list.items[0];

		for (size_t s = 0; s < record->n_scenarios; s++) {
			const char *scenario = record->scenarios[s].name;

			if (is_shown_before(history, i, scenario))
				continue;
			strbuf_puts(out, "scenario ");
			baseline_put_text(out, scenario);
			strbuf_puts(out, " (all requests, newest first; * = made outside CI)\n");
			show_rows(history, scenario, out);
			show_trends(history, scenario, columns, out);
		}
	}
}

/* ---- change points and creep ---- */

static void show_change_points(const struct creep_series *series, struct record *const *records,
			       void *arg)
{
	struct strbuf *out = arg;
	AUTO_FREE struct changepoint *found = xcalloc(series->n + 1, sizeof *found);
	AUTO(arena) struct arena arena = {0};
	struct rng rng;
	size_t count;

	rng_seed(&rng, CHANGEPOINT_SEED, 0);
	count = changepoint_find(series->levels, series->n, log1p(CHANGEPOINT_MAGNITUDE), &rng,
				 found);
	for (size_t i = 0; i < count; i++) {
		const struct record *first = records[series->places[found[i].index]];

		strbuf_printf(out, "  %.*s %s  ", SHORT_COMMIT, first->commit, first->when);
		baseline_put_text(out, series->scenario);
		strbuf_printf(out, " %s %s, p %.2g\n", metric_table[series->metric].name,
			      ab_change_text(&arena, series->metric,
					     ab_change(series->metric, found[i].change)),
			      found[i].p);
	}
}

static void show_changes(const struct history *history, struct strbuf *out)
{
	struct record **records = NULL;
	size_t n = 0, capacity = 0, before;
	AUTO_FREE char *creep = NULL;

	for (size_t i = 0; i < history->count; i++)
		for (size_t r = 0; r < history->items[i].list.count; r++)
			*VEC_PUSH(records, n, capacity) = history->items[i].list.items[r];
	strbuf_puts(out, "change points (all requests, newest first):\n");
	before = out->length;
	creep_each(records, n, show_change_points, out);
	if (out->length == before)
		strbuf_printf(out, "  none of %.0f %% or more among %zu baselines\n",
			      100 * CHANGEPOINT_MAGNITUDE, n);
	creep = creep_describe(records, n);
	strbuf_printf(out, "creep: %s\n", creep ? creep : "none found since the last tag");
	free(records);
}

static int parse_limit(const struct cli *cli, size_t *out, struct error *err)
{
	const char *text = cli_value(cli, "--limit"), *why;
	int64_t limit = cli_flag(cli, "--trial") ? TRIAL_LIMIT : LOG_LIMIT;

	if (text && (units_parse_integer(text, &limit, &why) || limit < 1 || limit > LOG_WALK))
		return error_set(err, ERROR_USAGE,
				 "--limit: `%s` is not a whole number from 1 to %d", text,
				 LOG_WALK);
	*out = (size_t)limit;
	return 0;
}

static int log_run(struct cli *cli, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(extgit_notes) struct extgit_notes *accepted = NULL;
	AUTO(history) struct history history = {0};
	AUTO(settings) struct settings *settings = NULL;
	AUTO(strbuf) struct strbuf out = {0};
	char commit[EXTGIT_OID_SIZE];

	if (parse_limit(cli, &history.limit, err) || cli_settings(cli, &settings, err) ||
	    baseline_open_store(settings, &git, &notes, err) ||
	    baseline_find_commit(git, cli_argument(cli, 0), commit, err))
		return -1;
	history.git = git;
	if (extgit_notes_open(git, ACCEPTED_REFERENCE, &accepted, err))
		return -1;
	history.notes = notes;
	history.accepted = accepted;
	if (cli_flag(cli, "--trial"))
		return trial_show(git, notes, accepted, commit, history.limit,
				  cli_flag(cli, "--json"), &out, err)
			       ? -1
			       : cli_print(strbuf_text(&out), err);
	if (notes && *commit && extgit_walk(git, commit, LOG_WALK, log_visit, &history, NULL, err))
		return -1;
	if (cli_flag(cli, "--json")) {
		AUTO_JSON json_t *array = history_json(&history);

		extjson_dump_pretty(array, &out);
	} else if (history.count == 0) {
		strbuf_puts(&out, "no baseline yet: run perfgate check --update-baseline\n");
	} else {
		show_history(&history, (size_t)cli_columns(STDOUT_FILENO), &out);
		if (cli_flag(cli, "--change-points"))
			show_changes(&history, &out);
	}
	return cli_print(strbuf_text(&out), err);
}

static const struct option_row log_options[] = {
	{.name = "--limit",
	 .value = "N",
	 .help = "at most N commits that have a baseline (20; with --trial 200)"},
	{.name = "--change-points",
	 .help = "where a metric's level changed, and creep since the last tag"},
	{.name = "--trial",
	 .help = "which runs `enforce: fail` would have failed, and is it earned?"},
	{.name = "--json", .help = "print commits and records, or the trial, as JSON"},
	{0},
};

const struct command cmd_baseline_log = {
	.name = "baseline log",
	.summary = "print the history of the baselines",
	.arguments = "[REF]",
	.max_arguments = 1,
	.description =
		"Walks the first parents of a commit (HEAD unless given) and prints those with a\n"
		"baseline, newest first, and each metric as a line of blocks, oldest to newest,\n"
		"over the records of the same suite, machine and epoch as the newest one.\n"
		"A change point is a step of 5 % or more that the values on both sides prove; "
		"creep\n"
		"is a rise since the last tag that no single step shows.\n"
		"\n"
		"--trial is for `enforce: warn`: of the runs that were recorded, which would have\n"
		"failed, was that accepted (baseline accept), and is `fail` earned? It is when at\n"
		"most 10 % of the runs fail for nothing, by the exact binomial 95 % limit: 29 "
		"runs\n"
		"without a false alarm, 46 with one, 61 with two.",
	.examples = "  perfgate baseline log\n"
		    "  # when did it get slower?\n"
		    "  perfgate baseline log main --limit 200 --change-points\n"
		    "  # may `enforce: warn` become `fail`?\n"
		    "  perfgate baseline log main --trial\n"
		    "  # the last hundred, for a program\n"
		    "  perfgate baseline log main --limit 100 --json",
	.options = log_options,
	.run = log_run,
};
