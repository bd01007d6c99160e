#include "store_internal.h"

#include <math.h>
#include <string.h>

/* Days of the data as one or two spans; the second may be empty. */
struct spans {
	char date[4][DATE_SIZE];
};

static struct spans make_spans(const struct calendar *calendar, int first, int last)
{
	struct spans spans;

	date_format(calendar_day(calendar, first < 0 ? 0 : first), spans.date[0]);
	date_format(calendar_day(calendar, last), spans.date[1]);
	date_format(calendar_day(calendar, first < 0 ? first : 1), spans.date[2]);
	date_format(calendar_day(calendar, first < 0 ? -1 : 0), spans.date[3]);
	return spans;
}

static void put_arrays(const struct cell *cells, size_t count, struct strbuf *latitudes,
		       struct strbuf *longitudes)
{
	for (size_t i = 0; i < count; i++) {
		strbuf_putc(latitudes, i ? ',' : '{');
		grid_put(latitudes, cells[i].latitude);
		strbuf_putc(longitudes, i ? ',' : '{');
		grid_put(longitudes, cells[i].longitude);
	}
	strbuf_putc(latitudes, '}');
	strbuf_putc(longitudes, '}');
}

static int incomplete(struct error *err)
{
	return error_set(err, ERROR_UNMEASURED,
			 "the store lacks days of a cell; fill it again with "
			 "`perfgate serve --init` on an empty database");
}

/* Rows: position from 1, day since 1970, temperature, rain, humidity, vegetation. */
static int take_windows(const struct calendar *calendar, int last,
			const struct extpg_result *result, size_t count, struct window *out,
			struct error *err)
{
	size_t rows = extpg_rows(result);
	int32_t end = calendar_day(calendar, last);
	int32_t wrapped = calendar_day(calendar, -1);

	if (rows != count * CLIMATE_DAYS)
		return incomplete(err);
	for (size_t row = 0; row < rows; row++) {
		size_t position = (size_t)extpg_number(result, row, 0) - 1;
		int32_t day = (int32_t)extpg_number(result, row, 1);
		/* A window that reaches over the first day continues at the end of that year. */
		int back = day <= end ? end - day : last + 1 + wrapped - day;
		struct window *window;

		if (position >= count || back < 0 || back >= CLIMATE_DAYS)
			return incomplete(err);
		window = &out[position];
		window->temperature_c[CLIMATE_DAYS - 1 - back] =
			(float)extpg_number(result, row, 2);
		window->rain_mm[CLIMATE_DAYS - 1 - back] = (float)extpg_number(result, row, 3);
		window->humidity_percent[CLIMATE_DAYS - 1 - back] =
			(float)extpg_number(result, row, 4);
		window->ndvi = (float)extpg_number(result, row, 5);
	}
	return 0;
}

/*
 * So many cells are asked for by one statement of a pipeline: the server looks up the next while
 * the rows of the last are read. One statement for all takes as long and a fifth more CPU here, one
 * per cell takes 1.7 times as long (`make bench-api`, section store).
 */
#define CELLS_PER_STATEMENT 64
#define CELLS_VALUES 7

/* The statements for a list of cells, and what they return. */
struct parts {
	struct strbuf *texts; /* two each: latitudes, longitudes */
	const char **values;
	struct extpg_result **results;
	size_t count;
};

static void parts_release(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		strbuf_release(&parts->texts[2 * i]);
		strbuf_release(&parts->texts[2 * i + 1]);
		extpg_result_free(parts->results[i]);
	}
	free(parts->texts);
	free(parts->values);
	free(parts->results);
}
DEFINE_AUTO_VALUE(parts, struct parts, parts_release)

static size_t part_size(size_t part, size_t count)
{
	size_t left = count - part * CELLS_PER_STATEMENT;

	return left < CELLS_PER_STATEMENT ? left : CELLS_PER_STATEMENT;
}

static struct parts make_parts(const struct cell *cells, size_t count, const struct spans *spans)
{
	size_t n = (count + CELLS_PER_STATEMENT - 1) / CELLS_PER_STATEMENT;
	struct parts parts = {xcalloc(n, 2 * sizeof *parts.texts),
			      xcalloc(n, CELLS_VALUES * sizeof *parts.values),
			      xcalloc(n, sizeof *parts.results), n};

	for (size_t i = 0; i < n; i++) {
		struct strbuf *latitudes = &parts.texts[2 * i], *longitudes = latitudes + 1;
		const char **values = parts.values + i * CELLS_VALUES;

		put_arrays(cells + i * CELLS_PER_STATEMENT, part_size(i, count), latitudes,
			   longitudes);
		values[0] = strbuf_text(latitudes);
		values[1] = strbuf_text(longitudes);
		for (size_t j = 0; j < ARRAY_SIZE(spans->date); j++)
			values[2 + j] = spans->date[j];
		values[6] = spans->date[1];
	}
	return parts;
}

