/*
 * Children: how they are started, that their output cannot block them, and
 * that none of them survives. Names with SIG- are rows of the fault catalogue.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/log.h"
#include "perfgate/base/proc.h"
#include "perfgate/base/proctable.h"
#include "perfgate/base/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_NS (20 * NS_PER_S)
#define SHELL(script) ((const char *const[]){"sh", "-c", (script), NULL})

static void short_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 5 * NS_PER_MS}, NULL);
}

static bool is_running(pid_t pid)
{
	struct proctable_entry entry;
	return proctable_read_one(pid, &entry) && entry.state != 'Z';
}

static bool wait_until_gone(pid_t pid)
{
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	while (is_running(pid) && clock_now_ns() < deadline_ns)
		short_pause();
	return !is_running(pid);
}

static bool wait_for_status(struct proc *proc, int *out_status)
{
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	while (!proc_ended(proc, out_status))
		if (clock_now_ns() > deadline_ns)
			return false;
		else
			short_pause();
	return true;
}

/* The last line of its output once there is one that ends with `suffix`. */
static bool wait_for_output(struct proc *proc, const char *suffix, struct strbuf *out)
{
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	do {
		strbuf_clear(out);
		proc_tail(proc, 1, out);
		if (strstr(strbuf_text(out), suffix) != NULL)
			return true;
		short_pause();
	} while (clock_now_ns() < deadline_ns);
	return false;
}

static pid_t number_in(const char *text)
{
	return (pid_t)strtol(text + strcspn(text, "0123456789"), NULL, 10);
}

static size_t own_children(bool zombies_only)
{
	struct proctable table;
	size_t count = 0;
	proctable_read(&table);
	for (size_t i = 0; i < table.count; i++) {
		const struct proctable_entry *entry = &table.entries[i];
		bool watcher = strcmp(entry->name, PROCGROUP_WATCHER_NAME) == 0;
		count += entry->ppid == getpid() && !watcher &&
			 (!zombies_only || entry->state == 'Z');
	}
	proctable_release(&table);
	return count;
}

static void run_shell(const char *script, struct proc_result *out)
{
	struct proc_spec spec = {.argv = SHELL(script)};
	struct error err = ERROR_INIT;
	if (proc_run(&spec, out, &err) < 0)
		fail_msg("%s", err.message);
}

