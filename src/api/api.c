#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"
#include "perfgate/base/strbuf.h"
#include "perfgate/base/text.h"
#include "perfgate/template/template.h"

#include <string.h>

/* More than any one request needs: twice the largest body, and its values. */
#define RESERVE_BYTES ((size_t)32 << 20)

static bool is_page(const char *path)
{
	return text_starts_with(path, "/dashboard") || text_starts_with(path, "/ws/");
}

/* Whoever watches the service must not be shut out by those who use it. */
static bool is_limited(const char *path)
{
	return !text_starts_with(path, "/health") && strcmp(path, "/metrics") != 0 &&
	       !is_page(path);
}

/* True when the answer is 429. */
static bool limit_rate(struct api *api, const struct web_request *request, struct web_reply *reply)
{
	unsigned char client[WEB_ADDRESS_SIZE];
	int64_t retry_ns;

	if (!api->rate || !is_limited(request->path))
		return false;
	web_client_address(request, client);
	if (rate_allows(api->rate, client, clock_now_ns(), &retry_ns))
		return false;
	web_error(request, reply, 429, "rate_limited",
		  "more requests than this server allows per client and second (--rate-limit)");
	web_reply_header(reply, "Retry-After", "%lld",
			 (long long)((retry_ns + NS_PER_S - 1) / NS_PER_S));
	return true;
}

/* What has to be asked before a handler runs; true when the answer is made. */
static bool refused(struct api *api, const struct web_request *request, struct web_reply *reply)
{
	if (limit_rate(api, request, reply))
		return true;
	if (!api->inject.count || !inject_draw_error(&api->inject, request->route, request->path))
		return false;
	web_error(request, reply, 500, "injected_error", "this error was asked for with --inject");
	return true;
}

static void hold(struct api *api, const struct web_request *request, struct web_reply *reply,
		 int64_t own_ns)
{
	if (api->inject.count)
		reply->hold_ns =
			inject_draw_delay_ns(&api->inject, request->route, request->path, own_ns);
}

/* Every request runs through here: the limit, injected faults, the handler, injected time. */
static void dispatch(const struct web_request *request, struct web_reply *reply, void *arg)
{
	const struct web_route *route = &api_routes[request->route];
	int64_t start_ns = clock_now_ns();

	/* A batch handler has been asked already. */
	if (!route->batch && refused(arg, request, reply))
		return;
	route->handler(request, reply, arg);
	hold(arg, request, reply, request->batch_ns + clock_now_ns() - start_ns);
}

static void dispatch_batch(struct web_call *calls, size_t count, void *arg)
{
	struct web_call open[WEB_BATCH_MAX];
	const struct web_route *route = &api_routes[calls[0].request->route];
	int64_t start_ns = clock_now_ns();
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (!refused(arg, calls[i].request, calls[i].reply))
			open[used++] = calls[i];
	if (used)
		route->batch(open, used, arg);
	for (size_t i = 0; i < used; i++)
		if (open[i].reply->status != WEB_LATER)
			hold(arg, open[i].request, open[i].reply, clock_now_ns() - start_ns);
}

static void observe(const struct web_request *request, int status, int64_t duration_ns, void *arg)
{
	struct api *api = arg;
	size_t endpoint = request->route < 0 ? api->endpoint_count - 1 : (size_t)request->route;

	metrics_request(&api->metrics, endpoint, status, duration_ns);
	if (!api->is_page[endpoint])
		durations_record(&api->durations, duration_ns);
	log_debug("%s %s %d %lld us %s", request->method, request->path, status,
		  (long long)(duration_ns / NS_PER_US), request->id);
}

static void name_endpoints(struct api *api)
{
	for (size_t i = 0; i < api_route_count; i++) {
		api->endpoints[i] =
			(struct metrics_endpoint){api_routes[i].method, api_routes[i].path};
		api->is_page[i] = is_page(api_routes[i].path);
	}
	api->endpoints[api_route_count] = (struct metrics_endpoint){"any", "other"};
	api->endpoint_count = api_route_count + 1;
}

static int add_rules(struct inject *inject, const char *const *rules, struct error *err)
{
	const char *paths[METRICS_MAX_ENDPOINTS] = {0};

	for (size_t i = 0; i < api_route_count; i++)
		paths[i] = api_routes[i].path;
	for (; rules && *rules; rules++)
		if (inject_add(inject, *rules, paths, err) < 0)
			return -1;
	return 0;
}

static void api_free(struct api *api)
{
	dashboard_free(api->dashboard);
	store_free(api->store);
	cache_free(api->cache);
	flights_free(api->flights);
	rate_free(api->rate);
	json_decref(api->environment);
	pthread_mutex_destroy(&api->vitals_lock);
	mem_set_reserve(0);
	free(api);
}

