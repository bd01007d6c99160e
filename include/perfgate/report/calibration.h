/*
 * What `perfgate calibrate` found, for people and for programs.
 *
 * Plain data; strings and arrays are borrowed. Shares are fractions; NaN = not measured.
 */
#ifndef PERFGATE_REPORT_CALIBRATION_H
#define PERFGATE_REPORT_CALIBRATION_H

#include "perfgate/base/error.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/ext/json.h"
#include "perfgate/verdict/rules.h"

#define CALIBRATION_SCHEMA "perfgate.calibration/1"

/* One kind of regression put into the recording. */
struct calibration_detection {
	const char *what; /* "10 % slower: GET /items" */
	bool one_endpoint; /* of several rows that stand for "one endpoint" */
	double amount; /* .1 */
	struct calibration_counts counts;
	double load_s; /* median, until the verdict */
	size_t alarms[RULE_COUNT]; /* of the other rules, on the runs of the unchanged recording */
};

/* How the sides of the unchanged recording differ: nothing should. */
struct calibration_bias {
	const char *endpoint;
	enum metric metric;
	double change, low, high; /* of the metric; 95 % interval */
};

struct calibration_report {
	const char *target, *machine, *commit, *date; /* commit may be NULL */
	double block_load_s;
	size_t blocks, spoiled; /* that count; that the machine spoiled */
	double recorded_s;
	struct calibration_counts unchanged;
	double unchanged_load_s; /* median, until the verdict */
	double level; /* false alarms by design, at most */
	double false_share, false_limit; /* mean over the runs, and its upper 95 % limit */
	size_t draws; /* relabellings per run, at most */
	size_t alarms[RULE_COUNT]; /* of the other rules, on the unchanged runs */
	const struct calibration_detection *detections;
	size_t n_detections;
	const struct calibration_bias *biases;
	size_t n_biases;
	size_t live_runs, live_found; /* real regressions, measured as `check` does; 0: none */
	const char *live_what; /* "latency=20%" */
};

void calibration_text(const struct calibration_report *report, struct strbuf *out);
json_t *calibration_json(const struct calibration_report *report);
PG_MUST_CHECK int calibration_html(const struct calibration_report *report, struct strbuf *out,
				   struct error *err);

#endif
