#include "perfgate/base/proc.h"

#include "perfgate/base/log.h"
#include "perfgate/base/spawn.h"
#include "perfgate/base/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_FILE_BYTES ((size_t)10 << 20)

enum {
	READ_BYTES = 16 << 10,
	/* Of output that lost its beginning and has no line end: a secret may be cut in it. */
	UNSAFE_HEAD_BYTES = 4096,
	LINE_BYTES = 400,
};

struct proc {
	struct procgroup group;
	bool ended;
	int exit_status;

	int output_fd, wake_fd;
	pthread_t drainer;
	bool draining; /* the thread runs */

	pthread_mutex_t mutex; /* for all below, and for reading output_fd */
	int log_fd;
	size_t logged_bytes;
	size_t written_bytes; /* into the ring since the start */
	char ring[PROC_LOG_BYTES];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void keep_in_ring(struct proc *proc, const char *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		size_t at = proc->written_bytes % PROC_LOG_BYTES;
		size_t room = PROC_LOG_BYTES - at;
		size_t step = length - done < room ? length - done : room;
		memcpy(proc->ring + at, bytes + done, step);
		proc->written_bytes += step;
		done += step;
	}
}

static void keep_in_file(struct proc *proc, const char *bytes, size_t length)
{
	if (length > LOG_FILE_BYTES - proc->logged_bytes)
		length = LOG_FILE_BYTES - proc->logged_bytes;
	if (proc->log_fd < 0 || length == 0)
		return;
	ssize_t wrote = write(proc->log_fd, bytes, length);
	if (wrote < 0)
		close_fd(&proc->log_fd); /* disk full: the ring still has the end */
	else
		proc->logged_bytes += (size_t)wrote;
}

/* Take over what is in the pipe; false at its end. Both threads may call it. */
static bool pump(struct proc *proc)
{
	char bytes[READ_BYTES];
	ssize_t got;
	pthread_mutex_lock(&proc->mutex);
	do {
		got = read(proc->output_fd, bytes, sizeof bytes);
		if (got <= 0)
			continue;
		keep_in_ring(proc, bytes, (size_t)got);
		keep_in_file(proc, bytes, (size_t)got);
	} while (got == (ssize_t)sizeof bytes || (got < 0 && errno == EINTR));
	bool open = got > 0 || (got < 0 && errno == EAGAIN);
	pthread_mutex_unlock(&proc->mutex);
	return open;
}

static void *drain_until_woken(void *arg)
{
	struct proc *proc = arg;
	for (;;) {
		struct pollfd fds[] = {{.fd = proc->output_fd, .events = POLLIN},
				       {.fd = proc->wake_fd, .events = POLLIN}};
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return NULL;
		if (!pump(proc) || fds[1].revents != 0)
			return NULL;
	}
}

