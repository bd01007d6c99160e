/*
 * Private PostgreSQL and Redis, for real. Skipped where they are not installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/proctable.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/pg.h"
#include "perfgate/ext/redis.h"
#include "perfgate/target/services.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_NS (30 * NS_PER_S)
#define TIMEOUT_NS (5 * NS_PER_S)

static void short_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5 * NS_PER_MS}, NULL);
}

static struct services *start(const char *database_url, const char *redis_url)
{
	struct services *services = NULL;
	struct error err = ERROR_INIT;
	if (services_start(database_url, redis_url, NULL, &services, &err) == 0)
		return services;
	if (strstr(err.message, "apt-get install") != NULL)
		skip();
	fail_msg("%s", err.message);
	return NULL;
}

/* The folder of private servers, from "unix:/…/pfg-XXXXXX/redis.sock". */
static char *folder_of(const char *redis_url)
{
	const char *path = redis_url + strlen("unix:");
	return xstrndup(path, (size_t)(strrchr(path, '/') - path));
}

static void assert_both_answer(const char *database, const char *redis)
{
	struct error err = ERROR_INIT;
	if (extpg_ping(database, TIMEOUT_NS, &err) < 0 ||
	    extredis_ping(redis, TIMEOUT_NS, &err) < 0)
		fail_msg("%s", err.message);
}

static size_t processes_of(const char *folder)
{
	struct proctable table;
	size_t count = 0;
	proctable_read(&table);
	for (size_t i = 0; i < table.count; i++) {
		char path[64], target[256];
		snprintf(path, sizeof path, "/proc/%d/cwd", (int)table.entries[i].pid);
		ssize_t length = readlink(path, target, sizeof target - 1);
		target[length > 0 ? length : 0] = '\0';
		count += text_starts_with(target, folder);
	}
	proctable_release(&table);
	return count;
}

