#include "perfgate/scenario/values.h"

#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int place_error(const struct place *place, struct error *err, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (place->node)
		return extyaml_error(place->node, err, "%s", message);
	return error_set(err, ERROR_USAGE, "%s: %s", place->label, message);
}

int value_number(const struct yaml_node *node, const char *what, double min, double max,
		 double *out, struct error *err)
{
	const char *why = "";
	double value;

	if (extyaml_expect(node, YAML_SCALAR, what, err))
		return -1;
	if (units_parse_number(node->text, &value, &why))
		return extyaml_error(node, err, "%s: %s", what, why);
	if (value < min || value > max)
		return extyaml_error(node, err, "%s: %s is out of range (%g to %g)", what,
				     node->text, min, max);
	*out = value;
	return 0;
}

int value_count(const struct yaml_node *node, const char *what, size_t max, size_t *out,
		struct error *err)
{
	const char *why = "";
	int64_t value;

	if (extyaml_expect(node, YAML_SCALAR, what, err))
		return -1;
	if (units_parse_integer(node->text, &value, &why))
		return extyaml_error(node, err, "%s: %s", what, why);
	if (value < 1 || (uint64_t)value > max)
		return extyaml_error(node, err, "%s: %s is out of range (1 to %zu)", what,
				     node->text, max);
	*out = (size_t)value;
	return 0;
}

int value_weight(const struct yaml_node *node, const char *what, double *out, struct error *err)
{
	return value_number(node, what, 1e-6, 1e6, out, err);
}

/* The same for a text cut out of a node. */
static int parse_duration(const struct yaml_node *node, const char *text, const char *what,
			  int64_t max_ns, int64_t *out, struct error *err)
{
	const char *why = "";
	int64_t value = 0;

	if (!text_equal(text, "0") && units_parse_duration_ns(text, 0, &value, &why))
		return extyaml_error(node, err, "%s: `%s`: %s", what, text, why);
	if (value < 0)
		return extyaml_error(node, err, "%s: %s is negative", what, text);
	if (value > max_ns) {
		char limit[UNITS_TEXT_SIZE];

		units_format_duration(max_ns, limit);
		return extyaml_error(node, err, "%s: %s is too long: at most %s", what, text,
				     limit);
	}
	*out = value;
	return 0;
}

int value_duration(const struct yaml_node *node, const char *what, int64_t max_ns, int64_t *out,
		   struct error *err)
{
	if (extyaml_expect(node, YAML_SCALAR, what, err))
		return -1;
	return parse_duration(node, node->text, what, max_ns, out, err);
}

int value_duration_range(const struct yaml_node *node, const char *what, int64_t max_ns,
			 int64_t *out_min, int64_t *out_max, struct error *err)
{
	AUTO(arena) struct arena arena = {0};
	const char *low, *high;
	int64_t min, max;

	if (extyaml_expect(node, YAML_SCALAR, what, err))
		return -1;
	if (!value_split_range(&arena, node->text, &low, &high))
		return extyaml_error(node, err, "%s: write 2s, or a range such as 1s..3s", what);
	if (parse_duration(node, low, what, max_ns, &min, err) ||
	    parse_duration(node, high, what, max_ns, &max, err))
		return -1;
	if (min > max)
		return extyaml_error(node, err, "%s: %s is above %s", what, low, high);
	*out_min = min;
	*out_max = max;
	return 0;
}

char *value_trim(struct arena *arena, const char *text, size_t length)
{
	while (length && isspace((unsigned char)*text)) {
		text++;
		length--;
	}
	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	return arena_strndup(arena, text, length);
}

bool value_split_range(struct arena *arena, const char *text, const char **out_low,
		       const char **out_high)
{
	const char *dots = strstr(text, "..");

	if (!dots) {
		*out_low = *out_high = value_trim(arena, text, strlen(text));
	} else {
		*out_low = value_trim(arena, text, (size_t)(dots - text));
		*out_high = value_trim(arena, dots + 2, strlen(dots + 2));
	}
	return **out_low && **out_high;
}

static const char *skip_digits(const char *at)
{
	while (*at >= '0' && *at <= '9')
		at++;
	return at;
}

bool value_is_json_number(const char *text)
{
	const char *at = *text == '-' ? text + 1 : text;
	const char *digits = at;

	at = skip_digits(at);
	if (at == digits || (*digits == '0' && at > digits + 1))
		return false;
	if (*at == '.') {
		digits = ++at;
		at = skip_digits(at);
		if (at == digits)
			return false;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		if (*at == '+' || *at == '-')
			at++;
		digits = at;
		at = skip_digits(at);
		if (at == digits)
			return false;
	}
	return !*at;
}
