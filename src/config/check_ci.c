/* What the texts of the section `ci` must look like. */
#include "perfgate/base/text.h"
#include "perfgate/config/table.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define IMAGE_PREFIX "docker://"

/* -- ci.install -------------------------------------------------------- */

/* Bytes of the action in front of a comment with its version. */
static size_t action_length(const char *text)
{
	return strcspn(text, " ");
}

/* "owner/name@…", one word: no command looks like it. */
static bool is_action(const char *text)
{
	size_t word = strspn(text, WORD "-_./");
	size_t length = action_length(text), rest = length + strspn(text + length, " ");

	return *text != '.' && *text != '/' && text[word] == '@' && memchr(text, '/', word) &&
	       length > word && (text[rest] == '\0' || text[rest] == '#');
}

enum install_kind install_kind(const char *text)
{
	if (text_starts_with(text, IMAGE_PREFIX))
		return INSTALL_IMAGE;
	return is_action(text) ? INSTALL_ACTION : INSTALL_COMMAND;
}

static bool is_pinned(const char *text)
{
	size_t length = action_length(text);
	const char *commit = strchr(text, '@') + 1;

	return strspn(commit, "0123456789abcdef") == 40 && commit + 40 == text + length &&
	       text[length + strcspn(text + length, "\n\r")] == '\0';
}

const char *check_install(const char *text)
{
	switch (install_kind(text)) {
	case INSTALL_ACTION:
		return is_pinned(text) ? NULL
				       : "pin the action by its full commit: owner/name@ and 40 "
					 "hexadecimal digits, then, if you like, # and its version";
	case INSTALL_IMAGE:
		text += strlen(IMAGE_PREFIX);
		return *text && text[strspn(text, WORD "-_./:@")] == '\0'
			       ? NULL
			       : "write docker://NAME:TAG, or docker://NAME@sha256:DIGEST";
	default: return NULL;
	}
}

const char *check_label(const char *text)
{
	return *text && text[strspn(text, WORD "-_.")] == '\0'
		       ? NULL
		       : "a label has letters, digits, - _ and . only";
}

/* -- ci.schedule: https://docs.github.com/actions, `on.schedule` ------------ */

struct field {
	int min, max;
	const char *names; /* three letters each, the first is `min`; NULL = none */
};

static const struct field fields[] = {
	{0, 59, NULL},
	{0, 23, NULL},
	{1, 31, NULL},
	{1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
	{0, 6, "SUNMONTUEWEDTHUFRISAT"},
};

/* A number or a name at *at, which moves behind it; -1 when it is neither or out of range. */
static int read_value(const struct field *field, const char **at)
{
	int value = 0, digits = 0;

	for (; field->names && isalpha((unsigned char)**at); value++) {
		const char *name = field->names + 3 * value;

		if (*name == '\0')
			return -1;
		if (strncasecmp(*at, name, 3) == 0) {
			*at += 3;
			return field->min + value;
		}
	}
	for (; isdigit((unsigned char)**at) && digits < 3; digits++)
		value = 10 * value + (*(*at)++ - '0');
	return digits > 0 && value >= field->min && value <= field->max ? value : -1;
}

/* "*", "5", "1-5", each with or without a step: "1-59/15". */
static bool read_item(const struct field *field, const char **at)
{
	int first = field->min, last = field->max;

	if (**at == '*') {
		++*at;
	} else {
		first = last = read_value(field, at);
		if (**at == '-') {
			++*at;
			last = read_value(field, at);
		}
	}
	if (first < 0 || last < first)
		return false;
	if (**at == '/') {
		const struct field step = {1, field->max, NULL};

		++*at;
		return read_value(&step, at) > 0;
	}
	return true;
}

static bool is_field(const struct field *field, const char *start, const char *end)
{
	while (start < end && read_item(field, &start)) {
		if (start == end)
			return true;
		if (*start++ != ',')
			return false;
	}
	return false;
}

const char *check_cron(const char *text)
{
	const char *at = text;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *end;

		at += strspn(at, " ");
		end = at + strcspn(at, " ");
		/* What runs every few minutes would still measure when it is due again. */
		if (i == 0 && strspn(at, "0123456789") != (size_t)(end - at))
			return "its minute must be one number: a run takes longer than minutes";
		if (!is_field(&fields[i], at, end))
			return "write five fields of cron, in UTC: 17 3 * * * is every night at "
			       "3:17";
		at = end;
	}
	return at[strspn(at, " ")] == '\0' ? NULL : "cron has five fields";
}
