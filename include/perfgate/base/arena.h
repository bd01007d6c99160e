/*
 * Arena: many small allocations with one lifetime (a parsed document, a
 * result), released together. Memory is zeroed and never moves.
 *
 * Not thread-safe. Allocation failure ends the process (mem.h).
 */
#ifndef PERFGATE_BASE_ARENA_H
#define PERFGATE_BASE_ARENA_H

#include "perfgate/base/mem.h"

struct arena_chunk;

/* Zero-initialised is a valid empty arena. */
struct arena {
	struct arena_chunk *chunks;
};

void *arena_alloc(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *arena, const char *text) __attribute__((returns_nonnull));
char *arena_strndup(struct arena *arena, const char *text, size_t length)
	__attribute__((returns_nonnull));
char *arena_printf(struct arena *arena, const char *format, ...) PG_PRINTF(2, 3)
	__attribute__((returns_nonnull));

/* Frees everything; the arena is empty and usable again. */
void arena_release(struct arena *arena);
DEFINE_AUTO_VALUE(arena, struct arena, arena_release)

#endif
