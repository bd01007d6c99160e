/*
 * A run: everything measured and judged, as result.json holds it.
 *
 * Plain data. Strings live in run->arena. Rates are fractions, latencies in
 * histograms are ns, other times in the unit their name says. NaN = no value.
 */
#ifndef PERFGATE_RESULTS_RUN_H
#define PERFGATE_RESULTS_RUN_H

#include "perfgate/base/arena.h"
#include "perfgate/config/gate.h"
#include "perfgate/ext/json.h"
#include "perfgate/results/histogram.h"
#include "perfgate/results/past.h"

#include <stdint.h>

/* Each request ends in exactly one class. */
enum request_class {
	CLASS_OK,
	CLASS_HTTP_ERROR, /* complete, unexpected status */
	CLASS_CHECK_FAILED, /* complete, expected status, wrong content */
	CLASS_TIMEOUT,
	CLASS_CONNECT_REFUSED,
	CLASS_RESET,
	CLASS_EMPTY_REPLY, /* closed before the first byte */
	CLASS_PARTIAL, /* closed in the middle */
	CLASS_MALFORMED,
	CLASS_HEADER_TOO_LARGE,
	CLASS_DNS,
	CLASS_TLS,
	CLASS_NETWORK_UNREACHABLE,
	CLASS_CANCELLED,
	CLASS_COUNT
};
extern const char *const request_class_names[CLASS_COUNT];

/* One part of Server-Timing ("db", "cache", "model"), durations in ns. */
struct timing_part {
	const char *name;
	struct histogram *histogram;
};

/*
 * One endpoint, judged requests only (warm-up and censored excluded).
 * `requests` == sum of `classes`. The latency histogram holds the requests
 * that succeeded (ok) and those that timed out (at their elapsed time): a
 * fast error would flatter a percentile, a dropped timeout too.
 */
struct endpoint_result {
	const char *name; /* "POST /predict/single" or "total" */
	uint64_t requests;
	uint64_t classes[CLASS_COUNT];
	uint64_t bytes_received, bytes_sent;
	struct histogram *latency; /* from the (intended) start */
	struct histogram *service; /* from the send */
	uint64_t cache_hits, cache_misses;
	struct timing_part *timings;
	size_t n_timings;
	const char *first_failure; /* "HTTP 503: pool exhausted" or NULL; as received, escape it */
};

/* One second of a scenario. Percentiles in ms, NaN without requests. */
struct interval {
	double t_s;
	bool warmup;
	uint32_t users;
	uint64_t requests, errors;
	double p50_ms, p95_ms, p99_ms;
	uint64_t cache_hits, cache_misses;
	double rss_bytes; /* of the target with its descendants; 0 = unknown */
};

enum invalid_by { INVALID_NOT, INVALID_OURS, INVALID_MACHINE };

/* Health of the generator. */
struct generator_health {
	double cpu_percent; /* of one core */
	struct histogram *scheduling_delay; /* wake-up lateness, ns */
	double max_stall_ms;
	double steal_percent, throttled_percent, pressure_percent; /* NaN when unknown */
	enum invalid_by invalid;
	const char *invalid_reason; /* figure and remedy; NULL when valid */
	bool limited; /* capacity: the generator was the limit: "at least N/s" */
	uint64_t reconnects; /* keep-alive connections that the server had closed */
	uint64_t censored; /* in flight at the end */
	uint64_t unsent; /* open model: arrivals that were due and never left */
};

struct target_health {
	double cpu_percent, rss_max_bytes; /* NaN when not our child */
};

/* A request of the uniform sample for requests.csv. */
struct request_sample {
	int64_t wall_ms; /* start, since the epoch */
	double elapsed_ms;
	uint32_t endpoint; /* index in scenario_result.endpoints */
	int status; /* 0 = none */
	enum request_class outcome;
	uint64_t bytes;
};

struct scenario_result {
	const char *name, *purpose;
	const char *follows; /* capacity phase of that scenario, or NULL */
	const char *suite_digest;
	uint32_t users; /* open model: at once, at most */
	bool open; /* requests arrive by a rate, whatever the server does */
	uint32_t workers; /* threads that sent; 0 = not known */
	double duration_s, warmup_s; /* planned */
	double judged_s; /* length of the judged window, measured */
	double planned_rps; /* NaN: no think time */
	double offered_rps; /* sent in the judged window per second */
	double throughput_rps; /* ok in the judged window per second */
	double speed_ms; /* of the machine, just before (load/speed.h); 0 = unknown */
	bool interrupted;
	const char *aborted; /* why abort_on: ended it early; NULL = it did not */
	struct endpoint_result *endpoints;
	size_t n_endpoints;
	struct endpoint_result total;
	struct interval *series;
	size_t n_series;
	struct generator_health generator;
	struct target_health target;
	const char *left_out; /* profiles without a user, "api_explorer"; NULL = none */
	/* heap, not in result.json; seen = how many requests the sample stands for */
	struct request_sample *samples;
	size_t n_samples;
};

enum outcome {
	OUTCOME_PASS,
	OUTCOME_FAIL,
	OUTCOME_INCONCLUSIVE,
	OUTCOME_UNMEASURED,
	OUTCOME_NOT_GATED,
	OUTCOME_SKIPPED,
	OUTCOME_COUNT
};
extern const char *const outcome_names[OUTCOME_COUNT];

