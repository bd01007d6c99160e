#include "perfgate/verdict/gate.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/verdict/stats.h"

#include <math.h>

#define ALPHA .05
/* From n(1-p) of 10 on the sample percentile decides. */
#define TAIL_MIN 10.0
#define LOOKUPS_MIN 200
/* Users who think offer a fixed rate: unless it is this much over the limit, capacity decides. */
#define CAPACITY_MARGIN 1.25

/* The two phases whose counts a rate is judged on; `capacity` may be NULL. */
struct phases {
	const struct scenario_result *scenario, *capacity;
};

static const struct endpoint_result *phase_endpoint(const struct scenario_result *phase,
						    const char *endpoint)
{
	return phase ? scenario_endpoint(phase, endpoint) : NULL;
}

/* "2 000.0004 ms": enough digits that value and limit differ when they differ. */
static char *quantity(struct run *run, const struct cell *cell, double value)
{
	const struct metric_info *info = &metric_table[cell->metric];
	bool rate = info->unit[0] == '\0';
	double other = isfinite(cell->limit) ? cell->limit : value;
	char text[UNITS_TEXT_SIZE], against[UNITS_TEXT_SIZE];
	int digits = 4;

	if (isnan(value))
		return arena_strdup(&run->arena, "n/a");
	do {
		units_format_number(rate ? value * 100 : value, digits, text);
		units_format_number(rate ? other * 100 : other, digits, against);
	} while (value != other && text_equal(text, against) && ++digits < 17);
	return arena_printf(&run->arena, "%s%s%s", text, rate ? "%" : " ", rate ? "" : info->unit);
}

static bool within(const struct cell *cell)
{
	return metric_table[cell->metric].higher_is_better ? cell->value >= cell->limit
							   : cell->value <= cell->limit;
}

static void decide(struct run *run, struct cell *cell, enum outcome outcome, const char *because)
{
	bool minimum = metric_table[cell->metric].higher_is_better;
	const char *relation = within(cell) ? (minimum ? ">=" : "<=") : (minimum ? "<" : ">");

	cell->outcome = outcome;
	cell->reason =
		arena_printf(&run->arena, "%s%s %s %s%s%s", cell->at_least ? "at least " : "",
			     quantity(run, cell, cell->value), relation,
			     quantity(run, cell, cell->limit), *because ? ": " : "", because);
}

static void unmeasured(struct cell *cell, const char *reason)
{
	cell->outcome = OUTCOME_UNMEASURED;
	cell->reason = reason;
}

/* Value of the `rank`-th smallest recorded latency, in ms. */
static double rank_value_ms(const struct histogram *histogram, uint64_t rank)
{
	uint64_t n = histogram_count(histogram);

	if (rank < 1 || rank > n)
		return NAN;
	/* The middle of the rank: ceil() of a product that rounds up is one too far. */
	return (double)histogram_quantile_ns(histogram, ((double)rank - .5) / (double)n) /
	       (double)NS_PER_MS;
}

static void interval_of_percentile(struct cell *cell, const struct histogram *histogram)
{
	uint64_t low, high;

	stats_quantile_ranks(cell->n, metric_table[cell->metric].quantile, ALPHA, &low, &high);
	cell->low = rank_value_ms(histogram, low);
	cell->high = rank_value_ms(histogram, high);
}

/* Fewer requests than the percentile needs: only a proof fails, only enough values pass. */
static void judge_few(struct run *run, struct cell *cell, const struct histogram *histogram)
{
	double tail = 1 - metric_table[cell->metric].quantile;
	uint64_t above = histogram_count_above(histogram, (uint64_t)(cell->limit * NS_PER_MS));
	uint64_t enough = (uint64_t)ceil(1 / tail - 1e-9);

	if (!within(cell) && stats_binomial_tail(cell->n, tail, above) <= ALPHA)
		decide(run, cell, OUTCOME_FAIL,
		       arena_printf(&run->arena, "%llu of %llu requests are over the limit",
				    (unsigned long long)above, (unsigned long long)cell->n));
	else if (!within(cell))
		decide(run, cell, OUTCOME_INCONCLUSIVE,
		       arena_printf(&run->arena, "too few requests (%llu) to prove it",
				    (unsigned long long)cell->n));
	else if (cell->n >= enough)
		decide(run, cell, OUTCOME_PASS, "");
	else
		unmeasured(cell,
			   arena_printf(&run->arena, "%s needs %llu requests, there are %llu",
					metric_table[cell->metric].name, (unsigned long long)enough,
					(unsigned long long)cell->n));
}

