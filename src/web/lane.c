#include "lane.h"

#include <pthread.h>

struct lane {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct exchange *first, **last;
	bool stop;
	lane_runner *run;
	size_t at_once;
	unsigned thread_count;
	pthread_t threads[];
};

static size_t take(struct lane *lane, struct exchange **out)
{
	size_t count = 0;

	while (lane->first && count < lane->at_once) {
		out[count++] = lane->first;
		lane->first = lane->first->next;
	}
	if (!lane->first)
		lane->last = &lane->first;
	return count;
}

static void *work(void *arg)
{
	struct lane *lane = arg;
	struct exchange *taken[LANE_AT_ONCE];

	pthread_mutex_lock(&lane->lock);
	while (!lane->stop) {
		size_t count = take(lane, taken);

		if (!count) {
			pthread_cond_wait(&lane->changed, &lane->lock);
			continue;
		}
		pthread_mutex_unlock(&lane->lock);
		lane->run(taken, count);
		pthread_mutex_lock(&lane->lock);
	}
	pthread_mutex_unlock(&lane->lock);
	return NULL;
}

struct lane *lane_start(unsigned threads, size_t at_once, lane_runner *run)
{
	struct lane *lane = xcalloc(1, sizeof *lane + threads * sizeof lane->threads[0]);

	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->changed, NULL);
	lane->last = &lane->first;
	lane->run = run;
	lane->at_once = at_once < LANE_AT_ONCE ? at_once : LANE_AT_ONCE;
	for (; lane->thread_count < threads; lane->thread_count++)
		if (pthread_create(&lane->threads[lane->thread_count], NULL, work, lane) != 0)
			error_out_of_memory();
	return lane;
}

void lane_add(struct lane *lane, struct exchange *exchange)
{
	bool stopped;

	exchange->next = NULL;
	pthread_mutex_lock(&lane->lock);
	stopped = lane->stop;
	if (!stopped) {
		*lane->last = exchange;
		lane->last = &exchange->next;
		pthread_cond_signal(&lane->changed);
	}
	pthread_mutex_unlock(&lane->lock);
	if (stopped)
		MHD_resume_connection(exchange->connection);
}

void lane_stop(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	lane->stop = true;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	while (lane->thread_count)
		pthread_join(lane->threads[--lane->thread_count], NULL);
	while (lane->first) {
		struct exchange *left = lane->first;

		lane->first = left->next;
		MHD_resume_connection(left->connection);
	}
	lane->last = &lane->first;
}

void lane_free(struct lane *lane)
{
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
