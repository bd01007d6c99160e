/*
 * Two small networks over the 30 days of a window: an LSTM and a transformer encoder.
 *
 * Both are real forward passes in single precision with weights that are drawn once from a
 * fixed seed and never trained, as in echo state networks and random features (Jaeger
 * 2001, GMD report 148; Rahimi & Recht 2008, NIPS 20). Only the linear read-out is
 * fitted (ridge.h), so that fitting takes a tenth of a second and has one solution.
 *
 *   lstm         Hochreiter & Schmidhuber 1997, Neural Computation 9:1735-1780, with forget
 *                gates (Gers et al. 2000, ibid. 12:2451-2471): 4 inputs, 32 cells. The
 *                read-out sees the last hidden state and the last cell state.
 *   transformer  Vaswani et al. 2017, "Attention is all you need": 30 tokens of 16, sine
 *                positions, two heads, residual; the hidden layer (64, ReLU) of its
 *                feed-forward part, averaged over the tokens, is what the read-out sees.
 *
 * A network is plain numbers: struct network may be copied as bytes. Encoded it is
 * NETWORK_MAGIC, the kind, and all members as little-endian IEEE 754 single precision.
 */
#ifndef PERFGATE_API_NETWORK_H
#define PERFGATE_API_NETWORK_H

#include "perfgate/api/climate.h"
#include "perfgate/base/strbuf.h"

#include <stdint.h>

#define NETWORK_MAGIC "PGNET002"
#define NETWORK_INPUTS 4
#define NETWORK_FEATURES 65 /* the first is 1 */
#define LSTM_CELLS 32
#define TRANSFORMER_WIDTH 16
#define TRANSFORMER_HEADS 2
#define TRANSFORMER_HIDDEN 64

enum network_kind { NETWORK_LSTM, NETWORK_TRANSFORMER, NETWORK_KIND_COUNT };

struct lstm {
	/* Columns: input, forget, output gates, candidate; 32 each. */
	float input[NETWORK_INPUTS][4 * LSTM_CELLS];
	float recurrent[LSTM_CELLS][4 * LSTM_CELLS];
	float bias[4 * LSTM_CELLS];
};

struct transformer {
	float embedding[NETWORK_INPUTS][TRANSFORMER_WIDTH];
	float position[CLIMATE_DAYS][TRANSFORMER_WIDTH];
	float query[TRANSFORMER_WIDTH][TRANSFORMER_WIDTH];
	float key[TRANSFORMER_WIDTH][TRANSFORMER_WIDTH];
	float value[TRANSFORMER_WIDTH][TRANSFORMER_WIDTH];
	float hidden[TRANSFORMER_WIDTH][TRANSFORMER_HIDDEN];
	float bias[TRANSFORMER_HIDDEN];
};

struct network {
	enum network_kind kind;
	union {
		struct lstm lstm;
		struct transformer transformer;
	};
	float readout[NETWORK_FEATURES];
	float rmse; /* on cells that were not fitted; R2 likewise */
	float r2;
};

/* The fixed weights; the read-out is 0. */
void network_init(struct network *network, enum network_kind kind);
/* What the read-out sees; allocates nothing. */
void network_features(const struct network *network, const struct window *window,
		      float features[NETWORK_FEATURES]);
/* Risk, 0..1. */
double network_risk(const struct network *network, const struct window *window);

void network_encode(const struct network *network, struct strbuf *out);
/* -1 for anything but what network_encode() writes for `kind`, with finite numbers. */
PG_MUST_CHECK int network_decode(const void *bytes, size_t length, enum network_kind kind,
				 struct network *out);

#endif
