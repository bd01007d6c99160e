#include "perfgate/api/store.h"

#include "perfgate/api/breaker.h"
#include "perfgate/base/clock.h"
#include "perfgate/ext/pg.h"
#include "perfgate/template/template.h"

#include <math.h>
#include <string.h>

#define CELLS "pg_cells"
#define SERIES "pg_series"
#define CONNECT_TIMEOUT_NS (2 * NS_PER_S)
#define QUERY_TIMEOUT_NS (5 * NS_PER_S)
#define PING_TIMEOUT_NS NS_PER_S
/* How long a server that hangs is left alone between two tries. */
#define PAUSE_NS NS_PER_S
#define FILL_TIMEOUT_NS (120 * NS_PER_S)
#define WARM_CONNECTIONS 4

struct store {
	char *url;
	struct pool *pool;
	struct breaker breaker; /* open after a time limit: each further try would cost another */
};

static int prepare_file(struct extpg *pg, const char *name, const char *file, struct error *err)
{
	const struct embedded_file *sql = template_embedded(file);

	if (!sql)
		return error_set(err, ERROR_INTERNAL, "%s is not embedded", file);
	return extpg_prepare(pg, name, sql->data, err);
}

/* A refusal costs nothing and says that the server is away; silence costs the time limit. */
static int open_connection(void *arg, void **out, struct error *err)
{
	struct store *store = arg;
	struct extpg_options options = {.connect_timeout_ns = CONNECT_TIMEOUT_NS,
					.query_timeout_ns = QUERY_TIMEOUT_NS,
					.application = "perfgate serve"};
	AUTO(extpg) struct extpg *pg = NULL;
	int64_t start_ns = clock_now_ns();

	if (extpg_connect(store->url, &options, &pg, err) < 0 ||
	    /* Planned once: the plan does not depend on the values, and planning costs more. */
	    extpg_script(pg, "SET plan_cache_mode = force_generic_plan", err) < 0) {
		if (clock_now_ns() - start_ns >= CONNECT_TIMEOUT_NS)
			breaker_failed(&store->breaker, clock_now_ns());
		return -1;
	}
	*out = TAKE(pg);
	return 0;
}

static void close_connection(void *connection)
{
	extpg_free(connection);
}

static bool connection_alive(void *connection)
{
	return extpg_alive(connection);
}

struct store *store_new(const char *url)
{
	struct store *store = xcalloc(1, sizeof *store);
	struct pool_kind kind = {.name = "database",
				 .open = open_connection,
				 .close = close_connection,
				 .alive = connection_alive,
				 .arg = store,
				 .size = STORE_POOL_SIZE,
				 .overflow = STORE_POOL_OVERFLOW,
				 .checkout_ns = STORE_CHECKOUT_NS};

	store->url = xstrdup(url);
	store->breaker.pause_ns = PAUSE_NS;
	store->pool = pool_new(&kind);
	return store;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	pool_free(store->pool);
	free(store->url);
	free(store);
}

static int run_template(struct extpg *pg, const char *file, bool private, struct error *err)
{
	AUTO_JSON json_t *view = extjson_object();
	AUTO(strbuf) struct strbuf sql = {0};

	extjson_set(view, "private", private ? json_true() : json_false());
	if (template_render(file, TEMPLATE_NONE, view, &sql, err) < 0)
		return -1;
	return extpg_script(pg, strbuf_text(&sql), err);
}

static int fill(struct extpg *pg, bool private, struct error *err)
{
	if (extpg_script(pg, "BEGIN", err) < 0 ||
	    run_template(pg, "sql/schema.sql", private, err) < 0 ||
	    run_template(pg, "sql/fill_quick.sql", private, err) < 0 ||
	    extpg_script(pg, "COMMIT", err) < 0)
		return error_wrap(err, "cannot fill the quick data set");
	return extpg_script(pg, "VACUUM (ANALYZE) era5_data_points, modis_data_points", err);
}

static int prepare_on(struct extpg *pg, bool may_fill, bool private, struct error *err)
{
	AUTO(extpg_result) struct extpg_result *found = NULL;

	if (extpg_exec(pg, "SELECT to_regclass('era5_data_points') IS NOT NULL", 0, NULL, &found,
		       err) < 0)
		return -1;
	if (extpg_number(found, 0, 0) > 0)
		return 0;
	if (!may_fill)
		return error_set(err, ERROR_USAGE,
				 "the database has no table era5_data_points; "
				 "`perfgate serve --init` creates and fills the tables");
	extpg_set_query_timeout(pg, FILL_TIMEOUT_NS);
	return fill(pg, private, err);
}

