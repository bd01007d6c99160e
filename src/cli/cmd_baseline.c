#include "perfgate/baseline/baseline.h"
#include "perfgate/cli/baseline_table.h"
#include "perfgate/cli/cli.h"
#include "perfgate/results/codec.h"

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
	baseline_put_padded(out, "  scenario", 18);
	baseline_put_padded(out, " endpoint", 32);
	baseline_put_headings(out);
	strbuf_printf(out, " %9s\n", "n");
	for (size_t i = 0; i < record->n_cells; i++) {
		const struct record_cell *cell = &record->cells[i];

		if (!begins_endpoint(record, i))
			continue;
		strbuf_puts(out, "  ");
		baseline_put_padded(out, cell->scenario, 16);
		strbuf_putc(out, ' ');
		baseline_put_padded(out, cell->endpoint, 31);
		baseline_put_values(record, cell->scenario, cell->endpoint, out);
		strbuf_printf(out, " %9llu\n", (unsigned long long)cell->n);
	}
}

static void show_record(const struct record *record, struct strbuf *out)
{
	strbuf_printf(out, "baseline of commit %.*s, measured ", SHORT_COMMIT, record->commit);
	baseline_put_text(out, record->when);
	strbuf_puts(out, " (");
	baseline_put_text(out, record->event);
	strbuf_puts(out, ", ");
	baseline_put_text(out, record->status);
	strbuf_printf(out, "%s), epoch %lld\n  environment ",
		      record->local && !text_equal(record->event, "local") ? ", local" : "",
		      (long long)record->epoch);
	baseline_put_text(out, record->fingerprint);
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

static int show_run(struct cli *cli, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	AUTO(record_list) struct record_list list = {0};
	AUTO(settings) struct settings *settings = NULL;
	AUTO(strbuf) struct strbuf out = {0};
	char commit[EXTGIT_OID_SIZE];

	if (cli_settings(cli, &settings, err) || baseline_open_store(settings, &git, &notes, err) ||
	    baseline_find_commit(git, cli_argument(cli, 0), commit, err) ||
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

/* -- baseline update -------------------------------------------------- */

static int print_written(const struct run *run, bool written, struct error *err)
{
	AUTO_JSON json_t *document = extjson_object();
	AUTO(strbuf) struct strbuf out = {0};

	extjson_set(document, "commit", extjson_string(run->commit));
	extjson_set(document, "written", json_boolean(written));
	extjson_dump_pretty(document, &out);
	return cli_print(strbuf_text(&out), err);
}

static int update_run(struct cli *cli, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	AUTO(run) struct run *run = NULL;
	const char *path = cli_value(cli, "--from");
	struct ci ci;
	bool written;

	if (!path)
		return error_set(err, ERROR_USAGE,
				 "--from RESULT is missing: which result.json shall be stored?");
	if (cli_settings(cli, &settings, err) || codec_load(path, &run, err))
		return -1;
	ci_read(&ci);
	if (baseline_update(run, settings, &ci, &written, err))
		return -1;
	return cli_flag(cli, "--json") ? print_written(run, written, err) : 0;
}

static const struct option_row update_options[] = {
	{.name = "--from", .value = "RESULT", .help = "the result.json to store"},
	{.name = "--json", .help = "print commit and whether it was written as JSON"},
	{0},
};

const struct command cmd_baseline_update = {
	.name = "baseline update",
	.summary = "store a result as the baseline of the commit it measured",
	.description =
		"Writes the record of a passing result into the git notes of the commit that the\n"
		"result names (refs/notes/perfgate/baselines). Others that write at the same time\n"
		"lose nothing; in CI it is pushed, too. A result that did not pass, was "
		"interrupted or was measured with\n"
		"modified files is refused with a line and exit status 0.",
	.examples = "  perfgate baseline update --from perfgate-results/result.json",
	.options = update_options,
	.run = update_run,
};

/* -- baseline promote ------------------------------------------------- */

static int promote_run(struct cli *cli, struct error *err)
{
	AUTO(settings) struct settings *settings = NULL;
	AUTO(run) struct run *run = NULL;
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(extgit_notes) struct extgit_notes *notes = NULL;
	const char *path = cli_value(cli, "--from");
	char landed[EXTGIT_OID_SIZE];
	struct ci ci;
	bool written;

	if (!path)
		return error_set(err, ERROR_USAGE,
				 "--from RESULT is missing: which result.json was measured?");
	if (cli_settings(cli, &settings, err) || codec_load(path, &run, err) ||
	    baseline_open_store(settings, &git, &notes, err) ||
	    baseline_find_commit(git, cli_argument(cli, 0), landed, err))
		return -1;
	ci_read(&ci);
	if (baseline_promote(run, landed, settings, &ci, &written, err))
		return -1;
	return cli_flag(cli, "--json") ? print_written(run, written, err) : 0;
}

static const struct option_row promote_options[] = {
	{.name = "--from", .value = "RESULT", .help = "the result.json of the pull request"},
	{.name = "--json", .help = "print commit and whether it was written as JSON"},
	{0},
};

const struct command cmd_baseline_promote = {
	.name = "baseline promote",
	.summary = "make a pull request's result the baseline of the commit that landed",
	.arguments = "[REF]",
	.max_arguments = 1,
	.description =
		"A squash or rebase merge has another commit and often the same tree as what the\n"
		"pull request measured. Then the result holds for the landed commit (HEAD unless\n"
		"given) and nothing is measured again. Another tree is exit status 2. Use it on "
		"results\n"
		"of people who may push: a result.json is as easily written as any file.",
	.examples = "  # after the merge, with the artifact of the pull request\n"
		    "  perfgate baseline promote --from perfgate-results/result.json main",
	.options = promote_options,
	.run = promote_run,
};
