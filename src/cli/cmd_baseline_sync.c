#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/units.h"
#include "perfgate/baseline/ci.h"
#include "perfgate/baseline/gc.h"
#include "perfgate/baseline/sync.h"
#include "perfgate/cli/baseline_table.h"
#include "perfgate/cli/cli.h"

#define GC_KEEP_MAX 1000000

static int open_here(struct extgit **git, struct error *err)
{
	if (extgit_open(git, err))
		return -1;
	if (!*git)
		return error_set(err, ERROR_USAGE,
				 "baselines are kept in a git repository, and here is none");
	return 0;
}

static int print_json(json_t *document, struct error *err)
{
	AUTO_JSON json_t *owned = document;
	AUTO(strbuf) struct strbuf out = {0};

	extjson_dump_pretty(owned, &out);
	return cli_print(strbuf_text(&out), err);
}

/* -- baseline sync ---------------------------------------------------- */

static json_t *sync_json(const struct sync_report *report, bool dry_run)
{
	json_t *out = extjson_object();

	extjson_set(out, "remote", extjson_string(report->remote));
	extjson_set(out, "received", extjson_integer((int64_t)report->received));
	extjson_set(out, "sent", extjson_integer((int64_t)report->sent));
	extjson_set(out, "dry_run", json_boolean(dry_run));
	extjson_set(out, "rewritten",
		    report->rewritten[0] ? extjson_string(report->rewritten) : json_null());
	return out;
}

static int print_sync(const struct cli *cli, const struct sync_report *report, struct error *err)
{
	bool dry_run = cli_flag(cli, "--dry-run");
	AUTO(strbuf) struct strbuf out = {0};
	const char *would = dry_run ? "would be " : "";

	if (cli_flag(cli, "--json"))
		return print_json(sync_json(report, dry_run), err);
	if (!report->remote)
		strbuf_puts(&out, "this repository has no remote: nothing to sync\n");
	else if (report->received == 0 && report->sent == 0)
		strbuf_printf(&out, "baselines here and on %s are the same\n", report->remote);
	else
		strbuf_printf(&out, "notes of %zu %s %sreceived from %s, notes of %zu %s %ssent\n",
			      report->received, report->received == 1 ? "commit" : "commits", would,
			      report->remote, report->sent,
			      report->sent == 1 ? "commit" : "commits", would);
	return cli_print(strbuf_text(&out), err);
}

/* A record that an earlier job left behind goes into the clone's notes first. */
static int add_record(const struct extgit *git, const struct settings *settings, const char *path,
		      struct error *err)
{
	AUTO(strbuf) struct strbuf text = {0};
	AUTO(record) struct record *record = NULL;
	struct error why = ERROR_INIT;

	if (fs_read_file(&text, path, RECORD_LIMIT_BYTES + 1, ERROR_USAGE, err))
		return -1;
	if (text.length && text.data[text.length - 1] == '\n')
		text.data[--text.length] = '\0';
	if (record_parse(strbuf_text(&text), text.length, &record, &why) != RECORD_GOOD)
		return error_set(err, ERROR_USAGE, "%s is no baseline record: %s", path,
				 why.message);
	return notes_write(git, settings, record, NULL, err);
}

static int parse_timeout(const struct cli *cli, int64_t *out, struct error *err)
{
	const char *text = cli_value(cli, "--timeout"), *why;

	if (text && (units_parse_duration_ns(text, 0, out, &why) || *out <= 0))
		return error_set(err, ERROR_USAGE, "--timeout: `%s` is not a duration such as 90s",
				 text);
	return 0;
}

static int sync_run(struct cli *cli, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(settings) struct settings *settings = NULL;
	AUTO(sync_report) struct sync_report report = {0};
	struct sync_options options = {.dry_run = cli_flag(cli, "--dry-run")};
	const char *record = cli_value(cli, "--record");
	struct ci ci;

	if (cli_settings(cli, &settings, err) || parse_timeout(cli, &options.budget_ns, err) ||
	    open_here(&git, err))
		return -1;
	ci_read(&ci);
	options.fetch_only = ci.kind == CI_PULL_REQUEST;
	options.sign = cli_flag(cli, "--sign");
	if (options.sign && ci.kind != CI_NONE)
		return error_set(err, ERROR_USAGE, "--sign: a person vouches, not a CI job");
	if (options.sign && !settings->baseline_signed)
		return error_set(err, ERROR_USAGE, "--sign: `baseline.signed` is not set");
	if (options.fetch_only)
		log_info("baselines are fetched and not pushed: the event is %s", ci.event);
	if ((record && !options.dry_run && !options.fetch_only &&
	     add_record(git, settings, record, err)) ||
	    baseline_sync(git, settings, &options, &report, err) || print_sync(cli, &report, err))
		return -1;
	return report.rewritten[0] && cli_flag(cli, "--strict") ? error_exit_status(ERROR_BASELINE)
								: 0;
}

#define REMOTE_OPTION                                                                              \
	{                                                                                          \
		.name = "--remote", .value = "REMOTE", .help = "the remote (default origin)",      \
		.setting = "baseline.remote"                                                       \
	}

