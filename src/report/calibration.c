/* calibration.json and the screen of `perfgate calibrate`; the page is calibration_html.c. */
#include "perfgate/report/calibration.h"

#include "perfgate/base/units.h"
#include "perfgate/report/calibration_view.h"

#include <math.h>

/* ---- figures that every form shows ---- */

struct share calibration_share(size_t hits, size_t runs)
{
	struct share out = {hits, runs, NAN, NAN, NAN};

	if (runs > 0) {
		out.share = (double)hits / (double)runs;
		stats_proportion_interval(hits, runs, .05, &out.low, &out.high);
	}
	return out;
}

struct share calibration_pooled(const struct calibration_report *report, double amount, int rule)
{
	size_t hits = 0, runs = 0;

	for (size_t i = 0; i < report->n_detections; i++) {
		const struct calibration_detection *row = &report->detections[i];

		if (!row->one_endpoint || fabs(row->amount - amount) > 1e-9)
			continue;
		hits += rule < 0 ? row->counts.fail : row->alarms[rule];
		runs += rule < 0 ? row->counts.runs : report->unchanged.runs;
	}
	return calibration_share(hits, runs);
}

struct share calibration_alarms(const struct calibration_report *report, int rule)
{
	return calibration_share(rule < 0 ? report->unchanged.fail : report->alarms[rule],
				 report->unchanged.runs);
}

/* ---- the screen ---- */

/* "12 s", "-" */
static void put_seconds(struct strbuf *out, double seconds)
{
	if (isnan(seconds))
		strbuf_puts(out, "-");
	else
		strbuf_printf(out, "%.0f s", seconds);
}

static void put_percent(struct strbuf *out, double share)
{
	if (isnan(share))
		strbuf_puts(out, "  -   ");
	else
		strbuf_printf(out, "%5.1f %%", 100 * share);
}

static void put_detections(const struct calibration_report *report, struct strbuf *out)
{
	strbuf_printf(out, "\n%-40s %-9s %-13s %s\n", "Regression put in", "found", "95 %",
		      "load to verdict");
	for (size_t i = 0; i < report->n_detections; i++) {
		const struct calibration_detection *row = &report->detections[i];
		struct share found = calibration_share(row->counts.fail, row->counts.runs);
		AUTO_FREE char *count = xasprintf("%zu of %zu", found.hits, found.runs);
		AUTO_FREE char *interval =
			found.runs ? xasprintf("%.0f..%.0f %%", 100 * found.low, 100 * found.high)
				   : xstrdup("-");

		strbuf_printf(out, "%-40.40s %-9s %-13s ", row->what, count, interval);
		put_seconds(out, row->load_s);
		strbuf_putc(out, '\n');
	}
}

static void put_rules(const struct calibration_report *report, struct strbuf *out)
{
	strbuf_printf(out, "\n%-22s %12s %16s %16s\n", "Rule", "false alarms", "10 % on one",
		      "20 % on one");
	for (int rule = -1; rule < RULE_COUNT; rule++) {
		strbuf_printf(out, "%-22s      ", rule < 0 ? "perfgate" : rule_table[rule].name);
		put_percent(out, calibration_alarms(report, rule).share);
		strbuf_puts(out, "          ");
		put_percent(out, calibration_pooled(report, .1, rule).share);
		strbuf_puts(out, "          ");
		put_percent(out, calibration_pooled(report, .2, rule).share);
		strbuf_putc(out, '\n');
	}
}

void calibration_text(const struct calibration_report *report, struct strbuf *out)
{
	const struct calibration_counts *counts = &report->unchanged;

	strbuf_printf(out, "Calibration of the A/B verdict: %s on %s, %s\n", report->target,
		      report->machine, report->date);
	strbuf_printf(out,
		      "%zu blocks in %.0f min (%zu spoiled by the machine), cut into %zu runs\n\n",
		      report->blocks, report->recorded_s / 60, report->spoiled, counts->runs);
	if (counts->runs == 0)
		strbuf_puts(out, "No run came to a verdict yet: record more.\n");
	else
		strbuf_printf(out,
			      "False alarms       %.2f %% of the relabellings; below %.2f %% with "
			      "95 %% confidence\n"
			      "Unchanged commits  %zu pass, %zu fail, %zu inconclusive; verdict "
			      "after %.0f s of load\n",
			      100 * report->false_share, 100 * report->false_limit, counts->pass,
			      counts->fail, counts->inconclusive, report->unchanged_load_s);
	put_detections(report, out);
	put_rules(report, out);
	if (report->live_runs > 0)
		strbuf_printf(out, "\nLive control: %zu of %zu runs with --inject %s found\n",
			      report->live_found, report->live_runs, report->live_what);
	strbuf_puts(out, "\nValid for this machine, this API and this hour.\n");
}

