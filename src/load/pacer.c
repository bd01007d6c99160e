#include "perfgate/load/pacer.h"

#include <math.h>

/* A user is not there for a rounding error. */
#define EPSILON_USERS 1e-6

struct position {
	const struct stage *stage; /* NULL: after the last */
	double before; /* users at its begin */
	int64_t begin_ns;
};

static struct position find_stage(const struct scenario *scenario, int64_t elapsed_ns)
{
	struct position at = {0};
	for (size_t i = 0; i < scenario->n_stages; i++) {
		const struct stage *stage = &scenario->stages[i];
		if (elapsed_ns < at.begin_ns + stage->duration_ns) {
			at.stage = stage;
			return at;
		}
		at.begin_ns += stage->duration_ns;
		at.before = stage->level;
	}
	return at;
}

static double users_at(const struct position *at, int64_t elapsed_ns)
{
	int64_t into_ns = elapsed_ns - at->begin_ns;
	if (into_ns >= at->stage->ramp_ns)
		return at->stage->level;
	double part = (double)into_ns / (double)at->stage->ramp_ns;
	return at->before + (at->stage->level - at->before) * part;
}

static double rounded(double users)
{
	return ceil(users - EPSILON_USERS);
}

uint32_t pacer_users(const struct scenario *scenario, int64_t elapsed_ns)
{
	struct position at = find_stage(scenario, elapsed_ns);
	if (!at.stage)
		return 0;
	double users = users_at(&at, elapsed_ns);
	/* A ramp upward has begun with the first user. */
	if (at.stage->level > users)
		users += 2 * EPSILON_USERS;
	double whole = rounded(users);
	return whole <= 0 ? 0 : (uint32_t)fmin(whole, (double)scenario->users);
}

int64_t pacer_next_change_ns(const struct scenario *scenario, int64_t elapsed_ns)
{
	struct position at = find_stage(scenario, elapsed_ns);
	if (!at.stage)
		return INT64_MAX;
	int64_t end_ns = at.begin_ns + at.stage->duration_ns;
	int64_t ramp_end_ns = at.begin_ns + at.stage->ramp_ns;
	double change = at.stage->level - at.before;
	if (elapsed_ns >= ramp_end_ns || fabs(change) < EPSILON_USERS)
		return end_ns;
	double now = (double)pacer_users(scenario, elapsed_ns);
	double next = change > 0 ? now : now - 1; /* crossing it changes the number */
	double into_ns = (next - at.before) / change * (double)at.stage->ramp_ns;
	int64_t next_ns = at.begin_ns + (int64_t)ceil(into_ns);
	if (next_ns <= elapsed_ns) /* rounding: look again a little later */
		next_ns = elapsed_ns + 1000;
	return next_ns < ramp_end_ns ? next_ns : ramp_end_ns;
}