static const struct option_row sync_options[] = {
	{.name = "--dry-run",
	 .letter = 'n',
	 .help = "say what would be done; move and push nothing"},
	REMOTE_OPTION,
	{.name = "--record", .value = "FILE", .help = "add a record that a job could not push"},
	{.name = "--timeout", .value = "DURATION", .help = "give up after this time (90s)"},
	{.name = "--sign",
	 .help = "with baseline.signed: vouch for notes that are not signed by a trusted key"},
	{.name = "--strict", .help = "a rewritten history of the remote's notes is exit 4"},
	{.name = "--json", .help = "print what was done as JSON"},
	{0},
};

const struct command cmd_baseline_sync = {
	.name = "baseline sync",
	.summary = "exchange baselines with the remote",
	.description =
		"Fetches the notes of the remote, makes a union with those of this clone, and "
		"pushes\n"
		"it with a lease: when somebody else was faster, again, for 90 s in all. Nothing "
		"is\n"
		"lost on either side. What could not be pushed stays here (exit status 4). The\n"
		"credentials are those of git; nobody is asked for a password.\n"
		"\n"
		"With `baseline.signed: true` notes are signed as git signs commits (gpg.format,\n"
		"user.signingKey), and what git verify-commit does not trust is neither taken nor\n"
		"sent: look at it (perfgate baseline log), then --sign it.",
	.examples = "  perfgate baseline sync\n"
		    "  # what would be sent?\n"
		    "  perfgate baseline sync -n\n"
		    "  # after a job that could not push\n"
		    "  perfgate baseline sync --record perfgate-results/baseline-record.json",
	.options = sync_options,
	.run = sync_run,
};

/* -- baseline gc ------------------------------------------------------ */

static int parse_keep(const struct cli *cli, size_t *out, struct error *err)
{
	const char *text = cli_value(cli, "--keep"), *why;
	int64_t keep = GC_KEEP;

	if (text && (units_parse_integer(text, &keep, &why) || keep < 1 || keep > GC_KEEP_MAX))
		return error_set(err, ERROR_USAGE,
				 "--keep: `%s` is not a whole number from 1 to %d", text,
				 GC_KEEP_MAX);
	*out = (size_t)keep;
	return 0;
}

static int print_gc(const struct cli *cli, const struct gc_report *report,
		    const struct sync_report *sync, struct error *err)
{
	bool dry_run = cli_flag(cli, "--dry-run");
	AUTO(strbuf) struct strbuf out = {0};

	if (cli_flag(cli, "--json")) {
		json_t *document = sync_json(sync, dry_run);

		extjson_set(document, "kept", extjson_integer((int64_t)report->kept));
		extjson_set(document, "removed", extjson_integer((int64_t)report->removed));
		return print_json(document, err);
	}
	strbuf_printf(&out, "%zu %s kept, %zu %s\n", report->kept,
		      report->kept == 1 ? "record" : "records", report->removed,
		      dry_run ? "would be removed" : "removed");
	return cli_print(strbuf_text(&out), err);
}

static int gc_run(struct cli *cli, struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	AUTO(settings) struct settings *settings = NULL;
	AUTO(sync_report) struct sync_report before = {0};
	AUTO(sync_report) struct sync_report after = {0};
	struct sync_options options = {.dry_run = cli_flag(cli, "--dry-run")};
	struct gc_options gc = {.dry_run = options.dry_run};
	struct gc_report report;
	struct ci ci;

	if (cli_settings(cli, &settings, err) || parse_keep(cli, &gc.keep, err) ||
	    open_here(&git, err))
		return -1;
	ci_read(&ci);
	if (ci.kind == CI_PULL_REQUEST)
		return error_set(err, ERROR_USAGE, "a pull request removes no baselines");
	/* Before: what is removed must be all that there is; after: under the lease. */
	if (baseline_sync(git, settings, &options, &before, err) ||
	    baseline_gc(git, settings, &gc, &report, err) ||
	    (report.removed && !gc.dry_run && baseline_sync(git, settings, &options, &after, err)))
		return -1;
	return print_gc(cli, &report, after.remote ? &after : &before, err);
}

static const struct option_row gc_options[] = {
	{.name = "--keep", .value = "N", .help = "records to keep, the newest (200)"},
	{.name = "--dry-run", .letter = 'n', .help = "count only; remove and push nothing"},
	REMOTE_OPTION,
	{.name = "--json", .help = "print what was done as JSON"},
	{0},
};

const struct command cmd_baseline_gc = {
	.name = "baseline gc",
	.summary = "remove old baselines, here and on the remote",
	.description =
		"Keeps the newest 200 records, everything on commits with a tag or an acceptance,\n"
		"and lines that are no records. The removal is one more commit of the notes: "
		"older\n"
		"states stay in their history, and no clone brings the records back. Refused in a\n"
		"shallow clone.",
	.examples = "  # how many would go?\n"
		    "  perfgate baseline gc -n\n"
		    "  perfgate baseline gc --keep 500",
	.options = gc_options,
	.run = gc_run,
};
