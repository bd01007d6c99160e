#include "perfgate/api/network.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct window some_window(float warmer)
{
	struct window window = {.ndvi = 0.35f};

	for (int i = 0; i < CLIMATE_DAYS; i++) {
		window.temperature_c[i] = 22 + warmer + (float)(i % 5);
		window.rain_mm[i] = (float)(i % 3) * 4;
		window.humidity_percent[i] = 60 + (float)(i % 7);
	}
	return window;
}

static void features_begin_with_1_and_are_bounded(void **state)
{
	static struct network network;
	struct window window = some_window(0);

	(void)state;
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		float features[NETWORK_FEATURES];

		network_init(&network, (enum network_kind)kind);
		network_features(&network, &window, features);
		assert_true(features[0] == 1);
		for (int i = 0; i < NETWORK_FEATURES; i++)
			assert_true(fabsf(features[i]) < 20);
	}
}

/* The weights are drawn from a seed: every start of every build has the same. */
static void the_same_window_has_the_same_features(void **state)
{
	static struct network a, b;
	struct window window = some_window(1);

	(void)state;
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		float first[NETWORK_FEATURES], second[NETWORK_FEATURES];

		network_init(&a, (enum network_kind)kind);
		network_init(&b, (enum network_kind)kind);
		network_features(&a, &window, first);
		network_features(&b, &window, second);
		assert_memory_equal(first, second, sizeof first);
	}
}

static void each_input_and_the_order_of_days_matter(void **state)
{
	static struct network network;
	struct window windows[5];

	(void)state;
	for (int i = 0; i < 5; i++)
		windows[i] = some_window(0);
	windows[0].temperature_c[20] += 3;
	windows[1].rain_mm[20] += 20;
	windows[2].humidity_percent[20] += 20;
	windows[3].ndvi += 0.1f;
	for (int i = 0; i < CLIMATE_DAYS; i++)
		windows[4].rain_mm[i] = some_window(0).rain_mm[CLIMATE_DAYS - 1 - i];
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		float base[NETWORK_FEATURES], other[NETWORK_FEATURES];
		struct window window = some_window(0);

		network_init(&network, (enum network_kind)kind);
		network_features(&network, &window, base);
		for (int i = 0; i < 5; i++) {
			network_features(&network, &windows[i], other);
			assert_memory_not_equal(base, other, sizeof base);
		}
	}
}

/*
 * tanh and the gates of a network of one input, by hand: with all weights 0 but the candidate's
 * bias, a cell gathers tanh(bias) through half-open gates: c = 0.5 c + 0.5 tanh(b).
 */
static void an_lstm_cell_gathers_what_its_gates_let_in(void **state)
{
	static struct network network;
	struct window window = some_window(0);
	float features[NETWORK_FEATURES];
	double c = 0, b = 0.8;

	(void)state;
	network_init(&network, NETWORK_LSTM);
	memset(&network.lstm, 0, sizeof network.lstm);
	network.lstm.bias[3 * LSTM_CELLS] = (float)b;
	network_features(&network, &window, features);
	for (int i = 0; i < CLIMATE_DAYS; i++)
		c = 0.5 * c + 0.5 * tanh(b);
	assert_true(fabs((double)features[1] - 0.5 * tanh(c)) < 1e-4);
	assert_true(fabs((double)features[2]) < 1e-6);
}

/* With equal scores attention is the mean over the days; the residual keeps the day itself. */
static void attention_with_equal_scores_is_the_mean(void **state)
{
	static struct network network;
	struct transformer *net = &network.transformer;
	struct window window = some_window(0);
	float features[NETWORK_FEATURES];
	double mean = 0;

	(void)state;
	network_init(&network, NETWORK_TRANSFORMER);
	memset(net, 0, sizeof *net);
	net->embedding[0][0] = 1;
	net->value[0][0] = 1;
	net->hidden[0][0] = 1;
	net->bias[0] = 5; /* keeps the sum positive */
	network_features(&network, &window, features);
	for (int i = 0; i < CLIMATE_DAYS; i++)
		mean += ((double)window.temperature_c[i] - 22) / 4 / CLIMATE_DAYS;
	assert_true(fabs((double)features[1] - (5 + 2 * mean)) < 1e-4);
	assert_true(features[2] == 0);
}

static void what_was_encoded_is_decoded(void **state)
{
	static struct network network, again;
	struct window window = some_window(2);

	(void)state;
	for (int kind = 0; kind < NETWORK_KIND_COUNT; kind++) {
		AUTO(strbuf) struct strbuf blob = {0};

		network_init(&network, (enum network_kind)kind);
		network.readout[0] = 0.25f;
		network.readout[7] = -0.5f;
		network.r2 = 0.97f;
		network_encode(&network, &blob);
		assert_int_equal(network_decode(blob.data, blob.length, network.kind, &again), 0);
		assert_true(again.r2 == network.r2);
		assert_true(network_risk(&again, &window) == network_risk(&network, &window));
	}
}

static void damaged_bytes_are_refused(void **state)
{
	static struct network network, untouched;
	AUTO(strbuf) struct strbuf blob = {0};
	static const unsigned char not_a_number[] = {0, 0, 0xc0, 0x7f};
	size_t magic = strlen(NETWORK_MAGIC);

	(void)state;
	network_init(&network, NETWORK_LSTM);
	network_encode(&network, &blob);
	untouched.rmse = 3;
	for (size_t length = 0; length < blob.length; length += 97)
		assert_int_equal(network_decode(blob.data, length, NETWORK_LSTM, &untouched), -1);
	assert_int_equal(network_decode(blob.data, blob.length, NETWORK_TRANSFORMER, &untouched),
			 -1);
	memcpy(blob.data + magic + 1, not_a_number, sizeof not_a_number);
	assert_int_equal(network_decode(blob.data, blob.length, NETWORK_LSTM, &untouched), -1);
	blob.data[0] = 'X';
	assert_int_equal(network_decode(blob.data, blob.length, NETWORK_LSTM, &untouched), -1);
	assert_true(untouched.rmse == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(features_begin_with_1_and_are_bounded),
		cmocka_unit_test(the_same_window_has_the_same_features),
		cmocka_unit_test(each_input_and_the_order_of_days_matter),
		cmocka_unit_test(an_lstm_cell_gathers_what_its_gates_let_in),
		cmocka_unit_test(attention_with_equal_scores_is_the_mean),
		cmocka_unit_test(what_was_encoded_is_decoded),
		cmocka_unit_test(damaged_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
