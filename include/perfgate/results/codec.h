/*
 * result.json, schema perfgate.result/1 (the spine is in the README of src/).
 *
 * Numbers are finite or null. Readers accept this schema only, refuse what
 * is malformed with the path of the member, and cap the input at 64 MiB.
 */
#ifndef PERFGATE_RESULTS_CODEC_H
#define PERFGATE_RESULTS_CODEC_H

#include "perfgate/results/run.h"

#define RESULT_SCHEMA "perfgate.result/1"

json_t *codec_encode(const struct run *run);
PG_MUST_CHECK int codec_decode(const json_t *document, struct run **out, struct error *err);
PG_MUST_CHECK int codec_load(const char *path, struct run **out, struct error *err);

#endif
