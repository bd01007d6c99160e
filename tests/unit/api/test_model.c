#include "perfgate/api/model.h"

#include "perfgate/api/mechanistic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Warm and wet: the mechanistic risk is 1. */
static struct window good_window(void)
{
	struct window window = {.ndvi = 0.5f};

	for (int i = 0; i < CLIMATE_DAYS; i++) {
		window.temperature_c[i] = 25.57f;
		window.rain_mm[i] = 5;
		window.humidity_percent[i] = 80;
	}
	return window;
}

/* Networks whose read-out is the constant alone. */
static void constant_models(struct model_set *models, float lstm, float transformer)
{
	memset(models, 0, sizeof *models);
	network_init(&models->networks[NETWORK_LSTM], NETWORK_LSTM);
	network_init(&models->networks[NETWORK_TRANSFORMER], NETWORK_TRANSFORMER);
	models->networks[NETWORK_LSTM].readout[0] = lstm;
	models->networks[NETWORK_TRANSFORMER].readout[0] = transformer;
	models->networks[NETWORK_LSTM].rmse = 0.05f;
}

static struct assessment assess(const struct model_set *models, enum model_type type)
{
	struct window window = good_window();
	struct assessment item;

	model_assess(models, type, &window, &item);
	return item;
}

static void the_ensemble_is_the_mean_and_its_spread_the_uncertainty(void **state)
{
	static struct model_set models;
	struct assessment item;

	(void)state;
	constant_models(&models, 0.7f, 0.4f);
	assert_int_equal(assess(&models, MODEL_LSTM).risk, 7000);
	assert_int_equal(assess(&models, MODEL_TRANSFORMER).risk, 4000);
	item = assess(&models, MODEL_ENSEMBLE);
	assert_int_equal(item.risk, 7000); /* of 0.7, 0.4 and 1 */
	assert_int_equal(item.uncertainty[4], (int)lround(sqrt(0.06) * sqrt(2) * MODEL_SCALE));
}

static void uncertainty_is_the_error_of_the_fit_and_grows_with_the_horizon(void **state)
{
	static struct model_set models;
	struct assessment item;

	(void)state;
	constant_models(&models, 0.7f, 0.4f);
	item = assess(&models, MODEL_LSTM);
	assert_int_equal(item.uncertainty[4], (int)lround(0.05 * sqrt(2) * MODEL_SCALE));
	for (int i = 1; i < MODEL_HORIZON_COUNT; i++)
		assert_true(item.uncertainty[i] > item.uncertainty[i - 1]);
	/* It has a floor. */
	item = assess(&models, MODEL_TRANSFORMER);
	assert_int_equal(item.uncertainty[4], (int)lround(0.02 * sqrt(2) * MODEL_SCALE));
}

static void risks_stay_between_0_and_1(void **state)
{
	static struct model_set models;

	(void)state;
	constant_models(&models, 3, -2);
	assert_int_equal(assess(&models, MODEL_LSTM).risk, MODEL_SCALE);
	assert_int_equal(assess(&models, MODEL_TRANSFORMER).risk, 0);
	constant_models(&models, NAN, 0);
	assert_int_equal(assess(&models, MODEL_LSTM).risk, 0);
}

static void the_factors_do_not_depend_on_the_type(void **state)
{
	static struct model_set models;

	(void)state;
	constant_models(&models, 0.5f, 0.5f);
	for (int type = 0; type < MODEL_TYPE_COUNT; type++) {
		struct assessment item = assess(&models, (enum model_type)type);

		assert_int_equal(item.temperature, MODEL_SCALE);
		assert_int_equal(item.rain, MODEL_SCALE);
		assert_int_equal(item.humidity, MODEL_SCALE);
		assert_int_equal(item.vegetation, MODEL_SCALE);
	}
}

/* Other content is another version, also of the ensemble that is made of it. */
static void versions_name_the_content(void **state)
{
	static struct model_set a, b;

	(void)state;
	model_version("one", 3, a.versions[MODEL_LSTM]);
	model_version("two", 3, a.versions[MODEL_TRANSFORMER]);
	assert_string_equal(a.versions[MODEL_LSTM], "2-7692c3ad"); /* SHA-256 of "one" */
	b = a;
	model_version("six", 3, b.versions[MODEL_LSTM]);
	model_name_all(&a);
	model_name_all(&b);
	assert_string_equal(a.labels[MODEL_LSTM], "lstm.2-7692c3ad");
	assert_string_equal(a.labels[MODEL_TRANSFORMER], b.labels[MODEL_TRANSFORMER]);
	assert_string_not_equal(a.labels[MODEL_ENSEMBLE], b.labels[MODEL_ENSEMBLE]);
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
		cmocka_unit_test(the_ensemble_is_the_mean_and_its_spread_the_uncertainty),
		cmocka_unit_test(uncertainty_is_the_error_of_the_fit_and_grows_with_the_horizon),
		cmocka_unit_test(risks_stay_between_0_and_1),
		cmocka_unit_test(the_factors_do_not_depend_on_the_type),
		cmocka_unit_test(versions_name_the_content),
		cmocka_unit_test(levels_change_at_the_quarters),
		cmocka_unit_test(only_five_horizons_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
