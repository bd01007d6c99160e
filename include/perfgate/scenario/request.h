/*
 * Requests: compiled once, rendered per send.
 *
 * A compiled request has fixed text and slots (`${choice(1, 3)}`,
 * `${site.lat}`; substitute.h and functions.h, explained to users in
 * templates/config/suite.yml). Rendering writes into the caller's buffers,
 * which keep their memory: no allocation per request in steady state. All
 * randomness comes from the user's own generator, so a user sends the same
 * requests in the same order whatever else happens.
 */
#ifndef PERFGATE_SCENARIO_REQUEST_H
#define PERFGATE_SCENARIO_REQUEST_H

#include "perfgate/base/rng.h"
#include "perfgate/base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What one virtual user carries; see user_state_init(). Small: 500 of them are nothing. What it
 * captured is apart (capture.h).
 */
struct user_state {
	struct rng rng;
	uint64_t id; /* 1-based, global */
	uint64_t sequence; /* requests rendered so far by this user */
	struct captures *captures; /* NULL until a step captures; its owner's to free */
};

void user_state_init(struct user_state *user, uint64_t seed, uint64_t id);

struct request;
struct capture_rules;

/* "POST /predict/single": method and path template without query; the endpoint's name. */
const char *request_name(const struct request *request);
const char *request_method(const struct request *request);
/* Index of the endpoint (requests of the same name share one), < suite.n_endpoints. */
size_t request_endpoint(const struct request *request);
/* Own time limit in ns; 0 = the scenario's. */
int64_t request_timeout_ns(const struct request *request);
/* Pause before the next step of a journey; 0 and 0 without. */
void request_think(const struct request *request, int64_t *out_min_ns, int64_t *out_max_ns);
/* What its answer is searched for. */
const struct capture_rules *request_captures(const struct request *request);
/* The path begins with a captured value, which may hold the target's own prefix already. */
bool request_target_is_captured(const struct request *request);
/* True when nothing varies: target, headers and body are the same each time. */
bool request_is_fixed(const struct request *request);

/* The parts of one HTTP request, ready for any transport. */
struct rendered_request {
	struct strbuf target; /* "/items?id=1": begins with '/', no CR, LF or space */
	struct strbuf headers; /* "Name: value\r\n"…, without Host, Content-Length, Connection */
	struct strbuf body; /* may be empty */
};
void rendered_request_release(struct rendered_request *rendered);

/* Clears and fills *out; advances user->sequence. */
void request_render(const struct request *request, struct user_state *user,
		    struct rendered_request *out);

/* `expect.status`: default any 2xx. */
bool request_expects_status(const struct request *request, int status);

/* Does it look into bodies? (expect.json given) */
bool request_expects_body(const struct request *request);

/*
 * Check a complete body against expect.json: `risk_score: 0..1`, equality,
 * `type: string` …; false with the reason ("risk_score: 1.4 is not in 0..1").
 */
bool request_check_body(const struct request *request, const char *body, size_t length, char *why,
			size_t why_size);

#endif
