#include "internal.h"

#include "perfgate/monitor/page.h"

#include <assert.h>

const struct web_route api_routes[] = {
	{"GET", "/", .handler = show_root, .lane = WEB_QUICK},
	{"GET", "/info", .handler = show_info, .lane = WEB_QUICK},
	{"GET", "/health/", .handler = health_summary, .lane = WEB_ASIDE},
	{"GET", "/health/detailed", .handler = health_detailed, .lane = WEB_ASIDE},
	{"GET", "/health/models", .handler = health_models, .lane = WEB_QUICK},
	{"GET", "/health/readiness", .handler = health_readiness, .lane = WEB_QUICK},
	{"GET", "/health/liveness", .handler = health_liveness, .lane = WEB_QUICK},
	{"GET", "/metrics", .handler = show_metrics, .lane = WEB_ASIDE},
	{"GET", "/openapi.json", .handler = show_openapi, .lane = WEB_QUICK},
	{"GET", "/dashboard", .handler = page_document, .lane = WEB_QUICK},
	{"GET", "/dashboard.css", .handler = page_style, .lane = WEB_QUICK},
	{"GET", "/dashboard.js", .handler = page_script, .lane = WEB_QUICK},
	{"GET", "/dashboard.svg", .handler = page_icon, .lane = WEB_QUICK},
	{"GET", "/ws/dashboard", .handler = show_dashboard_socket, .lane = WEB_QUICK},
	{"POST", "/predict/single", .handler = predict_single, .batch = predict_singles},
	{"POST", "/predict/batch", .handler = predict_batch},
	{"POST", "/predict/spatial", .handler = predict_spatial},
	{"POST", "/predict/time-series", .handler = predict_series},
};
const size_t api_route_count = ARRAY_SIZE(api_routes);
static_assert(ARRAY_SIZE(api_routes) < METRICS_MAX_ENDPOINTS, "one endpoint is for no route");
