#include "perfgate/load/engine.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/load/limits.h"
#include "perfgate/load/series.h"
#include "perfgate/load/worker.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* How late a change of *options->stop may be seen when no signal wakes us. */
#define LOOK_EVERY_MS 100
/* All threads are up by then. */
#define START_AFTER_NS (2 * NS_PER_MS)
/* abort_on: fewer requests prove nothing. */
#define ABORT_REQUESTS_MIN 20

/* One run: the workers in their threads, and what this thread watches meanwhile. */
struct engine {
	struct worker *workers;
	uint32_t n_workers;
	const struct scenario *scenario;
	const struct load_options *options;
	struct plan plan;
	struct addresses addresses;
	const struct load_target *target;
	struct arena *arena;
	int report_fd; /* eventfd: a worker published something */
	int64_t begin_ns, next_alive_ns;
	enum worker_phase phase; /* last seen, of the slowest worker */
	struct collector collector; /* of all workers, after the join */
	bool all_busy; /* open model: a worker had no session left */
	struct series series;
	const char *aborted; /* why; NULL: not */
	struct machinestat machine_begin, machine_end;
	struct procstat target_begin, target_end;
	double rss_max_bytes;
};

/* Names of the profiles that got no user, "a, b"; NULL when all have one. */
static const char *left_out_profiles(const struct suite *suite, const struct scenario *scenario,
				     const struct plan *plan, struct arena *arena)
{
	AUTO(strbuf) struct strbuf names = {0};
	if (scenario->mix)
		return NULL;
	for (size_t i = 0; i < suite->n_profiles; i++) {
		size_t k = 0;
		while (k < plan->n_profile_of && plan->profile_of[k] != i)
			k++;
		if (k == plan->n_profile_of)
			strbuf_printf(&names, "%s%s", names.length > 0 ? ", " : "",
				      suite->profiles[i].name);
	}
	return names.length > 0 ? arena_strdup(arena, strbuf_text(&names)) : NULL;
}

static void describe(const struct suite *suite, const struct scenario *scenario,
		     const struct plan *plan, struct arena *arena, struct scenario_result *out)
{
	char digest[TEXT_SHA256_SIZE];
	double planned = suite_planned_rps(suite, scenario);
	suite_digest(suite, scenario, digest);
	out->name = arena_strdup(arena, scenario->name);
	out->purpose = scenario->purpose ? arena_strdup(arena, scenario->purpose) : NULL;
	out->follows = scenario->follows ? arena_strdup(arena, scenario->follows) : NULL;
	out->suite_digest = arena_strdup(arena, digest);
	out->users = scenario->open ? 0 : (uint32_t)scenario->users; /* open: as many as came */
	out->open = scenario->open;
	out->duration_s = (double)scenario->duration_ns / (double)NS_PER_S;
	out->warmup_s = (double)scenario->warmup_ns / (double)NS_PER_S;
	out->planned_rps = isfinite(planned) ? planned : NAN;
	out->left_out = left_out_profiles(suite, scenario, plan, arena);
	out->target.cpu_percent = out->target.rss_max_bytes = NAN;
}

/* ---- watching ---- */

static void read_target(struct engine *engine)
{
	if (engine->target->pid <= 0)
		return;
	procstat_read(engine->target->pid, &engine->target_end);
	if (engine->target_end.rss_bytes > engine->rss_max_bytes)
		engine->rss_max_bytes = engine->target_end.rss_bytes;
	engine->series.rss_bytes =
		engine->target_end.rss_bytes > 0 ? engine->target_end.rss_bytes : 0;
}

/* The window's begin and end as seen from here, some 0.1 ms late. */
static void follow_phase(struct engine *engine, enum worker_phase phase)
{
	if (engine->phase < WORKER_DRAINING)
		read_target(engine);
	if (phase != engine->phase && phase <= WORKER_JUDGED) {
		machinestat_read(&engine->machine_begin);
		engine->target_begin = engine->target_end;
	}
	if (phase >= WORKER_DRAINING && engine->phase < WORKER_DRAINING)
		machinestat_read(&engine->machine_end);
	engine->phase = phase;
}

static void stop_workers(struct engine *engine, int how)
{
	for (uint32_t i = 0; i < engine->n_workers; i++)
		worker_stop(&engine->workers[i], how);
}