static void judge_percentile(struct run *run, struct cell *cell, const struct phases *phases)
{
	const struct endpoint_result *endpoint = phase_endpoint(phases->scenario, cell->endpoint);
	double tail = 1 - metric_table[cell->metric].quantile;

	cell->value = endpoint_metric(phases->scenario, endpoint, cell->metric);
	cell->n = histogram_count(endpoint->latency);
	if (isnan(cell->value)) {
		unmeasured(cell, "no request succeeded");
		return;
	}
	interval_of_percentile(cell, endpoint->latency);
	if ((double)cell->n * tail < TAIL_MIN - 1e-9)
		judge_few(run, cell, endpoint->latency);
	else if (cell->low <= cell->limit && cell->limit < cell->high)
		decide(run, cell, within(cell) ? OUTCOME_PASS : OUTCOME_FAIL,
		       "its 95 % interval straddles the limit");
	else
		decide(run, cell, within(cell) ? OUTCOME_PASS : OUTCOME_FAIL, "");
}

static void judge_throughput(struct run *run, struct cell *cell, const struct phases *phases)
{
	const struct scenario_result *phase =
		phases->capacity ? phases->capacity : phases->scenario;
	const struct endpoint_result *endpoint = phase_endpoint(phase, cell->endpoint);

	if (!endpoint) {
		unmeasured(cell, "no request was sent to it");
		return;
	}
	cell->value = endpoint_metric(phase, endpoint, METRIC_THROUGHPUT);
	cell->n = endpoint->requests;
	cell->at_least = phase->generator.limited;
	if (!phases->capacity && phase->planned_rps < CAPACITY_MARGIN * cell->limit) {
		unmeasured(cell, arena_printf(&run->arena,
					      "its users offer only %.4g requests/s, and the "
					      "capacity phase was not run",
					      phase->planned_rps));
		return;
	}
	if (isnan(cell->value))
		unmeasured(cell, "no request was completed");
	else if (!within(cell) && cell->at_least)
		decide(run, cell, OUTCOME_INCONCLUSIVE, "the generator was the limit");
	else
		decide(run, cell, within(cell) ? OUTCOME_PASS : OUTCOME_FAIL,
		       phases->capacity ? "in the capacity phase" : "");
}

/* `count` of `n` over both phases, with its Clopper-Pearson interval. */
static void set_rate(struct cell *cell, uint64_t count, uint64_t n)
{
	cell->n = n;
	if (n == 0)
		return;
	cell->value = (double)count / (double)n;
	stats_proportion_interval(count, n, ALPHA, &cell->low, &cell->high);
}

static void judge_error_rate(struct run *run, struct cell *cell, const struct phases *phases)
{
	const struct scenario_result *both[] = {phases->scenario, phases->capacity};
	uint64_t errors = 0, n = 0;
	double enough = cell->limit > 0 ? ceil(1 / cell->limit - 1e-9) : 1;

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		const struct endpoint_result *endpoint = phase_endpoint(both[i], cell->endpoint);

		if (endpoint) {
			errors += endpoint_errors(endpoint);
			n += endpoint->requests - endpoint->classes[CLASS_CANCELLED];
		}
	}
	set_rate(cell, errors, n);
	if (n == 0)
		unmeasured(cell, "no request was completed");
	else if ((double)n < enough && !within(cell) &&
		 stats_binomial_tail(n, cell->limit, errors) > ALPHA)
		decide(run, cell, OUTCOME_INCONCLUSIVE,
		       arena_printf(&run->arena, "%llu of %llu requests do not prove it",
				    (unsigned long long)errors, (unsigned long long)n));
	else if ((double)n < enough && within(cell))
		unmeasured(cell, arena_printf(&run->arena,
					      "a limit of %s needs %.0f requests, there are %llu",
					      quantity(run, cell, cell->limit), enough,
					      (unsigned long long)n));
	else
		decide(run, cell, within(cell) ? OUTCOME_PASS : OUTCOME_FAIL, "");
}