/* ---- JSON ---- */

static json_t *share_json(struct share share)
{
	json_t *out = extjson_object();

	extjson_set(out, "hits", extjson_integer((int64_t)share.hits));
	extjson_set(out, "runs", extjson_integer((int64_t)share.runs));
	extjson_set(out, "low", extjson_rounded(share.low, 4));
	extjson_set(out, "high", extjson_rounded(share.high, 4));
	return out;
}

static json_t *counts_json(const struct calibration_counts *counts, double load_s)
{
	json_t *out = extjson_object(), *looks = extjson_array();

	extjson_set(out, "runs", extjson_integer((int64_t)counts->runs));
	extjson_set(out, "fail", extjson_integer((int64_t)counts->fail));
	extjson_set(out, "pass", extjson_integer((int64_t)counts->pass));
	extjson_set(out, "inconclusive", extjson_integer((int64_t)counts->inconclusive));
	for (size_t i = 0; i <= AB_LOOKS_MAX; i++)
		extjson_append(looks, extjson_integer((int64_t)counts->at_look[i]));
	extjson_set(out, "at_look", looks);
	extjson_set(out, "median_blocks", extjson_rounded(counts->median_blocks, 4));
	extjson_set(out, "median_load_s", extjson_rounded(load_s, 4));
	return out;
}

static json_t *alarms_json(const size_t *alarms)
{
	json_t *out = extjson_object();

	for (size_t i = 0; i < RULE_COUNT; i++)
		extjson_set(out, rule_table[i].name, extjson_integer((int64_t)alarms[i]));
	return out;
}

static json_t *detections_json(const struct calibration_report *report)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < report->n_detections; i++) {
		const struct calibration_detection *row = &report->detections[i];
		json_t *item = counts_json(&row->counts, row->load_s);

		extjson_set(item, "what", extjson_string(row->what));
		extjson_set(item, "found",
			    share_json(calibration_share(row->counts.fail, row->counts.runs)));
		extjson_set(item, "other_rules", alarms_json(row->alarms));
		extjson_append(out, item);
	}
	return out;
}

static json_t *biases_json(const struct calibration_report *report)
{
	json_t *out = extjson_array();

	for (size_t i = 0; i < report->n_biases; i++) {
		const struct calibration_bias *bias = &report->biases[i];
		json_t *item = extjson_object();

		extjson_set(item, "endpoint", extjson_string(bias->endpoint));
		extjson_set(item, "metric", extjson_string(metric_table[bias->metric].name));
		extjson_set(item, "change", extjson_rounded(bias->change, 4));
		extjson_set(item, "low", extjson_rounded(bias->low, 4));
		extjson_set(item, "high", extjson_rounded(bias->high, 4));
		extjson_append(out, item);
	}
	return out;
}

json_t *calibration_json(const struct calibration_report *report)
{
	json_t *out = extjson_object(), *unchanged;

	extjson_set(out, "schema", extjson_string(CALIBRATION_SCHEMA));
	extjson_set(out, "target", extjson_string(report->target));
	extjson_set(out, "machine", extjson_string(report->machine));
	extjson_set(out, "commit", report->commit ? extjson_string(report->commit) : NULL);
	extjson_set(out, "date", extjson_string(report->date));
	extjson_set(out, "blocks", extjson_integer((int64_t)report->blocks));
	extjson_set(out, "spoiled", extjson_integer((int64_t)report->spoiled));
	extjson_set(out, "recorded_s", extjson_rounded(report->recorded_s, 6));
	extjson_set(out, "block_load_s", extjson_rounded(report->block_load_s, 4));
	unchanged = counts_json(&report->unchanged, report->unchanged_load_s);
	extjson_set(unchanged, "false_share", extjson_rounded(report->false_share, 4));
	extjson_set(unchanged, "false_limit", extjson_rounded(report->false_limit, 4));
	extjson_set(unchanged, "level", extjson_rounded(report->level, 4));
	extjson_set(unchanged, "draws", extjson_integer((int64_t)report->draws));
	extjson_set(unchanged, "other_rules", alarms_json(report->alarms));
	extjson_set(out, "unchanged", unchanged);
	extjson_set(out, "detection", detections_json(report));
	extjson_set(out, "sides_differ_by", biases_json(report));
	if (report->live_runs > 0) {
		json_t *live = share_json(calibration_share(report->live_found, report->live_runs));

		extjson_set(live, "what", extjson_string(report->live_what));
		extjson_set(out, "live", live);
	}
	return out;
}
