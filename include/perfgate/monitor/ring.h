/*
 * What a dashboard shows: the last minutes of a few series, one sample a second, and the JSON in
 * which they travel.
 *
 * The page knows no series by name: each row says in which chart it stands, what its line is
 * called, and its unit. A socket gets a snapshot first, so that a page that is opened or reloaded
 * shows what it missed, then one sample a second:
 *
 *   {"type": "snapshot", "protocol": 1, "title": "…", "interval_ms": 1000, "keep": 300,
 *    "facts": [{"name": "…", "value": "…"}],
 *    "series": [{"key": "p95", "chart": "Latency", "label": "p95", "unit": "ms", "card": "p95",
 *                "limit": null}],
 *    "samples": [[1700000000000, 12.5, null]]}
 *   {"type": "sample", "sample": [1700000001000, 12.7, 3]}
 *
 * A sample is the wall clock in ms, then a value per series in their order, null = no data. A
 * sample may be in the snapshot and come once more; its time tells.
 *
 * Thread-safe.
 */
#ifndef PERFGATE_MONITOR_RING_H
#define PERFGATE_MONITOR_RING_H

#include "perfgate/base/strbuf.h"

#include <stdint.h>

#define RING_MAX_SERIES 32
#define RING_SAMPLES 300
#define RING_INTERVAL_MS 1000

/* All text is borrowed and outlives the ring. */
struct ring_series {
	const char *key; /* for programs: [a-z0-9_] */
	const char *chart; /* its title; series of one chart stand together and share a unit */
	const char *label; /* of the line */
	const char *unit;
	const char *card; /* name of its figure at the top; NULL = none */
	double limit; /* what it cannot exceed, in `unit`; 0 = none */
};

struct ring_fact {
	const char *name, *value;
};

struct ring_options {
	const char *title;
	const struct ring_series *series;
	size_t series_count; /* <= RING_MAX_SERIES */
	const struct ring_fact *facts; /* may be NULL */
	size_t fact_count;
};

struct ring;

struct ring *ring_new(const struct ring_options *options);
/* Accepts NULL. */
void ring_free(struct ring *ring);

/* One value per series; what is not finite is no data. Forgets the oldest when there are
 * RING_SAMPLES. */
void ring_add(struct ring *ring, int64_t wall_ns, const double *values);

void ring_put_snapshot(struct ring *ring, struct strbuf *out);
/* The latest sample; nothing is appended before the first. */
void ring_put_latest(struct ring *ring, struct strbuf *out);

#endif
