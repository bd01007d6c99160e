/*
 * Allocation that cannot fail, and the cleanup macros.
 *
 * Every x*() ends the process with status 70 when memory runs out
 * (error_out_of_memory()), so callers never test for NULL. Sizes that come
 * from outside are capped by the caller before they get here.
 *
 * AUTO_FREE char *name = NULL; frees at the end of the scope;
 * TAKE(name) hands the pointer over and leaves NULL behind.
 */
#ifndef PERFGATE_BASE_MEM_H
#define PERFGATE_BASE_MEM_H

#include "perfgate/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *pointer, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
char *xasprintf(const char *format, ...) PG_PRINTF(1, 2) __attribute__((malloc, returns_nonnull));
/*
 * malloc() and realloc() for libraries that take an allocator: many of them do not survive a
 * failure in every place, and some pass it on as another error.
 */
void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xresize(void *pointer, size_t size) __attribute__((returns_nonnull));

/*
 * A reserve, for a server that is to outlive a moment without memory: once an x*() finds none, the
 * reserve is given back to the system and the x*() tries again. `bytes` are address space only, as
 * they are never touched. Whoever takes on new work asks mem_has_reserve() first, which makes it
 * whole again when that is possible. Off (0 bytes) at the start; thread-safe.
 */
void mem_set_reserve(size_t bytes);
bool mem_has_reserve(void);
/* malloc() with the reserve behind it; NULL when there is none left. */
void *mem_allocate(size_t size);

/* Make room for one more element in a growing array; doubles *capacity from 8. */
#define VEC_PUSH(items, count, capacity)                                                           \
	((items) = vec_grow((items), (count), &(capacity), sizeof *(items)), &(items)[(count)++])
void *vec_grow(void *items, size_t count, size_t *capacity, size_t size)
	__attribute__((returns_nonnull));

/* Define auto_<name>(T *pointer_to_variable) for AUTO(name): calls `release(*variable)`. */
#define DEFINE_AUTO(name, type, release)                                                           \
	static inline void auto_##name(type *variable)                                             \
	{                                                                                          \
		release(*variable);                                                                \
	}
/* As DEFINE_AUTO for structs held by value: calls `release(&variable)`. */
#define DEFINE_AUTO_VALUE(name, type, release)                                                     \
	static inline void auto_##name(type *variable)                                             \
	{                                                                                          \
		release(variable);                                                                 \
	}
#define AUTO(name) __attribute__((cleanup(auto_##name)))

static inline void auto_free(void *variable)
{
	free(*(void **)variable);
}
#define AUTO_FREE AUTO(free)

/* A file descriptor, -1 when there is none. */
void auto_fd(const int *fd);
#define AUTO_FD AUTO(fd)

/* Hand a pointer over: yields it and leaves NULL behind. */
#define TAKE(pointer)                                                                              \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof *(array))

#endif
