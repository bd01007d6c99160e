#include "perfgate/api/mechanistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Computed from the published parameters with an independent program (Python, double). */
static void suitability_follows_the_published_responses(void **state)
{
	static const struct {
		double temperature_c, expected;
	} rows[] = {
		{10, 0},	{15, 0},    {18, 0.021799}, {20, 0.185912}, {22, 0.542979},
		{25, 0.986540}, {25.57, 1}, {28, 0.789395}, {30, 0.449489}, {32, 0.147799},
		{34, 0},	{45, 0},    {-5, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double value = mechanistic_temperature(rows[i].temperature_c);

		if (fabs(value - rows[i].expected) > 2e-6)
			fail_msg("%g C: %.7f", rows[i].temperature_c, value);
	}
}

static void suitability_peaks_once_between_25_and_26_degrees(void **state)
{
	double best = 0, best_at = 0;

	(void)state;
	for (int i = 0; i <= 50000; i++) {
		double value = mechanistic_temperature(i / 1000.0);

		assert_true(value >= 0 && value <= 1);
		if (value > best) {
			best = value;
			best_at = i / 1000.0;
		}
	}
	assert_true(best > 1 - 1e-6);
	assert_true(best_at > 25 && best_at < 26);
}

static const struct climate good = {25.57, 80, 60, 0.40};

static double risk_of(struct climate climate)
{
	struct suitability suitability;

	mechanistic_assess(&climate, &suitability);
	return suitability.risk;
}

static void near(double value, double expected)
{
	if (!(fabs(value - expected) < 1e-6))
		fail_msg("%.9f, expected %.9f", value, expected);
}

static void the_scarcest_of_rain_humidity_and_vegetation_limits(void **state)
{
	struct climate c = good;

	(void)state;
	near(risk_of(good), 1);
	c.rain_mm = 40; /* cos^2(45 degrees) */
	near(risk_of(c), 0.5);
	c.humidity_percent = 30;
	near(risk_of(c), 0);
	c = good;
	c.ndvi = 0.275;
	near(risk_of(c), 0.5);
	c.ndvi = 0.1;
	near(risk_of(c), 0);
}

static void a_window_is_its_means_and_its_rain(void **state)
{
	struct window window = {.ndvi = 0.5f};
	struct climate climate;

	(void)state;
	for (int i = 0; i < CLIMATE_DAYS; i++) {
		window.temperature_c[i] = (float)(i % 2 ? 20 : 30);
		window.rain_mm[i] = 2;
		window.humidity_percent[i] = (float)i;
	}
	mechanistic_climate(&window, &climate);
	near(climate.temperature_c, 25);
	near(climate.rain_mm, 60);
	near(climate.humidity_percent, 14.5);
	near(climate.ndvi, 0.5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suitability_follows_the_published_responses),
		cmocka_unit_test(suitability_peaks_once_between_25_and_26_degrees),
		cmocka_unit_test(the_scarcest_of_rain_humidity_and_vegetation_limits),
		cmocka_unit_test(a_window_is_its_means_and_its_rain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
