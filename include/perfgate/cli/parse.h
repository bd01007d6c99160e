/*
 * From argv to a command with its options; and help, from the same tables.
 */
#ifndef PERFGATE_CLI_PARSE_H
#define PERFGATE_CLI_PARSE_H

#include "perfgate/base/strbuf.h"
#include "perfgate/cli/cli.h"

#define CLI_MAX_OPTIONS 48

/* Values of one option in the order given, NULL-terminated. */
struct cli_values {
	const char **items;
	size_t count, capacity;
};

struct cli {
	const struct command *command;
	struct cli_values options[CLI_MAX_OPTIONS]; /* by cli_option_at() */
	struct cli_values arguments;
};

/* The options every command has. */
extern const struct option_row cli_common_options[];

/* The i-th option of the command, common ones behind its own; NULL beyond the end. */
const struct option_row *cli_option_at(const struct command *command, size_t i);

/* Index of the option that is called so, by name, older spelling or letter ("-q"). */
bool cli_find_option(const struct command *command, const char *name, size_t *out);

/*
 * Find the command that the first words name (one or two, or an older
 * spelling such as --run-all; either may be NULL); *out_used of them belong
 * to its name. ERROR_USAGE with a suggestion.
 */
PG_MUST_CHECK int cli_find_command(const char *first, const char *second,
				   const struct command **out, int *out_used, struct error *err);

/* Is it the first word of a two-word command ("baseline")? */
bool cli_is_group(const char *word);

/* Parse the words behind the command's name; cli_release() afterwards in any case. */
PG_MUST_CHECK int cli_parse(struct cli *cli, const struct command *command, int argc, char **argv,
			    struct error *err);
void cli_release(struct cli *cli);

/* What the exit statuses mean, for people. */
struct exit_row {
	const char *status; /* "0" */
	const char *brief; /* a few words */
	const char *meaning; /* in full, `code` in backticks */
};
extern const struct exit_row cli_exit_rows[]; /* ends with an empty row */

/* "usage: perfgate check [options]" */
void cli_usage(const struct command *command, struct strbuf *out);
void cli_help(const struct command *command, struct strbuf *out);
/* All commands; `group` (may be NULL) limits to those that start with it. */
void cli_overview(const char *group, struct strbuf *out);

#endif