/* SQLSTATE 26000: this connection has not prepared the statement yet. */
static int run_prepared(struct extpg *pg, const char *name, const char *file, size_t count,
			const char *const *values, struct extpg_result **out, struct error *err)
{
	if (extpg_run(pg, name, count, values, out, err) == 0)
		return 0;
	if (strcmp(extpg_sqlstate(pg), "26000") != 0)
		return -1;
	if (prepare_file(pg, name, file, err) < 0)
		return -1;
	error_clear(err);
	return extpg_run(pg, name, count, values, out, err);
}

/*
 * Open some connections with their statements prepared and run: the first requests of a
 * measured run shall not pay for it, and tables of another shape are found now.
 */
static int warm_up(struct store *store, struct error *err)
{
	static const char *const cells[] = {"{0}",	  "{36}",	"2023-06-01", "2023-06-30",
					    "2023-01-02", "2023-01-01", "2023-06-30"};
	static const char *const series[] = {"0",	   "36",	 "2023-06-01",
					     "2023-06-30", "2023-01-02", "2023-01-01"};
	void *connections[WARM_CONNECTIONS];
	size_t count = 0;
	int status = 0;

	while (status == 0 && count < WARM_CONNECTIONS) {
		struct extpg *pg;

		status = pool_take(store->pool, &connections[count], err);
		if (status < 0)
			break;
		pg = connections[count++];
		status = run_prepared(pg, CELLS, "sql/cells.sql", ARRAY_SIZE(cells), cells, NULL,
				      err);
		if (status == 0)
			status = run_prepared(pg, SERIES, "sql/series.sql", ARRAY_SIZE(series),
					      series, NULL, err);
	}
	while (count > 0) {
		count--;
		pool_give(store->pool, connections[count], extpg_usable(connections[count]));
	}
	return status < 0 ? error_wrap(err, "cannot read the climate tables") : 0;
}

int store_prepare(struct store *store, bool may_fill, bool private, struct error *err)
{
	void *connection;
	int status;

	if (pool_take(store->pool, &connection, err) < 0)
		return -1;
	status = prepare_on(connection, may_fill, private, err);
	extpg_set_query_timeout(connection, QUERY_TIMEOUT_NS);
	/* A failed fill leaves its transaction open. */
	pool_give(store->pool, connection, status == 0 && extpg_usable(connection));
	return status < 0 ? -1 : warm_up(store, err);
}

/* Give a connection back, and learn from it how the server is. */
static void give_back(struct store *store, struct extpg *pg)
{
	bool usable = extpg_usable(pg);

	if (extpg_timed_out(pg))
		breaker_failed(&store->breaker, clock_now_ns());
	else if (usable)
		breaker_succeeded(&store->breaker);
	pool_give(store->pool, pg, usable);
}

/* One statement on a pooled connection; one that was lost on the way is replaced once. */
static int query(struct store *store, const char *name, const char *file, size_t count,
		 const char *const *values, struct extpg_result **out, struct error *err)
{
	for (int attempt = 0;; attempt++) {
		void *connection;
		int status;
		bool again;

		if (!breaker_allows(&store->breaker, clock_now_ns()))
			return error_set(err, ERROR_UNMEASURED,
					 "PostgreSQL did not answer a moment ago");
		if (pool_take(store->pool, &connection, err) < 0)
			return -1;
		status = run_prepared(connection, name, file, count, values, out, err);
		again = status < 0 && attempt == 0 && !extpg_usable(connection) &&
			!extpg_timed_out(connection);
		give_back(store, connection);
		if (!again)
			return status;
		error_clear(err);
	}
}

/* Days first..last of the data year as one or two spans of dates; the second may be empty. */
struct spans {
	char date[4][DATE_SIZE];
};

static struct spans make_spans(int first, int last)
{
	struct spans spans;
	int head = first < 0 ? 0 : first;
	int tail = first < 0 ? first + CALENDAR_DATA_DAYS : 1;

