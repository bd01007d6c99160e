/*
 * A baseline record: what one passing run measured, as one line of JSON.
 *
 *   {"cells":{"smoke":{"total":{"p95":[12.3,240],…}}},"commit":"…",
 *    "env":{…},"epoch":0,"event":"push","fp":"sha256:…","id":"…",
 *    "local":false,"run":"…","scenarios":{"smoke":{"sketch":"<HdrHistogram V2>",
 *    "speed":12.3,"suite":"<digest>"}},"status":"pass","tree":"…","v":2,
 *    "when":"2026-01-31T12:00:00Z"}
 *
 * Keys are sorted and there is no space, so equal records are equal lines. A
 * metric is [value, n]; metrics without a value are left out. `id` is the sha256 of
 * the line without the id member: a damaged or edited line is recognised.
 * `env` holds what the fingerprint was made of, so that a difference can be
 * named. Of a scenario, `suite` is what was run, `at_least` says that its throughput is a lower
 * bound, `speed` is the speed probe's time in ms. `advisory` lists the cells that
 * `enforce: warn` kept from failing the run: ["smoke", "total", "p95", "gate" or "regression"].
 *
 * The line is the truth: it is stored and merged byte by byte, never written anew. Lines of
 * schema 1, with {"suite":{"smoke":"<digest>"}} and likewise "at_least" (a list), "sketch" and
 * "speed" in the place of "scenarios", are read as well, and stay what they are.
 */
#ifndef PERFGATE_BASELINE_RECORD_H
#define PERFGATE_BASELINE_RECORD_H

#include "perfgate/base/arena.h"
#include "perfgate/base/text.h"
#include "perfgate/ext/git.h"
#include "perfgate/results/run.h"

#define RECORD_VERSION 2
#define RECORD_LIMIT_BYTES ((size_t)64 << 10)

struct record_cell {
	const char *scenario, *endpoint;
	enum metric metric;
	double value; /* in the metric's unit */
	uint64_t n; /* requests or look-ups behind it, >= 1 */
};

struct record_scenario {
	const char *name, *suite_digest;
	const char *sketch; /* latency of "total", histogram_decode(); NULL = none */
	bool at_least; /* the generator was the limit of its throughput */
	double speed_ms; /* of the speed probe before it (load/speed.h); 0 = unknown */
};

/* A cell that would have failed under `enforce: fail`. */
struct record_advisory {
	const char *scenario, *endpoint;
	enum metric metric;
	bool regression; /* else a gate */
};
#define RECORD_ADVISORY_MAX 50

/* Strings live in the arena or in `document`. */
struct record {
	struct arena arena;
	char id[TEXT_SHA256_SIZE];
	const char *run_id, *commit, *tree, *event, *status, *fingerprint;
	const char *when; /* RFC 3339, UTC; sorts as text */
	int64_t epoch;
	bool local; /* a developer's, not CI's */
	json_t *environment;
	struct record_scenario *scenarios;
	size_t n_scenarios;
	struct record_cell *cells;
	size_t n_cells;
	struct record_advisory *advisory;
	size_t n_advisory;
	json_t *document;
	char *line; /* canonical, without newline */
};

void record_free(struct record *record);
DEFINE_AUTO(record, struct record *, record_free)

/*
 * From a run that has commit and tree; `event` is that of whoever stores it: what a file claims
 * does not count. Values are those that the verdict judges:
 * throughput of the capacity phase, rates over both phases. What does not
 * fit in the limit is left out: sketches first, then single endpoints.
 */
PG_MUST_CHECK int record_build(const struct run *run, int64_t epoch, const char *event, bool local,
			       struct record **out, struct error *err);

/*
 * To compare with, never to be stored: wherever the run was measured. Outside a repository the
 * commit is RECORD_NOWHERE.
 */
#define RECORD_NOWHERE "0000000000000000000000000000000000000000"
PG_MUST_CHECK int record_of_run(const struct run *run, struct record **out, struct error *err);

/*
 * RECORD_BAD with the reason in *err: not our JSON, a member missing or out
 * of range, more than the limit, an id that is not the content's.
 * RECORD_NEWER: a schema that this version does not know.
 */
enum record_state { RECORD_GOOD, RECORD_BAD, RECORD_NEWER };
PG_MUST_CHECK enum record_state record_parse(const char *line, size_t length, struct record **out,
					     struct error *err);

/* NULL when the record has no such value. */
const struct record_cell *record_find(const struct record *record, const char *scenario,
				      const char *endpoint, enum metric metric);
const struct record_scenario *record_scenario(const struct record *record, const char *name);

/* Is the time plausible? (after 1999 and not more than a day ahead of now) */
bool record_time_is_plausible(const struct record *record, int64_t now_s);

#endif
