/*
 * The plan: what the users of a scenario send, prepared once.
 *
 * Per request: the constant text of its HTTP/1.1 message, or the whole
 * message when nothing in it varies. Per profile (or for the mix): the tasks to
 * draw from. Read-only while users run, so that workers can share it.
 */
#ifndef PERFGATE_LOAD_PLAN_H
#define PERFGATE_LOAD_PLAN_H

#include "perfgate/load/engine.h"

struct planned_request {
	const struct request *request;
	size_t endpoint;
	int64_t timeout_ns;
	int64_t think_min_ns, think_span_ns; /* pause before the next step, scaled */
	const struct capture_rules *captures; /* NULL: none */
	bool answers_head; /* HEAD */
	bool expects_body; /* has something to check in a body */
	bool own_cookie; /* writes a Cookie header itself */
	bool captured_target; /* may begin with the prefix already */
	bool sends_length; /* Content-Length even for an empty body */
	char *start; /* "POST /prefix" */
	const char *prefix; /* its end: "/prefix" or "" */
	char *common; /* " HTTP/1.1\r\nHost: …\r\n…", between target and own headers */
	char *fixed; /* whole message, or NULL when it varies */
	size_t fixed_length;
};

struct planned_task {
	struct planned_request *steps;
	size_t n_steps;
	bool captures; /* some step does */
};

struct planned_choice {
	const struct planned_task *task;
	double up_to; /* cumulative weight; the last is 1 */
	uint8_t start; /* which of the profile's starts its captures come from, from 1; 0 = none */
	bool cookies;
};

/* What a user does first. */
struct planned_start {
	const struct planned_task *task;
	bool cookies;
};

/* What one kind of user draws from. */
struct planned_profile {
	struct planned_choice *choices;
	size_t n_choices;
	struct planned_start *starts; /* in this order */
	size_t n_starts;
	int64_t wait_min_ns, wait_span_ns; /* think time, scaled */
};

struct plan {
	struct planned_task *tasks;
	size_t n_tasks;
	struct planned_profile *profiles; /* one when the scenario has a mix */
	size_t n_profiles;
	uint16_t *profile_of; /* by user, or by arrival: number i has that of i % n_profile_of */
	size_t n_profile_of;
	uint16_t *worker_of; /* by user, or by arrival, in the same way; see plan_deal() */
	size_t n_captures; /* names of captured values */
};

void plan_init(struct plan *plan, const struct suite *suite, const struct scenario *scenario,
	       const struct load_target *target, const struct load_options *options);
void plan_release(struct plan *plan);

/*
 * Deal users (or arrivals) to `workers`, one profile after the other: each worker has its share of
 * every profile and of all, but for one. What a user sends does not depend on it.
 */
void plan_deal(struct plan *plan, uint32_t workers);

/* The next task of a user, by its own generator. */
const struct planned_choice *plan_draw(const struct planned_profile *profile, struct rng *rng);
int64_t plan_think_ns(const struct planned_profile *profile, struct rng *rng);
/* The pause after a step that is not the last; draws nothing when it is always the same. */
int64_t plan_step_think_ns(const struct planned_request *request, struct rng *rng);

/*
 * The message of a request as `user` sends it now: borrowed from the plan, or
 * written to *message (cleared first); `rendered` is scratch.
 */
struct plan_bytes {
	const char *bytes;
	size_t length;
} plan_message(const struct planned_request *planned, struct user_state *user,
	       struct rendered_request *rendered, struct strbuf *message);

#endif