static void judge_cache_hits(struct run *run, struct cell *cell, const struct phases *phases)
{
	const struct scenario_result *both[] = {phases->scenario, phases->capacity};
	uint64_t hits = 0, lookups = 0;

	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		const struct endpoint_result *endpoint = phase_endpoint(both[i], cell->endpoint);

		if (endpoint) {
			hits += endpoint->cache_hits;
			lookups += endpoint->cache_hits + endpoint->cache_misses;
		}
	}
	set_rate(cell, hits, lookups);
	if (lookups == 0)
		unmeasured(cell, "no answer told of a cache (Server-Timing: cache;desc=hit|miss or "
				 "X-Cache: HIT|MISS)");
	else if (lookups < LOOKUPS_MIN)
		unmeasured(cell, arena_printf(&run->arena, "%llu cache look-ups, a rate needs %d",
					      (unsigned long long)lookups, LOOKUPS_MIN));
	else
		decide(run, cell, within(cell) ? OUTCOME_PASS : OUTCOME_FAIL, "");
}

/* An invalid measurement is no evidence, and what an interruption cut short proves no failure. */
static void distrust(struct run *run, struct cell *cell, const struct scenario_result *scenario)
{
	const struct generator_health *health = &scenario->generator;

	if (scenario->interrupted && cell->outcome == OUTCOME_FAIL) {
		cell->outcome = OUTCOME_INCONCLUSIVE;
		cell->reason = arena_printf(&run->arena, "interrupted at %s", cell->reason);
	}
	if (health->invalid == INVALID_NOT || cell->outcome == OUTCOME_UNMEASURED)
		return;
	cell->outcome = health->invalid == INVALID_OURS ? OUTCOME_UNMEASURED : OUTCOME_INCONCLUSIVE;
	cell->reason = arena_printf(&run->arena, "invalid measurement (%s): %s", cell->reason,
				    health->invalid_reason ? health->invalid_reason : "no reason");
}

struct cell *verdict_add_cell(struct run *run, const struct cell *cell)
{
	struct verdict *verdict = &run->verdict;

	verdict->cells = xrealloc(verdict->cells, verdict->n_cells + 1, sizeof *verdict->cells);
	verdict->cells[verdict->n_cells] = *cell;
	return &verdict->cells[verdict->n_cells++];
}

static struct cell *append_cell(struct run *run, const struct gate *gate)
{
	struct cell cell = {
		.scenario = arena_strdup(&run->arena, gate->scenario),
		.endpoint = arena_strdup(&run->arena, gate->endpoint),
		.metric = gate->metric,
		.value = NAN,
		.limit = gate->limit,
		.baseline = NAN,
		.low = NAN,
		.high = NAN,
		.warn = gate->warn,
		.outcome = OUTCOME_NOT_GATED,
		.origin = gate->origin ? arena_strdup(&run->arena, gate->origin) : NULL,
	};

	return verdict_add_cell(run, &cell);
}

void verdict_judge_gate(struct run *run, const struct gate *gate)
{
	struct phases phases = {run_find(run, gate->scenario),
				run_find_capacity(run, gate->scenario)};
	struct cell *cell = append_cell(run, gate);

	if (isnan(gate->limit)) {
		cell->reason = "not gated";
		if (phases.scenario && scenario_endpoint(phases.scenario, gate->endpoint))
			cell->value =
				endpoint_metric(phases.scenario,
						scenario_endpoint(phases.scenario, gate->endpoint),
						gate->metric);
		return;
	}
	if (!phases.scenario) {
		unmeasured(cell, "the scenario was not run");
		return;
	}
	if (!scenario_endpoint(phases.scenario, gate->endpoint)) {
		unmeasured(cell, "no request was sent to it");
		return;
	}
	switch (gate->metric) {
	case METRIC_P50:
	case METRIC_P95:
	case METRIC_P99: judge_percentile(run, cell, &phases); break;
	case METRIC_THROUGHPUT: judge_throughput(run, cell, &phases); break;
	case METRIC_ERROR_RATE: judge_error_rate(run, cell, &phases); break;
	case METRIC_CACHE_HIT_RATE: judge_cache_hits(run, cell, &phases); break;
	case METRIC_COUNT:
	case METRIC_ALL: break;
	}
	distrust(run, cell,
		 gate->metric == METRIC_THROUGHPUT && phases.capacity ? phases.capacity
								      : phases.scenario);
}
