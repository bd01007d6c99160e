#include "internal.h"

#include "perfgate/monitor/page.h"

#include <assert.h>

const struct web_route api_routes[] = {
	{"GET", "/", show_root},
	{"GET", "/info", show_info},
	{"GET", "/health/", health_summary},
	{"GET", "/health/detailed", health_detailed},
	{"GET", "/health/models", health_models},
	{"GET", "/health/readiness", health_readiness},
	{"GET", "/health/liveness", health_liveness},
	{"GET", "/metrics", show_metrics},
	{"GET", "/openapi.json", show_openapi},
	{"GET", "/dashboard", page_document},
	{"GET", "/dashboard.css", page_style},
	{"GET", "/dashboard.js", page_script},
	{"GET", "/dashboard.svg", page_icon},
	{"GET", "/ws/dashboard", show_dashboard_socket},
	{"POST", "/predict/single", predict_single},
	{"POST", "/predict/batch", predict_batch},
	{"POST", "/predict/spatial", predict_spatial},
	{"POST", "/predict/time-series", predict_series},
};
const size_t api_route_count = ARRAY_SIZE(api_routes);
static_assert(ARRAY_SIZE(api_routes) < METRICS_MAX_ENDPOINTS, "one endpoint is for no route");
