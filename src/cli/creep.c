#include "perfgate/cli/creep.h"

#include "perfgate/base/log.h"
#include "perfgate/cli/ab.h"
#include "perfgate/verdict/ab.h"
#include "perfgate/verdict/changepoint.h"

#include <math.h>
#include <string.h>

#define WALK_MAX 10000

/* Rates near 0 and 1 have no ratio: left out. */
static const enum metric watched[] = {METRIC_P50, METRIC_P95, METRIC_P99, METRIC_THROUGHPUT};

void creep_series_release(struct creep_series *series)
{
	free(TAKE(series->levels));
	free(TAKE(series->places));
	series->n = 0;
}

bool creep_continues(const struct record *record, const struct record *newest, const char *scenario)
{
	const struct record_scenario *one = record_scenario(record, scenario);
	const struct record_scenario *other = record_scenario(newest, scenario);

	return one && other && record->epoch == newest->epoch &&
	       text_equal(record->fingerprint, newest->fingerprint) &&
	       text_equal(one->suite_digest, other->suite_digest);
}

void creep_series_init(struct creep_series *series, struct record *const *records, size_t n,
		       const char *scenario, enum metric metric)
{
	const struct record *newest = NULL;

	*series = (struct creep_series){.scenario = scenario,
					.metric = metric,
					.levels = xcalloc(n + 1, sizeof *series->levels),
					.places = xcalloc(n + 1, sizeof *series->places)};
	for (size_t i = 0; i < n && !newest; i++)
		if (record_find(records[i], scenario, "total", metric))
			newest = records[i];
	for (size_t i = n; newest && i-- > 0;) {
		const struct record_cell *cell = record_find(records[i], scenario, "total", metric);
		struct ab_sample sample;
		double level;

		if (!cell || !creep_continues(records[i], newest, scenario))
			continue;
		sample = (struct ab_sample){cell->value, cell->n};
		level = ab_level(metric, &sample, false);
		if (!isfinite(level))
			continue;
		series->places[series->n] = i;
		series->levels[series->n++] = level;
	}
}

/* ---- the last tag ---- */

struct tag_search {
	char (*tags)[EXTGIT_OID_SIZE];
	size_t n_tags, capacity;
	struct record *const *records;
	size_t n, place;
	char *commit; /* "" until the tag is found */
};

static int note_tag(const char *commit, void *arg, struct error *err)
{
	struct tag_search *search = arg;

	(void)err;
	memcpy(*VEC_PUSH(search->tags, search->n_tags, search->capacity), commit, EXTGIT_OID_SIZE);
	return 0;
}

static bool is_tagged(const struct tag_search *search, const char *commit)
{
	for (size_t i = 0; i < search->n_tags; i++)
		if (text_equal(search->tags[i], commit))
			return true;
	return false;
}

static int look_back(const char *commit, void *arg, struct error *err)
{
	struct tag_search *search = arg;

	(void)err;
	if (*search->commit == '\0' && !text_equal(commit, search->records[0]->commit) &&
	    is_tagged(search, commit))
		memcpy(search->commit, commit, EXTGIT_OID_SIZE);
	for (size_t i = 0; *search->commit && i < search->n; i++) {
		if (!text_equal(search->records[i]->commit, commit))
			continue;
		search->place = i;
		return 1;
	}
	return 0;
}

int creep_find_tag(const struct extgit *git, struct record *const *records, size_t n,
		   size_t *out_place, char *out_commit, struct error *err)
{
	struct tag_search search = {.records = records, .n = n, .place = n, .commit = out_commit};
	int status = 0;

	*out_commit = '\0';
	if (n > 0)
		status = extgit_each_tag(git, note_tag, &search, err);
	if (!status && search.n_tags > 0 && extgit_has_commit(git, records[0]->commit))
		status = extgit_walk(git, records[0]->commit, WALK_MAX, look_back, &search, NULL,
				     err);
	free(search.tags);
	*out_place = search.place;
	return status < 0 ? -1 : 0;
}

/* ---- in words ---- */

struct telling {
	size_t place; /* of the tag */
	const char *commit;
	struct strbuf *out;
};

static void describe(const struct creep_series *series, struct record *const *records, void *arg)
{
	const struct telling *telling = arg;
	struct strbuf *out = telling->out;
	size_t place = telling->place;
	AUTO(arena) struct arena arena = {0};
	struct creep creep;
	size_t tag = 0;

	(void)records;
	/* The last one that is not younger than the tag. */
	while (tag + 1 < series->n && series->places[tag + 1] >= place)
		tag++;
	if (series->n == 0 || series->places[tag] < place)
		return;
	creep = changepoint_creep(series->levels, series->n, tag, log1p(CHANGEPOINT_MAGNITUDE));
	if (!creep.found)
		return;
	strbuf_printf(
		out,
		"%s%s %s has crept %s since the tag at %.12s (%zu baselines before, %zu after, "
		"p %.2g)",
		out->length ? "; " : "", series->scenario, metric_table[series->metric].name,
		ab_change_text(&arena, series->metric, ab_change(series->metric, creep.change)),
		telling->commit, creep.before, creep.after, creep.p);
}

static bool is_first_of_name(struct record *const *records, size_t record, const char *scenario)
{
	for (size_t i = 0; i < record; i++)
		if (record_scenario(records[i], scenario))
			return false;
	return true;
}

void creep_each(struct record *const *records, size_t n, creep_visit visit, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t s = 0; s < records[i]->n_scenarios; s++) {
			const char *scenario = records[i]->scenarios[s].name;

			if (!is_first_of_name(records, i, scenario))
				continue;
			for (size_t m = 0; m < ARRAY_SIZE(watched); m++) {
				AUTO(creep_series) struct creep_series series;

				creep_series_init(&series, records, n, scenario, watched[m]);
				visit(&series, records, arg);
			}
		}
	}
}

static int describe_all(struct record *const *records, size_t n, struct strbuf *out,
			struct error *err)
{
	AUTO(extgit) struct extgit *git = NULL;
	char commit[EXTGIT_OID_SIZE];
	struct telling telling = {.commit = commit, .out = out};

	if (extgit_open(&git, err))
		return -1;
	if (!git)
		return 0;
	if (creep_find_tag(git, records, n, &telling.place, commit, err))
		return -1;
	if (telling.place < n)
		creep_each(records, n, describe, &telling);
	return 0;
}

char *creep_describe(struct record *const *records, size_t n)
{
	AUTO(strbuf) struct strbuf out = {0};
	struct error err = ERROR_INIT;

	if (describe_all(records, n, &out, &err))
		log_warning("creep since the last tag: %s", err.message);
	return out.length ? strbuf_take(&out) : NULL;
}
