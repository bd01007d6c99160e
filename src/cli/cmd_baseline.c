#include "perfgate/base/log.h"
#include "perfgate/base/units.h"
#include "perfgate/baseline/baseline.h"
#include "perfgate/baseline/notes.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/session.h"
#include "perfgate/results/codec.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#define LOG_LIMIT 20
#define LOG_WALK 10000
#define SHORT_COMMIT 12

/* -- what both show: records as a table ------------------------------- */

static void visible(struct strbuf *out, const char *text)
{
	log_visible(out, text, strlen(text));
}

/* `width` columns; text that is longer keeps its length. */
static void cell_text(struct strbuf *out, const char *text, int width)
{
	AUTO(strbuf) struct strbuf shown = {0};
	int columns;

	visible(&shown, text);
	columns = (int)text_columns(strbuf_text(&shown));
	strbuf_printf(out, "%s%*s", strbuf_text(&shown), columns < width ? width - columns : 0, "");
}

/* "1.234", "0.5 %", or "-" without a value. */
static void format_value(enum metric metric, double value, char *out)
{
	bool rate = metric_table[metric].unit[0] == '\0';

	if (!isfinite(value)) {
		memcpy(out, "-", 2);
		return;
	}
	units_format_number(rate ? value * 100 : value, 4, out);
	if (rate)
		strcat(out, " %");
}

static const char *metric_heading(enum metric metric)
{
	static const char *const headings[] = {
		[METRIC_P50] = "p50 ms",	[METRIC_P95] = "p95 ms",
		[METRIC_P99] = "p99 ms",	[METRIC_THROUGHPUT] = "requests/s",
		[METRIC_ERROR_RATE] = "errors", [METRIC_CACHE_HIT_RATE] = "cache hits",
	};
	static_assert(ARRAY_SIZE(headings) == METRIC_COUNT, "a heading per metric");

	return headings[metric];
}

static void metric_headings(struct strbuf *out)
{
	for (int metric = 0; metric < METRIC_COUNT; metric++)
		strbuf_printf(out, " %11s", metric_heading((enum metric)metric));
}

static void metric_values(const struct record *record, const char *scenario, const char *endpoint,
			  struct strbuf *out)
{
	char text[UNITS_TEXT_SIZE + 4];

	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		const struct record_cell *cell =
			record_find(record, scenario, endpoint, (enum metric)metric);

		format_value((enum metric)metric, cell ? cell->value : NAN, text);
		strbuf_printf(out, " %11s", text);
	}
}

/* -- baseline show ---------------------------------------------------- */

/* Is this the first cell of its scenario and endpoint? Cells of one endpoint are together. */
static bool begins_endpoint(const struct record *record, size_t i)
{
	const struct record_cell *cell = &record->cells[i];

	return i == 0 || !text_equal(cell->scenario, cell[-1].scenario) ||
	       !text_equal(cell->endpoint, cell[-1].endpoint);
}

static void show_cells(const struct record *record, struct strbuf *out)
{
	cell_text(out, "  scenario", 18);
	cell_text(out, " endpoint", 32);
	metric_headings(out);
	strbuf_printf(out, " %9s\n", "n");
	for (size_t i = 0; i < record->n_cells; i++) {
		const struct record_cell *cell = &record->cells[i];

		if (!begins_endpoint(record, i))
			continue;
		strbuf_puts(out, "  ");
		cell_text(out, cell->scenario, 16);
		strbuf_putc(out, ' ');
		cell_text(out, cell->endpoint, 31);
		metric_values(record, cell->scenario, cell->endpoint, out);
		strbuf_printf(out, " %9llu\n", (unsigned long long)cell->n);
	}
}

static void show_record(const struct record *record, struct strbuf *out)
{
	strbuf_printf(out, "baseline of commit %.*s, measured ", SHORT_COMMIT, record->commit);
	visible(out, record->when);
	strbuf_puts(out, " (");
	visible(out, record->event);
	strbuf_puts(out, ", ");
	visible(out, record->status);
	strbuf_printf(out, "%s), epoch %lld\n  environment ",
		      record->local && !text_equal(record->event, "local") ? ", local" : "",
		      (long long)record->epoch);
	visible(out, record->fingerprint);
	strbuf_printf(out, "\n  record %s\n", record->id);
	show_cells(record, out);
}

static void show_list(const struct record_list *list, const char *commit, bool json,
		      struct strbuf *out)
{
	AUTO_JSON json_t *array = extjson_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json)
			extjson_append(array, json_incref(list->items[i]->document));
		else
			show_record(list->items[i], out);
	}
	if (json)
		extjson_dump_pretty(array, out);
	else if (list->count == 0)
		strbuf_printf(out, "no baseline for commit %.*s\n", SHORT_COMMIT, commit);
}

