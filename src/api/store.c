#include "store_internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/template/template.h"

#include <assert.h>
#include <string.h>

#define CONNECT_TIMEOUT_NS (2 * NS_PER_S)
#define PING_TIMEOUT_NS NS_PER_S
/* How long a server that hangs is left alone between two tries. */
#define PAUSE_NS NS_PER_S
#define WARM_CONNECTIONS 4

/* Prepared on each connection at first use. */
static const struct {
	const char *name, *file;
} statements[] = {
	[STORE_CELLS] = {"pg_cells", "sql/cells.sql"},
	[STORE_SERIES] = {"pg_series", "sql/series.sql"},
};
static_assert(ARRAY_SIZE(statements) == STORE_STATEMENT_COUNT, "one row per statement");

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
					.query_timeout_ns = STORE_QUERY_TIMEOUT_NS,
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

static int run_each(struct extpg *pg, const char *name, size_t count, const char *const *values,
		    size_t n, struct extpg_result **out, struct error *err)
{
	return n == 1 ? extpg_run(pg, name, count, values, out, err)
		      : extpg_run_each(pg, name, count, values, n, out, err);
}

/* SQLSTATE 26000: this connection has not prepared the statement yet. */
static int run_prepared(struct extpg *pg, enum store_statement statement, size_t count,
			const char *const *values, size_t n, struct extpg_result **out,
			struct error *err)
{
	const char *name = statements[statement].name;

	if (run_each(pg, name, count, values, n, out, err) == 0)
		return 0;
	if (strcmp(extpg_sqlstate(pg), "26000") != 0)
		return -1;
	if (prepare_file(pg, name, statements[statement].file, err) < 0)
		return -1;
	error_clear(err);
	return run_each(pg, name, count, values, n, out, err);
}

/*
 * Open some connections with their statements prepared and run: the first requests of a
 * measured run shall not pay for it, and tables of another shape are found now.
 */
int store_warm_up(struct store *store, struct error *err)
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
		status = run_prepared(pg, STORE_CELLS, ARRAY_SIZE(cells), cells, 1, NULL, err);
		if (status == 0)
			status = run_prepared(pg, STORE_SERIES, ARRAY_SIZE(series), series, 1, NULL,
					      err);
	}
	while (count > 0) {
		count--;
		pool_give(store->pool, connections[count], extpg_usable(connections[count]));
	}
	return status < 0 ? error_wrap(err, "cannot read the climate tables") : 0;
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

int store_query(struct store *store, enum store_statement statement, size_t count,
		const char *const *values, size_t n, struct extpg_result **out, struct error *err)
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
		status = run_prepared(connection, statement, count, values, n, out, err);
		again = status < 0 && attempt == 0 && !extpg_usable(connection) &&
			!extpg_timed_out(connection);
		give_back(store, connection);
		if (!again)
			return status;
		error_clear(err);
	}
}

const struct data_set *store_data_set(const struct store *store)
{
	return store->data;
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
	extpg_set_query_timeout(connection, STORE_QUERY_TIMEOUT_NS);
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
	int number = extpg_server_version(pg);
	AUTO_FREE char *version = xasprintf("%d.%d", number / 10000, number % 10000);

	if (extpg_exec(pg,
		       "SELECT name, current_setting(name) FROM pg_settings WHERE name IN "
		       "('fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum', 'jit', "
		       "'shared_buffers', 'work_mem', 'max_connections', "
		       "'max_parallel_workers_per_gather') ORDER BY name",
		       0, NULL, &rows, err) < 0)
		return -1;
	*out = extjson_object();
	extjson_set(*out, "version", extjson_string(version));
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
