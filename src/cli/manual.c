#include "perfgate/cli/manual.h"

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/cli/mdoc.h"
#include "perfgate/cli/parse.h"
#include "perfgate/config/table.h"

#include <string.h>

#define CONFIG_PAGE "ci_cd_config.yml"

char *manual_name(const struct command *command)
{
	char *name = xasprintf("perfgate-%s", command->name);

	for (char *c = name; *c; c++)
		if (*c == ' ')
			*c = '-';
	return name;
}

/* -- options ---------------------------------------------------------- */

/* "Fl q , Fl -quiet Ar FILE", behind .It or .Op */
static void put_option(struct strbuf *out, const struct option_row *row, const char *between)
{
	if (row->letter)
		strbuf_printf(out, " Fl %c %s", row->letter, between);
	strbuf_puts(out, " Fl");
	mdoc_argument(out, row->name + 1);
	if (row->value) {
		strbuf_puts(out, " Ar");
		mdoc_argument(out, row->value);
	}
}

static void put_option_text(struct strbuf *out, const struct option_row *row)
{
	AUTO(strbuf) struct strbuf text = {0};

	strbuf_printf(&text, "%s.\n", row->help);
	if (row->setting) {
		AUTO_FREE char *variable = setting_variable(setting_find(row->setting));

		strbuf_printf(&text, "The setting `%s`, or `%s`.\n", row->setting, variable);
	}
	if (row->repeatable)
		strbuf_puts(&text, "May be given several times.\n");
	if (row->alias)
		strbuf_printf(&text, "Also written `%s`.\n", row->alias);
	mdoc_text(out, strbuf_text(&text));
}

static void put_options(struct strbuf *out, const struct option_row *rows)
{
	mdoc_list(out, NULL);
	for (; rows->name; rows++) {
		strbuf_puts(out, ".It");
		put_option(out, rows, ",");
		strbuf_putc(out, '\n');
		put_option_text(out, rows);
	}
	mdoc_list_end(out);
}

/* -- one command ------------------------------------------------------ */

/* "A [B]" as .Ar and .Op Ar */
static void put_arguments(struct strbuf *out, const char *arguments)
{
	while (*arguments) {
		size_t length = strcspn(arguments, " ");
		bool optional = *arguments == '[' && arguments[length - 1] == ']';
		AUTO_FREE char *one = xstrndup(arguments + optional, length - 2 * (size_t)optional);

		strbuf_puts(out, optional ? ".Op Ar" : ".Ar");
		mdoc_argument(out, one);
		strbuf_putc(out, '\n');
		arguments += length + strspn(arguments + length, " ");
	}
}

static void put_synopsis(struct strbuf *out, const struct command *command)
{
	mdoc_section(out, "SYNOPSIS");
	strbuf_printf(out, ".Nm perfgate %s\n", command->name);
	for (const struct option_row *row = command->options; row && row->name; row++) {
		strbuf_puts(out, ".Op");
		put_option(out, row, "|");
		strbuf_putc(out, '\n');
	}
	strbuf_puts(out, ".Op Ar \"common options\"\n");
	if (command->arguments)
		put_arguments(out, command->arguments);
}

/* The first name behind `after` among the commands whose names begin so; NULL at the end. */
static const struct command *next_sibling(const char *after, const char *prefix)
{
	const struct command *found = NULL;

	for (size_t i = 0; i < cli_commands_count; i++)
		if (text_starts_with(cli_commands[i]->name, prefix) &&
		    strcmp(cli_commands[i]->name, after) > 0 &&
		    (!found || strcmp(cli_commands[i]->name, found->name) < 0))
			found = cli_commands[i];
	return found;
}

/* The others of its group, by the alphabet: "baseline log" for "baseline show". */
static void put_siblings(struct strbuf *out, const struct command *command)
{
	const char *blank = strchr(command->name, ' ');
	AUTO_FREE char *prefix =
		blank ? xstrndup(command->name, (size_t)(blank + 1 - command->name)) : NULL;
	const struct command *other;

	for (const char *after = prefix; after && (other = next_sibling(after, prefix));
	     after = other->name) {
		AUTO_FREE char *name = manual_name(other);

		if (other != command)
			strbuf_printf(out, ".Xr %s 1 ,\n", name);
	}
}

void manual_command(const struct command *command, struct strbuf *out)
{
	AUTO_FREE char *name = manual_name(command);

	mdoc_begin(out, name, 1, command->summary);
	put_synopsis(out, command);
	mdoc_section(out, "DESCRIPTION");
	mdoc_text(out, command->description ? command->description : command->summary);
	if (command->options && command->options->name) {
		mdoc_section(out, "OPTIONS");
		put_options(out, command->options);
	}
	strbuf_puts(out, ".Pp\nOptions that all commands have, the environment and the exit status "
			 "are described in\n.Xr perfgate 1 .\n");
	if (command->examples) {
		mdoc_section(out, "EXAMPLES");
		mdoc_literal(out, command->examples);
	}
	mdoc_section(out, "SEE ALSO");
	strbuf_puts(out, ".Xr perfgate 1 ,\n");
	put_siblings(out, command);
	strbuf_puts(out, ".Xr " CONFIG_PAGE " 5\n");
}

/* -- the program ------------------------------------------------------ */

struct term {
	const char *name, *what;
};

