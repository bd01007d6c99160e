#include "perfgate/api/model.h"

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
		double value = model_temperature_suitability(rows[i].temperature_c);

		if (fabs(value - rows[i].expected) > 2e-6)
			fail_msg("%g C: %.7f", rows[i].temperature_c, value);
	}
}

static void suitability_peaks_once_between_25_and_26_degrees(void **state)
{
	double best = 0, best_at = 0;

	(void)state;
	for (int i = 0; i <= 50000; i++) {
		double value = model_temperature_suitability(i / 1000.0);

		assert_true(value >= 0 && value <= 1);
		if (value > best) {
			best = value;
			best_at = i / 1000.0;
		}
	}
	assert_true(best > 1 - 1e-6);
	assert_true(best_at > 25 && best_at < 26);
}

static const struct climate good = {25.57, 0, 80, 60, 0.40};

static int risk_of(struct climate climate)
{
	struct assessment item;

	model_assess(&climate, &item);
	return item.risk;
}

static void the_scarcest_of_rain_humidity_and_vegetation_limits(void **state)
{
	struct climate c = good;

	(void)state;
	assert_int_equal(risk_of(good), 10000);
	c.rain_mm = 40; /* cos^2(45 degrees) */
	assert_int_equal(risk_of(c), 5000);
	c.humidity_percent = 30;
	assert_int_equal(risk_of(c), 0);
	c = good;
	c.ndvi = 0.275;
	assert_int_equal(risk_of(c), 5000);
	c.ndvi = 0.1;
	assert_int_equal(risk_of(c), 0);
}

static void uncertainty_grows_with_the_horizon_and_has_a_floor(void **state)
{
	struct climate c = good;
	struct assessment item;

	(void)state;
	model_assess(&c, &item);
	assert_int_equal(item.uncertainty[4], (int)lround(0.02 * sqrt(2) * 10000));
	c.temperature_c = 21;
	c.deviation_c = 2;
	model_assess(&c, &item);
	for (int i = 1; i < MODEL_HORIZON_COUNT; i++)
		assert_true(item.uncertainty[i] > item.uncertainty[i - 1]);
	assert_true(item.uncertainty[0] > 1000);
}

static void a_broken_climate_gives_no_risk(void **state)
{
	struct climate c = good;

	(void)state;
	c.temperature_c = (double)NAN;
	assert_int_equal(risk_of(c), 0);
}

static void levels_change_at_the_quarters(void **state)
{
	static const struct {
		int risk;
		const char *level;
	} rows[] = {{0, "low"},	    {2499, "low"},  {2500, "medium"},	 {4999, "medium"},
		    {5000, "high"}, {7499, "high"}, {7500, "very_high"}, {10000, "very_high"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(model_risk_level(rows[i].risk), rows[i].level);
}

static void only_five_horizons_exist(void **state)
{
	(void)state;
	assert_int_equal(model_horizon_index(1), 0);
	assert_int_equal(model_horizon_index(30), 4);
	assert_int_equal(model_horizon_index(2), -1);
	assert_int_equal(model_horizon_index(0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suitability_follows_the_published_responses),
		cmocka_unit_test(suitability_peaks_once_between_25_and_26_degrees),
		cmocka_unit_test(the_scarcest_of_rain_humidity_and_vegetation_limits),
		cmocka_unit_test(uncertainty_grows_with_the_horizon_and_has_a_floor),
		cmocka_unit_test(a_broken_climate_gives_no_risk),
		cmocka_unit_test(levels_change_at_the_quarters),
		cmocka_unit_test(only_five_horizons_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
