/*
 * What single comparisons miss: change points in the series of baselines, and creep since the last
 * tag (verdict/changepoint.h). Of `total`, percentiles and throughput.
 */
#ifndef PERFGATE_CLI_CREEP_H
#define PERFGATE_CLI_CREEP_H

/* Permutations are drawn from it: the same baselines give the same change points. */
#define CHANGEPOINT_SEED 1

#include "perfgate/baseline/history.h"

/* One metric of a scenario over the baselines, in order of time. */
struct creep_series {
	const char *scenario; /* borrowed */
	enum metric metric;
	double *levels; /* on the scale of ab_level(): positive is worse; heap */
	size_t *places; /* of each in `records`; heap */
	size_t n;
};
void creep_series_release(struct creep_series *series);
DEFINE_AUTO_VALUE(creep_series, struct creep_series, creep_series_release)

/*
 * `records` are newest first. Those that do not continue the newest one with that scenario (other
 * machine, suite or epoch) are left out.
 */
void creep_series_init(struct creep_series *series, struct record *const *records, size_t n,
		       const char *scenario, enum metric metric);

/* Do the figures of the record belong on one line with the newest? */
bool creep_continues(const struct record *record, const struct record *newest,
		     const char *scenario);

/* Call `visit` for every scenario of the records and each metric that is watched. */
typedef void (*creep_visit)(const struct creep_series *series, struct record *const *records,
			    void *arg);
void creep_each(struct record *const *records, size_t n, creep_visit visit, void *arg);

/*
 * The place of the newest record that is no younger than the last tag among the first parents of
 * records[0]'s commit, that commit itself not counted; n without one. `name` gets the tag's commit.
 */
PG_MUST_CHECK int creep_find_tag(const struct extgit *git, struct record *const *records, size_t n,
				 size_t *out_place, char *out_commit, struct error *err);

/*
 * "load p95 has crept +6.1 % since the tag at 0123456789ab (6 baselines before, 6 after, p 0.002)"
 * and so on for all that have, at least CHANGEPOINT_MAGNITUDE; heap. NULL when none has, when
 * there is no tag or, with a warning, when the repository cannot be read.
 */
char *creep_describe(struct record *const *records, size_t n);

#endif
