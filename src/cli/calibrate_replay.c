/* What a recording of two equal sides says about the verdict. */
#include "perfgate/cli/calibrate.h"

#include "perfgate/base/log.h"
#include "perfgate/base/text.h"
#include "perfgate/results/ab_inject.h"
#include "perfgate/verdict/stats.h"

#include <math.h>
#include <string.h>

#define DRAWS 256
#define SEED_CUT 0x6375741
#define SEED_CHANGE 0x6368616e6765
#define BLOCKS_AT_MOST 24

/* The recording with one regression in it, or none. */
struct variant {
	const char *what;
	bool one_endpoint;
	struct ab_injection injection;
	struct ab_cells cells;
	struct rule_values (*requests)[2]; /* by block and side, of the total */
};

struct replay {
	struct session *session;
	const struct scenario *slot;
	struct variant *variants; /* the first one is unchanged */
	size_t n_variants;
	size_t n_blocks, room;
	struct recording_state state;
	double load_s; /* of all blocks */
	struct ab_plan plan;
	struct ab_workspace *workspace;
	struct arena *arena; /* the run's */
};

/* ---- the variants ---- */

static void add_variant(struct replay *replay, const char *what, bool one,
			const struct ab_injection *injection)
{
	struct variant *variant = &replay->variants[replay->n_variants++];

	variant->what = what;
	variant->one_endpoint = one;
	variant->injection = *injection;
	variant->requests = xcalloc(replay->room, sizeof *variant->requests);
	ab_cells_init(&variant->cells, replay->session, replay->slot, replay->room);
}

static void add_latency(struct replay *replay, double amount)
{
	const struct suite *suite = replay->session->suite;
	struct ab_injection injection = {AB_INJECT_LATENCY, amount, suite->n_endpoints};

	add_variant(replay,
		    arena_printf(replay->arena, "%g %% slower: all endpoints", 100 * amount), false,
		    &injection);
	for (injection.endpoint = 0; injection.endpoint < suite->n_endpoints;
	     injection.endpoint++) {
		const char *name = suite->endpoint_names[injection.endpoint];
		double share = suite_endpoint_share(replay->slot, injection.endpoint);

		if (ab_is_primary(name, METRIC_P95, share))
			add_variant(replay,
				    arena_printf(replay->arena, "%g %% slower: %s", 100 * amount,
						 name),
				    true, &injection);
	}
}

static void plan_variants(struct replay *replay)
{
	static const double slower[] = {.05, .1, .2};
	size_t all = replay->session->suite->n_endpoints;
	const struct ab_injection nothing = {.endpoint = all}, tail = {AB_INJECT_TAIL, .05, all},
				  errors = {AB_INJECT_ERRORS, .01, all},
				  misses = {AB_INJECT_MISSES, .05, all};

	replay->variants = xcalloc(ARRAY_SIZE(slower) * (all + 1) + 4, sizeof *replay->variants);
	add_variant(replay, "unchanged", false, &nothing);
	for (size_t i = 0; i < ARRAY_SIZE(slower); i++)
		add_latency(replay, slower[i]);
	add_variant(replay, "5 % of the requests take twice as long", false, &tail);
	add_variant(replay, "1 pp more errors", false, &errors);
	add_variant(replay, "5 pp fewer cache hits", false, &misses);
}

/* ---- reading ---- */

struct collecting {
	double *values;
	uint64_t *counts;
	size_t n;
};

static void count_bucket(uint64_t value_ns, uint64_t count, void *arg)
{
	(void)value_ns;
	(void)count;
	++*(size_t *)arg;
}

static void keep_bucket(uint64_t value_ns, uint64_t count, void *arg)
{
	struct collecting *collecting = arg;

	collecting->values[collecting->n] = (double)value_ns;
	collecting->counts[collecting->n++] = count;
}

static struct rule_values keep_values(struct arena *arena, const struct histogram *histogram)
{
	struct collecting collecting = {0};
	size_t n = 0;

	histogram_each(histogram, count_bucket, &n);
	collecting.values = arena_alloc(arena, n + 1, sizeof *collecting.values);
	collecting.counts = arena_alloc(arena, n + 1, sizeof *collecting.counts);
	histogram_each(histogram, keep_bucket, &collecting);
	return (struct rule_values){collecting.values, collecting.counts, n};
}

