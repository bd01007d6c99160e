/* Latency by percentile, as a chart and as figures, beside the newest baseline's. */
#include "perfgate/report/view.h"

#include "perfgate/base/log.h"
#include "perfgate/report/figures.h"
#include "perfgate/report/svg.h"

#include <math.h>

static const struct svg_size wide = {"chart chart-wide", 464, 300};
static const struct svg_size narrow = {"chart chart-narrow", 360, 280};

/* NULL when there is none; a damaged one is none. */
static struct histogram *base_of(const struct run *run, const struct scenario_result *scenario)
{
	const char *payload = past_histogram(&run->past, scenario->name);
	struct histogram *base = NULL;
	struct error err = ERROR_INIT;

	if (payload == NULL)
		return NULL;
	if (histogram_decode(payload, &base, &err)) {
		log_debug("the baseline's latencies: %s", err.message);
		return NULL;
	}
	if (svg_distribution_shows(base))
		return base;
	histogram_free(base);
	return NULL;
}

static json_t *change_text(double base, double now)
{
	struct strbuf text = {0};

	if (!(base > 0) || !isfinite(now))
		return json_null();
	figures_change(&text, METRIC_P50, now / base - 1);
	return view_text(&text);
}

static void add_row(json_t *rows, const char *name, double now, double base)
{
	json_t *row = extjson_object();

	extjson_set(row, "percentile", extjson_string(name));
	extjson_set(row, "now", isfinite(now) ? view_short(now) : json_null());
	extjson_set(row, "base", isfinite(base) ? view_short(base) : json_null());
	extjson_set(row, "change", change_text(base, now));
	extjson_append(rows, row);
}

/* NaN where fewer than one request is above: the figure would be the maximum. */
static double quantile_ms(const struct histogram *latency, double quantile)
{
	if (latency == NULL || (double)histogram_count(latency) * (1 - quantile) < 1)
		return NAN;
	return (double)histogram_quantile_ns(latency, quantile) / 1e6;
}

static json_t *rows_of(const struct histogram *now, const struct histogram *base)
{
	static const struct {
		const char *name;
		double quantile;
	} points[] = {{"50%", .5},  {"75%", .75},    {"90%", .9},	{"95%", .95},
		      {"99%", .99}, {"99.9%", .999}, {"99.99%", .9999}, {"99.999%", .99999}};
	json_t *rows = extjson_array();

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		double ms = quantile_ms(now, points[i].quantile);
		double base_ms = quantile_ms(base, points[i].quantile);

		if (isfinite(ms) || isfinite(base_ms))
			add_row(rows, points[i].name, ms, base_ms);
	}
	add_row(rows, "max", (double)histogram_max_ns(now) / 1e6,
		base ? (double)histogram_max_ns(base) / 1e6 : NAN);
	return rows;
}

void view_distribution(json_t *view, const struct run *run, const struct scenario_result *scenario)
{
	const struct histogram *now = scenario->total.latency;
	AUTO(histogram) struct histogram *base = NULL;
	AUTO(strbuf) struct strbuf label = {0};
	struct strbuf large = {0}, small = {0};
	json_t *out;

	if (!svg_distribution_shows(now)) {
		extjson_set(view, "distribution", json_null());
		return;
	}
	base = base_of(run, scenario);
	out = extjson_object();
	figures_visible(&label, scenario->name, FIGURES_NAME_MAX);
	strbuf_puts(&label, ": latency by percentile; the figures are in the table below");
	svg_distribution(&large, now, base, strbuf_text(&label), &wide);
	svg_distribution(&small, now, base, strbuf_text(&label), &narrow);
	extjson_set(out, "wide", view_text(&large));
	extjson_set(out, "narrow", view_text(&small));
	extjson_set(out, "has_base", json_boolean(base != NULL));
	extjson_set(out, "rows", rows_of(now, base));
	extjson_set(view, "distribution", out);
}
