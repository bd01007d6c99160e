#include "perfgate/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)4096)

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

static size_t aligned(size_t bytes)
{
	size_t step = _Alignof(max_align_t);

	return (bytes + step - 1) / step * step;
}

static struct arena_chunk *new_chunk(size_t bytes)
{
	size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct arena_chunk *chunk = xcalloc(1, sizeof *chunk + size);

	chunk->size = size;
	return chunk;
}

/* A large piece goes behind the first chunk, so that the rest of that one stays usable. */
static struct arena_chunk *chunk_for(struct arena *arena, size_t bytes)
{
	struct arena_chunk *chunk = arena->chunks;

	if (chunk != NULL && chunk->size - chunk->used >= bytes)
		return chunk;
	chunk = new_chunk(bytes);
	if (arena->chunks != NULL && bytes > CHUNK_BYTES / 4) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct arena_chunk *chunk;
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		error_out_of_memory();
	bytes = aligned(bytes > 0 ? bytes : 1);
	chunk = chunk_for(arena, bytes);
	memory = chunk->bytes + chunk->used;
	chunk->used += bytes;
	return memory;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	size_t actual = strnlen(text, length);
	char *copy = arena_alloc(arena, actual + 1, 1);

	memcpy(copy, text, actual);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = arena_alloc(arena, length > 0 ? (size_t)length + 1 : 1, 1);
	if (length > 0)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

void arena_release(struct arena *arena)
{
	struct arena_chunk *chunk = arena->chunks;

	while (chunk != NULL) {
		struct arena_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	arena->chunks = NULL;
}
