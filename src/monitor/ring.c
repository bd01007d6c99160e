#include "perfgate/monitor/ring.h"

#include "perfgate/base/clock.h"
#include "perfgate/web/reply.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>

#define DIGITS 3
/* Beyond it a value is no figure of ours, and llround() not defined. */
#define VALUE_MAX 1e15

struct sample {
	int64_t wall_ms;
	double values[RING_MAX_SERIES];
};

struct ring {
	struct ring_options options;
	pthread_mutex_t lock; /* of what follows */
	size_t first, count;
	struct sample samples[RING_SAMPLES];
};

struct ring *ring_new(const struct ring_options *options)
{
	struct ring *ring = xcalloc(1, sizeof *ring);

	assert(options->series_count <= RING_MAX_SERIES);
	ring->options = *options;
	pthread_mutex_init(&ring->lock, NULL);
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

void ring_add(struct ring *ring, int64_t wall_ns, const double *values)
{
	struct sample *sample;

	pthread_mutex_lock(&ring->lock);
	sample = &ring->samples[(ring->first + ring->count) % RING_SAMPLES];
	if (ring->count < RING_SAMPLES)
		ring->count++;
	else
		ring->first = (ring->first + 1) % RING_SAMPLES;
	sample->wall_ms = wall_ns / NS_PER_MS;
	for (size_t i = 0; i < ring->options.series_count; i++)
		sample->values[i] = values[i];
	pthread_mutex_unlock(&ring->lock);
}

static void put_value(struct strbuf *out, double value)
{
	int64_t scaled;
	int digits = DIGITS;

	if (!isfinite(value) || fabs(value) > VALUE_MAX) {
		strbuf_puts(out, "null");
		return;
	}
	scaled = llround(value * 1000);
	for (; digits > 0 && scaled % 10 == 0; digits--)
		scaled /= 10;
	web_put_decimal(out, scaled, digits);
}

static void put_sample(struct strbuf *out, const struct sample *sample, size_t count)
{
	strbuf_putc(out, '[');
	web_put_decimal(out, sample->wall_ms, 0);
	for (size_t i = 0; i < count; i++) {
		strbuf_putc(out, ',');
		put_value(out, sample->values[i]);
	}
	strbuf_putc(out, ']');
}

static void put_text(struct strbuf *out, const char *before, const char *text)
{
	strbuf_puts(out, before);
	if (text)
		web_quote(out, text);
	else
		strbuf_puts(out, "null");
}

static void put_series(struct strbuf *out, const struct ring_series *series)
{
	put_text(out, "{\"key\":", series->key);
	put_text(out, ",\"chart\":", series->chart);
	put_text(out, ",\"label\":", series->label);
	put_text(out, ",\"unit\":", series->unit);
	put_text(out, ",\"card\":", series->card);
	strbuf_puts(out, ",\"limit\":");
	put_value(out, series->limit > 0 ? series->limit : (double)NAN);
	strbuf_putc(out, '}');
}

static void put_facts(struct strbuf *out, const struct ring_options *options)
{
	for (size_t i = 0; i < options->fact_count; i++) {
		put_text(out, i ? ",{\"name\":" : "{\"name\":", options->facts[i].name);
		put_text(out, ",\"value\":", options->facts[i].value);
		strbuf_putc(out, '}');
	}
}

void ring_put_snapshot(struct ring *ring, struct strbuf *out)
{
	const struct ring_options *options = &ring->options;

	put_text(out, "{\"type\":\"snapshot\",\"protocol\":1,\"title\":", options->title);
	strbuf_printf(out, ",\"interval_ms\":%d,\"keep\":%d,\"facts\":[", RING_INTERVAL_MS,
		      RING_SAMPLES);
	put_facts(out, options);
	strbuf_puts(out, "],\"series\":[");
	for (size_t i = 0; i < options->series_count; i++) {
		if (i)
			strbuf_putc(out, ',');
		put_series(out, &options->series[i]);
	}
	strbuf_puts(out, "],\"samples\":[");
	pthread_mutex_lock(&ring->lock);
	for (size_t i = 0; i < ring->count; i++) {
		if (i)
			strbuf_putc(out, ',');
		put_sample(out, &ring->samples[(ring->first + i) % RING_SAMPLES],
			   options->series_count);
	}
	pthread_mutex_unlock(&ring->lock);
	strbuf_puts(out, "]}");
}

void ring_put_latest(struct ring *ring, struct strbuf *out)
{
	pthread_mutex_lock(&ring->lock);
	if (ring->count) {
		strbuf_puts(out, "{\"type\":\"sample\",\"sample\":");
		put_sample(out, &ring->samples[(ring->first + ring->count - 1) % RING_SAMPLES],
			   ring->options.series_count);
		strbuf_putc(out, '}');
	}
	pthread_mutex_unlock(&ring->lock);
}
