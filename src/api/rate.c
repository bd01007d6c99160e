#include "perfgate/api/rate.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"

#include <pthread.h>
#include <string.h>

#define BUCKETS 1024
#define WAYS 8 /* clients whose addresses meet in a bucket */

struct client {
	unsigned char address[RATE_CLIENT_SIZE];
	int64_t arrival_ns; /* when the next request would come at exactly the rate */
};

struct rate {
	pthread_mutex_t lock;
	int64_t interval_ns;
	struct client clients[BUCKETS][WAYS];
};

struct rate *rate_new(unsigned per_s)
{
	struct rate *rate = xcalloc(1, sizeof *rate);

	pthread_mutex_init(&rate->lock, NULL);
	rate->interval_ns = NS_PER_S / (int64_t)per_s;
	return rate;
}

void rate_free(struct rate *rate)
{
	if (!rate)
		return;
	pthread_mutex_destroy(&rate->lock);
	free(rate);
}

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/). */
static size_t bucket_of(const unsigned char *address)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < RATE_CLIENT_SIZE; i++)
		hash = (hash ^ address[i]) * 16777619u;
	return hash % BUCKETS;
}

static struct client *find(struct rate *rate, const unsigned char *address)
{
	struct client *bucket = rate->clients[bucket_of(address)], *oldest = bucket;

	for (size_t i = 0; i < WAYS; i++) {
		if (memcmp(bucket[i].address, address, RATE_CLIENT_SIZE) == 0)
			return &bucket[i];
		if (bucket[i].arrival_ns < oldest->arrival_ns)
			oldest = &bucket[i];
	}
	memcpy(oldest->address, address, RATE_CLIENT_SIZE);
	oldest->arrival_ns = 0;
	return oldest;
}

bool rate_allows(struct rate *rate, const unsigned char *client, int64_t now_ns, int64_t *retry_ns)
{
	struct client *found;
	int64_t arrival_ns;
	bool allowed;

	pthread_mutex_lock(&rate->lock);
	found = find(rate, client);
	arrival_ns = found->arrival_ns > now_ns ? found->arrival_ns : now_ns;
	*retry_ns = arrival_ns + rate->interval_ns - NS_PER_S - now_ns;
	allowed = *retry_ns <= 0;
	if (allowed)
		found->arrival_ns = arrival_ns + rate->interval_ns;
	pthread_mutex_unlock(&rate->lock);
	return allowed;
}
