#include "perfgate/api/network.h"

#include "perfgate/base/rng.h"

#include <assert.h>
#include <endian.h>
#include <math.h>
#include <string.h>

#define SEED UINT64_C(0x6d616c61726961) /* "malaria" */

/*
 * How the weights are spread, found by trying on the quick data set. The forget gate is
 * open by 3: a cell forgets half of what it knows in two weeks.
 */
#define LSTM_INPUT_SPREAD 0.8
#define LSTM_RECURRENT_SPREAD 0.15
#define LSTM_BIAS_SPREAD 1.0
#define LSTM_FORGET_BIAS 3.0
#define ATTENTION_SPREAD 0.4
#define EMBEDDING_SPREAD 1.0
#define HIDDEN_SPREAD 0.6
#define HIDDEN_BIAS_SPREAD 1.5

static void draw(struct rng *rng, double spread, float *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = (float)(spread * (2 * rng_double(rng) - 1));
}

static void init_lstm(struct lstm *lstm, struct rng *rng)
{
	draw(rng, LSTM_INPUT_SPREAD, lstm->input[0], sizeof lstm->input / sizeof(float));
	draw(rng, LSTM_RECURRENT_SPREAD, lstm->recurrent[0],
	     sizeof lstm->recurrent / sizeof(float));
	draw(rng, LSTM_BIAS_SPREAD, lstm->bias, ARRAY_SIZE(lstm->bias));
	for (int i = LSTM_CELLS; i < 2 * LSTM_CELLS; i++)
		lstm->bias[i] += (float)LSTM_FORGET_BIAS;
}

static void init_positions(struct transformer *net)
{
	for (int day = 0; day < CLIMATE_DAYS; day++)
		for (int i = 0; i < TRANSFORMER_WIDTH; i += 2) {
			double angle = day / pow(10000, (double)i / TRANSFORMER_WIDTH);

			net->position[day][i] = (float)(0.1 * sin(angle));
			net->position[day][i + 1] = (float)(0.1 * cos(angle));
		}
}

static void init_transformer(struct transformer *net, struct rng *rng)
{
	init_positions(net);
	draw(rng, EMBEDDING_SPREAD, net->embedding[0], sizeof net->embedding / sizeof(float));
	draw(rng, ATTENTION_SPREAD, net->query[0], sizeof net->query / sizeof(float));
	draw(rng, ATTENTION_SPREAD, net->key[0], sizeof net->key / sizeof(float));
	draw(rng, ATTENTION_SPREAD, net->value[0], sizeof net->value / sizeof(float));
	draw(rng, HIDDEN_SPREAD, net->hidden[0], sizeof net->hidden / sizeof(float));
	draw(rng, HIDDEN_BIAS_SPREAD, net->bias, ARRAY_SIZE(net->bias));
}

void network_init(struct network *network, enum network_kind kind)
{
	struct rng rng;

	memset(network, 0, sizeof *network);
	network->kind = kind;
	rng_seed(&rng, SEED, (uint64_t)kind);
	if (kind == NETWORK_LSTM)
		init_lstm(&network->lstm, &rng);
	else
		init_transformer(&network->transformer, &rng);
}

/* Centred and scaled by what matters to transmission, not by the data. */
static void scale_inputs(const struct window *window, float inputs[][NETWORK_INPUTS])
{
	float vegetation = (window->ndvi - 0.4f) / 0.15f;

	for (int day = 0; day < CLIMATE_DAYS; day++) {
		inputs[day][0] = (window->temperature_c[day] - 22) / 4;
		inputs[day][1] = (window->rain_mm[day] - 3) / 4;
		inputs[day][2] = (window->humidity_percent[day] - 62) / 12;
		inputs[day][3] = vegetation;
	}
}

/*
 * tanh as a quotient of polynomials (continued fraction of Lambert, seven terms), off by less than
 * 1e-4. The clamp is written with absolute values because a comparison keeps gcc from using
 * vector instructions.
 */
static inline float squash(float x)
{
	float y = 0.5f * (fabsf(x + 4.97f) - fabsf(x - 4.97f));
	float s = y * y;

	return y * (135135 + s * (17325 + s * (378 + s))) /
	       (135135 + s * (62370 + s * (3150 + s * 28)));
}

static inline float logistic(float x)
{
	return 0.5f + 0.5f * squash(0.5f * x);
}

