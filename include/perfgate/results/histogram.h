/*
 * Latency histogram: HdrHistogram layout, 3 significant digits, constant memory.
 *
 * Values are nanoseconds, tracked from 1 us to 10 min with a relative error
 * of at most 1/1000 (unit magnitude: 1,024 ns, so below 2 ms the step is about
 * 1 us). Values outside land in the edge bucket and in `clipped`, so that no
 * request disappears: count == sum of the buckets.
 *
 * Layout and encoding: https://github.com/HdrHistogram/HdrHistogram (V2).
 *
 * Not thread-safe: one per worker, merged after join.
 */
#ifndef PERFGATE_RESULTS_HISTOGRAM_H
#define PERFGATE_RESULTS_HISTOGRAM_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"

#include <stdint.h>

struct histogram;

struct histogram *histogram_new(void);
void histogram_free(struct histogram *histogram);
DEFINE_AUTO(histogram, struct histogram *, histogram_free)

void histogram_record(struct histogram *histogram, uint64_t value_ns);
void histogram_record_n(struct histogram *histogram, uint64_t value_ns, uint64_t count);
/* into += from, losslessly. */
void histogram_merge(struct histogram *into, const struct histogram *from);
void histogram_clear(struct histogram *histogram);

uint64_t histogram_count(const struct histogram *histogram);
uint64_t histogram_clipped(const struct histogram *histogram);
/* Exact extremes; 0 when empty. */
uint64_t histogram_min_ns(const struct histogram *histogram);
uint64_t histogram_max_ns(const struct histogram *histogram);
double histogram_mean_ns(const struct histogram *histogram);

/*
 * Value at `quantile` in [0,1], in ns: the smallest recorded value (its
 * bucket's highest equivalent value, at most the maximum) with at least
 * ceil(quantile * count) values at or below it; 0 when empty.
 */
uint64_t histogram_quantile_ns(const struct histogram *histogram, double quantile);

/* How many recorded values are above `value_ns` (bucket resolution). */
uint64_t histogram_count_above(const struct histogram *histogram, uint64_t value_ns);

/* Call `visit(value_ns, count, arg)` for every non-empty bucket, ascending. */
void histogram_each(const struct histogram *histogram,
		    void (*visit)(uint64_t value_ns, uint64_t count, void *arg), void *arg);

/* HdrHistogram V2 compressed payload (zlib) as base64; values in ns. */
void histogram_encode(const struct histogram *histogram, struct strbuf *out);
/* -1 (kind ERROR_USAGE) on anything malformed; never allocates by untrusted sizes. */
PG_MUST_CHECK int histogram_decode(const char *base64, struct histogram **out, struct error *err);

/*
 * The payload has bucket edges only: give a decoded histogram back its exact
 * extremes and sum. Values outside its outermost buckets are ignored, as is an empty histogram.
 */
void histogram_restore_exact(struct histogram *histogram, uint64_t min_ns, uint64_t max_ns,
			     double mean_ns);

#endif
