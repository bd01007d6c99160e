#include "perfgate/api/model.h"

#include <math.h>

/* The value at its peak, 25.5735 C; a test holds it. */
#define R0_MAXIMUM 8.713325
#define UNCERTAINTY_FLOOR 0.02

const char *const model_names[MODEL_TYPE_COUNT + 1] = {
	[MODEL_LSTM] = "lstm",
	[MODEL_TRANSFORMER] = "transformer",
	[MODEL_ENSEMBLE] = "ensemble",
};

const int model_horizons[MODEL_HORIZON_COUNT] = {1, 3, 7, 14, 30};

static double briere(double t, double c, double t0, double tm)
{
	return t <= t0 || t >= tm ? 0 : c * t * (t - t0) * sqrt(tm - t);
}

static double quadratic(double t, double q, double r, double s)
{
	double value = (q * t + r) * t + s;

	return value > 0 ? value : 0;
}

double model_temperature_suitability(double t)
{
	double bite = briere(t, 0.000203, 11.7, 42.3);
	double mosquito = briere(t, 0.000111, 14.7, 34);
	double parasite = briere(t, 0.000111, 14.7, 34.4);
	double eggs = quadratic(t, -0.153, 8.61, -97.7);
	double to_adult = quadratic(t, -0.00924, 0.453, -4.77);
	double competence = quadratic(t, -0.54, 25.2, -206) / 100;
	double survival = quadratic(t, -0.000828, 0.0367, 0.522);
	double mu, relative;

	if (survival <= 0 || survival >= 1 || parasite <= 0)
		return 0;
	mu = -log(survival);
	relative = sqrt(bite * bite * competence * exp(-mu / parasite) * eggs * to_adult *
			mosquito / (mu * mu * mu)) /
		   R0_MAXIMUM;
	return relative < 1 ? relative : 1;
}

/* 0 up to `unsuitable`, 1 from `suitable`, cos^2 between. */
static double fuzzy(double value, double unsuitable, double suitable)
{
	double c;

	if (value <= unsuitable)
		return 0;
	if (value >= suitable)
		return 1;
	c = cos((value - suitable) / (unsuitable - suitable) * M_PI / 2);
	return c * c;
}

static int scaled(double value)
{
	if (!(value > 0))
		return 0;
	return (int)lround((value < 1 ? value : 1) * MODEL_SCALE);
}

void model_assess(const struct climate *climate, struct assessment *out)
{
	double t = climate->temperature_c, sd = climate->deviation_c;
	double suitability = model_temperature_suitability(t);
	double rain = fuzzy(climate->rain_mm, 0, 80);
	double humidity = fuzzy(climate->humidity_percent, 30, 60);
	double vegetation = fuzzy(climate->ndvi, 0.15, 0.40);
	double limit = fmin(rain, fmin(humidity, vegetation));
	double spread = fabs(model_temperature_suitability(t + sd) -
			     model_temperature_suitability(t - sd)) /
			2 * limit;

	out->risk = scaled(suitability * limit);
	out->temperature = scaled(suitability);
	out->rain = scaled(rain);
	out->humidity = scaled(humidity);
	out->vegetation = scaled(vegetation);
	for (int i = 0; i < MODEL_HORIZON_COUNT; i++)
		out->uncertainty[i] = scaled(fmax(spread, UNCERTAINTY_FLOOR) *
					     sqrt(1 + model_horizons[i] / 30.0));
}

int model_horizon_index(int days)
{
	for (int i = 0; i < MODEL_HORIZON_COUNT; i++)
		if (model_horizons[i] == days)
			return i;
	return -1;
}

const char *model_risk_level(int risk)
{
	if (risk < MODEL_SCALE / 4)
		return "low";
	if (risk < MODEL_SCALE / 2)
		return "medium";
	if (risk < MODEL_SCALE / 4 * 3)
		return "high";
	return "very_high";
}
