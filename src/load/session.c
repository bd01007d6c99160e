/* A virtual user: draw a task, send, look at the answer, keep what it captures, think. */
#include "perfgate/base/units.h"
#include "perfgate/load/worker.h"
#include "perfgate/scenario/capture.h"

#include <stdio.h>
#include <string.h>

#define CHECK_EVERY 20
#define CHECKED_BODY_MAX ((size_t)16 << 20)
#define SHOWN_BODY_BYTES ((size_t)120)
/* Without think time a dead server would be dialed in a busy loop. */
#define PAUSE_AFTER_FAILURE_NS (100 * NS_PER_MS)
#define PAUSE_AFTER_SHORTAGE_NS NS_PER_S

static struct session *session_of(struct exchange *exchange)
{
	return (struct session *)((char *)exchange - offsetof(struct session, exchange));
}

static void forget_body(struct session *session)
{
	strbuf_release(&session->body);
}

static void rest(struct worker *worker, struct session *session)
{
	timers_clear(&worker->timers, &session->timer);
	worker->transport->ops->drop(worker->transport, &session->exchange);
	forget_body(session);
	session->mode = SESSION_RESTING;
	session->task = NULL;
	session->arrival_ns = 0;
	/* The user is gone; who comes in its place starts anew. */
	captures_free(TAKE(session->user.captures));
	session->starts_done = 0;
}

static bool is_wanted(const struct worker *worker, const struct session *session)
{
	return worker->phase < WORKER_DRAINING && session->number < worker->active;
}

/*
 * A sample is enough while all is well. Once a body was wrong, every body of that
 * endpoint is checked, or the error rate would be a twentieth of the truth.
 */
static bool wants_check(struct worker *worker, const struct planned_request *request)
{
	struct check_sample *sample = &worker->checks[request->endpoint];
	if (!request->expects_body)
		return false;
	return sample->requests++ % CHECK_EVERY == 0 || sample->failed ||
	       worker->options->check_all;
}

/* What on_start: asks for comes first, then what the profile draws. */
static void choose_task(const struct worker *worker, struct session *session)
{
	const struct planned_profile *profile = session->profile;
	struct user_state *user = &session->user;
	size_t start = session->starts_done + (size_t)1;
	session->step = 0;
	session->starting = session->starts_done < profile->n_starts;
	if (session->starting) {
		session->task = profile->starts[session->starts_done];
	} else {
		const struct planned_choice *choice = plan_draw(profile, &user->rng);
		session->task = choice->task;
		start = choice->start;
	}
	if (session->task->captures && !user->captures)
		user->captures = captures_new(worker->plan->n_captures, profile->n_starts);
	if (!user->captures)
		return;
	if (session->starting)
		captures_begin_start(user->captures, start);
	else
		captures_begin_journey(user->captures, start);
}

void session_begin(struct worker *worker, struct session *session, int64_t due_ns)
{
	if (!is_wanted(worker, session)) {
		rest(worker, session);
		return;
	}
	if (!session->task)
		choose_task(worker, session);
	const struct planned_request *request = &session->task->steps[session->step];
	session->request = request;
	session->before = session->user;
	session->due_ns = due_ns;
	session->round = worker->round;
	session->mode = SESSION_BUSY;
	session->expected_status = false;
	session->checks_body = wants_check(worker, request);
	session->exchange.answers_head = request->answers_head;
	worker->transport->ops->start(worker->transport, &session->exchange);
}

void session_arrive(struct worker *worker, struct session *session, uint64_t number,
		    int64_t arrival_ns, bool waited)
{
	const struct plan *plan = worker->plan;
	user_state_init(&session->user, worker->options->seed, number + 1);
	session->profile = &plan->profiles[plan->profile_of[number % plan->n_profile_of]];
	session->starts_done = 0;
	session->task = NULL;
	session->arrival_ns = arrival_ns;
	collect_due(&worker->collector, arrival_ns);
	/* That all users were busy is not the lateness of our loop. */
	session_begin(worker, session, waited ? 0 : arrival_ns);
}

