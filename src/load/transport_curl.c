/*
 * The second transport: libcurl's multi_socket interface on the worker's epoll.
 *
 * Each user has an easy handle and a CURLSH that holds its one connection: a
 * plain multi would let thousands of users share a few sockets.
 */
#include "transport_curl.h"

#include "perfgate/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* Handshakes under way at once, as in the native transport. */
#define DIALS_MAX 128
/* Buffers that one request made large are not kept. */
#define KEPT_BYTES ((size_t)16 << 10)
#define EPOLL_END (EPOLLRDHUP | EPOLLHUP | EPOLLERR)

static struct multiplexer *multiplexer_of(struct transport *transport)
{
	return (struct multiplexer *)transport;
}

/* ---- sockets ---- */

static struct watched *find_socket(struct channel *channel, int fd)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (channel->sockets[i].fd == fd)
			return &channel->sockets[i];
	}
	return NULL;
}

static bool is_connected(const struct channel *channel)
{
	for (size_t i = 0; channel && i < SOCKETS_MAX; i++) {
		if (channel->sockets[i].fd >= 0 && channel->sockets[i].ours)
			return true;
	}
	return false;
}

static void watch(struct channel *channel, struct watched *socket, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = channel->exchange};
	if (socket->events == events)
		return;
	int operation = socket->events == 0 ? EPOLL_CTL_ADD
			: events == 0	    ? EPOLL_CTL_DEL
					    : EPOLL_CTL_MOD;
	/* A lack of kernel memory ends in the time limit of the request. */
	(void)epoll_ctl(channel->owner->epoll_fd, operation, socket->fd, &event);
	socket->events = events;
}

/*
 * Between two requests a connection stays registered: libcurl's REMOVE and
 * next IN would be two system calls per request.
 */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct channel *channel = NULL;
	(void)arg, (void)socket_arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &channel);
	struct watched *socket = channel ? find_socket(channel, fd) : NULL;
	if (channel && !socket && what != CURL_POLL_REMOVE) {
		socket = find_socket(channel, -1);
		if (socket)
			*socket = (struct watched){.fd = fd};
	}
	if (!socket)
		return 0;
	uint32_t events = EPOLLIN | EPOLLRDHUP;
	if (what == CURL_POLL_OUT)
		events = EPOLLOUT;
	else if (what == CURL_POLL_INOUT)
		events |= EPOLLOUT;
	if (what == CURL_POLL_REMOVE && !socket->ours)
		events = 0;
	watch(channel, socket, events);
	if (events == 0)
		socket->fd = -1;
	return 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct channel *channel = arg;
	struct exchange *exchange = channel->exchange;
	struct transport *base = &channel->owner->base;
	struct watched *socket_ = find_socket(channel, -1);
	(void)purpose;
	int fd = socket(address->family, address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			address->protocol);
	if (fd < 0 || !socket_) {
		channel->own_errno = fd < 0 ? errno : EMFILE;
		if (fd >= 0)
			close(fd);
		return CURL_SOCKET_BAD;
	}
	transport_spread_source(fd, &address->addr, channel->owner->connections++,
				channel->owner->dials++);
	*socket_ = (struct watched){.fd = fd, .ours = true};
	/* libcurl replaces a connection that was stale, and no other. */
	if (exchange->send_ns) {
		exchange->reused = false;
		base->reconnects++;
		return fd;
	}
	bool first = exchange->start_ns == 0;
	exchange->start_ns = clock_now_ns();
	if (first)
		base->client.started(exchange, base->client.arg);
	return fd;
}

/* epoll forgets a descriptor that is closed. */
static int on_close(void *arg, curl_socket_t fd)
{
	struct channel *channel = arg;
	struct watched *socket = find_socket(channel, fd);
	if (socket && socket->ours)
		channel->owner->connections--;
	if (socket)
		*socket = (struct watched){.fd = -1};
	return close(fd);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct multiplexer *self = arg;
	(void)multi;
	self->due_ns = timeout_ms < 0 ? 0 : clock_now_ns() + timeout_ms * NS_PER_MS;
	return 0;
}

