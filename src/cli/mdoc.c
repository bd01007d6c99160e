#include "perfgate/cli/mdoc.h"

#include <ctype.h>
#include <string.h>

/* '-' is a hyphen in running text, and must stay what can be copied into a shell elsewhere. */
static void put_char(struct strbuf *out, char c, bool code)
{
	if (c == '\\')
		strbuf_puts(out, "\\e");
	else if (c == '-' && code)
		strbuf_puts(out, "\\-");
	else if (c == '\'' && code)
		strbuf_puts(out, "\\(aq");
	else if (c == '`' && code)
		strbuf_puts(out, "\\(ga");
	else if (c == '~' && code)
		strbuf_puts(out, "\\(ti");
	else if (c == '^' && code)
		strbuf_puts(out, "\\(ha");
	else
		strbuf_putc(out, c);
}

void mdoc_argument(struct strbuf *out, const char *text)
{
	/* The mark in front: a short word could be the name of a macro. */
	strbuf_puts(out, " \"\\&");
	for (; *text; text++)
		if (*text == '"')
			strbuf_puts(out, "\\(dq");
		else
			put_char(out, *text, true);
	strbuf_putc(out, '"');
}

static void put_upper(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_putc(out, (char)toupper((unsigned char)*text));
}

void mdoc_begin(struct strbuf *out, const char *name, int section, const char *what)
{
	strbuf_puts(out, ".Dd " PERFGATE_DATE "\n.Dt ");
	put_upper(out, name);
	strbuf_printf(out, " %d\n.Os perfgate " PERFGATE_VERSION "\n", section);
	mdoc_section(out, "NAME");
	strbuf_printf(out, ".Nm %s\n.Nd ", name);
	mdoc_text(out, what);
}

void mdoc_section(struct strbuf *out, const char *title)
{
	strbuf_printf(out, ".Sh %s\n", title);
}

/* Does an option begin here: "--base", "-q"? */
static bool begins_option(const char *text, const char *at)
{
	return *at == '-' && (at == text || strchr(" (`/", at[-1])) &&
	       (at[1] == '-' || isalpha((unsigned char)at[1]));
}

/* Bytes of the sentence at the start of the line, and of the blanks behind it. */
static size_t sentence_length(const char *line, size_t length, size_t *blanks)
{
	for (size_t i = 0; i + 1 < length; i++) {
		size_t end = i + 1 + (line[i + 1] == ')');

		if (strchr(".?!", line[i]) && end < length && line[end] == ' ') {
			*blanks = strspn(line + end, " ");
			return end;
		}
	}
	*blanks = 0;
	return length;
}

static void put_sentence(struct strbuf *out, const char *line, size_t length, bool *code)
{
	bool option = false;

	if (length > 0 && strchr(".'", *line))
		strbuf_puts(out, "\\&");
	for (size_t i = 0; i < length; i++) {
		if (line[i] == '`') {
			*code = !*code;
			/* \% keeps groff from breaking a name with a hyphen. */
			strbuf_puts(out, *code ? "\\fB\\%" : "\\fR");
			continue;
		}
		if (!option && begins_option(line, line + i)) {
			option = true;
			strbuf_puts(out, "\\%");
		} else if (option && line[i] != '-' && !isalnum((unsigned char)line[i])) {
			option = false;
		}
		put_char(out, line[i], *code || option);
	}
	strbuf_putc(out, '\n');
}

/* A sentence begins a line: so that its end is set as one. */
static void put_line(struct strbuf *out, const char *line, size_t length, bool *code)
{
	while (length > 0) {
		size_t blanks, sentence = sentence_length(line, length, &blanks);

		put_sentence(out, line, sentence, code);
		line += sentence + blanks;
		length -= sentence + blanks;
	}
}

void mdoc_text(struct strbuf *out, const char *text)
{
	bool code = false;

	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length == 0) {
			strbuf_puts(out, ".Pp\n");
		} else if (*text == ' ') {
			strbuf_puts(out, ".Dl ");
			put_line(out, text + strspn(text, " "), length - strspn(text, " "), &code);
		} else {
			put_line(out, text, length, &code);
		}
		text += length + (text[length] == '\n');
	}
}

void mdoc_literal(struct strbuf *out, const char *text)
{
	strbuf_puts(out, ".Bd -literal -offset indent\n");
	while (*text) {
		size_t length = strcspn(text, "\n"), indent = strncmp(text, "  ", 2) == 0 ? 2 : 0;

		if (strchr(".'", text[indent]) && length > indent)
			strbuf_puts(out, "\\&");
		for (size_t i = indent; i < length; i++)
			put_char(out, text[i], true);
		strbuf_putc(out, '\n');
		text += length + (text[length] == '\n');
	}
	strbuf_puts(out, ".Ed\n");
}

void mdoc_list(struct strbuf *out, const char *column)
{
	strbuf_printf(out, ".Bl -tag -width %s%s\n", column ? column : "Ds",
		      column ? " -compact" : "");
}

void mdoc_item(struct strbuf *out, const char *macro, const char *term)
{
	strbuf_printf(out, ".It %s", macro);
	mdoc_argument(out, term);
	strbuf_putc(out, '\n');
}

void mdoc_list_end(struct strbuf *out)
{
	strbuf_puts(out, ".El\n");
}
