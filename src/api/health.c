#include "internal.h"

#include "perfgate/base/clock.h"

#include <math.h>

static const char *status_word(const struct api *api, const struct vitals *vitals)
{
	if (!atomic_load(&api->ready) || !vitals->database_ok)
		return "unhealthy";
	return vitals->cache_ok ? "healthy" : "degraded";
}

static void put_now(struct strbuf *out)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_format_rfc3339(clock_wall_ns(), text);
	strbuf_printf(out, "\"%s\"", text);
}

static void put_uptime(struct strbuf *out, const struct api *api)
{
	web_put_decimal(out, (clock_now_ns() - api->start_ns) / NS_PER_MS, 3);
}

static void put_percent(struct strbuf *out, double value)
{
	if (isfinite(value))
		web_put_decimal(out, llround(value * 10), 1);
	else
		strbuf_puts(out, "null");
}

static void put_summary(struct strbuf *out, const struct api *api, const struct vitals *vitals)
{
	strbuf_printf(out, "{\"status\": \"%s\", \"timestamp\": ", status_word(api, vitals));
	put_now(out);
	strbuf_puts(out, ", \"version\": \"" PERFGATE_VERSION "\", \"uptime_seconds\": ");
	put_uptime(out, api);
	strbuf_puts(out, ", \"models_loaded\": [");
	for (size_t i = 0; i < MODEL_TYPE_COUNT && atomic_load(&api->ready); i++)
		strbuf_printf(out, "%s\"%s\"", i ? ", " : "", model_names[i]);
	strbuf_printf(out, "], \"data_sources\": {\"postgresql\": \"%s\", \"redis\": \"%s\"}",
		      vitals->database_ok ? "healthy" : "unhealthy",
		      vitals->cache_ok ? "healthy" : "unhealthy");
	strbuf_puts(out, ", \"system_metrics\": {\"cpu_percent\": ");
	put_percent(out, vitals->cpu_percent);
	strbuf_puts(out, ", \"memory_percent\": ");
	put_percent(out, vitals->memory_percent);
	strbuf_putc(out, '}');
}

void health_summary(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct vitals vitals;

	(void)request;
	vitals_read(arg, &vitals);
	put_summary(&reply->body, arg, &vitals);
	strbuf_puts(&reply->body, "}\n");
}

static void put_pool(struct strbuf *out, const struct pool_stats *pool)
{
	strbuf_printf(out,
		      ", \"database_pool\": {\"size\": %u, \"overflow\": %u, \"open\": %u, "
		      "\"in_use\": %u, \"waiters\": %u, \"checkouts\": %llu, \"timeouts\": %llu, "
		      "\"replaced\": %llu, \"wait_ms\": ",
		      pool->size, pool->overflow, pool->open, pool->in_use, pool->waiters,
		      (unsigned long long)pool->checkouts, (unsigned long long)pool->timeouts,
		      (unsigned long long)pool->replaced);
	web_put_decimal(out, pool->wait_ns / NS_PER_US, 3);
	strbuf_putc(out, '}');
}

static void put_cache(struct strbuf *out, const struct cache_stats *cache)
{
	uint64_t hits = cache->reads[CACHE_HIT], misses = cache->reads[CACHE_MISS];

	strbuf_printf(out, ", \"cache\": {\"hits\": %llu, \"misses\": %llu, \"errors\": %llu",
		      (unsigned long long)hits, (unsigned long long)misses,
		      (unsigned long long)cache->reads[CACHE_ERROR]);
	strbuf_puts(out, ", \"hit_rate\": ");
	if (hits + misses)
		web_put_decimal(out, (int64_t)(hits * 10000 / (hits + misses)), 4);
	else
		strbuf_puts(out, "null");
	strbuf_putc(out, '}');
}

void health_detailed(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct api *api = arg;
	struct vitals vitals;
	struct pool_stats pool;
	struct cache_stats cache;

	(void)request;
	vitals_read(api, &vitals);
	store_read_stats(api->store, &pool);
	cache_read_stats(api->cache, &cache);
	put_summary(&reply->body, api, &vitals);
	put_pool(&reply->body, &pool);
	put_cache(&reply->body, &cache);
	strbuf_printf(&reply->body, ", \"open_connections\": %u}\n", web_connections(api->server));
}

static void put_fit(struct strbuf *out, const struct network *network)
{
	strbuf_puts(out, ", \"r2\": ");
	web_put_decimal(out, llround((double)network->r2 * 10000), 4);
	strbuf_puts(out, ", \"rmse\": ");
	web_put_decimal(out, llround((double)network->rmse * 10000), 4);
}

static void put_model(struct strbuf *out, const struct model_set *models, enum model_type type)
{
	strbuf_printf(out, "\"%s\": {\"status\": \"healthy\", \"version\": \"%s\"",
		      model_names[type], models->versions[type]);
	if (type == MODEL_LSTM)
		put_fit(out, &models->networks[NETWORK_LSTM]);
	else if (type == MODEL_TRANSFORMER)
		put_fit(out, &models->networks[NETWORK_TRANSFORMER]);
	strbuf_putc(out, '}');
}

void health_models(const struct web_request *request, struct web_reply *reply, void *arg)
{
	const struct api *api = arg;
	struct strbuf *out = &reply->body;
	int healthy = atomic_load(&api->ready) ? MODEL_TYPE_COUNT : 0;

	(void)request;
	strbuf_puts(out, "{\"models\": {");
	for (int i = 0; i < healthy; i++) {
		strbuf_puts(out, i ? ", " : "");
		put_model(out, &api->models, (enum model_type)i);
	}
	strbuf_printf(out,
		      "}, \"total_models\": %d, \"healthy_models\": %d, \"last_health_check\": ",
		      MODEL_TYPE_COUNT, healthy);
	put_now(out);
	strbuf_puts(out, "}\n");
}

void health_readiness(const struct web_request *request, struct web_reply *reply, void *arg)
{
	const struct api *api = arg;

	(void)request;
	if (atomic_load(&api->ready)) {
		strbuf_puts(&reply->body, "{\"status\": \"ready\"}\n");
		return;
	}
	reply->status = 503;
	strbuf_puts(&reply->body,
		    "{\"status\": \"starting\", \"reason\": \"the data set is being prepared\"}\n");
}

void health_liveness(const struct web_request *request, struct web_reply *reply, void *arg)
{
	(void)request;
	(void)arg;
	strbuf_puts(&reply->body, "{\"status\": \"alive\"}\n");
}
