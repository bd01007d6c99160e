/*
 * Server-Timing (https://www.w3.org/TR/server-timing/) and X-Cache.
 *
 *   Server-Timing: db;dur=12.3, cache;desc=partial;hits=97;misses=3, model;dur=4
 *
 * Lenient, as the specification asks: what cannot be read is skipped.
 */
#ifndef PERFGATE_LOAD_SERVER_TIMING_H
#define PERFGATE_LOAD_SERVER_TIMING_H

#include "perfgate/load/http1.h"

/* One metric. Borrows from the header. */
struct server_timing {
	struct http1_field name;
	double duration_ms; /* NaN: none */
	struct http1_field description;
	uint64_t hits, misses;
	bool counted; /* hits= or misses= was there */
};

/* The next metric of *rest, which is shortened; false at the end. */
bool server_timing_next(struct http1_field *rest, struct server_timing *out);

struct cache_lookups {
	uint64_t hits, misses;
};

/*
 * Of the metric "cache": its hits= and misses=, else desc=hit, desc=miss, or
 * desc=partial as one miss. A million at most.
 */
struct cache_lookups server_timing_lookups(const struct server_timing *timing);

/* "HIT", "MISS", "Hit from cloudfront", "MISS, HIT": the last word, from the nearest cache. */
struct cache_lookups x_cache_lookups(struct http1_field value);

#endif
