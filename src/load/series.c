#include "perfgate/load/series.h"

#include "perfgate/base/clock.h"

#include <math.h>
#include <string.h>

void series_init(struct series *series, struct scenario_result *result, uint32_t n_workers)
{
	memset(series, 0, sizeof *series);
	series->result = result;
	series->n_workers = n_workers;
	series->warmup = true;
	series->latency = histogram_new();
}

void series_release(struct series *series)
{
	for (size_t i = 0; i < series->n_pending; i++)
		histogram_free(series->pending[i].second.latency);
	free(TAKE(series->pending));
	histogram_free(TAKE(series->latency));
	series->n_pending = 0;
}

static double quantile_ms(const struct histogram *histogram, double quantile)
{
	if (histogram_count(histogram) == 0)
		return NAN;
	return (double)histogram_quantile_ns(histogram, quantile) / (double)NS_PER_MS;
}

static struct pending_second *find_pending(struct series *series, size_t number)
{
	while (number >= series->closed + series->n_pending) {
		struct pending_second *added =
			VEC_PUSH(series->pending, series->n_pending, series->pending_capacity);
		memset(added, 0, sizeof *added);
		added->second.draining = true;
		added->second.latency = histogram_new();
	}
	return &series->pending[number - series->closed];
}

static void merge(struct pending_second *pending, const struct second *second)
{
	struct interval *to = &pending->second.interval;
	const struct interval *from = &second->interval;
	to->t_s = from->t_s;
	to->warmup = from->warmup;
	to->users += from->users;
	to->requests += from->requests;
	to->errors += from->errors;
	to->cache_hits += from->cache_hits;
	to->cache_misses += from->cache_misses;
	histogram_merge(pending->second.latency, second->latency);
	pending->second.draining &= second->draining;
	pending->reported++;
}

static void show(struct series *series, const struct second *second)
{
	const struct interval *interval = &second->interval;
	if (series->warmup && !interval->warmup) {
		series->hits = series->misses = 0;
		histogram_clear(series->latency);
	}
	series->warmup = interval->warmup;
	series->requests += interval->requests;
	series->errors += interval->errors;
	series->hits += interval->cache_hits;
	series->misses += interval->cache_misses;
	histogram_merge(series->latency, second->latency);
	if (second->draining)
		return;
	series->last_second = interval->requests;
	series->users = interval->users;
}

static void close_first(struct series *series)
{
	struct scenario_result *result = series->result;
	struct second *second = &series->pending[0].second;
	struct interval *interval = &second->interval;
	interval->p50_ms = quantile_ms(second->latency, 0.50);
	interval->p95_ms = quantile_ms(second->latency, 0.95);
	interval->p99_ms = quantile_ms(second->latency, 0.99);
	interval->rss_bytes = series->rss_bytes;
	show(series, second);
	if (!second->draining || interval->requests > 0)
		*VEC_PUSH(result->series, result->n_series, series->capacity) = *interval;
	histogram_free(second->latency);
	series->n_pending--;
	memmove(series->pending, series->pending + 1, series->n_pending * sizeof *series->pending);
	series->closed++;
}

bool series_add(struct series *series, const struct second *second)
{
	size_t closed = series->closed;
	long number = lround(second->interval.t_s);
	merge(find_pending(series, (size_t)number), second);
	while (series->n_pending > 0 && series->pending[0].reported == series->n_workers)
		close_first(series);
	return series->closed > closed;
}

void series_end(struct series *series)
{
	while (series->n_pending > 0)
		close_first(series);
}

void series_progress(const struct series *series, struct load_progress *out)
{
	double hits = (double)series->hits, misses = (double)series->misses;
	out->users = series->users;
	out->requests = series->requests;
	out->errors = series->errors;
	out->p50_ms = quantile_ms(series->latency, 0.50);
	out->p95_ms = quantile_ms(series->latency, 0.95);
	out->p99_ms = quantile_ms(series->latency, 0.99);
	out->hit_rate = hits + misses > 0 ? hits / (hits + misses) : NAN;
	out->rps = (double)series->last_second;
}

bool series_last(const struct series *series, size_t seconds, uint64_t *out_requests,
		 uint64_t *out_errors)
{
	const struct scenario_result *result = series->result;
	*out_requests = *out_errors = 0;
	if (result->n_series < seconds)
		return false;
	for (size_t i = result->n_series - seconds; i < result->n_series; i++) {
		*out_requests += result->series[i].requests;
		*out_errors += result->series[i].errors;
	}
	return true;
}
