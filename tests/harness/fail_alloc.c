/*
 * Preloaded (LD_PRELOAD=fail_alloc.so): lets one allocation fail, chosen from outside.
 *
 * FAIL_ALLOC names a file of four 32-bit integers, mapped by the test: the process that is meant
 * (0 = any), the allocations until the one that fails (0 = none will), how many were made to fail,
 * and whether all later ones fail too. What the libraries in FAIL_ALLOC_SPARE allocate is spared:
 * hiredis 0.14, for one, does not look at the answer of some of its own.
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
	atomic_int pid, left, failed, lasting;
};

/* glibc's own, for whoever replaces malloc(). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);

static struct control *control;
static int own_pid;
static const char *spared;

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
	spared = getenv("FAIL_ALLOC_SPARE");
	if (!spared)
		spared = "libhiredis";
	if (map != MAP_FAILED)
		control = map;
}

/* "libgit2" of "/usr/lib/x86_64-linux-gnu/libgit2.so.1.5" */
static bool is_spared(const void *caller)
{
	Dl_info info;
	const char *name;

	if (!dladdr(caller, &info) || !info.dli_fname)
		return false;
	name = strrchr(info.dli_fname, '/');
	name = name ? name + 1 : info.dli_fname;
	return *name && memmem(spared, strlen(spared), name, strcspn(name, ".-"));
}

static bool is_meant(void)
{
	int pid = atomic_load(&control->pid);

	return pid == 0 || pid == own_pid;
}

static bool fails(const void *caller)
{
	int left = control ? atomic_load(&control->left) : 0;
	bool lasting = control && atomic_load(&control->lasting);

	if (left == 0 || (left < 0 && !lasting) || !is_meant() || is_spared(caller) ||
	    (left > 0 && atomic_fetch_sub(&control->left, 1) != 1))
		return false;
	if (lasting)
		atomic_store(&control->left, -1);
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
