#include "perfgate/api/fit.h"

#include "perfgate/api/mechanistic.h"
#include "perfgate/api/ridge.h"

#include <assert.h>
#include <math.h>

/* Cells to learn from; half as many judge. More make the fit slower and hardly better. */
#define LEARN_CELLS 48
#define LEARN_DAYS 16
#define JUDGE_DAYS 12
/* Of the penalty, per sample. */
#define PENALTY 1e-4

struct fit {
	struct network networks[NETWORK_KIND_COUNT];
	struct ridge sums[NETWORK_KIND_COUNT];
	size_t learnt, judged;
	double squared_errors[NETWORK_KIND_COUNT];
	double total, squares; /* of the risk of what is judged */
};

enum fit_part fit_part(const struct data_set *data, size_t position)
{
	size_t stride = grid_box_cells(&data->coverage) / LEARN_CELLS;

	assert(stride >= 2);
	if (position % stride == 0)
		return FIT_LEARN;
	return position % (2 * stride) == stride / 2 ? FIT_JUDGE : FIT_NOT_USED;
}

size_t fit_days(const struct data_set *data, size_t position, int32_t days[FIT_MAX_DAYS])
{
	int all = calendar_days(&data->calendar);
	int count = fit_part(data, position) == FIT_LEARN ? LEARN_DAYS : JUDGE_DAYS;
	/* Spread over all years, and other days for each cell. */
	int step = all / count, shift = (int)(position * 7 % (size_t)step);

	for (int i = 0; i < count; i++)
		days[i] = calendar_day(&data->calendar, shift + i * step);
	return (size_t)count;
}

struct fit *fit_new(void)
{
	struct fit *fit = xcalloc(1, sizeof *fit);

	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		network_init(&fit->networks[kind], (enum network_kind)kind);
		ridge_init(&fit->sums[kind], NETWORK_FEATURES);
	}
	return fit;
}

void fit_free(struct fit *fit)
{
	if (!fit)
		return;
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++)
		ridge_release(&fit->sums[kind]);
	free(fit);
}

static double target(const struct window *window)
{
	struct climate climate;
	struct suitability suitability;

	mechanistic_climate(window, &climate);
	mechanistic_assess(&climate, &suitability);
	return suitability.risk;
}

void fit_learn(struct fit *fit, const struct window *windows, size_t count)
{
	float features[NETWORK_FEATURES];

	for (size_t i = 0; i < count; i++) {
		double risk = target(&windows[i]);

		for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
			network_features(&fit->networks[kind], &windows[i], features);
			ridge_add(&fit->sums[kind], features, risk);
		}
	}
	fit->learnt += count;
}

int fit_solve(struct fit *fit, struct error *err)
{
	double weights[NETWORK_FEATURES];

	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		if (ridge_solve(&fit->sums[kind], PENALTY * (double)fit->learnt, weights, err) < 0)
			return -1;
		for (int i = 0; i < NETWORK_FEATURES; i++)
			fit->networks[kind].readout[i] = (float)weights[i];
	}
	return 0;
}

void fit_judge(struct fit *fit, const struct window *windows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double risk = target(&windows[i]);

		fit->total += risk;
		fit->squares += risk * risk;
		for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
			double off = network_risk(&fit->networks[kind], &windows[i]) - risk;

			fit->squared_errors[kind] += off * off;
		}
	}
	fit->judged += count;
}

void fit_network(const struct fit *fit, enum network_kind kind, struct network *out)
{
	double n = (double)fit->judged;
	double around_mean = fit->squares - fit->total * fit->total / n;

	assert(fit->judged > 0);
	*out = fit->networks[kind];
	out->rmse = (float)sqrt(fit->squared_errors[kind] / n);
	out->r2 = (float)(1 - fit->squared_errors[kind] / around_mean);
}
