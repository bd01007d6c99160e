/*
 * HdrHistogram log, format 1.3, as HistogramLogWriter of the public library writes it:
 * https://github.com/HdrHistogram/HdrHistogram (Java class HistogramLogWriter).
 *
 * A result holds one histogram per endpoint for the whole judged window, so an endpoint is one
 * interval. Values are ns, Interval_Max is ms, as in every such log.
 */
#include "perfgate/report/render.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/report/figures.h"

#include <math.h>

/* When a scenario's judged window begins, and how long it is. */
struct window {
	double start_s, length_s;
};

/* Readers split at commas and blanks; a quote would look like the legend. */
static char tag_char(char c)
{
	return (unsigned char)c <= ' ' || c == ',' || c == '"' || c == '\x7f' ? '_' : c;
}

static void put_tag(struct strbuf *out, const char *scenario, const char *endpoint)
{
	AUTO(strbuf) struct strbuf name = {0}, tag = {0};

	strbuf_printf(&name, "%s/%s", scenario, endpoint);
	log_redact(&name);
	figures_visible(&tag, strbuf_text(&name), FIGURES_NAME_MAX);
	strbuf_puts(out, "Tag=");
	for (size_t i = 0; i < tag.length; i++)
		strbuf_putc(out, tag_char(tag.data[i]));
}

static void put_seconds(struct strbuf *out, double value)
{
	strbuf_putc(out, ',');
	figures_plain(out, isfinite(value) ? value : 0, 3);
}

static void put_interval(struct strbuf *out, const char *scenario,
			 const struct endpoint_result *endpoint, struct window window)
{
	if (!endpoint->latency || histogram_count(endpoint->latency) == 0)
		return;
	put_tag(out, scenario, endpoint->name);
	put_seconds(out, window.start_s);
	put_seconds(out, window.length_s);
	put_seconds(out, (double)histogram_max_ns(endpoint->latency) / (double)NS_PER_MS);
	strbuf_putc(out, ',');
	histogram_encode(endpoint->latency, out);
	strbuf_putc(out, '\n');
}

static void put_header(struct strbuf *out, const struct run *run)
{
	double started_s = (double)run->started_wall_ns / (double)NS_PER_S;

	strbuf_puts(out, "#[Histogram log format version 1.3]\n"
			 "#[Latency in ns; an interval per scenario and endpoint: its judged "
			 "window, pauses between scenarios not counted]\n"
			 "#[StartTime: ");
	figures_plain(out, started_s, 3);
	strbuf_puts(out, " (seconds since epoch), ");
	figures_time(out, run->started_wall_ns, true);
	strbuf_puts(out, "]\n#[BaseTime: ");
	figures_plain(out, started_s, 3);
	strbuf_puts(out, " (seconds since epoch)]\n"
			 "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
			 "\"Interval_Compressed_Histogram\"\n");
}

int hlog_render(const struct run *run, struct strbuf *out, struct error *err)
{
	double elapsed_s = 0;

	(void)err;
	put_header(out, run);
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];
		struct window window = {elapsed_s + scenario->warmup_s, scenario->judged_s};

		for (size_t j = 0; j < scenario->n_endpoints; j++)
			put_interval(out, scenario->name, &scenario->endpoints[j], window);
		elapsed_s = window.start_s + window.length_s;
	}
	return 0;
}
