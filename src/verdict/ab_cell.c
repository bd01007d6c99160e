/* What a cell is before it is judged: its differences, its scale, its part in the plan. */
#include "perfgate/verdict/ab.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *const ab_reason_names[AB_REASON_COUNT] = {
	[AB_REGRESSION] = "regression", [AB_ABORTED] = "regression_early",
	[AB_IMPROVED] = "improved",	[AB_WITHIN_TOLERANCE] = "within_tolerance",
	[AB_UNDECIDED] = "undecided",	[AB_TOO_FEW_SAMPLES] = "too_few_samples",
	[AB_NO_DATA] = "no_data",
};

static const struct ab_look default_looks[AB_LOOKS_MAX] = {
	{8, 2.0 / 256, .01},
	{16, .012, .01},
	{24, .028, .03},
};

void ab_plan_init(struct ab_plan *plan, size_t blocks)
{
	struct ab_look *last;

	*plan = (struct ab_plan){.abort_level = .002};
	if (blocks < AB_BLOCKS_MIN)
		return;
	blocks = blocks < AB_BLOCKS_MAX ? blocks : AB_BLOCKS_MAX;
	for (unsigned i = 0; i < AB_LOOKS_MAX && default_looks[i].blocks <= blocks; i++)
		plan->looks[plan->n_looks++] = default_looks[i];
	if (plan->n_looks == 0)
		plan->n_looks = 1;
	last = &plan->looks[plan->n_looks - 1];
	last->blocks = (unsigned)blocks;
	last->level = last->pass_level = 0;
	for (unsigned i = 0; i < AB_LOOKS_MAX; i++) {
		last->level += default_looks[i].level;
		last->pass_level += default_looks[i].pass_level;
	}
	for (unsigned i = 0; i + 1 < plan->n_looks; i++) {
		last->level -= plan->looks[i].level;
		last->pass_level -= plan->looks[i].pass_level;
	}
}

bool ab_is_rate(enum metric metric)
{
	return metric == METRIC_ERROR_RATE || metric == METRIC_CACHE_HIT_RATE;
}

static bool has_enough(enum metric metric, const struct ab_sample *sample)
{
	double quantile = metric_table[metric].quantile;

	if (sample->n == 0 || !isfinite(sample->value))
		return false;
	if (ab_is_rate(metric))
		return true;
	/* 200 (1 - .95) is 10 but for rounding. */
	if (quantile > 0 && (double)sample->n * (1 - quantile) < 10 - 1e-9)
		return false;
	return sample->value > 0;
}

double ab_level(enum metric metric, const struct ab_sample *sample, bool raw)
{
	double sign = metric_table[metric].higher_is_better ? -1 : 1;
	double n = (double)sample->n;

	if (!has_enough(metric, sample))
		return NAN;
	if (!ab_is_rate(metric))
		return sign * log(sample->value);
	if (raw)
		return sign * sample->value / n;
	return sign * log((sample->value + .5) / (n - sample->value + .5));
}

size_t ab_differences(const struct ab_cell *cell, size_t n_blocks, uint64_t swapped, bool raw,
		      double *out)
{
	size_t count = 0;

	assert(n_blocks <= AB_BLOCKS_MAX);
	for (size_t k = 0; k < n_blocks; k++) {
		const struct ab_sample *side = cell->blocks[k].side;

		out[k] = ab_level(cell->metric, &side[AB_HEAD], raw) -
			 ab_level(cell->metric, &side[AB_BASE], raw);
		if (swapped >> k & 1)
			out[k] = -out[k];
		count += isnan(out[k]) ? 0 : 1;
	}
	return count;
}

double ab_tolerance(enum metric metric, double tolerance)
{
	if (ab_is_rate(metric))
		return tolerance;
	return metric == METRIC_THROUGHPUT ? -log1p(-tolerance) : log1p(tolerance);
}

double ab_change(enum metric metric, double shift)
{
	double own = metric_table[metric].higher_is_better ? -shift : shift;

	return ab_is_rate(metric) ? own : expm1(own);
}

double ab_detectable(double tolerance, double sd, size_t blocks, double q)
{
	double se = sd / sqrt((double)blocks);

	return fmax(tolerance + .84 * se, (q + .88) * se);
}

bool ab_is_primary(const char *endpoint, enum metric metric, double share)
{
	if (strcmp(endpoint, "total") == 0)
		return metric != METRIC_P99;
	return (metric == METRIC_P50 || metric == METRIC_P95) && share >= AB_PRIMARY_SHARE;
}
