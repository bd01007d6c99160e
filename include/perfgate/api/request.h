/*
 * Request bodies of /predict/…: what they must hold.
 *
 * A problem is an HTTP status, a code, and a message that begins with the
 * member's name ("location.latitude: …"): 400 for what is not JSON and for ranges that
 * are too large to serve, 422 for a member that is missing or wrong. Unknown
 * members are ignored.
 */
#ifndef PERFGATE_API_REQUEST_H
#define PERFGATE_API_REQUEST_H

#include "perfgate/api/body.h"
#include "perfgate/api/grid.h"
#include "perfgate/api/model.h"

#include <stdint.h>

#define REQUEST_MAX_LOCATIONS 100
#define REQUEST_MAX_GRID_POINTS 10000
#define REQUEST_MAX_SERIES_DAYS 365

struct problem {
	int status;
	const char *code;
	char message[256];
};

struct location {
	double latitude, longitude;
	const char *name; /* NULL = none; borrowed from the body */
	struct cell cell;
};

/* What all four requests share. */
struct common {
	int32_t target_day;
	enum model_type model;
	int horizon; /* index into model_horizons */
	bool include_factors;
};

struct single_request {
	struct common common;
	struct location location;
};

struct batch_request {
	struct common common;
	struct location locations[REQUEST_MAX_LOCATIONS];
	size_t count;
};

struct spatial_request {
	struct common common;
	double north, south, east, west, resolution;
	size_t rows, columns; /* points by latitude and longitude */
};

struct series_request {
	struct common common; /* target_day = first day */
	struct location location;
	int32_t last_day;
	int interval_days;
};

/* The body as a JSON object; to be released in any case. */
PG_MUST_CHECK int request_parse(const char *text, size_t length, struct body *out,
				struct problem *problem);
PG_MUST_CHECK int request_single(const struct body_value *body, struct single_request *out,
				 struct problem *problem);
PG_MUST_CHECK int request_batch(const struct body_value *body, struct batch_request *out,
				struct problem *problem);
PG_MUST_CHECK int request_spatial(const struct body_value *body, struct spatial_request *out,
				  struct problem *problem);
PG_MUST_CHECK int request_series(const struct body_value *body, struct series_request *out,
				 struct problem *problem);

#endif
