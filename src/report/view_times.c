/* Where the time goes: the Server-Timing parts of a scenario's endpoints. */
#include "perfgate/report/view.h"

#include "perfgate/base/text.h"
#include "perfgate/report/svg.h"

#include <math.h>

#define PARTS_MAX 8

struct parts {
	const char *names[PARTS_MAX];
	size_t count;
};

static void add_parts(struct parts *parts, const struct endpoint_result *endpoint)
{
	for (size_t i = 0; i < endpoint->n_timings; i++) {
		size_t at = 0;

		while (at < parts->count &&
		       !text_equal(parts->names[at], endpoint->timings[i].name))
			at++;
		if (at == parts->count && at < PARTS_MAX)
			parts->names[parts->count++] = endpoint->timings[i].name;
	}
}

/* Mean over all requests of the endpoint, so that the parts add up. */
static double part_ms(const struct endpoint_result *endpoint, const char *name)
{
	uint64_t n = histogram_count(endpoint->latency);

	for (size_t i = 0; i < endpoint->n_timings; i++) {
		const struct histogram *part = endpoint->timings[i].histogram;

		if (text_equal(endpoint->timings[i].name, name) && part != NULL && n > 0)
			return histogram_mean_ns(part) * (double)histogram_count(part) / (double)n /
			       1e6;
	}
	return NAN;
}

static json_t *bar_text(double share)
{
	struct strbuf bar = {0};

	svg_bar(&bar, share);
	return view_text(&bar);
}

/* Bars are shares of the row's own time: slow and fast endpoints compare. */
static json_t *view_time_row(const struct parts *parts, const struct endpoint_result *endpoint,
			     bool total)
{
	json_t *view = extjson_object(), *values = extjson_array();
	double mean_ms = histogram_mean_ns(endpoint->latency) / 1e6, known_ms = 0;

	for (size_t i = 0; i < parts->count; i++) {
		double ms = part_ms(endpoint, parts->names[i]);
		json_t *value = extjson_object();

		extjson_set(value, "part", view_name(parts->names[i]));
		extjson_set(value, "ms", isfinite(ms) ? view_short(ms) : extjson_string("–"));
		extjson_set(value, "bar", bar_text(ms / mean_ms));
		extjson_append(values, value);
		known_ms += isfinite(ms) ? ms : 0;
	}
	extjson_set(view, "name", view_name(endpoint->name));
	extjson_set(view, "total", json_boolean(total));
	extjson_set(view, "parts", values);
	extjson_set(view, "rest", view_short(fmax(mean_ms - known_ms, 0)));
	extjson_set(view, "rest_bar", bar_text(fmax(mean_ms - known_ms, 0) / mean_ms));
	extjson_set(view, "mean", view_short(mean_ms));
	return view;
}

static bool has_times(const struct endpoint_result *endpoint)
{
	return endpoint->n_timings > 0 && endpoint->latency != NULL &&
	       histogram_count(endpoint->latency) > 0;
}

void view_times(json_t *view, const struct scenario_result *scenario)
{
	json_t *rows = extjson_array(), *names = extjson_array();
	struct parts parts = {0};

	for (size_t i = 0; i < scenario->n_endpoints; i++)
		add_parts(&parts, &scenario->endpoints[i]);
	add_parts(&parts, &scenario->total);
	for (size_t i = 0; i < parts.count; i++)
		extjson_append(names, view_name(parts.names[i]));
	for (size_t i = 0; i < scenario->n_endpoints; i++)
		if (has_times(&scenario->endpoints[i]))
			extjson_append(rows, view_time_row(&parts, &scenario->endpoints[i], false));
	if (has_times(&scenario->total))
		extjson_append(rows, view_time_row(&parts, &scenario->total, true));
	extjson_set(view, "has_times", json_boolean(json_array_size(rows) > 0));
	extjson_set(view, "time_parts", names);
	extjson_set(view, "times", rows);
}
