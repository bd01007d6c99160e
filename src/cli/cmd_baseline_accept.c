#include "perfgate/base/clock.h"
#include "perfgate/base/date.h"
#include "perfgate/base/log.h"
#include "perfgate/baseline/accept.h"
#include "perfgate/baseline/ci.h"
#include "perfgate/cli/baseline_table.h"
#include "perfgate/cli/cli.h"

#include <string.h>

#define WALK_COMMITS 200
#define DAY_S 86400

/* The newest baseline at or before the commit: does it know such a cell? */
struct lookup {
	const struct extgit_notes *notes;
	const struct acceptance *wanted;
	struct strbuf others; /* cells with the same scenario, or all scenarios */
	bool any, found;
};

static void note_cells(struct lookup *lookup, const struct record *record)
{
	for (size_t i = 0; i < record->n_cells; i++) {
		const struct record_cell *cell = &record->cells[i];

		lookup->found |= acceptance_covers(lookup->wanted, cell->scenario, cell->endpoint,
						   cell->metric);
		if (cell->metric != lookup->wanted->metric)
			continue;
		strbuf_puts(&lookup->others, lookup->others.length ? ", " : "");
		baseline_put_text(&lookup->others, cell->scenario);
		strbuf_putc(&lookup->others, '/');
		baseline_put_text(&lookup->others, cell->endpoint);
		strbuf_printf(&lookup->others, "/%s", metric_table[cell->metric].name);
	}
}

static int visit(const char *commit, void *arg, struct error *err)
{
	struct lookup *lookup = arg;
	AUTO(record_list) struct record_list list = {0};

	if (notes_read(lookup->notes, commit, &list, err))
		return -1;
	if (list.count == 0)
		return 0;
	lookup->any = true;
	note_cells(lookup, list.items[0]);
	return 1;
}

/* A mistyped cell would accept nothing, and nobody would hear of it. */
static int warn_of_unknown(const struct extgit *git, const struct extgit_notes *notes,
			   const struct acceptance *wanted, struct error *err)
{
	struct lookup lookup = {.notes = notes, .wanted = wanted, .others = {.max_bytes = 1000}};
	int result = 0;

	if (notes)
		result = extgit_walk(git, wanted->commit, WALK_COMMITS, visit, &lookup, NULL, err);
	if (result == 0 && lookup.any && !lookup.found)
		log_warning("no cell of the newest baseline is meant by %s/%s/%s; it has %s",
			    wanted->scenario, wanted->endpoint, metric_table[wanted->metric].name,
			    strbuf_text(&lookup.others));
	strbuf_release(&lookup.others);
	return result;
}

static int check_until(const char *until, struct error *err)
{
	int64_t day;

	if (!until)
		return 0;
	if (date_parse(until, &day))
		return error_set(err, ERROR_USAGE, "--until: `%s` is not a date such as 2026-12-31",
				 until);
	if (day < clock_wall_ns() / NS_PER_S / DAY_S)
		return error_set(err, ERROR_USAGE, "--until: %s is over", until);
	return 0;
}

static int check_event(struct error *err)
{
	struct ci ci;

	ci_read(&ci);
	if (ci.kind == CI_NONE)
		return 0;
	return error_set(err, ERROR_USAGE,
			 "a person accepts a change, not a CI job: run this in a clone, then "
			 "perfgate baseline sync, or write a line `" ACCEPT_TRAILER
			 " CELL reason` in the commit message");
}

struct accepting {
	const struct extgit *git;
	const struct extgit_notes *notes;
	const struct settings *settings;
	struct arena arena;
	struct acceptance common; /* all but the cell */
};

static void accepting_release(struct accepting *accepting)
{
	arena_release(&accepting->arena);
}
DEFINE_AUTO_VALUE(accepting, struct accepting, accepting_release)

static int parse_cell(struct accepting *accepting, const char *cell, struct acceptance *out,
		      struct error *err)
{
	const char *rest;

	*out = accepting->common;
	if (acceptance_parse_cell(cell, &accepting->arena, out, &rest, err))
		return error_wrap(err, "--cell");
	if (*rest)
		return error_set(err, ERROR_USAGE, "--cell: `%s` behind the metric", rest);
	return 0;
}

static int accept_one(struct accepting *accepting, const char *cell, json_t *done,
		      struct error *err)
{
	struct acceptance acceptance;
	bool changed;

