/*
 * Gates: a limit on one metric of one scenario's endpoint.
 *
 * Shared by config (which reads them), scenario (which resolves which limit
 * holds) and verdict (which judges them).
 */
#ifndef PERFGATE_CONFIG_GATE_H
#define PERFGATE_CONFIG_GATE_H

#include <stdbool.h>
#include <stddef.h>

/* The metrics a cell can have. Units: ms, requests/s, fraction, fraction. */
enum metric {
	METRIC_P50,
	METRIC_P95,
	METRIC_P99,
	METRIC_THROUGHPUT,
	METRIC_ERROR_RATE,
	METRIC_CACHE_HIT_RATE,
	METRIC_COUNT,
	/* Bytes; it has no gate, limit or baseline: only its rise over a scenario is judged. */
	METRIC_RSS = METRIC_COUNT,
	METRIC_ALL
};

struct metric_info {
	const char *name; /* "p95", in cells and JUnit */
	const char *title; /* "p95 response time" */
	const char *unit; /* "ms", "requests/s", "" */
	const char *gate_key; /* "max_p95_response_time"; NULL when it cannot be gated */
	const char *alias; /* LOAD_TEST_-style second spelling or NULL */
	bool higher_is_better; /* the gate is a minimum */
	double quantile; /* percentiles: 0.50 …; else 0 */
};

extern const struct metric_info metric_table[METRIC_ALL];

/* By `name`, NULL accepted; false leaves *out alone. */
bool metric_find(const char *name, enum metric *out);

/* Index by metric; NaN = not gated. `origin` e.g. "ci_cd_config.yml:5", borrowed; NULL = default */
struct gate_limits {
	double limit[METRIC_COUNT];
	const char *origin[METRIC_COUNT];
	bool warn[METRIC_COUNT]; /* enforce: warn for this gate */
};

void gate_limits_init(struct gate_limits *limits);

/* One gate as the verdict judges it; strings are borrowed. */
struct gate {
	const char *scenario;
	const char *endpoint; /* "total" or an endpoint's name */
	enum metric metric;
	double limit; /* NaN: configured as null, reported as not gated */
	const char *origin;
	bool warn;
};

#endif
