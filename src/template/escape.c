#include "perfgate/base/text.h"
#include "perfgate/template/template.h"

#include <assert.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define ZERO_WIDTH_SPACE "&#8203;"

struct escape_row {
	char c;
	const char *text;
};

static const struct escape_row html[] = {
	{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"},
	{'\t', "\t"},	{'\n', "\n"},  {'\r', "\r"},  {0, NULL},
};

/*
 * GitHub looks for mentions and issue numbers in the rendered text, where a backslash is gone:
 * a zero-width space behind @ and # stops it.
 */
static const struct escape_row markdown[] = {
	{'|', "\\|"},
	{'`', "\\`"},
	{'*', "\\*"},
	{'_', "\\_"},
	{'[', "\\["},
	{']', "\\]"},
	{'\\', "\\\\"},
	{'~', "\\~"},
	{'$', "\\$"},
	{'&', "&amp;"},
	{'<', "&lt;"},
	{'>', "&gt;"},
	{'@', "@" ZERO_WIDTH_SPACE},
	{'#', "#" ZERO_WIDTH_SPACE},
	{'\n', " "},
	{'\r', " "},
	{'\t', " "},
	{0, NULL},
};

static const struct escape_row yaml[] = {
	{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}, {0, NULL},
};

static const struct escape_row groovy[] = {
	{'\'', "\\'"}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}, {0, NULL},
};

/* Other characters that do not print become \\uNNNN where that is read back, else U+FFFD. */
static const struct {
	const struct escape_row *rows;
	bool has_unicode_escape;
} targets[] = {
	[TEMPLATE_HTML] = {html, false},
	[TEMPLATE_MARKDOWN] = {markdown, false},
	[TEMPLATE_YAML] = {yaml, true},
	[TEMPLATE_GROOVY] = {groovy, true},
};

static const char *replacement(const struct escape_row *row, char c)
{
	for (; row->text != NULL; row++)
		if (row->c == c)
			return row->text;
	return NULL;
}

/* C0, DEL, C1, and the separators that YAML and Groovy may take for line breaks. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
	       c == 0xfffe || c == 0xffff;
}

void template_escape(enum template_escape escape, const char *text, struct strbuf *out)
{
	size_t length = strlen(text), step;

	if (escape == TEMPLATE_NONE) {
		strbuf_append(out, text, length);
		return;
	}
	assert(escape < ARRAY_SIZE(targets));
	for (size_t i = 0; i < length; i += step) {
		const char *instead = replacement(targets[escape].rows, text[i]);
		uint32_t c = 0;

		step = text_utf8_sequence(text + i, length - i, &c);
		if (instead != NULL) {
			strbuf_puts(out, instead);
		} else if (step == 0) {
			strbuf_puts(out, REPLACEMENT);
			step = 1;
		} else if (is_control(c)) {
			if (targets[escape].has_unicode_escape)
				strbuf_printf(out, "\\u%04x", c);
			else
				strbuf_puts(out, REPLACEMENT);
		} else {
			strbuf_append(out, text + i, step);
		}
	}
}
