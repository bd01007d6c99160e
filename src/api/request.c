#include "perfgate/api/request.h"

#include "perfgate/api/calendar.h"
#include "perfgate/base/text.h"
#include "perfgate/web/server.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 200
/* Rounding of (north - south) / resolution must not lose the last row. */
#define GRID_EPSILON 1e-9

static int refuse(struct problem *problem, int status, const char *code, const char *format, ...)
	PG_PRINTF(4, 5);
static int refuse(struct problem *problem, int status, const char *code, const char *format, ...)
{
	va_list args;

	problem->status = status;
	problem->code = code;
	va_start(args, format);
	vsnprintf(problem->message, sizeof problem->message, format, args);
	va_end(args);
	return -1;
}

#define INVALID 422, "validation_error"

int request_parse(const char *body, size_t length, json_t **out, struct problem *problem)
{
	struct error err = ERROR_INIT;
	json_t *value;

	if (extjson_parse(body, length, WEB_BODY_LIMIT_BYTES, ERROR_USAGE, &value, &err) < 0)
		return refuse(problem, 400, "invalid_json", "%s", err.message);
	if (!json_is_object(value)) {
		json_decref(value);
		return refuse(problem, INVALID, "body: must be an object");
	}
	*out = value;
	return 0;
}

static int take_number(const json_t *object, const char *where, const char *key, double low,
		       double high, double *out, struct problem *problem)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return refuse(problem, INVALID, "%s%s: is missing", where, key);
	if (!json_is_number(value))
		return refuse(problem, INVALID, "%s%s: must be a number", where, key);
	*out = json_number_value(value);
	if (!(*out >= low && *out <= high))
		return refuse(problem, INVALID, "%s%s: must be between %g and %g", where, key, low,
			      high);
	return 0;
}

static int take_day(const json_t *object, const char *key, int32_t *out, struct problem *problem)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return refuse(problem, INVALID, "%s: is missing", key);
	if (!json_is_string(value) || calendar_parse(json_string_value(value), out) < 0)
		return refuse(problem, INVALID,
			      "%s: must be a date that exists, as in \"2023-05-01\"", key);
	return 0;
}

static int take_model(const json_t *body, enum model_type *out, struct problem *problem)
{
	const json_t *value = json_object_get(body, "model_type");

	*out = MODEL_ENSEMBLE;
	if (!value)
		return 0;
	for (int i = 0; i < MODEL_TYPE_COUNT; i++)
		if (json_is_string(value) &&
		    strcmp(json_string_value(value), model_names[i]) == 0) {
			*out = (enum model_type)i;
			return 0;
		}
	return refuse(problem, INVALID, "model_type: must be lstm, transformer or ensemble");
}

static int take_horizon(const json_t *body, int *out, struct problem *problem)
{
	const json_t *value = json_object_get(body, "prediction_horizon");
	double days = value ? json_number_value(value) : 7;

	/* 7.0 is 7, as in JSON Schema; what is not a number reads as 0. */
	*out = days == floor(days) && fabs(days) <= 30 ? model_horizon_index((int)days) : -1;
	if (*out < 0)
		return refuse(problem, INVALID, "prediction_horizon: must be 1, 3, 7, 14 or 30");
	return 0;
}

static int take_options(const json_t *body, struct common *out, struct problem *problem)
{
	const json_t *factors = json_object_get(body, "include_factors");

	if (factors && !json_is_boolean(factors))
		return refuse(problem, INVALID, "include_factors: must be true or false");
	out->include_factors = json_is_true(factors);
	if (take_model(body, &out->model, problem) < 0)
		return -1;
	return take_horizon(body, &out->horizon, problem);
}

static int take_common(const json_t *body, struct common *out, struct problem *problem)
{
	if (take_day(body, "target_date", &out->target_day, problem) < 0)
		return -1;
	return take_options(body, out, problem);
}

static int take_location(const json_t *value, const char *where, struct location *out,
			 struct problem *problem)
{
	const json_t *name;
	char prefix[48];

	if (!value)
		return refuse(problem, INVALID, "%s: is missing", where);
	if (!json_is_object(value))
		return refuse(problem, INVALID, "%s: must be an object", where);
	snprintf(prefix, sizeof prefix, "%s.", where);
	if (take_number(value, prefix, "latitude", -90, 90, &out->latitude, problem) < 0 ||
	    take_number(value, prefix, "longitude", -180, 180, &out->longitude, problem) < 0)
		return -1;
	name = json_object_get(value, "name");
	if (name && !json_is_null(name) &&
	    (!json_is_string(name) || json_string_length(name) > NAME_MAX_BYTES))
		return refuse(problem, INVALID, "%s.name: must be text of at most %d bytes", where,
			      NAME_MAX_BYTES);
	out->name = json_string_value(name);
	out->cell = grid_cell(out->latitude, out->longitude);
	return 0;
}

