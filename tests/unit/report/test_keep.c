#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/report/formats.h"
#include "perfgate/report/keep.h"
#include "sample_run.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S INT64_C(86400)
#define NOW_S INT64_C(1800000000)

static int make_dir(void **state)
{
	char template[] = "/tmp/pfg-keep-XXXXXX";

	log_set_level(LOG_QUIET);
	*state = xstrdup(mkdtemp(template));
	return 0;
}

static int remove_dir(void **state)
{
	struct error err = ERROR_INIT;
	int status = fs_remove_tree(*state, &err);

	free(*state);
	return status;
}

static char *under(const char *dir, const char *name, const char *file)
{
	return xasprintf("%s/" KEEP_FOLDER "/%s/%s", dir, name, file);
}

static void put(const char *path, const char *text)
{
	struct error err = ERROR_INIT;

	if (fs_write_file(path, text, strlen(text), &err))
		fail_msg("%s", err.message);
}

static bool holds(const char *path, const char *text)
{
	AUTO(strbuf) struct strbuf found = {0};

	return fs_read_file(&found, path, (size_t)8 << 20, ERROR_INTERNAL, NULL) == 0 &&
	       text_equal(strbuf_text(&found), text);
}

static void write_and_keep(struct run *run, const char *dir)
{
	struct error err = ERROR_INIT;

	if (report_write_all(run, dir, &err) || report_keep(run, dir, &err))
		fail_msg("%s", err.message);
}

static size_t count_runs(const char *dir)
{
	AUTO_FREE char *path = fs_join(dir, KEEP_FOLDER);
	DIR *stream = opendir(path);
	size_t count = 0;

	if (stream == NULL)
		return 0;
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(stream);
	return count;
}

/* A kept run of one file, of that age at NOW_S; `listed` is its name in the manifest. */
static void make_run(const char *dir, const char *name, int64_t age_days, const char *listed)
{
	struct timespec times[2] = {{.tv_sec = NOW_S - age_days * DAY_S},
				    {.tv_sec = NOW_S - age_days * DAY_S}};
	AUTO_FREE char *folder = under(dir, name, "");
	AUTO_FREE char *file = under(dir, name, "result.json");
	AUTO_FREE char *manifest = under(dir, name, REPORT_MANIFEST);
	AUTO_FREE char *text = NULL;
	struct error err = ERROR_INIT;
	char digest[TEXT_SHA256_SIZE];

	text_sha256("ours", 4, digest);
	text = xasprintf("{\"schema\":\"" REPORT_MANIFEST_SCHEMA
			 "\",\"files\":[{\"name\":\"%s\",\"sha256\":\"%s\"}]}",
			 listed, digest);
	assert_int_equal(fs_make_dirs(folder, &err), 0);
	put(file, "ours");
	put(manifest, text);
	assert_int_equal(utimensat(AT_FDCWD, manifest, times, 0), 0);
}

static void make_runs(const char *dir, const int64_t *ages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *name = xasprintf("run%02zu", i);

		make_run(dir, name, ages[i], "result.json");
	}
}

static void a_kept_run_stays_as_it_was(void **state)
{
	const char *const first = "20260131T120000Z-b1a2c3d4e5f60718";
	AUTO(run) struct run *run = sample_passing();
	AUTO(run) struct run *next = sample_failing();
	AUTO(strbuf) struct strbuf before = {0};
	AUTO_FREE char *path = NULL, *requests = NULL;

	run->run_id = "b1a2c3d4e5f60718";
	next->run_id = "c0ffee0000000000";
	write_and_keep(run, *state);
	path = under(*state, first, "result.json");
	requests = under(*state, first, "requests.csv");
	assert_int_equal(fs_read_file(&before, path, (size_t)8 << 20, ERROR_INTERNAL, NULL), 0);
	assert_true(fs_exists(requests));
	write_and_keep(next, *state);
	assert_true(holds(path, before.data));
	assert_int_equal(count_runs(*state), 2);
	/* The sample of requests that still lies there is the first run's. */
	free(TAKE(requests));
	requests = under(*state, "20260131T120000Z-c0ffee0000000000", "requests.csv");
	assert_false(fs_exists(requests));
	/* The same again replaces, and adds nothing. */
	write_and_keep(next, *state);
	assert_int_equal(count_runs(*state), 2);
}

static void a_run_is_kept_inside_whatever_its_name__FS_10(void **state)
{
	static const char *const names[] = {"../../x", "/abs", "-rf", "", "a\nb", NULL};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(run) struct run *run = sample_bare();

		run->run_id = names[i];
		write_and_keep(run, *state);
		assert_int_equal(count_runs(*state), i + 1);
	}
}

