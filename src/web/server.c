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
#include <unistd.h>

#define THREADS 16
#define CONNECTIONS 10000
#define IDLE_TIMEOUT_S 60
#define GZIP_FROM_BYTES 1000
/* Shorter holds are slept: a suspend and a resume cost more than they free. */
#define SHORT_HOLD_NS (2 * NS_PER_MS)
/* Room beside the request's header for libmicrohttpd's tables and the answer's header. */
#define POOL_EXTRA_BYTES ((size_t)4 << 10)
#define DRAIN_POLL_NS (2 * NS_PER_MS)

struct web_server {
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct holder *holder;
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
	const char *theirs = web_header(&exchange->request, "X-Request-ID");
	struct web_server *server = exchange->server;
	struct rng rng;

	if (id_is_clean(theirs)) {
		memcpy(exchange->id, theirs, strlen(theirs) + 1);
		return;
	}
	rng_seed(&rng, server->id_seed, atomic_fetch_add(&server->next_id, 1));
	snprintf(exchange->id, sizeof exchange->id, "%016llx", (unsigned long long)rng_next(&rng));
}

static bool same_path(const char *path, const char *route)
{
	size_t a = strlen(path), b = strlen(route);

	if (a > 1 && path[a - 1] == '/')
		a--;
	if (b > 1 && route[b - 1] == '/')
		b--;
	return a == b && memcmp(path, route, a) == 0;
}

static int find_route(const struct web_options *options, const char *method, const char *path)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; i < options->route_count; i++)
		if (strcmp(options->routes[i].method, method) == 0 &&
		    same_path(path, options->routes[i].path))
			return (int)i;
	return -1;
}

/* 404, or 405 with the methods that the path does have. */
static void no_route(const struct exchange *exchange, struct web_reply *reply)
{
	const struct web_options *options = &exchange->server->options;
	char allow[64] = "";
	size_t used = 0;

	for (size_t i = 0; i < options->route_count; i++)
		if (same_path(exchange->request.path, options->routes[i].path))
			used += (size_t)snprintf(allow + used, sizeof allow - used, "%s%s%s",
						 used ? ", " : "", options->routes[i].method,
						 strcmp(options->routes[i].method, "GET") == 0
							 ? ", HEAD"
							 : "");
	if (!used) {
		web_error(&exchange->request, reply, 404, "not_found",
			  "there is no such path; GET / lists them");
		return;
	}
	web_error(&exchange->request, reply, 405, "method_not_allowed", "use %s", allow);
	web_reply_header(reply, "Allow", "%s", allow);
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
		no_route(exchange, reply);
	else if (posts(exchange) && !check_is_json(web_header(request, "Content-Type")))
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

static struct MHD_Response *make_response(struct exchange *exchange, struct web_reply *reply)
{
	bool packed = reply->body.length >= GZIP_FROM_BYTES &&
		      gzip_accepted(web_header(&exchange->request, "Accept-Encoding")) &&
		      gzip_body(&reply->body);
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

/* Hand the answer to libmicrohttpd, now or when its time has come. */
static enum MHD_Result answer(struct exchange *exchange, struct web_reply *reply)
{
	struct web_server *server = exchange->server;
	int64_t hold_ns = reply->hold_ns;

	exchange->status = (unsigned)reply->status;
	exchange->response = make_response(exchange, reply);
	if (server->options.observer)
		server->options.observer(&exchange->request, reply->status,
					 clock_now_ns() - exchange->request.start_ns + hold_ns,
					 server->options.arg);
	if (!exchange->response)
		return MHD_NO;
	if (hold_ns > SHORT_HOLD_NS) {
		exchange->due_ns = clock_now_ns() + hold_ns;
		MHD_suspend_connection(exchange->connection);
		holder_add(server->holder, exchange);
		return MHD_YES;
	}
	if (hold_ns > 0)
		sleep_ns(hold_ns);
	return send_response(exchange);
}

static struct web_reply empty_reply(void)
{
	return (struct web_reply){.status = 200, .content_type = "application/json"};
}

/* The first call for a request: headers only. Large bodies are refused before they are sent. */
static enum MHD_Result begin(struct exchange *exchange, struct MHD_Connection *connection,
			     const char *path, const char *method, const char *version)
{
	struct web_server *server = exchange->server;
	struct web_reply reply = empty_reply();
	const char *length;

	exchange->connection = connection;
	exchange->request = (struct web_request){
		.method = method,
		.path = path,
		.id = exchange->id,
		.start_ns = clock_now_ns(),
		.connection = exchange,
		.route = find_route(&server->options, method, path),
	};
	exchange->body.max_bytes = server->options.max_body_bytes;
	exchange->counted = true;
	atomic_fetch_add(&server->under_way, 1);
	give_id(exchange);
	if (check_framing(exchange, server->loopback, strcmp(version, "HTTP/1.0") == 0, &reply))
		return answer(exchange, &reply);
	length = web_header(&exchange->request, "Content-Length");
	if (length && strtoull(length, NULL, 10) > server->options.max_body_bytes) {
		exchange->too_large = true;
		refused(exchange, &reply);
		return answer(exchange, &reply);
	}
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

	if (!refused(exchange, &reply)) {
		exchange->request.body = strbuf_text(&exchange->body);
		exchange->request.body_length = exchange->body.length;
		options->routes[exchange->request.route].handler(&exchange->request, &reply,
								 options->arg);
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
		exchange = calloc(1, sizeof *exchange);
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
	atomic_fetch_sub(&exchange->server->under_way, 1);
	strbuf_release(&exchange->body);
	free(exchange);
	*context = NULL;
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
					MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC,
				0, NULL, NULL, access_handler, server, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
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
}

/* Threads must not take the program's signals: they inherit a mask with all blocked. */
static int start_threads(struct web_server *server, int fd, struct error *err)
{
	sigset_t all, before;
	int saved;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	server->holder = holder_start();
	server->daemon = start_daemon(server, fd);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (server->daemon)
		return 0;
	holder_stop(server->holder);
	errno = saved;
	return error_set_errno(err, ERROR_UNMEASURED, "cannot start the HTTP listener");
}

int web_check_address(const char *bind, struct error *err)
{
	return bind ? listen_check(bind, err) : 0;
}

int web_start(const struct web_options *options, struct web_server **out, struct error *err)
{
	struct web_server *server = xcalloc(1, sizeof *server);
	int fd;

	server->options = *options;
	apply_defaults(&server->options);
	server->loopback = listen_is_loopback(server->options.bind);
	server->id_seed = rng_entropy();
	if (listen_open(server->options.bind, server->options.port, &fd, &server->port, err) < 0) {
		free(server);
		return -1;
	}
	if (start_threads(server, fd, err) < 0) {
		close(fd);
		free(server);
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

void web_stop(struct web_server *server, int64_t grace_ns)
{
	int64_t deadline_ns = clock_now_ns() + grace_ns;
	MHD_socket fd;

	if (!server)
		return;
	atomic_store(&server->draining, true);
	fd = MHD_quiesce_daemon(server->daemon);
	holder_flush(server->holder);
	while (atomic_load(&server->under_way) && clock_now_ns() < deadline_ns)
		sleep_ns(DRAIN_POLL_NS);
	holder_stop(server->holder);
	MHD_stop_daemon(server->daemon);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	free(server);
}
