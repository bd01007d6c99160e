/*
 * Fitting the read-outs of the networks to the mechanistic risk.
 *
 * About 48 cells of a data set are learnt from, and 24 others are only asked afterwards: R2 and
 * the root mean square error are those of cells that the fit has not seen. Deterministic for
 * a data set.
 */
#ifndef PERFGATE_API_FIT_H
#define PERFGATE_API_FIT_H

#include "perfgate/api/data_set.h"
#include "perfgate/api/network.h"

enum fit_part { FIT_NOT_USED, FIT_LEARN, FIT_JUDGE };

/* What a cell is used for, by its position in the coverage. */
enum fit_part fit_part(const struct data_set *data, size_t position);
/* The days that are asked of the cell; at most FIT_MAX_DAYS; the count is returned. */
#define FIT_MAX_DAYS 32
size_t fit_days(const struct data_set *data, size_t position, int32_t days[FIT_MAX_DAYS]);

struct fit;

struct fit *fit_new(void);
void fit_free(struct fit *fit);
DEFINE_AUTO(fit, struct fit *, fit_free)
/* All that is learnt must come before what is judged. */
void fit_learn(struct fit *fit, const struct window *windows, size_t count);
PG_MUST_CHECK int fit_solve(struct fit *fit, struct error *err);
void fit_judge(struct fit *fit, const struct window *windows, size_t count);
/* The fitted network with r2 and rmse of what was judged. */
void fit_network(const struct fit *fit, enum network_kind kind, struct network *out);

#endif
