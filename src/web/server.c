#include "internal.h"
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
#define CONNECTIONS 10000
#define IDLE_TIMEOUT_S 60
#define GZIP_FROM_BYTES 1000
/* Shorter holds are waited for on the thread: a suspend and a resume cost more than they free. */
#define SHORT_HOLD_NS (2 * NS_PER_MS)
/* The end of a hold is spun: a sleep of 20 us ends 50 us late, and holds are measured. */
#define SPIN_NS (100 * NS_PER_US)
/* Room beside the request's header for libmicrohttpd's tables and the answer's header. */
#define POOL_EXTRA_BYTES ((size_t)4 << 10)
#define DRAIN_POLL_NS (2 * NS_PER_MS)
#define BODY_RESERVE_BYTES 1000
#define HEADER_TIMEOUT_NS (10 * NS_PER_S)
#define BODY_TIMEOUT_NS (30 * NS_PER_S)
#define WRITE_TIMEOUT_NS (60 * NS_PER_S)
#define SOCKET_RETRY_S 10

struct web_server {
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct holder *holder;
	struct deadlines *deadlines;
	struct hub *hub;
	int port;
	bool loopback;
	uint64_t id_seed;
	atomic_uint_fast64_t next_id;
	atomic_uint under_way;
	atomic_bool draining;
};

