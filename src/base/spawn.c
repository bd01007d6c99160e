#include "perfgate/base/spawn.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/fs.h"
#include "perfgate/base/proctable.h"
#include "perfgate/base/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GROUPS_MAX = 64, REPORT_FD = 3, FALLBACK_FD_LIMIT = 65536, SIGNAL_LIMIT = 65 };

/* Everything the child needs, prepared before the fork: afterwards nothing may allocate. */
struct plan {
	const struct proc_spec *spec;
	char *path;
	char **env; /* with the marker; borrowed strings but that one */
	int fds[3];
	int report_fd;
	bool change_user;
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int group_count;
	pid_t parent;
	struct procgroup group;
};

/* What the child could not do; nothing is sent when exec works. */
struct report {
	int error_number;
	char step[8];
};

static void auto_plan(struct plan *plan)
{
	free(plan->path);
	free(plan->env);
}

static void close_each_from(int first, bool only_mark)
{
	long limit = sysconf(_SC_OPEN_MAX);
	int last = limit > 0 && limit < FALLBACK_FD_LIMIT ? (int)limit : FALLBACK_FD_LIMIT;
	for (int fd = first; fd < last; fd++) {
		if (only_mark)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		else
			close(fd);
	}
}

void spawn_close_from(int first)
{
	/* Old container sandboxes refuse the call. */
	if (close_range((unsigned)first, ~0U, 0) < 0)
		close_each_from(first, false);
}

static void mark_close_on_exec(void)
{
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		close_each_from(3, true);
}

static int find_user(const char *name, struct plan *plan, struct error *err)
{
	if (name == NULL || geteuid() != 0)
		return 0;
	struct passwd entry, *found = NULL;
	char text[4096];
	if (getpwnam_r(name, &entry, text, sizeof text, &found) != 0 || found == NULL)
		return error_set(err, ERROR_USAGE, "user %s: not found", name);
	plan->change_user = true;
	plan->uid = found->pw_uid;
	plan->gid = found->pw_gid;
	plan->group_count = GROUPS_MAX;
	if (getgrouplist(name, found->pw_gid, plan->groups, &plan->group_count) < 0)
		plan->group_count = GROUPS_MAX; /* more than that: the first ones */
	return 0;
}

static int find_path(const char *program, char **out, struct error *err)
{
	*out = strchr(program, '/') != NULL ? xstrdup(program) : fs_find_program(program, NULL);
	if (*out == NULL)
		return error_set(err, ERROR_USAGE, "%s: not found in PATH", program);
	return 0;
}

/* The caller's environment plus our marker (procgroup.h). */
static char **marked_environment(const char *const *env, char *marker)
{
	size_t count = 0;
	while (env[count] != NULL)
		count++;
	char **out = xcalloc(count + 2, sizeof *out);
	memcpy(out, env, count * sizeof *out);
	out[count] = marker;
	return out;
}

static void make_marker(char *out)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(out, PROCGROUP_MARKER_SIZE, PROCGROUP_MARKER_KEY "=%d.%lld.%09ld", (int)getpid(),
		 (long long)now.tv_sec, now.tv_nsec);
}

