#include "perfgate/report/figures.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NUMBER_SIZE 352 /* DBL_MAX has 309 digits */
#define DECIMALS_MAX 15
#define COMMIT_DIGITS 12

static const char *const symbols[] = {
	[OUTCOME_PASS] = "✓",	    [OUTCOME_FAIL] = "✗",      [OUTCOME_INCONCLUSIVE] = "?",
	[OUTCOME_UNMEASURED] = "!", [OUTCOME_NOT_GATED] = "–", [OUTCOME_SKIPPED] = "»",
};
static const char *const words[] = {
	[OUTCOME_PASS] = "passed",
	[OUTCOME_FAIL] = "failed",
	[OUTCOME_INCONCLUSIVE] = "inconclusive",
	[OUTCOME_UNMEASURED] = "not measured",
	[OUTCOME_NOT_GATED] = "not gated",
	[OUTCOME_SKIPPED] = "skipped",
};
static_assert(ARRAY_SIZE(symbols) == OUTCOME_COUNT, "a symbol per outcome");
static_assert(ARRAY_SIZE(words) == OUTCOME_COUNT, "a word per outcome");

const char *figures_symbol(enum outcome outcome)
{
	return symbols[outcome];
}

const char *figures_word(enum outcome outcome)
{
	return words[outcome];
}

/* Digits with a dot, whatever (possibly multibyte) decimal point the locale has; no "-0". */
static void fixed_text(char *out, double value, int decimals)
{
	char text[NUMBER_SIZE];
	bool zero = true;
	size_t length = 0;

	snprintf(text, sizeof text, "%.*f", decimals, value);
	for (const char *c = text; *c != '\0'; c++) {
		if ((*c >= '0' && *c <= '9') || *c == '-')
			out[length++] = *c;
		else if (out[length - 1] != '.')
			out[length++] = '.';
		zero = zero && (*c < '1' || *c > '9');
	}
	out[length] = '\0';
	if (zero && out[0] == '-')
		memmove(out, out + 1, length);
}

void figures_plain(struct strbuf *out, double value, int decimals)
{
	char text[NUMBER_SIZE];

	if (!isfinite(value))
		return;
	fixed_text(text, value, decimals);
	strbuf_puts(out, text);
}

void figures_number(struct strbuf *out, double value, int decimals)
{
	char text[NUMBER_SIZE];
	const char *digits = text;

	if (!isfinite(value)) {
		strbuf_puts(out, FIGURES_NONE);
		return;
	}
	fixed_text(text, value, decimals);
	if (*digits == '-')
		strbuf_putc(out, *digits++);
	for (size_t left = strcspn(digits, "."); left > 0; left--) {
		strbuf_putc(out, *digits++);
		if (left > 1 && left % 3 == 1)
			strbuf_puts(out, FIGURES_GROUP);
	}
	strbuf_puts(out, digits);
}

void figures_count(struct strbuf *out, uint64_t count)
{
	figures_number(out, (double)count, 0);
}

static int short_decimals(double value)
{
	double magnitude = fabs(value);

	if (magnitude == 0 || magnitude >= 99.95)
		return 0;
	return magnitude >= 9.995 ? 1 : 2;
}

void figures_short(struct strbuf *out, double value)
{
	figures_number(out, value, short_decimals(value));
}

/* Values are shown in percent, ms, per second or MiB. */
static double shown_scale(enum metric metric)
{
	if (metric == METRIC_RSS)
		return 1.0 / (1024 * 1024);
	return metric == METRIC_ERROR_RATE || metric == METRIC_CACHE_HIT_RATE ? 100 : 1;
}

static const char *shown_unit(enum metric metric)
{
	switch (metric) {
	case METRIC_ERROR_RATE:
	case METRIC_CACHE_HIT_RATE: return "%";
	case METRIC_THROUGHPUT: return "/s";
	case METRIC_RSS: return " MiB";
	default: return " ms";
	}
}

static int percent_decimals(double percent)
{
	if (percent == 0 || percent == 100)
		return 0;
	return fabs(percent) >= 9.995 ? 1 : 2;
}

static int metric_decimals(enum metric metric, double shown)
{
	if (shown_scale(metric) != 1)
		return percent_decimals(shown);
	/* A cached answer takes tens of microseconds. */
	return shown > 0 && shown < .09995 ? 3 : short_decimals(shown);
}

void figures_percent(struct strbuf *out, double fraction)
{
	figures_metric(out, METRIC_ERROR_RATE, fraction);
}

static void with_unit(struct strbuf *out, enum metric metric, double shown, int decimals)
{
	figures_number(out, shown, decimals);
	if (isfinite(shown))
		strbuf_puts(out, shown_unit(metric));
}

void figures_metric(struct strbuf *out, enum metric metric, double value)
{
	double shown = value * shown_scale(metric);

	with_unit(out, metric, shown, metric_decimals(metric, shown));
}

