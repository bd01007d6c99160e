/*
 * A model of an A/B trial for tests: endpoints with latencies, throughput, errors and cache hits,
 * measured in blocks whose noise is partly shared by all cells, with heavy tails. Both sides draw
 * from the same distributions; a regression is put on the head.
 */
#ifndef TESTS_VERDICT_AB_MODEL_H
#define TESTS_VERDICT_AB_MODEL_H

#include "perfgate/verdict/ab.h"

#include "noise.h"

enum {
	MODEL_ENDPOINTS = 6, /* the last two are rare: not primary */
	MODEL_PERCENTILES = 3,
	MODEL_CELLS = MODEL_ENDPOINTS * MODEL_PERCENTILES + METRIC_COUNT
};

struct ab_model {
	double noise; /* sd of the log of a side's p50 in one block; p95 x 1.6, p99 x 2.4 */
	double slower; /* factor on all percentiles of endpoint 0, 1 = none */
	double tail; /* factor on its p95 and p99 alone, 1 = none */
	double error_rate, more_errors; /* of the base; points added to the head */
	double hit_rate, fewer_hits;
	struct ab_cell cells[MODEL_CELLS];
	struct ab_block blocks[MODEL_CELLS][AB_BLOCKS_MAX];
};

static inline void ab_model_cell(struct ab_model *model, size_t j, const char *endpoint,
				 enum metric metric, double share)
{
	static const double tolerances[METRIC_COUNT] = {
		[METRIC_P50] = .05,	    [METRIC_P95] = .08,
		[METRIC_P99] = .12,	    [METRIC_THROUGHPUT] = .05,
		[METRIC_ERROR_RATE] = .005, [METRIC_CACHE_HIT_RATE] = .02,
	};

	model->cells[j] = (struct ab_cell){.scenario = "load",
					   .endpoint = endpoint,
					   .metric = metric,
					   .primary = ab_is_primary(endpoint, metric, share),
					   .tolerance = tolerances[metric],
					   .blocks = model->blocks[j]};
}

/* Endpoint e's p50, p95, p99 are cells 3e..3e+2; then total by enum metric. */
static inline void ab_model_init(struct ab_model *model, double noise)
{
	static const char *const names[MODEL_ENDPOINTS] = {"GET /a", "GET /b", "GET /c",
							   "GET /d", "GET /e", "GET /f"};

	*model = (struct ab_model){
		.noise = noise, .slower = 1, .tail = 1, .error_rate = .002, .hit_rate = .8};
	for (size_t e = 0; e < MODEL_ENDPOINTS; e++)
		for (size_t i = 0; i < MODEL_PERCENTILES; i++)
			ab_model_cell(model, e * MODEL_PERCENTILES + i, names[e], (enum metric)i,
				      e < 4 ? .22 : .06);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		ab_model_cell(model, MODEL_ENDPOINTS * MODEL_PERCENTILES + i, "total",
			      (enum metric)i, 1);
}

static inline uint64_t ab_model_count(struct rng *rng, uint64_t n, double rate)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < n; i++)
		count += rng_double(rng) < rate;
	return count;
}

static inline void ab_model_side(struct ab_model *model, struct rng *rng, size_t k,
				 enum ab_side side)
{
	static const double width[MODEL_PERCENTILES] = {1, 1.6, 2.4};
	static const double value[MODEL_PERCENTILES] = {2, 5, 9};
	enum { REQUESTS = 1500 };
	const bool head = side == AB_HEAD;
	const struct ab_cell *total = &model->cells[MODEL_ENDPOINTS * MODEL_PERCENTILES];
	/* Heavy tails with variance 1, half of it shared by the whole block. */
	double common = noise_heavy(rng) / sqrt(6);

	for (size_t j = 0; j < MODEL_CELLS; j++) {
		struct ab_sample *sample = &model->blocks[j][k].side[side];
		size_t i = (size_t)model->cells[j].metric;
		double noise = model->noise * (common + noise_heavy(rng) / sqrt(6));

		if (i >= MODEL_PERCENTILES)
			continue;
		sample->n = REQUESTS;
		sample->value = value[i] * exp(noise * width[i]);
		if (head && j < MODEL_PERCENTILES)
			sample->value *= model->slower * (i > 0 ? model->tail : 1);
	}
	model->blocks[total - model->cells + METRIC_THROUGHPUT][k].side[side] =
		(struct ab_sample){800 * exp(model->noise * (common + noise_heavy(rng) / sqrt(6))),
				   REQUESTS};
	model->blocks[total - model->cells + METRIC_ERROR_RATE][k].side[side] =
		(struct ab_sample){(double)ab_model_count(rng, REQUESTS,
							  model->error_rate +
								  (head ? model->more_errors : 0)),
				   REQUESTS};
	model->blocks[total - model->cells + METRIC_CACHE_HIT_RATE][k].side[side] =
		(struct ab_sample){(double)ab_model_count(rng, REQUESTS,
							  model->hit_rate -
								  (head ? model->fewer_hits : 0)),
				   REQUESTS};
}

/* Run the trial block by block as a live one would be; returns how many blocks it took. */
static inline size_t ab_model_run(struct ab_model *model, struct ab_workspace *workspace,
				  const struct ab_plan *plan, struct rng *rng,
				  struct ab_result *out)
{
	struct ab_trial trial = {.cells = model->cells,
				 .n_cells = MODEL_CELLS,
				 .floor_ms = AB_FLOOR_MS};

	do {
		ab_model_side(model, rng, trial.n_blocks, AB_BASE);
		ab_model_side(model, rng, trial.n_blocks, AB_HEAD);
		trial.n_blocks++;
	} while (!ab_judge(workspace, plan, &trial, rng, out));
	return trial.n_blocks;
}

#endif
