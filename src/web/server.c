#include "internal.h"
#include "lane.h"
#include "listen.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/text.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <unistd.h>

#define THREADS 16
#define THREADS_ASIDE 2
/* Of connections. The fewer there are, the more requests each finds at a time. */
#define LISTENERS 2
#define CONNECTIONS 10000
#define IDLE_TIMEOUT_S 60
/* Room beside the request's header for libmicrohttpd's tables and the answer's header. */
#define POOL_EXTRA_BYTES ((size_t)4 << 10)
#define DRAIN_POLL_NS (2 * NS_PER_MS)
#define HEADER_TIMEOUT_NS (10 * NS_PER_S)
#define BODY_TIMEOUT_NS (30 * NS_PER_S)
#define WRITE_TIMEOUT_NS (60 * NS_PER_S)

static void connection_changed(void *arg, struct MHD_Connection *connection, void **context,
			       enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct web_server *server = arg;

	if (code == MHD_CONNECTION_NOTIFY_STARTED && info)
		*context = deadlines_add(server->deadlines, info->connect_fd,
					 clock_now_ns() + server->options.header_timeout_ns);
	else if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		deadlines_remove(server->deadlines, *context);
}

/* Paths stay as they came: no route has an escape, and an unescaped NUL would cut one short. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct web_server *server, int fd)
{
	const struct web_options *o = &server->options;

	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO |
					MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ITC,
				0, NULL, NULL, exchange_access, server, MHD_OPTION_LISTEN_SOCKET,
				fd, MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, NULL,
				MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server,
				MHD_OPTION_THREAD_POOL_SIZE, LISTENERS, MHD_OPTION_CONNECTION_LIMIT,
				o->connections, MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_s,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				WEB_HEADER_LIMIT_BYTES + POOL_EXTRA_BYTES,
				MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void apply_defaults(struct web_options *options)
{
	if (!options->bind)
		options->bind = "127.0.0.1";
	if (!options->threads)
		options->threads = THREADS;
	if (!options->connections)
		options->connections = CONNECTIONS;
	if (!options->idle_timeout_s)
		options->idle_timeout_s = IDLE_TIMEOUT_S;
	if (!options->max_body_bytes)
		options->max_body_bytes = WEB_BODY_LIMIT_BYTES;
	if (!options->header_timeout_ns)
		options->header_timeout_ns = HEADER_TIMEOUT_NS;
	if (!options->body_timeout_ns)
		options->body_timeout_ns = BODY_TIMEOUT_NS;
	if (!options->write_timeout_ns)
		options->write_timeout_ns = WRITE_TIMEOUT_NS;
}

static int64_t shortest_timeout_ns(const struct web_options *o)
{
	int64_t shortest = o->header_timeout_ns;

	shortest = o->body_timeout_ns < shortest ? o->body_timeout_ns : shortest;
	return o->write_timeout_ns < shortest ? o->write_timeout_ns : shortest;
}

static void stop_lanes(struct web_server *server)
{
	lane_stop(server->front);
	lane_stop(server->pool);
	lane_stop(server->aside);
}

static void free_lanes(struct web_server *server)
{
	lane_free(server->front);
	lane_free(server->pool);
	lane_free(server->aside);
}

/*
 * Threads inherit from who starts them. They must not take the program's signals: all are blocked.
 * And what is held back goes out on time, not when the kernel finds it convenient (50 us later).
 */
static int start_threads(struct web_server *server, int fd, struct error *err)
{
	int slack_ns = prctl(PR_GET_TIMERSLACK), saved;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	prctl(PR_SET_TIMERSLACK, 1UL);
	server->front = lane_start(1, LANE_AT_ONCE, exchange_run_batches);
	server->pool = lane_start(server->options.threads, 1, exchange_run_handlers);
	server->aside = lane_start(THREADS_ASIDE, 1, exchange_run_handlers);
	server->holder = holder_start();
	server->deadlines = deadlines_start(shortest_timeout_ns(&server->options));
	server->daemon = start_daemon(server, fd);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (slack_ns > 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns);
	if (server->daemon)
		return 0;
	stop_lanes(server);
	free_lanes(server);
	holder_stop(server->holder);
	deadlines_stop(server->deadlines);
	errno = saved;
	return error_set_errno(err, ERROR_UNMEASURED, "cannot start the HTTP listener");
}

int web_check_address(const char *bind, struct error *err)
{
	return bind ? listen_check(bind, err) : 0;
}

static void server_free(struct web_server *server)
{
	hub_free(server->hub);
	free(server);
}

int web_start(const struct web_options *options, struct web_server **out, struct error *err)
{
	struct web_server *server = xcalloc(1, sizeof *server);
	int fd;

	server->options = *options;
	apply_defaults(&server->options);
	server->loopback = listen_is_loopback(server->options.bind);
	server->id_seed = rng_entropy();
	server->hub = hub_new(server->options.arg);
	if (listen_open(server->options.bind, server->options.port, &fd, &server->port, err) < 0) {
		server_free(server);
		return -1;
	}
	if (start_threads(server, fd, err) < 0) {
		close(fd);
		server_free(server);
		return -1;
	}
	*out = server;
	return 0;
}

int web_port(const struct web_server *server)
{
	return server->port;
}

unsigned web_connections(const struct web_server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

unsigned web_under_way(const struct web_server *server)
{
	return atomic_load_explicit(&server->under_way, memory_order_relaxed);
}

void web_publish(struct web_server *server, const struct web_socket *socket, const char *text,
		 size_t length)
{
	hub_publish(server->hub, socket, text, length);
}

unsigned web_listeners(struct web_server *server, const struct web_socket *socket)
{
	return hub_count(server->hub, socket);
}

static void sleep_ns(int64_t ns)
{
	struct timespec left = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

void web_stop(struct web_server *server, int64_t grace_ns)
{
	int64_t deadline_ns = clock_now_ns() + grace_ns;
	MHD_socket fd;

	if (!server)
		return;
	atomic_store(&server->draining, true);
	fd = MHD_quiesce_daemon(server->daemon);
	hub_stop(server->hub);
	holder_flush(server->holder);
	while (atomic_load(&server->under_way) && clock_now_ns() < deadline_ns)
		sleep_ns(DRAIN_POLL_NS);
	stop_lanes(server);
	holder_stop(server->holder);
	MHD_stop_daemon(server->daemon);
	free_lanes(server);
	deadlines_stop(server->deadlines);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	server_free(server);
}
