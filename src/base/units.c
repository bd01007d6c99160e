#include "perfgate/base/units.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* glibc hands out the C locale without allocating; strtod() and printf() must not see another. */
static locale_t c_locale_enter(void)
{
	locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	if (plain == (locale_t)0)
		error_out_of_memory();
	return uselocale(plain);
}

static void c_locale_leave(locale_t previous)
{
	freelocale(uselocale(previous));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
	while (is_digit(*at))
		at++;
	return at;
}

static int refuse(const char **why, const char *reason)
{
	*why = reason;
	return -1;
}

/* The end of the number at `text`, or NULL with the reason. */
static const char *number_end(const char *text, const char **why)
{
	const char *at = *text == '-' ? text + 1 : text;
	const char *digits = at;

	*why = "not a number";
	at = skip_digits(at);
	if (*text == '+')
		*why = "no '+' sign: write the number alone";
	else if (at == digits && *at == '.' && is_digit(at[1]))
		*why = "digits are missing before the point: write 0.5";
	if (at == digits)
		return NULL;
	if (*digits == '0' && is_digit(digits[1])) {
		*why = "leading zero: write it without";
		return NULL;
	}
	if (*at == '.') {
		const char *fraction = at + 1;

		at = skip_digits(fraction);
		*why = "digits are missing after the point: write 5 or 5.0";
		if (at == fraction)
			return NULL;
	}
	if (*at == 'e' || *at == 'E') {
		const char *exponent = at + 1 + (at[1] == '+' || at[1] == '-');

		/* "5e" may still be a number and a unit; the unit check says so. */
		if (is_digit(*exponent))
			at = skip_digits(exponent);
	}
	return at;
}

static int read_number(const char *text, double *out, const char **end, const char **why)
{
	locale_t previous;
	double value;
	bool zero = true;

	*end = number_end(text, why);
	if (*end == NULL)
		return -1;
	previous = c_locale_enter();
	value = strtod(text, NULL);
	c_locale_leave(previous);
	for (const char *c = text; c < *end && *c != 'e' && *c != 'E'; c++)
		zero = zero && !(*c >= '1' && *c <= '9');
	if (!isfinite(value) || (value == 0 && !zero))
		return refuse(why, "must be a finite number that fits");
	if (zero && *text == '-')
		return refuse(why, "negative zero: write 0");
	*out = value;
	return 0;
}

static const char *explain_rest(const char *rest)
{
	if (*rest == '_' || *rest == ',')
		return "no separators in numbers: write 2000";
	if (*rest == 'x' || *rest == 'X')
		return "no hexadecimal numbers: write it in decimal";
	return "unexpected text after the number";
}

int units_parse_number(const char *text, double *out, const char **why)
{
	const char *end;
	double value;

	if (strcmp(text, ".inf") == 0 || strcmp(text, "-.inf") == 0 || strcmp(text, ".nan") == 0 ||
	    strcasecmp(text, "inf") == 0 || strcasecmp(text, "nan") == 0)
		return refuse(why, "must be a finite number");
	if (read_number(text, &value, &end, why) != 0)
		return -1;
	if (*end != '\0')
		return refuse(why, explain_rest(end));
	*out = value;
	return 0;
}

static int parse_digits(const char *text, int64_t *out, const char **why)
{
	bool negative = *text == '-';
	int64_t value = 0;

	for (const char *c = text + negative; *c != '\0'; c++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    (negative ? __builtin_sub_overflow(value, *c - '0', &value)
			      : __builtin_add_overflow(value, *c - '0', &value)))
			return refuse(why, "out of range");
	*out = value;
	return 0;
}

int units_parse_integer(const char *text, int64_t *out, const char **why)
{
	const double exact = 9007199254740992.0; /* 2^53 */
	double value;

	if (units_parse_number(text, &value, why) != 0)
		return -1;
	if (strpbrk(text, ".eE") == NULL)
		return parse_digits(text, out, why);
	if (value != floor(value))
		return refuse(why, "must be a whole number");
	if (fabs(value) > exact)
		return refuse(why, "out of range");
	*out = (int64_t)value;
	return 0;
}

struct unit {
	const char *name;
	double scale;
};

static const struct unit time_units[] = {
	{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9},
};
static const struct unit size_units[] = {
	{"B", 1},	 {"KB", 1e3},	     {"MB", 1e6},	    {"GB", 1e9},
	{"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0},
};

static const struct unit *find_unit(const struct unit *units, size_t count, const char *at,
				    const char **end)
{
	size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	*end = at + length;
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == length && memcmp(units[i].name, at, length) == 0)
			return &units[i];
	return NULL;
}

int units_parse_duration_ns(const char *text, int64_t bare_unit_ns, int64_t *out, const char **why)
{
	const struct unit *unit = NULL;
	double total = 0, value, last_scale = INFINITY;
	const char *at = text;

	do {
		if (read_number(at, &value, &at, why) != 0)
			return -1;
		if (value < 0)
			return refuse(why, "a duration is not negative");
		if (*at == '\0' && unit == NULL && bare_unit_ns > 0) {
			total = value * (double)bare_unit_ns;
			break;
		}
		if (*at == '\0')
			return refuse(why, "a unit is missing: us, ms, s, m, h or d");
		unit = find_unit(time_units, ARRAY_SIZE(time_units), at, &at);
		if (unit == NULL)
			return refuse(why, "unknown unit: write us, ms, s, m, h or d, as in 1h30m");
		if (unit->scale >= last_scale)
			return refuse(why, "units go from large to small, each once: 1h30m");
		last_scale = unit->scale;
		total += value * unit->scale;
	} while (*at != '\0');
	if (total > 9.2e18)
		return refuse(why, "out of range");
	*out = (int64_t)llround(total);
	return 0;
}

