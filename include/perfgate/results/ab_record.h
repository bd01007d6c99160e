/*
 * The blocks of an A/B comparison as they were measured, one line each in ab.jsonl.
 *
 * A block loads two servers in short slots by turns (verdict.md, section 2); what each answered
 * is kept per endpoint with its histogram, so that a recording can be judged again, relabelled
 * or changed. The judging itself (verdict/ab.h) needs only the figures of ab_side_figure().
 *
 * A line is one JSON object, schema perfgate.ab/1. Lines are appended whole; one that a
 * crash cut short is the last, is left out when reading, and goes when the next is appended.
 */
#ifndef PERFGATE_RESULTS_AB_RECORD_H
#define PERFGATE_RESULTS_AB_RECORD_H

#include "perfgate/results/run.h"

#define AB_RECORD_SCHEMA "perfgate.ab/1"
#define AB_RECORD_FILE "ab.jsonl"

/* What one of the two servers answered in a block. */
struct ab_side_record {
	struct endpoint_result *endpoints; /* of the slots; classes, cache and latency are kept */
	size_t n_endpoints;
	struct endpoint_result total;
	uint64_t throughput_requests; /* ok in the closed loop at the block's end */
	double throughput_rps; /* NaN: not measured */
};

struct ab_record {
	struct arena arena; /* names */
	uint32_t block; /* from 1 */
	uint32_t attempt; /* from 1: what the machine spoiled is measured once more */
	bool head_first; /* the coin: BAAB BAAB instead of ABBA ABBA, A = base */
	const char *spoiled; /* why the block does not count; NULL = it does */
	uint64_t seed; /* of the comparison; with the block's number it gives what was sent */
	double slot_s;
	int64_t started_wall_ns;
	double duration_s; /* servers' start included */
	double load_s; /* counted slots and throughput */
	double steal_percent; /* NaN when unknown */
	double max_stall_ms; /* of our own loop */
	struct ab_side_record side[2]; /* base, head: enum ab_side of verdict/ab.h */
};

/* A zeroed record gets its endpoints; the names are copied. */
void ab_record_init(struct ab_record *record, const char *const *endpoint_names,
		    size_t n_endpoints);
void ab_record_release(struct ab_record *record);
DEFINE_AUTO_VALUE(ab_record, struct ab_record, ab_record_release)

void ab_side_release(struct ab_side_record *side);
DEFINE_AUTO_VALUE(ab_side, struct ab_side_record, ab_side_release)

/* side += what one slot measured; same endpoints in the same order. */
void ab_side_add(struct ab_side_record *side, const struct scenario_result *slot);
/* into += from, to pool blocks; same endpoints in the same order. */
void ab_side_merge(struct ab_side_record *into, const struct ab_side_record *from);

/*
 * What a metric of an endpoint (index, n_endpoints = total) is made of: percentiles in ms,
 * requests/s (total only), failed requests, cache hits. Returns the requests or look-ups
 * behind it; 0 = not measured, *out_value is NaN then.
 */
uint64_t ab_side_figure(const struct ab_side_record *side, size_t endpoint, enum metric metric,
			double *out_value);

json_t *ab_record_encode(const struct ab_record *record);
PG_MUST_CHECK int ab_record_decode(const json_t *json, struct ab_record *out, struct error *err);

/* Append one line; ERROR_DELIVERY. */
PG_MUST_CHECK int ab_record_append(const char *path, const struct ab_record *record,
				   struct error *err);

/*
 * Call `visit` for each block of a file in order, until it returns non-zero: 1 ends the
 * reading well, -1 is an error it has set. A file that is malformed is ERROR_USAGE with the line.
 */
typedef int (*ab_record_visit)(const struct ab_record *record, void *arg, struct error *err);
PG_MUST_CHECK int ab_record_each(const char *path, ab_record_visit visit, void *arg,
				 struct error *err);

#endif