/* What the arrival came for is done, or has failed. */
static void leave(struct worker *worker, struct session *session)
{
	if (!is_wanted(worker, session)) {
		rest(worker, session);
		return;
	}
	captures_free(TAKE(session->user.captures));
	session->mode = SESSION_RESTING;
	session->task = NULL;
	session->arrival_ns = 0;
	if (worker->n_idle == 0)
		worker->idle_since_ns = worker->now_ns;
	worker->idle[worker->n_idle++] = session;
}

/* When a request counts as begun: in the open model as scheduled, however late it left. */
static int64_t start_of(const struct session *session)
{
	return session->arrival_ns > 0 ? session->arrival_ns : session->exchange.start_ns;
}

/* Until when the request under way must be answered. */
static int64_t deadline_of(const struct session *session)
{
	return session->exchange.start_ns + session->request->timeout_ns;
}

static struct plan_bytes on_message(struct exchange *exchange, void *arg)
{
	struct worker *worker = arg;
	struct session *session = session_of(exchange);
	/* A second try sends the same message again. */
	session->user = session->before;
	return plan_message(session->request, &session->user, &worker->rendered, &worker->message);
}

static void on_started(struct exchange *exchange, void *arg)
{
	struct worker *worker = arg;
	struct session *session = session_of(exchange);
	worker->in_flight++;
	/* One that goes off too early is set again then: cheaper than moving it every time. */
	if (session->timer.place == 0 || deadline_of(session) < session->timer.due_ns)
		timers_set(&worker->timers, &session->timer, deadline_of(session));
	collect_started(&worker->collector, exchange->start_ns);
	if (session->arrival_ns > 0)
		collect_arrived(&worker->collector, exchange->start_ns);
	/* Who waited for a place to dial was late on purpose. */
	if (session->due_ns == 0 || session->round != worker->round ||
	    worker->phase != WORKER_JUDGED)
		return;
	int64_t delay_ns = exchange->start_ns - session->due_ns;
	histogram_record(worker->health.scheduling_delay, delay_ns > 0 ? (uint64_t)delay_ns : 0);
}

static void capture_headers(struct session *session, const struct http1_head *head)
{
	const struct capture_rules *rules = session->request->captures;
	struct captures *captures = session->user.captures;
	struct http1_field value;
	captures_begin_answer(captures, rules);
	for (size_t i = 0; i < rules->n; i++) {
		const struct capture_rule *rule = &rules->items[i];
		if (rule->header && http1_find_header(head, rule->header, &value))
			captures_take_header(captures, rule, value.text, value.length);
	}
}

static void on_head(struct exchange *exchange, const struct http1_head *head, void *arg)
{
	struct worker *worker = arg;
	struct session *session = session_of(exchange);
	size_t endpoint = session->request->endpoint;
	const struct capture_rules *captures = session->request->captures;
	session->expected_status = request_expects_status(session->request->request, head->status);
	session->body.max_bytes = 0;
	if (session->expected_status) {
		collect_head(&worker->collector, endpoint, start_of(session), head);
		if (captures)
			capture_headers(session, head);
		if (session->checks_body || (captures && captures->json))
			session->body.max_bytes = CHECKED_BODY_MAX;
	} else if (!worker->collector.result->endpoints[endpoint].first_failure) {
		session->body.max_bytes = SHOWN_BODY_BYTES;
	}
}

static void on_body(struct exchange *exchange, const char *bytes, size_t length, void *arg)
{
	struct session *session = session_of(exchange);
	(void)arg;
	if (session->body.max_bytes > 0)
		strbuf_append(&session->body, bytes, length);
}

