/*
 * What `baseline show` and `baseline log` share: the store, and records as
 * rows of a table. Text from notes is made visible, never trusted.
 */
#ifndef PERFGATE_CLI_BASELINE_TABLE_H
#define PERFGATE_CLI_BASELINE_TABLE_H

#include "perfgate/base/units.h"
#include "perfgate/baseline/notes.h"

/* Digits of a commit for people. */
#define SHORT_COMMIT 12
/* A value with its unit sign. */
#define BASELINE_VALUE_SIZE (UNITS_TEXT_SIZE + 4)

/*
 * Open the repository here (ERROR_USAGE when there is none) and its notes (NULL: none yet). What
 * is not to be trusted is a warning: people must be able to look at it.
 */
PG_MUST_CHECK int baseline_open_store(const struct settings *settings, struct extgit **git,
				      struct extgit_notes **notes, struct error *err);

/* The commit of `revision`, NULL is HEAD; "" in a repository without commits. */
PG_MUST_CHECK int baseline_find_commit(const struct extgit *git, const char *revision, char *commit,
				       struct error *err);

void baseline_put_text(struct strbuf *out, const char *text);
/* At least `width` columns; longer text keeps its length. */
void baseline_put_padded(struct strbuf *out, const char *text, int width);

/* "1.234", "0.5 %", or "-" for NaN; `out` holds BASELINE_VALUE_SIZE bytes. */
void baseline_format_value(enum metric metric, double value, char *out);
const char *baseline_heading(enum metric metric);

/* One column per metric: the heading, and the values of one scenario's endpoint. */
void baseline_put_headings(struct strbuf *out);
void baseline_put_values(const struct record *record, const char *scenario, const char *endpoint,
			 struct strbuf *out);

#endif
