#include "perfgate/api/cache.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/rng.h"
#include "perfgate/ext/redis.h"

#include <string.h>

#define POOL_MAX 20
#define CHECKOUT_NS (100 * NS_PER_MS)
#define COMMAND_TIMEOUT_NS (100 * NS_PER_MS)
/* How long a Redis that could not be reached is left alone: each try may cost a time limit. */
#define RETRY_NS NS_PER_S

struct cache {
	char *url;
	struct pool *pool;
	const struct model_set *models;
	uint64_t seed;
	atomic_uint_fast64_t draws;
	atomic_int_fast64_t retry_at_ns;
	atomic_uint_fast64_t reads[CACHE_STATUS_COUNT];
	atomic_uint_fast64_t writes, write_errors, deleted;
};

static int open_client(void *arg, void **out, struct error *err)
{
	struct cache *cache = arg;
	struct extredis *redis;

	if (clock_now_ns() < atomic_load(&cache->retry_at_ns))
		return error_set(err, ERROR_UNMEASURED, "Redis: not connected");
	if (extredis_connect(cache->url, COMMAND_TIMEOUT_NS, &redis, err) < 0) {
		atomic_store(&cache->retry_at_ns, clock_now_ns() + RETRY_NS);
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
				 .max = POOL_MAX,
				 .checkout_ns = CHECKOUT_NS};

	cache->url = xstrdup(url);
	cache->seed = rng_entropy();
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

/* A client that failed is closed: its next user starts with a fresh connection. */
static void give_back(struct cache *cache, void *client, int status)
{
	pool_give(cache->pool, client, status == 0);
}

static void count_read(struct cache *cache, enum cache_status status)
{
	atomic_fetch_add_explicit(&cache->reads[status], 1, memory_order_relaxed);
}

static void delete_poisoned(struct cache *cache, struct extredis *redis,
			    const struct extredis_bytes *key)
{
	if (extredis_delete(redis, *key, NULL) == 0)
		atomic_fetch_add(&cache->deleted, 1);
}

static int64_t jittered_ttl_s(struct cache *cache, enum cache_class class)
{
	struct rng rng;

	rng_seed(&rng, cache->seed, atomic_fetch_add(&cache->draws, 1));
	return cache_ttl_s(class, rng_double(&rng));
}

/* All keys of a request, one after the other. */
struct keys {
	char *text;
	struct extredis_bytes *bytes;
};

static void keys_release(struct keys *keys)
{
	free(keys->text);
	free(keys->bytes);
}
DEFINE_AUTO_VALUE(keys, struct keys, keys_release)

static struct keys make_keys(const struct cache *cache, const struct cache_point *points,
			     size_t count, enum model_type model)
{
	struct keys keys = {xcalloc(count, CACHE_KEY_SIZE), xcalloc(count, sizeof *keys.bytes)};

	for (size_t i = 0; i < count; i++) {
		char *key = keys.text + i * CACHE_KEY_SIZE;

		keys.bytes[i].data = key;
		keys.bytes[i].length = cache_prediction_key(key, points[i].cell, points[i].day,
							    cache->models->labels[model]);
	}
	return keys;
}

static enum cache_status judge(const struct extredis_bytes *value, struct assessment *out,
			       size_t count, bool *poisoned)
{
	*poisoned = false;
	if (!value->data)
		return CACHE_MISS;
	if (cache_decode(value->data, value->length, out, count) == 0)
		return CACHE_HIT;
	*poisoned = true;
	return CACHE_MISS;
}

static int read_points(struct cache *cache, struct extredis *redis, struct cache_point *points,
		       size_t count, enum model_type model)
{
	AUTO(keys) struct keys keys = make_keys(cache, points, count, model);
	AUTO_FREE struct extredis_bytes *values = xcalloc(count, sizeof *values);
	AUTO_FREE bool *poisoned = xcalloc(count, sizeof *poisoned);

	if (extredis_get(redis, keys.bytes, count, values, NULL) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		points[i].status = judge(&values[i], &points[i].found, 1, &poisoned[i]);
	for (size_t i = 0; i < count; i++)
		if (poisoned[i])
			delete_poisoned(cache, redis, &keys.bytes[i]);
	return 0;
}

void cache_read_points(struct cache *cache, struct cache_point *points, size_t count,
		       enum model_type model, bool (*forget)(void *arg), void *arg)
{
	void *client;
	int status = -1;

	if (pool_take(cache->pool, &client, NULL) == 0) {
		status = read_points(cache, client, points, count, model);
		give_back(cache, client, status);
	}
	for (size_t i = 0; i < count; i++) {
		if (status < 0)
			points[i].status = CACHE_ERROR;
		else if (points[i].status == CACHE_HIT && forget && forget(arg))
			points[i].status = CACHE_MISS;
		count_read(cache, points[i].status);
	}
}

static int write_points(struct cache *cache, struct extredis *redis,
			const struct cache_point *points, size_t count, enum model_type model,
			size_t *written)
{
	AUTO(keys) struct keys keys = make_keys(cache, points, count, model);
	AUTO_FREE struct extredis_entry *entries = xcalloc(count, sizeof *entries);
	AUTO(strbuf) struct strbuf documents = {0};
	AUTO_FREE size_t *ends = xcalloc(count, sizeof *ends);
	size_t used = 0, start = 0;

	for (size_t i = 0; i < count; i++) {
		if (points[i].status != CACHE_MISS)
			continue;
		cache_encode(&documents, &points[i].found, 1);
		ends[used] = documents.length;
		entries[used].key = keys.bytes[i];
		entries[used++].ttl_s = jittered_ttl_s(cache, CACHE_PREDICTION);
	}
	for (size_t i = 0; i < used; start = ends[i++])
		entries[i].value = (struct extredis_bytes){documents.data + start, ends[i] - start};
	*written = used;
	return used ? extredis_set(redis, entries, used, NULL) : 0;
}

static void count_writes(struct cache *cache, int status, size_t count)
{
	if (status == 0)
		atomic_fetch_add(&cache->writes, count);
	else
		atomic_fetch_add(&cache->write_errors, 1);
}

void cache_write_points(struct cache *cache, const struct cache_point *points, size_t count,
			enum model_type model)
{
	void *client;
	size_t written = 0;
	int status = -1;

	if (pool_take(cache->pool, &client, NULL) == 0) {
		status = write_points(cache, client, points, count, model, &written);
		give_back(cache, client, status);
	}
	count_writes(cache, status, written);
}

static enum cache_status read_document(struct cache *cache, struct extredis *redis,
				       const char *key_text, struct assessment *out, size_t count)
{
	struct extredis_bytes key = {key_text, strlen(key_text)}, value;
	enum cache_status status;
	bool poisoned;

	if (extredis_get(redis, &key, 1, &value, NULL) < 0)
		return CACHE_ERROR;
	status = judge(&value, out, count, &poisoned);
	if (poisoned)
		delete_poisoned(cache, redis, &key);
	return status;
}

enum cache_status cache_read_document(struct cache *cache, const char *key, struct assessment *out,
				      size_t count, bool (*forget)(void *arg), void *arg)
{
	enum cache_status status = CACHE_ERROR;
	void *client;

	if (pool_take(cache->pool, &client, NULL) == 0) {
		status = read_document(cache, client, key, out, count);
		give_back(cache, client, status == CACHE_ERROR ? -1 : 0);
	}
	if (status == CACHE_HIT && forget && forget(arg))
		status = CACHE_MISS;
	count_read(cache, status);
	return status;
}

void cache_write_document(struct cache *cache, enum cache_class class, const char *key,
			  const struct assessment *items, size_t count)
{
	AUTO(strbuf) struct strbuf document = {0};
	struct extredis_entry entry = {.key = {key, strlen(key)},
				       .ttl_s = jittered_ttl_s(cache, class)};
	void *client;
	int status = -1;

	cache_encode(&document, items, count);
	entry.value = (struct extredis_bytes){document.data, document.length};
	if (pool_take(cache->pool, &client, NULL) == 0) {
		status = extredis_set(client, &entry, 1, NULL);
		give_back(cache, client, status);
	}
	count_writes(cache, status, 1);
}

bool cache_read_blob(struct cache *cache, const char *key_text, struct strbuf *out)
{
	struct extredis_bytes key = {key_text, strlen(key_text)}, value = {0};
	void *client;
	int status;

	if (pool_take(cache->pool, &client, NULL) < 0)
		return false;
	status = extredis_get(client, &key, 1, &value, NULL);
	if (status == 0 && value.data)
		strbuf_append(out, value.data, value.length);
	give_back(cache, client, status);
	return out->length > 0;
}

void cache_write_blob(struct cache *cache, enum cache_class class, const char *key,
		      const struct strbuf *blob)
{
	struct extredis_entry entry = {.key = {key, strlen(key)},
				       .value = {blob->data, blob->length},
				       .ttl_s = jittered_ttl_s(cache, class)};
	void *client;
	int status = -1;

	if (pool_take(cache->pool, &client, NULL) == 0) {
		status = extredis_set(client, &entry, 1, NULL);
		give_back(cache, client, status);
	}
	count_writes(cache, status, 1);
}

int cache_info(struct cache *cache, struct strbuf *out, struct error *err)
{
	void *client;
	int status;

	if (pool_take(cache->pool, &client, err) < 0)
		return -1;
	status = extredis_info(client, "default", out, err);
	give_back(cache, client, status);
	return status;
}

void cache_read_stats(const struct cache *cache, struct cache_stats *out)
{
	for (size_t i = 0; i < CACHE_STATUS_COUNT; i++)
		out->reads[i] = atomic_load(&cache->reads[i]);
	out->writes = atomic_load(&cache->writes);
	out->write_errors = atomic_load(&cache->write_errors);
	out->deleted = atomic_load(&cache->deleted);
}
