#include "perfgate/api/rate.h"
#include "perfgate/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START_NS (1000 * NS_PER_S)

static void a_seconds_worth_passes_and_comes_back_at_the_rate(void **state)
{
	static const unsigned rates[] = {1, 10, 1000};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const unsigned char client[RATE_CLIENT_SIZE] = {1};
		struct rate *rate = rate_new(rates[i]);
		int64_t retry_ns;

		for (unsigned n = 0; n < rates[i]; n++)
			assert_true(rate_allows(rate, client, START_NS, &retry_ns));
		assert_false(rate_allows(rate, client, START_NS, &retry_ns));
		assert_int_equal(retry_ns, NS_PER_S / rates[i]);
		assert_false(rate_allows(rate, client, START_NS + retry_ns - 1, &retry_ns));
		assert_true(rate_allows(rate, client, START_NS + NS_PER_S / rates[i], &retry_ns));
		assert_false(rate_allows(rate, client, START_NS + NS_PER_S / rates[i], &retry_ns));
		rate_free(rate);
	}
}

static void clients_do_not_share_a_limit(void **state)
{
	struct rate *rate = rate_new(1);
	int64_t retry_ns;

	(void)state;
	for (unsigned char i = 0; i < 200; i++) {
		unsigned char client[RATE_CLIENT_SIZE] = {0};

		client[15] = i;
		assert_true(rate_allows(rate, client, START_NS, &retry_ns));
		assert_false(rate_allows(rate, client, START_NS, &retry_ns));
	}
	rate_free(rate);
}

static void more_clients_than_places_are_served(void **state)
{
	struct rate *rate = rate_new(1);
	int64_t retry_ns;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		unsigned char client[RATE_CLIENT_SIZE] = {0};

		memcpy(client, &i, sizeof i);
		assert_true(rate_allows(rate, client, START_NS + i, &retry_ns));
	}
	rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seconds_worth_passes_and_comes_back_at_the_rate),
		cmocka_unit_test(clients_do_not_share_a_limit),
		cmocka_unit_test(more_clients_than_places_are_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
