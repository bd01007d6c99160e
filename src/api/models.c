#include "perfgate/api/models.h"

#include "perfgate/api/fit.h"
#include "perfgate/base/log.h"

#include <assert.h>
#include <string.h>

#define BLOB_LIMIT_BYTES ((size_t)1 << 20)

static const struct {
	enum model_type type;
	enum network_kind kind;
} fitted[] = {{MODEL_LSTM, NETWORK_LSTM}, {MODEL_TRANSFORMER, NETWORK_TRANSFORMER}};
static_assert(ARRAY_SIZE(fitted) == NETWORK_KIND_COUNT, "one row per network");

/* Only bytes that the version names are believed, wherever they are from. */
static bool take_blob(const struct strbuf *blob, const char *version, enum network_kind kind,
		      struct network *out)
{
	char found[MODEL_VERSION_SIZE];

	model_version(blob->data, blob->length, found);
	return strcmp(found, version) == 0 &&
	       network_decode(blob->data, blob->length, kind, out) == 0;
}

static int read_network(struct store *store, struct cache *cache, const char *name,
			const char *version, enum network_kind kind, struct network *out,
			struct error *err)
{
	AUTO(strbuf) struct strbuf cached = {.max_bytes = BLOB_LIMIT_BYTES};
	AUTO(strbuf) struct strbuf stored = {.max_bytes = BLOB_LIMIT_BYTES};
	char key[CACHE_KEY_SIZE];

	cache_model_key(key, name, version);
	if (cache_read_blob(cache, key, &cached) && take_blob(&cached, version, kind, out))
		return 0;
	if (store_read_model(store, name, version, &stored, err) < 0)
		return -1;
	if (!take_blob(&stored, version, kind, out))
		return error_set(err, ERROR_UNMEASURED,
				 "the model %s of version %s in the store is damaged; delete its "
				 "row in `models` and run `perfgate serve --init`",
				 name, version);
	cache_write_blob(cache, CACHE_MODEL, key, &stored);
	return 0;
}

/* Fit with the cells of one part. */
static int read_part(struct store *store, enum fit_part part, struct fit *fit, struct error *err)
{
	const struct data_set *data = store_data_set(store);
	size_t cells = grid_box_cells(&data->coverage);
	struct window windows[FIT_MAX_DAYS];
	int32_t days[FIT_MAX_DAYS];

	for (size_t i = 0; i < cells; i++) {
		size_t count;

		if (fit_part(data, i) != part)
			continue;
		count = fit_days(data, i, days);
		if (store_read_series(store, grid_box_cell(&data->coverage, i), days, count,
				      windows, err) < 0)
			return -1;
		if (part == FIT_LEARN)
			fit_learn(fit, windows, count);
		else
			fit_judge(fit, windows, count);
	}
	return 0;
}

static int keep(struct store *store, enum model_type type, const struct network *network,
		char version[MODEL_VERSION_SIZE], struct error *err)
{
	AUTO(strbuf) struct strbuf blob = {0};

	network_encode(network, &blob);
	model_version(blob.data, blob.length, version);
	log_debug("model %s.%s: R2 %.3f on cells that were not fitted", model_names[type], version,
		  (double)network->r2);
	return store_write_model(store, model_names[type], version, (double)network->r2, &blob,
				 err);
}

static int fit_all(struct store *store, struct model_set *out, struct error *err)
{
	AUTO(fit) struct fit *fit = fit_new();

	if (read_part(store, FIT_LEARN, fit, err) < 0 || fit_solve(fit, err) < 0 ||
	    read_part(store, FIT_JUDGE, fit, err) < 0)
		return error_wrap(err, "cannot fit the models");
	for (size_t i = 0; i < ARRAY_SIZE(fitted); i++) {
		struct network *network = &out->networks[fitted[i].kind];

		fit_network(fit, fitted[i].kind, network);
		if (keep(store, fitted[i].type, network, out->versions[fitted[i].type], err) < 0)
			return -1;
	}
	return 0;
}

/* *found: are all there? */
static int find_all(struct store *store, struct model_set *out, bool *found, struct error *err)
{
	*found = true;
	for (size_t i = 0; i < ARRAY_SIZE(fitted) && *found; i++) {
		enum model_type type = fitted[i].type;
		char version[STORE_VERSION_SIZE];

		if (store_find_model(store, model_names[type], MODEL_VERSION "-", version, found,
				     err) < 0)
			return -1;
		*found = *found && strlen(version) < MODEL_VERSION_SIZE;
		if (*found)
			memcpy(out->versions[type], version, strlen(version) + 1);
	}
	return 0;
}

static int read_all(struct store *store, struct cache *cache, struct model_set *out,
		    struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fitted); i++)
		if (read_network(store, cache, model_names[fitted[i].type],
				 out->versions[fitted[i].type], fitted[i].kind,
				 &out->networks[fitted[i].kind], err) < 0)
			return -1;
	return 0;
}

int models_fit(struct store *store, struct error *err)
{
	AUTO_FREE struct model_set *models = xcalloc(1, sizeof *models);
	bool found;

	if (find_all(store, models, &found, err) < 0)
		return -1;
	return found ? 0 : fit_all(store, models, err);
}

int models_load(struct store *store, struct cache *cache, bool fit, struct model_set *out,
		struct error *err)
{
	bool found;

	if (find_all(store, out, &found, err) < 0)
		return -1;
	if (!found && !fit)
		return error_set(err, ERROR_USAGE,
				 "the database has no models of version " MODEL_VERSION
				 "; `perfgate serve --init` fits them");
	if ((!found && fit_all(store, out, err) < 0) || read_all(store, cache, out, err) < 0)
		return -1;
	model_name_all(out);
	return 0;
}
