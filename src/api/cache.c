#include "perfgate/api/cache.h"

#include "perfgate/api/breaker.h"
#include "perfgate/base/clock.h"
#include "perfgate/base/rng.h"
#include "perfgate/ext/redis.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define POOL_SIZE 20
#define POOL_OVERFLOW 30
#define CHECKOUT_NS (100 * NS_PER_MS)
#define COMMAND_TIMEOUT_NS (100 * NS_PER_MS)
/* How long a Redis that did not answer is left alone: each try may cost a time limit. */
#define PAUSE_NS (500 * NS_PER_MS)
/* On a busy machine a single answer may be late without anything being wrong. */
#define TOLERANCE 2
#define LOCK_MS 1000
#define LOCK_WAIT_NS (200 * NS_PER_MS)
#define LOCK_POLL_NS (5 * NS_PER_MS)
#define PROBE_KEY "malaria:probe"
#define PROBE_TTL_S 10
#define TOKEN_SIZE 17

struct cache {
	char *url;
	struct pool *pool;
	const struct model_set *models;
	struct breaker reach; /* does Redis answer? */
	struct breaker writes; /* does it take what it is given? */
	uint64_t seed;
	char token[TOKEN_SIZE]; /* what our locks are told from others' by */
	atomic_uint_fast64_t draws;
	atomic_uint_fast64_t reads[CACHE_STATUS_COUNT];
	atomic_uint_fast64_t writes_ok, write_errors, deleted;
};

static int open_client(void *arg, void **out, struct error *err)
{
	struct cache *cache = arg;
	struct extredis *redis;

	if (extredis_connect(cache->url, COMMAND_TIMEOUT_NS, &redis, err) < 0) {
		breaker_failed(&cache->reach, clock_now_ns());
		return -1;
	}
	*out = redis;
	return 0;
}

static void close_client(void *client)
{
	extredis_free(client);
}

struct cache *cache_new(const char *url)
{
	struct cache *cache = xcalloc(1, sizeof *cache);
	struct pool_kind kind = {.name = "Redis",
				 .open = open_client,
				 .close = close_client,
				 .arg = cache,
				 .size = POOL_SIZE,
				 .overflow = POOL_OVERFLOW,
				 .checkout_ns = CHECKOUT_NS};

	cache->url = xstrdup(url);
	cache->seed = rng_entropy();
	snprintf(cache->token, sizeof cache->token, "%016llx", (unsigned long long)rng_entropy());
	cache->reach.pause_ns = PAUSE_NS;
	cache->reach.tolerance = TOLERANCE;
	cache->writes.pause_ns = PAUSE_NS;
	cache->pool = pool_new(&kind);
	return cache;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	pool_free(cache->pool);
	free(cache->url);
	free(cache);
}

void cache_name_models(struct cache *cache, const struct model_set *models)
{
	cache->models = models;
}

/* What became of the last write on this client, for which nobody has waited; -1: it is dead. */
static int settle(struct cache *cache, struct extredis *redis)
{
	size_t sets;
	int status = extredis_settle(redis, &sets, NULL);

	if (!sets)
		return 0;
	if (status == 0) {
		breaker_succeeded(&cache->writes);
		atomic_fetch_add(&cache->writes_ok, sets);
		return 0;
	}
	atomic_fetch_add(&cache->write_errors, 1);
	if (!extredis_answered(redis))
		return -1;
	/* Full or read-only: nothing of it is wrong but that it forgets. */
	breaker_failed(&cache->writes, clock_now_ns());
	return 0;
}

/* What is done on a client; -1 when Redis did not answer or refused. */
typedef int operation(struct cache *cache, struct extredis *redis, void *arg);

/*
 * An idle connection to a Redis that was restarted is dead, and so are all of its kind: they are
 * dropped and the operation is done once more. After a time limit there is no second try.
 */
static int run_anyway(struct cache *cache, operation *do_it, void *arg)
{
	for (int attempt = 0;; attempt++) {
		bool answered, again;
		void *client;
		int status;

		if (pool_take(cache->pool, &client, NULL) < 0)
			return -1;
		status = settle(cache, client) == 0 ? do_it(cache, client, arg) : -1;
		answered = extredis_answered(client);
		again = !answered && !extredis_timed_out(client) && attempt == 0;
		pool_give(cache->pool, client, answered);
		if (status == 0)
			breaker_succeeded(&cache->reach);
		if (!answered && !again)
			breaker_failed(&cache->reach, clock_now_ns());
		if (!again)
			return status;
		pool_drop_idle(cache->pool);
	}
}

static int run(struct cache *cache, operation *do_it, void *arg)
{
	return breaker_allows(&cache->reach, clock_now_ns()) ? run_anyway(cache, do_it, arg) : -1;
}

