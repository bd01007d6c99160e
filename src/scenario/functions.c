#include "perfgate/scenario/functions.h"

#include "perfgate/base/date.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

int call_error(const struct call *call, struct error *err, const char *what)
{
	return place_error(call->place, err, "${%s}: %s; write ${%s}", call->expression, what,
			   call->usage);
}

/* --- writing values: no locale, no allocation --- */

static void put_unsigned(struct strbuf *out, uint64_t value, int min_digits)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value || (int)(sizeof(digits) - at) < min_digits);
	strbuf_append(out, digits + at, sizeof(digits) - at);
}

static void put_signed(struct strbuf *out, int64_t value)
{
	if (value < 0)
		strbuf_putc(out, '-');
	put_unsigned(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
}

static int64_t power_of_ten(int exponent)
{
	int64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

static void put_fixed(struct strbuf *out, double value, int decimals)
{
	int64_t scale = power_of_ten(decimals);
	int64_t scaled = llround(value * (double)scale);
	uint64_t size = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;

	if (scaled < 0)
		strbuf_putc(out, '-');
	put_unsigned(out, size / (uint64_t)scale, 1);
	if (decimals) {
		strbuf_putc(out, '.');
		put_unsigned(out, size % (uint64_t)scale, decimals);
	}
}

static const struct weighted *draw_option(const struct slot *slot, struct rng *rng)
{
	double drawn;
	size_t i;

	if (slot->n_options == 1)
		return slot->options;
	drawn = rng_double(rng);
	for (i = 0; i + 1 < slot->n_options; i++)
		if (drawn < slot->options[i].cumulative)
			break;
	return &slot->options[i];
}

static int64_t draw_between(const struct weighted *option, struct rng *rng)
{
	uint64_t span = (uint64_t)option->high - (uint64_t)option->low;

	if (!span)
		return option->low;
	return (int64_t)((uint64_t)option->low + rng_below(rng, span + 1));
}

static void write_uniform(const struct slot *slot, struct render *render, struct strbuf *out)
{
	double drawn = rng_double(&render->user->rng);

	put_fixed(out, slot->low + drawn * (slot->high - slot->low), slot->decimals);
}

static void write_int(const struct slot *slot, struct render *render, struct strbuf *out)
{
	put_signed(out, draw_between(slot->options, &render->user->rng));
}

static void write_choice(const struct slot *slot, struct render *render, struct strbuf *out)
{
	strbuf_puts(out, draw_option(slot, &render->user->rng)->text);
}

static void write_zipf(const struct slot *slot, struct render *render, struct strbuf *out)
{
	put_unsigned(out, 1 + data_zipf_draw(slot->cumulative, slot->n_options, &render->user->rng),
		     1);
}

static void write_date(const struct slot *slot, struct render *render, struct strbuf *out)
{
	struct rng *rng = &render->user->rng;
	char date[11];

	date_format(draw_between(draw_option(slot, rng), rng), date);
	strbuf_append(out, date, 10);
}

/* RFC 9562 version 4. */
static void write_uuid(const struct slot *slot, struct render *render, struct strbuf *out)
{
	static const char hex[] = "0123456789abcdef";
	uint64_t bits[2] = {rng_next(&render->user->rng), rng_next(&render->user->rng)};
	char text[36];
	size_t i, digit = 0;

	(void)slot;
	bits[0] = (bits[0] & ~UINT64_C(0xf000)) | UINT64_C(0x4000);
	bits[1] = (bits[1] & ~(UINT64_C(3) << 62)) | UINT64_C(1) << 63;
	for (i = 0; i < sizeof(text); i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			text[i] = '-';
			continue;
		}
		text[i] = hex[bits[digit / 16] >> (60 - 4 * (digit % 16)) & 15];
		digit++;
	}
	strbuf_append(out, text, sizeof(text));
}

static void write_user_id(const struct slot *slot, struct render *render, struct strbuf *out)
{
	(void)slot;
	put_unsigned(out, render->user->id, 1);
}

static void write_seq(const struct slot *slot, struct render *render, struct strbuf *out)
{
	(void)slot;
	put_unsigned(out, render->user->sequence, 1);
}

/* --- compiling calls --- */

static bool breaks_header(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7f)
			return true;
	return false;
}

