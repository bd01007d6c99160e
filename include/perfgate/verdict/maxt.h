/*
 * Step-down max-T over joint sign flips of blocks: p values of many correlated cells, adjusted so
 * that the chance of any false alarm keeps the level (Westfall & Young, Resampling-Based Multiple
 * Testing, 1993, algorithm 4.1; Romano & Wolf, JASA 100, 2005). Pure.
 *
 * Which side of a block came first is a fair coin, so under the null hypothesis flipping the sign
 * of a whole block, in all cells together, changes nothing. For the signs e of the blocks
 *
 *     T_j(e) = mean(e d_j) / sqrt((v_j(e) + 1e-6) / K_j)
 *
 * with v_j(e) the sample variance of e d_j, recomputed for every e, over the K_j blocks that the
 * cell has. All 2^K signs are enumerated for K <= 12 (p is a multiple of 2^-K); else MAXT_DRAWS
 * random ones give p = (1 + #) / (MAXT_DRAWS + 1) (Phipson & Smyth, 2010).
 */
#ifndef PERFGATE_VERDICT_MAXT_H
#define PERFGATE_VERDICT_MAXT_H

#include "perfgate/base/mem.h"
#include "perfgate/base/rng.h"

#include <stdbool.h>

#define MAXT_BLOCKS_MAX 64
#define MAXT_EXACT_BLOCKS 12
#define MAXT_DRAWS 10000

struct maxt_cell {
	double t; /* as observed; NaN with fewer than two blocks, and then no p either */
	double p; /* adjusted, for a mean above 0 */
	double p_less; /* adjusted, for a mean below 0 */
};

/* Memory for maxt_run(), about 250 KB with the draws; reused, not thread-safe. */
struct maxt;
struct maxt *maxt_new(void);
void maxt_free(struct maxt *maxt);
DEFINE_AUTO(maxt, struct maxt *, maxt_free)

/*
 * `d` is n_cells rows of n_blocks <= MAXT_BLOCKS_MAX values, NaN where a block is missing. `rng` is
 * used above MAXT_EXACT_BLOCKS only. Fills n_cells of `out`; returns the .95 quantile of the
 * largest T over all cells, NaN without a cell that has a T.
 */
double maxt_run(struct maxt *maxt, const double *d, size_t n_cells, size_t n_blocks,
		struct rng *rng, struct maxt_cell *out);

#endif
