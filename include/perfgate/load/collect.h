/*
 * What a worker records: everything of struct scenario_result but series and
 * health. Each worker has a collector of its own; they are merged after the
 * join, their seconds while they run (series.h).
 *
 * A request is judged when it starts after the warm-up and ends; those that
 * start in the warm-up appear in the series only. Throughput counts the
 * completions inside the window, whenever they started, so that the edges
 * cancel out.
 */
#ifndef PERFGATE_LOAD_COLLECT_H
#define PERFGATE_LOAD_COLLECT_H

#include "perfgate/load/engine.h"
#include "perfgate/load/http1.h"

#define COLLECT_SAMPLES_MAX 10000
#define COLLECT_TIMINGS_MAX 16
#define COLLECT_TIMING_NAME_MAX 32

/* A request that ended. */
struct finished_request {
	size_t endpoint;
	enum request_class outcome;
	int status;
	int64_t start_ns, send_ns, end_ns; /* send_ns 0: never sent */
	uint64_t bytes_sent, bytes_received;
	const char *why; /* for first_failure; NULL: by class */
};

/* A second that is over, as one worker saw it. */
struct second {
	struct interval interval; /* without percentiles: they come from all workers */
	struct histogram *latency; /* of what ended in it */
	bool draining; /* nothing was sent any more: not worth a line when empty */
};

struct collector {
	/* Endpoints and samples are filled, of the total only first_failure until the end. */
	struct scenario_result *result;
	struct arena *arena;
	int64_t begin_ns, warmup_end_ns, send_end_ns; /* the last moves when a run is stopped */
	int64_t wall_offset_ns; /* wall clock - monotonic, for samples */
	struct rng rng; /* of the sample */
	uint64_t judged; /* requests: what the sample stands for */
	uint64_t sent_in_window, ok_in_window;
	uint64_t arrivals_due, arrivals_sent; /* open model, in the window */
	struct interval interval; /* the second that runs */
	struct histogram *interval_latency;
	int64_t interval_begin_ns;
};

/* `result` is zeroed; endpoints by suite->endpoint_names. Each worker has its own `stream`. */
void collect_init(struct collector *collector, const struct suite *suite,
		  struct scenario_result *result, struct arena *arena, uint64_t seed,
		  uint64_t stream);
void collect_release(struct collector *collector);

/* The clock starts: the first interval begins. */
void collect_begin(struct collector *collector, int64_t begin_ns, int64_t warmup_end_ns,
		   int64_t send_end_ns);

bool collect_judges(const struct collector *collector, int64_t start_ns);
void collect_started(struct collector *collector, int64_t start_ns);
/* Open model: an arrival was due, its first request was sent. */
void collect_due(struct collector *collector, int64_t due_ns);
void collect_arrived(struct collector *collector, int64_t sent_ns);
/* Server-Timing and X-Cache of an answer with the expected status. */
void collect_head(struct collector *collector, size_t endpoint, int64_t start_ns,
		  const struct http1_head *head);
void collect_finished(struct collector *collector, const struct finished_request *request);

/* Close the second that runs; `out->latency` is empty and taken in exchange. */
void collect_second(struct collector *collector, int64_t now_ns, uint32_t users,
		    struct second *out);

/*
 * into += from, losslessly; the sample stays a uniform one of both. Of a
 * collector that collect_end() has not seen.
 */
void collect_merge(struct collector *into, const struct collector *from);

/* The total of the endpoints and the rates, when all users are done and merged. */
void collect_end(struct collector *collector);

#endif
