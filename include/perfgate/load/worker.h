/*
 * A worker: one thread, one epoll, its users, its results.
 *
 * Users are numbered globally; worker w of n has those whose number is w
 * modulo n, so that each sends the same whatever n is. In the open model
 * arrivals are numbered so, and each is a user; the sessions are what they use
 * while they are there, connection included.
 *
 * The loop has two phases: first everything that arrived is read and stamped,
 * then everything that is due is sent, so that one user's sending is never
 * part of another's latency. Until the thread has been joined, the engine's
 * thread touches nothing but what is marked as shared.
 */
#ifndef PERFGATE_LOAD_WORKER_H
#define PERFGATE_LOAD_WORKER_H

#include "perfgate/base/clock.h"
#include "perfgate/load/arrivals.h"
#include "perfgate/load/collect.h"
#include "perfgate/load/health.h"
#include "perfgate/load/plan.h"
#include "perfgate/load/timers.h"
#include "perfgate/load/transport.h"

#include <pthread.h>
#include <stdatomic.h>

enum session_mode {
	SESSION_RESTING, /* beyond the number of users, or the run is over */
	SESSION_THINKING,
	SESSION_BUSY, /* a request is queued or under way */
};

/* One virtual user. */
struct session {
	/* End of the think time; at work: no later than the request's time limit. */
	struct timer timer;
	struct exchange exchange;
	struct user_state user;
	struct user_state before; /* when the request under way was rendered first */
	const struct planned_profile *profile;
	const struct planned_task *task;
	const struct planned_request *request;
	struct strbuf body; /* kept for a check or for first_failure */
	int64_t due_ns; /* when the request should have left; 0 = at once */
	int64_t arrival_ns; /* open model, first request: when it was to start; else 0 */
	uint32_t number; /* from 0, global */
	uint32_t round; /* of the loop in which it became due */
	uint16_t step; /* of the task */
	uint8_t mode; /* enum session_mode */
	uint8_t starts_done; /* of the profile's starts */
	bool checks_body, expected_status;
	bool starting; /* the task is the next of those */
};

enum worker_phase { WORKER_WARMUP, WORKER_JUDGED, WORKER_DRAINING, WORKER_DONE };

struct worker {
	/* Set by the engine. */
	const struct scenario *scenario;
	const struct load_options *options;
	const struct plan *plan;
	const struct load_target *target;
	uint32_t index, count; /* this one, of so many */
	int report_fd; /* eventfd of the engine: something was published */
	int64_t begin_ns; /* when the scenario starts, for all workers */

	/* Shared. */
	int wake_fd; /* eventfd: look at `stop` */
	atomic_int stop; /* 1 = drain, 2 = leave */
	pthread_mutex_t lock;
	struct second *seconds; /* under the lock: those the engine has not taken yet */
	size_t n_seconds, seconds_capacity;
	struct histogram *spare; /* under the lock: empty, given back by the engine, or NULL */
	enum worker_phase phase; /* under the lock; the worker reads it freely */

	/* The worker's own. */
	struct arena arena;
	struct scenario_result result;
	struct collector collector;
	struct worker_health health;
	struct transport *transport;
	struct timers timers;
	struct session *sessions;
	uint32_t n_sessions;
	uint32_t active; /* users wanted now, of all workers */
	bool unhurried; /* closed model, and every user thinks for long after each task */
	/* Open model: the next arrival, and the sessions that none has, the last used on top. */
	struct arrivals arrivals;
	uint64_t arrival_number;
	int64_t arrival_ns; /* INT64_MAX: no more */
	struct session **idle;
	uint32_t n_idle;
	int64_t idle_since_ns; /* since then there is always one */
	uint32_t busiest, busiest_of_second; /* sessions with an arrival, at most */
	uint64_t unsent; /* arrivals */
	struct session **ready; /* to begin in this round */
	uint32_t n_ready, in_flight;
	uint32_t round;
	struct check_sample {
		uint64_t requests;
		bool failed; /* once: from then on every body is looked into */
	} * checks; /* by endpoint */
	struct rendered_request rendered;
	struct strbuf message;
	char why[256]; /* of the failure that is recorded */
	int epoll_fd, timer_fd;
	int64_t now_ns, end_ns, drain_end_ns, next_change_ns, next_second_ns;
	bool interrupted;
	uint64_t censored;
};

/* Makes a zeroed worker safe to release. */
void worker_prepare(struct worker *worker);
/* -1: no descriptors, ERROR_UNMEASURED. `suite` is for the collector. */
PG_MUST_CHECK int worker_init(struct worker *worker, const struct suite *suite,
			      const struct addresses *addresses, struct error *err);
void worker_release(struct worker *worker);

/* From the engine's thread: what was handed over since the last call (heap array) … */
struct second *worker_take_seconds(struct worker *worker, size_t *out_n,
				   enum worker_phase *out_phase);
/* … and a histogram for the worker to use again. */
void worker_give_back(struct worker *worker, struct histogram *latency);
/* From the engine's thread: 1 = drain, 2 = leave; a lower one than before does nothing. */
void worker_stop(struct worker *worker, int how);

/* The thread's function: struct worker *, returns NULL. */
void *worker_run(void *worker);

/*
 * Users who think at least THINK_LONG_NS are woken on a grid of THINK_GRID_NS, and what is
 * answered meanwhile is read with them: each wake-up from idle costs more than a request.
 */
#define THINK_GRID_NS NS_PER_MS
#define THINK_LONG_NS (100 * THINK_GRID_NS)

/* session.c, for worker.c: the user's side of struct transport_client, and its steps. */
void session_client(struct worker *worker, struct transport_client *out);
/* Let the next request of a user begin, due at `due_ns` (0: no schedule). */
void session_begin(struct worker *worker, struct session *session, int64_t due_ns);
/* Open model: an idle session becomes the user of an arrival; `waited`: for a session. */
void session_arrive(struct worker *worker, struct session *session, uint64_t number,
		    int64_t arrival_ns, bool waited);
/* Its timer went off. */
void session_timer(struct worker *worker, struct session *session);
/* The run is over for it; a request under way counts as censored. */
void session_stop(struct worker *worker, struct session *session);

#endif
