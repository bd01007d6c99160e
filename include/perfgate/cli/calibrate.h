/*
 * The parts of `perfgate calibrate`: a recording, and what it says about the verdict.
 *
 * The recording is calibration.jsonl in the output folder (results/ab_record.h), beside it
 * calibration.meta.json: for what it holds. Both grow until there is enough; a recording of
 * another target, suite or machine is refused, not mixed.
 */
#ifndef PERFGATE_CLI_CALIBRATE_H
#define PERFGATE_CLI_CALIBRATE_H

#include "perfgate/cli/ab.h"
#include "perfgate/report/calibration.h"

#define CALIBRATION_RECORDING "calibration.jsonl"

/* What is in a recording so far. */
struct recording_state {
	uint32_t last_block; /* number of the newest, 0 = none */
	size_t blocks, spoiled; /* that count; attempts that do not */
	double recorded_s;
};
PG_MUST_CHECK int recording_read_state(const char *path, struct recording_state *out,
				       struct error *err);

/*
 * What was recorded, where and when: target, machine, commit and date of *out, from the file beside
 * the recording. ERROR_USAGE without it. The strings are of `arena`.
 */
PG_MUST_CHECK int recording_describe(const char *path, struct arena *arena,
				     struct calibration_report *out, struct error *err);

/*
 * Add blocks until `seconds` of recording are there in all, a signal comes, or something fails.
 * Says how far it is.
 */
PG_MUST_CHECK int recording_continue(struct session *session, const char *path, double seconds,
				     struct error *err);

/*
 * Replay the recording: cut it, relabel it, put regressions in. The strings and arrays
 * of *out are of session->run's arena.
 */
PG_MUST_CHECK int calibrate_replay(struct session *session, const char *path,
				   const struct scenario *slot, struct calibration_report *out,
				   struct error *err);

/* `runs` comparisons with a real regression in one side, decided live; sets out->live_*. */
PG_MUST_CHECK int calibrate_live(struct session *session, size_t runs,
				 struct calibration_report *out, struct error *err);

#endif
