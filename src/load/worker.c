#include "perfgate/load/worker.h"

#include "perfgate/load/pacer.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define DRAIN_MAX_NS (5 * NS_PER_S)

void worker_prepare(struct worker *worker)
{
	worker->epoll_fd = worker->timer_fd = worker->health.schedstat_fd = -1;
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&worker->lock, NULL);
}

/* How many of the first `users` users are this worker's. */
static uint32_t own_part(const struct worker *worker, uint32_t users)
{
	return users > worker->index ? (users - worker->index - 1) / worker->count + 1 : 0;
}

/* Without a pause between tasks a user's next request would wait for our reading. */
static bool is_unhurried(const struct scenario *scenario, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_profiles; i++) {
		if (plan->profiles[i].wait_min_ns < THINK_LONG_NS)
			return false;
	}
	return !scenario->open;
}

int worker_init(struct worker *worker, const struct suite *suite, const struct addresses *addresses,
		struct error *err)
{
	const struct plan *plan = worker->plan;
	struct transport_client client;
	health_init(&worker->health);
	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (worker->epoll_fd < 0)
		return error_set_errno(err, ERROR_UNMEASURED,
				       "cannot watch connections (ulimit -n)");
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = &worker->wake_fd};
	if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->wake_fd, &event) < 0)
		return error_set_errno(err, ERROR_UNMEASURED,
				       "cannot watch connections (ulimit -n)");
	worker->n_sessions = own_part(worker, (uint32_t)worker->scenario->users);
	worker->sessions = xcalloc(worker->n_sessions + 1, sizeof *worker->sessions);
	worker->ready = xcalloc(worker->n_sessions + 1, sizeof(struct session *));
	worker->idle = xcalloc(worker->n_sessions + 1, sizeof(struct session *));
	worker->checks = xcalloc(suite->n_endpoints + 1, sizeof *worker->checks);
	timers_init(&worker->timers, worker->n_sessions);
	worker->unhurried = is_unhurried(worker->scenario, plan);
	for (uint32_t i = 0; i < worker->n_sessions; i++) {
		struct session *session = &worker->sessions[i];
		session->number = worker->index + i * worker->count;
		exchange_init(&session->exchange);
		user_state_init(&session->user, worker->options->seed, session->number + 1);
		session->profile =
			&plan->profiles[plan->profile_of[session->number % plan->n_profile_of]];
		worker->idle[worker->n_sessions - 1 - i] = session;
	}
	collect_init(&worker->collector, suite, &worker->result, &worker->arena,
		     worker->options->seed, worker->index);
	session_client(worker, &client);
	worker->transport = transport_new(worker->options->transport, worker->epoll_fd,
					  worker->target, addresses, &client);
	if (!worker->transport)
		return error_set_errno(err, ERROR_UNMEASURED,
				       "cannot watch connections (ulimit -n)");
	return 0;
}

void worker_release(struct worker *worker)
{
	if (worker->transport)
		worker->transport->ops->free(worker->transport);
	collect_release(&worker->collector);
	scenario_result_release(&worker->result);
	health_release(&worker->health);
	timers_release(&worker->timers);
	rendered_request_release(&worker->rendered);
	strbuf_release(&worker->message);
	free(worker->sessions);
	free(worker->ready);
	free(worker->idle);
	free(worker->checks);
	for (size_t i = 0; i < worker->n_seconds; i++)
		histogram_free(worker->seconds[i].latency);
	free(worker->seconds);
	histogram_free(worker->spare);
	arena_release(&worker->arena);
	const int fds[] = {worker->epoll_fd, worker->timer_fd, worker->wake_fd};
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	pthread_mutex_destroy(&worker->lock);
}

/* ---- what the engine's thread sees ---- */

static void notify(int event_fd)
{
	uint64_t one = 1;
	ssize_t written = write(event_fd, &one, sizeof one);
	(void)written; /* an eventfd with a counter that is not read is as good as read */
}

static void publish(struct worker *worker, enum worker_phase phase)
{
	pthread_mutex_lock(&worker->lock);
	worker->phase = phase;
	pthread_mutex_unlock(&worker->lock);
	notify(worker->report_fd);
}

/* Open model: those that arrivals had at once, at most. */
static uint32_t users_of_second(struct worker *worker)
{
	uint32_t users = worker->busiest_of_second;
	if (!worker->scenario->open)
		return own_part(worker, worker->active);
	worker->busiest_of_second = worker->n_sessions - worker->n_idle;
	return users;
}

