#include "perfgate/load/engine.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/load/worker.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* How late a change of *options->stop may be seen when no signal wakes us. */
#define LOOK_EVERY_MS 100

/* One run: the worker in its thread, and what this thread watches meanwhile. */
struct engine {
	struct worker worker;
	struct plan plan;
	struct addresses addresses;
	const struct load_target *target;
	enum worker_phase phase; /* last seen */
	struct machinestat machine_begin, machine_end;
	struct procstat target_begin, target_end;
	double rss_max_bytes;
};

static void raise_file_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	/* If it fails, running out is noticed where it happens. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Names of the profiles that got no user, "a, b"; NULL when all have one. */
static const char *left_out_profiles(const struct suite *suite, const struct scenario *scenario,
				     const struct plan *plan, struct arena *arena)
{
	AUTO(strbuf) struct strbuf names = {0};
	if (scenario->mix)
		return NULL;
	for (size_t i = 0; i < suite->n_profiles; i++) {
		size_t k = 0;
		while (k < scenario->users && plan->profile_of[k] != i)
			k++;
		if (k == scenario->users)
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
	out->users = (uint32_t)scenario->users;
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

static void pass_stop_on(struct engine *engine)
{
	const volatile sig_atomic_t *stop = engine->worker.options->stop;
	uint64_t one = 1;
	if (!stop || *stop <= atomic_load(&engine->worker.stop))
		return;
	atomic_store(&engine->worker.stop, (int)*stop);
	ssize_t n = write(engine->worker.wake_fd, &one, sizeof one);
	(void)n;
}

static void watch(struct engine *engine)
{
	struct worker *worker = &engine->worker;
	const struct load_options *options = worker->options;
	struct pollfd waiting = {.fd = worker->report_fd, .events = POLLIN};
	while (engine->phase != WORKER_DONE) {
		uint64_t count;
		int ready = poll(&waiting, 1, LOOK_EVERY_MS);
		pass_stop_on(engine);
		if (ready <= 0 || read(worker->report_fd, &count, sizeof count) < 0)
			continue;
		pthread_mutex_lock(&worker->lock);
		struct load_progress progress = worker->published;
		enum worker_phase phase = worker->phase;
		bool show = worker->show;
		worker->show = false;
		pthread_mutex_unlock(&worker->lock);
		follow_phase(engine, phase);
		if (show && options->progress)
			options->progress(&progress, options->progress_arg);
	}
}

/* Signals stay with this thread, so that the worker is not interrupted. */
static int drive(struct engine *engine, struct error *err)
{
	pthread_t thread;
	sigset_t all, before;
	read_target(engine);
	machinestat_read(&engine->machine_begin);
	engine->machine_end = engine->machine_begin;
	engine->target_begin = engine->target_end;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&thread, NULL, worker_run, &engine->worker);
	int number = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = number;
	if (number != 0)
		return error_set_errno(err, ERROR_UNMEASURED, "cannot start the load generator");
	watch(engine);
	pthread_join(thread, NULL);
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

static void fill_result(struct engine *engine, struct arena *arena, struct scenario_result *out)
{
	struct worker *worker = &engine->worker;
	struct health_context context = {
		.machine_begin = engine->machine_begin,
		.machine_end = engine->machine_end,
		.paced = isfinite(out->planned_rps),
		.p50_ms = endpoint_metric(out, &out->total, METRIC_P50),
		.users = out->users,
	};
	health_judge(&worker->health, &context, arena, &out->generator);
	out->generator.reconnects = worker->transport->reconnects;
	out->generator.censored = worker->censored;
	out->interrupted = worker->interrupted;
	fill_target(engine, &out->target);
}

static void engine_free(struct engine *engine)
{
	worker_release(&engine->worker);
	plan_release(&engine->plan);
	free(engine);
}
DEFINE_AUTO(engine, struct engine *, engine_free)

int load_run(const struct suite *suite, const struct scenario *scenario,
	     const struct load_target *target, const struct load_options *options,
	     struct arena *arena, struct scenario_result *out, struct error *err)
{
	AUTO(engine) struct engine *engine = xcalloc(1, sizeof *engine);
	struct worker *worker = &engine->worker;
	engine->target = target;
	worker->scenario = scenario;
	worker->options = options;
	worker->plan = &engine->plan;
	raise_file_limit();
	worker_prepare(worker);
	if (resolve(target->address, target->port, &engine->addresses, err) < 0)
		return -1;
	plan_init(&engine->plan, suite, scenario, target, options);
	if (worker_init(worker, suite, &engine->addresses, out, arena, err) < 0 ||
	    drive(engine, err) < 0) {
		scenario_result_release(out);
		return -1;
	}
	describe(suite, scenario, &engine->plan, arena, out);
	fill_result(engine, arena, out);
	return 0;
}
