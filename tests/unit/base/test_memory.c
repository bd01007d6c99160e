/* mem, arena and strbuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/arena.h"
#include "perfgate/base/strbuf.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_growing_array_keeps_its_items(void **state)
{
	size_t count = 0, capacity = 0;
	AUTO_FREE int *items = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++)
		*VEC_PUSH(items, count, capacity) = i;
	assert_int_equal(count, 1000);
	assert_true(capacity >= count);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
}

static void take_hands_the_pointer_over(void **state)
{
	char *text = xasprintf("%d-%s", 7, "x");
	char *taken = TAKE(text);

	(void)state;
	assert_null(text);
	assert_string_equal(taken, "7-x");
	free(taken);
}

static void copies_stop_at_the_length_or_the_end(void **state)
{
	AUTO_FREE char *cut = xstrndup("abcdef", 3);
	AUTO_FREE char *whole = xstrndup("ab", 30);

	(void)state;
	assert_string_equal(cut, "abc");
	assert_string_equal(whole, "ab");
}

static void a_descriptor_closes_at_the_end_of_its_scope(void **state)
{
	int number;

	(void)state;
	{
		AUTO_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		number = fd;
		assert_true(fcntl(number, F_GETFD) >= 0);
	}
	assert_int_equal(fcntl(number, F_GETFD), -1);
}

static void an_arena_gives_zeroed_aligned_memory_that_never_moves(void **state)
{
	AUTO(arena) struct arena arena = {0};
	char *first = arena_strdup(&arena, "first");

	(void)state;
	for (size_t i = 0; i < 2000; i++) {
		unsigned char *memory = arena_alloc(&arena, i % 97, 1 + i % 53);

		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < (i % 97) * (1 + i % 53); k++)
			assert_int_equal(memory[k], 0);
		memset(memory, 0xff, (i % 97) * (1 + i % 53));
	}
	assert_string_equal(first, "first");
	assert_string_equal(arena_printf(&arena, "%s/%05d", "a", 12), "a/00012");
	assert_string_equal(arena_strndup(&arena, "abc", 2), "ab");
}

static void an_arena_is_usable_again_after_release(void **state)
{
	struct arena arena = {0};

	(void)state;
	arena_alloc(&arena, 100000, 1);
	arena_release(&arena);
	assert_null(arena.chunks);
	assert_string_equal(arena_strdup(&arena, "again"), "again");
	arena_release(&arena);
	arena_release(&arena);
}

static void a_buffer_grows_and_ends_with_nul(void **state)
{
	AUTO(strbuf) struct strbuf buf = {0};

	(void)state;
	assert_string_equal(strbuf_text(&buf), "");
	strbuf_puts(&buf, "one");
	strbuf_putc(&buf, ' ');
	strbuf_append(&buf, "t\0o", 3);
	strbuf_printf(&buf, "%0500d", 7);
	assert_int_equal(buf.length, 507);
	assert_memory_equal(buf.data, "one t\0o0", 8);
	assert_int_equal(buf.data[buf.length], '\0');
	assert_false(buf.overflow);
}

static void a_buffer_keeps_what_fits_and_remembers_the_overflow(void **state)
{
	AUTO(strbuf) struct strbuf buf = {.max_bytes = 5};

	(void)state;
	strbuf_puts(&buf, "abc");
	strbuf_puts(&buf, "defg");
	assert_string_equal(strbuf_text(&buf), "abcde");
	assert_true(buf.overflow);
	strbuf_putc(&buf, 'x');
	assert_int_equal(buf.length, 5);
	strbuf_clear(&buf);
	assert_false(buf.overflow);
	assert_string_equal(strbuf_text(&buf), "");
}

static void reserved_room_can_be_written(void **state)
{
	AUTO(strbuf) struct strbuf buf = {.max_bytes = 10};

	(void)state;
	assert_true(strbuf_reserve(&buf, 10));
	memcpy(buf.data + buf.length, "0123456789", 10);
	buf.length += 10;
	assert_false(strbuf_reserve(&buf, 1));
	assert_true(strbuf_reserve(&buf, 0));
}

static void a_taken_string_belongs_to_the_taker(void **state)
{
	struct strbuf buf = {.max_bytes = 9};
	AUTO_FREE char *empty = strbuf_take(&buf);
	AUTO_FREE char *text = NULL;

	(void)state;
	assert_string_equal(empty, "");
	strbuf_puts(&buf, "text");
	text = strbuf_take(&buf);
	assert_string_equal(text, "text");
	assert_null(buf.data);
	assert_int_equal(buf.length, 0);
	assert_int_equal(buf.max_bytes, 9);
}

/* Where memory is short AddressSanitizer ends the program by itself. */
#ifndef __SANITIZE_ADDRESS__
#define RESERVE_BYTES ((size_t)32 << 20)

static void a_reserve_that_was_needed_is_made_whole_again(void **state)
{
	(void)state;
	assert_true(mem_has_reserve());
	mem_set_reserve(RESERVE_BYTES);
	assert_null(mem_allocate(SIZE_MAX / 4)); /* not even the reserve is enough */
	assert_true(mem_has_reserve());
	mem_set_reserve(0);
	assert_true(mem_has_reserve());
}

/* Status 0 when all is as it should be; its address space ends here. */
static int meet_the_limit(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;
	struct rlimit limit;
	void *kept;

	mem_set_reserve(RESERVE_BYTES);
	if (!file || fscanf(file, "%lu", &pages) != 1)
		return 3;
	fclose(file);
	/* Room for as much again, so that the loop below has something to use up. */
	limit.rlim_cur = limit.rlim_max =
		pages * (unsigned long)sysconf(_SC_PAGESIZE) + RESERVE_BYTES;
	if (setrlimit(RLIMIT_AS, &limit) < 0)
		return 1;
	while (malloc(1024) != NULL)
		;
	kept = xcalloc(1, 1 << 20);
	if (mem_has_reserve())
		return 2;
	kept = xrealloc(kept, 1, 2 << 20);
	free(kept);
	return 0;
}

static void oom_04_the_reserve_is_there_when_memory_is_not(void **state)
{
	pid_t child;
	int status;

	(void)state;
	child = fork();
	if (child == 0)
		_exit(meet_the_limit());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_growing_array_keeps_its_items),
		cmocka_unit_test(take_hands_the_pointer_over),
		cmocka_unit_test(copies_stop_at_the_length_or_the_end),
		cmocka_unit_test(a_descriptor_closes_at_the_end_of_its_scope),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_that_never_moves),
		cmocka_unit_test(an_arena_is_usable_again_after_release),
		cmocka_unit_test(a_buffer_grows_and_ends_with_nul),
		cmocka_unit_test(a_buffer_keeps_what_fits_and_remembers_the_overflow),
		cmocka_unit_test(reserved_room_can_be_written),
		cmocka_unit_test(a_taken_string_belongs_to_the_taker),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(a_reserve_that_was_needed_is_made_whole_again),
		cmocka_unit_test(oom_04_the_reserve_is_there_when_memory_is_not),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
