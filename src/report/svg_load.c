/* What was asked of the target over time: requests, failures, users, its memory. */
#include "perfgate/report/figures.h"
#include "perfgate/report/svg_draw.h"
#include "perfgate/report/svg_plot.h"

#include <math.h>
#include <stdio.h>

#define PANELS_MAX 4
#define PANEL_GAP 30.0
#define TOP 22.0
#define BOTTOM 28.0
#define BYTES_PER_MIB (1024.0 * 1024)

/* Of `count` seconds that share a point. */
typedef double panel_value(const struct interval *seconds, size_t count);

static double mean_requests(const struct interval *seconds, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)seconds[i].requests;
	return sum / (double)count;
}

static double mean_errors(const struct interval *seconds, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)seconds[i].errors;
	return sum / (double)count;
}

static double most_users(const struct interval *seconds, size_t count)
{
	double most = 0;

	for (size_t i = 0; i < count; i++)
		most = fmax(most, seconds[i].users);
	return most;
}

static double most_memory_mib(const struct interval *seconds, size_t count)
{
	double most = NAN;

	for (size_t i = 0; i < count; i++)
		if (seconds[i].rss_bytes > 0)
			most = fmax(most, seconds[i].rss_bytes / BYTES_PER_MIB);
	return most;
}

static const struct panel {
	const char *title, *css_class;
	panel_value *value;
	bool always; /* else only when anything is above 0 */
} panels[PANELS_MAX] = {
	{"requests/s", "line-p95", mean_requests, true},
	{"failed/s", "line-bad", mean_errors, false},
	{"users", "line-p99", most_users, true},
	{"memory of the target, MiB", "line-p50", most_memory_mib, false},
};

static double highest(const struct panel *panel, const struct scenario_result *scenario)
{
	double most = 0;

	for (size_t i = 0; i < scenario->n_series; i++)
		most = fmax(most, panel->value(&scenario->series[i], 1));
	return most;
}

static double draw_line(const struct svg_plot *plot, const struct panel *panel,
			const struct scenario_result *scenario)
{
	size_t per = svg_seconds_per_point(plot, scenario->n_series);
	double last = NAN;
	struct svg_path path;

	svg_path_open(&path, plot->out, panel->css_class);
	for (size_t i = 0; i < scenario->n_series; i += per) {
		size_t left = scenario->n_series - i, count = left < per ? left : per;
		double value = panel->value(&scenario->series[i], count);
		double t_s = scenario->series[i].t_s + (double)count / 2;

		svg_path_to(&path, svg_plot_x(plot, fmin(t_s, plot->x_max)),
			    svg_plot_y(plot, value));
		last = isfinite(value) ? value : last;
	}
	svg_path_close(&path);
	return last;
}

static void draw_panel(struct svg_plot *plot, const struct panel *panel,
		       const struct scenario_result *scenario, bool last)
{
	AUTO(strbuf) struct strbuf text = {0};
	struct svg_labels labels = {0};
	double value;

	svg_plot_scale(plot, 0, fmax(highest(panel, scenario) * 1.04, 1e-3), 3);
	svg_text(plot->out, "tick", "start", plot->left, plot->top - 8, panel->title);
	svg_plot_y_axis(plot, NULL);
	svg_plot_time_axis(plot, last);
	value = draw_line(plot, panel, scenario);
	if (!isfinite(value))
		return;
	if (fabs(value - round(value)) < 1e-9)
		figures_number(&text, value, 0);
	else
		figures_short(&text, value);
	svg_labels_add(&labels, plot, value, panel->css_class, strbuf_text(&text));
	svg_labels_draw(&labels, plot);
}

static size_t choose_panels(const struct scenario_result *scenario, const struct panel **out)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(panels); i++)
		if (panels[i].always || highest(&panels[i], scenario) > 0)
			out[count++] = &panels[i];
	return count;
}

bool svg_load(struct strbuf *out, const struct scenario_result *scenario,
	      const struct svg_size *size)
{
	const struct panel *shown[PANELS_MAX];
	struct svg_plot plot = {.out = out, .left = 46, .right = size->width - 52};
	AUTO(strbuf) struct strbuf label = {0};
	size_t count;
	double height;

	if (scenario->n_series == 0 || !(highest(&panels[0], scenario) > 0))
		return false;
	count = choose_panels(scenario, shown);
	height = (size->height - TOP - BOTTOM + PANEL_GAP) / (double)count;
	plot.x_max = scenario->series[scenario->n_series - 1].t_s + 1;
	figures_visible(&label, scenario->name, FIGURES_NAME_MAX);
	strbuf_puts(&label, ": the load over time; the figures are in the table below");
	svg_open(out, size, strbuf_text(&label));
	for (size_t i = 0; i < count; i++) {
		plot.top = TOP + height * (double)i;
		plot.bottom = plot.top + height - PANEL_GAP;
		draw_panel(&plot, shown[i], scenario, i + 1 == count);
	}
	svg_close(out);
	return true;
}
