/*
 * Preloaded (LD_PRELOAD=fail_alloc.so): lets one allocation fail, chosen from outside.
 *
 * FAIL_ALLOC names a file of three 32-bit integers, mapped by the test: the process that is meant,
 * the allocations until the one that fails (0 = none will), and how many were made to fail. What
 * hiredis 0.14 allocates is spared: it does not look at the answer of some of its own.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
	atomic_int pid, left, failed;
};

/* glibc's own, for whoever replaces malloc(). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);

static struct control *control;
static int own_pid;

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("FAIL_ALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	own_pid = getpid();
	if (map != MAP_FAILED)
		control = map;
}

static bool is_spared(const void *caller)
{
	Dl_info info;

	return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "libhiredis");
}

static bool fails(const void *caller)
{
	if (!control || atomic_load(&control->left) <= 0 || atomic_load(&control->pid) != own_pid ||
	    is_spared(caller) || atomic_fetch_sub(&control->left, 1) != 1)
		return false;
	atomic_fetch_add(&control->failed, 1);
	return true;
}

void *malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *pointer, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(pointer, size);
}

void *reallocarray(void *pointer, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || fails(__builtin_return_address(0)))
		return NULL;
	return __libc_realloc(pointer, bytes);
}
