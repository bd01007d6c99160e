#include "perfgate/verdict/drift.h"

#include "perfgate/base/strbuf.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/verdict/gate.h"
#include "perfgate/verdict/trend.h"

#include <math.h>

#define SAME_USERS_PART 0.9
#define HOUR_S 3600.0

static double p95_of(const struct interval *interval)
{
	return interval->p95_ms;
}

static double rss_of(const struct interval *interval)
{
	return interval->rss_bytes > 0 ? interval->rss_bytes : NAN;
}

static double errors_of(const struct interval *interval)
{
	return interval->requests ? (double)interval->errors / (double)interval->requests : NAN;
}

static const struct watched {
	enum metric metric;
	const char *endpoint;
	double (*value)(const struct interval *interval);
	double threshold; /* a fraction of the beginning, or points */
	bool relative;
	double rise_min; /* in the metric's unit; 0 = any */
} table[] = {
	{METRIC_P95, "total", p95_of, DRIFT_P95_RISE, true, 0},
	{METRIC_RSS, "target", rss_of, DRIFT_RSS_RISE, true, DRIFT_RSS_RISE_BYTES},
	{METRIC_ERROR_RATE, "total", errors_of, DRIFT_ERRORS_RISE, false, 0},
};

/* ---- the seconds that count ---- */

static uint32_t usual_users(const struct scenario_result *scenario, size_t *out_seconds,
			    size_t *out_judged)
{
	uint32_t users = 0;

	*out_seconds = *out_judged = 0;
	for (size_t i = 0; i < scenario->n_series; i++) {
		size_t same = 0;

		if (scenario->series[i].warmup)
			continue;
		++*out_judged;
		/* The runs of a stage stand together: counting at their first second is enough. */
		if (i > 0 && !scenario->series[i - 1].warmup &&
		    scenario->series[i - 1].users == scenario->series[i].users)
			continue;
		for (size_t k = i; k < scenario->n_series; k++)
			same += scenario->series[k].users == scenario->series[i].users;
		if (same > *out_seconds) {
			*out_seconds = same;
			users = scenario->series[i].users;
		}
	}
	return users;
}

static bool is_long_enough(const struct scenario_result *scenario, size_t seconds, size_t judged)
{
	size_t least = text_equal(scenario->name, "endurance") ? DRIFT_SECONDS_ENDURANCE
							       : DRIFT_SECONDS_MIN;

	return seconds >= least && (double)seconds >= SAME_USERS_PART * (double)judged;
}

/* ---- in words ---- */

static void append_quantity(struct strbuf *out, enum metric metric, double value)
{
	char text[UNITS_TEXT_SIZE];

	if (metric == METRIC_RSS)
		units_format_number(value / (1024 * 1024), 4, text);
	else
		units_format_number(metric == METRIC_ERROR_RATE ? 100 * value : value, 4, text);
	strbuf_printf(out, "%s %s", text,
		      metric == METRIC_RSS	    ? "MiB"
		      : metric == METRIC_ERROR_RATE ? "%"
						    : metric_table[metric].unit);
}

/* "drift: 41.2 MiB -> 63 MiB in 118 s, +667 MiB an hour (95 %: 652 MiB .. 690 MiB)" */
static const char *sentence(struct arena *arena, const struct cell *cell, const struct trend *trend,
			    double seconds)
{
	AUTO(strbuf) struct strbuf out = {0};

	strbuf_printf(&out, "%s: ", cell->regression->finding);
	append_quantity(&out, cell->metric, cell->baseline);
	strbuf_puts(&out, " -> ");
	append_quantity(&out, cell->metric, cell->value);
	strbuf_printf(&out, " in %.0f s, %s", seconds, trend->per_hour > 0 ? "+" : "");
	append_quantity(&out, cell->metric, trend->per_hour);
	strbuf_puts(&out, " an hour (95 %: ");
	append_quantity(&out, cell->metric, trend->low);
	strbuf_puts(&out, " .. ");
	append_quantity(&out, cell->metric, trend->high);
	strbuf_printf(&out, "), p %.2g", trend->p);
	return arena_strdup(arena, strbuf_text(&out));
}

/* ---- one series ---- */

static struct regression *describe(struct arena *arena, const struct trend *trend, bool drifts,
				   double seconds, const struct trend_series *series)
{
	struct regression *out = arena_alloc(arena, 1, sizeof *out);
	double part = seconds / HOUR_S / (series->relative ? fabs(trend->start) : 1);

	*out = (struct regression){
		.by = JUDGED_BY_TREND,
		.finding = drifts ? "drift" : "steady",
		.change = trend->rise,
		.low = trend->low * part,
		.high = trend->high * part,
		.tolerance = series->threshold,
		.upper = NAN,
		.p = trend->p,
		.detectable = NAN,
		.per_hour = trend->per_hour,
	};
	return out;
}

static void judge_series(struct run *run, const struct scenario_result *scenario,
			 const struct watched *watched, const struct trend_series *series,
			 bool warn)
{
	double seconds = series->t_s[series->n - 1] - series->t_s[0], rise;
	struct cell cell = {.scenario = scenario->name,
			    .endpoint = watched->endpoint,
			    .metric = watched->metric,
			    .limit = NAN,
			    .low = NAN,
			    .high = NAN,
			    .n = series->n,
			    .warn = warn,
			    .outcome = OUTCOME_PASS};
	struct trend trend;
	bool drifts;

	trend_judge(series, &trend);
	if (trend.verdict == TREND_TOO_FEW)
		return;
	rise = trend.per_hour * seconds / HOUR_S;
	drifts = trend.verdict == TREND_DRIFT && rise >= watched->rise_min;
	cell.baseline = trend.start;
	cell.value = fmax(0, trend.start + rise);
	cell.regression = describe(&run->arena, &trend, drifts, seconds, series);
	cell.reason = sentence(&run->arena, &cell, &trend, seconds);
	if (drifts)
		cell.outcome = scenario->generator.invalid == INVALID_NOT ? OUTCOME_FAIL
									  : OUTCOME_INCONCLUSIVE;
	verdict_add_cell(run, &cell);
}

void drift_judge(struct run *run, const struct scenario_result *scenario, double p95_tolerance,
		 bool warn)
{
	AUTO_FREE double *t_s = xcalloc(scenario->n_series + 1, sizeof *t_s);
	AUTO_FREE double *y = xcalloc(scenario->n_series + 1, sizeof *y);
	size_t seconds, judged;
	uint32_t users = usual_users(scenario, &seconds, &judged);

	if (scenario->follows || scenario->interrupted || scenario->aborted ||
	    !is_long_enough(scenario, seconds, judged))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct trend_series series = {
			.t_s = t_s,
			.y = y,
			.threshold = table[i].metric == METRIC_P95
					     ? fmax(table[i].threshold, p95_tolerance)
					     : table[i].threshold,
			.relative = table[i].relative,
		};

		for (size_t k = 0; k < scenario->n_series; k++) {
			const struct interval *interval = &scenario->series[k];

			if (interval->warmup || interval->users != users)
				continue;
			t_s[series.n] = interval->t_s;
			y[series.n++] = table[i].value(interval);
		}
		judge_series(run, scenario, &table[i], &series, warn);
	}
}
