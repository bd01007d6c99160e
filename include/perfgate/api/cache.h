/*
 * The prediction cache in Redis: keys, times to live, documents.
 *
 * Keys (prefix "malaria:", coordinates as canonical cells, grid.h):
 *   malaria:model:{type}:{version}                         7 d
 *   malaria:prediction:{lat}:{lon}:{date}:{model}          6 h
 *   malaria:env:{source}:{lat}:{lon}:{date}               24 h
 *   malaria:spatial:{bounds_hash}:{date}:{resolution}     12 h
 * each +-10 % jitter, so that what was filled together does not expire together.
 * {model} is "ensemble.2-3fa9c1d2": type and version, which names the content of the
 * models, so that two data sets on one Redis never meet. bounds_hash is
 * SHA-256 (16 digits) over the model and the four integer cell bounds. Every part
 * is a number, a date or a name from a table, so that no part can contain ':'.
 *
 * A document is a JSON array of integers: [version, count, values…], ten values
 * for each cell (struct assessment). It holds all horizons and the factors, so
 * that the key needs neither. Anything else found under a key is a miss and is deleted.
 *
 * Batches and time series ask for all their points in one pipelined round trip. A
 * region is one document for its whole rectangle of cells (clipped to the
 * coverage): regions are asked for by name again and again, and one key of 15 KB
 * is cheaper than 300 small ones.
 *
 * Redis out of reach is CACHE_ERROR, neither hit nor miss. A command takes at most 100 ms;
 * after three in a row without an answer, Redis is left alone but for one try per half second
 * (breaker.h). A connection that was lost is replaced once per call, so that a restarted
 * Redis costs no request anything. A full or read-only Redis goes on answering reads.
 * Thread-safe: clients come from a pool.
 */
#ifndef PERFGATE_API_CACHE_H
#define PERFGATE_API_CACHE_H

#include "perfgate/api/grid.h"
#include "perfgate/api/model.h"
#include "perfgate/api/pool.h"

#include <stdatomic.h>

enum cache_class { CACHE_MODEL, CACHE_PREDICTION, CACHE_ENV, CACHE_SPATIAL, CACHE_CLASS_COUNT };
enum cache_status { CACHE_HIT, CACHE_MISS, CACHE_ERROR, CACHE_STATUS_COUNT };

#define CACHE_KEY_SIZE 128

/* Keys are NUL-terminated in `out` of CACHE_KEY_SIZE bytes; the length is returned. */
size_t cache_prediction_key(char *out, struct cell cell, int32_t day, const char *model);
size_t cache_spatial_key(char *out, const struct cell_box *box, int32_t day, double resolution,
			 const char *model);
size_t cache_model_key(char *out, const char *name, const char *version);
/* Seconds; `random` in [0, 1) places it within +-10 %. */
int64_t cache_ttl_s(enum cache_class class, double random);

void cache_encode(struct strbuf *out, const struct assessment *items, size_t count);
/* -1 unless the text is a document of exactly `count` cells. */
PG_MUST_CHECK int cache_decode(const char *text, size_t length, struct assessment *out,
			       size_t count);

struct cache;

/* Never connects by itself; `url` is copied. */
struct cache *cache_new(const char *url);
void cache_free(struct cache *cache);
/* The {model} of prediction keys for each type; borrowed. Before the first prediction. */
void cache_name_models(struct cache *cache, const struct model_set *models);

struct cache_point {
	struct cell cell;
	int32_t day;
	enum model_type model;
	enum cache_status status; /* out */
	struct assessment found; /* out, with CACHE_HIT */
};

/*
 * Look up `count` points in one round trip. `forget` (may be NULL) is asked per
 * point and turns a hit into a miss (--inject cache-miss).
 */
void cache_read_points(struct cache *cache, struct cache_point *points, size_t count,
		       bool (*forget)(void *arg), void *arg);
/*
 * Store points[i].found for the points whose status is CACHE_MISS; of a single one the lock is
 * released, too. Failure is only counted.
 */
void cache_write_points(struct cache *cache, const struct cache_point *points, size_t count);

enum cache_status cache_read_document(struct cache *cache, const char *key, struct assessment *out,
				      size_t count, bool (*forget)(void *arg), void *arg);
/* Releases the lock of `key`, too. */
void cache_write_document(struct cache *cache, enum cache_class class, const char *key,
			  const struct assessment *items, size_t count);

/* A value as it is, appended; false when there is none or Redis is away. */
bool cache_read_blob(struct cache *cache, const char *key, struct strbuf *out);
void cache_write_blob(struct cache *cache, enum cache_class class, const char *key,
		      const struct strbuf *blob);

/*
 * One process at a time fills a cold key: take its lock (malaria:lock:KEY, SET NX PX with a token
 * of this process, and released only while it is that), or wait up to 200 ms for who has it. True
 * when that one has filled `out`; false when the caller is to compute (it has the lock, or the
 * other is too slow, or Redis is away). With `look`, what has filled the key since the miss counts,
 * too: not to be asked for when a hit was forgotten on purpose.
 */
bool cache_await_document(struct cache *cache, const char *key, struct assessment *out,
			  size_t count, bool look);
bool cache_await_point(struct cache *cache, struct cache_point *point, bool look);
/* Nothing will be written: let others try. */
void cache_release_document(struct cache *cache, const char *key);
void cache_release_point(struct cache *cache, const struct cache_point *point);

/*
 * Can Redis be written and read? Asks it even when it did not answer a moment ago. The text of
 * INFO is appended to `out`.
 */
PG_MUST_CHECK int cache_check(struct cache *cache, struct strbuf *out, struct error *err);

struct cache_stats {
	uint64_t reads[CACHE_STATUS_COUNT]; /* one per point or document */
	uint64_t writes, write_errors, deleted;
};
void cache_read_stats(const struct cache *cache, struct cache_stats *out);

#endif
