#include "socket.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define LIMIT 64
#define EVENTS 64
/* What the kernel may hold for one who does not read, besides the queue. */
#define SEND_BUFFER_BYTES (128 << 10)
#define GOING_AWAY 1001

/* A peer in the hub. Nobody but the hub's thread frees one. */
struct member {
	struct member *next, **at;
	struct peer *peer;
	struct MHD_UpgradeResponseHandle *handle;
	int fd;
	bool greeted, watches_out;
};

struct hub {
	pthread_mutex_t lock; /* of everything here */
	pthread_t thread;
	bool running, stop;
	int epoll_fd, wake_fd;
	void *arg;
	struct member *first;
};

struct hub *hub_new(void *arg)
{
	struct hub *hub = xcalloc(1, sizeof *hub);

	*hub = (struct hub){.arg = arg, .epoll_fd = -1, .wake_fd = -1};
	pthread_mutex_init(&hub->lock, NULL);
	return hub;
}

static void wake(const struct hub *hub)
{
	const uint64_t one = 1;

	/* A counter that is full wakes, too. */
	if (write(hub->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
		log_debug("dashboard: cannot wake its thread");
}

static unsigned count_locked(const struct hub *hub, const struct web_socket *socket)
{
	unsigned count = 0;

	for (const struct member *member = hub->first; member; member = member->next)
		count += peer_socket(member->peer) == socket;
	return count;
}

unsigned hub_count(struct hub *hub, const struct web_socket *socket)
{
	unsigned count;

	pthread_mutex_lock(&hub->lock);
	count = count_locked(hub, socket);
	pthread_mutex_unlock(&hub->lock);
	return count;
}

bool hub_is_full(struct hub *hub, const struct web_socket *socket)
{
	return hub_count(hub, socket) >= (socket->limit ? socket->limit : LIMIT);
}

/* -- on the thread -- */

static void greet(const struct hub *hub, struct member *member)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct packet *packet;

	member->greeted = true;
	peer_socket(member->peer)->greet(&text, hub->arg);
	packet = packet_new(WSLAY_TEXT_FRAME, strbuf_text(&text), text.length);
	if (!packet)
		return;
	peer_queue(member->peer, packet);
	packet_drop(packet);
}

static void watch(const struct hub *hub, struct member *member, int operation)
{
	struct epoll_event event = {.events = EPOLLIN | (member->watches_out ? EPOLLOUT : 0),
				    .data.ptr = member};

	epoll_ctl(hub->epoll_fd, operation, member->fd, &event);
}

/* libmicrohttpd closes the descriptor, on a thread of its own. */
static void remove_member(const struct hub *hub, struct member *member)
{
	epoll_ctl(hub->epoll_fd, EPOLL_CTL_DEL, member->fd, NULL);
	*member->at = member->next;
	if (member->next)
		member->next->at = member->at;
	peer_free(member->peer);
	MHD_upgrade_action(member->handle, MHD_UPGRADE_ACTION_CLOSE);
	free(member);
}

static void serve(const struct hub *hub, struct member *member, int64_t now_ns)
{
	if (!member->greeted)
		greet(hub, member);
	peer_serve(member->peer, now_ns);
	if (peer_is_done(member->peer)) {
		remove_member(hub, member);
	} else if (peer_is_blocked(member->peer) != member->watches_out) {
		member->watches_out = !member->watches_out;
		watch(hub, member, EPOLL_CTL_MOD);
	}
}

static int wait_ms(const struct hub *hub)
{
	int64_t tick_ns = INT64_MAX;

	for (const struct member *member = hub->first; member; member = member->next)
		if (peer_tick_ns(member->peer) < tick_ns)
			tick_ns = peer_tick_ns(member->peer);
	return hub->first ? (int)(tick_ns / NS_PER_MS) : -1;
}

/*
 * Whoever is not ready costs one recv() that finds nothing: there are few sockets, and they are
 * looked at a few times a second.
 */
static void serve_all(const struct hub *hub)
{
	int64_t now_ns = clock_now_ns();

	for (struct member *member = hub->first, *next; member; member = next) {
		next = member->next;
		serve(hub, member, now_ns);
	}
}

static void say_goodbye(const struct hub *hub)
{
	int64_t now_ns = clock_now_ns();

	while (hub->first) {
		struct member *member = hub->first;

		peer_close(member->peer, GOING_AWAY, now_ns);
		peer_serve(member->peer, now_ns);
		remove_member(hub, member);
	}
}

static void *run(void *arg)
{
	struct hub *hub = arg;
	struct epoll_event events[EVENTS];
	uint64_t wakes;

	pthread_mutex_lock(&hub->lock);
	while (!hub->stop) {
		int timeout_ms = wait_ms(hub);

		pthread_mutex_unlock(&hub->lock);
		epoll_wait(hub->epoll_fd, events, EVENTS, timeout_ms);
		pthread_mutex_lock(&hub->lock);
		if (read(hub->wake_fd, &wakes, sizeof wakes) < 0)
			wakes = 0;
		serve_all(hub);
	}
	say_goodbye(hub);
	pthread_mutex_unlock(&hub->lock);
	return NULL;
}

/* -- on any thread -- */

static bool start_locked(struct hub *hub)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (hub->running)
		return true;
	if (hub->epoll_fd < 0)
		hub->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hub->wake_fd < 0)
		hub->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (hub->epoll_fd < 0 || hub->wake_fd < 0)
		return false;
	epoll_ctl(hub->epoll_fd, EPOLL_CTL_ADD, hub->wake_fd, &event);
	hub->running = pthread_create(&hub->thread, NULL, run, hub) == 0;
	return hub->running;
}

