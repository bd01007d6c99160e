#include "perfgate/base/mem.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void *xcalloc(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (memory == NULL)
		error_out_of_memory();
	return memory;
}

void *xrealloc(void *pointer, size_t count, size_t size)
{
	void *memory = reallocarray(pointer, count > 0 ? count : 1, size > 0 ? size : 1);

	if (memory == NULL)
		error_out_of_memory();
	return memory;
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
