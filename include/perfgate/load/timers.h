/*
 * Timers: a 4-ary heap of items that each have at most one due time.
 *
 * An item embeds struct timer; its place in the heap is kept in it, so that
 * setting, moving and clearing cost O(log n) and no allocation. One worker,
 * one heap; not thread-safe.
 */
#ifndef PERFGATE_LOAD_TIMERS_H
#define PERFGATE_LOAD_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due_ns;
	uint32_t place; /* in the heap, from 1; 0 = not set */
};

struct timers {
	struct timer **heap; /* [1..count] */
	uint32_t count;
};

/* Room for `items` timers at once. */
void timers_init(struct timers *timers, size_t items);
void timers_release(struct timers *timers);

/* Set or move. */
void timers_set(struct timers *timers, struct timer *timer, int64_t due_ns);
/* Clear; nothing when it was not set. */
void timers_clear(struct timers *timers, struct timer *timer);
/* The earliest, or NULL. */
struct timer *timers_first(const struct timers *timers);

#endif
