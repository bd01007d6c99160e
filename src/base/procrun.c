/* proc_run(): a short program, from start to end. */
#include "perfgate/base/proc.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/spawn.h"
#include "perfgate/base/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define DEFAULT_DEADLINE_NS (60 * NS_PER_S)
#define DEFAULT_OUTPUT_BYTES ((size_t)1 << 20)
#define TERM_GRACE_NS NS_PER_S

enum { READ_BYTES = 16 << 10, FIRST_PAUSE_MS = 1, LAST_PAUSE_MS = 20 };

struct channel {
	int read_fd, write_fd;
	struct strbuf *text;
};

struct run {
	struct channel out, err;
	int stdin_fd;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void auto_run(struct run *run)
{
	close_fd(&run->out.read_fd);
	close_fd(&run->out.write_fd);
	close_fd(&run->err.read_fd);
	close_fd(&run->err.write_fd);
	close_fd(&run->stdin_fd);
}

static int open_channel(struct channel *channel)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	channel->read_fd = ends[0];
	channel->write_fd = ends[1];
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

/* Read what is there; at the end of the file or on an error the channel closes. */
static void drain(struct channel *channel)
{
	char bytes[READ_BYTES];
	while (channel->read_fd >= 0) {
		ssize_t got = read(channel->read_fd, bytes, sizeof bytes);
		if (got > 0)
			strbuf_append(channel->text, bytes, (size_t)got);
		else if (got < 0 && errno == EINTR)
			continue;
		else if (got < 0 && errno == EAGAIN)
			return;
		else
			close_fd(&channel->read_fd);
	}
}

/* True when the program ended by itself. */
static bool wait_for_end(struct run *run, pid_t pid, int64_t deadline_ns, int *out_status)
{
	int pause_ms = FIRST_PAUSE_MS;
	for (;;) {
		bool ended = spawn_ended(pid, out_status);
		drain(&run->out);
		drain(&run->err);
		/* What it wrote is in the pipes; a grandchild may hold them for ever. */
		if (ended)
			return true;
		if (clock_now_ns() >= deadline_ns)
			return false;
		struct pollfd fds[] = {{.fd = run->out.read_fd, .events = POLLIN},
				       {.fd = run->err.read_fd, .events = POLLIN}};
		if (poll(fds, ARRAY_SIZE(fds), pause_ms) == 0 && pause_ms < LAST_PAUSE_MS)
			pause_ms *= 2;
	}
}

static int start(struct run *run, const struct proc_spec *spec, struct procgroup *group,
		 struct error *err)
{
	if (open_channel(&run->out) < 0 || open_channel(&run->err) < 0 ||
	    (run->stdin_fd = spawn_stdin(spec->stdin_text)) < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "%s: pipe", spec->argv[0]);
	const int fds[] = {run->stdin_fd, run->out.write_fd, run->err.write_fd};
	if (spawn(spec, fds, group, err) < 0)
		return -1;
	close_fd(&run->out.write_fd);
	close_fd(&run->err.write_fd);
	return 0;
}

int proc_run(const struct proc_spec *spec, struct proc_result *out, struct error *err)
{
	size_t limit = spec->output_limit_bytes ? spec->output_limit_bytes : DEFAULT_OUTPUT_BYTES;
	struct proc_result result = {.out.max_bytes = limit, .err.max_bytes = limit};
	AUTO(run) struct run run = {{-1, -1, &result.out}, {-1, -1, &result.err}, -1};
	struct procgroup group;
	int64_t limit_ns = spec->deadline_ns ? spec->deadline_ns : DEFAULT_DEADLINE_NS;
	int64_t deadline_ns = clock_now_ns() + limit_ns;
	if (start(&run, spec, &group, err) < 0)
		return -1;
	result.timed_out = !wait_for_end(&run, group.pgid, deadline_ns, &result.exit_status);
	/* Its own exit code is known; what it left behind in its group gets no grace. */
	int64_t grace_ns = result.timed_out ? TERM_GRACE_NS : 0;
	if (result.timed_out)
		result.exit_status = 128 + SIGTERM;
	else
		group.stop_signal = SIGKILL;
	/* A daemon that left the group (git gc) may go on: no strays. */
	group.marker[0] = '\0';
	procgroup_end(&group, 1, grace_ns);
	watcher_remove_group(group.pgid);
	drain(&run.out);
	drain(&run.err);
	*out = result;
	return 0;
}

void proc_result_release(struct proc_result *result)
{
	strbuf_release(&result->out);
	strbuf_release(&result->err);
}