int units_parse_size(const char *text, uint64_t *out_bytes, const char **why)
{
	const struct unit *unit;
	const char *at;
	double value;

	if (read_number(text, &value, &at, why) != 0)
		return -1;
	if (value < 0)
		return refuse(why, "a size is not negative");
	if (*at == '\0')
		return refuse(why, "a unit is missing: B, KB, MB, GB, KiB, MiB or GiB");
	unit = find_unit(size_units, ARRAY_SIZE(size_units), at, &at);
	if (unit == NULL || *at != '\0')
		return refuse(why, "unknown unit: write B, KB, MB, GB, KiB, MiB or GiB");
	if (value * unit->scale > 9e18)
		return refuse(why, "out of range");
	*out_bytes = (uint64_t)llround(value * unit->scale);
	return 0;
}

int units_parse_fraction(const char *text, double *out, const char **why)
{
	const char *at;
	double value;

	if (read_number(text, &value, &at, why) != 0)
		return -1;
	if (strcmp(at, "%") == 0 || strcmp(at, "pp") == 0)
		value /= 100;
	else if (*at != '\0')
		return refuse(why, "write a fraction (0.05), percent (5%) or points (0.5pp)");
	*out = value;
	return 0;
}

/* The value as people see it, so that 999.96 ms becomes 1 s and not 1000 ms. */
static double rounded(double value, int significant)
{
	char text[UNITS_TEXT_SIZE];
	locale_t previous = c_locale_enter();
	double result;

	snprintf(text, sizeof text, "%.*e", significant - 1, value);
	result = strtod(text, NULL);
	c_locale_leave(previous);
	return result;
}

static void trim_zeros(char *text)
{
	char *end = text + strlen(text);

	if (strchr(text, '.') == NULL)
		return;
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		*--end = '\0';
}

void units_format_number(double value, int significant, char *out)
{
	double shown;
	int decimals;
	locale_t previous;

	assert(significant >= 1 && significant <= 17);
	if (!isfinite(value)) {
		snprintf(out, UNITS_TEXT_SIZE, "%s",
			 isnan(value) ? "n/a"
			 : value > 0  ? "inf"
				      : "-inf");
		return;
	}
	shown = rounded(value, significant);
	previous = c_locale_enter();
	if (fabs(shown) >= 1e15) {
		snprintf(out, UNITS_TEXT_SIZE, "%.*g", significant, shown);
	} else {
		decimals = shown == 0 ? 0 : significant - 1 - (int)floor(log10(fabs(shown)));
		decimals = decimals < 0 ? 0 : decimals > 20 ? 20 : decimals;
		snprintf(out, UNITS_TEXT_SIZE, "%.*f", decimals, shown);
		trim_zeros(out);
		if (strcmp(out, "-0") == 0)
			snprintf(out, UNITS_TEXT_SIZE, "0");
	}
	c_locale_leave(previous);
}

/* "1 m 30 s", "2 h": whole seconds below an hour, whole minutes above. */
static void format_long(int64_t seconds, const char *sign, char *out)
{
	bool hours = seconds >= 3600;
	int64_t small = hours ? (seconds + 30) / 60 : seconds;
	int64_t large = small / 60, rest = small % 60;
	int used = snprintf(out, UNITS_TEXT_SIZE, "%s%lld %s", sign, (long long)large,
			    hours ? "h" : "m");

	if (rest > 0)
		snprintf(out + used, UNITS_TEXT_SIZE - (size_t)used, " %lld %s", (long long)rest,
			 hours ? "m" : "s");
}

void units_format_duration(int64_t ns, char *out)
{
	static const struct unit short_units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}};
	double value = rounded(fabs((double)ns), 3);
	const struct unit *unit = &short_units[0];
	char number[UNITS_TEXT_SIZE];

	if (value >= 60e9) {
		format_long(llround(fabs((double)ns) / 1e9), ns < 0 ? "-" : "", out);
		return;
	}
	while (value > 0 && value < unit->scale && unit < &short_units[2])
		unit++;
	units_format_number((double)ns / unit->scale, 3, number);
	snprintf(out, UNITS_TEXT_SIZE, "%.40s %s", number, unit->name);
}

void units_format_bytes(uint64_t bytes, char *out)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t i = 0;
	char number[UNITS_TEXT_SIZE];

	for (; rounded(value, 4) >= 1024 && i + 1 < ARRAY_SIZE(names); i++)
		value /= 1024;
	units_format_number(value, i == 0 ? 4 : 3, number);
	if (i > 0 && value >= 1000)
		units_format_number(value, 4, number);
	snprintf(out, UNITS_TEXT_SIZE, "%.40s %s", number, names[i]);
}
