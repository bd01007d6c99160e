#include "perfgate/verdict/history.h"

#include "perfgate/verdict/robust.h"
#include "perfgate/verdict/stats.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LONG_HISTORY 10
#define SUSPECT_RATIO 1.2
#define SPEED_VARIES 1.03
#define SPEED_MOVED_UNKNOWN 1.10
#define SLOPE_MAX 2
#define SD_FLOOR .01
#define SHORT_SD_FLOOR .05
/* Four runs with a between-run sd of 10 %. */
#define PRIOR_RUNS 4
#define PRIOR_VARIANCE .01
#define ENDPOINTS_MOVED .6

const char *const history_reason_names[HISTORY_REASON_COUNT] = {
	[HISTORY_REGRESSION] = "regression",
	[HISTORY_ENVIRONMENT] = "environment",
	[HISTORY_SUSPECT] = "suspect",
	[HISTORY_IMPROVED] = "improved",
	[HISTORY_WITHIN_BOUND] = "within_bound",
	[HISTORY_NO_BASELINE] = "no_baseline",
	[HISTORY_TOO_FEW_SAMPLES] = "too_few_samples",
};

/* A cell's past as numbers: what counts, on the scale of d. */
struct past {
	double y[HISTORY_MAX], c[HISTORY_MAX];
	size_t n;
	double now, c_now;
	bool speed; /* c is known for all and varies */
};

/* What the prediction rests on: x against `scale` times t with `freedom` degrees. */
struct prediction {
	double x, scale, freedom;
};

static void load_past(const struct history_cell *cell, struct past *past)
{
	double low = INFINITY, high = -INFINITY;
	bool known = cell->speed && isfinite(cell->speed_now);

	assert(cell->n_past <= HISTORY_MAX);
	*past = (struct past){.now = ab_level(cell->metric, &cell->now, false),
			      .c_now = cell->speed_now};
	for (size_t i = 0; i < cell->n_past; i++) {
		double y = ab_level(cell->metric, &cell->past[i], false);

		if (isnan(y))
			continue;
		past->y[past->n] = y;
		past->c[past->n] = cell->speed ? cell->speed[i] : NAN;
		known = known && isfinite(past->c[past->n]);
		low = fmin(low, past->c[past->n]);
		high = fmax(high, past->c[past->n]);
		past->n++;
	}
	past->speed = known && past->n >= LONG_HISTORY && high - low >= log(SPEED_VARIES);
}

static double squares_around(const double *values, size_t n, double mean)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return sum;
}

static double clamped_slope(const struct past *past)
{
	double y_mean = robust_mean(past->y, past->n), c_mean = robust_mean(past->c, past->n);
	double products = 0;

	for (size_t i = 0; i < past->n; i++)
		products += (past->c[i] - c_mean) * (past->y[i] - y_mean);
	return fmax(0, fmin(SLOPE_MAX, products / squares_around(past->c, past->n, c_mean)));
}

/* One slope for all cells: a cell's own would follow its noise. */
static double pooled_slope(const struct history_cell *cells, size_t n_cells)
{
	AUTO_FREE double *slopes = xcalloc(n_cells, sizeof *slopes);
	size_t n = 0;

	for (size_t j = 0; j < n_cells; j++) {
		struct past past;

		load_past(&cells[j], &past);
		if (past.speed)
			slopes[n++] = clamped_slope(&past);
	}
	return n == 0 ? 0 : robust_median(slopes, n);
}

static double mean_variance(const struct history_cell *cells, size_t n_cells)
{
	double sum = 0;
	size_t n = 0;

	for (size_t j = 0; j < n_cells; j++) {
		struct past past;
		double sd;

		load_past(&cells[j], &past);
		sd = robust_sd(past.y, past.n);
		if (isnan(sd) || isnan(past.now))
			continue;
		sum += sd * sd;
		n++;
	}
	return n == 0 ? 0 : sum / (double)n;
}

static double short_scale(size_t n, double variance)
{
	double runs = (double)n;
	double s = sqrt(((runs - 1) * variance + PRIOR_RUNS * PRIOR_VARIANCE) /
			(runs + PRIOR_RUNS - 1));

	return fmax(SHORT_SD_FLOOR, s) * sqrt(1 + M_PI / (2 * runs));
}

static struct prediction predict_short(struct past *past, double variance)
{
	return (struct prediction){past->now - robust_median(past->y, past->n),
				   short_scale(past->n, variance), (double)past->n + 3};
}

static struct prediction predict_long(const struct past *past, double beta)
{
	double n = (double)past->n, c_mean = 0, away = 0;
	double y[HISTORY_MAX], mean, sd, now = past->now;