/* A constant as its place wants it. */
const char *call_escape(const struct call *call, const char *text, bool raw, struct error *err)
{
	AUTO(strbuf) struct strbuf out = {0};

	if (call->escape == ESCAPE_HEADER && breaks_header(text)) {
		place_error(call->place, err,
			    "${%s}: a header value cannot hold line breaks or control characters",
			    call->expression);
		return NULL;
	}
	substitute_escape(raw ? ESCAPE_NONE : call->escape, text, strlen(text), &out);
	return arena_strndup(call->compile->arena, strbuf_text(&out), out.length);
}

/* Fill cumulative shares; all arguments carry a weight or none does. */
static int compile_weights(const struct call *call, struct slot *slot, struct error *err)
{
	double total = 0, sum = 0;
	size_t i, with = 0;

	slot->n_options = call->n_arguments;
	slot->options = arena_alloc(call->compile->arena, slot->n_options, sizeof(*slot->options));
	for (i = 0; i < slot->n_options; i++)
		with += isnan(call->arguments[i].weight) ? 0 : 1;
	if (with && with != slot->n_options)
		return call_error(call, err, "give every alternative a weight, or none");
	for (i = 0; i < slot->n_options; i++)
		total += with ? call->arguments[i].weight : 1;
	for (i = 0; i < slot->n_options; i++) {
		sum += with ? call->arguments[i].weight : 1;
		slot->options[i].cumulative = sum / total;
	}
	return 0;
}

static int decimals_of(const char *number)
{
	const char *dot = strchr(number, '.');

	return dot ? (int)strspn(dot + 1, "0123456789") : 0;
}

static int compile_uniform(const struct call *call, struct slot *slot, struct error *err)
{
	const char *low, *high, *why;
	int decimals;

	if (!value_split_range(call->compile->arena, call->arguments[0].text, &low, &high))
		return call_error(call, err, "a range is missing");
	if (units_parse_number(low, &slot->low, &why) ||
	    units_parse_number(high, &slot->high, &why))
		return call_error(call, err, why);
	if (slot->low > slot->high || fabs(slot->low) > 1e9 || fabs(slot->high) > 1e9)
		return call_error(call, err, "the range runs backwards or is too wide");
	decimals = decimals_of(low) > decimals_of(high) ? decimals_of(low) : decimals_of(high);
	slot->decimals = decimals < 4 ? 4 : decimals > 9 ? 9 : decimals;
	slot->numeric = true;
	slot->write = write_uniform;
	return 0;
}

static int compile_int(const struct call *call, struct slot *slot, struct error *err)
{
	const char *low, *high, *why;
	struct weighted *bounds;

	if (!value_split_range(call->compile->arena, call->arguments[0].text, &low, &high))
		return call_error(call, err, "a range is missing");
	bounds = arena_alloc(call->compile->arena, 1, sizeof(*bounds));
	if (units_parse_integer(low, &bounds->low, &why) ||
	    units_parse_integer(high, &bounds->high, &why))
		return call_error(call, err, why);
	if (bounds->low > bounds->high || (bounds->low == INT64_MIN && bounds->high == INT64_MAX))
		return call_error(call, err, "the range runs backwards or is too wide");
	slot->options = bounds;
	slot->numeric = true;
	slot->write = write_int;
	return 0;
}

static int compile_choice(const struct call *call, struct slot *slot, struct error *err)
{
	size_t i;

	if (compile_weights(call, slot, err))
		return -1;
	slot->numeric = true;
	for (i = 0; i < slot->n_options; i++)
		if (call->arguments[i].quoted || !value_is_json_number(call->arguments[i].text))
			slot->numeric = false;
	for (i = 0; i < slot->n_options; i++) {
		slot->options[i].text =
			call_escape(call, call->arguments[i].text, slot->numeric, err);
		if (!slot->options[i].text)
			return -1;
	}
	slot->write = write_choice;
	return 0;
}