/* out[0..n) += scale * row[0..n); `n` is a constant wherever this is used. */
static inline void add_scaled(float *restrict out, const float *restrict row, float scale, int n)
{
	for (int i = 0; i < n; i++)
		out[i] += scale * row[i];
}

static void lstm_step(const struct lstm *lstm, const float inputs[NETWORK_INPUTS],
		      float hidden[restrict LSTM_CELLS], float cell[restrict LSTM_CELLS])
{
	float z[4 * LSTM_CELLS];

	memcpy(z, lstm->bias, sizeof z);
	for (int i = 0; i < NETWORK_INPUTS; i++)
		add_scaled(z, lstm->input[i], inputs[i], 4 * LSTM_CELLS);
	for (int i = 0; i < LSTM_CELLS; i++)
		add_scaled(z, lstm->recurrent[i], hidden[i], 4 * LSTM_CELLS);
	for (int i = 0; i < 3 * LSTM_CELLS; i++)
		z[i] = logistic(z[i]);
	for (int i = 0; i < LSTM_CELLS; i++)
		cell[i] = z[LSTM_CELLS + i] * cell[i] + z[i] * squash(z[3 * LSTM_CELLS + i]);
	for (int i = 0; i < LSTM_CELLS; i++)
		hidden[i] = z[2 * LSTM_CELLS + i] * squash(cell[i]);
}

static void lstm_features(const struct lstm *lstm, float inputs[][NETWORK_INPUTS], float *out)
{
	float hidden[LSTM_CELLS] = {0}, cell[LSTM_CELLS] = {0};

	for (int day = 0; day < CLIMATE_DAYS; day++)
		lstm_step(lstm, inputs[day], hidden, cell);
	memcpy(out, hidden, sizeof hidden);
	for (int i = 0; i < LSTM_CELLS; i++)
		out[LSTM_CELLS + i] = squash(0.3f * cell[i]);
}

/* A matrix with one row per dimension and one column per day, some unused. */
enum { DAYS = 32, HEAD = TRANSFORMER_WIDTH / TRANSFORMER_HEADS };
static_assert(DAYS >= CLIMATE_DAYS, "all days fit");

static void project(float in[TRANSFORMER_WIDTH][DAYS],
		    const float weights[TRANSFORMER_WIDTH][TRANSFORMER_WIDTH],
		    float out[TRANSFORMER_WIDTH][DAYS])
{
	memset(out, 0, TRANSFORMER_WIDTH * sizeof *out);
	for (int i = 0; i < TRANSFORMER_WIDTH; i++)
		for (int from = 0; from < TRANSFORMER_WIDTH; from++)
			add_scaled(out[i], in[from], weights[from][i], DAYS);
}

/* exp(x) for -2 <= x <= 2, off by at most 7 %: (1 + x/32)^32. A softmax needs no more. */
static inline float small_exp(float x)
{
	float power = 1 + x / 32;

	power *= power;
	power *= power;
	power *= power;
	power *= power;
	return power * power;
}

/* One head: each day takes in the values of all days, by how well their keys match its query. */
static void attend(float queries[HEAD][DAYS], float keys[HEAD][DAYS], float values[HEAD][DAYS],
		   float tokens[HEAD][DAYS])
{
	float sums[HEAD][DAYS] = {0}, totals[DAYS] = {0};

	for (int day = 0; day < CLIMATE_DAYS; day++) {
		float weights[DAYS] = {0};

		for (int i = 0; i < HEAD; i++)
			add_scaled(weights, queries[i], keys[i][day], DAYS);
		for (int i = 0; i < DAYS; i++) {
			weights[i] = small_exp(2 * squash(weights[i] / 8));
			totals[i] += weights[i];
		}
		for (int i = 0; i < HEAD; i++)
			add_scaled(sums[i], weights, values[i][day], DAYS);
	}
	for (int i = 0; i < HEAD; i++)
		for (int day = 0; day < DAYS; day++)
			tokens[i][day] += sums[i][day] / totals[day];
}

static void embed(const struct transformer *net, float inputs[][NETWORK_INPUTS],
		  float tokens[TRANSFORMER_WIDTH][DAYS])
{
	memset(tokens, 0, TRANSFORMER_WIDTH * sizeof *tokens);
	for (int day = 0; day < CLIMATE_DAYS; day++)
		for (int i = 0; i < TRANSFORMER_WIDTH; i++) {
			tokens[i][day] = net->position[day][i];
			for (int from = 0; from < NETWORK_INPUTS; from++)
				tokens[i][day] += net->embedding[from][i] * inputs[day][from];
		}
}

