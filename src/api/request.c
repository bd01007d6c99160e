#include "perfgate/api/request.h"

#include "perfgate/api/calendar.h"
#include "perfgate/base/text.h"

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

int request_parse(const char *text, size_t length, struct body *out, struct problem *problem)
{
	struct error err = ERROR_INIT;

	if (body_read(out, text, length, &err) < 0)
		return err.kind == ERROR_INTERNAL
			       ? refuse(problem, 503, "out_of_memory", "%s", err.message)
			       : refuse(problem, 400, "invalid_json", "%s", err.message);
	if (out->values->kind != BODY_OBJECT)
		return refuse(problem, INVALID, "body: must be an object");
	return 0;
}

/* Whose member something is: an object within the body, or an element of a list of such. */
struct where {
	const char *name; /* NULL = the body itself */
	int index; /* -1 = no list */
};
static const struct where in_body = {NULL, -1};

/* "locations[3].latitude: must be a number" */
static int refuse_member(struct problem *problem, const struct where *where, const char *key,
			 const char *format, ...) PG_PRINTF(4, 5);
static int refuse_member(struct problem *problem, const struct where *where, const char *key,
			 const char *format, ...)
{
	char index[16] = "", why[128];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	if (where->index >= 0)
		snprintf(index, sizeof index, "[%d]", where->index);
	return refuse(problem, INVALID, "%s%s%s%s: %s", where->name ? where->name : "", index,
		      where->name && key[0] ? "." : "", key, why);
}

static int take_number(const struct body_value *object, const struct where *where, const char *key,
		       double low, double high, double *out, struct problem *problem)
{
	const struct body_value *value = body_member(object, key);

	if (!value)
		return refuse_member(problem, where, key, "is missing");
	if (value->kind != BODY_NUMBER)
		return refuse_member(problem, where, key, "must be a number");
	*out = value->number;
	if (!(*out >= low && *out <= high))
		return refuse_member(problem, where, key, "must be between %g and %g", low, high);
	return 0;
}

static int take_day(const struct body_value *object, const char *key, int32_t *out,
		    struct problem *problem)
{
	const struct body_value *value = body_member(object, key);

	if (!value)
		return refuse(problem, INVALID, "%s: is missing", key);
	if (value->kind != BODY_TEXT || calendar_parse(value->text, out) < 0)
		return refuse(problem, INVALID,
			      "%s: must be a date that exists, as in \"2023-05-01\"", key);
	return 0;
}

static int take_model(const struct body_value *body, enum model_type *out, struct problem *problem)
{
	const struct body_value *value = body_member(body, "model_type");

	*out = MODEL_ENSEMBLE;
	if (!value)
		return 0;
	for (int i = 0; i < MODEL_TYPE_COUNT; i++)
		if (value->kind == BODY_TEXT && strcmp(value->text, model_names[i]) == 0) {
			*out = (enum model_type)i;
			return 0;
		}
	return refuse(problem, INVALID, "model_type: must be lstm, transformer or ensemble");
}

static int take_horizon(const struct body_value *body, int *out, struct problem *problem)
{
	const struct body_value *value = body_member(body, "prediction_horizon");
	double days = !value ? 7 : value->kind == BODY_NUMBER ? value->number : 0;

	/* 7.0 is 7, as in JSON Schema. */
	*out = days == floor(days) && fabs(days) <= 30 ? model_horizon_index((int)days) : -1;
	if (*out < 0)
		return refuse(problem, INVALID, "prediction_horizon: must be 1, 3, 7, 14 or 30");
	return 0;
}

static int take_options(const struct body_value *body, struct common *out, struct problem *problem)
{
	const struct body_value *factors = body_member(body, "include_factors");

	if (factors && factors->kind != BODY_TRUE && factors->kind != BODY_FALSE)
		return refuse(problem, INVALID, "include_factors: must be true or false");
	out->include_factors = factors && factors->kind == BODY_TRUE;
	if (take_model(body, &out->model, problem) < 0)
		return -1;
	return take_horizon(body, &out->horizon, problem);
}

static int take_common(const struct body_value *body, struct common *out, struct problem *problem)
{
	if (take_day(body, "target_date", &out->target_day, problem) < 0)
		return -1;
	return take_options(body, out, problem);
}