static enum request_class check_body(struct worker *worker, struct session *session)
{
	char why[sizeof worker->why - 32];
	struct check_sample *sample = &worker->checks[session->request->endpoint];
	if (request_check_body(session->request->request, strbuf_text(&session->body),
			       session->body.length, why, sizeof why))
		return CLASS_OK;
	snprintf(worker->why, sizeof worker->why, "check failed: %s", why);
	sample->failed = true;
	return CLASS_CHECK_FAILED;
}

/* What an answer of the expected status says: checked, and searched for what to capture. */
static enum request_class look_into(struct worker *worker, struct session *session)
{
	const struct capture_rules *rules = session->request->captures;
	if (session->body.overflow) {
		snprintf(worker->why, sizeof worker->why, "the body is too long to be checked");
		return CLASS_CHECK_FAILED;
	}
	if (session->checks_body && check_body(worker, session) != CLASS_OK)
		return CLASS_CHECK_FAILED;
	if (!rules || captures_take_body(session->user.captures, rules, strbuf_text(&session->body),
					 session->body.length, worker->why, sizeof worker->why))
		return CLASS_OK;
	return CLASS_CHECK_FAILED;
}

/* The class of a request, and its text in worker->why. */
static enum request_class classify(struct worker *worker, struct session *session,
				   const struct exchange_end *end)
{
	worker->why[0] = '\0';
	if (end->outcome != CLASS_OK) {
		snprintf(worker->why, sizeof worker->why, "%s%s%s",
			 request_class_names[end->outcome], end->why ? ": " : "",
			 end->why ? end->why : "");
		return end->outcome;
	}
	if (session->expected_status)
		return look_into(worker, session);
	const char *body = strbuf_text(&session->body);
	snprintf(worker->why, sizeof worker->why, "HTTP %d%s%s", end->status, *body ? ": " : "",
		 body);
	return CLASS_HTTP_ERROR;
}

static void record(struct worker *worker, struct session *session, enum request_class outcome,
		   const struct exchange_end *end)
{
	const struct exchange *exchange = &session->exchange;
	struct finished_request finished = {
		.endpoint = session->request->endpoint,
		.outcome = outcome,
		.status = end->status,
		.start_ns = start_of(session),
		.send_ns = exchange->send_ns,
		.end_ns = end->at_ns,
		.bytes_sent = exchange->bytes_sent,
		.bytes_received = exchange->bytes_received,
		.why = worker->why[0] ? worker->why : NULL,
	};
	collect_finished(&worker->collector, &finished);
}

static void wait_until(struct worker *worker, struct session *session, int64_t due_ns)
{
	session->mode = SESSION_THINKING;
	timers_set(&worker->timers, &session->timer, due_ns);
}

/*
 * When a think time ends that began at `from_ns`. Users who are due within the same step of the
 * grid are woken together. To the nearest step, not to the next: the think times keep their
 * mean, and none is off by more than half a step, 0.5 % of the shortest. Latency begins at the
 * send and is not touched. Workers have grids of their own, so that they do not all send at once.
 */
static int64_t end_of_think(const struct worker *worker, int64_t from_ns, int64_t think_ns)
{
	int64_t due_ns = from_ns + think_ns;
	if (think_ns < THINK_LONG_NS)
		return due_ns;
	int64_t offset_ns = THINK_GRID_NS * worker->index / worker->count;
	int64_t steps = (due_ns - offset_ns + THINK_GRID_NS / 2) / THINK_GRID_NS;
	return steps * THINK_GRID_NS + offset_ns;
}

static bool no_connection(enum request_class outcome)
{
	return outcome == CLASS_CONNECT_REFUSED || outcome == CLASS_NETWORK_UNREACHABLE ||
	       outcome == CLASS_RESET || outcome == CLASS_EMPTY_REPLY;
}

