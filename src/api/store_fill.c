#include "store_internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/template/template.h"

#include <string.h>

#define FILL_TIMEOUT_NS (300 * NS_PER_S)
/* Held while a database is examined and filled: two servers may meet an empty one. */
#define FILL_LOCK "SELECT pg_advisory_xact_lock(7351846501)"

static json_t *view_of(const struct data_set *set, bool private)
{
	json_t *view = extjson_object();

	extjson_set(view, "private", private ? json_true() : json_false());
	extjson_set(view, "name", extjson_string(set->name));
	extjson_set(view, "south", extjson_integer(set->coverage.south_west.latitude));
	extjson_set(view, "north", extjson_integer(set->coverage.north_east.latitude));
	extjson_set(view, "west", extjson_integer(set->coverage.south_west.longitude));
	extjson_set(view, "east", extjson_integer(set->coverage.north_east.longitude));
	extjson_set(view, "first_year", extjson_integer(set->calendar.first_year));
	extjson_set(view, "last_year", extjson_integer(set->calendar.last_year));
	return view;
}

static int run_template(struct extpg *pg, const char *file, const json_t *view, struct error *err)
{
	AUTO(strbuf) struct strbuf sql = {0};

	if (template_render(file, TEMPLATE_NONE, view, &sql, err) < 0)
		return -1;
	return extpg_script(pg, strbuf_text(&sql), err);
}

static int fill(struct extpg *pg, const struct data_set *set, bool private, struct error *err)
{
	AUTO_JSON json_t *view = view_of(set, private);

	if (run_template(pg, "sql/schema.sql", view, err) < 0 ||
	    run_template(pg, "sql/fill.sql", view, err) < 0)
		return error_wrap(err, "cannot fill the %s data set", set->name);
	return 0;
}

static int find(struct extpg *pg, const char *query, char *out, size_t size, struct error *err)
{
	AUTO(extpg_result) struct extpg_result *found = NULL;

	if (extpg_exec(pg, query, 0, NULL, &found, err) < 0)
		return -1;
	out[0] = '\0';
	if (extpg_rows(found) > 0)
		strncat(out, extpg_text(found, 0, 0), size - 1);
	return 0;
}

static int check_name(const char *name, const char *wanted, const struct data_set **out,
		      struct error *err)
{
	*out = data_set_find(name);
	if (!*out)
		return error_set(err, ERROR_USAGE,
				 "the database has a table era5_data_points that this version did "
				 "not fill; use an empty database and `perfgate serve --init`");
	if (wanted && strcmp(wanted, name) != 0)
		return error_set(err, ERROR_USAGE,
				 "the database holds the data set `%s`; --data-set %s needs an "
				 "empty one",
				 name, wanted);
	return 0;
}

/* Inside the transaction that holds the lock. */
static int find_or_fill(struct extpg *pg, const struct store_options *options,
			const struct data_set **out, bool *filled, struct error *err)
{
	char name[32];

	if (find(pg, "SELECT to_regclass('era5_data_points')::text", name, sizeof name, err) < 0)
		return -1;
	*filled = name[0] == '\0';
	if (!*filled) {
		if (find(pg, "SELECT to_regclass('data_sets')::text", name, sizeof name, err) < 0 ||
		    (name[0] && find(pg, "SELECT name FROM data_sets", name, sizeof name, err) < 0))
			return -1;
		return check_name(name, options->data_set, out, err);
	}
	if (!options->fill)
		return error_set(err, ERROR_USAGE,
				 "the database has no table era5_data_points; "
				 "`perfgate serve --init` creates and fills the tables");
	*out = options->data_set ? data_set_find(options->data_set) : data_sets;
	return fill(pg, *out, options->private, err);
}

static int prepare_on(struct extpg *pg, const struct store_options *options,
		      const struct data_set **out, struct error *err)
{
	static const char *const after[] = {
		/* A sample of a tenth: plans need no more, and a start is a tenth shorter. */
		"SET default_statistics_target = 10",
		"VACUUM (ANALYZE) era5_data_points, modis_data_points",
		"RESET default_statistics_target",
	};
	bool filled;

	if (extpg_script(pg, "BEGIN", err) < 0 || extpg_script(pg, FILL_LOCK, err) < 0 ||
	    find_or_fill(pg, options, out, &filled, err) < 0 || extpg_script(pg, "COMMIT", err) < 0)
		return -1;
	for (size_t i = 0; filled && i < ARRAY_SIZE(after); i++)
		if (extpg_script(pg, after[i], err) < 0)
			return -1;
	return 0;
}

int store_prepare(struct store *store, const struct store_options *options, struct error *err)
{
	void *connection;
	int status;

	if (pool_take(store->pool, &connection, err) < 0)
		return -1;
	extpg_set_query_timeout(connection, FILL_TIMEOUT_NS);
	status = prepare_on(connection, options, &store->data, err);
	extpg_set_query_timeout(connection, STORE_QUERY_TIMEOUT_NS);
	/* A failure leaves its transaction open. */
	pool_give(store->pool, connection, status == 0 && extpg_usable(connection));
	return status < 0 ? -1 : store_warm_up(store, err);
}