static void show_progress(struct engine *engine)
{
	const struct scenario *scenario = engine->scenario;
	int64_t elapsed_ns = clock_now_ns() - engine->begin_ns;
	struct load_progress progress = {
		.scenario = scenario,
		.elapsed_s = (double)elapsed_ns / (double)NS_PER_S,
		.duration_s = (double)scenario->duration_ns / (double)NS_PER_S,
		.warmup = elapsed_ns < scenario->warmup_ns,
	};
	if (!engine->options->progress)
		return;
	series_progress(&engine->series, &progress);
	engine->options->progress(&progress, engine->options->progress_arg);
}

static void check_abort(struct engine *engine)
{
	const struct scenario *scenario = engine->scenario;
	uint64_t requests, errors;
	size_t seconds = (size_t)(scenario->abort_window_ns / NS_PER_S);
	if (seconds == 0 || engine->aborted || engine->phase >= WORKER_DRAINING ||
	    !series_last(&engine->series, seconds, &requests, &errors) ||
	    requests < ABORT_REQUESTS_MIN ||
	    !((double)errors > scenario->abort_error_rate * (double)requests))
		return;
	engine->aborted =
		arena_printf(engine->arena,
			     "%.1f %% of the requests of the last %zu s failed (abort_on: "
			     "error_rate: %g %%)",
			     100 * (double)errors / (double)requests, seconds,
			     100 * scenario->abort_error_rate);
	stop_workers(engine, 1);
}

static void check_alive(struct engine *engine)
{
	const struct load_options *options = engine->options;
	int64_t now_ns = clock_now_ns();
	if (!options->alive || now_ns < engine->next_alive_ns || engine->phase >= WORKER_DRAINING)
		return;
	engine->next_alive_ns = now_ns + NS_PER_S;
	if (!options->alive(options->alive_arg))
		stop_workers(engine, 1);
}

/* Take over what the workers published; true when a second is complete. */
static bool take_seconds(struct engine *engine)
{
	enum worker_phase slowest = WORKER_DONE, phase;
	bool closed = false;
	for (uint32_t i = 0; i < engine->n_workers; i++) {
		struct worker *worker = &engine->workers[i];
		size_t n;
		AUTO_FREE struct second *seconds = worker_take_seconds(worker, &n, &phase);
		for (size_t k = 0; k < n; k++) {
			closed |= series_add(&engine->series, &seconds[k]);
			worker_give_back(worker, seconds[k].latency);
		}
		if (phase < slowest)
			slowest = phase;
	}
	follow_phase(engine, slowest);
	return closed;
}

static void watch(struct engine *engine)
{
	const volatile sig_atomic_t *stop = engine->options->stop;
	struct pollfd waiting = {.fd = engine->report_fd, .events = POLLIN};
	while (engine->phase != WORKER_DONE) {
		uint64_t count;
		int ready = poll(&waiting, 1, LOOK_EVERY_MS);
		if (stop)
			stop_workers(engine, (int)*stop);
		check_alive(engine);
		if (ready <= 0 || read(engine->report_fd, &count, sizeof count) < 0)
			continue;
		if (take_seconds(engine) && engine->phase != WORKER_DONE) {
			check_abort(engine);
			show_progress(engine);
		}
	}
	series_end(&engine->series);
	show_progress(engine);
}

/* How many were started; errno when not all. Signals stay with this thread. */
static uint32_t start_threads(struct engine *engine, pthread_t *threads)
{
	sigset_t all, before;
	uint32_t started = 0;
	int number = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < engine->n_workers && number == 0) {
		number = pthread_create(&threads[started], NULL, worker_run,
					&engine->workers[started]);
		started += number == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	return started;
}

