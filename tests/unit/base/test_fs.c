#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Every test has a folder of its own, in *state, gone afterwards. */
static int set_up(void **state)
{
	char *folder = xstrdup("/tmp/perfgate-test-fs-XXXXXX");

	*state = mkdtemp(folder);
	return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	struct error err = ERROR_INIT;
	int result = fs_remove_tree(*state, &err);

	free(*state);
	return result;
}

static size_t entries(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

static void what_is_written_is_read_back(void **state)
{
	AUTO_FREE char *path = fs_join(*state, "file");
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	struct stat info;
	mode_t mask = umask(027);

	assert_int_equal(fs_write_file(path, "a\0b", 3, &err), 0);
	assert_int_equal(umask(mask), 027);
	assert_int_equal(fs_read_file(&text, path, 3, ERROR_USAGE, &err), 0);
	assert_int_equal(text.length, 3);
	assert_memory_equal(text.data, "a\0b", 3);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	assert_int_equal(fs_write_file(path, "", 0, &err), 0);
	strbuf_clear(&text);
	assert_int_equal(fs_read_file(&text, path, 3, ERROR_USAGE, &err), 0);
	assert_int_equal(text.length, 0);
	assert_int_equal(entries(*state), 1);
}

/* ENV-23 */
static void the_umask_takes_away_and_never_gives(void **state)
{
	AUTO_FREE char *path = fs_join(*state, "file");
	struct error err = ERROR_INIT;
	struct stat info;
	mode_t before = umask(0);
	int open_to_all = fs_write_file(path, "old", 3, &err), closed;

	umask(0777);
	closed = fs_write_file(path, "new", 3, &err);
	umask(before);
	assert_int_equal(open_to_all, 0);
	assert_int_equal(closed, -1);
	assert_int_equal(err.kind, ERROR_DELIVERY);
	assert_non_null(strstr(err.message, "umask 777"));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0644);
	assert_int_equal(entries(*state), 1);
}

static void reading_says_what_is_wrong(void **state)
{
	AUTO_FREE char *absent = fs_join(*state, "absent");
	AUTO_FREE char *fifo = fs_join(*state, "fifo");
	AUTO_FREE char *large = fs_join(*state, "large");
	struct error err = ERROR_INIT;
	AUTO(strbuf) struct strbuf text = {0};
	const struct {
		const char *path, *message;
	} rows[] = {
		{absent, "No such file or directory"}, {*state, "not a regular file"},
		{fifo, "not a regular file"},	       {"/dev/zero", "not a regular file"},
		{large, "larger than 9 bytes"},
	};

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(fs_write_file(large, "0123456789", 10, &err), 0);
	strbuf_puts(&text, "kept");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(fs_read_file(&text, rows[i].path, 9, ERROR_BASELINE, &err), -1);
		assert_int_equal(err.kind, ERROR_BASELINE);
		assert_non_null(strstr(err.message, rows[i].message));
		assert_non_null(strstr(err.message, rows[i].path));
	}
	assert_string_equal(text.data, "kept");
}

static void files_of_the_kernel_can_be_read(void **state)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(fs_read_file(&text, "/proc/self/stat", 65536, ERROR_INTERNAL, &err), 0);
	assert_true(text.length > 0);
}

static void a_link_is_replaced_and_never_followed(void **state)
{
	AUTO_FREE char *target = fs_join(*state, "target");
	AUTO_FREE char *link = fs_join(*state, "link");
	AUTO(strbuf) struct strbuf text = {0};
	struct error err = ERROR_INIT;
	struct stat info;

	assert_int_equal(fs_write_file(target, "precious", 8, &err), 0);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(fs_write_file(link, "new", 3, &err), 0);
	assert_int_equal(lstat(link, &info), 0);
	assert_true(S_ISREG(info.st_mode));
	assert_int_equal(fs_read_file(&text, target, 100, ERROR_USAGE, &err), 0);
	assert_string_equal(text.data, "precious");
}

