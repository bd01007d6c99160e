#include "internal.h"

#include "perfgate/base/clock.h"

#include <pthread.h>
#include <sys/socket.h>

/* A deadline is kept to within a quarter of the shortest limit; the list is not walked all day. */
#define TICK_MAX_NS NS_PER_S
#define TICK_MIN_NS (5 * NS_PER_MS)

static const char late[] = "HTTP/1.1 408 Request Timeout\r\n"
			   "Connection: close\r\n"
			   "Content-Length: 0\r\n\r\n";

struct deadlines {
	pthread_t thread;
	pthread_mutex_t lock; /* of the list, and of the descriptors in it being open */
	pthread_cond_t changed;
	struct watched *first;
	int64_t tick_ns;
	bool stop;
};

/* Both ends are shut: libmicrohttpd finds its connection ended and closes it itself. */
static void cut(struct watched *peer)
{
	if (!atomic_load(&peer->answering))
		send(peer->fd, late, sizeof late - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(peer->fd, SHUT_RDWR);
	atomic_store(&peer->deadline_ns, INT64_MAX);
}

static void *run(void *arg)
{
	struct deadlines *deadlines = arg;

	pthread_mutex_lock(&deadlines->lock);
	while (!deadlines->stop) {
		int64_t now_ns = clock_now_ns(), next_ns = now_ns + deadlines->tick_ns;
		struct timespec at = {.tv_sec = next_ns / NS_PER_S, .tv_nsec = next_ns % NS_PER_S};

		for (struct watched *peer = deadlines->first; peer; peer = peer->next)
			if (atomic_load_explicit(&peer->deadline_ns, memory_order_relaxed) < now_ns)
				cut(peer);
		if (deadlines->first)
			pthread_cond_timedwait(&deadlines->changed, &deadlines->lock, &at);
		else
			pthread_cond_wait(&deadlines->changed, &deadlines->lock);
	}
	pthread_mutex_unlock(&deadlines->lock);
	return NULL;
}

struct deadlines *deadlines_start(int64_t shortest_ns)
{
	struct deadlines *deadlines = xcalloc(1, sizeof *deadlines);
	pthread_condattr_t attributes;
	int64_t tick_ns = shortest_ns / 4;

	deadlines->tick_ns = tick_ns > TICK_MAX_NS   ? TICK_MAX_NS
			     : tick_ns < TICK_MIN_NS ? TICK_MIN_NS
						     : tick_ns;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&deadlines->lock, NULL);
	pthread_cond_init(&deadlines->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&deadlines->thread, NULL, run, deadlines) != 0)
		error_out_of_memory();
	return deadlines;
}

struct watched *deadlines_add(struct deadlines *deadlines, int fd, int64_t deadline_ns)
{
	struct watched *peer = calloc(1, sizeof *peer);

	if (!peer)
		return NULL;
	peer->fd = fd;
	atomic_store(&peer->deadline_ns, deadline_ns);
	pthread_mutex_lock(&deadlines->lock);
	peer->next = deadlines->first;
	peer->at = &deadlines->first;
	if (peer->next)
		peer->next->at = &peer->next;
	else
		pthread_cond_signal(&deadlines->changed);
	deadlines->first = peer;
	pthread_mutex_unlock(&deadlines->lock);
	return peer;
}

void deadlines_remove(struct deadlines *deadlines, struct watched *peer)
{
	if (!peer)
		return;
	pthread_mutex_lock(&deadlines->lock);
	*peer->at = peer->next;
	if (peer->next)
		peer->next->at = peer->at;
	pthread_mutex_unlock(&deadlines->lock);
	free(peer);
}

void deadlines_stop(struct deadlines *deadlines)
{
	pthread_mutex_lock(&deadlines->lock);
	deadlines->stop = true;
	pthread_cond_signal(&deadlines->changed);
	pthread_mutex_unlock(&deadlines->lock);
	pthread_join(deadlines->thread, NULL);
	pthread_cond_destroy(&deadlines->changed);
	pthread_mutex_destroy(&deadlines->lock);
	free(deadlines);
}
