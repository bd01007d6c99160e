/*
 * What may stand in a place of the command line: the answer to a shell that
 * completes, from the tables of commands and options.
 *
 * The notation of a row's `value` and of a command's `arguments` says what it
 * is: `native|curl` are words to choose from; a word in capitals is a
 * placeholder of a kind (complete_offers.c lists them), `RESULT|REF` either;
 * `SCENARIO,...` is a list. Brackets mean that an argument may be absent.
 *
 * Offers never run or reach anything but this folder's configuration and git.
 */
#ifndef PERFGATE_CLI_COMPLETE_H
#define PERFGATE_CLI_COMPLETE_H

#include "perfgate/cli/cli.h"

/*
 * Append a line per offer for the last of `words` (those behind the
 * program's name; it may be ""): the word, a tab, and what it is. A line
 * ":files" or ":folders" asks the shell for its own names.
 */
void cli_complete(const char *const *words, size_t count, struct strbuf *out);

/* Is every placeholder of this notation known? The first that is not, heap, or NULL. */
char *cli_unknown_placeholder(const char *notation);

#endif
