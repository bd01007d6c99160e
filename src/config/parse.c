/* From text to a value: one parser per type, then the range; what is refused is explained. */
#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/config/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

static int parse_bool(const struct setting_row *row, const char *text, union setting_value *out,
		      const char **why)
{
	(void)row;
	bool yes = text_equal(text, "true");
	if (!yes && !text_equal(text, "false"))
		return refuse(why, "write true or false");
	out->yes = yes;
	return 0;
}

static int parse_number(const struct setting_row *row, const char *text, union setting_value *out,
			const char **why)
{
	(void)row;
	return units_parse_number(text, &out->number, why);
}

/* A bare number is milliseconds; what ends in a unit is a duration. */
static int parse_milliseconds(const struct setting_row *row, const char *text,
			      union setting_value *out, const char **why)
{
	(void)row;
	int64_t ns = 0;
	size_t length = strlen(text);
	if (length == 0 || strchr("smhd", text[length - 1]) == NULL)
		return units_parse_number(text, &out->number, why);
	if (units_parse_duration_ns(text, 0, &ns, why) != 0)
		return -1;
	out->number = (double)ns / (double)NS_PER_MS;
	return 0;
}

static int parse_fraction(const struct setting_row *row, const char *text, union setting_value *out,
			  const char **why)
{
	(void)row;
	size_t length = strlen(text);
	if (length == 0 || strchr("%p", text[length - 1]) == NULL)
		return units_parse_number(text, &out->number, why);
	return units_parse_fraction(text, &out->number, why);
}

static int parse_integer(const struct setting_row *row, const char *text, union setting_value *out,
			 const char **why)
{
	(void)row;
	return units_parse_integer(text, &out->integer, why);
}

static int parse_duration(const struct setting_row *row, const char *text, union setting_value *out,
			  const char **why)
{
	(void)row;
	return units_parse_duration_ns(text, 0, &out->integer, why);
}

static bool has_control(const char *text, bool multiline)
{
	for (const char *c = text; *c != '\0'; c++)
		if (((unsigned char)*c < ' ' || *c == 0x7f) &&
		    !(multiline && (*c == '\n' || *c == '\t')))
			return true;
	return false;
}

static int parse_text(const struct setting_row *row, const char *text, union setting_value *out,
		      const char **why)
{
	if (*text == '\0')
		return refuse(why, "it must not be empty");
	if (has_control(text, (row->flags & SETTING_MULTILINE) != 0))
		return refuse(why, "it contains a line end or control character");
	if (!text_is_utf8(text, strlen(text)))
		return refuse(why, "it is not UTF-8");
	const char *reason = row->check != NULL ? row->check(text) : NULL;
	if (reason != NULL)
		return refuse(why, reason);
	out->text = text;
	return 0;
}

static int parse_choice(const struct setting_row *row, const char *text, union setting_value *out,
			const char **why)
{
	for (unsigned i = 0; row->choices[i] != NULL; i++)
		if (text_equal(row->choices[i], text)) {
			out->choice = i;
			return 0;
		}
	return refuse(why, NULL);
}

static const struct type_info {
	const char *noun; /* "`x` is not …"; NULL: the reason alone says it */
	int (*parse)(const struct setting_row *row, const char *text, union setting_value *out,
		     const char **why);
} types[] = {
	[SETTING_BOOL] = {"true or false", parse_bool},
	[SETTING_NUMBER] = {"a number", parse_number},
	[SETTING_MILLISECONDS] = {"a time in ms", parse_milliseconds},
	[SETTING_FRACTION] = {"a fraction", parse_fraction},
	[SETTING_INTEGER] = {"a whole number", parse_integer},
	[SETTING_DURATION] = {"a duration", parse_duration},
	[SETTING_TEXT] = {NULL, parse_text},
	[SETTING_CHOICE] = {NULL, parse_choice},
	[SETTING_LIST] = {NULL, parse_text},
	[SETTING_VARIABLES] = {NULL, parse_text},
	[SETTING_SECTION] = {NULL, NULL},
};
_Static_assert(ARRAY_SIZE(types) == SETTING_TYPE_COUNT, "one row per type");

int setting_error(const struct setting_row *row, const struct setting_source *source,
		  struct error *err, const char *format, ...)
{
	char text[ERROR_MESSAGE_MAX];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (source->node != NULL)
		return extyaml_error(source->node, err, "%s: %s", row->key, text);
	return error_set(err, ERROR_USAGE, "%s: %s", source->name != NULL ? source->name : row->key,
			 text);
}

static int refuse_choice(const struct setting_row *row, const struct setting_source *source,
			 const char *text, struct error *err)
{
	AUTO(strbuf) struct strbuf known = {0};
	for (size_t i = 0; row->choices[i] != NULL; i++)
		strbuf_printf(&known, "%s%s",
			      i == 0			    ? ""
			      : row->choices[i + 1] == NULL ? " or "
							    : ", ",
			      row->choices[i]);
	return setting_error(row, source, err, "`%.80s` is unknown: write %s", text,
			     strbuf_text(&known));
}

static int refuse_text(const struct setting_row *row, const struct setting_source *source,
		       const char *text, const char *why, struct error *err)
{
	/* A URL may hold a password, a list of variables a token. */
	if ((row->flags & SETTING_SECRET) != 0 || strchr(text, '@') != NULL)
		return setting_error(row, source, err, "%s", why);
	return setting_error(row, source, err, "`%.80s`: %s", text, why);
}

static int refuse_value(const struct setting_row *row, const struct setting_source *source,
			const char *text, const char *why, struct error *err)
{
	const char *noun = types[row->type].noun;
	if (row->type == SETTING_CHOICE)
		return refuse_choice(row, source, text, err);
	if (noun == NULL)
		return refuse_text(row, source, text, why, err);
	if (text_starts_with(why, "leading zero"))
		return setting_error(row, source, err, "`%.80s`: leading zero: write %.80s", text,
				     text + strspn(text, "-0"));
	if (text_equal(why, "not a number"))
		return setting_error(row, source, err, "`%.80s` is not %s", text, noun);
	return setting_error(row, source, err, "`%.80s` is not %s: %s", text, noun, why);
}

static int check_range(const struct setting_row *row, const struct setting_source *source,
		       const char *text, const union setting_value *value, struct error *err)
{
	double number = 0;
	switch (row->type) {
	case SETTING_NUMBER:
	case SETTING_MILLISECONDS:
	case SETTING_FRACTION: number = value->number; break;
	case SETTING_INTEGER: number = (double)value->integer; break;
	case SETTING_DURATION: number = (double)value->integer / (double)NS_PER_S; break;
	default: return 0;
	}
	if (number >= row->min && number <= row->max)
		return 0;
	char low[UNITS_TEXT_SIZE];
	char high[UNITS_TEXT_SIZE];
	units_format_number(row->min, 12, low);
	units_format_number(row->max, 12, high);
	const char *unit = row->type == SETTING_MILLISECONDS ? " ms"
			   : row->type == SETTING_DURATION   ? " s"
							     : "";
	return setting_error(row, source, err, "`%.80s` is out of range: write %s to %s%s", text,
			     low, high, unit);
}

int setting_parse(const struct setting_row *row, const struct setting_source *source,
		  const char *text, union setting_value *out, struct error *err)
{
	const char *why = NULL;
	if (types[row->type].parse(row, text, out, &why) != 0)
		return refuse_value(row, source, text, why, err);
	return check_range(row, source, text, out, err);
}
