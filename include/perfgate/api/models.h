/*
 * Where the models come from: the cache, else the store, else they are fitted.
 *
 * The store says which version there is; the version names the content, so that
 * bytes from the cache that are not those are noticed, thrown away and read from the
 * store. Fitting takes about a tenth of a second (fit.h).
 */
#ifndef PERFGATE_API_MODELS_H
#define PERFGATE_API_MODELS_H

#include "perfgate/api/cache.h"
#include "perfgate/api/store.h"

/* Fit and keep what the store does not have. After store_prepare(). */
PG_MUST_CHECK int models_fit(struct store *store, struct error *err);

/*
 * `fit`: fit and keep what the store does not have; else that is ERROR_USAGE naming
 * `perfgate serve --init`. After store_prepare().
 */
PG_MUST_CHECK int models_load(struct store *store, struct cache *cache, bool fit,
			      struct model_set *out, struct error *err);

#endif
