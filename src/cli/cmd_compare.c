#include "perfgate/base/fs.h"
#include "perfgate/cli/ab.h"
#include "perfgate/cli/baseline_table.h"
#include "perfgate/cli/cli.h"
#include "perfgate/cli/history.h"
#include "perfgate/results/codec.h"
#include "perfgate/verdict/gate.h"

#include <math.h>
#include <string.h>

#define NAME_COLUMNS 44

/* One of the two: a result file, or the newest baseline of a revision. */
struct side {
	const char *shown;
	struct run *run; /* of a baseline: what decides whether the two compare */
	struct record *record;
};

static void side_release(struct side *side)
{
	run_free(side->run);
	record_free(side->record);
}
DEFINE_AUTO_VALUE(side, struct side, side_release)

/* ---- reading ---- */

static int read_file(struct side *side, struct error *err)
{
	if (codec_load(side->shown, &side->run, err))
		return -1;
	/* Named by hand, a run that failed may be compared, too. */
	side->run->verdict.outcome = OUTCOME_PASS;
	return record_of_run(side->run, &side->record, err);
}

static struct run *run_of(const struct record *record)
{
	struct run *run = run_new();

	json_object_update(run->environment, record->environment);
	extjson_set(run->environment, "fingerprint", extjson_string(record->fingerprint));
	for (size_t i = 0; i < record->n_scenarios; i++) {
		struct scenario_result *scenario = run_add_scenario(run);

		scenario->name = record->scenarios[i].name;
		scenario->suite_digest = record->scenarios[i].suite_digest;
	}
	return run;
}

static int read_baseline(const struct settings *settings, struct side *side, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(record_list) struct record_list list = {0};
	char commit[EXTGIT_OID_SIZE];
	int status;

	if (baseline_open_store(settings, &git, &notes, err))
		return -1;
	status = extgit_resolve(git, side->shown, commit, err);
	if (!status && notes)
		status = notes_read(notes, commit, &list, err);
	if (!status && list.count == 0)
		status = error_set(err, ERROR_USAGE, "%.12s has no baseline", commit);
	if (!status) {
		side->record = TAKE(list.items[0]);
		side->run = run_of(side->record);
	}
	/* The notes must go before the repository. */
	extgit_notes_free(TAKE(notes));
	return status;
}

static int read_side(const char *text, const struct settings *settings, struct side *out,
		     struct error *err)
{
	int status;

	out->shown = text;
	status = fs_exists(text) ? read_file(out, err) : read_baseline(settings, out, err);
	return status ? error_wrap(err, "%s", text) : 0;
}

/* ---- writing ---- */

static void put_value(const struct cell *cell, double value, struct strbuf *out)
{
	char text[BASELINE_VALUE_SIZE];

	baseline_format_value(cell->metric, value, text);
	strbuf_printf(out, " %11s", text);
}

static void put_change(const struct cell *cell, double change, struct strbuf *out)
{
	AUTO(arena) struct arena arena = {0};

	strbuf_printf(out, " %10s",
		      isfinite(change) ? ab_change_text(&arena, cell->metric, change) : "-");
}

static void put_cell(const struct cell *cell, struct strbuf *out)
{
	AUTO_FREE char *name = xasprintf("%s %s %s", cell->scenario, cell->endpoint,
					 metric_table[cell->metric].name);

	baseline_put_padded(out, name, NAME_COLUMNS);
	put_value(cell, cell->baseline, out);
	put_value(cell, cell->value, out);
	put_change(cell, cell->regression->change, out);
	put_change(cell, cell->regression->bound, out);
	strbuf_printf(out, "  %s: %s\n", outcome_names[cell->outcome], cell->regression->finding);
}

static void put_table(const struct run *run, const struct side *sides, const char *caveat,
		      struct strbuf *out)
{
	strbuf_puts(out, "A: ");
	baseline_put_text(out, sides[0].shown);
	strbuf_puts(out, "\nB: ");
	baseline_put_text(out, sides[1].shown);
	strbuf_puts(out, "\n\n");
	baseline_put_padded(out, "cell", NAME_COLUMNS);
	strbuf_printf(out, " %11s %11s %10s %10s  verdict\n", "A", "B", "change", "fails at");
	for (size_t i = 0; i < run->verdict.n_cells; i++)
		put_cell(&run->verdict.cells[i], out);
	strbuf_printf(out, "\n%s: %s\n%s\n", outcome_names[run->verdict.outcome],
		      run->verdict.reason, caveat);
}

static void put_json(const struct run *run, const struct side *sides, const char *caveat,
		     struct strbuf *out)
{
	AUTO_JSON json_t *whole = codec_encode(run), *document = extjson_object();

	extjson_set(document, "a", extjson_string(sides[0].shown));
	extjson_set(document, "b", extjson_string(sides[1].shown));
	extjson_set(document, "caveat", extjson_string(caveat));
	extjson_set(document, "verdict", json_incref(json_object_get(whole, "verdict")));
	extjson_dump_pretty(document, out);
}

static int compare_run(struct cli *cli, struct error *err)
{
	AUTO(side) struct side base = {0}, head = {0};
	AUTO(baseline_history) struct baseline_history history = {0};
	AUTO(settings) struct settings *settings = NULL;
	AUTO(run) struct run *run = run_new();
	AUTO(strbuf) struct strbuf out = {0};
	const char *caveat = history_caveat(&run->arena, 1);
	char why[600];

	if (cli_settings(cli, &settings, err) ||
	    read_side(cli_argument(cli, 0), settings, &base, err) ||
	    read_side(cli_argument(cli, 1), settings, &head, err))
		return -1;
	if (!record_is_comparable(base.record, head.run, base.record->epoch, false, why,
				  sizeof why))
		return error_set(err, ERROR_USAGE, "%s and %s do not compare: %s", base.shown,
				 head.shown, why);
	*VEC_PUSH(history.items, history.count, history.capacity) = TAKE(base.record);
	history_add_cells(run, head.record, &history, settings);
	verdict_roll_up(run);
	if (cli_flag(cli, "--json"))
		put_json(run, (const struct side[]){base, head}, caveat, &out);
	else
		put_table(run, (const struct side[]){base, head}, caveat, &out);
	if (cli_print(strbuf_text(&out), err))
		return -1;
	return verdict_exit_status(&run->verdict, false);
}

static const struct option_row options[] = {
	{.name = "--json", .help = "print the cells as JSON"},
	{0},
};

const struct command cmd_compare = {
	.name = "compare",
	.summary = "compare two results, or the baselines of two revisions",
	.arguments = "A B",
	.min_arguments = 2,
	.max_arguments = 2,
	.description =
		"A and B are each a result.json or a revision that has a baseline. Prints every\n"
		"cell of both with the change from A to B, and from which change on it fails.\n"
		"Both must be of the same machine, suite and epoch. Two single runs do not show\n"
		"how much runs of the same code differ: only changes far beyond 20 % fail (exit\n"
		"status 1), and a pass proves nothing about smaller ones. To decide about a\n"
		"commit, measure side by side: perfgate check --base REF.",
	.examples = "  perfgate compare old/result.json perfgate-results/result.json\n"
		    "  perfgate compare v1.2 HEAD",
	.options = options,
	.run = compare_run,
};
