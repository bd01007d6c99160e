#include "internal.h"
#include "lane.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/rng.h"

#include <stddef.h>
#include <string.h>

#define GZIP_FROM_BYTES 1000
/* Shorter holds are waited for on the thread, where no other has to be woken. */
#define SHORT_HOLD_NS (200 * NS_PER_US)
#define BODY_RESERVE_BYTES 1000
#define SOCKET_RETRY_S 10

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

static void spin_until(int64_t due_ns)
{
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

static void suspend(struct exchange *exchange)
{
	exchange->suspended = true;
	MHD_suspend_connection(exchange->connection);
}

/* Once resumed, the exchange belongs to its connection's thread again. */
static enum MHD_Result give_back(struct exchange *exchange)
{
	if (!exchange->suspended)
		return exchange->response ? send_response(exchange) : MHD_NO;
	MHD_resume_connection(exchange->connection);
	return MHD_YES;
}

static void observe(const struct exchange *exchange, int status, int64_t duration_ns)
{
	const struct web_options *options = &exchange->server->options;

	if (options->observer)
		options->observer(&exchange->request, status, duration_ns, options->arg);
}

/* Hand the answer to libmicrohttpd, now or when its time has come. */
static enum MHD_Result answer(struct exchange *exchange, struct web_reply *reply)
{
	struct web_server *server = exchange->server;
	bool draining = atomic_load_explicit(&server->draining, memory_order_relaxed);
	int64_t hold_ns = draining ? 0 : reply->hold_ns, now_ns;

	exchange->status = (unsigned)reply->status;
	exchange->response = reply->status == 101 ? make_upgrade(exchange, reply)
						  : make_response(exchange, reply);
	now_ns = clock_now_ns();
	exchange->answered_ns = now_ns + hold_ns;
	observe(exchange, reply->status, now_ns - exchange->request.start_ns + hold_ns);
	if (!exchange->response)
		return give_back(exchange);
	set_deadline(exchange, true, now_ns + hold_ns + server->options.write_timeout_ns);
	if (hold_ns > SHORT_HOLD_NS) {
		exchange->due_ns = now_ns + hold_ns;
		if (!exchange->suspended)
			suspend(exchange);
		holder_add(server->holder, exchange);
		return MHD_YES;
	}
	if (hold_ns > 0)
		spin_until(now_ns + hold_ns);
	return give_back(exchange);
}

/* The room for headers is not touched: it is most of a reply. */
static void init_reply(struct web_reply *reply)
{
	memset(reply, 0, offsetof(struct web_reply, headers));
	reply->status = 200;
	reply->content_type = "application/json";
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
	struct web_reply reply;

	init_reply(&reply);
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

static const struct web_route *route_of(const struct exchange *exchange)
{
	return &exchange->server->options.routes[exchange->request.route];
}

/* Most answers fit: one allocation instead of one per doubling. */
static void init_roomy_reply(struct web_reply *reply)
{
	init_reply(reply);
	strbuf_reserve(&reply->body, BODY_RESERVE_BYTES);
}

static enum MHD_Result finish(struct exchange *exchange, struct web_reply *reply)
{
	if (reply->socket && reply->status == 200)
		upgrade(exchange, reply);
	strbuf_release(&exchange->body);
	return answer(exchange, reply);
}

static enum MHD_Result run_handler(struct exchange *exchange)
{
	struct web_reply reply;

	init_roomy_reply(&reply);
	route_of(exchange)->handler(&exchange->request, &reply, exchange->server->options.arg);
	return finish(exchange, &reply);
}

void exchange_run_handlers(struct exchange **exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_handler(exchanges[i]);
}

static void run_batch(struct exchange **exchanges, size_t count)
{
	struct web_server *server = exchanges[0]->server;
	struct web_reply replies[LANE_AT_ONCE];
	struct web_call calls[LANE_AT_ONCE];
	int64_t start_ns, spent_ns;

	for (size_t i = 0; i < count; i++) {
		init_roomy_reply(&replies[i]);
		calls[i] = (struct web_call){&exchanges[i]->request, &replies[i]};
	}
	start_ns = clock_now_ns();
	route_of(exchanges[0])->batch(calls, count, server->options.arg);
	spent_ns = clock_now_ns() - start_ns;
	for (size_t i = 0; i < count; i++) {
		if (replies[i].status != WEB_LATER) {
			finish(exchanges[i], &replies[i]);
			continue;
		}
		strbuf_release(&replies[i].body);
		exchanges[i]->request.batch_ns = spent_ns;
		lane_add(server->pool, exchanges[i]);
	}
}

void exchange_run_batches(struct exchange **exchanges, size_t count)
{
	for (size_t begin = 0, end; begin < count; begin = end) {
		int route = exchanges[begin]->request.route;

		for (end = begin + 1; end < count && exchanges[end]->request.route == route; end++)
			;
		run_batch(exchanges + begin, end - begin);
	}
}

static struct lane *lane_of(const struct web_server *server, const struct web_route *route)
{
	if (route->batch)
		return server->front;
	return route->lane == WEB_ASIDE ? server->aside : server->pool;
}

static enum MHD_Result respond(struct exchange *exchange)
{
	struct web_server *server = exchange->server;
	struct web_reply reply;
	const struct web_route *route;

	init_reply(&reply);
	set_deadline(exchange, true, INT64_MAX);
	if (refused(exchange, &reply)) {
		strbuf_release(&exchange->body);
		return answer(exchange, &reply);
	}
	exchange->request.body = strbuf_text(&exchange->body);
	exchange->request.body_length = exchange->body.length;
	route = route_of(exchange);
	if (route->lane == WEB_QUICK)
		return run_handler(exchange);
	suspend(exchange);
	lane_add(lane_of(server, route), exchange);
	return MHD_YES;
}

enum MHD_Result exchange_access(void *arg, struct MHD_Connection *connection, const char *path,
				const char *method, const char *version, const char *upload,
				size_t *upload_size, void **context)
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
	/* Resumed without an answer: the server stops, or has no memory for it. */
	if (exchange->suspended)
		return MHD_NO;
	if (*upload_size)
		return take_body(exchange, upload, upload_size);
	return respond(exchange);
}

void exchange_completed(void *arg, struct MHD_Connection *connection, void **context,
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
	free(exchange->request.kept);
	free(exchange);
	*context = NULL;
}