/* Set only when it would be too late: libcurl moves its next time with every request. */
static void arm_timer(struct multiplexer *self)
{
	if (self->due_ns == 0 || (self->armed_ns != 0 && self->armed_ns <= self->due_ns))
		return;
	struct itimerspec spec = {.it_value = {self->due_ns / NS_PER_S, self->due_ns % NS_PER_S}};
	timerfd_settime(self->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	self->armed_ns = self->due_ns;
}

static void run_timers(struct multiplexer *self)
{
	int running;
	if (self->due_ns == 0 || self->due_ns > clock_now_ns())
		return;
	self->due_ns = 0;
	curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

/* ---- the life of a channel ---- */

static struct exchange_queue *queue_of(struct multiplexer *self, struct exchange *exchange)
{
	return is_connected(exchange->channel) ? &self->to_send : &self->to_dial;
}

static void deactivate(struct channel *channel)
{
	struct exchange *exchange = channel->exchange;
	curl_off_t uploaded = 0;
	if (!channel->active)
		return;
	curl_easy_getinfo(channel->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
	/* As HTTP/1.1 would send it. */
	if (exchange->send_ns)
		exchange->bytes_sent = channel->request.length + (uint64_t)uploaded;
	curl_multi_remove_handle(channel->owner->multi, channel->easy);
	channel->active = false;
	if (channel->dialing)
		channel->owner->dialing--;
	channel->dialing = false;
}

/* Close the connection: it lives in the share. */
static void disconnect(struct channel *channel)
{
	struct exchange *exchange = channel->exchange;
	if (exchange->state == EXCHANGE_QUEUED)
		exchange_queue_remove(queue_of(channel->owner, exchange), exchange);
	deactivate(channel);
	curl_easy_setopt(channel->easy, CURLOPT_SHARE, NULL);
	if (channel->share)
		curl_share_cleanup(TAKE(channel->share));
	exchange->state = EXCHANGE_CLOSED;
	exchange->reused = false;
	http1_release(&exchange->response);
}

static void channel_free(struct channel *channel)
{
	channel->exchange->channel = NULL;
	curl_easy_cleanup(channel->easy);
	curl_url_cleanup(channel->url);
	curl_slist_free_all(channel->headers);
	strbuf_release(&channel->request);
	strbuf_release(&channel->body);
	strbuf_release(&channel->head);
	free(channel);
}

static bool keeps_connection(struct channel *channel, CURLcode code)
{
	long version = CURL_HTTP_VERSION_NONE;
	const struct http1_response *response = &channel->exchange->response;
	curl_easy_getinfo(channel->easy, CURLINFO_HTTP_VERSION, &version);
	if (version < CURL_HTTP_VERSION_2_0 && !response->keep_alive)
		return false;
	if (code == CURLE_OK && channel->clean && is_connected(channel))
		return true;
	channel->owner->base.reconnects++;
	return false;
}

static void forget_large(struct strbuf *buf)
{
	if (buf->capacity > KEPT_BYTES)
		strbuf_release(buf);
	strbuf_clear(buf);
}

static void ensure_started(struct channel *channel)
{
	struct exchange *exchange = channel->exchange;
	struct transport_client *client = &channel->owner->base.client;
	if (exchange->start_ns != 0)
		return;
	exchange->start_ns = clock_now_ns();
	client->started(exchange, client->arg);
}

/*
 * libcurl replaces a stale connection by itself, but only five times in the life of a
 * handle; then it says that the connection died.
 */
static bool is_stale(const struct channel *channel, CURLcode code)
{
	const struct exchange *exchange = channel->exchange;
	return exchange->reused && exchange->bytes_received == 0 &&
	       (code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING);
}

static void enqueue(struct multiplexer *self, struct exchange *exchange)
{
	http1_begin(&exchange->response, exchange->answers_head);
	exchange->state = EXCHANGE_QUEUED;
	exchange_queue_add(queue_of(self, exchange), exchange);
}

static void finish(struct channel *channel, CURLcode code)
{
	struct exchange *exchange = channel->exchange;
	struct transport_client *client = &channel->owner->base.client;
	struct exchange_end end = {.at_ns = clock_now_ns()};
	/* Without a single dial: a name that is not known, say. */
	if (!channel->own_errno)
		ensure_started(channel);
	if (is_stale(channel, code)) {
		disconnect(channel);
		enqueue(channel->owner, exchange);
		return;
	}
	channel_judge(channel, code, &end);
	deactivate(channel);
	if (end.outcome == CLASS_OK && keeps_connection(channel, code)) {
		exchange->state = EXCHANGE_IDLE;
		exchange->reused = true;
	} else {
		disconnect(channel);
	}
	forget_large(&channel->body);
	forget_large(&channel->head);
	client->done(exchange, &end, client->arg);
}

static void reap(struct multiplexer *self)
{
	struct CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(self->multi, &left))) {
		struct channel *channel = NULL;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &channel);
		finish(channel, code);
	}
}