static int drive(struct engine *engine, struct error *err)
{
	AUTO_FREE pthread_t *threads = xcalloc(engine->n_workers, sizeof *threads);
	read_target(engine);
	machinestat_read(&engine->machine_begin);
	engine->machine_end = engine->machine_begin;
	engine->target_begin = engine->target_end;
	engine->begin_ns = clock_now_ns() + START_AFTER_NS;
	engine->next_alive_ns = engine->begin_ns + NS_PER_S;
	for (uint32_t i = 0; i < engine->n_workers; i++)
		engine->workers[i].begin_ns = engine->begin_ns;
	uint32_t started = start_threads(engine, threads);
	int number = errno;
	if (started < engine->n_workers)
		stop_workers(engine, 2);
	else
		watch(engine);
	for (uint32_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	errno = number;
	if (started < engine->n_workers)
		return error_set_errno(err, ERROR_UNMEASURED, "cannot start the load generator");
	return 0;
}

/* ---- results ---- */

static void fill_target(const struct engine *engine, struct target_health *out)
{
	const struct procstat *a = &engine->target_begin, *b = &engine->target_end;
	if (engine->target->pid <= 0)
		return;
	if (b->at_ns > a->at_ns)
		out->cpu_percent = 100 * (b->cpu_s - a->cpu_s) /
				   ((double)(b->at_ns - a->at_ns) / (double)NS_PER_S);
	if (engine->rss_max_bytes > 0)
		out->rss_max_bytes = engine->rss_max_bytes;
}

static void merge_workers(struct engine *engine, const struct suite *suite,
			  struct scenario_result *out)
{
	struct collector *all = &engine->collector;
	const struct scenario *scenario = engine->scenario;
	collect_init(all, suite, out, engine->arena, engine->options->seed, engine->n_workers);
	collect_begin(all, engine->begin_ns, engine->begin_ns + scenario->warmup_ns,
		      engine->workers[0].collector.send_end_ns);
	for (uint32_t i = 0; i < engine->n_workers; i++) {
		struct worker *worker = &engine->workers[i];
		collect_merge(all, &worker->collector);
		out->generator.reconnects += worker->transport->reconnects;
		out->generator.censored += worker->censored;
		out->generator.unsent += worker->unsent;
		if (scenario->open) {
			out->users += worker->busiest;
			engine->all_busy |= worker->busiest == worker->n_sessions;
		}
		out->interrupted |= worker->interrupted;
		if (i > 0)
			health_merge(&engine->workers[0].health, &worker->health);
	}
	collect_end(all);
	out->aborted = engine->aborted;
	out->interrupted &= !engine->aborted;
}

static void fill_result(struct engine *engine, struct scenario_result *out)
{
	struct health_context context = {
		.machine_begin = engine->machine_begin,
		.machine_end = engine->machine_end,
		.paced = isfinite(out->planned_rps),
		.p50_ms = endpoint_metric(out, &out->total, METRIC_P50),
		.users = out->users,
		.arrivals_due = engine->collector.arrivals_due,
		.arrivals_sent = engine->collector.arrivals_sent,
		.all_busy = engine->all_busy,
	};
	health_judge(&engine->workers[0].health, &context, engine->arena, &out->generator);
	fill_target(engine, &out->target);
}

/* ---- beginning and end ---- */

static int prepare_workers(struct engine *engine, const struct suite *suite, struct error *err)
{
	engine->report_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (engine->report_fd < 0)
		return error_set_errno(err, ERROR_UNMEASURED, "cannot start the load generator");
	engine->n_workers = limits_workers(suite, engine->scenario, engine->options->workers);
	plan_deal(&engine->plan, engine->n_workers);
	engine->workers = xcalloc(engine->n_workers, sizeof *engine->workers);
	for (uint32_t i = 0; i < engine->n_workers; i++) {
		struct worker *worker = &engine->workers[i];
		worker->scenario = engine->scenario;
		worker->options = engine->options;
		worker->plan = &engine->plan;
		worker->target = engine->target;
		worker->index = i;
		worker->count = engine->n_workers;
		worker->report_fd = engine->report_fd;
		worker_prepare(worker);
	}
	for (uint32_t i = 0; i < engine->n_workers; i++) {
		if (worker_init(&engine->workers[i], suite, &engine->addresses, err) < 0)
			return -1;
	}
	return 0;
}

static void engine_free(struct engine *engine)
{
	for (uint32_t i = 0; i < engine->n_workers; i++)
		worker_release(&engine->workers[i]);
	free(engine->workers);
	series_release(&engine->series);
	collect_release(&engine->collector);
	plan_release(&engine->plan);
	if (engine->report_fd >= 0)
		close(engine->report_fd);
	free(engine);
}
DEFINE_AUTO(engine, struct engine *, engine_free)

int load_run(const struct suite *suite, const struct scenario *scenario,
	     const struct load_target *target, const struct load_options *options,
	     struct arena *arena, struct scenario_result *out, struct error *err)
{
	AUTO(engine) struct engine *engine = xcalloc(1, sizeof *engine);
	engine->scenario = scenario;
	engine->options = options;
	engine->target = target;
	engine->arena = arena;
	engine->report_fd = -1;
	if (transport_resolve(options->transport, target, &engine->addresses, err) < 0)
		return -1;
	plan_init(&engine->plan, suite, scenario, target, options);
	if (prepare_workers(engine, suite, err) < 0)
		return -1;
	series_init(&engine->series, out, engine->n_workers);
	if (drive(engine, err) < 0) {
		scenario_result_release(out);
		return -1;
	}
	describe(suite, scenario, &engine->plan, arena, out);
	out->workers = engine->n_workers;
	merge_workers(engine, suite, out);
	fill_result(engine, out);
	return 0;
}
