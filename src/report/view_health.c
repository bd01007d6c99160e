/* Could the figures be trusted: generator, machine and target while a scenario ran. */
#include "perfgate/report/view.h"

#include "perfgate/base/units.h"
#include "perfgate/report/figures.h"

#include <math.h>

static void add(json_t *rows, const char *name, json_t *value)
{
	json_t *row = extjson_object();

	extjson_set(row, "name", extjson_string(name));
	extjson_set(row, "value", value);
	extjson_append(rows, row);
}

/* Unknown figures are left out. */
static void add_percent(json_t *rows, const char *name, double percent, const char *of)
{
	struct strbuf text = {0};

	if (!isfinite(percent))
		return;
	figures_percent(&text, percent / 100);
	strbuf_puts(&text, of);
	add(rows, name, view_text(&text));
}

static void add_ms(json_t *rows, const char *name, double ms)
{
	if (isfinite(ms))
		add(rows, name, view_metric(METRIC_P99, ms));
}

static void add_count(json_t *rows, const char *name, uint64_t count)
{
	if (count > 0)
		add(rows, name, view_count(count));
}

static void add_delay(json_t *rows, const struct histogram *delay)
{
	if (delay == NULL || histogram_count(delay) == 0)
		return;
	add_ms(rows, "Wake-ups late, p99", (double)histogram_quantile_ns(delay, .99) / 1e6);
	add_ms(rows, "Wake-ups late, max", (double)histogram_max_ns(delay) / 1e6);
}

static json_t *generator_rows(const struct scenario_result *scenario)
{
	const struct generator_health *health = &scenario->generator;
	json_t *rows = extjson_array();

	add_percent(rows, "CPU", health->cpu_percent, " of a core");
	add_delay(rows, health->scheduling_delay);
	add_ms(rows, "Longest stall", health->max_stall_ms);
	add_count(rows, "Reconnects", health->reconnects);
	add_count(rows, "Under way at the end", health->censored);
	add_count(rows, "Arrivals not sent", health->unsent);
	return rows;
}

static json_t *machine_rows(const struct scenario_result *scenario)
{
	const struct generator_health *health = &scenario->generator;
	json_t *rows = extjson_array();

	add_percent(rows, "CPU stolen", health->steal_percent, "");
	add_percent(rows, "CPU throttled", health->throttled_percent, "");
	add_percent(rows, "CPU pressure", health->pressure_percent, "");
	if (scenario->speed_ms > 0)
		add_ms(rows, "Speed probe", scenario->speed_ms);
	return rows;
}

static json_t *target_rows(const struct scenario_result *scenario)
{
	const struct target_health *health = &scenario->target;
	json_t *rows = extjson_array();
	char bytes[UNITS_TEXT_SIZE];

	add_percent(rows, "CPU", health->cpu_percent, " of a core");
	if (isfinite(health->rss_max_bytes) && health->rss_max_bytes >= 0) {
		units_format_bytes((uint64_t)health->rss_max_bytes, bytes);
		add(rows, "Memory, at most", extjson_string(bytes));
	}
	return rows;
}

static void add_group(json_t *groups, const char *name, json_t *rows)
{
	json_t *group;

	if (json_array_size(rows) == 0) {
		json_decref(rows);
		return;
	}
	group = extjson_object();
	extjson_set(group, "group", extjson_string(name));
	extjson_set(group, "rows", rows);
	extjson_append(groups, group);
}

void view_health(json_t *view, const struct scenario_result *scenario)
{
	const struct generator_health *health = &scenario->generator;
	json_t *groups = extjson_array();
	struct strbuf reason = {0};

	add_group(groups, "Load generator", generator_rows(scenario));
	add_group(groups, "Machine", machine_rows(scenario));
	add_group(groups, "Target", target_rows(scenario));
	figures_visible(&reason, health->invalid_reason, FIGURES_MESSAGE_MAX);
	extjson_set(view, "valid", json_boolean(health->invalid == INVALID_NOT));
	extjson_set(view, "invalid_reason", view_text(&reason));
	extjson_set(view, "limited", json_boolean(health->limited));
	extjson_set(view, "has_health", json_boolean(json_array_size(groups) > 0));
	extjson_set(view, "health", groups);
}