static void run_gives_output_and_status(void **state)
{
	static const struct {
		const char *script;
		int status;
		const char *out, *err;
	} rows[] = {
		{"echo a; echo b >&2", 0, "a\n", "b\n"},
		{"exit 7", 7, "", ""},
		{"kill -9 $$", 137, "", ""},
		{"printf 'a\\000b' | od -An -c | tr -d ' '", 0, "a\\0b\n", ""},
		{"cat", 0, "", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO(proc_result) struct proc_result result = {0};
		run_shell(rows[i].script, &result);
		assert_int_equal(result.exit_status, rows[i].status);
		assert_string_equal(strbuf_text(&result.out), rows[i].out);
		assert_string_equal(strbuf_text(&result.err), rows[i].err);
		assert_false(result.timed_out);
	}
}

static void run_writes_stdin_larger_than_a_pipe(void **state)
{
	(void)state;
	size_t size = 300000;
	AUTO_FREE char *text = xcalloc(1, size + 1);
	memset(text, 'x', size);
	AUTO(proc_result) struct proc_result result = {0};
	struct proc_spec spec = {.argv = SHELL("cat; cat >&2"), .stdin_text = text};
	struct error err = ERROR_INIT;
	assert_int_equal(proc_run(&spec, &result, &err), 0);
	assert_int_equal(result.out.length, size);
	/* A reader that does not care must not hurt either. */
	AUTO(proc_result) struct proc_result ignored = {0};
	spec.argv = SHELL("exit 3");
	assert_int_equal(proc_run(&spec, &ignored, &err), 0);
	assert_int_equal(ignored.exit_status, 3);
}

static void run_caps_output_without_blocking(void **state)
{
	(void)state;
	AUTO(proc_result) struct proc_result result = {0};
	struct proc_spec spec = {.argv = SHELL("head -c 3000000 /dev/zero; echo end >&2"),
				 .output_limit_bytes = 1000};
	struct error err = ERROR_INIT;
	assert_int_equal(proc_run(&spec, &result, &err), 0);
	assert_int_equal(result.exit_status, 0);
	assert_int_equal(result.out.length, 1000);
	assert_true(result.out.overflow);
	assert_string_equal(strbuf_text(&result.err), "end\n");
}

static void run_says_what_cannot_be_started(void **state)
{
	(void)state;
	static const struct {
		const char *program, *cwd, *run_as, *message;
	} rows[] = {
		{"no-such-program-here", NULL, NULL, "no-such-program-here: not found"},
		{"/no/such/program", NULL, NULL, "/no/such/program: not found"},
		{"/", NULL, NULL, "/: cannot be run: Permission denied"},
		{"/bin/true", "/no/such/folder", NULL, "/no/such/folder: No such file"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proc_spec spec = {.argv = (const char *const[]){rows[i].program, NULL},
					 .cwd = rows[i].cwd};
		struct proc_result result;
		struct error err = ERROR_INIT;
		assert_int_equal(proc_run(&spec, &result, &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
		assert_non_null(strstr(err.message, rows[i].message));
	}
	assert_int_equal(own_children(false), 0);
}

static void child_gets_only_what_was_listed(void **state)
{
	(void)state;
	/* A descriptor without close-on-exec, as a library could leave one. */
	int leaked = open("/dev/null", O_RDONLY);
	signal(SIGUSR1, SIG_IGN);
	AUTO(proc_result) struct proc_result result = {0};
	/* 32 and 33 belong to libc, which lets nobody reset them; make leaves them ignored. */
	struct proc_spec spec = {
		.argv = SHELL("ls /proc/self/fd | wc -l; env | grep -v ^PERFGATE_CHILD | sort; "
			      "grep -E 'Sig(Blk|Ign)' /proc/self/status | sed "
			      "s/180000000/000000000/; ps -o pgid= -p $$ | "
			      "grep -qw $$ && echo own group"),
		.env = (const char *const[]){"A=1", "PATH=/usr/bin:/bin", NULL},
		.cwd = "/"};
	struct error err = ERROR_INIT;
	assert_int_equal(proc_run(&spec, &result, &err), 0);
	signal(SIGUSR1, SIG_DFL);
	close(leaked);
	/* 0, 1, 2 and the one that ls itself opened. */
	assert_string_equal(strbuf_text(&result.out), "4\nA=1\nPATH=/usr/bin:/bin\nPWD=/\n"
						      "SigBlk:\t0000000000000000\n"
						      "SigIgn:\t0000000000000000\nown group\n");
}

static void clean_environment_has_no_secrets(void **state)
{
	(void)state;
	setenv("GITHUB_TOKEN", "ghp_secret", 1);
	setenv("LC_ALL", "C", 1);
	char **env = proc_clean_env();
	bool found_locale = false;
	for (char **item = env; *item != NULL; item++) {
		assert_null(strstr(*item, "ghp_secret"));
		found_locale |= strcmp(*item, "LC_ALL=C") == 0;
	}
	assert_true(found_locale);
	env = proc_env_set(env, "LC_ALL", "C.UTF-8");
	env = proc_env_set(env, "NEW", "1");
	size_t locale = 0, added = 0;
	for (char **item = env; *item != NULL; item++) {
		locale += strncmp(*item, "LC_ALL=", 7) == 0;
		added += strcmp(*item, "NEW=1") == 0;
	}
	assert_int_equal(locale, 1);
	assert_int_equal(added, 1);
	proc_env_free(env);
	unsetenv("GITHUB_TOKEN");
}

static void run_ends_at_its_deadline_with_the_whole_group(void **state)
{
	(void)state;
	AUTO(proc_result) struct proc_result result = {0};
	struct proc_spec spec = {.argv = SHELL("sleep 1000 & echo $!; wait"),
				 .deadline_ns = 300 * NS_PER_MS};
	struct error err = ERROR_INIT;
	assert_int_equal(proc_run(&spec, &result, &err), 0);
	assert_true(result.timed_out);
	assert_int_equal(result.exit_status, 128 + SIGTERM);
	assert_false(is_running(number_in(strbuf_text(&result.out))));
}

/* SIG-11 */
static void grandchild_holding_the_pipe_does_not_delay_run(void **state)
{
	(void)state;
	AUTO(proc_result) struct proc_result result = {0};
	struct proc_spec spec = {.argv = SHELL("sleep 1000 & echo $!"),
				 .deadline_ns = 100 * NS_PER_S};
	struct error err = ERROR_INIT;
	assert_int_equal(proc_run(&spec, &result, &err), 0);
	assert_false(result.timed_out);
	assert_int_equal(result.exit_status, 0);
	assert_false(is_running(number_in(strbuf_text(&result.out))));
}

static struct proc *start_shell(const char *script)
{
	struct proc *proc = NULL;
	struct proc_spec spec = {.argv = SHELL(script)};
	struct error err = ERROR_INIT;
	if (proc_start(&spec, &proc, &err) < 0)
		fail_msg("%s", err.message);
	return proc;
}

/* SIG-08 */
static void tail_has_the_last_lines_of_a_child_that_ended(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf tail = {0};
	int status = -1;
	log_add_secret("hunter2-secret");
	struct proc *proc = start_shell("for i in 1 2 3 4 5; do echo line $i; done; "
					"printf 'pw=hunter2-secret \\033[31mred\\n' >&2; exit 4");
	assert_true(wait_for_status(proc, &status));
	assert_int_equal(status, 4);
	proc_tail(proc, 2, &tail);
	assert_string_equal(strbuf_text(&tail), "  line 5\n  pw=*** \\x1b[31mred\n");
	proc_stop(proc, 0, 0);
}

static void tail_of_nothing_is_nothing(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf tail = {0};
	struct proc *proc = start_shell("exit 0");
	assert_true(wait_for_status(proc, NULL));
	proc_tail(proc, 20, &tail);
	proc_tail(proc, 0, &tail);
	assert_int_equal(tail.length, 0);
	proc_stop(proc, 0, 0);
}

/* SIG-09, FS-20: neither memory nor the log file grows with what a child says. */
static void hundred_megabytes_of_output_are_drained_and_capped(void **state)
{
	(void)state;
	char path[] = "/tmp/pfg-test-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	struct proc *proc = NULL;
	struct proc_spec spec = {.argv = SHELL("head -c 104857600 /dev/zero | tr '\\0' x >&2; "
					       "echo; echo the end"),
				 .log_path = path};
	struct error err = ERROR_INIT;
	int status = -1;
	assert_int_equal(proc_start(&spec, &proc, &err), 0);
	assert_true(wait_for_status(proc, &status));
	assert_int_equal(status, 0);
	AUTO(strbuf) struct strbuf tail = {0};
	proc_tail(proc, 1, &tail);
	assert_string_equal(strbuf_text(&tail), "  the end\n");
	proc_stop(proc, 0, 0);
	struct stat info;
	assert_int_equal(stat(path, &info), 0);
	unlink(path);
	assert_int_equal(info.st_size, 10 << 20);
}

/* SIG-10 */
static void child_that_ignores_sigterm_is_killed(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf line = {0};
	struct proc *proc = start_shell("trap '' TERM; echo ready; while :; do sleep 0.1; done");
	assert_true(wait_for_output(proc, "ready", &line));
	pid_t pid = proc_pid(proc);
	proc_stop(proc, SIGTERM, 100 * NS_PER_MS);
	assert_false(is_running(pid));
}

static void stop_ends_every_kind_of_descendant(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"sleep 1000 & echo $! ready; wait",
		"(sleep 1000 & echo $! ready); sleep 1000",
		"setsid sleep 1000 & echo $! ready; wait",
		/* A daemon: own session, orphaned, and nothing of its environment left. */
		"setsid env -i sh -c 'echo $$ ready; exec sleep 1000' & wait",
		("sh -c 'setsid sh -c \"echo \\$\\$ ready; trap : TERM; exec sleep 1000\" &'; "
		 "sleep 1000"),
		/* The leader is gone long before. */
		"sleep 1000 & echo $! ready",
	};
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		AUTO(strbuf) struct strbuf line = {0};
		struct proc *proc = start_shell(scripts[i]);
		assert_true(wait_for_output(proc, "ready", &line));
		pid_t leaf = number_in(strbuf_text(&line));
		assert_true(is_running(leaf));
		proc_stop(proc, SIGTERM, 5 * NS_PER_S);
		if (is_running(leaf))
			fail_msg("survived: %s", scripts[i]);
	}
	assert_int_equal(own_children(false), 0);
}

/* SIG-13 */
static void hundred_runs_leave_no_zombie(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		AUTO(proc_result) struct proc_result result = {0};
		run_shell("true &", &result);
	}
	assert_int_equal(own_children(true), 0);
}

/* SIG-19 */
static void orphans_are_reaped_while_the_child_runs(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf line = {0};
	/* The pipe ends with the last of them. */
	struct proc *proc = start_shell("(true & setsid true & sh -c 'true & true' &) | cat; "
					"echo ready; exec sleep 1000");
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	assert_true(wait_for_output(proc, "ready", &line));
	do {
		assert_false(proc_ended(proc, NULL));
		short_pause();
	} while (own_children(false) > 1 && clock_now_ns() < deadline_ns);
	assert_int_equal(own_children(false), 1);
	proc_stop(proc, SIGTERM, 5 * NS_PER_S);
}

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void no_descriptor_is_lost(void **state)
{
	(void)state;
	proc_stop(start_shell("sleep 1000"), SIGTERM, NS_PER_S);
	int before = open_descriptors();
	for (int i = 0; i < 5; i++) {
		AUTO(proc_result) struct proc_result result = {0};
		run_shell("true", &result);
		proc_stop(start_shell("sleep 1000"), SIGTERM, NS_PER_S);
	}
	assert_int_equal(open_descriptors(), before);
}

/* In a fork: start `script`, tell its number and our watcher's death-watched folder, then die. */
static _Noreturn void live_and_die(const char *script, const char *folder, int report_fd)
{
	AUTO(strbuf) struct strbuf line = {0};
	struct proc *proc = start_shell(script);
	proc_watch_folder(folder);
	wait_for_output(proc, "ready", &line);
	pid_t leaf = number_in(strbuf_text(&line));
	if (write(report_fd, &leaf, sizeof leaf) != (ssize_t)sizeof leaf)
		_exit(1);
	raise(SIGKILL);
	_exit(1);
}

static pid_t run_and_kill(const char *script, const char *folder)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0)
		live_and_die(script, folder, ends[1]);
	close(ends[1]);
	pid_t leaf = -1;
	assert_int_equal(read(ends[0], &leaf, sizeof leaf), sizeof leaf);
	/*
	 * The end of file comes when nobody holds our pipe any more: neither the
	 * children nor the watcher may keep it (`perfgate … | cat` must end).
	 */
	char rest;
	assert_int_equal(read(ends[0], &rest, 1), 0);
	close(ends[0]);
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	return leaf;
}