static int start_drainer(struct proc *proc, struct error *err)
{
	/* Signals are for the main thread. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&proc->drainer, NULL, drain_until_woken, proc);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	proc->draining = failed == 0;
	if (!failed)
		return 0;
	errno = failed;
	return error_set_errno(err, ERROR_UNMEASURED, "cannot start a thread");
}

static void release(struct proc *proc)
{
	if (proc->draining) {
		while (eventfd_write(proc->wake_fd, 1) < 0 && errno == EINTR)
			;
		pthread_join(proc->drainer, NULL);
	}
	close_fd(&proc->output_fd);
	close_fd(&proc->wake_fd);
	close_fd(&proc->log_fd);
	pthread_mutex_destroy(&proc->mutex);
	free(proc);
}

static struct proc *new_proc(void)
{
	struct proc *proc = xcalloc(1, sizeof *proc);
	proc->output_fd = proc->wake_fd = proc->log_fd = -1;
	pthread_mutex_init(&proc->mutex, NULL);
	return proc;
}

static int open_log(struct proc *proc, const char *path, struct error *err)
{
	if (path == NULL)
		return 0;
	proc->log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (proc->log_fd < 0)
		return error_set_errno(err, ERROR_USAGE, "cannot write %s", path);
	return 0;
}

static int launch(struct proc *proc, const struct proc_spec *spec, struct error *err)
{
	int ends[2];
	if (open_log(proc, spec->log_path, err) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "%s: pipe", spec->argv[0]);
	proc->output_fd = ends[0];
	AUTO_FD int write_fd = ends[1];
	AUTO_FD int stdin_fd = spawn_stdin(spec->stdin_text);
	proc->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (stdin_fd < 0 || proc->wake_fd < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "%s: pipe", spec->argv[0]);
	/* Grandchildren that are orphaned become our children, so that proc_stop() finds them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return spawn(spec, (const int[]){stdin_fd, write_fd, write_fd}, &proc->group, err);
}

int proc_start(const struct proc_spec *spec, struct proc **out, struct error *err)
{
	struct proc *proc = new_proc();
	if (launch(proc, spec, err) < 0) {
		release(proc);
		return -1;
	}
	if (start_drainer(proc, err) < 0) {
		proc_stop(proc, SIGKILL, 0);
		return -1;
	}
	*out = proc;
	return 0;
}

pid_t proc_pid(const struct proc *proc)
{
	return proc->group.pgid;
}

bool proc_ended(struct proc *proc, int *out_status)
{
	if (!proc->ended) {
		procgroup_reap_orphans(&proc->group);
		proc->ended = spawn_ended(proc->group.pgid, &proc->exit_status);
	}
	if (proc->ended && out_status != NULL)
		*out_status = proc->exit_status;
	return proc->ended;
}

static void copy_ring(struct proc *proc, struct strbuf *out)
{
	pthread_mutex_lock(&proc->mutex);
	size_t at = proc->written_bytes % PROC_LOG_BYTES;
	bool wrapped = proc->written_bytes > PROC_LOG_BYTES;
	if (wrapped)
		strbuf_append(out, proc->ring + at, PROC_LOG_BYTES - at);
	strbuf_append(out, proc->ring, at);
	pthread_mutex_unlock(&proc->mutex);
	if (!wrapped)
		return;
	const char *line_end = memchr(out->data, '\n', UNSAFE_HEAD_BYTES);
	size_t unsafe = line_end ? (size_t)(line_end - out->data) + 1 : UNSAFE_HEAD_BYTES;
	memmove(out->data, out->data + unsafe, out->length - unsafe);
	out->length -= unsafe;
}

/* Offset at which the last `lines` lines begin. */
static size_t find_tail(const struct strbuf *text, size_t lines)
{
	size_t at = text->length;
	if (at > 0 && text->data[at - 1] == '\n')
		at--; /* the end of the last line is not one more line */
	for (; at > 0; at--)
		if (text->data[at - 1] == '\n' && --lines == 0)
			break;
	return at;
}

void proc_tail(struct proc *proc, size_t lines, struct strbuf *out)
{
	AUTO(strbuf) struct strbuf text = {0};
	pump(proc);
	copy_ring(proc, &text);
	log_redact(&text);
	size_t at = lines > 0 ? find_tail(&text, lines) : text.length;
	while (at < text.length) {
		const char *line = text.data + at;
		const char *end = memchr(line, '\n', text.length - at);
		size_t length = end != NULL ? (size_t)(end - line) : text.length - at;
		strbuf_puts(out, "  ");
		log_visible(out, line, length < LINE_BYTES ? length : LINE_BYTES);
		strbuf_puts(out, length < LINE_BYTES ? "\n" : "...\n");
		at += length + 1;
	}
}

void proc_stop(struct proc *proc, int stop_signal, int64_t grace_ns)
{
	if (proc == NULL)
		return;
	if (stop_signal != 0)
		proc->group.stop_signal = stop_signal;
	procgroup_end(&proc->group, 1, grace_ns);
	watcher_remove_group(proc->group.pgid);
	release(proc);
}

void proc_watch_folder(const char *path)
{
	if (watcher_start(NULL) == 0)
		watcher_add_folder(path);
}

void proc_unwatch_folder(const char *path)
{
	watcher_remove_folder(path);
}
