#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/ext/redis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define REFRESH_NS NS_PER_S
#define INFO_MAX_BYTES ((size_t)1 << 20)

static double meminfo_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtod(at + strlen(name), NULL) : (double)NAN;
}

static double memory_percent(void)
{
	char text[8192];
	FILE *file = fopen("/proc/meminfo", "re");
	size_t length = file ? fread(text, 1, sizeof text - 1, file) : 0;
	double total, available;

	if (file)
		fclose(file);
	text[length] = '\0';
	total = meminfo_kib(text, "MemTotal:");
	available = meminfo_kib(text, "MemAvailable:");
	return total > 0 ? 100 * (total - available) / total : (double)NAN;
}

static double cpu_percent(struct machinestat *before)
{
	struct machinestat now;
	double total, busy;

	machinestat_read(&now);
	total = now.total_s - before->total_s;
	busy = now.busy_s - before->busy_s;
	*before = now;
	return total > 0 ? 100 * busy / total : (double)NAN;
}

static double used_memory(const struct strbuf *info)
{
	char text[32];

	if (extredis_info_field(strbuf_text(info), "used_memory", text, sizeof text) < 0)
		return NAN;
	return strtod(text, NULL);
}

static void read_cache_vitals(struct cache *cache, struct vitals *out)
{
	AUTO(strbuf) struct strbuf info = {.max_bytes = INFO_MAX_BYTES};

	out->cache_ok = cache_check(cache, &info, NULL) == 0;
	out->cache_memory_bytes = used_memory(&info);
	if (extredis_info_field(strbuf_text(&info), "redis_version", out->cache_version,
				sizeof out->cache_version) < 0)
		out->cache_version[0] = '\0';
}

static void refresh(struct api *api, struct vitals *vitals)
{
	vitals->database_ok = store_ping(api->store, NULL) == 0;
	read_cache_vitals(api->cache, vitals);
	vitals->cpu_percent = cpu_percent(&api->machine);
	vitals->memory_percent = memory_percent();
}

/* Claim the refresh when one is due; everybody else takes what there is and waits for nothing. */
static bool claim_refresh(struct api *api, struct vitals *out)
{
	int64_t now_ns = clock_now_ns();
	bool mine;

	pthread_mutex_lock(&api->vitals_lock);
	mine = !api->vitals_busy &&
	       (api->vitals_at_ns == 0 || now_ns - api->vitals_at_ns >= REFRESH_NS);
	if (mine) {
		api->vitals_busy = true;
		api->vitals_at_ns = now_ns;
	}
	*out = api->vitals;
	pthread_mutex_unlock(&api->vitals_lock);
	return mine;
}

void vitals_read(struct api *api, struct vitals *out)
{
	if (!claim_refresh(api, out))
		return;
	refresh(api, out);
	pthread_mutex_lock(&api->vitals_lock);
	api->vitals = *out;
	api->vitals_busy = false;
	pthread_mutex_unlock(&api->vitals_lock);
}

double vitals_cache_memory_bytes(struct api *api)
{
	AUTO(strbuf) struct strbuf info = {.max_bytes = INFO_MAX_BYTES};

	return cache_check(api->cache, &info, NULL) == 0 ? used_memory(&info) : (double)NAN;
}
