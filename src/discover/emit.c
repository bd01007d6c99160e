/* JSON as the YAML that people write. */
#include "perfgate/base/text.h"
#include "perfgate/discover/propose.h"
#include "perfgate/template/template.h"

#include <ctype.h>
#include <string.h>

#define COLUMNS 100

static void put_quoted(struct strbuf *out, const char *text)
{
	strbuf_putc(out, '"');
	template_escape(TEMPLATE_YAML, text, out);
	strbuf_putc(out, '"');
}

/* A word that means itself without quotes, in any reader of YAML. */
static bool is_plain_word(const char *key)
{
	static const char *const others[] = {"null", "true", "false", "yes", "no",
					     "on",   "off",  "y",     "n"};
	AUTO_FREE char *lower = xstrdup(key);

	for (char *c = lower; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (text_equal(lower, others[i]))
			return false;
	return isalpha((unsigned char)*key) &&
	       key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "0123456789_-")] == '\0';
}

/* Text of several words or a path that means itself without quotes, in a line of its own. */
static bool is_plain_line(const char *text)
{
	size_t length = strlen(text);

	if ((!isalpha((unsigned char)*text) && *text != '/') || !strpbrk(text, " /") ||
	    text[length - 1] == ' ')
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' ||
		    (*c == ':' && (c[1] == ' ' || c[1] == '\0')) || (*c == ' ' && c[1] == '#'))
			return false;
	return true;
}

void propose_text(struct strbuf *out, const char *text)
{
	if (is_plain_word(text) || is_plain_line(text))
		strbuf_puts(out, text);
	else
		put_quoted(out, text);
	strbuf_putc(out, '\n');
}

static void put_key(struct strbuf *out, const char *key)
{
	if (is_plain_word(key))
		strbuf_puts(out, key);
	else
		put_quoted(out, key);
	strbuf_puts(out, ": ");
}

static void put_flow(struct strbuf *out, const json_t *value)
{
	const char *between = "", *key;
	const json_t *item;
	size_t i;

	if (json_is_string(value)) {
		put_quoted(out, json_string_value(value));
	} else if (json_is_object(value)) {
		strbuf_putc(out, '{');
		json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
			strbuf_puts(out, between);
			put_key(out, key);
			put_flow(out, item);
			between = ", ";
		}
		strbuf_putc(out, '}');
	} else if (json_is_array(value)) {
		strbuf_putc(out, '[');
		json_array_foreach (value, i, item) {
			strbuf_puts(out, i ? ", " : "");
			put_flow(out, item);
		}
		strbuf_putc(out, ']');
	} else {
		extjson_dump_canonical(value, out);
	}
}

static void put_blanks(struct strbuf *out, size_t count)
{
	while (count-- > 0)
		strbuf_putc(out, ' ');
}

static void put_items(struct strbuf *out, const json_t *list, size_t indent)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		put_blanks(out, indent);
		strbuf_puts(out, "- ");
		put_flow(out, item);
		strbuf_putc(out, '\n');
	}
}

void propose_member(struct strbuf *out, const char *key, const json_t *value, size_t indent)
{
	AUTO(strbuf) struct strbuf flow = {0};
	size_t used = indent + strlen(key) + 2;
	bool empty = json_object_size(value) + json_array_size(value) == 0;
	const json_t *member;
	const char *name;

	put_flow(&flow, value);
	put_blanks(out, indent);
	put_key(out, key);
	if (empty || used + flow.length <= COLUMNS) {
		strbuf_printf(out, "%s\n", strbuf_text(&flow));
		return;
	}
	out->data[out->length - 1] = '\n';
	if (json_is_array(value))
		put_items(out, value, indent + 2);
	json_object_foreach ((json_t *)(uintptr_t)value, name, member)
		propose_member(out, name, member, indent + 2);
}
