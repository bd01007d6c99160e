#include "perfgate/results/histogram.h"

#include "perfgate/results/histogram_layout.h"

#include <math.h>
#include <string.h>

size_t histogram_index(uint64_t value_ns)
{
	uint64_t units = value_ns >> HISTOGRAM_UNIT_SHIFT;
	if (units < 2 * HISTOGRAM_HALF)
		return (size_t)units;
	unsigned bucket = 63 - (unsigned)__builtin_clzll(units) - HISTOGRAM_HALF_SHIFT;
	return (size_t)(bucket * HISTOGRAM_HALF + (units >> bucket));
}

static unsigned bucket_at(size_t index)
{
	return index < 2 * HISTOGRAM_HALF ? 0 : (unsigned)(index >> HISTOGRAM_HALF_SHIFT) - 1;
}

uint64_t histogram_lowest_at(size_t index)
{
	unsigned bucket = bucket_at(index);
	return (index - bucket * HISTOGRAM_HALF) << (bucket + HISTOGRAM_UNIT_SHIFT);
}

uint64_t histogram_highest_at(size_t index)
{
	unsigned bucket = bucket_at(index);
	return histogram_lowest_at(index) + (UINT64_C(1) << (bucket + HISTOGRAM_UNIT_SHIFT)) - 1;
}

static void reset(struct histogram *histogram)
{
	histogram->count = histogram->clipped = 0;
	histogram->min_ns = histogram->max_ns = 0;
	histogram->sum_ns = 0;
	histogram->first = HISTOGRAM_COUNTS;
	histogram->last = 0;
}

struct histogram *histogram_new(void)
{
	struct histogram *histogram = xcalloc(1, sizeof *histogram);
	reset(histogram);
	return histogram;
}

void histogram_free(struct histogram *histogram)
{
	free(histogram);
}

/* first and last are the places of min_ns and max_ns. */
static void add(struct histogram *histogram, size_t index, uint64_t value_ns, uint64_t count)
{
	histogram->counts[index] += count;
	if (value_ns < histogram->min_ns || histogram->count == 0) {
		histogram->min_ns = value_ns;
		histogram->first = index;
	}
	if (value_ns > histogram->max_ns || histogram->count == 0) {
		histogram->max_ns = value_ns;
		histogram->last = index;
	}
	histogram->count += count;
	histogram->sum_ns += (double)value_ns * (double)count;
}

void histogram_record_n(struct histogram *histogram, uint64_t value_ns, uint64_t count)
{
	if (count == 0)
		return;
	uint64_t inside = value_ns;
	if (inside > HISTOGRAM_HIGHEST_NS)
		inside = HISTOGRAM_HIGHEST_NS;
	if (value_ns < HISTOGRAM_LOWEST_NS || value_ns > HISTOGRAM_HIGHEST_NS)
		histogram->clipped += count;
	add(histogram, histogram_index(inside), value_ns, count);
}

void histogram_record(struct histogram *histogram, uint64_t value_ns)
{
	histogram_record_n(histogram, value_ns, 1);
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (from->count == 0)
		return;
	for (size_t i = from->first; i <= from->last; i++)
		into->counts[i] += from->counts[i];
	if (from->first < into->first)
		into->first = from->first;
	if (from->last > into->last)
		into->last = from->last;
	if (into->count == 0 || from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
	into->count += from->count;
	into->clipped += from->clipped;
	into->sum_ns += from->sum_ns;
}

void histogram_clear(struct histogram *histogram)
{
	if (histogram->count > 0)
		memset(&histogram->counts[histogram->first], 0,
		       (histogram->last - histogram->first + 1) * sizeof histogram->counts[0]);
	reset(histogram);
}

uint64_t histogram_count(const struct histogram *histogram)
{
	return histogram->count;
}

uint64_t histogram_clipped(const struct histogram *histogram)
{
	return histogram->clipped;
}

uint64_t histogram_min_ns(const struct histogram *histogram)
{
	return histogram->min_ns;
}

uint64_t histogram_max_ns(const struct histogram *histogram)
{
	return histogram->max_ns;
}

double histogram_mean_ns(const struct histogram *histogram)
{
	return histogram->count > 0 ? histogram->sum_ns / (double)histogram->count : 0;
}

/* ceil(quantile * count), but at least the first and at most the last value. */
static uint64_t rank_of(double quantile, uint64_t count)
{
	double exact = quantile * (double)count;
	/* 0.95 * 100 is 95.00000000000001 in binary: do not let that be rank 96. */
	double rank = ceil(exact - exact * 1e-12);
	if (!(rank >= 1))
		return 1;
	return rank >= (double)count ? count : (uint64_t)rank;
}

uint64_t histogram_quantile_ns(const struct histogram *histogram, double quantile)
{
	if (histogram->count == 0)
		return 0;
	uint64_t left = rank_of(quantile, histogram->count);
	for (size_t i = histogram->first; i <= histogram->last; i++) {
		if (histogram->counts[i] >= left) {
			uint64_t value = histogram_highest_at(i);
			return value < histogram->max_ns && i != histogram->last
				       ? value
				       : histogram->max_ns;
		}
		left -= histogram->counts[i];
	}
	return histogram->max_ns;
}

uint64_t histogram_count_above(const struct histogram *histogram, uint64_t value_ns)
{
	if (histogram->count == 0 || value_ns >= histogram->max_ns)
		return 0;
	uint64_t above = 0;
	for (size_t i = histogram_index(value_ns) + 1; i <= histogram->last; i++)
		above += histogram->counts[i];
	return above;
}

void histogram_each(const struct histogram *histogram,
		    void (*visit)(uint64_t value_ns, uint64_t count, void *arg), void *arg)
{
	if (histogram->count == 0)
		return;
	for (size_t i = histogram->first; i <= histogram->last; i++) {
		if (histogram->counts[i] > 0)
			visit(histogram_highest_at(i), histogram->counts[i], arg);
	}
}

void histogram_restore_exact(struct histogram *histogram, uint64_t min_ns, uint64_t max_ns,
			     double mean_ns)
{
	if (histogram->count == 0 || min_ns > max_ns ||
	    !(mean_ns >= (double)min_ns && mean_ns <= (double)max_ns))
		return;
	if (histogram_index(min_ns) == histogram->first)
		histogram->min_ns = min_ns;
	if (histogram_index(max_ns) == histogram->last)
		histogram->max_ns = max_ns;
	histogram->sum_ns = mean_ns * (double)histogram->count;
}