/* Connected and, with TLS, trusted: the request leaves now. */
static int on_sending(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct channel *channel = arg;
	struct exchange *exchange = channel->exchange;
	struct transport_client *client = &channel->owner->base.client;
	(void)remote, (void)local, (void)remote_port, (void)local_port;
	if (channel->dialing)
		channel->owner->dialing--;
	channel->dialing = false;
	exchange->state = EXCHANGE_WAITING;
	exchange->send_ns = clock_now_ns();
	if (exchange->start_ns == 0) {
		exchange->start_ns = exchange->send_ns;
		client->started(exchange, client->arg);
	}
	return CURL_PREREQFUNC_OK;
}

static void set_callbacks(struct channel *channel)
{
	CURL *easy = channel->easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, channel);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, channel);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, channel);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, channel);
}

static struct channel *channel_new(struct multiplexer *self, struct exchange *exchange)
{
	struct channel *channel = xcalloc(1, sizeof *channel);
	channel->owner = self;
	channel->exchange = exchange;
	channel->head.max_bytes = HTTP1_HEAD_MAX + CURL_MAX_HTTP_HEADER;
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		channel->sockets[i].fd = -1;
	channel->easy = curl_easy_init();
	if (!channel->easy)
		error_out_of_memory();
	channel_set_options(channel);
	channel_set_sinks(channel);
	set_callbacks(channel);
	return channel;
}

static void connect_share(struct channel *channel)
{
	if (channel->share)
		return;
	channel->share = curl_share_init();
	if (!channel->share)
		error_out_of_memory();
	curl_share_setopt(channel->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
	curl_easy_setopt(channel->easy, CURLOPT_SHARE, channel->share);
}

/* ---- struct transport_ops ---- */

static void start_exchange(struct transport *transport, struct exchange *exchange)
{
	struct multiplexer *self = multiplexer_of(transport);
	assert(exchange->state == EXCHANGE_IDLE || exchange->state == EXCHANGE_CLOSED);
	if (!exchange->channel)
		exchange->channel = channel_new(self, exchange);
	exchange->start_ns = exchange->send_ns = 0;
	exchange->bytes_sent = exchange->bytes_received = 0;
	enqueue(self, exchange);
}

static void send_first(struct multiplexer *self, struct exchange_queue *queue)
{
	struct exchange *exchange = queue->first;
	struct channel *channel = exchange->channel;
	struct transport_client *client = &self->base.client;
	exchange_queue_remove(queue, exchange);
	exchange->state = EXCHANGE_DIALING;
	connect_share(channel);
	channel->dialing = queue == &self->to_dial;
	if (channel->dialing)
		self->dialing++;
	channel->progress = HTTP1_MORE;
	channel->clean = true;
	channel->own_errno = 0;
	channel->error[0] = '\0';
	strbuf_clear(&channel->head);
	channel_set_message(channel, client->message(exchange, client->arg));
	/* The time limit holds for the resolver as well. */
	if (channel->dialing && self->resolves)
		ensure_started(channel);
	channel->active = true;
	if (curl_multi_add_handle(self->multi, channel->easy) != CURLM_OK)
		error_out_of_memory();
}

static void flush_queues(struct transport *transport)
{
	struct multiplexer *self = multiplexer_of(transport);
	/* What ends here may be dialed again, or make room for another dial. */
	do {
		while (self->to_send.first)
			send_first(self, &self->to_send);
		while (self->to_dial.first && self->dialing < DIALS_MAX)
			send_first(self, &self->to_dial);
		run_timers(self);
		reap(self);
	} while (self->to_send.first || (self->to_dial.first && self->dialing < DIALS_MAX));
	arm_timer(self);
}

static void drop_exchange(struct transport *transport, struct exchange *exchange)
{
	(void)transport;
	if (!exchange->channel)
		return;
	disconnect(exchange->channel);
	channel_free(exchange->channel);
}

/*
 * Nothing is under way: the peer closed the connection, or says something by itself. Over
 * TLS the latter may be a frame or a ticket, which libcurl reads before its next request.
 */
static void idle_event(struct channel *channel, uint32_t events)
{
	struct multiplexer *self = channel->owner;
	struct exchange *exchange = channel->exchange;
	bool queued = exchange->state == EXCHANGE_QUEUED;
	if (!(events & EPOLL_END) && self->target->tls) {
		for (size_t i = 0; i < SOCKETS_MAX; i++) {
			if (channel->sockets[i].fd >= 0)
				watch(channel, &channel->sockets[i], EPOLLRDHUP);
		}
		return;
	}
	self->base.reconnects++;
	disconnect(channel);
	if (queued)
		enqueue(self, exchange);
}

static void active_event(struct channel *channel, uint32_t events)
{
	int running, what = 0;
	if (events & (EPOLLIN | EPOLL_END))
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		if (channel->sockets[i].fd >= 0)
			curl_multi_socket_action(channel->owner->multi, channel->sockets[i].fd,
						 what, &running);
	}
}

