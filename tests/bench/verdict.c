/*
 * What the verdict costs, and how often it is right on simulated trials: the figures of
 * `make bench-verdict`. The trials are those of the unit tests (tests/unit/verdict/ab_model.h).
 */
#include "ab_model.h"

#include "perfgate/base/clock.h"
#include "perfgate/verdict/maxt.h"

#include <stdio.h>

static double seconds_since(int64_t start_ns)
{
	return (double)(clock_process_cpu_ns() - start_ns) * 1e-9;
}

/* CPU seconds of one max-T over cells with noise. */
static double time_maxt(size_t n_cells, size_t n_blocks)
{
	AUTO(maxt) struct maxt *maxt = maxt_new();
	AUTO_FREE double *d = xcalloc(n_cells * n_blocks, sizeof *d);
	AUTO_FREE struct maxt_cell *cells = xcalloc(n_cells, sizeof *cells);
	struct rng rng;
	int64_t start;

	rng_seed(&rng, 1, n_cells);
	for (size_t i = 0; i < n_cells * n_blocks; i++)
		d[i] = .05 * noise_heavy(&rng);
	start = clock_process_cpu_ns();
	maxt_run(maxt, d, n_cells, n_blocks, &rng, cells);
	return seconds_since(start);
}

static void print_costs(void)
{
	static const struct {
		size_t cells, blocks;
	} rows[] = {{200, 8}, {200, 16}, {200, 24}, {5000, 24}};

	printf("max-T, both directions, CPU seconds\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		printf("  %5zu cells, K = %2zu, %-13s %.3f\n", rows[i].cells, rows[i].blocks,
		       rows[i].blocks <= MAXT_EXACT_BLOCKS ? "exact" : "10,000 draws",
		       time_maxt(rows[i].cells, rows[i].blocks));
}

struct shares {
	double failed, first, passed[3], inconclusive, blocks, cpu_ms;
};

static struct shares simulate(struct ab_model *model, int runs)
{
	AUTO(ab_workspace) struct ab_workspace *workspace = ab_workspace_new();
	struct ab_cell_result cells[MODEL_CELLS];
	struct ab_result out = {.cells = cells};
	struct shares shares = {0};
	struct ab_plan plan;
	struct rng rng;
	int64_t start = clock_process_cpu_ns();

	ab_plan_init(&plan, 24);
	rng_seed(&rng, 1, (uint64_t)(model->noise * 1000));
	for (int i = 0; i < runs; i++) {
		size_t blocks = ab_model_run(model, workspace, &plan, &rng, &out);

		shares.blocks += (double)blocks / runs;
		shares.failed += out.outcome == OUTCOME_FAIL ? 1. / runs : 0;
		shares.first += out.outcome == OUTCOME_FAIL && blocks <= 8 ? 1. / runs : 0;
		shares.inconclusive += out.outcome == OUTCOME_INCONCLUSIVE ? 1. / runs : 0;
		if (out.outcome == OUTCOME_PASS)
			shares.passed[blocks / 8 - 1] += 1. / runs;
	}
	shares.cpu_ms = 1e3 * seconds_since(start) / runs;
	return shares;
}

static void print_row(double noise, double slower, int runs)
{
	struct ab_model model;
	struct shares shares;

	ab_model_init(&model, noise);
	model.slower = slower;
	shares = simulate(&model, runs);
	printf("  %4.1f %%  %+4.0f %%   %.3f  %.3f   %.2f / %.2f / %.2f   %.3f   %6.1f  %5.2f\n",
	       100 * noise, 100 * (slower - 1), shares.failed, shares.first, shares.passed[0],
	       shares.passed[1], shares.passed[2], shares.inconclusive, shares.blocks,
	       shares.cpu_ms);
}

int main(void)
{
	static const double noises[] = {.016, .024, .033, .040};
	static const struct {
		double slower;
		int runs;
	} cases[] = {{1, 1000}, {1.05, 250}, {1.10, 250}, {1.20, 250}, {2, 250}};

	print_costs();
	printf("A/B trials of %d cells, one endpoint slower; noise: sd of a side's ln p50 per "
	       "block\n"
	       "  noise   slower   FAIL  by K=8   pass at 8 / 16 / 24   inconcl.  blocks  CPU ms\n",
	       MODEL_CELLS);
	for (size_t i = 0; i < ARRAY_SIZE(noises); i++)
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++)
			print_row(noises[i], cases[k].slower, cases[k].runs);
	return 0;
}