int store_read_cells(struct store *store, const struct cell *cells, size_t count, int32_t day,
		     struct window *out, struct error *err)
{
	const struct calendar *calendar = &store->data->calendar;
	int last = calendar_index(calendar, day);
	struct spans spans = make_spans(calendar, last - CLIMATE_DAYS + 1, last);
	AUTO(parts) struct parts parts = make_parts(cells, count, &spans);

	if (store_query(store, STORE_CELLS, CELLS_VALUES, parts.values, parts.count, parts.results,
			err) < 0)
		return -1;
	for (size_t i = 0; i < parts.count; i++)
		if (take_windows(calendar, last, parts.results[i], part_size(i, count),
				 out + i * CELLS_PER_STATEMENT, err) < 0)
			return -1;
	return 0;
}

/* One cell's days by index; NaN where nothing was read. */
struct days {
	float *temperature, *rain, *humidity, *ndvi;
	int count;
};

static void days_release(struct days *days)
{
	free(days->temperature);
}
DEFINE_AUTO_VALUE(days, struct days, days_release)

static struct days make_days(const struct calendar *calendar)
{
	int count = calendar_days(calendar);
	float *all = xcalloc((size_t)count * 4, sizeof *all);

	for (int i = 0; i < count * 4; i++)
		all[i] = NAN;
	return (struct days){all, all + count, all + 2 * count, all + 3 * count, count};
}

static void take_days(const struct calendar *calendar, const struct extpg_result *result,
		      struct days *days)
{
	int32_t first = calendar_day(calendar, 0);

	for (size_t row = 0; row < extpg_rows(result); row++) {
		double at = extpg_number(result, row, 1) - first;
		int i = (int)at;

		if (!(at >= 0 && at < days->count))
			continue;
		if (extpg_number(result, row, 0) > 0) {
			days->ndvi[i] = (float)extpg_number(result, row, 2);
			continue;
		}
		days->temperature[i] = (float)extpg_number(result, row, 2);
		days->rain[i] = (float)extpg_number(result, row, 3);
		days->humidity[i] = (float)extpg_number(result, row, 4);
	}
}

static float vegetation_at(const struct days *days, int index)
{
	while (index >= 0 && isnan(days->ndvi[index]))
		index--;
	return index < 0 ? (float)NAN : days->ndvi[index];
}

static bool take_window(const struct calendar *calendar, const struct days *days, int last,
			struct window *out)
{
	int32_t first = calendar_day(calendar, 0);
	bool complete = true;

	out->ndvi = vegetation_at(days, last);
	for (int i = 0; i < CLIMATE_DAYS; i++) {
		int at = calendar_day(calendar, last - CLIMATE_DAYS + 1 + i) - first;

		out->temperature_c[i] = days->temperature[at];
		out->rain_mm[i] = days->rain[at];
		out->humidity_percent[i] = days->humidity[at];
		complete = complete && !isnan(days->temperature[at]);
	}
	return complete && !isnan(out->ndvi);
}

/* The days that all windows need; when they reach around the year, some are read twice. */
static struct spans series_spans(const struct calendar *calendar, const int32_t *days, size_t count)
{
	int least = calendar_index(calendar, days[0]), most = least;

	for (size_t i = 1; i < count; i++) {
		int at = calendar_index(calendar, days[i]);

		least = at < least ? at : least;
		most = at > most ? at : most;
	}
	return make_spans(calendar, least - CLIMATE_DAYS + 1, most);
}

int store_read_series(struct store *store, struct cell cell, const int32_t *days, size_t count,
		      struct window *out, struct error *err)
{
	const struct calendar *calendar = &store->data->calendar;
	struct spans spans = series_spans(calendar, days, count);
	AUTO(strbuf) struct strbuf latitude = {0}, longitude = {0};
	AUTO(extpg_result) struct extpg_result *result = NULL;
	AUTO(days) struct days read = {0};
	const char *values[6];

	grid_put(&latitude, cell.latitude);
	grid_put(&longitude, cell.longitude);
	values[0] = strbuf_text(&latitude);
	values[1] = strbuf_text(&longitude);
	for (size_t i = 0; i < 4; i++)
		values[2 + i] = spans.date[i];
	if (store_query(store, STORE_SERIES, ARRAY_SIZE(values), values, 1, &result, err) < 0)
		return -1;
	read = make_days(calendar);
	take_days(calendar, result, &read);
	for (size_t i = 0; i < count; i++)
		if (!take_window(calendar, &read, calendar_index(calendar, days[i]), &out[i]))
			return incomplete(err);
	return 0;
}
