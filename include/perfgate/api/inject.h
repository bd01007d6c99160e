/*
 * Known faults on purpose: how tests and calibrate make regressions.
 *
 *   latency=DURATION   every answer that much later             latency=3s
 *   latency=PERCENT    later by a share of its own time         latency=20%
 *   tail=P%:Fx         that share of answers takes F times      tail=5%:2x
 *   errors=P%          that share is answered 500               errors=1%
 *   cache-miss=P%      that share of cache hits is forgotten    cache-miss=5%
 *
 * each with an optional @ROUTE (a path of the API). Without it, /predict/… is meant
 * and everything else (info, health, metrics) is exempt. Several add up.
 *
 * Draws come from one seeded sequence. inject_draw_*() are thread-safe.
 */
#ifndef PERFGATE_API_INJECT_H
#define PERFGATE_API_INJECT_H

#include "perfgate/base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INJECT_MAX 16

enum inject_kind {
	INJECT_LATENCY,
	INJECT_TAIL,
	INJECT_ERRORS,
	INJECT_CACHE_MISS,
	INJECT_KIND_COUNT
};

struct inject_rule {
	enum inject_kind kind;
	double share; /* probability; latency: share of the own time */
	double factor; /* tail */
	int64_t delay_ns; /* latency */
	int route; /* -1 = every route below /predict/ */
};

/* Zero-initialised injects nothing. */
struct inject {
	struct inject_rule rules[INJECT_MAX];
	size_t count;
	atomic_uint_fast64_t draws;
};

/* `paths` are the routes' paths, NULL-terminated; a rule's route is an index into it. */
PG_MUST_CHECK int inject_add(struct inject *inject, const char *text, const char *const *paths,
			     struct error *err);

/* How long to hold back an answer that took `own_ns`. */
int64_t inject_draw_delay_ns(struct inject *inject, int route, const char *path, int64_t own_ns);
bool inject_draw_error(struct inject *inject, int route, const char *path);
bool inject_draw_cache_miss(struct inject *inject, int route, const char *path);

#endif