static void take_variant(struct replay *replay, struct variant *variant, size_t k,
			 const struct ab_record *record)
{
	const struct ab_side_record *base = &record->side[AB_BASE], *head = &record->side[AB_HEAD];
	AUTO(ab_side) struct ab_side_record changed = {0};
	struct rng rng;

	if (variant != replay->variants) {
		rng_seed(&rng, SEED_CHANGE, record->block);
		ab_side_inject(head, &variant->injection, &rng, &changed);
		head = &changed;
		variant->requests[k][AB_BASE] = replay->variants[0].requests[k][AB_BASE];
	} else {
		variant->requests[k][AB_BASE] = keep_values(replay->arena, base->total.latency);
	}
	variant->requests[k][AB_HEAD] = keep_values(replay->arena, head->total.latency);
	ab_cells_add(&variant->cells, k, base, head);
}

static int check_endpoints(const struct replay *replay, const struct ab_record *record,
			   struct error *err)
{
	const struct suite *suite = replay->session->suite;
	const struct ab_side_record *side = &record->side[AB_BASE];
	bool same = side->n_endpoints == suite->n_endpoints;

	for (size_t i = 0; same && i < suite->n_endpoints; i++)
		same = text_equal(side->endpoints[i].name, suite->endpoint_names[i]);
	return same ? 0
		    : error_set(err, ERROR_USAGE,
				"the recording is of other endpoints than this suite has");
}

static int take_block(const struct ab_record *record, void *arg, struct error *err)
{
	struct replay *replay = arg;

	/* A recording that is still being made has grown since its blocks were counted. */
	if (record->spoiled || replay->n_blocks == replay->room)
		return 0;
	if (check_endpoints(replay, record, err))
		return -1;
	for (size_t i = 0; i < replay->n_variants; i++)
		take_variant(replay, &replay->variants[i], replay->n_blocks, record);
	replay->load_s += record->load_s;
	replay->n_blocks++;
	return 0;
}

/* ---- judging ---- */

static struct calibration calibration_of(const struct replay *replay, const struct variant *variant)
{
	return (struct calibration){.cells = variant->cells.items,
				    .n_cells = variant->cells.n,
				    .n_blocks = replay->n_blocks,
				    .plan = &replay->plan,
				    .floor_ms =
					    session_rules(replay->session)->regression_floor_ms};
}

static size_t cut(const struct replay *replay, const struct calibration *calibration,
		  struct calibration_run *runs)
{
	struct rng rng;

	rng_seed(&rng, SEED_CUT, 0);
	return calibration_cut(calibration, replay->workspace, &rng, runs);
}

static void count_alarms(const struct calibration *calibration, const struct variant *variant,
			 const struct calibration_run *runs, size_t n_runs, size_t *alarms)
{
	for (size_t i = 0; i < n_runs; i++) {
		struct rule_case what = {.calibration = calibration,
					 .first = runs[i].first,
					 .blocks = runs[i].blocks,
					 .requests =
						 (const struct rule_values(*)[2])variant->requests};

		for (size_t j = 0; j < RULE_COUNT; j++)
			alarms[j] += rule_table[j].alarms(&what);
	}
}

static double load_per_block(const struct replay *replay)
{
	return replay->n_blocks ? replay->load_s / (double)replay->n_blocks : NAN;
}

static void judge_unchanged(struct replay *replay, struct calibration_run *runs, size_t n_runs,
			    struct calibration_report *out)
{
	struct calibration calibration = calibration_of(replay, replay->variants);
	double sum = 0;
	struct rng rng;

	rng_seed(&rng, SEED_CUT, 1);
	calibration_count(runs, n_runs, &out->unchanged);
	out->unchanged_load_s = out->unchanged.median_blocks * load_per_block(replay);
	out->level = calibration_level(&replay->plan);
	out->draws = DRAWS;
	for (size_t i = 0; i < n_runs && !cli_stop; i++)
		sum += calibration_false_share(&calibration, &runs[i], DRAWS, replay->workspace,
					       &rng);
	out->false_share = n_runs ? sum / (double)n_runs : NAN;
	out->false_limit =
		n_runs ? stats_hoeffding_limit(out->false_share, out->level, n_runs, .05) : NAN;
	count_alarms(&calibration, replay->variants, runs, n_runs, out->alarms);
}

