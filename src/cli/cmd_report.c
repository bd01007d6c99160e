#include "perfgate/base/fs.h"
#include "perfgate/cli/cli.h"
#include "perfgate/report/formats.h"
#include "perfgate/results/codec.h"

#include <unistd.h>

static int report_run(struct cli *cli, struct error *err)
{
	const char *dir = cli_value(cli, "--output");
	AUTO(strbuf) struct strbuf screen = {0};
	AUTO(run) struct run *run = NULL;

	if (!dir)
		dir = "perfgate-results";
	if (codec_load(cli_argument(cli, 0), &run, err) || fs_make_dirs(dir, err) ||
	    report_write_all(run, dir, err))
		return -1;
	report_console(run, dir, cli_colour(STDOUT_FILENO, cli), cli_columns(STDOUT_FILENO),
		       &screen);
	return cli_print(strbuf_text(&screen), err);
}

static const struct option_row options[] = {
	{.name = "--output", .value = "DIR", .help = "folder of the artifacts (perfgate-results)"},
	{0},
};

const struct command cmd_report = {
	.name = "report",
	.summary = "render the artifacts of a stored result again",
	.arguments = "RESULT",
	.min_arguments = 1,
	.max_arguments = 1,
	.description =
		"Reads a result.json and writes JUnit, HTML, comment and CSV from it. Nothing is\n"
		"measured and nothing is judged again; an existing requests.csv is kept.",
	.examples = "  perfgate report perfgate-results/result.json --output site",
	.options = options,
	.run = report_run,
};
