/*
 * Inside of struct histogram, shared by histogram.c and histogram_codec.c.
 *
 * Bucket b holds 2,048 steps of 2^(10 + b) ns, of which the lower half is
 * covered by bucket b - 1; so b = 0 has 2,048 counts and the others 1,024.
 * See "Histogram internals" in https://github.com/HdrHistogram/HdrHistogram.
 */
#ifndef PERFGATE_RESULTS_HISTOGRAM_LAYOUT_H
#define PERFGATE_RESULTS_HISTOGRAM_LAYOUT_H

#include "perfgate/results/histogram.h"

#define HISTOGRAM_DIGITS 3
#define HISTOGRAM_UNIT_SHIFT 10 /* 1,024 ns */
#define HISTOGRAM_HALF_SHIFT 10 /* 1,024 steps in half a bucket */
#define HISTOGRAM_HALF (UINT64_C(1) << HISTOGRAM_HALF_SHIFT)
#define HISTOGRAM_BUCKETS 20 /* 2,048 << (10 + 19) ns is the first beyond 10 min */
#define HISTOGRAM_COUNTS ((size_t)((HISTOGRAM_BUCKETS + 1) * HISTOGRAM_HALF))
#define HISTOGRAM_LOWEST_NS UINT64_C(1000)
#define HISTOGRAM_HIGHEST_NS UINT64_C(600000000000)

struct histogram {
	uint64_t count, clipped;
	uint64_t min_ns, max_ns; /* exact */
	double sum_ns;
	size_t first, last; /* touched counts: [first, last]; first > last when empty */
	uint64_t counts[HISTOGRAM_COUNTS];
};

size_t histogram_index(uint64_t value_ns);
uint64_t histogram_lowest_at(size_t index);
uint64_t histogram_highest_at(size_t index);

#endif