	calendar_format_data_day(head, spans.date[0]);
	calendar_format_data_day(last, spans.date[1]);
	calendar_format_data_day(tail, spans.date[2]);
	calendar_format_data_day(first < 0 ? CALENDAR_DATA_DAYS - 1 : 0, spans.date[3]);
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

static int take_rows(const struct extpg_result *result, size_t count, struct climate *out,
		     struct error *err)
{
	size_t rows = extpg_rows(result);

	for (size_t row = 0; row < rows; row++) {
		size_t position = (size_t)extpg_number(result, row, 0);

		if (position < 1 || position > count ||
		    extpg_number(result, row, 1) != MODEL_WINDOW_DAYS)
			return error_set(err, ERROR_UNMEASURED,
					 "the store lacks days of a cell; fill it again with "
					 "`perfgate serve --init` on an empty database");
		out[position - 1] = (struct climate){
			.temperature_c = extpg_number(result, row, 2),
			.deviation_c = extpg_number(result, row, 3),
			.rain_mm = extpg_number(result, row, 4),
			.humidity_percent = extpg_number(result, row, 5),
			.ndvi = extpg_number(result, row, 6),
		};
	}
	if (rows != count)
		return error_set(err, ERROR_UNMEASURED, "the store lacks a cell of its coverage");
	return 0;
}

int store_read_cells(struct store *store, const struct cell *cells, size_t count, int32_t day,
		     struct climate *out, struct error *err)
{
	int data_day = calendar_data_day(day);
	struct spans spans = make_spans(data_day - MODEL_WINDOW_DAYS + 1, data_day);
	AUTO(strbuf) struct strbuf latitudes = {0}, longitudes = {0};
	AUTO(extpg_result) struct extpg_result *result = NULL;
	const char *values[7];

	put_arrays(cells, count, &latitudes, &longitudes);
	values[0] = strbuf_text(&latitudes);
	values[1] = strbuf_text(&longitudes);
	for (size_t i = 0; i < 4; i++)
		values[2 + i] = spans.date[i];
	values[6] = spans.date[1];
	if (query(store, CELLS, "sql/cells.sql", ARRAY_SIZE(values), values, &result, err) < 0)
		return -1;
	return take_rows(result, count, out, err);
}

/* One cell's year; NaN where nothing was read. */
struct year {
	double temperature[CALENDAR_DATA_DAYS], rain[CALENDAR_DATA_DAYS];
	double humidity[CALENDAR_DATA_DAYS], ndvi[CALENDAR_DATA_DAYS];
};

static void take_year(const struct extpg_result *result, struct year *year)
{
	for (int i = 0; i < CALENDAR_DATA_DAYS; i++)
		year->temperature[i] = year->rain[i] = year->humidity[i] = year->ndvi[i] = NAN;
	for (size_t row = 0; row < extpg_rows(result); row++) {
		double day = extpg_number(result, row, 1);
		size_t at = (size_t)day;

		if (!(day >= 0 && day < CALENDAR_DATA_DAYS))
			continue;
		if (extpg_number(result, row, 0) > 0) {
			year->ndvi[at] = extpg_number(result, row, 2);
			continue;
		}
		year->temperature[at] = extpg_number(result, row, 2);
		year->rain[at] = extpg_number(result, row, 3);
		year->humidity[at] = extpg_number(result, row, 4);
	}
}

static double vegetation_at(const struct year *year, int data_day)
{
	while (data_day >= 0 && isnan(year->ndvi[data_day]))
		data_day--;
	return data_day < 0 ? NAN : year->ndvi[data_day];
}

static struct climate window(const struct year *year, int data_day)
{
	struct climate sum = {.ndvi = vegetation_at(year, data_day)};
	double squares = 0;

	for (int back = 0; back < MODEL_WINDOW_DAYS; back++) {
		int at = (data_day - back + CALENDAR_DATA_DAYS) % CALENDAR_DATA_DAYS;

		sum.temperature_c += year->temperature[at];
		sum.rain_mm += year->rain[at];
		sum.humidity_percent += year->humidity[at];
	}
	sum.temperature_c /= MODEL_WINDOW_DAYS;
	sum.humidity_percent /= MODEL_WINDOW_DAYS;
	for (int back = 0; back < MODEL_WINDOW_DAYS; back++) {
		int at = (data_day - back + CALENDAR_DATA_DAYS) % CALENDAR_DATA_DAYS;
		double off = year->temperature[at] - sum.temperature_c;

		squares += off * off;
	}
	sum.deviation_c = sqrt(squares / MODEL_WINDOW_DAYS);
	return sum;
}

/* The days that the windows need; the whole year when they reach around it. */
static struct spans series_spans(const int32_t *days, size_t count)
{
	int first = calendar_data_day(days[0]) - MODEL_WINDOW_DAYS + 1;
	int last = calendar_data_day(days[count - 1]);

