/*
 * A worker: one thread, one epoll, its users, its results.
 *
 * The loop has two phases: first everything that arrived is read and stamped,
 * then everything that is due is sent, so that one user's sending is never
 * part of another's latency. Until the thread has been joined, the engine's
 * thread touches nothing but what is marked as shared.
 */
#ifndef PERFGATE_LOAD_WORKER_H
#define PERFGATE_LOAD_WORKER_H

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
	struct timer timer; /* end of the think time, or the request's time limit */
	struct exchange exchange;
	struct user_state user;
	struct user_state before; /* when the request under way was rendered first */
	const struct planned_profile *profile;
	const struct planned_task *task;
	const struct planned_request *request;
	struct strbuf body; /* kept for a check or for first_failure */
	int64_t due_ns; /* when the request should have left; 0 = at once */
	uint32_t number; /* from 0, global */
	uint32_t round; /* of the loop in which it became due */
	uint16_t step; /* of the task */
	uint8_t mode; /* enum session_mode */
	bool checks_body, expected_status;
};

enum worker_phase { WORKER_WARMUP, WORKER_JUDGED, WORKER_DRAINING, WORKER_DONE };

struct worker {
	/* Set by the engine. */
	const struct scenario *scenario;
	const struct load_options *options;
	const struct plan *plan;

	/* Shared. */
	int report_fd; /* eventfd: something was published */
	int wake_fd; /* eventfd: look at `stop` */
	atomic_int stop; /* 1 = drain, 2 = leave */
	pthread_mutex_t lock;
	struct load_progress published; /* under the lock */
	bool show; /* under the lock: `published` is for the live view */
	enum worker_phase phase; /* under the lock; the worker reads it freely */

	/* The worker's own. */
	struct collector collector;
	struct worker_health health;
	struct transport *transport;
	struct timers timers;
	struct session *sessions;
	uint32_t n_sessions, active; /* users wanted now */
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
	int64_t now_ns, begin_ns, end_ns, drain_end_ns, next_change_ns, next_second_ns;
	bool interrupted;
	uint64_t censored;
};

/* Makes a zeroed worker safe to release. */
void worker_prepare(struct worker *worker);
/* -1: no descriptors, ERROR_UNMEASURED. `suite` and `result` are for the collector. */
PG_MUST_CHECK int worker_init(struct worker *worker, const struct suite *suite,
			      const struct addresses *addresses, struct scenario_result *result,
			      struct arena *arena, struct error *err);
void worker_release(struct worker *worker);

/* The thread's function: struct worker *, returns NULL. */
void *worker_run(void *worker);

/* session.c, for worker.c: the user's side of struct transport_client, and its steps. */
void session_client(struct worker *worker, struct transport_client *out);
/* Let the next request of a user begin, due at `due_ns` (0: no schedule). */
void session_begin(struct worker *worker, struct session *session, int64_t due_ns);
/* Its timer went off. */
void session_timer(struct worker *worker, struct session *session);
/* The run is over for it; a request under way counts as censored. */
void session_stop(struct worker *worker, struct session *session);

#endif
