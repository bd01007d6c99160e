#include "perfgate/load/arrivals.h"

#include "perfgate/base/clock.h"

#include <math.h>
#include <string.h>

/* Apart from the streams of the users, which count from 1. */
#define ARRIVAL_STREAM UINT64_C(0x6172726976616c)

static double gap(struct arrivals *arrivals)
{
	if (arrivals->scenario->arrival == ARRIVAL_EVEN)
		return 1;
	return -log1p(-rng_double(&arrivals->rng));
}

void arrivals_init(struct arrivals *arrivals, const struct scenario *scenario, uint64_t seed,
		   const uint16_t *worker_of, size_t n_worker_of, uint32_t index)
{
	memset(arrivals, 0, sizeof *arrivals);
	arrivals->scenario = scenario;
	arrivals->worker_of = worker_of;
	arrivals->n_worker_of = n_worker_of;
	arrivals->index = index;
	rng_seed(&arrivals->rng, seed, ARRIVAL_STREAM);
	if (scenario->arrival == ARRIVAL_POISSON)
		arrivals->place = gap(arrivals);
}

static double seconds(int64_t ns)
{
	return (double)ns / (double)NS_PER_S;
}

static double ramp_area(const struct arrivals *arrivals, const struct stage *stage)
{
	return seconds(stage->ramp_ns) * (arrivals->before + stage->level) / 2;
}

/* Where in the stage the area from its begin is `area`; it is reached within the stage. */
static double seconds_into(const struct arrivals *arrivals, const struct stage *stage, double area)
{
	double ramp_s = seconds(stage->ramp_ns), ramped = ramp_area(arrivals, stage);
	double before = arrivals->before;
	if (area >= ramped)
		return ramp_s + (area - ramped) / stage->level;
	/* The root of before * t + slope / 2 * t^2 = area, in the form that does not cancel. */
	double slope = (stage->level - before) / ramp_s;
	double root = sqrt(fmax(0, before * before + 2 * slope * area));
	return before + root > 0 ? 2 * area / (before + root) : 0;
}

static int64_t time_of(struct arrivals *arrivals, double place)
{
	const struct scenario *scenario = arrivals->scenario;
	while (arrivals->stage < scenario->n_stages) {
		const struct stage *stage = &scenario->stages[arrivals->stage];
		double held_s = seconds(stage->duration_ns - stage->ramp_ns);
		double whole = ramp_area(arrivals, stage) + held_s * stage->level;
		double rest = fmax(0, place - arrivals->area);
		if (rest < whole) {
			double into_ns = seconds_into(arrivals, stage, rest) * (double)NS_PER_S;
			return arrivals->begin_ns +
			       (int64_t)fmin(into_ns, (double)(stage->duration_ns - 1));
		}
		arrivals->area += whole;
		arrivals->before = stage->level;
		arrivals->begin_ns += stage->duration_ns;
		arrivals->stage++;
	}
	return INT64_MAX;
}

int64_t arrivals_next(struct arrivals *arrivals, uint64_t *out_number)
{
	for (;;) {
		uint64_t number = arrivals->number++;
		double place = arrivals->place;
		arrivals->place += gap(arrivals);
		if (arrivals->worker_of[number % arrivals->n_worker_of] == arrivals->index) {
			*out_number = number;
			return time_of(arrivals, place);
		}
		/* Others may have arrivals left, but this one is asked no more. */
		if (arrivals->stage == arrivals->scenario->n_stages)
			return INT64_MAX;
	}
}
