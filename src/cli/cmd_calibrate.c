#include "perfgate/cli/calibrate.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/units.h"
#include "perfgate/cli/commands.h"
#include "perfgate/report/render.h"

#include <string.h>

#define DEFAULT_MINUTES "110"
#define MINUTES_MAX (7 * 24 * 60)
#define LIVE_MAX 100

static int read_number(const struct cli *cli, const char *option, const char *fallback, double max,
		       double *out, struct error *err)
{
	const char *text = cli_value(cli, option), *why;

	if (units_parse_number(text ? text : fallback, out, &why) || *out < 0 || *out > max)
		return error_set(err, ERROR_USAGE, "%s: `%s` is not a number from 0 to %g", option,
				 text, max);
	return 0;
}

static int write_file(const struct session *session, const char *name, const struct strbuf *text,
		      struct error *err)
{
	AUTO_FREE char *path = fs_join(session->settings->output, name);

	return fs_write_file(path, text->data, text->length, err);
}

static int report(const struct session *session, const struct calibration_report *found,
		  struct error *err)
{
	AUTO_JSON json_t *document = calibration_json(found);
	AUTO(strbuf) struct strbuf json = {0}, html = {0}, css = {0}, screen = {0};

	extjson_dump_pretty(document, &json);
	if (calibration_html(found, &html, err) || html_render_css(session->run, &css, err) ||
	    write_file(session, "calibration.json", &json, err) ||
	    write_file(session, "calibration.html", &html, err) ||
	    write_file(session, "report.css", &css, err))
		return -1;
	if (cli_flag(session->cli, "--json"))
		return cli_print(strbuf_text(&json), err);
	calibration_text(found, &screen);
	strbuf_printf(&screen, "\n%s/calibration.html, calibration.json\n",
		      session->settings->output);
	return cli_print(strbuf_text(&screen), err);
}

/* Record what is missing, then judge what there is: an interrupted recording is a shorter one. */
static int calibrate(struct session *session, double minutes, size_t live, struct error *err)
{
	const char *from = cli_value(session->cli, "--from");
	AUTO_FREE char *own = fs_join(session->settings->output, CALIBRATION_RECORDING);
	struct calibration_report found = {0};

	if (from && !fs_exists(from))
		return error_set(err, ERROR_USAGE, "--from: %s is not there", from);
	environment_describe(session->run, NULL);
	cli_catch_signals();
	if (!from && recording_continue(session, own, minutes * 60, err))
		return -1;
	if (cli_stop)
		return error_set(err, ERROR_UNMEASURED,
				 "interrupted; the same command goes on with %s", own);
	if (calibrate_replay(session, from ? from : own, ab_slot(session), &found, err) ||
	    (live > 0 && calibrate_live(session, live, &found, err)))
		return -1;
	return report(session, &found, err);
}

static int calibrate_run(struct cli *cli, struct error *err)
{
	AUTO(session) struct session session = {.lock_fd = -1};
	double minutes, live;

	if (read_number(cli, "--minutes", DEFAULT_MINUTES, MINUTES_MAX, &minutes, err) ||
	    read_number(cli, "--live", "0", LIVE_MAX, &live, err) ||
	    session_open(&session, cli, err) || session_lock_output(&session, err))
		return -1;
	return calibrate(&session, minutes, (size_t)live, err);
}

static const struct option_row options[] = {
	SESSION_OPTIONS,
	{.name = "--minutes",
	 .value = "N",
	 .help = "record so many minutes in all (default " DEFAULT_MINUTES ")"},
	{.name = "--from", .value = "FILE", .help = "judge this recording; measure nothing"},
	{.name = "--live",
	 .value = "N",
	 .help = "then N comparisons with a real 20 % regression (reference API)"},
	{.name = "--json", .help = "print the figures as JSON"},
	{0},
};

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "measure this gate's false alarms and detection power here",
	.description =
		"Runs the API against itself, side by side as `check --base` does, and records\n"
		"every block in calibration.jsonl of the output folder; run again, it goes on\n"
		"where it stopped. Then it cuts the recording into runs and counts: how often the\n"
		"verdict would be a false alarm, how often a regression put into the recording is\n"
		"found, and what the rules of other tools do with the same figures.\n"
		"\n"
		"What it finds holds for this machine, this API and this hour.",
	.examples = "  # an hour and fifty minutes, on the reference API\n"
		    "  perfgate calibrate\n"
		    "  # a first look at your own API, from ci_cd_config.yml\n"
		    "  perfgate calibrate --minutes 15",
	.options = options,
	.run = calibrate_run,
};