static int take_location(const struct body_value *value, const struct where *where,
			 struct location *out, struct problem *problem)
{
	const struct body_value *name;

	if (!value)
		return refuse_member(problem, where, "", "is missing");
	if (value->kind != BODY_OBJECT)
		return refuse_member(problem, where, "", "must be an object");
	if (take_number(value, where, "latitude", -90, 90, &out->latitude, problem) < 0 ||
	    take_number(value, where, "longitude", -180, 180, &out->longitude, problem) < 0)
		return -1;
	name = body_member(value, "name");
	if (name && name->kind == BODY_NULL)
		name = NULL;
	if (name && (name->kind != BODY_TEXT || name->count > NAME_MAX_BYTES))
		return refuse_member(problem, where, "name", "must be text of at most %d bytes",
				     NAME_MAX_BYTES);
	out->name = name ? name->text : NULL;
	out->cell = grid_cell(out->latitude, out->longitude);
	return 0;
}

static int take_the_location(const struct body_value *body, struct location *out,
			     struct problem *problem)
{
	static const struct where where = {"location", -1};

	return take_location(body_member(body, "location"), &where, out, problem);
}

int request_single(const struct body_value *body, struct single_request *out,
		   struct problem *problem)
{
	if (take_the_location(body, &out->location, problem) < 0)
		return -1;
	return take_common(body, &out->common, problem);
}

int request_batch(const struct body_value *body, struct batch_request *out, struct problem *problem)
{
	const struct body_value *list = body_member(body, "locations"), *item;

	if (!list || list->kind != BODY_LIST || list->count < 1 ||
	    list->count > REQUEST_MAX_LOCATIONS)
		return refuse(problem, INVALID, "locations: must be a list of 1 to %d locations",
			      REQUEST_MAX_LOCATIONS);
	item = list + 1;
	for (int i = 0; i < (int)list->count; i++, item = body_next(item)) {
		const struct where where = {"locations", i};

		if (take_location(item, &where, &out->locations[i], problem) < 0)
			return -1;
	}
	out->count = list->count;
	return take_common(body, &out->common, problem);
}

static int take_bounds(const struct body_value *body, struct spatial_request *out,
		       struct problem *problem)
{
	static const struct where where = {"bounds", -1};
	const struct body_value *bounds = body_member(body, "bounds");

	if (!bounds || bounds->kind != BODY_OBJECT)
		return refuse(problem, INVALID,
			      "bounds: must be an object with north, south, east and west");
	if (take_number(bounds, &where, "north", -90, 90, &out->north, problem) < 0 ||
	    take_number(bounds, &where, "south", -90, 90, &out->south, problem) < 0 ||
	    take_number(bounds, &where, "east", -180, 180, &out->east, problem) < 0 ||
	    take_number(bounds, &where, "west", -180, 180, &out->west, problem) < 0)
		return -1;
	if (out->north < out->south)
		return refuse(problem, INVALID, "bounds.north: must not be south of bounds.south");
	if (out->east < out->west)
		return refuse(problem, INVALID, "bounds.east: must not be west of bounds.west");
	return 0;
}

static int take_resolution(const struct body_value *body, struct spatial_request *out,
			   struct problem *problem)
{
	out->resolution = 0.1;
	if (!body_member(body, "resolution"))
		return 0;
	if (take_number(body, &in_body, "resolution", 0, 1, &out->resolution, problem) < 0)
		return -1;
	/* A resolution below 1e-6 would print as 0 in the key, and no region allows it. */
	if (out->resolution < 1e-6)
		return refuse(problem, INVALID, "resolution: must be above 0");
	return 0;
}

int request_spatial(const struct body_value *body, struct spatial_request *out,
		    struct problem *problem)
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

static int take_interval(const struct body_value *body, int *out, struct problem *problem)
{
	double days = 7;

	if (body_member(body, "interval_days") &&
	    (take_number(body, &in_body, "interval_days", 1, 30, &days, problem) < 0))
		return -1;
	if (days != floor(days))
		return refuse(problem, INVALID, "interval_days: must be a whole number");
	*out = (int)days;
	return 0;
}

int request_series(const struct body_value *body, struct series_request *out,
		   struct problem *problem)
{
	if (take_the_location(body, &out->location, problem) < 0 ||
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