static void count_reads(struct cache *cache, enum cache_status status, uint64_t count)
{
	atomic_fetch_add_explicit(&cache->reads[status], count, memory_order_relaxed);
}

static int64_t jittered_ttl_s(struct cache *cache, enum cache_class class)
{
	struct rng rng;

	rng_seed(&rng, cache->seed, atomic_fetch_add(&cache->draws, 1));
	return cache_ttl_s(class, rng_double(&rng));
}

/* The keys of a request and what is found under them, in one block; that of one key is short. */
struct lookup {
	struct extredis_bytes *keys, *values;
	char *text;
	void *block; /* to be freed, or NULL */
	struct {
		struct extredis_bytes key, value;
		char text[CACHE_KEY_SIZE];
	} one;
};

static void lookup_init(struct lookup *lookup, size_t count)
{
	lookup->block = NULL;
	lookup->keys = &lookup->one.key;
	lookup->values = &lookup->one.value;
	lookup->text = lookup->one.text;
	if (count <= 1)
		return;
	lookup->block = xcalloc(count, 2 * sizeof *lookup->keys + CACHE_KEY_SIZE);
	lookup->keys = lookup->block;
	lookup->values = lookup->keys + count;
	lookup->text = (char *)(lookup->values + count);
}

static void lookup_release(struct lookup *lookup)
{
	free(lookup->block);
}
DEFINE_AUTO_VALUE(lookup, struct lookup, lookup_release)

static struct extredis_bytes point_key(const struct cache *cache, const struct cache_point *point,
				       char *text)
{
	size_t length = cache_prediction_key(text, point->cell, point->day,
					     cache->models->labels[point->model]);

	return (struct extredis_bytes){text, length};
}

static struct extredis_bytes text_key(const char *key)
{
	return (struct extredis_bytes){key, strlen(key)};
}

/* A hit, or a miss; what cannot be read as ours is deleted. */
static enum cache_status judge(struct cache *cache, const struct extredis_bytes *value,
			       struct assessment *out, size_t count, bool *poisoned)
{
	if (!value->data)
		return CACHE_MISS;
	if (cache_decode(value->data, value->length, out, count) == 0)
		return CACHE_HIT;
	*poisoned = true;
	atomic_fetch_add(&cache->deleted, 1);
	return CACHE_MISS;
}

/* A server that refuses to be read (LOADING, NOAUTH, MASTERDOWN) is as good as away. */
static int get(struct cache *cache, struct extredis *redis, const struct lookup *lookup,
	       size_t count)
{
	if (extredis_get(redis, lookup->keys, count, lookup->values, NULL) == 0)
		return 0;
	if (extredis_answered(redis))
		breaker_failed(&cache->reach, clock_now_ns());
	return -1;
}

struct points_read {
	struct cache_point *points;
	size_t count;
};

static int read_points(struct cache *cache, struct extredis *redis, void *arg)
{
	const struct points_read *read = arg;
	AUTO(lookup) struct lookup lookup;
	bool any = false;

	lookup_init(&lookup, read->count);
	for (size_t i = 0; i < read->count; i++)
		lookup.keys[i] =
			point_key(cache, &read->points[i], lookup.text + i * CACHE_KEY_SIZE);
	if (get(cache, redis, &lookup, read->count) < 0)
		return -1;
	for (size_t i = 0; i < read->count; i++) {
		bool poisoned = false;

		read->points[i].status =
			judge(cache, &lookup.values[i], &read->points[i].found, 1, &poisoned);
		/* Marked by its value, which the deletion below would make invalid. */
		lookup.values[i].length = poisoned;
		any |= poisoned;
	}
	for (size_t i = 0; any && i < read->count; i++)
		if (lookup.values[i].length && extredis_delete(redis, lookup.keys[i], NULL) < 0)
			break; /* it is written anew in a moment */
	return 0;
}

void cache_read_points(struct cache *cache, struct cache_point *points, size_t count,
		       bool (*forget)(void *arg), void *arg)
{
	struct points_read read = {points, count};
	uint64_t counts[CACHE_STATUS_COUNT] = {0};
	int status = run(cache, read_points, &read);

	for (size_t i = 0; i < count; i++) {
		if (status < 0)
			points[i].status = CACHE_ERROR;
		else if (points[i].status == CACHE_HIT && forget && forget(arg))
			points[i].status = CACHE_MISS;
		counts[points[i].status]++;
	}
	for (size_t i = 0; i < CACHE_STATUS_COUNT; i++)
		if (counts[i])
			count_reads(cache, (enum cache_status)i, counts[i]);
}