static int open_store(struct extgit **git, struct extgit_notes **notes, struct error *err)
{
	if (extgit_open(git, err))
		return -1;
	if (!*git)
		return error_set(err, ERROR_USAGE,
				 "baselines are kept in a git repository, and here is none");
	return extgit_notes_open(*git, BASELINE_REFERENCE, notes, err);
}

/* The commit of REF, by default HEAD; "" in a repository without commits. */
static int find_commit(const struct extgit *git, const char *revision, char *commit,
		       struct error *err)
{
	struct extgit_head head;

	if (revision)
		return extgit_resolve(git, revision, commit, err);
	if (extgit_head(git, &head, err))
		return -1;
	memcpy(commit, head.commit, EXTGIT_OID_SIZE);
	return 0;
}

static int show_run(struct cli *cli, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(record_list) struct record_list list = {0};
	AUTO(strbuf) struct strbuf out = {0};
	char commit[EXTGIT_OID_SIZE];

	if (open_store(&git, &notes, err) || find_commit(git, cli_argument(cli, 0), commit, err) ||
	    (notes && *commit && notes_read(notes, commit, &list, err)))
		return -1;
	show_list(&list, *commit ? commit : "(none yet)", cli_flag(cli, "--json"), &out);
	return cli_print(strbuf_text(&out), err);
}

static const struct option_row show_options[] = {
	{.name = "--json", .help = "print the records as a JSON list"},
	{0},
};

const struct command cmd_baseline_show = {
	.name = "baseline show",
	.summary = "print the baseline of a commit",
	.arguments = "[REF]",
	.max_arguments = 1,
	.description = "Prints what is stored in the git notes of a commit (HEAD unless given):\n"
		       "when and where it was measured, and every value. The same record in its\n"
		       "stored form: git notes --ref perfgate/baselines show REF",
	.examples = "  # the baseline of the branch that others merge into\n"
		    "  perfgate baseline show main\n"
		    "  perfgate baseline show HEAD~3 --json",
	.options = show_options,
	.run = show_run,
};

/* -- baseline log ----------------------------------------------------- */

/* A commit that has records; the history holds them newest first. */
struct logged {
	struct extgit_commit commit;
	char name[EXTGIT_OID_SIZE];
	struct record_list list;
};

struct history {
	const struct extgit *git;
	const struct extgit_notes *notes;
	struct logged *items;
	size_t count, capacity, limit;
};

static void history_release(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		record_list_release(&history->items[i].list);
	free(history->items);
}
DEFINE_AUTO_VALUE(history, struct history, history_release)

static int log_visit(const char *commit, void *arg, struct error *err)
{
	struct history *history = arg;
	struct logged logged = {0};

	if (notes_read(history->notes, commit, &logged.list, err))
		return -1;
	if (logged.list.count == 0) {
		record_list_release(&logged.list);
		return 0;
	}
	memcpy(logged.name, commit, sizeof logged.name);
	if (extgit_read_commit(history->git, commit, &logged.commit, err)) {
		record_list_release(&logged.list);
		return -1;
	}
	*VEC_PUSH(history->items, history->count, history->capacity) = logged;
	return history->count >= history->limit;
}

static json_t *history_json(const struct history *history)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < history->count; i++) {
		const struct logged *logged = &history->items[i];
		json_t *entry = extjson_object(), *records = extjson_array();

		extjson_set(entry, "commit", extjson_string(logged->name));
		extjson_set(entry, "summary", extjson_string(logged->commit.summary));
		for (size_t r = 0; r < logged->list.count; r++)
			extjson_append(records, json_incref(logged->list.items[r]->document));
		extjson_set(entry, "records", records);
		extjson_append(out, entry);
	}
	return out;
}

/* Figures of other machines or suites do not belong on one line with the newest. */
static bool continues(const struct record *record, const struct record *newest,
		      const char *scenario)
{
	const struct record_scenario *one = record_scenario(record, scenario);
	const struct record_scenario *other = record_scenario(newest, scenario);

	return one && other && record->epoch == newest->epoch &&
	       text_equal(record->fingerprint, newest->fingerprint) &&
	       text_equal(one->suite_digest, other->suite_digest);
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

			if (!cell || (newest && !continues(list->items[r], newest, scenario)))
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
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < count; i++) {
		low = fmin(low, values[i]);
		high = fmax(high, values[i]);
	}
	for (size_t i = 0; i < count; i++) {
		double level = high > low ? (values[i] - low) / (high - low) : 0.5;

		strbuf_puts(out, blocks[(size_t)lround(level * (ARRAY_SIZE(blocks) - 1))]);
	}
}

