#include "internal.h"

#include "perfgate/base/clock.h"

#include <pthread.h>
#include <time.h>

/* The end of a hold is spun: a sleep ends 50 us late, and holds are measured. */
#define SPIN_NS (100 * NS_PER_US)

/* A heap of suspended exchanges, the next one due first. */
struct holder {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct exchange **heap;
	size_t count, capacity;
	bool flush, stop;
};

static void swap(struct holder *holder, size_t a, size_t b)
{
	struct exchange *kept = holder->heap[a];

	holder->heap[a] = holder->heap[b];
	holder->heap[b] = kept;
}

static void sift_up(struct holder *holder, size_t i)
{
	while (i > 0 && holder->heap[i]->due_ns < holder->heap[(i - 1) / 2]->due_ns) {
		swap(holder, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static struct exchange *pop(struct holder *holder)
{
	struct exchange *first = holder->heap[0];
	size_t i = 0;

	holder->heap[0] = holder->heap[--holder->count];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < holder->count &&
			    holder->heap[child]->due_ns < holder->heap[least]->due_ns)
				least = child;
		if (least == i)
			return first;
		swap(holder, i, least);
		i = least;
	}
}

static void wait_until(struct holder *holder, int64_t due_ns)
{
	struct timespec at = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S};

	pthread_cond_timedwait(&holder->changed, &holder->lock, &at);
}

static void *run(void *arg)
{
	struct holder *holder = arg;

	pthread_mutex_lock(&holder->lock);
	while (!holder->stop || holder->count) {
		int64_t left_ns;

		if (!holder->count) {
			pthread_cond_wait(&holder->changed, &holder->lock);
			continue;
		}
		left_ns = holder->flush ? 0 : holder->heap[0]->due_ns - clock_now_ns();
		if (left_ns > SPIN_NS)
			wait_until(holder, holder->heap[0]->due_ns - SPIN_NS);
		else if (left_ns <= 0)
			MHD_resume_connection(pop(holder)->connection);
	}
	pthread_mutex_unlock(&holder->lock);
	return NULL;
}

struct holder *holder_start(void)
{
	struct holder *holder = xcalloc(1, sizeof *holder);
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&holder->lock, NULL);
	pthread_cond_init(&holder->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&holder->thread, NULL, run, holder) != 0)
		error_out_of_memory();
	return holder;
}

void holder_add(struct holder *holder, struct exchange *exchange)
{
	pthread_mutex_lock(&holder->lock);
	*VEC_PUSH(holder->heap, holder->count, holder->capacity) = exchange;
	sift_up(holder, holder->count - 1);
	pthread_cond_signal(&holder->changed);
	pthread_mutex_unlock(&holder->lock);
}

void holder_flush(struct holder *holder)
{
	pthread_mutex_lock(&holder->lock);
	holder->flush = true;
	pthread_cond_signal(&holder->changed);
	pthread_mutex_unlock(&holder->lock);
}

void holder_stop(struct holder *holder)
{
	pthread_mutex_lock(&holder->lock);
	holder->stop = true;
	holder->flush = true;
	pthread_cond_signal(&holder->changed);
	pthread_mutex_unlock(&holder->lock);
	pthread_join(holder->thread, NULL);
	pthread_cond_destroy(&holder->changed);
	pthread_mutex_destroy(&holder->lock);
	free(holder->heap);
	free(holder);
}
