#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <math.h>
#include <string.h>

#define CAPACITY_NS (20 * NS_PER_S)
#define CAPACITY_QUICK_NS (5 * NS_PER_S)
/* An open scenario has a bound for its users, not a number of them: as many as `load`. */
#define CAPACITY_OPEN_USERS 50
/* A paced scenario decides about throughput itself when it offers this much more than the gate. */
#define PACED_MARGIN 1.25

/* Mean users (or arrivals per second) between warm-up and end: linear ramps, then level. */
static double mean_level(const struct scenario *scenario)
{
	double begin = 0, area = 0, before = 0, from = (double)scenario->warmup_ns;
	size_t i;

	for (i = 0; i < scenario->n_stages; i++) {
		const struct stage *stage = &scenario->stages[i];
		double ramp_end = begin + (double)stage->ramp_ns;
		double end = begin + (double)stage->duration_ns;

		if (stage->ramp_ns > 0 && ramp_end > from) {
			double start = fmax(begin, from);
			double at_start = before + (stage->level - before) * (start - begin) /
							   (double)stage->ramp_ns;

			area += (ramp_end - start) * (at_start + stage->level) / 2;
		}
		area += fmax(0, end - fmax(ramp_end, from)) * stage->level;
		begin = end;
		before = stage->level;
	}
	return area / (begin - from);
}

/* From one task to the next, as written: the wait and the pauses between the task's steps. */
static double mean_cycle_s(const struct profile *profile)
{
	double sum_ns = (double)profile->wait_min_ns + (double)profile->wait_max_ns;
	size_t i, k;

	for (i = 0; i < profile->n_tasks; i++) {
		const struct task *task = profile->tasks[i].task;

		for (k = 0; k < task->n_requests; k++) {
			int64_t min_ns, max_ns;

			request_think(task->requests[k], &min_ns, &max_ns);
			sum_ns += ((double)min_ns + (double)max_ns) * profile->tasks[i].weight;
		}
	}
	return sum_ns / 2 / (double)NS_PER_S;
}

static double mean_steps(const struct profile *profile)
{
	double steps = 0;
	size_t i;

	for (i = 0; i < profile->n_tasks; i++)
		steps += (double)profile->tasks[i].task->n_requests * profile->tasks[i].weight;
	return steps;
}

/* Each arrival is a new user: on_start: is done for every one of them. */
static double open_rps(const struct suite *suite, const struct scenario *scenario)
{
	double sum = 0, steps = 0;
	size_t i;

	for (i = 0; i < suite->n_profiles; i++) {
		const struct profile *profile = &suite->profiles[i];
		size_t first = profile->on_start ? profile->on_start->n_requests : 0;

		sum += profile->weight;
		steps += profile->weight * ((double)first + mean_steps(profile));
	}
	return mean_level(scenario) * steps / sum;
}

double suite_planned_rps(const struct suite *suite, const struct scenario *scenario)
{
	AUTO_FREE size_t *counts = xcalloc(suite->n_profiles, sizeof(*counts));
	double rps = 0;
	size_t i;

	if (scenario->open)
		return open_rps(suite, scenario);
	suite_count_profiles(suite, scenario->users, counts);
	for (i = 0; i < suite->n_profiles; i++)
		if (counts[i])
			rps += (double)counts[i] * mean_steps(&suite->profiles[i]) /
			       (mean_cycle_s(&suite->profiles[i]) * scenario->think_scale);
	return rps * mean_level(scenario) / (double)scenario->users;
}

/* Shares of tasks in the paced mix: a profile counts by how often its users begin one. */
static void mix_tasks(const struct suite *suite, const struct scenario *scenario,
		      struct scenario *out)
{
	AUTO_FREE size_t *counts = xcalloc(suite->n_profiles, sizeof(*counts));
	AUTO(weighted_tasks) struct weighted_tasks list = {0};
	size_t i, j;

	suite_count_profiles(suite, scenario->users, counts);
	for (i = 0; i < suite->n_profiles; i++) {
		const struct profile *profile = &suite->profiles[i];
		/* Arrivals come by weight alone. */
		double rate = scenario->open ? profile->weight
					     : (double)counts[i] / mean_cycle_s(profile);

		list.on_start = profile->on_start;
		for (j = 0; (counts[i] || scenario->open) && j < profile->n_tasks; j++)
			weighted_tasks_add(&list, profile->tasks[j].task,
					   rate * profile->tasks[j].weight);
	}
	out->mix = weighted_tasks_finish(&list, &suite->store->arena, &out->n_mix);
}

/* The paced mix without think time, all users from the start. */
static void plan_mixed(struct suite *suite, const struct scenario *scenario, int64_t duration_ns,
		       struct scenario *out)
{
	*out = *scenario;
	out->duration_ns = duration_ns;
	out->think_scale = 0;
	out->n_stages = 1;
	out->stages = arena_alloc(&suite->store->arena, 1, sizeof(*out->stages));
	out->open = false;
	if (scenario->open && out->users > CAPACITY_OPEN_USERS)
		out->users = CAPACITY_OPEN_USERS;
	*out->stages = (struct stage){(double)out->users, 0, duration_ns};
	mix_tasks(suite, scenario, out);
}

static void plan_capacity(struct suite *suite, const struct scenario *scenario,
			  struct scenario *out)
{
	const struct suite_options *options = &suite->store->options;
	double duration = (double)(options->quick ? CAPACITY_QUICK_NS : CAPACITY_NS);

	plan_mixed(suite, scenario, (int64_t)llround(duration * options->duration_scale), out);
	out->name = arena_printf(&suite->store->arena, "%s-capacity", scenario->name);
	out->purpose = "no think time: what the target can answer at most";
	out->follows = scenario->name;
	out->warmup_ns = out->duration_ns / 10;
}

const struct scenario *suite_slot(struct suite *suite, const struct scenario *scenario,
				  size_t users_max, int64_t duration_ns)
{
	struct scenario *slot = arena_alloc(&suite->store->arena, 1, sizeof(*slot));
	double scaled = (double)duration_ns * suite->store->options.duration_scale;

	plan_mixed(suite, scenario, (int64_t)llround(scaled), slot);
	if (slot->users > users_max)
		slot->users = users_max;
	slot->stages->level = (double)slot->users;
	slot->warmup_ns = 0;
	slot->abort_window_ns = 0;
	return slot;
}

const struct scenario *suite_capacity(struct suite *suite, const struct scenario *scenario,
				      double min_throughput)
{
	struct suite_store *store = suite->store;
	struct capacity_phase *phase;
	double planned;

	if (isnan(min_throughput) || scenario->follows)
		return NULL;
	planned = suite_planned_rps(suite, scenario);
	if (isinf(planned) || planned >= PACED_MARGIN * min_throughput)
		return NULL;
	for (phase = store->capacities; phase; phase = phase->next)
		if (text_equal(phase->scenario.follows, scenario->name))
			return &phase->scenario;
	phase = arena_alloc(&store->arena, 1, sizeof(*phase));
	plan_capacity(suite, scenario, &phase->scenario);
	phase->next = store->capacities;
	store->capacities = phase;
	return &phase->scenario;
}

double suite_endpoint_share(const struct scenario *slot, size_t endpoint)
{
	double own = 0, all = 0;

	for (size_t i = 0; i < slot->n_mix; i++) {
		const struct task *task = slot->mix[i].task;

		for (size_t k = 0; k < task->n_requests; k++)
			if (request_endpoint(task->requests[k]) == endpoint)
				own += slot->mix[i].weight;
		all += slot->mix[i].weight * (double)task->n_requests;
	}
	return all > 0 ? own / all : 0;
}
