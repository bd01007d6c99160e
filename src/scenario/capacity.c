#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"

#include <math.h>
#include <string.h>

#define CAPACITY_NS (20 * NS_PER_S)
#define CAPACITY_QUICK_NS (5 * NS_PER_S)
/* A paced scenario decides about throughput itself when it offers this much more than the gate. */
#define PACED_MARGIN 1.25

/* Mean users between warm-up and end: linear ramps, then level. */
static double mean_users(const struct scenario *scenario)
{
	double begin = 0, area = 0, before = 0, from = (double)scenario->warmup_ns;
	size_t i;

	for (i = 0; i < scenario->n_stages; i++) {
		const struct stage *stage = &scenario->stages[i];
		double ramp_end = begin + (double)stage->ramp_ns;
		double end = begin + (double)stage->duration_ns;

		if (stage->ramp_ns > 0 && ramp_end > from) {
			double start = fmax(begin, from);
			double at_start = before + (stage->users - before) * (start - begin) /
							   (double)stage->ramp_ns;

			area += (ramp_end - start) * (at_start + stage->users) / 2;
		}
		area += fmax(0, end - fmax(ramp_end, from)) * stage->users;
		begin = end;
		before = stage->users;
	}
	return area / (begin - from);
}

static double mean_wait_s(const struct profile *profile)
{
	return ((double)profile->wait_min_ns + (double)profile->wait_max_ns) / 2 / (double)NS_PER_S;
}

double suite_planned_rps(const struct suite *suite, const struct scenario *scenario)
{
	AUTO_FREE size_t *counts = xcalloc(suite->n_profiles, sizeof(*counts));
	double rps = 0;
	size_t i;

	suite_count_profiles(suite, scenario->users, counts);
	for (i = 0; i < suite->n_profiles; i++)
		if (counts[i])
			rps += (double)counts[i] /
			       (mean_wait_s(&suite->profiles[i]) * scenario->think_scale);
	return rps * mean_users(scenario) / (double)scenario->users;
}

/* Endpoint shares of the paced mix: a profile counts by how often its users come. */
static void mix_tasks(const struct suite *suite, const struct scenario *scenario,
		      struct scenario *out)
{
	AUTO_FREE size_t *counts = xcalloc(suite->n_profiles, sizeof(*counts));
	AUTO(weighted_tasks) struct weighted_tasks list = {0};
	size_t i, j;

	suite_count_profiles(suite, scenario->users, counts);
	for (i = 0; i < suite->n_profiles; i++) {
		const struct profile *profile = &suite->profiles[i];
		double rate = (double)counts[i] / mean_wait_s(profile);

		for (j = 0; counts[i] && j < profile->n_tasks; j++)
			weighted_tasks_add(&list, profile->tasks[j].task,
					   rate * profile->tasks[j].weight);
	}
	out->mix = weighted_tasks_finish(&list, &suite->store->arena, &out->n_mix);
}

static void plan_capacity(struct suite *suite, const struct scenario *scenario,
			  struct scenario *out)
{
	const struct suite_options *options = &suite->store->options;
	double duration = (double)(options->quick ? CAPACITY_QUICK_NS : CAPACITY_NS);
	struct arena *arena = &suite->store->arena;

	*out = *scenario;
	out->name = arena_printf(arena, "%s-capacity", scenario->name);
	out->purpose = "no think time: what the target can answer at most";
	out->follows = scenario->name;
	out->duration_ns = (int64_t)llround(duration * options->duration_scale);
	out->warmup_ns = out->duration_ns / 10;
	out->think_scale = 0;
	out->n_stages = 1;
	out->stages = arena_alloc(arena, 1, sizeof(*out->stages));
	*out->stages = (struct stage){(double)scenario->users, 0, out->duration_ns};
	mix_tasks(suite, scenario, out);
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
