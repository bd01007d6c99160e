#include "perfgate/monitor/durations.h"

#include <math.h>

#define UNIT_SHIFT 10 /* 1,024 ns */
#define STEP_BITS 5 /* 32 steps for each power of two */
#define STEPS (UINT64_C(1) << STEP_BITS)

static size_t index_of(uint64_t units)
{
	int shift = units < 2 * STEPS ? 0 : 63 - STEP_BITS - __builtin_clzll(units);
	uint64_t index = STEPS * (uint64_t)shift + (units >> shift);

	return index < DURATIONS_COUNTS ? (size_t)index : DURATIONS_COUNTS - 1;
}

static double middle_ns(size_t index)
{
	uint64_t shift = index < 2 * STEPS ? 0 : index / STEPS - 1;
	uint64_t units = (index - STEPS * shift) << shift;

	return ((double)units + (double)(UINT64_C(1) << shift) / 2) * (1 << UNIT_SHIFT);
}

void durations_record(struct durations *durations, int64_t duration_ns)
{
	uint64_t units = duration_ns > 0 ? (uint64_t)duration_ns >> UNIT_SHIFT : 0;

	atomic_fetch_add_explicit(&durations->counts[index_of(units)], 1, memory_order_relaxed);
}

void durations_read(const struct durations *durations, struct durations_reader *reader)
{
	reader->count = 0;
	for (size_t i = 0; i < DURATIONS_COUNTS; i++) {
		unsigned now = atomic_load_explicit(&durations->counts[i], memory_order_relaxed);

		/* Unsigned: right across an overflow, too. */
		reader->latest[i] = now - reader->before[i];
		reader->before[i] = now;
		reader->count += reader->latest[i];
	}
}

double durations_quantile_ns(const struct durations_reader *reader, double quantile)
{
	uint64_t wanted = (uint64_t)ceil(quantile * (double)reader->count), seen = 0;

	if (!reader->count)
		return NAN;
	for (size_t i = 0; i < DURATIONS_COUNTS; i++) {
		seen += reader->latest[i];
		if (seen >= wanted && seen)
			return middle_ns(i);
	}
	return middle_ns(DURATIONS_COUNTS - 1);
}