/* After a step: how long until the next one, or the next task. */
static int64_t pause_ns(struct session *session, enum request_class outcome)
{
	struct rng *rng = &session->user.rng;
	if (outcome == CLASS_OK && session->step + 1u < session->task->n_steps) {
		session->step++;
		return plan_step_think_ns(session->request, rng);
	}
	session->task = NULL;
	/* Without what on_start: brings the tasks make no sense: it is tried again. */
	if (session->starting && outcome == CLASS_OK) {
		session->starts_done++;
		return 0;
	}
	return plan_think_ns(session->profile, rng);
}

/* After the end at `at_ns`: the next request of the task, or a think time and the next task. */
static void continue_user(struct worker *worker, struct session *session,
			  enum request_class outcome, int64_t at_ns)
{
	int64_t think_ns = pause_ns(session, outcome);
	forget_body(session);
	session->arrival_ns = 0;
	if (worker->scenario->open && !session->task &&
	    !(session->starting && outcome == CLASS_OK)) {
		leave(worker, session);
		return;
	}
	if (no_connection(outcome) && think_ns < PAUSE_AFTER_FAILURE_NS)
		think_ns = PAUSE_AFTER_FAILURE_NS;
	if (!is_wanted(worker, session)) {
		rest(worker, session);
	} else if (think_ns > 0) {
		wait_until(worker, session, end_of_think(worker, at_ns, think_ns));
	} else {
		session->mode = SESSION_THINKING;
		worker->ready[worker->n_ready++] = session;
	}
}

static void on_done(struct exchange *exchange, const struct exchange_end *end, void *arg)
{
	struct worker *worker = arg;
	struct session *session = session_of(exchange);
	if (exchange->start_ns > 0)
		worker->in_flight--;
	if (end->own_errno) {
		worker->health.own_failures++;
		if (!worker->health.own_errno)
			worker->health.own_errno = end->own_errno;
		if (worker->scenario->open) {
			worker->unsent += session->arrival_ns > 0;
			leave(worker, session);
			return;
		}
		wait_until(worker, session, clock_now_ns() + PAUSE_AFTER_SHORTAGE_NS);
		return;
	}
	enum request_class outcome = classify(worker, session, end);
	record(worker, session, outcome, end);
	continue_user(worker, session, outcome, end->at_ns);
}

static void time_out(struct worker *worker, struct session *session)
{
	char limit[UNITS_TEXT_SIZE];
	struct exchange_end end = {.outcome = CLASS_TIMEOUT,
				   .status = session->exchange.response.status,
				   .at_ns = deadline_of(session)};
	units_format_duration(session->request->timeout_ns, limit);
	snprintf(worker->why, sizeof worker->why, "timeout: no complete answer within %s", limit);
	worker->transport->ops->drop(worker->transport, &session->exchange);
	worker->in_flight--;
	record(worker, session, CLASS_TIMEOUT, &end);
	continue_user(worker, session, CLASS_TIMEOUT, end.at_ns);
}

void session_timer(struct worker *worker, struct session *session)
{
	int64_t due_ns = session->timer.due_ns;
	bool under_way = session->mode == SESSION_BUSY && session->exchange.start_ns > 0;
	if (under_way && due_ns < deadline_of(session)) {
		timers_set(&worker->timers, &session->timer, deadline_of(session));
		return;
	}
	timers_clear(&worker->timers, &session->timer);
	if (under_way)
		time_out(worker, session);
	else if (session->mode == SESSION_THINKING)
		session_begin(worker, session, due_ns);
}

void session_stop(struct worker *worker, struct session *session)
{
	if (session->mode == SESSION_BUSY && session->exchange.start_ns > 0) {
		worker->censored++;
		worker->in_flight--;
	} else if (session->mode == SESSION_BUSY && session->arrival_ns > 0) {
		worker->unsent++;
	}
	rest(worker, session);
}

void session_client(struct worker *worker, struct transport_client *out)
{
	*out = (struct transport_client){
		.message = on_message,
		.started = on_started,
		.head = on_head,
		.body = on_body,
		.done = on_done,
		.arg = worker,
	};
}