	memcpy(y, past->y, sizeof y);
	if (past->speed && beta > 0) {
		c_mean = robust_mean(past->c, past->n);
		away = pow(past->c_now - c_mean, 2) / squares_around(past->c, past->n, c_mean);
		now -= beta * (past->c_now - c_mean);
		for (size_t i = 0; i < past->n; i++)
			y[i] -= beta * (past->c[i] - c_mean);
	}
	mean = robust_mean(y, past->n);
	sd = fmax(SD_FLOOR, sqrt(squares_around(y, past->n, mean) / (n - 2)));
	return (struct prediction){now - mean, sd * sqrt(1 + 1 / n + away), n - 2};
}

/* t(1-.05/m) times the scale; beyond 20 % while the history is short. */
static double first_bound(const struct prediction *prediction, size_t n, size_t m)
{
	double bound = stats_t_quantile(HISTORY_LEVEL / (double)m, prediction->freedom) *
		       prediction->scale;

	return n < LONG_HISTORY ? fmax(log(SUSPECT_RATIO), bound) : bound;
}

double history_bound(size_t n, size_t m, double sd)
{
	double runs = (double)n;
	struct prediction prediction = {0, fmax(SD_FLOOR, sd) * sqrt(1 + 1 / runs), runs - 2};

	if (n == 0)
		return INFINITY;
	if (n < LONG_HISTORY)
		prediction = (struct prediction){0, short_scale(n, sd * sd), runs + 3};
	return first_bound(&prediction, n, m);
}

/* In the metric's unit, and for rates the raw difference as shift. */
static void describe(const struct history_cell *cell, struct history_result *result)
{
	double values[HISTORY_MAX], sign = metric_table[cell->metric].higher_is_better ? -1 : 1;
	size_t n = 0;

	for (size_t i = 0; i < cell->n_past; i++) {
		double level = ab_level(cell->metric, &cell->past[i], true);

		if (!isnan(level))
			values[n++] = level;
	}
	if (n == 0)
		return;
	result->baseline = robust_median(values, n);
	result->shift = result->x;
	if (ab_is_rate(cell->metric)) {
		result->shift = ab_level(cell->metric, &cell->now, true) - result->baseline;
		result->baseline *= sign;
	} else {
		result->baseline = exp(sign * result->baseline);
	}
}

/*
 * Of a total, or of an endpoint that was not asked at all, it means that the run says nothing. One
 * that a short run asks a few times too seldom is only not compared.
 */
static bool is_missed(const struct history_cell *cell)
{
	return cell->primary && (cell->now.n == 0 || strcmp(cell->endpoint, "total") == 0);
}

/* Without a present or a past there is nothing to judge; says which. */
static void prepare(const struct history_cell *cell, struct history_result *result)
{
	struct past past;
	bool missing;

	load_past(cell, &past);
	missing = past.n > 0 && isnan(past.now);
	*result = (struct history_result){.outcome = missing && is_missed(cell) ? OUTCOME_UNMEASURED
										: OUTCOME_NOT_GATED,
					  .reason = missing ? HISTORY_TOO_FEW_SAMPLES
							    : HISTORY_NO_BASELINE,
					  .n = past.n,
					  .baseline = NAN,
					  .x = NAN,
					  .bound = NAN,
					  .p = NAN,
					  .shift = NAN};
	describe(cell, result);
	if (past.n > 0 && !missing)
		result->reason = HISTORY_WITHIN_BOUND;
}

static bool is_judged(const struct history_result *result)
{
	return result->reason != HISTORY_NO_BASELINE && result->reason != HISTORY_TOO_FEW_SAMPLES;
}

static void decide(const struct history_cell *cell, struct history_result *result, double p_less)
{
	double tolerance = ab_tolerance(cell->metric, cell->tolerance);
	bool is_short = result->n < LONG_HISTORY;
	bool beyond = !is_short || result->x > log(SUSPECT_RATIO);

	result->outcome = OUTCOME_PASS;
	if (result->shift >= tolerance && beyond && result->p <= HISTORY_LEVEL) {
		result->outcome = OUTCOME_FAIL;
		result->reason = HISTORY_REGRESSION;
	} else if (result->shift >= tolerance && beyond && is_short) {
		result->outcome = OUTCOME_INCONCLUSIVE;
		result->reason = HISTORY_SUSPECT;
	} else if (result->shift <= -tolerance && p_less <= HISTORY_LEVEL &&
		   (!is_short || result->x < -log(SUSPECT_RATIO))) {
		result->reason = HISTORY_IMPROVED;
	}
}

/* Holm over the long histories' p; Bonferroni, as its bound says, where the history is short. */
static void judge_cells(const struct history_cell *cells, size_t n_cells,
			const struct history_summary *summary, double variance,
			struct history_result *out)
{
	AUTO_FREE double *p = xcalloc(n_cells, sizeof *p);
	AUTO_FREE double *less = xcalloc(n_cells, sizeof *less);
	AUTO_FREE size_t *order = xcalloc(n_cells, sizeof *order);
	double m = (double)summary->judged;

