/* Which file is read. */
#include "fixture.h"

#include <sys/stat.h>

static void make_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void assert_found(const char *const *environ_, const char *file)
{
	AUTO(settings) struct settings *s = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(settings_load(NULL, environ_, &s, &err), 0);
	if (file == NULL)
		assert_null(s->file);
	else
		assert_string_equal(s->file, file);
}

static void assert_cannot_read(const char *given, const char *message)
{
	AUTO(settings) struct settings *s = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(settings_load(given, NULL, &s, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	if (strstr(err.message, message) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", err.message, message);
}

static void the_file_is_searched_up_to_the_repository_root(void **state)
{
	(void)state;
	make_folder("repo");
	make_folder("repo/.git");
	make_folder("repo/a");
	make_folder("repo/a/b");
	make_folder("repo/performance");
	fixture_write("ci_cd_config.yml", "enabled: false\n");
	assert_int_equal(chdir("repo/a/b"), 0);
	assert_found(NULL, NULL); /* the one outside of the repository is not ours */
	fixture_write("../../performance/ci_cd_config.yml", "enabled: true\n");
	assert_found(NULL, "../../performance/ci_cd_config.yml");
	fixture_write("../../ci_cd_config.yml", "enabled: true\n");
	assert_found(NULL, "../../ci_cd_config.yml");
	fixture_write("ci_cd_config.yml", "enabled: true\n");
	assert_found(NULL, "ci_cd_config.yml");
	assert_int_equal(unlink("ci_cd_config.yml"), 0);
	assert_int_equal(chdir("../../.."), 0);
	assert_int_equal(unlink("repo/ci_cd_config.yml"), 0);
	assert_int_equal(unlink("repo/performance/ci_cd_config.yml"), 0);
	assert_int_equal(unlink("ci_cd_config.yml"), 0);
	static const char *const folders[] = {"repo/performance", "repo/a/b", "repo/a", "repo/.git",
					      "repo"};
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(rmdir(folders[i]), 0);
}

static void outside_of_a_repository_only_this_folder_counts(void **state)
{
	(void)state;
	make_folder("plain");
	fixture_write("ci_cd_config.yml", "enabled: false\n");
	assert_int_equal(chdir("plain"), 0);
	assert_found(NULL, NULL);
	assert_int_equal(chdir(".."), 0);
	assert_found(NULL, "ci_cd_config.yml");
	assert_int_equal(unlink("ci_cd_config.yml"), 0);
	assert_int_equal(rmdir("plain"), 0);
}

static void a_named_file_wins(void **state)
{
	(void)state;
	static const char *const environ_[] = {"PERFGATE_CONFIG=f.yml", NULL};
	fixture_write("ci_cd_config.yml", "enabled: true\n");
	fixture_write("f.yml", "enabled: true\n");
	fixture_write("g.yml", "enabled: false\n");
	assert_found(environ_, "f.yml");
	AUTO(settings) struct settings *s = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(settings_load("g.yml", environ_, &s, &err), 0);
	assert_string_equal(s->file, "g.yml");
	assert_false(s->enabled);
	assert_int_equal(unlink("g.yml"), 0);
	assert_int_equal(unlink("ci_cd_config.yml"), 0);
}

static void CFG_04_what_is_no_file_is_refused_at_once(void **state)
{
	(void)state;
	make_folder("ci_cd_config.yml");
	assert_cannot_read(NULL, "cannot read ci_cd_config.yml: ");
	assert_int_equal(rmdir("ci_cd_config.yml"), 0);
	assert_int_equal(mkfifo("ci_cd_config.yml", 0600), 0);
	assert_cannot_read(NULL, "cannot read ci_cd_config.yml: not a regular file");
	assert_int_equal(unlink("ci_cd_config.yml"), 0);
	assert_cannot_read("/dev/null", "cannot read /dev/null: not a regular file");
}

static void a_dangling_link_is_not_taken_for_no_file(void **state)
{
	(void)state;
	assert_int_equal(symlink("absent", "ci_cd_config.yml"), 0);
	assert_cannot_read(NULL, "cannot read ci_cd_config.yml: No such file");
	assert_int_equal(unlink("ci_cd_config.yml"), 0);
}

static void CFG_05_an_unreadable_file_says_so(void **state)
{
	(void)state;
	fixture_write("f.yml", "enabled: true\n");
	assert_int_equal(chmod("f.yml", 0), 0);
	/* Root reads everything: then there is nothing to refuse. */
	if (geteuid() != 0)
		assert_cannot_read("f.yml", "cannot read f.yml: Permission denied");
	assert_int_equal(unlink("f.yml"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_is_searched_up_to_the_repository_root),
		cmocka_unit_test(outside_of_a_repository_only_this_folder_counts),
		cmocka_unit_test(a_named_file_wins),
		cmocka_unit_test(CFG_04_what_is_no_file_is_refused_at_once),
		cmocka_unit_test(a_dangling_link_is_not_taken_for_no_file),
		cmocka_unit_test(CFG_05_an_unreadable_file_says_so),
	};
	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
