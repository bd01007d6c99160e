/*
 * Writing a manual page in mdoc(7), the markup that groff and mandoc read.
 *
 * Text may come from anywhere: what would be markup is escaped. `Backticks`
 * become bold.
 */
#ifndef PERFGATE_CLI_MDOC_H
#define PERFGATE_CLI_MDOC_H

#include "perfgate/base/strbuf.h"

/* The head of a page: title in capitals, section, name and what it is. */
void mdoc_begin(struct strbuf *out, const char *name, int section, const char *what);
/* ".Sh TITLE" */
void mdoc_section(struct strbuf *out, const char *title);

/* Running text, filled; an empty line begins a paragraph, an indented one stays as it is. */
void mdoc_text(struct strbuf *out, const char *text);
/* Lines as they are, indented: examples. Blanks that all begin with (two) are taken away. */
void mdoc_literal(struct strbuf *out, const char *text);

/*
 * A list of terms: mdoc_item() begins each, its text follows. `column`, the widest term, puts the
 * texts into a column of their own without empty lines; NULL: below the terms.
 */
void mdoc_list(struct strbuf *out, const char *column);
void mdoc_item(struct strbuf *out, const char *macro, const char *term);
void mdoc_list_end(struct strbuf *out);

/* One argument of a macro line, quoted, with a blank in front. */
void mdoc_argument(struct strbuf *out, const char *text);

#endif