	for (size_t j = 0; j < n_cells; j++) {
		struct prediction prediction;
		struct past past;

		p[j] = less[j] = NAN;
		if (!is_judged(&out[j]))
			continue;
		load_past(&cells[j], &past);
		prediction = past.n < LONG_HISTORY ? predict_short(&past, variance)
						   : predict_long(&past, summary->beta);
		out[j].x = prediction.x;
		out[j].bound = first_bound(&prediction, past.n, summary->judged);
		p[j] = stats_t_tail(prediction.x / prediction.scale, prediction.freedom);
		less[j] = 1 - p[j];
		out[j].p = fmin(1, m * p[j]);
	}
	stats_holm(p, n_cells, p, order);
	stats_holm(less, n_cells, less, order);
	for (size_t j = 0; j < n_cells; j++) {
		if (!is_judged(&out[j]))
			continue;
		if (out[j].n >= LONG_HISTORY)
			out[j].p = p[j];
		describe(&cells[j], &out[j]);
		decide(&cells[j], &out[j], less[j]);
	}
}

/* How much slower than usual the probe was, 0 when it was not. */
static double probe_slower(const struct history_cell *cell)
{
	double c[HISTORY_MAX], away, limit = log(SPEED_MOVED_UNKNOWN);
	size_t n = 0;

	if (!cell->speed || !isfinite(cell->speed_now))
		return 0;
	for (size_t i = 0; i < cell->n_past; i++)
		if (isfinite(cell->speed[i]))
			c[n++] = cell->speed[i];
	if (n == 0)
		return 0;
	away = cell->speed_now - robust_mean(c, n);
	if (n >= 3)
		limit = fmax(log(SPEED_VARIES), stats_t_quantile(.025, (double)n - 1) *
							robust_sd(c, n) * sqrt(1 + 1 / (double)n));
	return away > limit ? away : 0;
}

/* By how much the machine was slower, as the probe and most endpoints say; 0 when they do not. */
static double machine_slower(const struct history_cell *cells, size_t n_cells)
{
	double slower = n_cells > 0 ? probe_slower(&cells[0]) : 0;
	size_t endpoints = 0, moved = 0;

	if (!(slower > 0))
		return 0;
	for (size_t j = 0; j < n_cells; j++) {
		struct past past;

		if (cells[j].metric != METRIC_P50 || strcmp(cells[j].endpoint, "total") == 0)
			continue;
		load_past(&cells[j], &past);
		if (past.n == 0 || isnan(past.now))
			continue;
		endpoints++;
		moved += past.now - robust_mean(past.y, past.n) >= slower / 2;
	}
	return (double)moved > ENDPOINTS_MOVED * (double)endpoints ? slower : 0;
}

/* What a slower machine cannot make of a time is left to the change; a rate knows no such limit. */
static bool explains(double slower, const struct history_cell *cell,
		     const struct history_result *result)
{
	return ab_is_rate(cell->metric) || result->x <= SLOPE_MAX * slower + result->bound;
}

/* Per scenario: the probe runs before each. */
static bool excuse_machine(const struct history_cell *cells, size_t n_cells,
			   struct history_result *out)
{
	bool any = false;

	for (size_t first = 0, end; first < n_cells; first = end) {
		double slower;

		for (end = first + 1; end < n_cells; end++)
			if (strcmp(cells[end].scenario, cells[first].scenario) != 0)
				break;
		slower = machine_slower(&cells[first], end - first);
		for (size_t j = first; slower > 0 && j < end; j++) {
			if (out[j].outcome != OUTCOME_FAIL && out[j].reason != HISTORY_SUSPECT)
				continue;
			if (!explains(slower, &cells[j], &out[j]))
				continue;
			out[j].outcome = OUTCOME_INCONCLUSIVE;
			out[j].reason = HISTORY_ENVIRONMENT;
			any = true;
		}
	}
	return any;
}

static enum outcome roll_up(const struct history_result *results, size_t n)
{
	static const enum outcome severity[] = {OUTCOME_FAIL, OUTCOME_UNMEASURED,
						OUTCOME_INCONCLUSIVE, OUTCOME_PASS};

	for (size_t i = 0; i < ARRAY_SIZE(severity); i++)
		for (size_t j = 0; j < n; j++)
			if (results[j].outcome == severity[i])
				return severity[i];
	return OUTCOME_NOT_GATED;
}

struct history_summary history_judge(const struct history_cell *cells, size_t n_cells,
				     struct history_result *out)
{
	struct history_summary summary = {.outcome = OUTCOME_NOT_GATED};

	for (size_t j = 0; j < n_cells; j++) {
		prepare(&cells[j], &out[j]);
		summary.judged += is_judged(&out[j]) ? 1 : 0;
	}
	summary.beta = pooled_slope(cells, n_cells);
	judge_cells(cells, n_cells, &summary, mean_variance(cells, n_cells), out);
	summary.environment = excuse_machine(cells, n_cells, out);
	summary.outcome = roll_up(out, n_cells);
	return summary;
}
