#include "perfgate/cli/session.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/load/engine.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define PLAIN_EVERY_S 10.0
#define BAR_CELLS 16

void progress_init(struct progress *progress, struct cli *cli)
{
	*progress = (struct progress){
		.terminal = isatty(STDERR_FILENO) && log_get_level() >= LOG_INFO,
		.colour = cli_colour(STDERR_FILENO, cli),
		.columns = cli_columns(STDERR_FILENO),
	};
}

static void bar(const struct load_progress *load, struct strbuf *out)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	double share = load->duration_s > 0 ? load->elapsed_s / load->duration_s : 1;
	int steps = (int)(fmin(1, share) * BAR_CELLS * 8);
	int cells = 0;

	for (; cells < steps / 8; cells++)
		strbuf_puts(out, "█");
	if (steps % 8) {
		strbuf_puts(out, eighths[steps % 8]);
		cells++;
	}
	for (; cells < BAR_CELLS; cells++)
		strbuf_puts(out, "░");
}

static void latency(double ms, struct strbuf *out)
{
	char text[UNITS_TEXT_SIZE];

	if (isnan(ms)) {
		strbuf_puts(out, "–");
		return;
	}
	units_format_number(ms, ms < 10 ? 2 : 3, text);
	strbuf_puts(out, text);
}

/* The figures one by one, so that a narrow terminal shows those that fit. */
enum { FIGURE_USERS, FIGURE_RPS, FIGURE_LATENCY, FIGURE_ERRORS, FIGURE_HITS, FIGURE_COUNT };

static void figure(const struct load_progress *load, int which, struct strbuf *out)
{
	switch (which) {
	case FIGURE_USERS: strbuf_printf(out, "%u users", load->users); break;
	case FIGURE_RPS: strbuf_printf(out, "%.0f/s", load->rps); break;
	case FIGURE_LATENCY:
		strbuf_puts(out, "p50 ");
		latency(load->p50_ms, out);
		strbuf_puts(out, " p95 ");
		latency(load->p95_ms, out);
		strbuf_puts(out, " p99 ");
		latency(load->p99_ms, out);
		strbuf_puts(out, " ms");
		break;
	case FIGURE_ERRORS: strbuf_printf(out, "%llu err", (unsigned long long)load->errors); break;
	case FIGURE_HITS:
		if (!isnan(load->hit_rate))
			strbuf_printf(out, "%.0f%% hits", load->hit_rate * 100);
		break;
	}
}

/* Append the figures that fit `columns`; 0 = all. */
static void figures(const struct load_progress *load, size_t columns, struct strbuf *out)
{
	for (int which = 0; which < FIGURE_COUNT; which++) {
		AUTO(strbuf) struct strbuf text = {0};

		figure(load, which, &text);
		if (text.length == 0 ||
		    (columns &&
		     text_columns(strbuf_text(out)) + 2 + text_columns(strbuf_text(&text)) >
			     columns))
			continue;
		strbuf_printf(out, "%s%s", out->length ? "  " : "", strbuf_text(&text));
	}
}

static void redraw(struct progress *progress, const struct load_progress *load)
{
	AUTO(strbuf) struct strbuf line = {0};
	double left_s = fmax(0, ceil(load->duration_s - load->elapsed_s));

	strbuf_printf(&line, "%-9.14s ", load->scenario->name);
	if (progress->columns >= 100) {
		bar(load, &line);
		strbuf_puts(&line, "  ");
	}
	strbuf_printf(&line, "%3.0f s left%s", left_s, load->warmup ? " (warm-up)" : "");
	/* A full line would wrap, and the next redraw begin below it. */
	figures(load, (size_t)progress->columns - 1, &line);
	fprintf(stderr, "\r\033[K%s", strbuf_text(&line));
	fflush(stderr);
	progress->drawn = true;
}

static void plain_line(struct progress *progress, const struct load_progress *load)
{
	AUTO(strbuf) struct strbuf line = {0};
	bool first = progress->scenario != load->scenario;

	/* The first second tells that it runs; after that a line per 10 s. */
	if (!first && load->elapsed_s < progress->next_s)
		return;
	progress->scenario = load->scenario;
	progress->next_s = (first ? 0 : load->elapsed_s) + PLAIN_EVERY_S;
	figures(load, 0, &line);
	log_info("%s %.0f/%.0f s: %s", load->scenario->name, load->elapsed_s, load->duration_s,
		 strbuf_text(&line));
}

void progress_show(const struct load_progress *load, void *arg)
{
	struct progress *progress = arg;

	if (progress->terminal)
		redraw(progress, load);
	else
		plain_line(progress, load);
}

void progress_end(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