/* What a cell was judged by. */
enum judged_by {
	JUDGED_BY_AB, /* side by side with a base */
	JUDGED_BY_HISTORY, /* accepted baselines (verdict/history.h) */
	JUDGED_BY_TREND, /* its own course over the scenario (verdict/drift.h) */
	JUDGED_BY_COUNT
};
extern const char *const judged_by_names[JUDGED_BY_COUNT];

/*
 * What a comparison found about a cell. Changes are those of the metric itself: 0.1 = 10 % more of
 * it; of error and hit rates 0.01 = one percentage point more. NaN = none.
 */
struct regression {
	enum judged_by by;
	const char *finding; /* "regression", "improved", "within_tolerance", "undecided" … */
	bool primary; /* the run passes only with proof for this cell */
	double change, low, high; /* with its 95 % interval */
	double tolerance; /* the change for the worse that is accepted, positive */
	double upper; /* worst change for the worse that the data leave possible; else NaN */
	double p; /* adjusted for all cells; NaN between looks */
	double detectable; /* smallest change for the worse found with a power of about .8 */
	uint32_t blocks; /* that counted */
	uint32_t baselines; /* history: past runs compared with */
	double bound; /* history: the worst change that is no alarm; else 0 */
	double per_hour; /* trend: slope in the metric's unit per hour; else 0 */
	const double *changes; /* by block in the order measured; NaN: did not count */
	size_t n_changes;
};

/* scenario x endpoint x metric. */
struct cell {
	const char *scenario, *endpoint;
	enum metric metric;
	const struct regression *regression; /* kind "regression"; NULL: a gate */
	double value; /* in the metric's unit; NaN = none */
	double limit; /* NaN = not gated */
	double baseline; /* NaN = none */
	double low, high; /* interval of the value; NaN = none */
	uint64_t n; /* requests or look-ups behind the value */
	bool at_least; /* capacity limited by the generator */
	bool warn; /* enforce: warn: never makes the run fail */
	enum outcome outcome;
	const char *reason; /* one sentence with figures */
	const char *origin; /* "ci_cd_config.yml:5", "ci_cd_config.yml of 1a2b3c4d5e6f:5" or NULL */
};

/* How base and head were compared side by side (A/B). */
struct comparison {
	const char *base; /* as asked for: "v1.2", "merge-base with main" */
	const char *base_commit, *head_commit; /* NULL outside git */
	const char *reason; /* how it ended, one sentence */
	const char *note; /* what its answer is worth less for; NULL = nothing */
	const char *order; /* by block that counts: 'b' the base went first, 'h' the head */
	uint64_t coin_seed;
	uint32_t blocks, spoiled; /* that count, that the machine spoiled */
	uint32_t planned; /* blocks until the last look */
	uint32_t look; /* at which it ended, from 1; 0 = between looks */
	double load_s, duration_s, budget_s;
};

struct verdict {
	enum outcome outcome;
	const char *reason; /* one sentence */
	struct cell *cells; /* order of judging */
	size_t n_cells;
};

struct run {
	struct arena arena;
	const char *run_id; /* hex, from time and entropy */
	const char *tool_version;
	const char *commit, *tree, *branch, *event; /* NULL outside git */
	const char *suite; /* scenarios asked for, "smoke+load", measured or not; NULL = unknown */
	const char *build_url; /* page of the CI run; NULL outside CI */
	const char *dashboard_url; /* GRAFANA_DASHBOARD_URL; NULL = none */
	bool dirty;
	int64_t started_wall_ns;
	double duration_s;
	bool interrupted;
	uint64_t seed;
	bool quick;
	const char *target; /* shown form: "reference", "http://host:port", the command */
	json_t *environment; /* object; "fingerprint" is among its members */
	const char *config_digest;
	const char *baseline_commit,
		*baseline_when; /* the baseline compared with; NULL = none yet */
	const char *baseline_note; /* why there is none, or which field differs */
	struct run_past past; /* the baselines in figures, for the reports */
	const struct comparison *comparison; /* NULL: none was made */
	struct scenario_result *scenarios; /* in order; heap array */
	size_t n_scenarios;
	struct verdict verdict;
};

/*
 * The file that an origin names, heap, and *line with its digits, borrowed; of a commit's file only
 * the name holds here, so that *line is NULL. NULL: it names no file.
 */
char *cell_origin_file(const char *origin, const char **line);

struct run *run_new(void);
void run_free(struct run *run);
DEFINE_AUTO(run, struct run *, run_free)

/* Append an empty scenario; the pointer is valid until the next call. */
struct scenario_result *run_add_scenario(struct run *run);
void scenario_result_release(struct scenario_result *scenario);
/* Allocates histograms. */
void endpoint_result_init(struct endpoint_result *endpoint, const char *name);
/* into += from: requests, classes, cache and latency. */
void endpoint_result_add(struct endpoint_result *into, const struct endpoint_result *from);
/* By name ("total" too), or NULL. */
const struct scenario_result *run_find(const struct run *run, const char *scenario);
const struct scenario_result *run_find_capacity(const struct run *run, const char *scenario);
const struct endpoint_result *scenario_endpoint(const struct scenario_result *scenario,
						const char *endpoint);
uint64_t endpoint_errors(const struct endpoint_result *endpoint);
/* The value of a metric (throughput: of `total` only), NaN when there is none. */
double endpoint_metric(const struct scenario_result *scenario,
		       const struct endpoint_result *endpoint, enum metric metric);

#endif
