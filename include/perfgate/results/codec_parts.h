/*
 * Between codec.c (the run) and codec_scenario.c (what one scenario
 * measured); nobody else includes this.
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

json_t *codec_encode_scenario(const struct scenario_result *scenario);

/* Append the scenario to the run. */
PG_MUST_CHECK int codec_decode_scenario(struct run *run, const json_t *json, struct error *err);

#endif
