/*
 * The model types that a request may name, and what they answer for a window.
 *
 *   lstm, transformer   the read-out of a network (network.h) that was fitted to the mechanistic
 *                       risk of some cells of the data set; uncertainty: its root mean square
 *                       error on other cells
 *   ensemble            the mean of the two and the mechanistic risk itself (mechanistic.h);
 *                       uncertainty: the standard deviation of the three
 *
 * The uncertainty is at least 0.02. The climate is known for the whole data year, so
 * the horizon does not move the risk; it widens the uncertainty by sqrt(1 + days/30).
 * The factors are the suitabilities of the mechanistic model, whatever the type.
 *
 * Results are integers in 1/10000, so that a cached answer equals a computed one.
 */
#ifndef PERFGATE_API_MODEL_H
#define PERFGATE_API_MODEL_H

#include "perfgate/api/network.h"
#include "perfgate/base/error.h"

#include <stdbool.h>

#define MODEL_SCALE 10000
#define MODEL_SCALE_DIGITS 4
/* Of how models are made and read; "VERSION-DIGEST" names one by its content too. */
#define MODEL_VERSION "2"
#define MODEL_VERSION_SIZE 16
#define MODEL_LABEL_SIZE 32

enum model_type { MODEL_LSTM, MODEL_TRANSFORMER, MODEL_ENSEMBLE, MODEL_TYPE_COUNT };
extern const char *const model_names[MODEL_TYPE_COUNT + 1]; /* ends with NULL */

#define MODEL_HORIZON_COUNT 5
extern const int model_horizons[MODEL_HORIZON_COUNT]; /* 1, 3, 7, 14, 30 days */

struct assessment {
	int risk;
	int temperature, rain, humidity, vegetation; /* suitabilities */
	int uncertainty[MODEL_HORIZON_COUNT];
};

/* Everything that is needed to answer; read-only once made. */
struct model_set {
	struct network networks[NETWORK_KIND_COUNT]; /* of MODEL_LSTM and MODEL_TRANSFORMER */
	char versions[MODEL_TYPE_COUNT][MODEL_VERSION_SIZE]; /* "2-3fa9c1d2" */
	char labels[MODEL_TYPE_COUNT][MODEL_LABEL_SIZE]; /* "lstm.2-3fa9c1d2", for cache keys */
};

/* The version of an encoded network: MODEL_VERSION and a digest of the bytes. */
void model_version(const void *bytes, size_t length, char out[MODEL_VERSION_SIZE]);
/* Versions and labels from the versions of the two networks. */
void model_name_all(struct model_set *models);

void model_assess(const struct model_set *models, enum model_type type, const struct window *window,
		  struct assessment *out);

/* Index into model_horizons, -1 for any other number of days. */
int model_horizon_index(int days);
/* "low" < 0.25, "medium" < 0.5, "high" < 0.75, else "very_high". */
const char *model_risk_level(int risk);

#endif
