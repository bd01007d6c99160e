/*
 * The command line: tables of commands and options.
 *
 * A command is one cmd_<name>.c with one `struct command`, and one row in
 * commands.c. Parser, help and (later) man page and completion are derived
 * from the tables. Results go to stdout, messages to stderr.
 */
#ifndef PERFGATE_CLI_CLI_H
#define PERFGATE_CLI_CLI_H

#include "perfgate/base/error.h"
#include "perfgate/config/settings.h"

#include <signal.h>
#include <stdbool.h>

/*
 * One option. Values are kept as text; a command reads them with
 * cli_value()/cli_flag(). With `setting`, the value is also a settings key
 * that cli_settings() applies with the option as origin; a switch is "true".
 */
struct option_row {
	const char *name; /* "--scenario" */
	char letter; /* 'q', or 0 */
	const char *value; /* "NAME" in help; NULL = a switch */
	const char *help; /* one line */
	const char *setting; /* settings key, or NULL */
	bool repeatable; /* may be given several times */
	const char *alias; /* an older spelling that works too ("--scenarios"), or NULL */
};

struct cli;

struct command {
	const char *name; /* "check"; sub-commands "baseline show" */
	const char *summary; /* one line */
	const char *arguments; /* "RESULT", "[REF]", or NULL: none allowed */
	int min_arguments, max_arguments;
	const char *description; /* paragraphs for --help, wrapped at 80 columns by hand */
	const char *examples; /* lines "  perfgate check --quick" with a comment line above each */
	const struct option_row *options; /* ends with an empty row; the common options are added */
	int (*run)(struct cli *cli, struct error *err); /* exit status, or -1 with err */
};

/* Value of an option, NULL when not given; the last of a repeatable one. */
const char *cli_value(const struct cli *cli, const char *option);
/* All values of a repeatable option, NULL-terminated, borrowed. */
const char *const *cli_values(const struct cli *cli, const char *option);
bool cli_flag(const struct cli *cli, const char *option);
/* Positional argument `index`, NULL beyond the end. */
const char *cli_argument(const struct cli *cli, int index);

/* Settings with this command's flags applied; --config honoured. The caller frees them. */
PG_MUST_CHECK int cli_settings(const struct cli *cli, struct settings **out, struct error *err);

/* Say an error now and return its exit status, so that what follows still happens. */
int cli_note_error(const struct error *err);

/* Write to stdout; a failure (/dev/full) is ERROR_DELIVERY, a reader that has gone is none. */
PG_MUST_CHECK int cli_print(const char *text, struct error *err);
bool cli_colour(int fd, const struct cli *cli);
/* Columns of the terminal behind fd, else $COLUMNS, else 80; 60..200. */
int cli_columns(int fd);

/* Set by the first SIGINT/SIGTERM/SIGHUP to 1, by the next to 2; see cli_catch_signals(). */
extern volatile sig_atomic_t cli_stop;
/* Start counting signals; from then on the run ends by cli_reraise(). */
void cli_catch_signals(void);
/* When a signal came: restore the default and raise it again (never returns then). */
void cli_reraise(void);

extern const struct command *const cli_commands[];
extern const size_t cli_commands_count;

int cli_main(int argc, char **argv);

#endif
