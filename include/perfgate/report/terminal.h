/*
 * Text on a screen of so many columns: styles, cells of a table, wrapped lines.
 *
 * Texts are visible already (figures_visible): no control character gets here.
 */
#ifndef PERFGATE_REPORT_TERMINAL_H
#define PERFGATE_REPORT_TERMINAL_H

#include "perfgate/base/strbuf.h"

struct terminal {
	struct strbuf *out;
	bool colour;
	size_t columns;
};

/* The SGR code ("31", "0" ends), when there is colour. */
void terminal_style(struct terminal *terminal, const char *code);
void terminal_styled(struct terminal *terminal, const char *code, const char *text);
void terminal_spaces(struct terminal *terminal, size_t count);

/* The text in exactly `width` columns, cut with an ellipsis. */
void terminal_fit(struct terminal *terminal, const char *text, size_t width, bool right);

/*
 * The text and a newline; wrapped with a hanging indent (the cursor is there already), at most
 * three lines: what needs more is in the report.
 */
void terminal_paragraph(struct terminal *terminal, const char *text, size_t indent);

/* "label      paragraph" */
void terminal_labelled(struct terminal *terminal, const char *label, const char *code,
		       const char *text);

#endif
