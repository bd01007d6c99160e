/*
 * The reference prediction API: a listener, a store, a cache, and the routes between them.
 *
 * api_start() listens at once; the routes under /predict/ and /health/readiness answer 503 until
 * api_prepare() has made sure that the data set is there. Requests run on the
 * listener's threads.
 */
#ifndef PERFGATE_API_API_H
#define PERFGATE_API_API_H

#include "perfgate/base/error.h"
#include "perfgate/base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_options {
	const char *database_url;
	const char *redis_url;
	bool database_private, redis_private; /* started by us: for /info and unlogged tables */
	const char *bind; /* NULL = 127.0.0.1 */
	int port; /* 0 = the kernel chooses */
	unsigned threads; /* 0 = 16 */
	unsigned rate_limit; /* requests per second and client address (rate.h); 0 = none */
	const char *const *inject; /* NULL-terminated inject.h rules, or NULL */
};

struct api;

/* The part of the options that a user can get wrong, before anything is started: ERROR_USAGE. */
PG_MUST_CHECK int api_check_options(const struct api_options *options, struct error *err);
PG_MUST_CHECK int api_start(const struct api_options *options, struct api **out, struct error *err);

/*
 * Fill an empty private database with the quick data set and its models, before anything is
 * started; api_prepare() finds it filled. The digest changes whenever something else would be
 * written.
 */
PG_MUST_CHECK int api_fill(const char *database_url, struct error *err);
PG_MUST_CHECK int api_content_digest(char out[TEXT_SHA256_SIZE], struct error *err);

/*
 * Check or fill the store and load or fit the models, then be ready. `data_set` and
 * `fill`: see struct store_options.
 */
PG_MUST_CHECK int api_prepare(struct api *api, const char *data_set, bool fill, struct error *err);
int api_port(const struct api *api);
/* Let requests under way finish for at most `grace_ns`, then free. Accepts NULL. */
void api_stop(struct api *api, int64_t grace_ns);

#endif
