#include "perfgate/base/mem.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One per program, as memory is. */
static atomic_size_t reserve_bytes;
static _Atomic(void *) reserve;

static bool give_reserve_up(void)
{
	void *block = atomic_exchange(&reserve, NULL);

	free(block);
	return block != NULL;
}

void mem_set_reserve(size_t bytes)
{
	give_reserve_up();
	atomic_store(&reserve_bytes, bytes);
	(void)mem_has_reserve();
}

bool mem_has_reserve(void)
{
	size_t bytes = atomic_load_explicit(&reserve_bytes, memory_order_relaxed);
	void *none = NULL, *block;

	if (bytes == 0 || atomic_load_explicit(&reserve, memory_order_relaxed) != NULL)
		return true;
	block = malloc(bytes);
	if (block != NULL && !atomic_compare_exchange_strong(&reserve, &none, block))
		free(block);
	return block != NULL;
}

void *mem_allocate(size_t size)
{
	void *memory = malloc(size);

	return memory == NULL && give_reserve_up() ? malloc(size) : memory;
}

void *xcalloc(size_t count, size_t size)
{
	size_t n = count > 0 ? count : 1, each = size > 0 ? size : 1;
	void *memory = calloc(n, each);

	if (memory == NULL && give_reserve_up())
		memory = calloc(n, each);
	if (memory == NULL)
		error_out_of_memory();
	return memory;
}

void *xrealloc(void *pointer, size_t count, size_t size)
{
	size_t n = count > 0 ? count : 1, each = size > 0 ? size : 1;
	void *memory = reallocarray(pointer, n, each);

	if (memory == NULL && give_reserve_up())
		memory = reallocarray(pointer, n, each);
	if (memory == NULL)
		error_out_of_memory();
	return memory;
}

void *xmalloc(size_t size)
{
	void *memory = mem_allocate(size > 0 ? size : 1);

	if (memory == NULL)
		error_out_of_memory();
	return memory;
}

void *xresize(void *pointer, size_t size)
{
	return xrealloc(pointer, size, 1);
}

char *xstrdup(const char *text)
{
	return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t length)
{
	size_t actual = strnlen(text, length);
	char *copy = xcalloc(actual + 1, 1);

	memcpy(copy, text, actual);
	return copy;
}

char *xasprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		error_out_of_memory();
	return text;
}

void *vec_grow(void *items, size_t count, size_t *capacity, size_t size)
{
	size_t wanted;

	if (count < *capacity)
		return items;
	if (count > SIZE_MAX / 4)
		error_out_of_memory();
	wanted = count < 8 ? 8 : count * 2;
	items = xrealloc(items, wanted, size);
	*capacity = wanted;
	return items;
}

void auto_fd(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}
