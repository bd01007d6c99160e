/* Shared by the files of api/ and by nobody else. */
#ifndef PERFGATE_SRC_API_INTERNAL_H
#define PERFGATE_SRC_API_INTERNAL_H

#include "perfgate/api/api.h"
#include "perfgate/api/cache.h"
#include "perfgate/api/flight.h"
#include "perfgate/api/inject.h"
#include "perfgate/api/metrics.h"
#include "perfgate/api/models.h"
#include "perfgate/api/rate.h"
#include "perfgate/api/request.h"
#include "perfgate/api/store.h"
#include "perfgate/base/procstat.h"
#include "perfgate/monitor/durations.h"
#include "perfgate/web/server.h"

#include <pthread.h>
#include <stdatomic.h>

/* What is slow to ask for and asked for often (health, metrics): at most once a second. */
struct vitals {
	bool database_ok, cache_ok;
	double cpu_percent, memory_percent, cache_memory_bytes;
	char cache_version[32];
};

struct api {
	struct web_server *server;
	struct store *store;
	struct cache *cache;
	struct flights *flights;
	struct inject inject;
	struct rate *rate; /* NULL = no limit */
	struct metrics metrics;
	struct web_route web_routes[METRICS_MAX_ENDPOINTS];
	struct metrics_endpoint endpoints[METRICS_MAX_ENDPOINTS];
	bool is_page[METRICS_MAX_ENDPOINTS]; /* of the dashboard, which does not watch itself */
	size_t endpoint_count;
	struct durations durations; /* of the other endpoints */
	struct dashboard *dashboard;
	bool database_private, redis_private;
	int64_t start_ns;
	atomic_bool ready;
	/* Set before `ready`, read-only afterwards. */
	json_t *environment;
	const struct data_set *data;
	struct model_set models;

	pthread_mutex_t vitals_lock;
	struct vitals vitals;
	struct machinestat machine;
	int64_t vitals_at_ns; /* start of the last refresh; 0 = never */
	bool vitals_busy;
};

/* The routes, in table order; `index` of web_request.route. */
extern const struct web_route api_routes[];
extern const size_t api_route_count;

/* vitals.c */
void vitals_read(struct api *api, struct vitals *out);
/* Redis' own figure, asked for now; NaN when it does not answer. */
double vitals_cache_memory_bytes(struct api *api);

/* dashboard.c */
struct dashboard *dashboard_new(struct api *api);
/* Begin to sample: the server is there. */
void dashboard_run(struct dashboard *dashboard);
/* While the server is there. */
void dashboard_stop(struct dashboard *dashboard);
void dashboard_free(struct dashboard *dashboard);

/* Who follows another thread's computation waits for it as long as for a database that hangs. */
#define FLIGHT_WAIT_NS (5 * NS_PER_S)

/* One prediction request while it is answered. */
struct visit {
	struct api *api;
	const struct web_request *request;
	struct web_reply *reply;
	size_t hits, misses, errors; /* look-ups */
	bool forgot; /* a hit, because it was asked for: --inject cache-miss */
	int64_t cache_ns, db_ns, model_ns;
};

struct visit visit_begin(const struct web_request *request, struct web_reply *reply, void *arg);
/* The body as JSON, to be released in any case; -1 when the answer is already made. */
PG_MUST_CHECK int visit_parse(struct visit *visit, struct body *out);
/* Headers, final newline, metrics. */
void visit_finish(struct visit *visit, enum model_type model);
/* Answer a problem; returns -1. */
int visit_problem(struct visit *visit, const struct problem *problem);
/* Answer 503 and log why; returns -1. */
int visit_unavailable(struct visit *visit, const struct error *err);
/* Answer 404 no_climate_data. */
int visit_no_data(struct visit *visit);
/* --inject cache-miss: forget a hit? `visit` is a struct visit. */
bool visit_forgets(void *visit);

/*
 * Fill points[i].found from the cache, else from the store and the model; -1 when the
 * answer is already made. All cells must be covered. `same_cell` says that
 * they differ by day only and ascend, else they differ by cell only; the model is that of all.
 */
PG_MUST_CHECK int visit_points(struct visit *visit, struct cache_point *points, size_t count,
			       bool same_cell);
/*
 * The same in steps: what the cache has of points of any kind, and the nanoseconds that took
 * (`visit` is one of those that ask); how that went for one visit; the rest of it.
 */
int64_t visit_look_up(struct visit *visit, struct cache_point *points, size_t count);
void visit_count(struct visit *visit, const struct cache_point *points, size_t count,
		 int64_t cache_ns);
PG_MUST_CHECK int visit_missing(struct visit *visit, struct cache_point *points, size_t count,
				bool same_cell);

/* JSON parts of the answers. */
void put_degrees(struct strbuf *out, double value);
void put_risk(struct strbuf *out, const struct assessment *item, int horizon);
/* "location": {…} */
void put_location(struct strbuf *out, const struct location *location);
/* The members of a single prediction, without braces. */
void put_prediction(struct strbuf *out, const struct location *location,
		    const struct assessment *item, const struct common *common);
/* One value in 1/10000. */
void put_scaled(struct strbuf *out, int value);
void put_day(struct strbuf *out, int32_t day);

web_batch_handler predict_singles;
web_handler predict_single, predict_batch, predict_spatial, predict_series;
web_handler show_root, show_info, show_metrics, show_openapi;
web_handler show_dashboard_socket;
web_handler health_summary, health_detailed, health_models, health_readiness, health_liveness;

#endif