	if (parse_cell(accepting, cell, &acceptance, err) ||
	    warn_of_unknown(accepting->git, accepting->notes, &acceptance, err) ||
	    acceptance_write(accepting->git, accepting->settings, &acceptance, &changed, err))
		return -1;
	log_info("accepted %s from commit %.12s on%s%s; perfgate baseline sync tells the others",
		 cell, acceptance.commit, acceptance.until ? " until " : "",
		 acceptance.until ? acceptance.until : "");
	extjson_append(done, acceptance_json(&acceptance));
	return 0;
}

/* All are checked before one is written. */
static int accept_all(struct accepting *accepting, const char *const *cells, json_t *done,
		      struct error *err)
{
	for (size_t i = 0; cells[i]; i++) {
		struct acceptance checked;

		if (parse_cell(accepting, cells[i], &checked, err))
			return -1;
	}
	for (size_t i = 0; cells[i]; i++)
		if (accept_one(accepting, cells[i], done, err))
			return -1;
	return 0;
}

static int describe(const struct cli *cli, struct accepting *accepting, struct error *err)
{
	const struct extgit_notes_author author = notes_author(accepting->settings, NULL);
	AUTO_FREE char *identity = extgit_notes_identity(accepting->git, &author);
	char commit[EXTGIT_OID_SIZE], when[CLOCK_RFC3339_SIZE];

	if (baseline_find_commit(accepting->git, cli_argument(cli, 0), commit, err))
		return -1;
	if (*commit == '\0')
		return error_set(err, ERROR_USAGE, "the repository has no commit yet");
	clock_format_rfc3339(clock_wall_ns(), when);
	accepting->common = (struct acceptance){
		.commit = arena_strdup(&accepting->arena, commit),
		.author = arena_strdup(&accepting->arena, identity),
		.reason = cli_value(cli, "--reason"),
		.until = cli_value(cli, "--until"),
		.when = arena_strdup(&accepting->arena, when),
	};
	return 0;
}

static int accept_run(struct cli *cli, struct error *err)
{
	const char *const *cells = cli_values(cli, "--cell");
	const char *reason = cli_value(cli, "--reason");
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(settings) struct settings *settings = NULL;
	AUTO(accepting) struct accepting accepting = {.arena = {0}};
	AUTO_JSON json_t *done = extjson_array();
	AUTO(strbuf) struct strbuf out = {0};

	if (!cells[0])
		return error_set(err, ERROR_USAGE,
				 "--cell is missing: which one, such as load/total/p95?");
	if (!reason || !*reason)
		return error_set(err, ERROR_USAGE,
				 "--reason is missing: every report will show it");
	if (check_until(cli_value(cli, "--until"), err) || check_event(err) ||
	    cli_settings(cli, &settings, err) || baseline_open_store(settings, &git, &notes, err))
		return -1;
	accepting.git = git;
	accepting.notes = notes;
	accepting.settings = settings;
	if (describe(cli, &accepting, err) || accept_all(&accepting, cells, done, err))
		return -1;
	if (cli_flag(cli, "--json"))
		extjson_dump_pretty(done, &out);
	return cli_print(strbuf_text(&out), err);
}

static const struct option_row accept_options[] = {
	{.name = "--cell",
	 .value = "CELL",
	 .help = "scenario/endpoint/metric (repeat it); endpoint * is all",
	 .repeatable = true},
	{.name = "--reason", .value = "TEXT", .help = "why; every report shows it"},
	{.name = "--until", .value = "DATE", .help = "the last day on which it holds, 2026-12-31"},
	{.name = "--json", .help = "print what was accepted as a JSON list"},
	{0},
};

const struct command cmd_baseline_accept = {
	.name = "baseline accept",
	.summary = "accept that a figure changed: its history starts anew",
	.arguments = "[REF]",
	.max_arguments = 1,
	.description =
		"From that commit (HEAD unless given) on, the cell is compared only with what was\n"
		"measured there or later; author and reason are in every report. The endpoint is\n"
		"total, a whole name, its last part, or *. Stored in "
		"refs/notes/perfgate/accepted;\n"
		"`perfgate baseline sync` carries it to the others. The same can be said in a "
		"commit\n"
		"message with a line `Perf-Accept: load/single/p95 reason`.",
	.examples = "  perfgate baseline accept --cell load/total/p95 \\\n"
		    "      --reason 'checks signatures now'\n"
		    "  # for a month only\n"
		    "  perfgate baseline accept --cell 'load/*/p99' \\\n"
		    "      --reason 'index in work' --until 2026-12-31",
	.options = accept_options,
	.run = accept_run,
};
