#include "perfgate/api/model.h"

#include "perfgate/api/mechanistic.h"
#include "perfgate/base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define UNCERTAINTY_FLOOR 0.02
#define DIGEST_DIGITS 8

const char *const model_names[MODEL_TYPE_COUNT + 1] = {
	[MODEL_LSTM] = "lstm",
	[MODEL_TRANSFORMER] = "transformer",
	[MODEL_ENSEMBLE] = "ensemble",
};

const int model_horizons[MODEL_HORIZON_COUNT] = {1, 3, 7, 14, 30};

static const enum network_kind network_of[] = {
	[MODEL_LSTM] = NETWORK_LSTM,
	[MODEL_TRANSFORMER] = NETWORK_TRANSFORMER,
};

void model_version(const void *bytes, size_t length, char out[MODEL_VERSION_SIZE])
{
	char digest[TEXT_SHA256_SIZE];

	text_sha256(bytes, length, digest);
	snprintf(out, MODEL_VERSION_SIZE, "%s-%.*s", MODEL_VERSION, DIGEST_DIGITS, digest);
}

void model_name_all(struct model_set *models)
{
	char both[2 * MODEL_VERSION_SIZE];
	int length = snprintf(both, sizeof both, "%s %s", models->versions[MODEL_LSTM],
			      models->versions[MODEL_TRANSFORMER]);

	model_version(both, (size_t)length, models->versions[MODEL_ENSEMBLE]);
	for (int i = 0; i < MODEL_TYPE_COUNT; i++) {
		char version[MODEL_VERSION_SIZE];

		/* Of its own: a compiler cannot see that a version ends before the labels begin. */
		memcpy(version, models->versions[i], sizeof version);
		snprintf(models->labels[i], MODEL_LABEL_SIZE, "%s.%s", model_names[i], version);
	}
}

static int scaled(double value)
{
	if (!(value > 0))
		return 0;
	return (int)lround((value < 1 ? value : 1) * MODEL_SCALE);
}

struct estimate {
	double risk, uncertainty;
};

static struct estimate ask_network(const struct network *network, const struct window *window)
{
	return (struct estimate){network_risk(network, window), (double)network->rmse};
}

static struct estimate ask_all(const struct model_set *models, const struct window *window,
			       double mechanistic)
{
	double a = network_risk(&models->networks[NETWORK_LSTM], window);
	double b = network_risk(&models->networks[NETWORK_TRANSFORMER], window);
	double mean = (a + b + mechanistic) / 3;
	double squares = (a - mean) * (a - mean) + (b - mean) * (b - mean) +
			 (mechanistic - mean) * (mechanistic - mean);

	return (struct estimate){mean, sqrt(squares / 3)};
}

void model_assess(const struct model_set *models, enum model_type type, const struct window *window,
		  struct assessment *out)
{
	struct climate climate;
	struct suitability suitability;
	struct estimate estimate;

	mechanistic_climate(window, &climate);
	mechanistic_assess(&climate, &suitability);
	estimate = type == MODEL_ENSEMBLE
			   ? ask_all(models, window, suitability.risk)
			   : ask_network(&models->networks[network_of[type]], window);
	out->risk = scaled(estimate.risk);
	out->temperature = scaled(suitability.temperature);
	out->rain = scaled(suitability.rain);
	out->humidity = scaled(suitability.humidity);
	out->vegetation = scaled(suitability.vegetation);
	for (int i = 0; i < MODEL_HORIZON_COUNT; i++)
		out->uncertainty[i] = scaled(fmax(estimate.uncertainty, UNCERTAINTY_FLOOR) *
					     sqrt(1 + model_horizons[i] / 30.0));
}

int model_horizon_index(int days)
{
	for (int i = 0; i < MODEL_HORIZON_COUNT; i++)
		if (model_horizons[i] == days)
			return i;
	return -1;
}

const char *model_risk_level(int risk)
{
	if (risk < MODEL_SCALE / 4)
		return "low";
	if (risk < MODEL_SCALE / 2)
		return "medium";
	if (risk < MODEL_SCALE / 4 * 3)
		return "high";
	return "very_high";
}
