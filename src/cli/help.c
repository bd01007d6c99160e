#include "perfgate/cli/parse.h"

#include "perfgate/base/text.h"
#include "perfgate/cli/commands.h"
#include "perfgate/cli/manual.h"

#include <stdio.h>
#include <string.h>

#define OPTION_COLUMN 28
#define TEXT_COLUMNS 76

const struct exit_row cli_exit_rows[] = {
	{"0", "passed",
	 "everything asked for was measured and passed; or was inconclusive (a warning; `--strict` "
	 "makes it 3), or advisory (`enforce: warn`), or skipped, and says so"},
	{"1", "a gate failed", "a gate failed, or a regression is proven"},
	{"2", "usage or configuration", "usage or configuration; nothing was sent"},
	{"3", "could not measure",
	 "could not measure: target or service out of reach, too few requests, own limits"},
	{"4", "baseline store", "baseline store unreadable, locked or not written"},
	{"5", "not delivered",
	 "the verdict is known, but an artifact was not written (or, with `--require-notify`, "
	 "somebody not told)"},
	{"70", "internal error", "internal error"},
	{"128+n", "ended by signal n", "ended by signal n, after cleaning up"},
	{0},
};

void cli_usage(const struct command *command, struct strbuf *out)
{
	strbuf_printf(out, "usage: perfgate %s [options]%s%s\n", command->name,
		      command->arguments ? " " : "", command->arguments ? command->arguments : "");
}

static void option_line(const struct option_row *row, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf left = {0};

	if (row->letter)
		strbuf_printf(&left, "-%c, ", row->letter);
	strbuf_puts(&left, row->name);
	if (row->value)
		strbuf_printf(&left, " %s", row->value);
	if (left.length > OPTION_COLUMN - 2)
		strbuf_printf(out, "  %s\n  %*s%s\n", strbuf_text(&left), OPTION_COLUMN, "",
			      row->help);
	else
		strbuf_printf(out, "  %-*s%s\n", OPTION_COLUMN, strbuf_text(&left), row->help);
}

static void option_lines(const char *title, const struct option_row *rows, struct strbuf *out)
{
	if (!rows || !rows[0].name)
		return;
	strbuf_printf(out, "\n%s:\n", title);
	for (; rows->name; rows++)
		option_line(rows, out);
}

void cli_help(const struct command *command, struct strbuf *out)
{
	strbuf_printf(out, "perfgate %s - %s\n\n", command->name, command->summary);
	cli_usage(command, out);
	if (command->description)
		strbuf_printf(out, "\n%s\n", command->description);
	option_lines("options", command->options, out);
	option_lines("common options", cli_common_options, out);
	if (command->examples)
		strbuf_printf(out, "\nexamples:\n%s\n", command->examples);
}

static void exit_statuses(struct strbuf *out)
{
	static const char title[] = "exit status:";
	size_t line = out->length;

	strbuf_puts(out, title);
	for (const struct exit_row *row = cli_exit_rows; row->status; row++) {
		AUTO_FREE char *item =
			xasprintf(" %s %s%s", row->status, row->brief, row[1].status ? "," : "\n");

		if (out->length - line + strlen(item) > TEXT_COLUMNS) {
			strbuf_putc(out, '\n');
			line = out->length;
			strbuf_printf(out, "%*s", (int)strlen(title), "");
		}
		strbuf_puts(out, item);
	}
}

void cli_overview(const char *group, struct strbuf *out)
{
	size_t length = group ? strlen(group) : 0;

	if (!group)
		strbuf_puts(out, "perfgate - a performance gate for CI: drive an API, judge it, "
				 "report it\n\nusage: perfgate COMMAND [options]\n");
	strbuf_puts(out, group ? "commands:\n" : "\ncommands:\n");
	for (size_t i = 0; i < cli_commands_count; i++) {
		const struct command *command = cli_commands[i];

		if (group &&
		    !(text_starts_with(command->name, group) && command->name[length] == ' '))
			continue;
		strbuf_printf(out, "  %-18s %s\n", command->name, command->summary);
	}
	strbuf_puts(out, "\n`perfgate help COMMAND` tells more. Start with `perfgate check "
			 "--quick`.\n");
	if (!group)
		exit_statuses(out);
}

static int help_run(struct cli *cli, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};
	const char *first = cli_argument(cli, 0), *second = cli_argument(cli, 1);
	const struct command *command;
	int used;

	if (cli_value(cli, "--manual"))
		return manual_write(cli_value(cli, "--manual"), err);
	if (!first)
		cli_overview(NULL, &out);
	else if (cli_is_group(first) && !second)
		cli_overview(first, &out);
	else if (cli_find_command(first, second, &command, &used, err) == 0)
		cli_help(command, &out);
	else
		return -1;
	return cli_print(strbuf_text(&out), err);
}

static const struct option_row help_options[] = {
	{.name = "--manual", .value = "DIR", .help = "write the manual pages into this folder"},
	{0},
};

const struct command cmd_help = {
	.name = "help",
	.summary = "tell about a command",
	.arguments = "[COMMAND]",
	.max_arguments = 2,
	.options = help_options,
	.run = help_run,
	.description =
		"Prints what `--help` prints. The manual pages, perfgate(1) and the others, are\n"
		"written from the same tables; `make install` installs them.",
	.examples = "  # all options of the main command\n"
		    "  perfgate help check\n"
		    "  # the pages without an installation\n"
		    "  perfgate help --manual pages && man ./pages/perfgate-check.1",
};

static int version_run(struct cli *cli, struct error *err)
{
	(void)cli;
	return cli_print("perfgate " PERFGATE_VERSION "\n", err);
}

const struct command cmd_version = {
	.name = "version",
	.summary = "print the version",
	.run = version_run,
	.examples = "  perfgate version",
};