int request_single(const json_t *body, struct single_request *out, struct problem *problem)
{
	if (take_location(json_object_get(body, "location"), "location", &out->location, problem) <
	    0)
		return -1;
	return take_common(body, &out->common, problem);
}

int request_batch(const json_t *body, struct batch_request *out, struct problem *problem)
{
	const json_t *list = json_object_get(body, "locations");
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count < 1 || count > REQUEST_MAX_LOCATIONS)
		return refuse(problem, INVALID, "locations: must be a list of 1 to %d locations",
			      REQUEST_MAX_LOCATIONS);
	for (size_t i = 0; i < count; i++) {
		char where[32];

		snprintf(where, sizeof where, "locations[%zu]", i);
		if (take_location(json_array_get(list, i), where, &out->locations[i], problem) < 0)
			return -1;
	}
	out->count = count;
	return take_common(body, &out->common, problem);
}

static int take_bounds(const json_t *body, struct spatial_request *out, struct problem *problem)
{
	const json_t *bounds = json_object_get(body, "bounds");

	if (!json_is_object(bounds))
		return refuse(problem, INVALID,
			      "bounds: must be an object with north, south, east and west");
	if (take_number(bounds, "bounds.", "north", -90, 90, &out->north, problem) < 0 ||
	    take_number(bounds, "bounds.", "south", -90, 90, &out->south, problem) < 0 ||
	    take_number(bounds, "bounds.", "east", -180, 180, &out->east, problem) < 0 ||
	    take_number(bounds, "bounds.", "west", -180, 180, &out->west, problem) < 0)
		return -1;
	if (out->north < out->south)
		return refuse(problem, INVALID, "bounds.north: must not be south of bounds.south");
	if (out->east < out->west)
		return refuse(problem, INVALID, "bounds.east: must not be west of bounds.west");
	return 0;
}

static int take_resolution(const json_t *body, struct spatial_request *out, struct problem *problem)
{
	out->resolution = 0.1;
	if (!json_object_get(body, "resolution"))
		return 0;
	if (take_number(body, "", "resolution", 0, 1, &out->resolution, problem) < 0)
		return -1;
	/* A resolution below 1e-6 would print as 0 in the key, and no region allows it. */
	if (out->resolution < 1e-6)
		return refuse(problem, INVALID, "resolution: must be above 0");
	return 0;
}

int request_spatial(const json_t *body, struct spatial_request *out, struct problem *problem)
{
	double rows, columns;

	if (take_bounds(body, out, problem) < 0 || take_resolution(body, out, problem) < 0)
		return -1;
	rows = floor((out->north - out->south) / out->resolution + GRID_EPSILON) + 1;
	columns = floor((out->east - out->west) / out->resolution + GRID_EPSILON) + 1;
	if (rows * columns > REQUEST_MAX_GRID_POINTS)
		return refuse(problem, 400, "grid_too_large",
			      "bounds: %.0f points at this resolution; at most %d", rows * columns,
			      REQUEST_MAX_GRID_POINTS);
	out->rows = (size_t)rows;
	out->columns = (size_t)columns;
	return take_common(body, &out->common, problem);
}

static int take_interval(const json_t *body, int *out, struct problem *problem)
{
	double days = 7;

	if (json_object_get(body, "interval_days") &&
	    (take_number(body, "", "interval_days", 1, 30, &days, problem) < 0))
		return -1;
	if (days != floor(days))
		return refuse(problem, INVALID, "interval_days: must be a whole number");
	*out = (int)days;
	return 0;
}

int request_series(const json_t *body, struct series_request *out, struct problem *problem)
{
	if (take_location(json_object_get(body, "location"), "location", &out->location, problem) <
		    0 ||
	    take_day(body, "start_date", &out->common.target_day, problem) < 0 ||
	    take_day(body, "end_date", &out->last_day, problem) < 0)
		return -1;
	if (out->last_day < out->common.target_day)
		return refuse(problem, INVALID, "end_date: must not be before start_date");
	if (out->last_day - out->common.target_day > REQUEST_MAX_SERIES_DAYS)
		return refuse(problem, 400, "range_too_long",
			      "end_date: at most %d days after start_date",
			      REQUEST_MAX_SERIES_DAYS);
	if (take_interval(body, &out->interval_days, problem) < 0)
		return -1;
	return take_options(body, &out->common, problem);
}