static int listen_now(struct api *api, const struct api_options *options, struct error *err)
{
	struct web_options web = {.bind = options->bind,
				  .port = options->port,
				  .threads = options->threads,
				  .routes = api->web_routes,
				  .route_count = api_route_count,
				  .observer = observe,
				  .arg = api};

	for (size_t i = 0; i < api_route_count; i++) {
		api->web_routes[i] = api_routes[i];
		api->web_routes[i].handler = dispatch;
		api->web_routes[i].batch = api_routes[i].batch ? dispatch_batch : NULL;
	}
	return web_start(&web, &api->server, err);
}

int api_check_options(const struct api_options *options, struct error *err)
{
	struct inject scratch = {0};

	if (web_check_address(options->bind, err) < 0)
		return -1;
	return add_rules(&scratch, options->inject, err);
}

int api_start(const struct api_options *options, struct api **out, struct error *err)
{
	struct api *api = xcalloc(1, sizeof *api);

	mem_set_reserve(RESERVE_BYTES);
	api->start_ns = clock_now_ns();
	api->database_private = options->database_private;
	api->redis_private = options->redis_private;
	api->store = store_new(options->database_url);
	api->cache = cache_new(options->redis_url);
	api->flights = flights_new();
	api->rate = options->rate_limit ? rate_new(options->rate_limit) : NULL;
	pthread_mutex_init(&api->vitals_lock, NULL);
	machinestat_read(&api->machine);
	name_endpoints(api);
	api->dashboard = dashboard_new(api);
	if (add_rules(&api->inject, options->inject, err) < 0 ||
	    listen_now(api, options, err) < 0) {
		api_free(api);
		return -1;
	}
	dashboard_run(api->dashboard);
	*out = api;
	return 0;
}

static int describe(struct api *api, struct error *err)
{
	json_t *postgresql = NULL, *environment;
	struct vitals vitals;

	if (store_describe(api->store, &postgresql, err) < 0)
		return -1;
	vitals_read(api, &vitals);
	environment = extjson_object();
	extjson_set(environment, "postgresql_version",
		    json_incref(json_object_get(postgresql, "version")));
	extjson_set(environment, "postgresql_settings",
		    json_incref(json_object_get(postgresql, "settings")));
	extjson_set(environment, "redis_version",
		    vitals.cache_version[0] ? extjson_string(vitals.cache_version) : NULL);
	extjson_set(environment, "private",
		    json_boolean(api->database_private && api->redis_private));
	extjson_set(environment, "postgresql_private", json_boolean(api->database_private));
	extjson_set(environment, "redis_private", json_boolean(api->redis_private));
	extjson_set(environment, "data_set", extjson_string(api->data->name));
	api->environment = environment;
	json_decref(postgresql);
	return 0;
}

int api_fill(const char *database_url, struct error *err)
{
	const struct store_options options = {.data_set = "quick", .fill = true, .private = true};
	struct store *store = store_new(database_url);
	int status = store_prepare(store, &options, err);

	if (status == 0)
		status = models_fit(store, err);
	store_free(store);
	return status;
}

int api_content_digest(char out[TEXT_SHA256_SIZE], struct error *err)
{
	static const char *const files[] = {"sql/schema.sql", "sql/fill.sql"};
	AUTO(strbuf) struct strbuf text = {0};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const struct embedded_file *sql = template_embedded(files[i]);

		if (!sql)
			return error_set(err, ERROR_INTERNAL, "%s is not embedded", files[i]);
		strbuf_append(&text, sql->data, sql->length);
	}
	strbuf_puts(&text, MODEL_VERSION);
	text_sha256(text.data, text.length, out);
	return 0;
}

int api_prepare(struct api *api, const char *data_set, bool fill, struct error *err)
{
	struct store_options options = {.data_set = data_set,
					.fill = fill,
					.private = api->database_private};

	if (store_prepare(api->store, &options, err) < 0 ||
	    models_load(api->store, api->cache, fill, &api->models, err) < 0)
		return -1;
	api->data = store_data_set(api->store);
	cache_name_models(api->cache, &api->models);
	if (describe(api, err) < 0)
		return -1;
	atomic_store(&api->ready, true);
	return 0;
}

int api_port(const struct api *api)
{
	return web_port(api->server);
}

void api_stop(struct api *api, int64_t grace_ns)
{
	if (!api)
		return;
	dashboard_stop(api->dashboard);
	web_stop(api->server, grace_ns);
	api_free(api);
}