static void reset_signals(void)
{
	for (int signal_number = 1; signal_number < SIGNAL_LIMIT; signal_number++)
		signal(signal_number, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void fail_in_child(const struct plan *plan, const char *step)
{
	struct report report = {.error_number = errno};
	strncpy(report.step, step, sizeof report.step - 1);
	while (write(plan->report_fd, &report, sizeof report) < 0 && errno == EINTR)
		;
	_exit(127);
}

static void become_user(const struct plan *plan)
{
	if (!plan->change_user)
		return;
	if (setgroups((size_t)plan->group_count, plan->groups) < 0 || setgid(plan->gid) < 0 ||
	    setuid(plan->uid) < 0)
		fail_in_child(plan, "setuid");
}

static _Noreturn void run_child(struct plan *plan)
{
	setpgid(0, 0);
	plan->group.pgid = getpid();
	watcher_add_group(&plan->group);
	reset_signals();
	for (int i = 0; i < 3; i++)
		if (dup2(plan->fds[i], i) < 0)
			fail_in_child(plan, "dup2");
	mark_close_on_exec();
	become_user(plan);
	/* A change of user clears it, so it comes after; then see whether we are late already. */
	prctl(PR_SET_PDEATHSIG, plan->spec->death_signal ? plan->spec->death_signal : SIGTERM);
	if (getppid() != plan->parent)
		_exit(127);
	if (plan->spec->cwd != NULL && chdir(plan->spec->cwd) < 0)
		fail_in_child(plan, "chdir");
	/* exec wants char *const[] but changes nothing. */
	char *const *argv;
	memcpy(&argv, &plan->spec->argv, sizeof argv);
	execve(plan->path, argv, plan->env);
	fail_in_child(plan, "exec");
}

/* Waits until exec has happened or failed. */
static int read_report(int fd, const struct plan *plan, struct error *err)
{
	struct report report;
	ssize_t got;
	while ((got = read(fd, &report, sizeof report)) < 0 && errno == EINTR)
		;
	if (got != (ssize_t)sizeof report)
		return 0;
	const char *program = plan->spec->argv[0];
	errno = report.error_number;
	if (strcmp(report.step, "chdir") == 0)
		return error_set_errno(err, ERROR_USAGE, "%s: folder %s", program, plan->spec->cwd);
	if (strcmp(report.step, "setuid") == 0)
		return error_set_errno(err, ERROR_USAGE, "%s: cannot become user %s", program,
				       plan->spec->run_as);
	if (report.error_number == ENOENT)
		return error_set(err, ERROR_USAGE, "%s: not found", program);
	return error_set_errno(err, ERROR_USAGE, "%s: cannot be run", program);
}

static pid_t fork_quietly(struct plan *plan)
{
	/* No handler of ours may run in the child. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		run_child(plan);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int fork_and_exec(struct plan *plan, struct error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "%s: pipe", plan->spec->argv[0]);
	AUTO_FD int report_fd = ends[0];
	/* Not 0, 1 or 2, which dup2 in the child replaces. */
	plan->report_fd = fcntl(ends[1], F_DUPFD_CLOEXEC, REPORT_FD);
	close(ends[1]);
	pid_t pid = fork_quietly(plan);
	close(plan->report_fd);
	if (pid < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "%s: fork", plan->spec->argv[0]);
	setpgid(pid, pid); /* the child does it too: whoever comes first */
	plan->group.pgid = pid;
	struct proctable_entry entry;
	if (proctable_read_one(pid, &entry))
		plan->group.start_ticks = entry.start_ticks;
	if (read_report(report_fd, plan, err) == 0)
		return 0;
	procgroup_end(&plan->group, 1, NS_PER_S);
	watcher_remove_group(pid);
	return -1;
}

int spawn(const struct proc_spec *spec, const int standard_fds[3], struct procgroup *out,
	  struct error *err)
{
	AUTO(plan) struct plan plan = {.spec = spec, .parent = getpid()};
	if (watcher_start(err) < 0 || find_path(spec->argv[0], &plan.path, err) < 0 ||
	    find_user(spec->run_as, &plan, err) < 0)
		return -1;
	memcpy(plan.fds, standard_fds, sizeof plan.fds);
	plan.group.stop_signal = spec->death_signal ? spec->death_signal : SIGTERM;
	make_marker(plan.group.marker);
	char **clean = spec->env == NULL ? proc_clean_env() : NULL;
	const char *const *env = spec->env;
	if (clean != NULL)
		memcpy(&env, &clean, sizeof env);
	plan.env = marked_environment(env, plan.group.marker);
	int result = fork_and_exec(&plan, err);
	proc_env_free(clean);
	if (result == 0)
		*out = plan.group;
	return result;
}

bool spawn_ended(pid_t pid, int *out_status)
{
	siginfo_t info = {0};
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != pid)
		return false;
	*out_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return true;
}

int spawn_stdin(const char *text)
{
	if (text == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("stdin", MFD_CLOEXEC);
	size_t length = strlen(text);
	for (size_t done = 0; fd >= 0 && done < length;) {
		ssize_t wrote = write(fd, text + done, length - done);
		if (wrote < 0 && errno != EINTR) {
			close(fd);
			fd = -1;
		}
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}