struct document_read {
	struct extredis_bytes key;
	struct assessment *out;
	size_t count;
	enum cache_status status;
};

static int read_document(struct cache *cache, struct extredis *redis, void *arg)
{
	struct document_read *read = arg;
	struct extredis_bytes value;
	const struct lookup lookup = {.keys = &read->key, .values = &value};
	bool poisoned = false;

	if (get(cache, redis, &lookup, 1) < 0)
		return -1;
	read->status = judge(cache, &value, read->out, read->count, &poisoned);
	if (poisoned && extredis_delete(redis, read->key, NULL) < 0)
		return 0; /* it is written anew in a moment */
	return 0;
}

enum cache_status cache_read_document(struct cache *cache, const char *key, struct assessment *out,
				      size_t count, bool (*forget)(void *arg), void *arg)
{
	struct document_read read = {text_key(key), out, count, CACHE_MISS};

	if (run(cache, read_document, &read) < 0)
		read.status = CACHE_ERROR;
	if (read.status == CACHE_HIT && forget && forget(arg))
		read.status = CACHE_MISS;
	count_reads(cache, read.status, 1);
	return read.status;
}

/* In one process a key has one computation (flight.h): its locks need no token each. */
static struct extredis_lock lock_of(const struct cache *cache, struct extredis_bytes key,
				    char *text)
{
	static const char prefix[] = "malaria:lock:", ours[] = "malaria:";
	size_t skip = sizeof ours - 1;

	assert(key.length < CACHE_KEY_SIZE);
	memcpy(text, prefix, sizeof prefix - 1);
	memcpy(text + sizeof prefix - 1, key.data + skip, key.length - skip);
	return (struct extredis_lock){{text, sizeof prefix - 1 + key.length - skip},
				      {cache->token, TOKEN_SIZE - 1}};
}
#define LOCK_KEY_SIZE (CACHE_KEY_SIZE + 8)

struct documents_written {
	const struct extredis_entry *entries;
	size_t count;
	const struct extredis_lock *lock; /* released after it; NULL = none */
};

static int write_documents(struct cache *cache, struct extredis *redis, void *arg)
{
	const struct documents_written *written = arg;

	(void)cache;
	return extredis_send_set(redis, written->entries, written->count, written->lock, NULL);
}

static void write_entries(struct cache *cache, const struct extredis_entry *entries, size_t count,
			  bool locked)
{
	char text[LOCK_KEY_SIZE];
	struct extredis_lock lock;
	struct documents_written written = {entries, count, NULL};

	if (locked) {
		lock = lock_of(cache, entries[0].key, text);
		written.lock = &lock;
	}
	if (!breaker_allows(&cache->writes, clock_now_ns()) ||
	    run(cache, write_documents, &written) < 0)
		atomic_fetch_add(&cache->write_errors, 1);
}

void cache_write_points(struct cache *cache, const struct cache_point *points, size_t count)
{
	AUTO(lookup) struct lookup lookup;
	AUTO_FREE struct extredis_entry *entries = xcalloc(count, sizeof *entries);
	AUTO(strbuf) struct strbuf documents = {0};
	size_t used = 0, start = 0;

	lookup_init(&lookup, count);
	for (size_t i = 0; i < count; i++) {
		if (points[i].status != CACHE_MISS)
			continue;
		entries[used].key =
			point_key(cache, &points[i], lookup.text + used * CACHE_KEY_SIZE);
		entries[used].ttl_s = jittered_ttl_s(cache, CACHE_PREDICTION);
		cache_encode(&documents, &points[i].found, 1);
		entries[used++].value.length = documents.length - start;
		start = documents.length;
	}
	/* Only now that the text has stopped moving. */
	for (size_t i = 0, at = 0; i < used; at += entries[i++].value.length)
		entries[i].value.data = documents.data + at;
	if (used)
		write_entries(cache, entries, used, count == 1);
}

void cache_write_document(struct cache *cache, enum cache_class class, const char *key,
			  const struct assessment *items, size_t count)
{
	AUTO(strbuf) struct strbuf document = {0};
	struct extredis_entry entry = {.key = text_key(key), .ttl_s = jittered_ttl_s(cache, class)};

	cache_encode(&document, items, count);
	entry.value = (struct extredis_bytes){document.data, document.length};
	write_entries(cache, &entry, 1, true);
}

struct blob_read {
	struct extredis_bytes key;
	struct strbuf *out;
};

static int read_blob(struct cache *cache, struct extredis *redis, void *arg)
{
	struct blob_read *read = arg;
	struct extredis_bytes value;
	const struct lookup lookup = {.keys = &read->key, .values = &value};

	if (get(cache, redis, &lookup, 1) < 0)
		return -1;
	if (value.data)
		strbuf_append(read->out, value.data, value.length);
	return 0;
}

