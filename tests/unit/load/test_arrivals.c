/* When arrivals come: counts, ramps, seeds, and how workers share them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/load/arrivals.h"

#define S NS_PER_S
#define MAX 20000

static struct stage constant[] = {{200, 0, 10 * S}};
static struct stage ramp[] = {{100, 10 * S, 10 * S}};
static struct stage shape[] = {{100, 0, 2 * S}, {300, 4 * S, 6 * S}, {0, 2 * S, 4 * S}, {50, 0, S}};
static struct stage nothing[] = {{0, 0, S}, {10, 0, S}};

static const struct {
	const char *name;
	struct scenario scenario;
	size_t n; /* even */
} shapes[] = {
	{"constant", {.stages = constant, .n_stages = 1}, 2000},
	{"ramp", {.stages = ramp, .n_stages = 1}, 500},
	{"shape", {.stages = shape, .n_stages = 4}, 200 + 800 + 600 + 300 + 50},
	{"nothing first", {.stages = nothing, .n_stages = 2}, 10},
};

/* All of one worker; returns how many. */
static size_t take_all(const struct scenario *scenario, uint64_t seed, uint32_t index,
		       uint32_t count, int64_t *at_ns, uint64_t *numbers)
{
	struct arrivals arrivals;
	size_t n = 0;
	uint16_t worker_of[8] = {0};
	for (uint32_t i = 0; i < count; i++)
		worker_of[i] = (uint16_t)i;
	arrivals_init(&arrivals, scenario, seed, worker_of, count, index);
	while (n < MAX && (at_ns[n] = arrivals_next(&arrivals, &numbers[n])) != INT64_MAX)
		n++;
	assert_true(n < MAX);
	assert_true(arrivals_next(&arrivals, numbers + n) == INT64_MAX);
	return n;
}

static int64_t first_ns[MAX], part_ns[MAX];
static uint64_t first_numbers[MAX], part_numbers[MAX];

static void even_arrivals_follow_the_area_below_the_rate(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		struct scenario scenario = shapes[i].scenario;
		scenario.arrival = ARRIVAL_EVEN;
		size_t n = take_all(&scenario, 1, 0, 1, first_ns, first_numbers);
		if (n != shapes[i].n)
			fail_msg("%s: %zu arrivals, not %zu", shapes[i].name, n, shapes[i].n);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(first_numbers[k], k);
			assert_true(k == 0 || first_ns[k] >= first_ns[k - 1]);
		}
	}
	struct scenario scenario = shapes[0].scenario;
	scenario.arrival = ARRIVAL_EVEN;
	take_all(&scenario, 1, 0, 1, first_ns, first_numbers);
	assert_int_equal(first_ns[0], 0);
	assert_int_equal(first_ns[400], 2 * S);
	/* Half of the time of a ramp brings a quarter of its arrivals. */
	scenario = shapes[1].scenario;
	scenario.arrival = ARRIVAL_EVEN;
	take_all(&scenario, 1, 0, 1, first_ns, first_numbers);
	assert_in_range(first_ns[125], 5 * S - 1000, 5 * S + 1000);
	/* The rate holds where the ramp led to: 100 in 2 s, then 4 s of ramp. */
	scenario = shapes[2].scenario;
	scenario.arrival = ARRIVAL_EVEN;
	take_all(&scenario, 1, 0, 1, first_ns, first_numbers);
	assert_in_range(first_ns[200], 2 * S - 1000, 2 * S + 1000);
	assert_in_range(first_ns[1000], 6 * S - 1000, 6 * S + 1000);
	assert_in_range(first_ns[1900], 12 * S, 12 * S + 1000);
}

static void poisson_arrivals_have_the_mean_and_spread_of_their_law(void **state)
{
	(void)state;
	struct scenario scenario = shapes[0].scenario; /* 2000 expected, deviation 45 */
	double sum = 0, squares = 0;
	size_t n = take_all(&scenario, 3, 0, 1, first_ns, first_numbers);
	assert_in_range(n, 1800, 2200);
	for (size_t k = 1; k < n; k++) {
		double gap_s = (double)(first_ns[k] - first_ns[k - 1]) / (double)S;
		sum += gap_s;
		squares += gap_s * gap_s;
	}
	double mean = sum / (double)(n - 1), square = squares / (double)(n - 1);
	/* The deviation of an exponential is its mean. */
	double ratio = sqrt(square - mean * mean) / mean;
	assert_true(ratio > 0.9 && ratio < 1.1);
	assert_int_equal(take_all(&scenario, 3, 0, 1, part_ns, part_numbers), n);
	assert_memory_equal(part_ns, first_ns, n * sizeof *part_ns);
	take_all(&scenario, 4, 0, 1, part_ns, part_numbers);
	assert_true(part_ns[0] != first_ns[0]);
}

static void workers_share_one_sequence(void **state)
{
	(void)state;
	static const uint32_t counts[] = {2, 3, 4};
	for (size_t i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		uint32_t count = counts[i / 2];
		struct scenario scenario = shapes[2].scenario;
		scenario.arrival = i % 2 ? ARRIVAL_EVEN : ARRIVAL_POISSON;
		size_t n = take_all(&scenario, 5, 0, 1, first_ns, first_numbers), sum = 0;
		for (uint32_t index = 0; index < count; index++) {
			size_t m = take_all(&scenario, 5, index, count, part_ns, part_numbers);
			for (size_t k = 0; k < m; k++) {
				assert_int_equal(part_numbers[k], index + k * count);
				assert_int_equal(part_ns[k], first_ns[part_numbers[k]]);
			}
			sum += m;
		}
		assert_int_equal(sum, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(even_arrivals_follow_the_area_below_the_rate),
		cmocka_unit_test(poisson_arrivals_have_the_mean_and_spread_of_their_law),
		cmocka_unit_test(workers_share_one_sequence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