static double rounded(double value, int decimals)
{
	double scale = pow(10, decimals);

	return fabs(value * scale) < 9e15 ? round(value * scale) / scale : value;
}

static int order(double a, double b)
{
	return (a > b) - (a < b);
}

void figures_cell_value(struct strbuf *out, const struct cell *cell)
{
	double scale = shown_scale(cell->metric);
	double shown = cell->value * scale, limit = cell->limit * scale;
	int decimals = metric_decimals(cell->metric, shown);

	if (isfinite(shown) && isfinite(limit))
		while (decimals < DECIMALS_MAX &&
		       order(rounded(shown, decimals), limit) != order(shown, limit))
			decimals++;
	if (cell->at_least && isfinite(shown))
		strbuf_puts(out, "at least ");
	with_unit(out, cell->metric, shown, decimals);
}

/* A limit is what somebody wrote down: all its digits, no more. */
static int limit_decimals(double shown)
{
	int decimals = 0;

	while (decimals < 10 && fabs(rounded(shown, decimals) - shown) > fabs(shown) * 1e-12)
		decimals++;
	return decimals;
}

void figures_cell_limit(struct strbuf *out, const struct cell *cell)
{
	double shown = cell->limit * shown_scale(cell->metric);

	if (!isfinite(shown)) {
		strbuf_puts(out, "none");
		return;
	}
	strbuf_puts(out, metric_table[cell->metric].higher_is_better ? "≥ " : "≤ ");
	with_unit(out, cell->metric, shown, limit_decimals(shown));
}

void figures_cell_interval(struct strbuf *out, const struct cell *cell)
{
	double low = cell->low * shown_scale(cell->metric);

	if (!isfinite(cell->low) || !isfinite(cell->high))
		return;
	figures_number(out, low, metric_decimals(cell->metric, low));
	strbuf_puts(out, " to ");
	figures_metric(out, cell->metric, cell->high);
}

bool figures_cell_straddles(const struct cell *cell)
{
	/* Comparisons with NaN are false. */
	return cell->low < cell->limit && cell->limit < cell->high;
}

static bool compared(const struct cell *cell)
{
	return isfinite(cell->value) && isfinite(cell->baseline);
}

static void signed_number(struct strbuf *out, double value, int decimals, const char *unit)
{
	if (value > 0)
		strbuf_putc(out, '+');
	figures_number(out, value, decimals);
	strbuf_puts(out, unit);
}

void figures_cell_change(struct strbuf *out, const struct cell *cell)
{
	double percent;

	if (!compared(cell))
		return;
	if (cell->value == cell->baseline) {
		strbuf_puts(out, "same");
	} else if (shown_scale(cell->metric) != 1) {
		signed_number(out, 100 * (cell->value - cell->baseline), 2, " pp");
	} else if (cell->baseline == 0) {
		strbuf_puts(out, FIGURES_NONE); /* no percentage of nothing */
	} else {
		percent = 100 * (cell->value / cell->baseline - 1);
		signed_number(out, percent, fabs(percent) < 99.95 ? 1 : 0, "%");
	}
}

void figures_change(struct strbuf *out, enum metric metric, double change)
{
	double percent = 100 * change;

	if (shown_scale(metric) != 1)
		signed_number(out, percent, 2, " pp");
	else
		signed_number(out, percent, fabs(percent) < 99.95 ? 1 : 0, "%");
}

int figures_cell_direction(const struct cell *cell)
{
	int direction = compared(cell) ? order(cell->value, cell->baseline) : 0;

	return metric_table[cell->metric].higher_is_better ? -direction : direction;
}

bool figures_cell_suspicious(const struct cell *cell)
{
	if (!compared(cell) || cell->baseline <= 0)
		return false;
	if (metric_table[cell->metric].quantile > 0)
		return cell->value <= cell->baseline / 10;
	return cell->metric == METRIC_THROUGHPUT && cell->value >= cell->baseline * 10;
}

void figures_time(struct strbuf *out, int64_t wall_ns, bool iso)
{
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm;
	char text[64];

	if (gmtime_r(&seconds, &tm) == NULL)
		return;
	strftime(text, sizeof text, iso ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S UTC", &tm);
	strbuf_puts(out, text);
}

void figures_visible(struct strbuf *out, const char *text, size_t limit)
{
	AUTO(strbuf) struct strbuf clean = {0};
	size_t length;

	if (text == NULL || *text == '\0')
		return;
	/* Before any escaping, which would hide a secret from the comparison. */
	strbuf_puts(&clean, text);
	log_redact(&clean);
	length = text_clip(clean.data, limit);
	log_visible(out, clean.data, length);
	if (length < clean.length) {
		strbuf_puts(out, "… (clipped, ");
		figures_count(out, clean.length);
		strbuf_puts(out, " bytes)");
	}
}

void figures_commit(struct strbuf *out, const char *commit)
{
	AUTO_FREE char *head = xstrndup(commit, COMMIT_DIGITS);

	log_visible(out, head, strlen(head));
}
