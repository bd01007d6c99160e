/*
 * Between codec.c (the run), codec_scenario.c (what one scenario measured), codec_past.c (the
 * baselines) and ab_record.c (the blocks of an A/B comparison); nobody else includes this.
 */
#ifndef PERFGATE_RESULTS_CODEC_PARTS_H
#define PERFGATE_RESULTS_CODEC_PARTS_H

#include "perfgate/base/fs.h"
#include "perfgate/base/text.h"
#include "perfgate/results/run.h"

#define CODEC_MAX_BYTES ((size_t)64 << 20)

/* Arena copy of a string member; NULL when it is missing or null. */
const char *codec_string(struct run *run, const json_t *object, const char *key);

/* 64-bit unsigned numbers travel as decimal text: JSON readers lose digits beyond 2^53. */
json_t *codec_u64(uint64_t value);

/* A count; what is missing or negative is 0. */
uint64_t codec_count(const json_t *object, const char *key);

/* Members KEY (the V2 payload) and KEY_exact ([min, max, mean] in ns). */
void codec_set_histogram(json_t *object, const char *key, const struct histogram *histogram);
/* Replaces *out when the member is there. */
PG_MUST_CHECK int codec_get_histogram(const json_t *object, const char *key, struct histogram **out,
				      struct error *err);

/* The member `past`. */
json_t *codec_encode_past(const struct run_past *past);
PG_MUST_CHECK int codec_decode_past(struct run *run, const json_t *json, struct error *err);

json_t *codec_encode_scenario(const struct scenario_result *scenario);

/* Append the scenario to the run. */
PG_MUST_CHECK int codec_decode_scenario(struct run *run, const json_t *json, struct error *err);

#endif