static int compile_zipf(const struct call *call, struct slot *slot, struct error *err)
{
	const char *why;
	double s;
	int64_t n;

	if (units_parse_number(call->arguments[0].text, &s, &why) ||
	    units_parse_integer(call->arguments[1].text, &n, &why))
		return call_error(call, err, why);
	if (s < 0 || s > 10 || n < 1 || n > 1000000)
		return call_error(call, err, "s is 0 to 10 and n 1 to 1000000");
	slot->n_options = (size_t)n;
	slot->cumulative = data_zipf_table(call->compile->arena, s, (size_t)n);
	slot->numeric = true;
	slot->write = write_zipf;
	return 0;
}

/* "-7d" from today, or "2024-01-31". */
static int parse_day(const struct call *call, const char *text, int64_t *out)
{
	size_t length = strlen(text);
	const char *why;
	char *number;

	if (!date_parse(text, out))
		return 0;
	if (length < 2 || text[length - 1] != 'd')
		return -1;
	number = value_trim(call->compile->arena, text, length - 1);
	if (units_parse_integer(number, out, &why) || *out < -365000 || *out > 365000)
		return -1;
	*out += call->compile->today;
	return 0;
}

static int compile_date(const struct call *call, struct slot *slot, struct error *err)
{
	const char *low, *high;
	size_t i;

	if (compile_weights(call, slot, err))
		return -1;
	for (i = 0; i < slot->n_options; i++) {
		struct weighted *option = &slot->options[i];

		if (!value_split_range(call->compile->arena, call->arguments[i].text, &low,
				       &high) ||
		    parse_day(call, low, &option->low) || parse_day(call, high, &option->high))
			return call_error(call, err, "a day is -7d (from today) or 2024-01-31");
		if (option->low > option->high)
			return call_error(call, err, "the range runs backwards");
	}
	slot->write = write_date;
	return 0;
}

static int compile_uuid(const struct call *call, struct slot *slot, struct error *err)
{
	(void)call;
	(void)err;
	slot->write = write_uuid;
	return 0;
}

/* Read once, when compiled: a constant of the run. */
static int compile_env(const struct call *call, struct slot *slot, struct error *err)
{
	const char *name = call->arguments[0].text, *value = getenv(name);

	if (!value)
		return place_error(call->place, err,
				   "${%s}: the environment variable %s is not set",
				   call->expression, name);
	if (!text_is_utf8(value, strlen(value)))
		return place_error(call->place, err, "${%s}: the value is not UTF-8",
				   call->expression);
	slot->n_options = 1;
	slot->options = arena_alloc(call->compile->arena, 1, sizeof(*slot->options));
	slot->options->text = call_escape(call, value, false, err);
	slot->write = write_choice;
	return slot->options->text ? 0 : -1;
}

static int compile_user_id(const struct call *call, struct slot *slot, struct error *err)
{
	(void)call;
	(void)err;
	slot->numeric = true;
	slot->write = write_user_id;
	return 0;
}

static int compile_seq(const struct call *call, struct slot *slot, struct error *err)
{
	(void)call;
	(void)err;
	slot->numeric = true;
	slot->write = write_seq;
	return 0;
}

const struct function function_table[FUNCTION_COUNT] = {
	{"uniform", "uniform(0.5..2)", 1, 1, false, compile_uniform},
	{"int", "int(1..100)", 1, 1, false, compile_int},
	{"choice", "choice(a, b, c) or choice(a: 60, b: 40)", 1, SIZE_MAX, true, compile_choice},
	{"zipf", "zipf(1.0, 500)", 2, 2, false, compile_zipf},
	{"date", "date(-7d..0d) or date(0d: 60, -7d..-1d: 40)", 1, SIZE_MAX, true, compile_date},
	{"uuid", "uuid", 0, 0, false, compile_uuid},
	{"env", "env(NAME)", 1, 1, false, compile_env},
	{"user.id", "user.id", 0, 0, false, compile_user_id},
	{"seq", "seq", 0, 0, false, compile_seq},
};