	if (days[count - 1] - days[0] + MODEL_WINDOW_DAYS >= CALENDAR_DATA_DAYS || last < first)
		return make_spans(0, CALENDAR_DATA_DAYS - 1);
	return make_spans(first, last);
}

int store_read_series(struct store *store, struct cell cell, const int32_t *days, size_t count,
		      struct climate *out, struct error *err)
{
	struct spans spans = series_spans(days, count);
	AUTO(strbuf) struct strbuf latitude = {0}, longitude = {0};
	AUTO(extpg_result) struct extpg_result *result = NULL;
	struct year year;
	const char *values[6];

	grid_put(&latitude, cell.latitude);
	grid_put(&longitude, cell.longitude);
	values[0] = strbuf_text(&latitude);
	values[1] = strbuf_text(&longitude);
	for (size_t i = 0; i < 4; i++)
		values[2 + i] = spans.date[i];
	if (query(store, SERIES, "sql/series.sql", ARRAY_SIZE(values), values, &result, err) < 0)
		return -1;
	take_year(result, &year);
	for (size_t i = 0; i < count; i++) {
		struct climate climate = window(&year, calendar_data_day(days[i]));

		if (isnan(climate.temperature_c) || isnan(climate.ndvi))
			return error_set(err, ERROR_UNMEASURED, "the store lacks days of a cell");
		out[i] = climate;
	}
	return 0;
}

/* A server that crashed comes back without the rows of unlogged tables. */
static int ping_on(struct extpg *pg, struct error *err)
{
	AUTO(extpg_result) struct extpg_result *found = NULL;

	if (extpg_exec(pg, "SELECT EXISTS (SELECT FROM era5_data_points)", 0, NULL, &found, err) <
	    0)
		return -1;
	if (extpg_number(found, 0, 0) > 0)
		return 0;
	return error_set(err, ERROR_UNMEASURED, "the store is empty");
}

int store_ping(struct store *store, struct error *err)
{
	void *connection;
	int status;

	if (pool_take_within(store->pool, PING_TIMEOUT_NS, &connection, err) < 0)
		return -1;
	extpg_set_query_timeout(connection, PING_TIMEOUT_NS);
	status = ping_on(connection, err);
	extpg_set_query_timeout(connection, QUERY_TIMEOUT_NS);
	give_back(store, connection);
	return status;
}

void store_read_stats(struct store *store, struct pool_stats *out)
{
	pool_read_stats(store->pool, out);
}

static int describe_on(struct extpg *pg, json_t **out, struct error *err)
{
	AUTO(extpg_result) struct extpg_result *rows = NULL;
	json_t *settings;
	int version = extpg_server_version(pg);

	if (extpg_exec(pg,
		       "SELECT name, current_setting(name) FROM pg_settings WHERE name IN "
		       "('fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum', 'jit', "
		       "'shared_buffers', 'work_mem', 'max_connections', "
		       "'max_parallel_workers_per_gather') ORDER BY name",
		       0, NULL, &rows, err) < 0)
		return -1;
	*out = extjson_object();
	extjson_set(*out, "version", json_sprintf("%d.%d", version / 10000, version % 10000));
	settings = extjson_object();
	for (size_t row = 0; row < extpg_rows(rows); row++)
		extjson_set(settings, extpg_text(rows, row, 0),
			    extjson_string(extpg_text(rows, row, 1)));
	extjson_set(*out, "settings", settings);
	return 0;
}

int store_describe(struct store *store, json_t **out, struct error *err)
{
	void *connection;
	int status;

	if (pool_take(store->pool, &connection, err) < 0)
		return -1;
	status = describe_on(connection, out, err);
	pool_give(store->pool, connection, extpg_usable(connection));
	return status;
}
