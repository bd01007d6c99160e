#include "perfgate/cli/baseline_table.h"

#include "perfgate/base/log.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void baseline_put_text(struct strbuf *out, const char *text)
{
	log_visible(out, text, strlen(text));
}

void baseline_put_padded(struct strbuf *out, const char *text, int width)
{
	AUTO(strbuf) struct strbuf shown = {0};
	int columns;

	baseline_put_text(&shown, text);
	columns = (int)text_columns(strbuf_text(&shown));
	strbuf_printf(out, "%s%*s", strbuf_text(&shown), columns < width ? width - columns : 0, "");
}

void baseline_format_value(enum metric metric, double value, char *out)
{
	bool rate = metric_table[metric].unit[0] == '\0';
	char number[UNITS_TEXT_SIZE];

	if (isfinite(value))
		units_format_number(rate ? value * 100 : value, 4, number);
	else
		snprintf(number, sizeof number, "-");
	snprintf(out, BASELINE_VALUE_SIZE, "%s%s", number, rate && isfinite(value) ? " %" : "");
}

const char *baseline_heading(enum metric metric)
{
	static const char *const headings[] = {
		[METRIC_P50] = "p50 ms",	[METRIC_P95] = "p95 ms",
		[METRIC_P99] = "p99 ms",	[METRIC_THROUGHPUT] = "requests/s",
		[METRIC_ERROR_RATE] = "errors", [METRIC_CACHE_HIT_RATE] = "cache hits",
	};
	static_assert(ARRAY_SIZE(headings) == METRIC_COUNT, "a heading per metric");

	return headings[metric];
}

void baseline_put_headings(struct strbuf *out)
{
	for (int metric = 0; metric < METRIC_COUNT; metric++)
		strbuf_printf(out, " %11s", baseline_heading((enum metric)metric));
}

void baseline_put_values(const struct record *record, const char *scenario, const char *endpoint,
			 struct strbuf *out)
{
	char text[BASELINE_VALUE_SIZE];

	for (int metric = 0; metric < METRIC_COUNT; metric++) {
		const struct record_cell *cell =
			record_find(record, scenario, endpoint, (enum metric)metric);

		baseline_format_value((enum metric)metric, cell ? cell->value : NAN, text);
		strbuf_printf(out, " %11s", text);
	}
}

int baseline_open_store(const struct settings *settings, struct extgit **git,
			struct extgit_notes **notes, struct error *err)
{
	char doubt[512];

	if (extgit_open(git, err))
		return -1;
	if (!*git)
		return error_set(err, ERROR_USAGE,
				 "baselines are kept in a git repository, and here is none");
	if (notes_open(*git, settings, BASELINE_REFERENCE, notes, doubt, sizeof doubt, err))
		return -1;
	if (*doubt)
		log_warning("%s", doubt);
	return 0;
}

int baseline_find_commit(const struct extgit *git, const char *revision, char *commit,
			 struct error *err)
{
	struct extgit_head head;

	if (revision)
		return extgit_resolve(git, revision, commit, err);
	if (extgit_head(git, &head, err))
		return -1;
	memcpy(commit, head.commit, EXTGIT_OID_SIZE);
	return 0;
}
