#include "perfgate/api/fit.h"

#include "perfgate/base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void what_judges_was_not_learnt(void **state)
{
	(void)state;
	for (const struct data_set *set = data_sets; set->name; set++) {
		size_t cells = grid_box_cells(&set->coverage), counts[3] = {0};

		for (size_t i = 0; i < cells; i++)
			counts[fit_part(set, i)]++;
		assert_in_range(counts[FIT_LEARN], 48, 60);
		assert_in_range(counts[FIT_JUDGE], 24, 30);
		assert_int_equal(counts[0] + counts[1] + counts[2], cells);
	}
}

static void the_days_are_of_the_data_set_and_differ(void **state)
{
	(void)state;
	for (const struct data_set *set = data_sets; set->name; set++)
		for (size_t i = 0; i < grid_box_cells(&set->coverage); i++) {
			int32_t days[FIT_MAX_DAYS];
			size_t count = fit_days(set, i, days);

			assert_in_range(count, 10, FIT_MAX_DAYS);
			for (size_t d = 0; d < count; d++) {
				int index = calendar_index(&set->calendar, days[d]);

				assert_int_equal(calendar_day(&set->calendar, index), days[d]);
				assert_true(d == 0 || days[d] > days[d - 1]);
			}
		}
}

/* An invented climate of its own: places from cool to hot, seasons from dry to wet. */
static struct window invent(struct rng *rng)
{
	double place = 14 + 18 * rng_double(rng), wet = rng_double(rng);
	struct window window = {.ndvi = (float)(0.15 + 0.4 * rng_double(rng))};

	for (int i = 0; i < CLIMATE_DAYS; i++) {
		window.temperature_c[i] = (float)(place + 3 * rng_double(rng));
		window.rain_mm[i] = (float)(rng_double(rng) < 0.5 ? 0 : 12 * wet * rng_double(rng));
		window.humidity_percent[i] = (float)(40 + 40 * wet + 8 * rng_double(rng));
	}
	return window;
}

static void fit_invented(struct fit *fit)
{
	struct error err = ERROR_INIT;
	struct rng rng;

	rng_seed(&rng, 7, 0);
	for (int i = 0; i < 2000; i++) {
		struct window window = invent(&rng);

		fit_learn(fit, &window, 1);
	}
	assert_int_equal(fit_solve(fit, &err), 0);
	for (int i = 0; i < 500; i++) {
		struct window window = invent(&rng);

		fit_judge(fit, &window, 1);
	}
}

/* Not only on the data they are shipped with do the networks have something to read out. */
static void a_network_explains_places_it_has_not_seen(void **state)
{
	static struct network network;
	AUTO(fit) struct fit *fit = fit_new();

	(void)state;
	fit_invented(fit);
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		fit_network(fit, (enum network_kind)kind, &network);
		if (!(network.r2 >= 0.9f && network.r2 < 1))
			fail_msg("kind %d: R2 %.3f", kind, (double)network.r2);
		assert_true(network.rmse > 0 && network.rmse < 0.15f);
	}
}

static void fitting_twice_gives_the_same_bytes(void **state)
{
	static struct network a, b;
	AUTO(fit) struct fit *first = fit_new();
	AUTO(fit) struct fit *second = fit_new();

	(void)state;
	fit_invented(first);
	fit_invented(second);
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		fit_network(first, (enum network_kind)kind, &a);
		fit_network(second, (enum network_kind)kind, &b);
		assert_memory_equal(&a, &b, sizeof a);
	}
}

/* A fit to nothing but chance explains nothing: R2 can be bad. */
static void noise_is_not_explained(void **state)
{
	static struct network network;
	AUTO(fit) struct fit *fit = fit_new();
	struct error err = ERROR_INIT;
	struct rng rng;
	struct window window;

	(void)state;
	rng_seed(&rng, 9, 0);
	for (int i = 0; i < 3; i++) {
		window = invent(&rng);
		fit_learn(fit, &window, 1);
	}
	assert_int_equal(fit_solve(fit, &err), 0);
	for (int i = 0; i < 200; i++) {
		window = invent(&rng);
		fit_judge(fit, &window, 1);
	}
	fit_network(fit, NETWORK_LSTM, &network);
	assert_true(network.r2 < 0.5f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_judges_was_not_learnt),
		cmocka_unit_test(the_days_are_of_the_data_set_and_differ),
		cmocka_unit_test(a_network_explains_places_it_has_not_seen),
		cmocka_unit_test(fitting_twice_gives_the_same_bytes),
		cmocka_unit_test(noise_is_not_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