static void judge_variant(struct replay *replay, const struct variant *variant,
			  const struct calibration_run *unchanged, size_t n_unchanged,
			  struct calibration_detection *out)
{
	struct calibration calibration = calibration_of(replay, variant);
	size_t room = CALIBRATION_RUNS_MAX(replay->n_blocks);
	struct calibration_run *runs = xcalloc(room + 1, sizeof *runs);
	size_t n_runs = cut(replay, &calibration, runs);

	out->what = variant->what;
	out->one_endpoint = variant->one_endpoint;
	out->amount = variant->injection.amount;
	calibration_count(runs, n_runs, &out->counts);
	out->load_s = out->counts.median_blocks * load_per_block(replay);
	count_alarms(&calibration, variant, unchanged, n_unchanged, out->alarms);
	free(runs);
}

static void find_biases(struct replay *replay, struct calibration_report *out)
{
	struct calibration calibration = calibration_of(replay, replay->variants);
	struct calibration_bias *biases =
		arena_alloc(replay->arena, calibration.n_cells + 1, sizeof *biases);

	for (size_t i = 0; i < calibration.n_cells; i++) {
		const struct ab_cell *cell = &calibration.cells[i];
		struct calibration_bias *bias = &biases[out->n_biases];
		double mean, low, high;

		if (!cell->primary || metric_table[cell->metric].quantile == 0 ||
		    calibration_bias(&calibration, i, &mean, &low, &high) < 2)
			continue;
		*bias = (struct calibration_bias){cell->endpoint, cell->metric,
						  ab_change(cell->metric, mean),
						  ab_change(cell->metric, low),
						  ab_change(cell->metric, high)};
		out->n_biases++;
	}
	out->biases = biases;
}

static void judge_all(struct replay *replay, struct calibration_report *out)
{
	struct calibration calibration = calibration_of(replay, replay->variants);
	struct calibration_run *runs =
		xcalloc(CALIBRATION_RUNS_MAX(replay->n_blocks) + 1, sizeof *runs);
	size_t n_runs = cut(replay, &calibration, runs);
	struct calibration_detection *detections =
		arena_alloc(replay->arena, replay->n_variants, sizeof *detections);

	log_info("%zu blocks make %zu runs; relabelling them", replay->n_blocks, n_runs);
	judge_unchanged(replay, runs, n_runs, out);
	for (size_t i = 1; i < replay->n_variants && !cli_stop; i++) {
		judge_variant(replay, &replay->variants[i], runs, n_runs, &detections[i - 1]);
		out->n_detections = i;
	}
	out->detections = detections;
	find_biases(replay, out);
	free(runs);
}

/* ---- the whole ---- */

static int describe(const struct replay *replay, const char *path, struct calibration_report *out,
		    struct error *err)
{
	out->block_load_s = load_per_block(replay);
	out->blocks = replay->state.blocks;
	out->spoiled = replay->state.spoiled;
	out->recorded_s = replay->state.recorded_s;
	return recording_describe(path, replay->arena, out, err);
}

static void release(struct replay *replay)
{
	for (size_t i = 0; i < replay->n_variants; i++) {
		ab_cells_release(&replay->variants[i].cells);
		free(replay->variants[i].requests);
	}
	free(replay->variants);
	ab_workspace_free(replay->workspace);
}

int calibrate_replay(struct session *session, const char *path, const struct scenario *slot,
		     struct calibration_report *out, struct error *err)
{
	struct replay replay = {.session = session, .slot = slot, .arena = &session->run->arena};
	int status;

	if (recording_read_state(path, &replay.state, err))
		return -1;
	if (replay.state.blocks < AB_BLOCKS_MIN)
		return error_set(err, ERROR_UNMEASURED,
				 "%s has %zu blocks that count; a verdict needs %d: record more",
				 path, replay.state.blocks, AB_BLOCKS_MIN);
	replay.room = replay.state.blocks;
	replay.workspace = ab_workspace_new();
	ab_plan_init(&replay.plan, BLOCKS_AT_MOST);
	plan_variants(&replay);
	status = ab_record_each(path, take_block, &replay, err);
	if (status == 0)
		status = describe(&replay, path, out, err);
	if (status == 0)
		judge_all(&replay, out);
	release(&replay);
	return status;
}
