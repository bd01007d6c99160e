/*
 * The manual pages, from the tables: perfgate(1), one per command, and
 * ci_cd_config.yml(5) from the settings.
 */
#ifndef PERFGATE_CLI_MANUAL_H
#define PERFGATE_CLI_MANUAL_H

#include "perfgate/cli/cli.h"

/* Write every page as mdoc into the folder, which is made: perfgate.1, perfgate-check.1, … */
PG_MUST_CHECK int manual_write(const char *folder, struct error *err);

/* Append one page. */
void manual_program(struct strbuf *out);
void manual_command(const struct command *command, struct strbuf *out);
void manual_config(struct strbuf *out);

/* "perfgate-baseline-show", heap. */
char *manual_name(const struct command *command);

/* Items of a list: the variables of settings, without the derived names. */
void manual_variables(struct strbuf *out);

#endif