static struct member *member_new(const struct web_socket *socket, int fd, const void *early,
				 size_t length)
{
	struct member *member = mem_allocate(sizeof *member);
	struct peer *peer = member ? peer_new(socket, fd, early, length, clock_now_ns()) : NULL;

	if (!peer) {
		free(member);
		return NULL;
	}
	*member = (struct member){.peer = peer, .fd = fd};
	return member;
}

static void insert_locked(struct hub *hub, struct member *member)
{
	member->next = hub->first;
	member->at = &hub->first;
	if (member->next)
		member->next->at = &member->next;
	hub->first = member;
	watch(hub, member, EPOLL_CTL_ADD);
	wake(hub);
}

bool hub_add(struct hub *hub, const struct web_socket *socket, int fd,
	     struct MHD_UpgradeResponseHandle *handle, const void *early, size_t length)
{
	struct member *member = NULL;
	int yes = 1, buffer_bytes = SEND_BUFFER_BYTES;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
	pthread_mutex_lock(&hub->lock);
	if (!hub->stop && start_locked(hub))
		member = member_new(socket, fd, early, length);
	if (member) {
		member->handle = handle;
		insert_locked(hub, member);
	}
	pthread_mutex_unlock(&hub->lock);
	return member != NULL;
}

void hub_publish(struct hub *hub, const struct web_socket *socket, const char *text, size_t length)
{
	struct packet *packet = packet_new(WSLAY_TEXT_FRAME, text, length);

	if (!packet)
		return;
	pthread_mutex_lock(&hub->lock);
	/* Who is not greeted yet will find it in the greeting. */
	for (struct member *member = hub->first; member; member = member->next)
		if (member->greeted && peer_socket(member->peer) == socket)
			peer_queue(member->peer, packet);
	if (hub->running)
		wake(hub);
	pthread_mutex_unlock(&hub->lock);
	packet_drop(packet);
}

void hub_stop(struct hub *hub)
{
	bool running;

	pthread_mutex_lock(&hub->lock);
	hub->stop = true;
	running = hub->running;
	hub->running = false;
	if (running)
		wake(hub);
	pthread_mutex_unlock(&hub->lock);
	if (running)
		pthread_join(hub->thread, NULL);
}

void hub_free(struct hub *hub)
{
	auto_fd(&hub->epoll_fd);
	auto_fd(&hub->wake_fd);
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}
