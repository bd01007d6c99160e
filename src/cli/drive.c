#include "perfgate/cli/session.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/load/engine.h"
#include "perfgate/load/limits.h"
#include "perfgate/load/speed.h"

#include <math.h>
#include <string.h>

/* The limit on a scenario's throughput, NaN when it is not gated. */
static double min_throughput(const struct session *session, const struct scenario *scenario)
{
	double limit = NAN;
	size_t count;
	struct gate *gates = suite_gates(session->suite, scenario, session->settings, &count);

	for (size_t i = 0; i < count; i++)
		if (gates[i].metric == METRIC_THROUGHPUT && text_equal(gates[i].endpoint, "total"))
			limit = gates[i].limit;
	free(gates);
	return limit;
}

static bool goes_on(const struct session *session)
{
	return !cli_stop && (!session->deadline_ns || clock_now_ns() < session->deadline_ns);
}

/* Wait without a load; false when a signal or the time budget ends it. */
static bool pause_ns(const struct session *session, int64_t ns)
{
	int64_t end_ns = clock_now_ns() + ns;

	while (!cli_stop && clock_now_ns() < end_ns) {
		struct timespec slice = {0, 100 * NS_PER_MS};

		if (session->deadline_ns && clock_now_ns() >= session->deadline_ns)
			return false;
		nanosleep(&slice, NULL);
	}
	return !cli_stop;
}

static void announce(const char *line, void *arg)
{
	(void)arg;
	log_info("%s", line);
}

/* The target ended, or the budget did: what was measured is no evidence. */
static void mark_invalid(struct session *session, struct scenario_result *result,
			 const char *reason)
{
	result->generator.invalid = INVALID_OURS;
	result->generator.invalid_reason = arena_strdup(&session->run->arena, reason);
}

/* What was found while the load ran; the message is said once. */
struct watched_target {
	struct target *target;
	struct error err; /* kind ERROR_NONE: it lives */
};

static bool is_alive(void *arg)
{
	struct watched_target *watched = arg;

	return watched->err.kind == ERROR_NONE &&
	       !target_check_alive(watched->target, &watched->err);
}

struct load_target session_load_target(const struct target *target)
{
	const struct target_endpoint *endpoint = target_endpoint(target);

	return (struct load_target){.host = endpoint->host,
				    .address = endpoint->address,
				    .port = endpoint->port,
				    .prefix = endpoint->prefix,
				    .authorization = endpoint->authorization,
				    .pid = endpoint->pid,
				    .tls = endpoint->tls,
				    .insecure = endpoint->insecure,
				    .unix_socket = endpoint->unix_socket};
}

struct load_options session_load_options(const struct session *session)
{
	return (struct load_options){.seed = session->run->seed,
				     .check_all = cli_flag(session->cli, "--check-all"),
				     .user_agent = "perfgate/" PERFGATE_VERSION,
				     .transport = session->transport,
				     .stop = &cli_stop,
				     .deadline_ns = session->deadline_ns,
				     .workers = session->workers};
}

/* One go at a phase; an API that died or a budget used up makes it invalid. */
static int measure(struct session *session, const struct scenario *scenario,
		   struct progress *progress, struct scenario_result *out, struct error *err)
{
	struct load_target where = session_load_target(session->target);
	struct watched_target watched = {.target = session->target};
	struct load_options options = session_load_options(session);
	int status;

	options.progress = progress_show;
	options.progress_arg = progress;
	options.alive = is_alive;
	options.alive_arg = &watched;
	status = load_run(session->suite, scenario, &where, &options, &session->run->arena, out,
			  err);
	progress_end(progress);
	if (status)
		return error_wrap(err, "%s", scenario->name);
	if (!cli_stop && !goes_on(session))
		mark_invalid(session, out,
			     arena_printf(&session->run->arena, "cut short by --max-runtime %s",
					  session->max_runtime));
	if (!cli_stop && !is_alive(&watched)) {
		mark_invalid(session, out, "the API under test ended during the run");
		*err = watched.err;
		return -1;
	}
	return 0;
}

/* What the machine spoiled is measured once more; what we or the target spoiled is not. */
static bool deserves_repetition(const struct session *session, const struct scenario_result *result)
{
	return result->generator.invalid == INVALID_MACHINE && !result->interrupted &&
	       !result->aborted && goes_on(session);
}

static int drive_phase(struct session *session, const struct scenario *scenario,
		       struct progress *progress, struct error *err)
{
	struct scenario_result result = {0};
	int status = measure(session, scenario, progress, &result, err);

	if (!status && deserves_repetition(session, &result)) {
		log_info("%s is measured once more: %s", scenario->name,
			 result.generator.invalid_reason);
		scenario_result_release(&result);
		status = measure(session, scenario, progress, &result, err);
	}
	/* An error of the engine left nothing behind; a dead target leaves what was measured. */
	if (result.name) {
		session->run->interrupted |= result.interrupted || cli_stop;
		*run_add_scenario(session->run) = result;
	}
	return status;
}

/* The scenario and, when it is measured again, its repetition have the same machine before them. */
static int drive_scenario(struct session *session, const struct scenario *scenario,
			  struct progress *progress, struct error *err)
{
	double speed_ms = speed_probe_ms();
	size_t before = session->run->n_scenarios;
	int status = drive_phase(session, scenario, progress, err);

	if (session->run->n_scenarios > before)
		session->run->scenarios[before].speed_ms = speed_ms;
	return status;
}

static bool was_aborted(const struct run *run)
{
	return run->n_scenarios > 0 && run->scenarios[run->n_scenarios - 1].aborted;
}

static int drive_scenarios(struct session *session, struct error *err)
{
	struct progress progress;

	progress_init(&progress, session->cli);
	for (size_t i = 0; i < session->n_scenarios && goes_on(session); i++) {
		const struct scenario *scenario = session->scenarios[i];
		const struct scenario *capacity;

		if (i > 0 && !pause_ns(session, scenario->pause_ns))
			break;
		if (drive_scenario(session, scenario, &progress, err))
			return -1;
		capacity =
			suite_capacity(session->suite, scenario, min_throughput(session, scenario));
		/* A server that abort_on: gave up on has no capacity to look for. */
		if (!capacity || !goes_on(session) || was_aborted(session->run))
			continue;
		if (drive_phase(session, capacity, &progress, err))
			return -1;
	}
	return 0;
}

static int build(struct session *session, struct error *err)
{
	const char *build = session->settings->target.build;

	if (session->built || !build)
		return 0;
	log_info("building: %s", build);
	return target_build(session->settings, NULL, NULL, &cli_stop, err);
}

static int check_limits(const struct session *session, struct error *err)
{
	for (size_t i = 0; i < session->n_scenarios; i++)
		if (limits_check(session->suite, session->scenarios[i], session->workers, err))
			return -1;
	return 0;
}

int session_drive(struct session *session, struct error *err)
{
	int64_t start_ns = clock_now_ns();
	json_t *services;
	int status;

	cli_catch_signals();
	if (check_limits(session, err) || build(session, err) ||
	    target_start(session->settings, &cli_stop, announce, NULL, &session->target, err))
		return -1;
	/* Not before: the API under test keeps the limit that it was given. */
	limits_raise_files();
	session->run->target = arena_strdup(&session->run->arena, target_shown(session->target));
	services = target_environment(session->target);
	environment_describe(session->run, services);
	json_decref(services);
	status = drive_scenarios(session, err);
	session->run->duration_s = (double)(clock_now_ns() - start_ns) / (double)NS_PER_S;
	session->run->interrupted |= cli_stop != 0;
	return status;
}
