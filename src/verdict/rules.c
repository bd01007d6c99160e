#include "perfgate/verdict/rules.h"

#include "perfgate/verdict/robust.h"
#include "perfgate/verdict/stats.h"

#include <math.h>
#include <string.h>

/* The blocks of one cell that count, as the values other tools would keep. */
struct cell_values {
	double base[AB_BLOCKS_MAX], head[AB_BLOCKS_MAX];
	size_t n;
	double sign; /* 1: higher is worse */
	bool rate;
};

static double value_of(const struct ab_sample *sample, bool rate)
{
	return rate ? sample->value / (double)sample->n : sample->value;
}

static bool cell_values(const struct rule_case *what, size_t j, struct cell_values *out)
{
	struct ab_cell cell = what->calibration->cells[j];
	double d[AB_BLOCKS_MAX];

	if (!cell.primary)
		return false;
	cell.blocks += what->first;
	out->n = 0;
	out->sign = metric_table[cell.metric].higher_is_better ? -1 : 1;
	out->rate = cell.metric == METRIC_ERROR_RATE || cell.metric == METRIC_CACHE_HIT_RATE;
	ab_differences(&cell, what->blocks, 0, true, d);
	for (size_t k = 0; k < what->blocks; k++) {
		if (isnan(d[k]))
			continue;
		out->base[out->n] = value_of(&cell.blocks[k].side[AB_BASE], out->rate);
		out->head[out->n++] = value_of(&cell.blocks[k].side[AB_HEAD], out->rate);
	}
	return out->n * 4 >= what->blocks * 3 && out->n > 1;
}

static bool any_cell(const struct rule_case *what,
		     bool (*alarms)(struct cell_values *values, double limit), double limit)
{
	struct cell_values values;

	for (size_t j = 0; j < what->calibration->n_cells; j++)
		if (cell_values(what, j, &values) && alarms(&values, limit))
			return true;
	return false;
}

/* The medians of the blocks stand for the value of a run that is as long as all of them. */
static bool worse_by_ratio(struct cell_values *values, double limit)
{
	double base = robust_median(values->base, values->n);
	double head = robust_median(values->head, values->n);

	if (values->rate || !(base > 0) || !(head > 0))
		return false;
	return values->sign > 0 ? head / base > limit : base / head > limit;
}

/* The base's blocks are the history, the head's last block is the new measurement. */
static bool beyond_deviations(struct cell_values *values, double deviations)
{
	double mean = robust_mean(values->base, values->n), sd = robust_sd(values->base, values->n);
	double excess = values->sign * (values->head[values->n - 1] - mean);

	return sd > 0 && excess > deviations * sd;
}

static bool beyond_t(struct cell_values *values, double tail)
{
	return beyond_deviations(values, stats_t_quantile(tail, (double)(values->n - 1)));
}

static bool github_action_benchmark(const struct rule_case *what)
{
	return any_cell(what, worse_by_ratio, 2);
}

static bool bencher(const struct rule_case *what)
{
	return any_cell(what, beyond_t, .01);
}

static bool git_perf(const struct rule_case *what)
{
	return any_cell(what, beyond_deviations, 4);
}

static bool fixed_ten_percent(const struct rule_case *what)
{
	return any_cell(what, worse_by_ratio, 1.1);
}

static bool total_p95_by_a_fifth(const struct rule_case *what)
{
	struct cell_values values;

	for (size_t j = 0; j < what->calibration->n_cells; j++) {
		const struct ab_cell *cell = &what->calibration->cells[j];

		if (cell->metric == METRIC_P95 && strcmp(cell->endpoint, "total") == 0 &&
		    cell_values(what, j, &values) && worse_by_ratio(&values, 1.2))
			return true;
	}
	return false;
}

/* ---- Mann-Whitney on single requests ---- */

struct ranked {
	double value;
	uint64_t count;
	int side;
};

static int by_value(const void *one, const void *other)
{
	double a = ((const struct ranked *)one)->value, b = ((const struct ranked *)other)->value;

	return (a > b) - (a < b);
}

static size_t gather(const struct rule_case *what, struct ranked **out)
{
	size_t room = 0, n = 0;

	for (size_t k = what->first; k < what->first + what->blocks; k++)
		room += what->requests[k][0].n + what->requests[k][1].n;
	*out = xcalloc(room + 1, sizeof **out);
	for (size_t k = what->first; k < what->first + what->blocks; k++)
		for (int side = 0; side < 2; side++)
			for (size_t i = 0; i < what->requests[k][side].n; i++)
				(*out)[n++] =
					(struct ranked){what->requests[k][side].values[i],
							what->requests[k][side].counts[i], side};
	qsort(*out, n, sizeof **out, by_value);
	return n;
}

/*
 * Normal approximation with ties (Hollander, Wolfe & Chicken, Nonparametric Statistical Methods,
 * 3rd ed., 4.1), two-sided .05, head slower.
 */
static bool mann_whitney(const struct rule_case *what)
{
	struct ranked *items;
	size_t n;
	double count[2] = {0}, ranks = 0, below = 0, ties = 0, all, excess, variance;

	if (!what->requests)
		return false;
	n = gather(what, &items);
	for (size_t i = 0, end; i < n; i = end) {
		double here[2] = {0}, tied;

		for (end = i; end < n && items[end].value == items[i].value; end++)
			here[items[end].side] += (double)items[end].count;
		tied = here[0] + here[1];
		ranks += here[AB_HEAD] * (below + (tied + 1) / 2);
		ties += tied * (tied * tied - 1);
		below += tied;
		count[0] += here[0];
		count[1] += here[1];
	}
	free(items);
	all = count[0] + count[1];
	if (count[0] < 1 || count[1] < 1)
		return false;
	excess = ranks - count[AB_HEAD] * (all + 1) / 2;
	variance = count[0] * count[1] / 12 * (all + 1 - ties / (all * (all - 1)));
	return variance > 0 && excess / sqrt(variance) > stats_normal_quantile(.025);
}

const struct rule rule_table[RULE_COUNT] = {
	{"ratio 200 %", "github-action-benchmark: twice as bad as the run before",
	 github_action_benchmark},
	{"t .99", "bencher: beyond the 99 % bound of Student's t over earlier runs", bencher},
	{"4 sigma", "git-perf: more than 4 standard deviations from earlier runs", git_perf},
	{"Mann-Whitney .05", "a rank test on all requests of the two runs", mann_whitney},
	{"fixed 10 %", "a percentile or the throughput is 10 % worse", fixed_ten_percent},
	{"p95 20 %", "the total's p95 is 20 % worse", total_p95_by_a_fifth},
};