static bool id_is_clean(const char *id)
{
	size_t length = id ? strlen(id) : 0;

	return length >= 1 && length <= 64 &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

static void give_id(struct exchange *exchange)
{
	static const char digits[] = "0123456789abcdef";
	const char *theirs = exchange->headers.id;
	struct web_server *server = exchange->server;
	struct rng rng;
	uint64_t value;

	if (id_is_clean(theirs)) {
		memcpy(exchange->id, theirs, strlen(theirs) + 1);
		return;
	}
	rng_seed(&rng, server->id_seed, atomic_fetch_add(&server->next_id, 1));
	value = rng_next(&rng);
	for (int i = 15; i >= 0; i--, value >>= 4)
		exchange->id[i] = digits[value & 15];
}

static bool posts(const struct exchange *exchange)
{
	return strcmp(exchange->request.method, "POST") == 0;
}

/* What the headers alone refuse; true when the answer is made. */
static bool refused(const struct exchange *exchange, struct web_reply *reply)
{
	const struct web_request *request = &exchange->request;

	if (exchange->too_large)
		web_error(request, reply, 413, "body_too_large", "the body exceeds %zu bytes",
			  exchange->server->options.max_body_bytes);
	else if (request->route < 0)
		route_refuse(&exchange->server->options, exchange, reply);
	else if (posts(exchange) && !check_is_json(exchange->headers.type))
		web_error(request, reply, 415, "unsupported_media_type",
			  "send Content-Type: application/json");
	else
		return false;
	return true;
}

static void add_headers(struct MHD_Response *response, const struct exchange *exchange,
			const struct web_reply *reply)
{
	MHD_add_response_header(response, "Content-Type", reply->content_type);
	MHD_add_response_header(response, "X-Request-ID", exchange->id);
	for (size_t i = 0; i < reply->header_count; i++)
		MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
	if (exchange->close ||
	    atomic_load_explicit(&exchange->server->draining, memory_order_relaxed))
		MHD_add_response_header(response, "Connection", "close");
}

static void upgraded(void *arg, struct MHD_Connection *connection, void *context, const char *early,
		     size_t length, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle);

static struct MHD_Response *make_upgrade(struct exchange *exchange, struct web_reply *reply)
{
	struct MHD_Response *response = MHD_create_response_for_upgrade(upgraded, exchange);

	strbuf_release(&reply->body);
	if (!response)
		return NULL;
	MHD_add_response_header(response, "Upgrade", "websocket");
	MHD_add_response_header(response, "Sec-WebSocket-Accept", exchange->accept);
	MHD_add_response_header(response, "X-Request-ID", exchange->id);
	return response;
}

static struct MHD_Response *make_response(struct exchange *exchange, struct web_reply *reply)
{
	bool packed = reply->body.length >= GZIP_FROM_BYTES &&
		      gzip_accepted(exchange->headers.encoding) && gzip_body(&reply->body);
	size_t length = reply->body.length;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(length, strbuf_take(&reply->body),
						MHD_RESPMEM_MUST_FREE);

	if (!response)
		return NULL;
	if (packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (length >= GZIP_FROM_BYTES || packed)
		MHD_add_response_header(response, "Vary", "Accept-Encoding");
	add_headers(response, exchange, reply);
	return response;
}

static enum MHD_Result send_response(struct exchange *exchange)
{
	enum MHD_Result result =
		MHD_queue_response(exchange->connection, exchange->status, exchange->response);

	MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	return result;
}

static void sleep_ns(int64_t ns)
{
	struct timespec left = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void wait_until(int64_t due_ns)
{
	int64_t left_ns = due_ns - clock_now_ns();

	if (left_ns > SPIN_NS)
		sleep_ns(left_ns - SPIN_NS);
	while (clock_now_ns() < due_ns)
		;
}

static void set_deadline(const struct exchange *exchange, bool answering, int64_t deadline_ns)
{
	struct watched *peer = exchange->peer;

	if (!peer)
		return;
	atomic_store_explicit(&peer->answering, answering, memory_order_relaxed);
	atomic_store_explicit(&peer->deadline_ns, deadline_ns, memory_order_relaxed);
}

static void forget_under_way(struct exchange *exchange)
{
	if (exchange->counted)
		atomic_fetch_sub(&exchange->server->under_way, 1);
	exchange->counted = false;
}

/* The connection is a socket now, and libmicrohttpd keeps out of it until it is closed. */
static void upgraded(void *arg, struct MHD_Connection *connection, void *context, const char *early,
		     size_t length, MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	struct exchange *exchange = arg;

	(void)connection;
	(void)context;
	set_deadline(exchange, true, INT64_MAX);
	forget_under_way(exchange);
	if (!hub_add(exchange->server->hub, exchange->socket, fd, handle, early, length))
		MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
}

/* The handler has made its route a socket: is it asked for as one, and is there room? */
static void upgrade(struct exchange *exchange, struct web_reply *reply)
{
	struct web_server *server = exchange->server;

	exchange->socket = reply->socket;
	handshake_answer(exchange, reply);
	if (reply->status != 101)
		return;
	if (!atomic_load(&server->draining) && !exchange->close &&
	    !hub_is_full(server->hub, exchange->socket))
		return;
	web_error(&exchange->request, reply, 503, "too_many_sockets",
		  "no room for another WebSocket now");
	web_reply_header(reply, "Retry-After", "%d", SOCKET_RETRY_S);
}

/* Hand the answer to libmicrohttpd, now or when its time has come. */
static enum MHD_Result answer(struct exchange *exchange, struct web_reply *reply)
{
	struct web_server *server = exchange->server;
	int64_t hold_ns = reply->hold_ns, now_ns;

	exchange->status = (unsigned)reply->status;
	exchange->response = reply->status == 101 ? make_upgrade(exchange, reply)
						  : make_response(exchange, reply);
	now_ns = clock_now_ns();
	exchange->answered_ns = now_ns + hold_ns;
	if (server->options.observer)
		server->options.observer(&exchange->request, reply->status,
					 now_ns - exchange->request.start_ns + hold_ns,
					 server->options.arg);
	if (!exchange->response)
		return MHD_NO;
	set_deadline(exchange, true, now_ns + hold_ns + server->options.write_timeout_ns);
	if (hold_ns > SHORT_HOLD_NS) {
		exchange->due_ns = now_ns + hold_ns;
		MHD_suspend_connection(exchange->connection);
		holder_add(server->holder, exchange);
		return MHD_YES;
	}
	if (hold_ns > 0)
		wait_until(now_ns + hold_ns);
	return send_response(exchange);
}

static struct web_reply empty_reply(void)
{
	return (struct web_reply){.status = 200, .content_type = "application/json"};
}

static struct watched *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* What is refused before its body is sent; true when the answer is made. */
static bool refused_early(struct exchange *exchange, struct web_reply *reply)
{
	struct web_server *server = exchange->server;
	const char *length = exchange->headers.length;

	if (check_framing(exchange, server->loopback, reply))
		return true;
	if (!length || strtoull(length, NULL, 10) <= server->options.max_body_bytes)
		return false;
	exchange->too_large = true;
	return refused(exchange, reply);
}

/* The first call for a request: headers only. Large bodies are refused before they are sent. */
static enum MHD_Result begin(struct exchange *exchange, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *version)
{
	struct web_server *server = exchange->server;
	struct web_reply reply = empty_reply();

	exchange->connection = connection;
	exchange->peer = peer_of(connection);
	exchange->request = (struct web_request){
		.method = method,
		.path = path,
		.id = exchange->id,
		.start_ns = clock_now_ns(),
		.connection = exchange,
		.route = route_find(&server->options, method, path),
	};
	exchange->body.max_bytes = server->options.max_body_bytes;
	exchange->http_1_0 = strcmp(version, "HTTP/1.0") == 0;
	exchange->counted = true;
	atomic_fetch_add(&server->under_way, 1);
	check_headers(exchange, version);
	give_id(exchange);
	if (refused_early(exchange, &reply))
		return answer(exchange, &reply);
	set_deadline(exchange, false, exchange->request.start_ns + server->options.body_timeout_ns);
	return MHD_YES;
}

/*
 * A chunked body has no length to refuse early, and libmicrohttpd takes an answer only at
 * the end: the excess is dropped, and a client that goes on is cut off.
 */
static enum MHD_Result take_body(struct exchange *exchange, const char *bytes, size_t *size)
{
	size_t limit = exchange->server->options.max_body_bytes;

	exchange->body_seen += *size;
	if (exchange->body_seen > 2 * limit)
		return MHD_NO;
	if (exchange->body_seen > limit) {
		exchange->too_large = true;
		strbuf_release(&exchange->body);
	} else {
		strbuf_append(&exchange->body, bytes, *size);
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result respond(struct exchange *exchange)
{
	const struct web_options *options = &exchange->server->options;
	struct web_reply reply = empty_reply();

	set_deadline(exchange, true, INT64_MAX);
	/* Most answers fit: one allocation instead of one per doubling. */
	strbuf_reserve(&reply.body, BODY_RESERVE_BYTES);
	if (!refused(exchange, &reply)) {
		exchange->request.body = strbuf_text(&exchange->body);
		exchange->request.body_length = exchange->body.length;
		options->routes[exchange->request.route].handler(&exchange->request, &reply,
								 options->arg);
		if (reply.socket && reply.status == 200)
			upgrade(exchange, &reply);
	}
	strbuf_release(&exchange->body);
	return answer(exchange, &reply);
}

static enum MHD_Result access_handler(void *arg, struct MHD_Connection *connection,
				      const char *path, const char *method, const char *version,
				      const char *upload, size_t *upload_size, void **context)
{
	struct exchange *exchange = *context;

	if (!exchange) {
		/* Without memory: end this connection rather than the server. */
		exchange = mem_has_reserve() ? calloc(1, sizeof *exchange) : NULL;
		if (!exchange)
			return MHD_NO;
		*context = exchange;
		exchange->server = arg;
		return begin(exchange, connection, path, method, version);
	}
	if (exchange->response)
		return send_response(exchange);
	if (*upload_size)
		return take_body(exchange, upload, upload_size);
	return respond(exchange);
}

static void completed(void *arg, struct MHD_Connection *connection, void **context,
		      enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *context;

	(void)arg;
	(void)connection;
	(void)code;
	if (!exchange)
		return;
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	/* The next request may be long in coming, but not long in being sent. */
	set_deadline(exchange, false,
		     exchange->answered_ns +
			     (int64_t)exchange->server->options.idle_timeout_s * NS_PER_S +
			     exchange->server->options.header_timeout_ns);
	forget_under_way(exchange);
	strbuf_release(&exchange->body);
	free(exchange);
	*context = NULL;
}

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
				0, NULL, NULL, access_handler, server, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
				MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server,
				MHD_OPTION_THREAD_POOL_SIZE, o->threads,
				MHD_OPTION_CONNECTION_LIMIT, o->connections,
				MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout_s,
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
	server->holder = holder_start();
	server->deadlines = deadlines_start(shortest_timeout_ns(&server->options));
	server->daemon = start_daemon(server, fd);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (slack_ns > 0)
		prctl(PR_SET_TIMERSLACK, (unsigned long)slack_ns);
	if (server->daemon)
		return 0;
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
	holder_stop(server->holder);
	MHD_stop_daemon(server->daemon);
	deadlines_stop(server->deadlines);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	server_free(server);
}
