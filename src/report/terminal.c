#include "perfgate/report/terminal.h"

#include "perfgate/base/text.h"

#include <string.h>

#define PARAGRAPH_LINES 3
#define LABEL_WIDTH 11

void terminal_style(struct terminal *terminal, const char *code)
{
	if (terminal->colour)
		strbuf_printf(terminal->out, "\x1b[%sm", code);
}

void terminal_styled(struct terminal *terminal, const char *code, const char *text)
{
	terminal_style(terminal, code);
	strbuf_puts(terminal->out, text);
	terminal_style(terminal, "0");
}

void terminal_spaces(struct terminal *terminal, size_t count)
{
	while (count-- > 0)
		strbuf_putc(terminal->out, ' ');
}

/* Bytes of the longest prefix that takes at most `columns`. */
static size_t prefix_of(const char *text, size_t columns)
{
	size_t length = strlen(text), at = 0, used = 0;

	while (at < length) {
		size_t step = text_utf8_sequence(text + at, length - at, NULL);
		char one[5] = {0};

		step = step == 0 ? 1 : step;
		memcpy(one, text + at, step);
		used += text_columns(one);
		if (used > columns)
			break;
		at += step;
	}
	return at;
}

/* `text` in exactly `width` columns, cut with an ellipsis. */
void terminal_fit(struct terminal *terminal, const char *text, size_t width, bool right)
{
	size_t wanted = text_columns(text);

	if (wanted > width) {
		strbuf_append(terminal->out, text, prefix_of(text, width - 1));
		strbuf_puts(terminal->out, "…");
		return;
	}
	if (right)
		terminal_spaces(terminal, width - wanted);
	strbuf_puts(terminal->out, text);
	if (!right)
		terminal_spaces(terminal, width - wanted);
}

/* Bytes of `text` that go on a line of `width` columns, broken at a space when there is one. */
static size_t line_of(const char *text, size_t width)
{
	size_t most = prefix_of(text, width), at = most;

	if (text[most] == '\0')
		return most;
	while (at > 0 && text[at] != ' ')
		at--;
	return at > most / 2 ? at : most;
}

/* Wrapped with a hanging indent; what needs more than three lines is in the report. */
void terminal_paragraph(struct terminal *terminal, const char *text, size_t indent)
{
	size_t width = terminal->columns - indent;

	for (int line = 1; *text != '\0'; line++) {
		size_t length = line_of(text, width);

		if (line == PARAGRAPH_LINES && text[length] != '\0') {
			terminal_fit(terminal, text, width, false);
			break;
		}
		strbuf_append(terminal->out, text, length);
		text += length;
		text += strspn(text, " ");
		if (*text != '\0') {
			strbuf_putc(terminal->out, '\n');
			terminal_spaces(terminal, indent);
		}
	}
	strbuf_putc(terminal->out, '\n');
}

void terminal_labelled(struct terminal *terminal, const char *label, const char *code,
		       const char *text)
{
	terminal_style(terminal, code);
	terminal_fit(terminal, label, LABEL_WIDTH, false);
	terminal_style(terminal, "0");
	terminal_paragraph(terminal, text, LABEL_WIDTH);
}
