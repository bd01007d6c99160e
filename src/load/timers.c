#include "perfgate/load/timers.h"

#include "perfgate/base/mem.h"

#include <assert.h>

#define CHILDREN 4

void timers_init(struct timers *timers, size_t items)
{
	assert(items < UINT32_MAX - 1);
	timers->heap = xcalloc(items + 1, sizeof(struct timer *));
	timers->count = 0;
}

void timers_release(struct timers *timers)
{
	free(TAKE(timers->heap));
	timers->count = 0;
}

static void put(struct timers *timers, uint32_t place, struct timer *timer)
{
	timers->heap[place] = timer;
	timer->place = place;
}

static void sift_up(struct timers *timers, uint32_t place, struct timer *timer)
{
	while (place > 1) {
		uint32_t parent = (place - 2) / CHILDREN + 1;
		if (timers->heap[parent]->due_ns <= timer->due_ns)
			break;
		put(timers, place, timers->heap[parent]);
		place = parent;
	}
	put(timers, place, timer);
}

static void sift_down(struct timers *timers, uint32_t place, struct timer *timer)
{
	for (;;) {
		uint64_t first = (uint64_t)(place - 1) * CHILDREN + 2;
		if (first > timers->count)
			break;
		uint32_t least = (uint32_t)first;
		for (uint32_t i = least + 1; i < least + CHILDREN && i <= timers->count; i++) {
			if (timers->heap[i]->due_ns < timers->heap[least]->due_ns)
				least = i;
		}
		if (timers->heap[least]->due_ns >= timer->due_ns)
			break;
		put(timers, place, timers->heap[least]);
		place = least;
	}
	put(timers, place, timer);
}

void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns)
{
	int64_t before = timer->due_ns;
	timer->due_ns = due_ns;
	if (timer->place == 0)
		sift_up(timers, ++timers->count, timer);
	else if (due_ns < before)
		sift_up(timers, timer->place, timer);
	else
		sift_down(timers, timer->place, timer);
}

void timers_clear(struct timers *timers, struct timer *timer)
{
	uint32_t place = timer->place;
	if (place == 0)
		return;
	struct timer *last = timers->heap[timers->count--];
	timer->place = 0;
	if (last == timer)
		return;
	if (last->due_ns < timer->due_ns)
		sift_up(timers, place, last);
	else
		sift_down(timers, place, last);
}

struct timer *timers_first(const struct timers *timers)
{
	return timers->count > 0 ? timers->heap[1] : NULL;
}
