#include "perfgate/api/flight.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

struct flight {
	struct flight *next;
	void *name, *result; /* result: set by landing, NULL = it failed */
	size_t length;
	unsigned on_board;
	bool landed;
	pthread_cond_t landing;
};

/* As many as threads compute at once: a list is short enough. */
struct flights {
	pthread_mutex_t lock;
	pthread_condattr_t monotonic;
	struct flight *first;
};

struct flights *flights_new(void)
{
	struct flights *flights = xcalloc(1, sizeof *flights);

	pthread_mutex_init(&flights->lock, NULL);
	pthread_condattr_init(&flights->monotonic);
	pthread_condattr_setclock(&flights->monotonic, CLOCK_MONOTONIC);
	return flights;
}

void flights_free(struct flights *flights)
{
	if (!flights)
		return;
	pthread_condattr_destroy(&flights->monotonic);
	pthread_mutex_destroy(&flights->lock);
	free(flights);
}

static struct flight *find(struct flights *flights, const void *name, size_t length)
{
	struct flight *flight = flights->first;

	while (flight && (flight->length != length || memcmp(flight->name, name, length) != 0))
		flight = flight->next;
	return flight;
}

static struct flight *start(struct flights *flights, const void *name, size_t length)
{
	struct flight *flight = xcalloc(1, sizeof *flight);

	flight->name = xcalloc(1, length);
	memcpy(flight->name, name, length);
	flight->length = length;
	flight->on_board = 1;
	pthread_cond_init(&flight->landing, &flights->monotonic);
	flight->next = flights->first;
	flights->first = flight;
	return flight;
}

/* With the lock held; the last one off board clears up. */
static void leave(struct flight *flight)
{
	if (--flight->on_board)
		return;
	pthread_cond_destroy(&flight->landing);
	free(flight->name);
	free(flight->result);
	free(flight);
}

static bool follow(struct flights *flights, struct flight *flight, void *result, size_t size,
		   int64_t wait_ns)
{
	int64_t deadline_ns = clock_now_ns() + wait_ns;
	struct timespec at = {.tv_sec = deadline_ns / NS_PER_S, .tv_nsec = deadline_ns % NS_PER_S};
	bool timed_out = false, shared;

	flight->on_board++;
	while (!flight->landed && !timed_out)
		timed_out =
			pthread_cond_timedwait(&flight->landing, &flights->lock, &at) == ETIMEDOUT;
	shared = flight->result != NULL;
	if (shared)
		memcpy(result, flight->result, size);
	leave(flight);
	return shared;
}

enum flight_role flight_join(struct flights *flights, const void *name, size_t length, void *result,
			     size_t size, int64_t wait_ns, struct flight **out)
{
	enum flight_role role = FLIGHT_LEAD;
	struct flight *flight;

	pthread_mutex_lock(&flights->lock);
	flight = find(flights, name, length);
	if (!flight)
		*out = start(flights, name, length);
	else
		role = follow(flights, flight, result, size, wait_ns) ? FLIGHT_SHARED
								      : FLIGHT_ALONE;
	pthread_mutex_unlock(&flights->lock);
	return role;
}

void flight_land(struct flights *flights, struct flight *flight, const void *result, size_t size)
{
	struct flight **at = &flights->first;

	pthread_mutex_lock(&flights->lock);
	while (*at != flight)
		at = &(*at)->next;
	*at = flight->next; /* who comes now finds the cache filled, or starts anew */
	if (result && flight->on_board > 1) {
		flight->result = xcalloc(1, size);
		memcpy(flight->result, result, size);
	}
	flight->landed = true;
	pthread_cond_broadcast(&flight->landing);
	leave(flight);
	pthread_mutex_unlock(&flights->lock);
}

size_t flight_followers(struct flights *flights)
{
	size_t count = 0;

	pthread_mutex_lock(&flights->lock);
	for (const struct flight *flight = flights->first; flight; flight = flight->next)
		count += flight->on_board - 1;
	pthread_mutex_unlock(&flights->lock);
	return count;
}