bool cache_read_blob(struct cache *cache, const char *key, struct strbuf *out)
{
	struct blob_read read = {text_key(key), out};

	return run(cache, read_blob, &read) == 0 && out->length > 0;
}

void cache_write_blob(struct cache *cache, enum cache_class class, const char *key,
		      const struct strbuf *blob)
{
	struct extredis_entry entry = {.key = text_key(key),
				       .value = {blob->data, blob->length},
				       .ttl_s = jittered_ttl_s(cache, class)};

	write_entries(cache, &entry, 1, false);
}

static int release_lock(struct cache *cache, struct extredis *redis, void *arg)
{
	(void)cache;
	return extredis_release(redis, arg, NULL);
}

static void release_key(struct cache *cache, struct extredis_bytes key)
{
	char text[LOCK_KEY_SIZE];
	struct extredis_lock lock = lock_of(cache, key, text);

	/* When this fails, the lock ends by itself. */
	if (run(cache, release_lock, &lock) < 0)
		return;
}

struct claim {
	struct extredis_lock lock;
	struct document_read read;
	bool ours;
};

/* Who has the lock looks again: it may have been filled, and the lock released, since the miss. */
static int claim_lock(struct cache *cache, struct extredis *redis, void *arg)
{
	struct claim *claim = arg;
	struct document_read *read = &claim->read;
	struct extredis_bytes value;
	bool poisoned = false;

	if (extredis_claim(redis, &claim->lock, LOCK_MS, read->key, &claim->ours, &value, NULL) < 0)
		return -1;
	read->status = judge(cache, &value, read->out, read->count, &poisoned);
	return 0;
}

static bool await_key(struct cache *cache, struct extredis_bytes key, struct assessment *out,
		      size_t count, bool look)
{
	const struct timespec pause = {.tv_nsec = LOCK_POLL_NS};
	int64_t deadline_ns = clock_now_ns() + LOCK_WAIT_NS;
	char text[LOCK_KEY_SIZE];
	struct claim claim = {lock_of(cache, key, text), {key, out, count, CACHE_MISS}, false};

	if (breaker_is_open(&cache->writes))
		return false;
	while (run(cache, claim_lock, &claim) == 0) {
		if (claim.read.status == CACHE_HIT && (look || !claim.ours)) {
			if (claim.ours)
				release_key(cache, key);
			return true;
		}
		if (claim.ours || clock_now_ns() >= deadline_ns)
			return false;
		nanosleep(&pause, NULL);
	}
	return false;
}

bool cache_await_document(struct cache *cache, const char *key, struct assessment *out,
			  size_t count, bool look)
{
	return await_key(cache, text_key(key), out, count, look);
}

bool cache_await_point(struct cache *cache, struct cache_point *point, bool look)
{
	char text[CACHE_KEY_SIZE];

	return await_key(cache, point_key(cache, point, text), &point->found, 1, look);
}

void cache_release_document(struct cache *cache, const char *key)
{
	release_key(cache, text_key(key));
}

void cache_release_point(struct cache *cache, const struct cache_point *point)
{
	char text[CACHE_KEY_SIZE];

	release_key(cache, point_key(cache, point, text));
}

static int check(struct cache *cache, struct extredis *redis, void *arg)
{
	const struct extredis_entry probe = {{PROBE_KEY, sizeof PROBE_KEY - 1},
					     {"1", 1},
					     PROBE_TTL_S};
	const struct documents_written written = {&probe, 1, NULL};
	struct strbuf *out = arg;

	strbuf_clear(out);
	/* INFO is what a full Redis still answers: ask it even when the write is refused. */
	if (write_documents(cache, redis, (void *)(uintptr_t)&written) < 0 ||
	    settle(cache, redis) < 0)
		return -1;
	return extredis_info(redis, "default", out, NULL);
}

int cache_check(struct cache *cache, struct strbuf *out, struct error *err)
{
	if (run_anyway(cache, check, out) < 0)
		return error_set(err, ERROR_UNMEASURED, "Redis does not answer");
	if (breaker_is_open(&cache->writes))
		return error_set(err, ERROR_UNMEASURED, "Redis refuses to be written");
	return 0;
}

void cache_read_stats(const struct cache *cache, struct cache_stats *out)
{
	for (size_t i = 0; i < CACHE_STATUS_COUNT; i++)
		out->reads[i] = atomic_load(&cache->reads[i]);
	out->writes = atomic_load(&cache->writes_ok);
	out->write_errors = atomic_load(&cache->write_errors);
	out->deleted = atomic_load(&cache->deleted);
}