static void transformer_features(const struct transformer *net, float inputs[][NETWORK_INPUTS],
				 float *out)
{
	float tokens[TRANSFORMER_WIDTH][DAYS], queries[TRANSFORMER_WIDTH][DAYS];
	float keys[TRANSFORMER_WIDTH][DAYS], values[TRANSFORMER_WIDTH][DAYS];

	embed(net, inputs, tokens);
	project(tokens, net->query, queries);
	project(tokens, net->key, keys);
	project(tokens, net->value, values);
	for (int head = 0; head < TRANSFORMER_WIDTH; head += HEAD)
		attend(queries + head, keys + head, values + head, tokens + head);
	for (int i = 0; i < TRANSFORMER_HIDDEN; i++) {
		float hidden[DAYS] = {0}, sum = 0;

		for (int from = 0; from < TRANSFORMER_WIDTH; from++)
			add_scaled(hidden, tokens[from], net->hidden[from][i], DAYS);
		for (int day = 0; day < CLIMATE_DAYS; day++) {
			float x = hidden[day] + net->bias[i];

			sum += x + fabsf(x); /* twice max(x, 0) */
		}
		out[i] = sum / (2 * CLIMATE_DAYS);
	}
}

void network_features(const struct network *network, const struct window *window,
		      float features[NETWORK_FEATURES])
{
	float inputs[CLIMATE_DAYS][NETWORK_INPUTS];

	scale_inputs(window, inputs);
	features[0] = 1;
	if (network->kind == NETWORK_LSTM)
		lstm_features(&network->lstm, inputs, features + 1);
	else
		transformer_features(&network->transformer, inputs, features + 1);
}

double network_risk(const struct network *network, const struct window *window)
{
	float features[NETWORK_FEATURES];
	double sum = 0;

	network_features(network, window, features);
	for (int i = 0; i < NETWORK_FEATURES; i++)
		sum += (double)features[i] * (double)network->readout[i];
	return !(sum > 0) ? 0 : sum < 1 ? sum : 1;
}

/* What is encoded, in this order: weights, read-out, rmse, R2. */
static float *weights_of(struct network *network, size_t *count)
{
	if (network->kind == NETWORK_LSTM) {
		*count = sizeof network->lstm / sizeof(float);
		return network->lstm.input[0];
	}
	*count = sizeof network->transformer / sizeof(float);
	return network->transformer.embedding[0];
}

static void put_numbers(struct strbuf *out, const float *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t bits;

		memcpy(&bits, &numbers[i], sizeof bits);
		bits = htole32(bits);
		strbuf_append(out, &bits, sizeof bits);
	}
}

/* -1 when a number is not finite. */
static int take_numbers(const char **at, float *out, size_t count)
{
	for (size_t i = 0; i < count; i++, *at += sizeof *out) {
		uint32_t bits;

		memcpy(&bits, *at, sizeof bits);
		bits = le32toh(bits);
		memcpy(&out[i], &bits, sizeof bits);
		if (!isfinite(out[i]))
			return -1;
	}
	return 0;
}

void network_encode(const struct network *network, struct strbuf *out)
{
	struct network copy = *network;
	size_t count;
	const float *weights = weights_of(&copy, &count);

	strbuf_puts(out, NETWORK_MAGIC);
	strbuf_putc(out, (char)('0' + network->kind));
	put_numbers(out, weights, count);
	put_numbers(out, network->readout, NETWORK_FEATURES);
	put_numbers(out, &network->rmse, 1);
	put_numbers(out, &network->r2, 1);
}

int network_decode(const void *bytes, size_t length, enum network_kind kind, struct network *out)
{
	const char *at = bytes;
	struct network network = {.kind = kind};
	size_t count, magic = strlen(NETWORK_MAGIC);
	float *weights = weights_of(&network, &count);

	if (length != magic + 1 + (count + NETWORK_FEATURES + 2) * sizeof(float) ||
	    memcmp(at, NETWORK_MAGIC, magic) != 0 || at[magic] != (char)('0' + kind))
		return -1;
	at += magic + 1;
	if (take_numbers(&at, weights, count) < 0 ||
	    take_numbers(&at, network.readout, NETWORK_FEATURES) < 0 ||
	    take_numbers(&at, &network.rmse, 1) < 0 || take_numbers(&at, &network.r2, 1) < 0)
		return -1;
	*out = network;
	return 0;
}