static void a_failed_write_leaves_nothing(void **state)
{
	AUTO_FREE char *folder = fs_join(*state, "folder");
	AUTO_FREE char *deep = fs_join(*state, "absent/file");
	struct error err = ERROR_INIT;

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(fs_write_file(folder, "x", 1, &err), -1);
	assert_int_equal(err.kind, ERROR_DELIVERY);
	assert_int_equal(fs_write_file(deep, "x", 1, &err), -1);
	assert_int_equal(err.kind, ERROR_DELIVERY);
	assert_int_equal(entries(*state), 1);
}

static void folders_are_made_and_removed_in_depth(void **state)
{
	AUTO_FREE char *top = fs_join(*state, "a");
	AUTO_FREE char *deep = fs_join(top, "b//c/");
	AUTO_FREE char *file = fs_join(top, "b/file");
	AUTO_FREE char *below_file = fs_join(top, "b/file/x");
	AUTO_FREE char *outside = fs_join(*state, "outside");
	AUTO_FREE char *inside = fs_join(outside, "kept");
	AUTO_FREE char *link = fs_join(top, "b/link");
	struct error err = ERROR_INIT;

	assert_int_equal(fs_make_dirs(deep, &err), 0);
	assert_int_equal(fs_make_dirs(deep, &err), 0);
	assert_true(fs_is_directory(deep));
	assert_int_equal(fs_write_file(file, "x", 1, &err), 0);
	assert_int_equal(fs_make_dirs(below_file, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_int_equal(fs_make_dirs("", &err), -1);

	assert_int_equal(fs_make_dirs(outside, &err), 0);
	assert_int_equal(fs_write_file(inside, "x", 1, &err), 0);
	assert_int_equal(symlink(outside, link), 0);
	assert_int_equal(fs_remove_tree(top, &err), 0);
	assert_false(fs_exists(top));
	assert_true(fs_exists(inside));
	assert_int_equal(fs_remove_tree(top, &err), 0);
}

static void paths_are_joined_with_one_slash(void **state)
{
	AUTO_FREE char *one = fs_join("a", "b");
	AUTO_FREE char *two = fs_join("a/", "b");

	(void)state;
	assert_string_equal(one, "a/b");
	assert_string_equal(two, "a/b");
}

static void programs_are_found_where_they_may_be(void **state)
{
	const char *const extra[] = {*state, NULL};
	AUTO_FREE char *own = fs_join(*state, "perfgate-test-program");
	AUTO_FREE char *shell = fs_find_program("sh", NULL);
	AUTO_FREE char *absent = fs_find_program("perfgate-test-program", NULL);
	AUTO_FREE char *folder = fs_find_program(*state, NULL);
	AUTO_FREE char *found = NULL;
	AUTO_FREE char *not_executable = NULL;
	AUTO_FREE char *self = fs_self_path();
	struct error err = ERROR_INIT;

	assert_non_null(shell);
	assert_int_equal(access(shell, X_OK), 0);
	assert_null(absent);
	assert_null(folder);
	assert_int_equal(fs_write_file(own, "#!/bin/sh\n", 10, &err), 0);
	not_executable = fs_find_program("perfgate-test-program", extra);
	assert_null(not_executable);
	assert_int_equal(chmod(own, 0755), 0);
	found = fs_find_program("perfgate-test-program", extra);
	assert_string_equal(found, own);
	assert_true(text_ends_with(self, "test_fs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_umask_takes_away_and_never_gives, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reading_says_what_is_wrong, set_up, tear_down),
		cmocka_unit_test(files_of_the_kernel_can_be_read),
		cmocka_unit_test_setup_teardown(a_link_is_replaced_and_never_followed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_are_made_and_removed_in_depth, set_up,
						tear_down),
		cmocka_unit_test(paths_are_joined_with_one_slash),
		cmocka_unit_test_setup_teardown(programs_are_found_where_they_may_be, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
