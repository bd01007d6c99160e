#include "perfgate/verdict/sequence.h"

#include "perfgate/verdict/robust.h"

#include "noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ln M_n of the header at |m - mu| = radius, from its definition. */
static double log_martingale(double n, double sd, double radius)
{
	double c2 = SEQUENCE_C * SEQUENCE_C;
	double v = (n - 1) * sd * sd + n * radius * radius, s = n * radius;

	return .5 * log(c2 / (n + c2)) - n / 2 * log(1 - s * s / (n + c2) / v);
}

static void test_radius_is_where_the_martingale_reaches_the_level(void **state)
{
	static const double levels[] = {.05, .002, .002 / 30, .002 / 5000};

	(void)state;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		for (size_t n = 2; n < 64; n++) {
			double radius = sequence_radius(n, .3, levels[i]);

			if (!isinf(radius))
				assert_true(fabs(log_martingale((double)n, .3, radius) +
						 log(levels[i])) < 1e-6);
		}
	assert_true(isinf(sequence_radius(1, .3, .05)));
	assert_true(isinf(sequence_radius(2, .3, .002 / 30)));
	assert_true(sequence_radius(8, .3, .002 / 30) < 2);
}

/* Looking after every value: the share of sequences that ever leave the mean out. */
static double miscoverage(double level, double (*noise)(struct rng *))
{
	enum { N = 24, RUNS = 4000 };
	double values[N];
	struct rng rng;
	int missed = 0;

	rng_seed(&rng, 13, 0);
	for (int run = 0; run < RUNS; run++) {
		bool out = false;

		for (size_t n = 1; n <= N; n++) {
			values[n - 1] = noise(&rng);
			out = out || fabs(robust_mean(values, n)) >
					     sequence_radius(n, robust_sd(values, n), level);
		}
		missed += out;
	}
	return (double)missed / RUNS;
}

static void test_looking_after_every_value_keeps_the_level(void **state)
{
	(void)state;
	assert_true(miscoverage(.05, noise_normal) <= .05);
	/* Heavy tails widen it: an outlier is in the standard deviation too. */
	assert_true(miscoverage(.05, noise_heavy) <= .05);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_radius_is_where_the_martingale_reaches_the_level),
		cmocka_unit_test(test_looking_after_every_value_keeps_the_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