/* proc_start() made us the subreaper, so the orphans of our dead fork are ours. */
static void reap_adopted(void)
{
	int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
	while (own_children(false) > 0 && clock_now_ns() < deadline_ns) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		short_pause();
	}
}

/* SIG-07 */
static void nothing_survives_our_sigkill(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"echo $$ ready; exec sleep 1000",
		"sleep 1000 & echo $! ready; wait",
		"(sleep 1000 & echo $! ready); exit 0",
		"trap '' TERM; sh -c 'echo $$ ready; exec sleep 1000'; sleep 1000",
		"setsid sleep 1000 & echo $! ready; wait",
		"(setsid sleep 1000 & echo $! ready); exit 0",
	};
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		char folder[] = "/tmp/pfg-test-XXXXXX";
		assert_non_null(mkdtemp(folder));
		AUTO_FREE char *inner = fs_join(folder, "inner");
		assert_int_equal(mkdir(inner, 0700), 0);
		pid_t leaf = run_and_kill(scripts[i], folder);
		if (leaf <= 0 || !wait_until_gone(leaf))
			fail_msg("survived: %s", scripts[i]);
		int64_t deadline_ns = clock_now_ns() + PATIENCE_NS;
		while (fs_exists(folder) && clock_now_ns() < deadline_ns)
			short_pause();
		assert_false(fs_exists(folder));
		reap_adopted();
	}
}