static void show_trends(const struct history *history, const char *scenario, size_t columns,
			struct strbuf *out)
{
	char first[UNITS_TEXT_SIZE + 4], last[UNITS_TEXT_SIZE + 4];

	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		size_t count;
		AUTO_FREE double *values =
			trend(history, scenario, (enum metric)metric, columns - 40, &count);

		if (count < 2)
			continue;
		format_value((enum metric)metric, values[0], first);
		format_value((enum metric)metric, values[count - 1], last);
		strbuf_printf(out, "  %-12s ", metric_heading((enum metric)metric));
		sparkline(values, count, out);
		strbuf_printf(out, "  %s -> %s\n", first, last);
	}
}

static void show_rows(const struct history *history, const char *scenario, struct strbuf *out)
{
	cell_text(out, "  commit", 16);
	cell_text(out, "measured", 20);
	metric_headings(out);
	strbuf_puts(out, "  subject\n");
	for (size_t i = 0; i < history->count; i++) {
		const struct logged *logged = &history->items[i];

		for (size_t r = 0; r < logged->list.count; r++) {
			const struct record *record = logged->list.items[r];

			if (!record_scenario(record, scenario))
				continue;
			strbuf_printf(out, "  %.*s%s ", SHORT_COMMIT, logged->name,
				      record->local ? "*" : " ");
			cell_text(out, record->when, 20);
			metric_values(record, scenario, "total", out);
			strbuf_puts(out, "  ");
			visible(out, logged->commit.summary);
			strbuf_putc(out, '\n');
		}
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
		/* Scenarios of further records of one commit are seldom others: the first counts. */
		const struct record *record = history->items[i].list.items[0];

		for (size_t s = 0; s < record->n_scenarios; s++) {
			const char *scenario = record->scenarios[s].name;

			if (is_shown_before(history, i, scenario))
				continue;
			strbuf_puts(out, "scenario ");
			visible(out, scenario);
			strbuf_puts(out, " (all requests, newest first; * = made outside CI)\n");
			show_rows(history, scenario, out);
			show_trends(history, scenario, columns, out);
		}
	}
}

static int parse_limit(const struct cli *cli, size_t *out, struct error *err)
{
	const char *text = cli_value(cli, "--limit"), *why;
	int64_t limit = LOG_LIMIT;

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
	AUTO(history) struct history history = {0};
	AUTO(strbuf) struct strbuf out = {0};
	char commit[EXTGIT_OID_SIZE];

	if (parse_limit(cli, &history.limit, err) || open_store(&git, &notes, err) ||
	    find_commit(git, cli_argument(cli, 0), commit, err))
		return -1;
	history.git = git;
	history.notes = notes;
	if (notes && *commit && extgit_walk(git, commit, LOG_WALK, log_visit, &history, NULL, err))
		return -1;
	if (cli_flag(cli, "--json")) {
		AUTO_JSON json_t *array = history_json(&history);

		extjson_dump_pretty(array, &out);
	} else if (history.count == 0) {
		strbuf_puts(&out, "no baseline yet: run perfgate check --update-baseline\n");
	} else {
		show_history(&history, (size_t)cli_columns(STDOUT_FILENO), &out);
	}
	return cli_print(strbuf_text(&out), err);
}

static const struct option_row log_options[] = {
	{.name = "--limit", .value = "N", .help = "at most N commits that have a baseline (20)"},
	{.name = "--json", .help = "print commits and records as a JSON list"},
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
		"over the records of the same suite, machine and epoch as the newest one.",
	.examples = "  perfgate baseline log\n"
		    "  # the last hundred, for a program\n"
		    "  perfgate baseline log main --limit 100 --json",
	.options = log_options,
	.run = log_run,
};

/* -- baseline update -------------------------------------------------- */

static int update_run(struct cli *cli, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	AUTO(run) struct run *run = NULL;
	const char *path = cli_value(cli, "--from");
	bool written;

	if (!path)
		return error_set(err, ERROR_USAGE,
				 "--from RESULT is missing: which result.json shall be stored?");
	if (cli_settings(cli, &settings, err) || codec_load(path, &run, err))
		return -1;
	/* Who stores counts, not what the file claims: a file can be edited. */
	run->event = environment_event();
	return baseline_update(run, settings, &written, err);
}

static const struct option_row update_options[] = {
	{.name = "--from", .value = "RESULT", .help = "the result.json to store"},
	{0},
};

const struct command cmd_baseline_update = {
	.name = "baseline update",
	.summary = "store a result as the baseline of the commit it measured",
	.description =
		"Writes the record of a passing result into the git notes of the commit that the\n"
		"result names (refs/notes/perfgate/baselines). Others that write at the same time\n"
		"lose nothing. A result that did not pass, was interrupted or was measured with\n"
		"modified files is refused with a line and exit status 0.",
	.examples = "  perfgate baseline update --from perfgate-results/result.json",
	.options = update_options,
	.run = update_run,
};
