#include "internal.h"

#include "perfgate/template/template.h"

static json_t *route_list(void)
{
	json_t *list = extjson_array();

	for (size_t i = 0; i < api_route_count; i++) {
		AUTO_FREE char *name = xasprintf("%s %s", api_routes[i].method, api_routes[i].path);

		extjson_append(list, extjson_string(name));
	}
	return list;
}

static void send_json(struct web_reply *reply, json_t *value)
{
	extjson_dump_pretty(value, &reply->body);
	json_decref(value);
}

void show_root(const struct web_request *request, struct web_reply *reply, void *arg)
{
	json_t *root = extjson_object();

	(void)request;
	(void)arg;
	extjson_set(root, "name", extjson_string("perfgate reference prediction API"));
	extjson_set(root, "version", extjson_string(PERFGATE_VERSION));
	extjson_set(root, "routes", route_list());
	send_json(reply, root);
}

static json_t *name_list(const char *const *names)
{
	json_t *list = extjson_array();

	for (; *names; names++)
		extjson_append(list, extjson_string(*names));
	return list;
}

static json_t *models(void)
{
	json_t *models = extjson_object();

	extjson_set(models, "types", name_list(model_names));
	extjson_set(models, "version", extjson_string(MODEL_VERSION));
	extjson_set(models, "note",
		    extjson_string("lstm and transformer are small networks with fixed weights "
				   "whose read-out is fitted to a mechanistic risk (Mordecai et "
				   "al. 2013, Ecology Letters 16:22-30); ensemble is the mean of "
				   "the three."));
	return models;
}

static json_t *limits(void)
{
	json_t *limits = extjson_object();

	extjson_set(limits, "batch_locations", extjson_integer(REQUEST_MAX_LOCATIONS));
	extjson_set(limits, "grid_points", extjson_integer(REQUEST_MAX_GRID_POINTS));
	extjson_set(limits, "series_days", extjson_integer(REQUEST_MAX_SERIES_DAYS));
	extjson_set(limits, "body_bytes", extjson_integer((int64_t)WEB_BODY_LIMIT_BYTES));
	return limits;
}

static json_t *degrees(int index)
{
	return extjson_real(index * GRID_STEP);
}

static json_t *coverage(const struct data_set *data)
{
	json_t *coverage = extjson_object();

	extjson_set(coverage, "data_set", extjson_string(data->name));
	extjson_set(coverage, "south", degrees(data->coverage.south_west.latitude));
	extjson_set(coverage, "north", degrees(data->coverage.north_east.latitude));
	extjson_set(coverage, "west", degrees(data->coverage.south_west.longitude));
	extjson_set(coverage, "east", degrees(data->coverage.north_east.longitude));
	extjson_set(coverage, "cell_degrees", extjson_real(GRID_STEP));
	extjson_set(coverage, "first_year", extjson_integer(data->calendar.first_year));
	extjson_set(coverage, "last_year", extjson_integer(data->calendar.last_year));
	return coverage;
}

void show_info(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct api *api = arg;
	json_t *info = extjson_object();

	(void)request;
	extjson_set(info, "name", extjson_string("perfgate reference prediction API"));
	extjson_set(info, "version", extjson_string(PERFGATE_VERSION));
	extjson_set(info, "purpose",
		    extjson_string("A benchmark workload on invented climate data; not medical "
				   "advice."));
	extjson_set(info, "models", models());
	extjson_set(info, "limits", limits());
	if (atomic_load(&api->ready)) {
		extjson_set(info, "coverage", coverage(api->data));
		extjson_set(info, "environment", json_deep_copy(api->environment));
	}
	send_json(reply, info);
}

void show_openapi(const struct web_request *request, struct web_reply *reply, void *arg)
{
	AUTO_JSON json_t *view = extjson_object();
	struct error err = ERROR_INIT;

	(void)arg;
	extjson_set(view, "version", extjson_string(PERFGATE_VERSION));
	if (template_render("api/openapi.json", TEMPLATE_NONE, view, &reply->body, &err) == 0)
		return;
	web_error(request, reply, 500, "no_description", "%s", err.message);
	error_clear(&err);
}

void show_metrics(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct api *api = arg;
	struct metrics_gauges gauges = {.active_users = web_connections(api->server)};
	struct vitals vitals;

	(void)request;
	vitals_read(api, &vitals);
	gauges.cpu_percent = vitals.cpu_percent;
	gauges.memory_percent = vitals.memory_percent;
	gauges.cache_memory_bytes = vitals.cache_memory_bytes;
	store_read_stats(api->store, &gauges.pool);
	cache_read_stats(api->cache, &gauges.cache);
	reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_write(&api->metrics, api->endpoints, api->endpoint_count, &gauges, &reply->body);
}