static void private_servers_answer_and_leave_nothing(void **state)
{
	(void)state;
	struct services *services = start(NULL, NULL);
	assert_true(services_database_is_private(services));
	assert_true(services_redis_is_private(services));
	assert_true(text_starts_with(services_database(services), "host=/dev/shm/pfg-") ||
		    text_starts_with(services_database(services), "host=/tmp/pfg-"));
	assert_both_answer(services_database(services), services_redis(services));
	AUTO_FREE char *folder = folder_of(services_redis(services));
	struct stat info;
	assert_int_equal(stat(folder, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_true(processes_of(folder) > 0);
	services_stop(services);
	assert_false(fs_exists(folder));
	assert_int_equal(processes_of(folder), 0);
}

static double setting(struct extpg *pg, const char *sql)
{
	struct error err = ERROR_INIT;
	AUTO(extpg_result) struct extpg_result *result = NULL;
	if (extpg_exec(pg, sql, 0, NULL, &result, &err) < 0)
		fail_msg("%s", err.message);
	return extpg_rows(result) == 1 ? extpg_number(result, 0, 0) : -1;
}

static void postgres_has_the_settings_of_the_design(void **state)
{
	(void)state;
	static const char *const rows[] = {"listen_addresses=",
					   "fsync=off",
					   "synchronous_commit=off",
					   "full_page_writes=off",
					   "autovacuum=off",
					   "jit=off",
					   "max_parallel_workers_per_gather=0",
					   "server_encoding=UTF8",
					   "lc_collate=C"};
	struct services *services = start(NULL, NULL);
	AUTO(extpg) struct extpg *pg = NULL;
	struct error err = ERROR_INIT;
	assert_int_equal(extpg_connect(services_database(services), NULL, &pg, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *equals = strchr(rows[i], '=');
		AUTO_FREE char *sql = xasprintf("select (current_setting('%.*s') = '%s')::int4",
						(int)(equals - rows[i]), rows[i], equals + 1);
		if (!(setting(pg, sql) > 0))
			fail_msg("not %s", rows[i]);
	}
	assert_true(setting(pg, "select (current_database() = 'perfgate' and rolsuper)::int4 "
				"from pg_roles where rolname = current_user") > 0);
	extpg_free(TAKE(pg));
	services_stop(services);
}

static void two_runs_do_not_meet(void **state)
{
	(void)state;
	struct services *one = start(NULL, NULL);
	struct services *two = start(NULL, NULL);
	assert_string_not_equal(services_redis(one), services_redis(two));
	services_stop(one);
	assert_both_answer(services_database(two), services_redis(two));
	services_stop(two);
}

static void given_urls_are_used_as_they_are(void **state)
{
	(void)state;
	struct services *real = start(NULL, NULL);
	struct services *given = start(services_database(real), services_redis(real));
	assert_false(services_database_is_private(given));
	assert_false(services_redis_is_private(given));
	assert_string_equal(services_database(given), services_database(real));
	services_stop(given);
	/* One given, one private. */
	struct services *mixed = start(services_database(real), NULL);
	assert_false(services_database_is_private(mixed));
	assert_true(services_redis_is_private(mixed));
	assert_string_not_equal(services_redis(mixed), services_redis(real));
	services_stop(mixed);
	assert_both_answer(services_database(real), services_redis(real));
	services_stop(real);
}

static void unreachable_urls_are_errors_not_fallbacks(void **state)
{
	(void)state;
	static const struct {
		const char *database, *redis;
	} rows[] = {
		{"postgresql://me:hunter2secret@127.0.0.1:9/x", NULL},
		{NULL, "redis://:hunter2secret@127.0.0.1:9/0"},
		{NULL, "unix:/no/such/socket"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct services *services = NULL;
		struct error err = ERROR_INIT;
		assert_int_equal(services_start(rows[i].database, rows[i].redis, NULL, &services,
						&err),
				 -1);
		assert_int_equal(err.kind, ERROR_UNMEASURED);
		assert_null(strstr(err.message, "hunter2"));
		assert_null(services);
	}
}

static void make_stale(char *path, bool locked, int *out_lock)
{
	assert_non_null(mkdtemp(path));
	AUTO_FREE char *name = fs_join(path, "lock");
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (locked)
		assert_int_equal(flock(fd, LOCK_EX), 0);
	*out_lock = fd;
}

static void folders_of_dead_runs_are_reaped(void **state)
{
	(void)state;
	char dead[] = "/tmp/pfg-XXXXXX", living[] = "/tmp/pfg-XXXXXX", young[] = "/tmp/pfg-XXXXXX",
	     foreign[] = "/tmp/pfg-XXXXXX";
	int dead_fd, living_fd, foreign_fd;
	make_stale(living, true, &living_fd);
	assert_non_null(mkdtemp(young));
	make_stale(foreign, false, &foreign_fd);
	bool have_foreign = geteuid() == 0 && chown(foreign, 12345, 12345) == 0;
	make_stale(dead, false, &dead_fd);
	AUTO_FREE char *inner = fs_join(dead, "pg");
	assert_int_equal(mkdir(inner, 0700), 0);
	services_stop(start(NULL, NULL));
	bool dead_there = fs_exists(dead), living_there = fs_exists(living),
	     young_there = fs_exists(young), foreign_there = fs_exists(foreign);
	close(dead_fd);
	close(living_fd);
	close(foreign_fd);
	const char *const all[] = {dead, living, young, foreign};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(fs_remove_tree(all[i], NULL), 0);
	assert_false(dead_there);
	assert_true(living_there);
	assert_true(young_there);
	if (have_foreign)
		assert_true(foreign_there);
}

static void a_dead_run_s_folder_in_memory_is_reaped_too(void **state)
{
	(void)state;
	char dead[] = "/dev/shm/pfg-XXXXXX";
	int fd;
	if (access("/dev/shm", W_OK) < 0)
		skip();
	make_stale(dead, false, &fd);
	services_stop(start(NULL, NULL));
	bool there = fs_exists(dead);
	close(fd);
	assert_int_equal(fs_remove_tree(dead, NULL), 0);
	assert_false(there);
}

static _Noreturn void start_and_die(int report_fd)
{
	struct services *services = NULL;
	struct error err = ERROR_INIT;
	if (services_start(NULL, NULL, NULL, &services, &err) < 0)
		_exit(strstr(err.message, "apt-get install") != NULL ? 77 : 1);
	const char *url = services_redis(services);
	if (write(report_fd, url, strlen(url)) < 0)
		_exit(1);
	raise(SIGKILL);
	_exit(1);
}

/* SIG-07 */
static void servers_and_folder_vanish_when_we_are_killed(void **state)
{
	(void)state;
	int ends[2], status;
	char url[128] = "";
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		start_and_die(ends[1]);
	close(ends[1]);
	ssize_t got = read(ends[0], url, sizeof url - 1);
	close(ends[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(got > 0);
	AUTO_FREE char *folder = folder_of(url);
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	while ((fs_exists(folder) || processes_of(folder) > 0) && clock_now_ns() < deadline_ns)
		short_pause();
	assert_false(fs_exists(folder));
	assert_int_equal(processes_of(folder), 0);
}

/* ---- as another user: no root, no HOME ---- */

enum { NOT_POSSIBLE = 77 };

/* Run in a fork, as nobody when we are root. */
static void as_ordinary_user(int (*steps)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		const struct passwd *user = getpwnam("nobody");
		if (geteuid() == 0 &&
		    (user == NULL || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
			_exit(NOT_POSSIBLE);
		setenv("HOME", "/nonexistent", 1);
		unsetenv("XDG_CACHE_HOME");
		_exit(steps());
	}
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_POSSIBLE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* 0, or the exit status that says why not. */
static int start_ping_stop(void)
{
	struct services *services = NULL;
	struct error err = ERROR_INIT;
	if (services_start(NULL, NULL, NULL, &services, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return strstr(err.message, "apt-get install") != NULL ? NOT_POSSIBLE : 1;
	}
	int result = extpg_ping(services_database(services), TIMEOUT_NS, &err);
	services_stop(services);
	return result == 0 ? 0 : 1;
}

static void an_ordinary_user_can_do_it_too(void **state)
{
	(void)state;
	as_ordinary_user(start_ping_stop);
}

/* The one template in the cache folder. */
static char *template_in(const char *cache)
{
	AUTO_FREE char *path = fs_join(cache, "perfgate");
	DIR *folder = opendir(path);
	const struct dirent *item;
	char *found = NULL;
	while (folder != NULL && (item = readdir(folder)) != NULL)
		if (item->d_name[0] != '.' && found == NULL)
			found = fs_join(path, item->d_name);
	if (folder != NULL)
		closedir(folder);
	return found;
}

static int use_and_damage_the_cache(void)
{
	char cache[] = "/tmp/pfg-test-XXXXXX";
	struct stat before, after;
	if (mkdtemp(cache) == NULL)
		return 2;
	setenv("XDG_CACHE_HOME", cache, 1);
	int result = start_ping_stop();
	AUTO_FREE char *template = template_in(cache);
	if (result == 0 && (template == NULL || !strstr(template, "/pg-")))
		result = 3;
	/* A second run uses it as it is. */
	if (result == 0 && (stat(template, &before) < 0 || start_ping_stop() != 0 ||
			    stat(template, &after) < 0 || before.st_ino != after.st_ino))
		result = 4;
	AUTO_FREE char *control = template ? fs_join(template, "global/pg_control") : NULL;
	if (result == 0 && (truncate(control, 0) < 0 || start_ping_stop() != 0))
		result = 5;
	if (result == 0 && (stat(control, &after) < 0 || after.st_size == 0))
		result = 6;
	return fs_remove_tree(cache, NULL) < 0 ? 7 : result;
}

static void the_template_is_kept_and_made_again_when_damaged(void **state)
{
	(void)state;
	as_ordinary_user(use_and_damage_the_cache);
}

/* Counts its calls; unlogged, as private tables are: only an orderly end keeps the rows. */
static int fill(const char *url, void *arg, struct error *err)
{
	struct extpg_options options = {.connect_timeout_ns = TIMEOUT_NS,
					.query_timeout_ns = TIMEOUT_NS};
	AUTO(extpg) struct extpg *pg = NULL;
	++*(int *)arg;
	if (extpg_connect(url, &options, &pg, err) < 0)
		return -1;
	return extpg_script(pg, "CREATE UNLOGGED TABLE filled AS SELECT 42 AS answer", err);
}

/* What a new private database holds, -1 on failure. */
static int filled_answer(const struct services_content *content)
{
	struct extpg_options options = {.connect_timeout_ns = TIMEOUT_NS,
					.query_timeout_ns = TIMEOUT_NS};
	AUTO(extpg_result) struct extpg_result *found = NULL;
	AUTO(extpg) struct extpg *pg = NULL;
	struct services *services = NULL;
	struct error err = ERROR_INIT;
	int answer = -1;
	if (services_start(NULL, NULL, content, &services, &err) < 0)
		return strstr(err.message, "apt-get install") != NULL ? -NOT_POSSIBLE : -1;
	if (extpg_connect(services_database(services), &options, &pg, &err) == 0 &&
	    extpg_exec(pg, "SELECT sum(answer)::int FROM filled", 0, NULL, &found, &err) == 0)
		answer = (int)extpg_number(found, 0, 0);
	services_stop(services);
	return answer;
}

static int fill_twice_and_change(void)
{
	char cache[] = "/tmp/pfg-test-XXXXXX";
	int calls = 0, result = 0;
	struct services_content content = {.key = "one", .fill = fill, .arg = &calls};
	if (mkdtemp(cache) == NULL)
		return 2;
	setenv("XDG_CACHE_HOME", cache, 1);
	int answer = filled_answer(&content);
	if (answer == -NOT_POSSIBLE)
		result = NOT_POSSIBLE;
	else if (answer != 42 || calls != 1)
		result = 3;
	else if (filled_answer(&content) != 42 || calls != 1)
		result = 4;
	content.key = "two";
	if (result == 0 && (filled_answer(&content) != 42 || calls != 2))
		result = 5;
	return fs_remove_tree(cache, NULL) < 0 ? 7 : result;
}

static void content_is_filled_once_and_kept_with_the_template(void **state)
{
	(void)state;
	as_ordinary_user(fill_twice_and_change);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_servers_answer_and_leave_nothing),
		cmocka_unit_test(postgres_has_the_settings_of_the_design),
		cmocka_unit_test(two_runs_do_not_meet),
		cmocka_unit_test(given_urls_are_used_as_they_are),
		cmocka_unit_test(unreachable_urls_are_errors_not_fallbacks),
		cmocka_unit_test(folders_of_dead_runs_are_reaped),
		cmocka_unit_test(a_dead_run_s_folder_in_memory_is_reaped_too),
		cmocka_unit_test(servers_and_folder_vanish_when_we_are_killed),
		cmocka_unit_test(an_ordinary_user_can_do_it_too),
		cmocka_unit_test(the_template_is_kept_and_made_again_when_damaged),
		cmocka_unit_test(content_is_filled_once_and_kept_with_the_template),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