static void hand_over_second(struct worker *worker, int64_t at_ns, bool draining)
{
	struct second second = {.draining = draining};
	pthread_mutex_lock(&worker->lock);
	second.latency = TAKE(worker->spare);
	pthread_mutex_unlock(&worker->lock);
	if (!second.latency)
		second.latency = histogram_new();
	collect_second(&worker->collector, at_ns, users_of_second(worker), &second);
	pthread_mutex_lock(&worker->lock);
	*VEC_PUSH(worker->seconds, worker->n_seconds, worker->seconds_capacity) = second;
	pthread_mutex_unlock(&worker->lock);
}

struct second *worker_take_seconds(struct worker *worker, size_t *out_n,
				   enum worker_phase *out_phase)
{
	pthread_mutex_lock(&worker->lock);
	struct second *seconds = TAKE(worker->seconds);
	*out_n = worker->n_seconds;
	*out_phase = worker->phase;
	worker->n_seconds = worker->seconds_capacity = 0;
	pthread_mutex_unlock(&worker->lock);
	return seconds;
}

void worker_give_back(struct worker *worker, struct histogram *latency)
{
	histogram_clear(latency);
	pthread_mutex_lock(&worker->lock);
	struct histogram *surplus = worker->spare;
	worker->spare = latency;
	pthread_mutex_unlock(&worker->lock);
	histogram_free(surplus);
}

void worker_stop(struct worker *worker, int how)
{
	if (how <= atomic_load(&worker->stop))
		return;
	atomic_store(&worker->stop, how);
	notify(worker->wake_fd);
}

/* ---- waiting ---- */

/* Kernels before 5.11 and some seccomp profiles have no epoll_pwait2. */
static int wait_by_timerfd(struct worker *worker, struct epoll_event *events, int64_t wait_ns)
{
	struct itimerspec spec = {.it_value = {wait_ns / NS_PER_S, wait_ns % NS_PER_S}};
	if (worker->timer_fd < 0) {
		struct epoll_event event = {.events = EPOLLIN | EPOLLET,
					    .data.ptr = &worker->timer_fd};
		worker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		if (worker->timer_fd < 0 ||
		    epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->timer_fd, &event) < 0)
			return epoll_wait(worker->epoll_fd, events, EVENTS_MAX,
					  (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS));
	}
	if (wait_ns <= 0)
		return epoll_wait(worker->epoll_fd, events, EVENTS_MAX, 0);
	timerfd_settime(worker->timer_fd, 0, &spec, NULL);
	return epoll_wait(worker->epoll_fd, events, EVENTS_MAX, -1);
}

static int wait_for_events(struct worker *worker, struct epoll_event *events, int64_t wait_ns)
{
	struct timespec timeout = {wait_ns / NS_PER_S, wait_ns % NS_PER_S};
	if (worker->timer_fd < 0) {
		int n = epoll_pwait2(worker->epoll_fd, events, EVENTS_MAX, &timeout, NULL);
		if (n >= 0 || errno == EINTR)
			return n;
	}
	return wait_by_timerfd(worker, events, wait_ns);
}

/* To the end of the next think time when it is near: what is answered by then is read with it. */
static bool nap(const struct worker *worker, int64_t wait_ns)
{
	const struct transport *transport = worker->transport;
	const struct timer *first = timers_first(&worker->timers);
	struct timespec time = {.tv_nsec = wait_ns};
	if (!worker->unhurried || wait_ns <= 0 || wait_ns > THINK_GRID_NS || !first ||
	    ((const struct session *)(const void *)first)->mode != SESSION_THINKING ||
	    !transport->ops->may_read_late || !transport->ops->may_read_late(transport))
		return false;
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL) == 0;
}

