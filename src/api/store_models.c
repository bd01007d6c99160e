#include "store_internal.h"

#include <string.h>

/* One statement on a pooled connection; these run at the start only and are not prepared. */
static int run(struct store *store, const char *sql, size_t count, const char *const *values,
	       struct extpg_result **out, struct error *err)
{
	void *connection;
	int status;

	if (pool_take(store->pool, &connection, err) < 0)
		return -1;
	status = extpg_exec(connection, sql, count, values, out, err);
	pool_give(store->pool, connection, extpg_usable(connection));
	return status;
}

int store_find_model(struct store *store, const char *name, const char *prefix, char *version,
		     bool *found, struct error *err)
{
	const char *const values[] = {name, prefix};
	AUTO(extpg_result) struct extpg_result *rows = NULL;

	if (run(store,
		"SELECT version FROM models WHERE name = $1 AND starts_with(version, $2) "
		"ORDER BY created, version LIMIT 1",
		ARRAY_SIZE(values), values, &rows, err) < 0)
		return -1;
	*found = extpg_rows(rows) > 0;
	version[0] = '\0';
	if (*found)
		strncat(version, extpg_text(rows, 0, 0), STORE_VERSION_SIZE - 1);
	return 0;
}

int store_read_model(struct store *store, const char *name, const char *version, struct strbuf *out,
		     struct error *err)
{
	const char *const values[] = {name, version};
	AUTO(extpg_result) struct extpg_result *rows = NULL;

	if (run(store, "SELECT parameters FROM models WHERE name = $1 AND version = $2",
		ARRAY_SIZE(values), values, &rows, err) < 0)
		return -1;
	if (extpg_rows(rows) > 0)
		strbuf_append(out, extpg_text(rows, 0, 0), extpg_length(rows, 0, 0));
	return 0;
}

static void put_hex(struct strbuf *out, const struct strbuf *bytes)
{
	static const char digits[] = "0123456789abcdef";

	strbuf_puts(out, "\\x");
	for (size_t i = 0; i < bytes->length; i++) {
		unsigned char byte = (unsigned char)bytes->data[i];

		strbuf_putc(out, digits[byte >> 4]);
		strbuf_putc(out, digits[byte & 15]);
	}
}

int store_write_model(struct store *store, const char *name, const char *version, double r2,
		      const struct strbuf *parameters, struct error *err)
{
	AUTO(strbuf) struct strbuf hex = {0};
	AUTO_FREE char *r2_text = xasprintf("%.6g", r2);
	const char *values[] = {name, version, r2_text, NULL};

	put_hex(&hex, parameters);
	values[3] = strbuf_text(&hex);
	return run(store,
		   "INSERT INTO models (name, version, r2, parameters) "
		   "VALUES ($1, $2, $3::float8, $4::bytea) ON CONFLICT DO NOTHING",
		   ARRAY_SIZE(values), values, NULL, err);
}