static void event(struct transport *transport, struct exchange *exchange, uint32_t events)
{
	struct multiplexer *self = multiplexer_of(transport);
	struct channel *channel = exchange->channel;
	if (exchange == &self->ticks) {
		uint64_t ticks;
		ssize_t n = read(self->timer_fd, &ticks, sizeof ticks);
		(void)n;
		self->armed_ns = 0;
		run_timers(self);
	} else if (channel && channel->active) {
		active_event(channel, events);
	} else if (is_connected(channel)) {
		idle_event(channel, events);
	}
	reap(self);
}

static void free_transport(struct transport *transport)
{
	struct multiplexer *self = multiplexer_of(transport);
	if (self->timer_fd >= 0)
		close(self->timer_fd);
	curl_multi_cleanup(self->multi);
	curl_slist_free_all(self->addresses);
	strbuf_release(&self->scratch);
	free(self->origin);
	free(self);
}

static const struct transport_ops curl_ops = {
	.start = start_exchange,
	.flush = flush_queues,
	.drop = drop_exchange,
	.event = event,
	.free = free_transport,
};

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	if (address->ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static pthread_once_t initialised = PTHREAD_ONCE_INIT;

static void initialise(void)
{
	/* As in ext/curl.c, which may have done it before. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, free, xresize, xstrdup, xcalloc) !=
	    CURLE_OK)
		error_out_of_memory();
}

static void set_multi(struct multiplexer *self)
{
	curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
	curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
	curl_multi_setopt(self->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	/* Of each share: without it libcurl closes by the number of handles at work. */
	curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, 1L);
}

struct transport *transport_curl_new(int epoll_fd, const struct load_target *target,
				     const struct addresses *addresses,
				     const struct transport_client *client)
{
	pthread_once(&initialised, initialise);
	struct multiplexer *self = xcalloc(1, sizeof *self);
	struct epoll_event ticks = {.events = EPOLLIN, .data.ptr = &self->ticks};
	self->base.ops = &curl_ops;
	self->base.client = *client;
	self->target = target;
	self->epoll_fd = epoll_fd;
	self->direct =
		target->unix_socket || (addresses->count > 0 && is_loopback(&addresses->list[0]));
	self->resolves = !self->direct && transport_has_proxy(target->tls);
	self->addresses = multiplexer_addresses(target, addresses);
	self->origin = multiplexer_origin(target);
	self->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	self->multi = curl_multi_init();
	if (!self->multi || self->timer_fd < 0 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, self->timer_fd, &ticks) < 0) {
		int number = errno;
		free_transport(&self->base);
		errno = number;
		return NULL;
	}
	set_multi(self);
	return &self->base;
}
