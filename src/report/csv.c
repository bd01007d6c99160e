#include "perfgate/report/render.h"

#include "perfgate/report/figures.h"

#include <math.h>
#include <string.h>

/*
 * RFC 4180 with line feeds. A cell that a spreadsheet would take for a formula gets an apostrophe
 * (https://owasp.org/www-community/attacks/CSV_Injection); numbers do not come through here.
 */
static void put_text(struct strbuf *out, const char *text)
{
	AUTO(strbuf) struct strbuf clean = {0};

	/* A leading tab or return is visible as \x09 afterwards, no longer dangerous. */
	figures_visible(&clean, text, FIGURES_MESSAGE_MAX);
	text = strbuf_text(&clean);
	strbuf_putc(out, '"');
	if (text[0] != '\0' && strchr("=+-@", text[0]) != NULL)
		strbuf_putc(out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			strbuf_putc(out, '"');
		strbuf_putc(out, *text);
	}
	strbuf_putc(out, '"');
}

static void put_number(struct strbuf *out, double value, int decimals)
{
	strbuf_putc(out, ',');
	figures_plain(out, value, decimals);
}

static void put_count(struct strbuf *out, uint64_t count)
{
	strbuf_printf(out, ",%llu", (unsigned long long)count);
}

static double max_ms(const struct histogram *latency)
{
	if (latency == NULL || histogram_count(latency) == 0)
		return NAN;
	return (double)histogram_max_ns(latency) / 1e6;
}

static double mean_ms(const struct histogram *latency)
{
	if (latency == NULL || histogram_count(latency) == 0)
		return NAN;
	return histogram_mean_ns(latency) / 1e6;
}

static void put_endpoint(struct strbuf *out, const struct scenario_result *scenario,
			 const struct endpoint_result *endpoint)
{
	put_text(out, scenario->name);
	strbuf_putc(out, ',');
	put_text(out, endpoint->name);
	put_count(out, endpoint->requests);
	put_count(out, endpoint_errors(endpoint));
	put_number(out, endpoint_metric(scenario, endpoint, METRIC_ERROR_RATE), 6);
	put_number(out, endpoint_metric(scenario, endpoint, METRIC_THROUGHPUT), 3);
	put_number(out, mean_ms(endpoint->latency), 3);
	put_number(out, endpoint_metric(scenario, endpoint, METRIC_P50), 3);
	put_number(out, endpoint_metric(scenario, endpoint, METRIC_P95), 3);
	put_number(out, endpoint_metric(scenario, endpoint, METRIC_P99), 3);
	put_number(out, max_ms(endpoint->latency), 3);
	put_number(out, endpoint_metric(scenario, endpoint, METRIC_CACHE_HIT_RATE), 6);
	put_count(out, endpoint->bytes_received);
	put_count(out, endpoint->bytes_sent);
	for (size_t i = 0; i < CLASS_COUNT; i++)
		put_count(out, endpoint->classes[i]);
	strbuf_putc(out, '\n');
}

int csv_render_summary(const struct run *run, struct strbuf *out, struct error *err)
{
	(void)err;
	strbuf_puts(out, "scenario,endpoint,requests,errors,error_rate,throughput_rps,mean_ms,"
			 "p50_ms,p95_ms,p99_ms,max_ms,cache_hit_rate,bytes_received,bytes_sent");
	for (size_t i = 0; i < CLASS_COUNT; i++)
		strbuf_printf(out, ",%s", request_class_names[i]);
	strbuf_putc(out, '\n');
	for (size_t i = 0; i < run->n_scenarios; i++) {
		const struct scenario_result *scenario = &run->scenarios[i];

		for (size_t j = 0; j < scenario->n_endpoints; j++)
			put_endpoint(out, scenario, &scenario->endpoints[j]);
		put_endpoint(out, scenario, &scenario->total);
	}
	return 0;
}

static void put_label(struct strbuf *out, const struct scenario_result *scenario,
		      const struct request_sample *sample)
{
	AUTO(strbuf) struct strbuf label = {0};

	strbuf_puts(&label, scenario->name);
	if (sample->endpoint < scenario->n_endpoints)
		strbuf_printf(&label, " %s", scenario->endpoints[sample->endpoint].name);
	put_text(out, strbuf_text(&label));
}

/* The Jenkins Performance plugin reads timeStamp and elapsed as integers. */
static void put_sample(struct strbuf *out, const struct scenario_result *scenario,
		       const struct request_sample *sample)
{
	strbuf_printf(out, "%lld", (long long)sample->wall_ms);
	put_number(out, isfinite(sample->elapsed_ms) ? round(sample->elapsed_ms) : 0, 0);
	strbuf_putc(out, ',');
	put_label(out, scenario, sample);
	if (sample->status > 0)
		strbuf_printf(out, ",%d", sample->status);
	else
		strbuf_printf(out, ",%s", request_class_names[sample->outcome]);
	strbuf_puts(out, sample->outcome == CLASS_OK ? ",true" : ",false");
	put_count(out, sample->bytes);
	strbuf_putc(out, '\n');
}

static int compare_start(const void *a, const void *b)
{
	const struct request_sample *const *left = a, *const *right = b;

	if ((*left)->wall_ms != (*right)->wall_ms)
		return (*left)->wall_ms < (*right)->wall_ms ? -1 : 1;
	return *left < *right ? -1 : 1; /* same array: stable */
}

/* The sample is in the order of a reservoir; readers expect time. */
static void put_samples(struct strbuf *out, const struct scenario_result *scenario)
{
	AUTO_FREE const struct request_sample **sorted =
		xcalloc(scenario->n_samples + 1, sizeof *sorted);

	for (size_t i = 0; i < scenario->n_samples; i++)
		sorted[i] = &scenario->samples[i];
	qsort(sorted, scenario->n_samples, sizeof *sorted, compare_start);
	for (size_t i = 0; i < scenario->n_samples; i++)
		put_sample(out, scenario, sorted[i]);
}

int csv_render_requests(const struct run *run, struct strbuf *out, struct error *err)
{
	(void)err;
	strbuf_puts(out, "timeStamp,elapsed,label,responseCode,success,bytes\n");
	for (size_t i = 0; i < run->n_scenarios; i++)
		put_samples(out, &run->scenarios[i]);
	return 0;
}