static void watcher_stop_ends_what_is_registered(void **state)
{
	(void)state;
	AUTO(strbuf) struct strbuf line = {0};
	struct proc *proc = start_shell("sleep 1000 & echo $! ready; wait");
	assert_true(wait_for_output(proc, "ready", &line));
	pid_t leaf = number_in(strbuf_text(&line));
	watcher_stop();
	assert_false(is_running(leaf));
	/* Ended, not yet waited for: that is proc_stop()'s. */
	assert_int_equal(own_children(false), own_children(true));
	proc_stop(proc, 0, 0);
	assert_int_equal(own_children(false), 0);
}

static void root_becomes_another_user(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	AUTO(proc_result) struct proc_result result = {0};
	struct proc_spec spec = {.argv = SHELL("id -un; id -Gn"), .run_as = "nobody", .cwd = "/"};
	struct error err = ERROR_INIT;
	assert_int_equal(proc_run(&spec, &result, &err), 0);
	assert_string_equal(strbuf_text(&result.out), "nobody\nnogroup\n");
	spec.run_as = "no-such-user";
	assert_int_equal(proc_run(&spec, &result, &err), -1);
	assert_string_equal(err.message, "user no-such-user: not found");
}

static void stat_line_with_a_strange_name_is_parsed(void **state)
{
	(void)state;
	struct proctable_entry entry;
	assert_true(proctable_parse("42 (a) R 1 (b) S 7 40 41 0 -1 4194304 1 2 3 4 10 20 30 40 20 "
				    "0 1 0 5555 1000000 77 18446744073709551615 1",
				    &entry));
	assert_int_equal(entry.pid, 42);
	assert_string_equal(entry.name, "a) R 1 (b");
	assert_int_equal(entry.state, 'S');
	assert_int_equal(entry.ppid, 7);
	assert_int_equal(entry.pgrp, 40);
	assert_int_equal(entry.session, 41);
	assert_int_equal(entry.cpu_ticks, 100);
	assert_int_equal(entry.start_ticks, 5555);
	assert_int_equal(entry.rss_pages, 77);
	static const char *const wrong[] = {"", "42", "42 (a", "42 (a)", "42 (a) S 1", ") 42 ("};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(proctable_parse(wrong[i], &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_gives_output_and_status),
		cmocka_unit_test(run_writes_stdin_larger_than_a_pipe),
		cmocka_unit_test(run_caps_output_without_blocking),
		cmocka_unit_test(run_says_what_cannot_be_started),
		cmocka_unit_test(child_gets_only_what_was_listed),
		cmocka_unit_test(clean_environment_has_no_secrets),
		cmocka_unit_test(run_ends_at_its_deadline_with_the_whole_group),
		cmocka_unit_test(grandchild_holding_the_pipe_does_not_delay_run),
		cmocka_unit_test(tail_has_the_last_lines_of_a_child_that_ended),
		cmocka_unit_test(tail_of_nothing_is_nothing),
		cmocka_unit_test(hundred_megabytes_of_output_are_drained_and_capped),
		cmocka_unit_test(child_that_ignores_sigterm_is_killed),
		cmocka_unit_test(stop_ends_every_kind_of_descendant),
		cmocka_unit_test(hundred_runs_leave_no_zombie),
		cmocka_unit_test(orphans_are_reaped_while_the_child_runs),
		cmocka_unit_test(no_descriptor_is_lost),
		cmocka_unit_test(nothing_survives_our_sigkill),
		cmocka_unit_test(watcher_stop_ends_what_is_registered),
		cmocka_unit_test(root_becomes_another_user),
		cmocka_unit_test(stat_line_with_a_strange_name_is_parsed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
