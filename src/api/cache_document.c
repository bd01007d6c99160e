#include "perfgate/api/cache.h"

#include "perfgate/api/calendar.h"
#include "perfgate/base/text.h"
#include "perfgate/web/reply.h"

#include <stdio.h>
#include <string.h>

#define FORMAT_VERSION 1
#define VALUES_PER_CELL (5 + MODEL_HORIZON_COUNT)
#define BOUNDS_HASH_DIGITS 16
#define JITTER 0.1
#define HOUR_S 3600

static const int64_t class_ttl_s[CACHE_CLASS_COUNT] = {
	[CACHE_MODEL] = INT64_C(7) * 24 * HOUR_S,
	[CACHE_PREDICTION] = INT64_C(6) * HOUR_S,
	[CACHE_ENV] = INT64_C(24) * HOUR_S,
	[CACHE_SPATIAL] = INT64_C(12) * HOUR_S,
};

int64_t cache_ttl_s(enum cache_class class, double random)
{
	return (int64_t)((double)class_ttl_s[class] * (1 + JITTER * (2 * random - 1)));
}

static size_t finish_key(struct strbuf *key, char *out)
{
	size_t length = key->length;

	memcpy(out, strbuf_text(key), length + 1);
	strbuf_release(key);
	return length;
}

size_t cache_prediction_key(char *out, struct cell cell, int32_t day, const char *model)
{
	struct strbuf key = {.max_bytes = CACHE_KEY_SIZE - 1};
	char date[DATE_SIZE];

	date_format(day, date);
	strbuf_puts(&key, "malaria:prediction:");
	grid_put(&key, cell.latitude);
	strbuf_putc(&key, ':');
	grid_put(&key, cell.longitude);
	strbuf_putc(&key, ':');
	strbuf_puts(&key, date);
	strbuf_putc(&key, ':');
	strbuf_puts(&key, model);
	return finish_key(&key, out);
}

size_t cache_spatial_key(char *out, const struct cell_box *box, int32_t day, double resolution,
			 const char *model)
{
	struct strbuf key = {.max_bytes = CACHE_KEY_SIZE - 1};
	char bounds[96], hash[TEXT_SHA256_SIZE], date[DATE_SIZE];
	int length = snprintf(bounds, sizeof bounds, "%s:%d:%d:%d:%d", model,
			      box->south_west.latitude, box->south_west.longitude,
			      box->north_east.latitude, box->north_east.longitude);

	text_sha256(bounds, (size_t)length, hash);
	date_format(day, date);
	strbuf_printf(&key, "malaria:spatial:%.*s:%s:", BOUNDS_HASH_DIGITS, hash, date);
	web_put_decimal(&key, (int64_t)(resolution * 1e6 + 0.5), 6);
	return finish_key(&key, out);
}

size_t cache_model_key(char *out, const char *name, const char *version)
{
	struct strbuf key = {.max_bytes = CACHE_KEY_SIZE - 1};

	strbuf_printf(&key, "malaria:model:%s:%s", name, version);
	return finish_key(&key, out);
}

static void list_values(const struct assessment *item, int *out)
{
	out[0] = item->risk;
	out[1] = item->temperature;
	out[2] = item->rain;
	out[3] = item->humidity;
	out[4] = item->vegetation;
	memcpy(out + 5, item->uncertainty, sizeof item->uncertainty);
}

void cache_encode(struct strbuf *out, const struct assessment *items, size_t count)
{
	int values[VALUES_PER_CELL];

	strbuf_putc(out, '[');
	web_put_decimal(out, FORMAT_VERSION, 0);
	strbuf_putc(out, ',');
	web_put_decimal(out, (int64_t)count, 0);
	for (size_t i = 0; i < count; i++) {
		list_values(&items[i], values);
		for (size_t v = 0; v < VALUES_PER_CELL; v++) {
			strbuf_putc(out, ',');
			web_put_decimal(out, values[v], 0);
		}
	}
	strbuf_putc(out, ']');
}

/* One number of at most `limit`, and the byte that must follow it. */
static int take_number(const char **at, const char *end, int limit, char after, int *out)
{
	const char *digits = *at;
	int value = 0;

	while (*at < end && **at >= '0' && **at <= '9') {
		value = value * 10 + (**at - '0');
		if (value > limit)
			return -1;
		(*at)++;
	}
	if (*at == digits || *at == end || **at != after)
		return -1;
	(*at)++;
	*out = value;
	return 0;
}

static int take_item(const char **at, const char *end, bool last, struct assessment *out)
{
	int values[VALUES_PER_CELL];

	for (size_t v = 0; v < VALUES_PER_CELL; v++)
		if (take_number(at, end, MODEL_SCALE, last && v == VALUES_PER_CELL - 1 ? ']' : ',',
				&values[v]) < 0)
			return -1;
	*out = (struct assessment){values[0], values[1], values[2], values[3], values[4], {0}};
	memcpy(out->uncertainty, values + 5, sizeof out->uncertainty);
	return 0;
}

int cache_decode(const char *text, size_t length, struct assessment *out, size_t count)
{
	const char *at = text + 1, *end = text + length;
	int version, cells;

	if (length < 2 || text[0] != '[' || take_number(&at, end, 1000, ',', &version) < 0 ||
	    version != FORMAT_VERSION || take_number(&at, end, 1000000, ',', &cells) < 0 ||
	    (size_t)cells != count)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (take_item(&at, end, i == count - 1, &out[i]) < 0)
			return -1;
	return at == end ? 0 : -1;
}
