#include "perfgate/api/mechanistic.h"

#include <math.h>

/* The value at its peak, 25.5735 C; a test holds it. */
#define R0_MAXIMUM 8.713325

void mechanistic_climate(const struct window *window, struct climate *out)
{
	struct climate sum = {.ndvi = (double)window->ndvi};

	for (int i = 0; i < CLIMATE_DAYS; i++) {
		sum.temperature_c += (double)window->temperature_c[i];
		sum.rain_mm += (double)window->rain_mm[i];
		sum.humidity_percent += (double)window->humidity_percent[i];
	}
	sum.temperature_c /= CLIMATE_DAYS;
	sum.humidity_percent /= CLIMATE_DAYS;
	*out = sum;
}

static double briere(double t, double c, double t0, double tm)
{
	return t <= t0 || t >= tm ? 0 : c * t * (t - t0) * sqrt(tm - t);
}

static double quadratic(double t, double q, double r, double s)
{
	double value = (q * t + r) * t + s;

	return value > 0 ? value : 0;
}

double mechanistic_temperature(double t)
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

void mechanistic_assess(const struct climate *climate, struct suitability *out)
{
	double limit;

	out->temperature = mechanistic_temperature(climate->temperature_c);
	out->rain = fuzzy(climate->rain_mm, 0, 80);
	out->humidity = fuzzy(climate->humidity_percent, 30, 60);
	out->vegetation = fuzzy(climate->ndvi, 0.15, 0.40);
	limit = fmin(out->rain, fmin(out->humidity, out->vegetation));
	out->risk = out->temperature * limit;
}