static void only_what_perfgate_made_is_deleted__FS_15(void **state)
{
	AUTO_FREE char *foreign = under(*state, "mixed", "notes.txt");
	AUTO_FREE char *edited = under(*state, "edited", "result.json");
	AUTO_FREE char *link = under(*state, "linked", "result.json");
	AUTO_FREE char *no_manifest = under(*state, "mine", "result.json");
	AUTO_FREE char *outside = fs_join(*state, "precious");
	AUTO_FREE char *outside_folder = fs_join(*state, "elsewhere");
	AUTO_FREE char *linked_run = fs_join(*state, KEEP_FOLDER "/away");
	AUTO_FREE char *elsewhere = NULL, *mine = under(*state, "mine", "");
	struct error err = ERROR_INIT;

	make_run(*state, "gone", 90, "result.json");
	make_run(*state, "mixed", 80, "result.json");
	put(foreign, "mine");
	make_run(*state, "edited", 70, "result.json");
	put(edited, "mine");
	make_run(*state, "linked", 60, "result.json");
	put(outside, "ours");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("../../precious", link), 0);
	make_run(*state, "climbing", 50, "../../precious");
	assert_int_equal(fs_make_dirs(mine, &err), 0);
	put(no_manifest, "ours");
	/* A run's folder that is a link to another one, with a manifest of ours in it. */
	make_run(*state, "template", 55, "result.json");
	elsewhere = fs_join(*state, KEEP_FOLDER "/template");
	assert_int_equal(rename(elsewhere, outside_folder), 0);
	assert_int_equal(symlink("../elsewhere", linked_run), 0);
	make_run(*state, "before", 1, "result.json");
	make_run(*state, "this", 0, "result.json");

	assert_int_equal(report_retain(*state, 30, NOW_S), 1);
	assert_true(holds(foreign, "mine"));
	assert_true(holds(edited, "mine"));
	assert_true(holds(outside, "ours"));
	assert_true(fs_exists(link));
	assert_true(holds(no_manifest, "ours"));
	free(TAKE(elsewhere));
	elsewhere = fs_join(*state, "elsewhere/result.json");
	assert_true(holds(elsewhere, "ours"));
	/* One of nine is gone; what is foreign keeps its folder. */
	assert_int_equal(count_runs(*state), 8);
}

static void a_folder_of_runs_that_is_a_link_is_not_followed__FS_15(void **state)
{
	AUTO_FREE char *real = fs_join(*state, "real");
	AUTO_FREE char *runs = fs_join(*state, KEEP_FOLDER);
	static const int64_t ages[] = {90, 80, 1, 0};

	make_runs(*state, ages, ARRAY_SIZE(ages));
	assert_int_equal(rename(runs, real), 0);
	assert_int_equal(symlink("real", runs), 0);
	assert_int_equal(report_retain(*state, 30, NOW_S), 0);
	assert_int_equal(count_runs(*state), 4);
}

static void a_wrong_clock_does_not_take_all__FS_16(void **state)
{
	static const struct {
		int64_t ages[32], ahead_days;
		size_t count, deleted;
	} rows[] = {
		{{40, 35, 20, 1, 0}, 0, 5, 2},
		{{29, 20, 1, 0}, 0, 4, 0},
		/* Ten years ahead, before the first run with that clock and behind it. */
		{{40, 35, 20, 1, 0}, 3650, 5, 0},
		{{3690, 3660, 3650, 1, 0}, 0, 5, 0},
		/* A few months ahead: never this run and the one before. */
		{{40, 35, 20, 1, 0}, 120, 5, 3},
		{{40, 35}, 120, 2, 0},
		{{40}, 120, 1, 0},
		/* Many at once: the oldest first. */
		{{70, 69, 68, 67, 66, 65, 64, 63, 62, 61, 60, 59, 58, 57, 56,
		  55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41},
		 0,
		 30,
		 RETAIN_MOST},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_FREE char *runs = fs_join(*state, KEEP_FOLDER);
		AUTO_FREE char *newest = NULL;
		struct error err = ERROR_INIT;

		make_runs(*state, rows[i].ages, rows[i].count);
		if (report_retain(*state, 30, NOW_S + rows[i].ahead_days * DAY_S) !=
		    rows[i].deleted)
			fail_msg("row %zu", i);
		assert_int_equal(count_runs(*state), rows[i].count - rows[i].deleted);
		newest = xasprintf("%s/run%02zu", runs, rows[i].count - 1);
		assert_true(fs_exists(newest));
		assert_int_equal(fs_remove_tree(runs, &err), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_kept_run_stays_as_it_was, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_run_is_kept_inside_whatever_its_name__FS_10,
						make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(only_what_perfgate_made_is_deleted__FS_15, make_dir,
						remove_dir),
		cmocka_unit_test_setup_teardown(
			a_folder_of_runs_that_is_a_link_is_not_followed__FS_15, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(a_wrong_clock_does_not_take_all__FS_16, make_dir,
						remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
