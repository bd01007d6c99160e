/*
 * The suite: profiles, tasks and scenarios, resolved and checked.
 *
 * The built-in suite is templates/config/suite.yml, in the syntax of the
 * user's own sections. Everything lives until suite_free().
 */
#ifndef PERFGATE_SCENARIO_SUITE_H
#define PERFGATE_SCENARIO_SUITE_H

#include "perfgate/base/error.h"
#include "perfgate/config/gate.h"
#include "perfgate/config/settings.h"
#include "perfgate/scenario/request.h"

struct place;

/*
 * A task: one request, or a journey of several. A step that does not come out well (its captures
 * included) ends the journey.
 */
struct task {
	const char *name;
	const struct request **requests;
	size_t n_requests;
	bool captures; /* some step does */
	uint32_t gives, needs; /* captured names: by its steps; by on_start: before it */
	const struct place *needed_at; /* by name index, for errors; NULL: needs none */
};

struct task_weight {
	const struct task *task;
	double weight; /* > 0; normalised: the weights of a profile or mix add up to 1 */
	const struct task *on_start; /* of its profile; NULL: none */
};

struct profile {
	const char *name;
	double weight; /* > 0, as written (40) */
	int64_t wait_min_ns, wait_max_ns; /* think time between tasks, uniform */
	struct task_weight *tasks;
	size_t n_tasks;
	/*
	 * Done by each user before its first task, again until it succeeds; NULL: none. A user of
	 * a mix does those of all profiles.
	 */
	const struct task *on_start;
};

/*
 * `level` is reached linearly over ramp_ns (0 = at once), then held until duration_ns is over:
 * users, or arrivals per second when the scenario is open. Users without `ramp:` take
 * |change of users| / spawn_rate; when that is longer than the stage, the ramp fills it and
 * `level` is what it reaches by then.
 */
struct stage {
	double level;
	int64_t ramp_ns; /* <= duration_ns */
	int64_t duration_ns; /* > 0, ramp included */
};

/* Gaps between arrivals: exponential, or all the same. */
enum arrival { ARRIVAL_POISSON, ARRIVAL_EVEN };

struct scenario {
	const char *name; /* "smoke"; "smoke-capacity" for the phase behind it */
	const char *purpose;
	const char *follows; /* capacity: the scenario it belongs to; else NULL */
	size_t users; /* most users at any time; open: max_users */
	/*
	 * Open model (`rate:`): each arrival is a user of its own that does one task, on_start:
	 * before it, and goes. How many are there at once is bounded by `users`.
	 */
	bool open;
	enum arrival arrival;
	struct stage *stages;
	size_t n_stages;
	int64_t duration_ns; /* sum of the stages, warm-up included */
	/*
	 * Measured and shown, not judged: as written, else 10 % of the duration, at most 30 s; but
	 * the whole first ramp when that is longer and at most half of the scenario.
	 */
	int64_t warmup_ns;
	int64_t pause_ns; /* quiet before the next scenario; none before its capacity phase */
	int64_t timeout_ns; /* per request */
	double think_scale; /* 1 = as written; 0 = no think time */
	/* abort_on: end the scenario when this share of requests failed for so long; NaN: never. */
	double abort_error_rate;
	int64_t abort_window_ns; /* whole seconds */
	/* The mix to draw from instead of the profiles; NULL: by profile. Used by capacity. */
	struct task_weight *mix;
	size_t n_mix;
	struct gate_limits own_gates; /* built-in own values (stress 3000 ms …) */
	struct gate_limits user_gates; /* the user's `gates:` */
	struct endpoint_gates {
		const char *endpoint;
		struct gate_limits limits;
	} * endpoints;
	size_t n_endpoints;
};

struct suite {
	struct profile *profiles;
	size_t n_profiles;
	struct task *tasks;
	size_t n_tasks;
	struct scenario *scenarios;
	size_t n_scenarios;
	const char **endpoint_names; /* by request_endpoint() */
	size_t n_endpoints;
	size_t n_captures; /* names of captured values */
	struct suite_store *store; /* private */
};

struct suite_options {
	bool quick; /* 20 s, think / 10, all users at once, 2 s warm-up, no pause */
	double duration_scale; /* 1 (or 0) = as written; durations, ramps, warm-ups and pauses */
};

/* Build from the built-in suite and the settings' sections; ERROR_USAGE with position. */
PG_MUST_CHECK int suite_load(const struct settings *settings, const struct suite_options *options,
			     struct suite **out, struct error *err);
void suite_free(struct suite *suite);
DEFINE_AUTO(suite, struct suite *, suite_free)

/* By name, suffix _test ignored; NULL with a suggestion in *err when unknown. */
const struct scenario *suite_find(const struct suite *suite, const char *name, struct error *err);

/*
 * Profile of each of `users` users by largest remainder of the weights (ties: the
 * earlier profile); out[i] < n_profiles. Users are interleaved: a ramp keeps the proportions.
 */
void suite_assign_profiles(const struct suite *suite, size_t users, size_t *out);

/*
 * Requests per second that the scenario's users offer between warm-up and end when answers cost no
 * time (users: their mean over the stages); infinite without think time. A journey counts with
 * its steps and the pauses between them; on_start: does not count, once per user as it is. Open
 * model: the mean rate of arrivals times the steps of on_start: and a task.
 */
double suite_planned_rps(const struct suite *suite, const struct scenario *scenario);

/*
 * The capacity phase behind `scenario` (same users, no think time, the paced
 * mix by endpoint shares), or NULL when the scenario has no think time
 * or its planned rate is at least 1.25 x min_throughput or throughput is not gated. The suite
 * owns it.
 */
const struct scenario *suite_capacity(struct suite *suite, const struct scenario *scenario,
				      double min_throughput);

/*
 * A slot of an A/B comparison: the mix of the capacity phase by at most `users_max` users, without
 * warm-up, for `duration_ns` times the scale of durations. The suite owns it.
 */
const struct scenario *suite_slot(struct suite *suite, const struct scenario *scenario,
				  size_t users_max, int64_t duration_ns);
/* The share of a slot's requests that go to an endpoint, on_start: apart. */
double suite_endpoint_share(const struct scenario *slot, size_t endpoint);

/*
 * The gates that hold for a scenario: user's scenarios > built-in own >
 * LOAD_TEST_TARGET_* > performance_gates; endpoint gates behind. A built-in own value stands in
 * for a global or LOAD_TEST_TARGET_ limit: where neither gates the metric, it does not either. A
 * limit of NaN was configured as null. Heap array; free().
 */
struct gate *suite_gates(const struct suite *suite, const struct scenario *scenario,
			 const struct settings *settings, size_t *out_count);

/*
 * sha256 over profiles, tasks, data, stages and durations of this scenario, hex. Of tasks the text
 * counts, so that neither the day nor the value of ${env(…)} changes it.
 */
void suite_digest(const struct suite *suite, const struct scenario *scenario, char *out);

#endif
