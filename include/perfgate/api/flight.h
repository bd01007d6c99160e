/*
 * Single flight: of several threads that need the same thing computed, one does it.
 *
 * A flight is named by a byte string; the first to join it leads and must land it, the others
 * wait and get a copy of the result. Nothing is kept after the landing: that is the cache's part.
 *
 * Thread-safe.
 */
#ifndef PERFGATE_API_FLIGHT_H
#define PERFGATE_API_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flights;
struct flight;

struct flights *flights_new(void);
/* Nobody may be on a flight. Accepts NULL. */
void flights_free(struct flights *flights);

enum flight_role {
	FLIGHT_LEAD, /* compute, then flight_land() */
	FLIGHT_SHARED, /* `result` is filled */
	FLIGHT_ALONE, /* the leader failed or is too slow: compute for yourself */
};

/*
 * Join the flight `name`; who follows waits up to `wait_ns` for `size` bytes of result.
 * `out` is set for FLIGHT_LEAD only.
 */
enum flight_role flight_join(struct flights *flights, const void *name, size_t length, void *result,
			     size_t size, int64_t wait_ns, struct flight **out);
/* `result` NULL: it failed. `size` as the followers gave it. */
void flight_land(struct flights *flights, struct flight *flight, const void *result, size_t size);
/* How many wait for a landing now. */
size_t flight_followers(struct flights *flights);

#endif