static const struct term variables[] = {
	{"PERFGATE_CONFIG", "The configuration file; `--config` wins."},
	{"NO_COLOR", "Not empty: no colour."},
	{"COLUMNS", "Width of the output where it is no terminal, 60 to 200."},
	{"XDG_CACHE_HOME", "Holds `perfgate/`, with folders from which private servers start fast;"
			   " otherwise `~/.cache`."},
	{"SSL_CERT_FILE, SSL_CERT_DIR", "Certificates to trust instead of the system's."},
	{"GITHUB_*, CHANGE_ID, JENKINS_URL", "Set by the CI system: which event it is."},
};

static const struct term files[] = {
	{CONFIG_PAGE ", performance/" CONFIG_PAGE,
	 "The configuration, looked for in the current folder and upward to the root of the "
	 "repository."},
	{"perfgate-results/", "What a run leaves: `result.json`, from which `perfgate report` "
			      "renders the others again, `junit.xml`, `report.html`, "
			      "`comment.md`, `summary.csv`, `requests.csv`, `latency.hlog`."},
	{"refs/notes/perfgate/baselines", "The baselines, as git notes."},
	{"refs/notes/perfgate/accepted", "What was accepted by `perfgate baseline accept`."},
};

static void put_terms(struct strbuf *out, const char *macro, const struct term *terms, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		mdoc_item(out, macro, terms[i].name);
		mdoc_text(out, terms[i].what);
	}
}

static void put_commands(struct strbuf *out)
{
	mdoc_section(out, "COMMANDS");
	mdoc_list(out, "perfgate-baseline-promote(1)");
	for (size_t i = 0; i < cli_commands_count; i++) {
		AUTO_FREE char *name = manual_name(cli_commands[i]);

		strbuf_printf(out, ".It Xr %s 1\n", name);
		mdoc_text(out, cli_commands[i]->summary);
	}
	mdoc_list_end(out);
}

static void put_exit_status(struct strbuf *out)
{
	mdoc_section(out, "EXIT STATUS");
	mdoc_list(out, NULL);
	for (const struct exit_row *row = cli_exit_rows; row->status; row++) {
		mdoc_item(out, "", row->status);
		mdoc_text(out, row->meaning);
	}
	mdoc_list_end(out);
}

static void put_environment(struct strbuf *out)
{
	mdoc_section(out, "ENVIRONMENT");
	mdoc_text(out, "Every setting of the configuration is also a variable: `PERFGATE_` and its "
		       "name in capitals, with _ for a dot. It wins over the file, and a flag wins "
		       "over it.\nAn empty variable counts as unset.\n");
	mdoc_list(out, NULL);
	manual_variables(out);
	put_terms(out, "Ev", variables, ARRAY_SIZE(variables));
	mdoc_list_end(out);
}

void manual_program(struct strbuf *out)
{
	mdoc_begin(out, "perfgate", 1,
		   "performance gate for CI: drive an API, judge it, report it");
	mdoc_section(out, "SYNOPSIS");
	strbuf_puts(out, ".Nm perfgate\n.Ar command\n.Op Ar options\n");
	mdoc_section(out, "DESCRIPTION");
	mdoc_text(out, "Drives an API with users who think or with arrivals at a rate, judges what "
		       "was measured by gates and against baselines, and says pass, fail or "
		       "inconclusive, with the figures behind it.\n\n"
		       "`perfgate check` is the main job. Without a configuration it measures the "
		       "bundled reference API by default gates; `ci_cd_config.yml` says what is "
		       "yours.\n\n"
		       "Results go to standard output, messages and progress to standard error. "
		       "`--json` prints data for programs.\n");
	put_commands(out);
	mdoc_section(out, "OPTIONS");
	mdoc_text(out, "Every command has these; its own are in its page.\n");
	put_options(out, cli_common_options);
	put_environment(out);
	mdoc_section(out, "FILES");
	mdoc_list(out, NULL);
	put_terms(out, "Pa", files, ARRAY_SIZE(files));
	mdoc_list_end(out);
	put_exit_status(out);
	mdoc_section(out, "EXAMPLES");
	mdoc_literal(out, cli_commands[0]->examples);
	mdoc_section(out, "SEE ALSO");
	strbuf_puts(out, ".Xr perfgate-check 1 ,\n.Xr " CONFIG_PAGE " 5\n");
}

/* -- all of them ------------------------------------------------------ */

static int put_page(const char *folder, const char *name, int section, const struct strbuf *text,
		    struct error *err)
{
	AUTO_FREE char *path = xasprintf("%s/%s.%d", folder, name, section);

	return fs_write_file(path, strbuf_text(text), text->length, err);
}

int manual_write(const char *folder, struct error *err)
{
	AUTO(strbuf) struct strbuf program = {0};
	AUTO(strbuf) struct strbuf config = {0};

	manual_program(&program);
	manual_config(&config);
	if (fs_make_dirs(folder, err) || put_page(folder, "perfgate", 1, &program, err) ||
	    put_page(folder, CONFIG_PAGE, 5, &config, err))
		return -1;
	for (size_t i = 0; i < cli_commands_count; i++) {
		AUTO_FREE char *name = manual_name(cli_commands[i]);
		AUTO(strbuf) struct strbuf text = {0};

		manual_command(cli_commands[i], &text);
		if (put_page(folder, name, 1, &text, err))
			return -1;
	}
	return 0;
}