static int64_t min_ns(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t next_wake_ns(const struct worker *worker)
{
	const struct timer *first = timers_first(&worker->timers);
	int64_t wake_ns = worker->next_second_ns;
	if (first)
		wake_ns = min_ns(wake_ns, first->due_ns);
	if (worker->n_idle > 0)
		wake_ns = min_ns(wake_ns, worker->arrival_ns);
	if (worker->phase == WORKER_DRAINING)
		return min_ns(wake_ns, worker->drain_end_ns);
	wake_ns = min_ns(wake_ns, worker->end_ns);
	if (worker->phase == WORKER_WARMUP)
		wake_ns = min_ns(wake_ns, worker->collector.warmup_end_ns);
	return min_ns(wake_ns, worker->next_change_ns);
}

/* ---- open model ---- */

static void next_arrival(struct worker *worker)
{
	int64_t at_ns = arrivals_next(&worker->arrivals, &worker->arrival_number);
	worker->arrival_ns = at_ns == INT64_MAX ? INT64_MAX : worker->begin_ns + at_ns;
}

static void begin_open(struct worker *worker)
{
	arrivals_init(&worker->arrivals, worker->scenario, worker->options->seed, worker->index,
		      worker->count);
	worker->n_idle = worker->n_sessions;
	worker->active = (uint32_t)worker->scenario->users;
	worker->next_change_ns = INT64_MAX;
	next_arrival(worker);
}

static void begin_arrivals(struct worker *worker)
{
	int64_t until_ns = min_ns(worker->now_ns, worker->end_ns - 1);
	while (worker->n_idle > 0 && worker->arrival_ns <= until_ns) {
		struct session *session = worker->idle[--worker->n_idle];
		uint32_t busy = worker->n_sessions - worker->n_idle;
		if (busy > worker->busiest_of_second)
			worker->busiest_of_second = busy;
		if (busy > worker->busiest)
			worker->busiest = busy;
		session_arrive(worker, session, worker->arrival_number, worker->arrival_ns,
			       worker->arrival_ns < worker->idle_since_ns);
		next_arrival(worker);
	}
}

/* What was due a moment ago still leaves; what found no session never will. */
static void end_arrivals(struct worker *worker)
{
	begin_arrivals(worker);
	worker->transport->ops->flush(worker->transport);
	for (; worker->arrival_ns < worker->end_ns; next_arrival(worker)) {
		worker->unsent++;
		collect_due(&worker->collector, worker->arrival_ns);
	}
	worker->arrival_ns = INT64_MAX;
}

/* ---- phases ---- */

static void begin(struct worker *worker)
{
	const struct scenario *scenario = worker->scenario;
	int64_t deadline_ns = worker->options->deadline_ns;
	worker->now_ns = clock_now_ns();
	worker->end_ns = worker->begin_ns + scenario->duration_ns;
	if (deadline_ns > 0 && deadline_ns < worker->end_ns) {
		worker->end_ns = deadline_ns;
		worker->interrupted = true;
	}
	worker->next_change_ns = worker->begin_ns;
	worker->arrival_ns = INT64_MAX;
	if (scenario->open)
		begin_open(worker);
	worker->next_second_ns = worker->begin_ns + NS_PER_S;
	collect_begin(&worker->collector, worker->begin_ns, worker->begin_ns + scenario->warmup_ns,
		      worker->end_ns);
	health_read_thread(&worker->health, &worker->health.second);
	worker->health.begin = worker->health.end = worker->health.second;
}

static void end_warmup(struct worker *worker)
{
	health_end_second(&worker->health, false);
	worker->health.begin = worker->health.second;
	publish(worker, WORKER_JUDGED);
}

static void stop_sending(struct worker *worker)
{
	int64_t drain_ns = min_ns(worker->scenario->timeout_ns, DRAIN_MAX_NS);
	worker->end_ns = worker->collector.send_end_ns = min_ns(worker->end_ns, worker->now_ns);
	if (worker->scenario->open)
		end_arrivals(worker);
	worker->drain_end_ns = worker->end_ns + drain_ns;
	health_end_second(&worker->health, worker->phase == WORKER_JUDGED);
	if (worker->phase == WORKER_WARMUP)
		worker->health.begin = worker->health.second;
	worker->health.end = worker->health.second;
	publish(worker, WORKER_DRAINING);
	for (uint32_t i = 0; i < worker->n_sessions; i++) {
		struct session *session = &worker->sessions[i];
		/* What waits for a place to dial was not sent and never will be. */
		if (session->mode == SESSION_THINKING ||
		    (session->mode == SESSION_BUSY && session->exchange.start_ns == 0))
			session_stop(worker, session);
	}
}

static void end_second(struct worker *worker)
{
	hand_over_second(worker, worker->next_second_ns, worker->phase == WORKER_DRAINING);
	worker->next_second_ns += NS_PER_S;
	health_end_second(&worker->health, worker->phase == WORKER_JUDGED);
	publish(worker, worker->phase);
}

static void change_users(struct worker *worker)
{
	int64_t elapsed_ns = worker->now_ns - worker->begin_ns;
	uint32_t wanted = pacer_users(worker->scenario, elapsed_ns);
	int64_t due_ns = worker->next_change_ns;
	uint32_t before = worker->active;
	worker->active = wanted;
	for (uint32_t i = own_part(worker, before); i < own_part(worker, wanted); i++) {
		if (worker->sessions[i].mode == SESSION_RESTING)
			session_begin(worker, &worker->sessions[i], due_ns);
	}
	int64_t next_ns = pacer_next_change_ns(worker->scenario, elapsed_ns);
	worker->next_change_ns = next_ns == INT64_MAX ? INT64_MAX : worker->begin_ns + next_ns;
}

static void obey(struct worker *worker)
{
	uint64_t count;
	ssize_t n = read(worker->wake_fd, &count, sizeof count);
	(void)n;
	int stop = atomic_load(&worker->stop);
	if (stop == 0)
		return;
	worker->interrupted = true;
	if (worker->phase < WORKER_DRAINING)
		worker->end_ns = worker->now_ns;
	if (stop > 1)
		worker->drain_end_ns = worker->end_ns = worker->now_ns;
}

static void dispatch(struct worker *worker, const struct epoll_event *event)
{
	if (event->data.ptr == &worker->wake_fd)
		obey(worker);
	else if (event->data.ptr != &worker->timer_fd)
		worker->transport->ops->event(worker->transport, event->data.ptr, event->events);
}

static void begin_due_users(struct worker *worker)
{
	const struct timer *first;
	/* Those that finished just now first: their lists are not added to below. */
	uint32_t n_ready = worker->n_ready;
	worker->n_ready = 0;
	for (uint32_t i = 0; i < n_ready; i++)
		session_begin(worker, worker->ready[i], 0);
	while ((first = timers_first(&worker->timers)) && first->due_ns <= worker->now_ns)
		session_timer(worker, (struct session *)(uintptr_t)first);
	if (worker->phase >= WORKER_DRAINING)
		return;
	if (worker->now_ns >= worker->next_change_ns)
		change_users(worker);
	begin_arrivals(worker);
}

static void change_phase(struct worker *worker)
{
	if (worker->phase == WORKER_WARMUP && worker->now_ns >= worker->collector.warmup_end_ns)
		end_warmup(worker);
	if (worker->phase < WORKER_DRAINING && worker->now_ns >= worker->end_ns)
		stop_sending(worker);
	if (worker->now_ns >= worker->next_second_ns)
		end_second(worker);
}

static bool is_done(const struct worker *worker)
{
	if (worker->phase < WORKER_DRAINING)
		return false;
	return worker->in_flight == 0 || worker->now_ns >= worker->drain_end_ns ||
	       atomic_load(&worker->stop) > 1;
}

static void round_once(struct worker *worker, struct epoll_event *events)
{
	int64_t sleep_ns = clock_now_ns();
	int64_t wake_ns = next_wake_ns(worker);
	int64_t wait_ns = wake_ns > sleep_ns && worker->n_ready == 0 ? wake_ns - sleep_ns : 0;
	health_note_stall(&worker->health, sleep_ns - worker->now_ns);
	int n = wait_for_events(worker, events, nap(worker, wait_ns) ? 0 : wait_ns);
	worker->now_ns = clock_now_ns();
	worker->round++;
	if (wait_ns > 0)
		health_note_stall(&worker->health, worker->now_ns - wake_ns);
	for (int i = 0; i < n; i++)
		dispatch(worker, &events[i]);
	stamps_renew(&worker->transport->stamps, worker->now_ns);
	change_phase(worker);
	begin_due_users(worker);
	worker->transport->ops->flush(worker->transport);
}

static void end(struct worker *worker)
{
	for (uint32_t i = 0; i < worker->n_sessions; i++)
		session_stop(worker, &worker->sessions[i]);
	hand_over_second(worker, worker->now_ns, true);
	publish(worker, WORKER_DONE);
}

void *worker_run(void *arg)
{
	struct worker *worker = arg;
	struct epoll_event events[EVENTS_MAX];
	/* The default slack of 50 us would be our lateness. */
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	begin(worker);
	while (!is_done(worker))
		round_once(worker, events);
	end(worker);
	return NULL;
}
