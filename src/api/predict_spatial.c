#include "internal.h"

#include "perfgate/base/clock.h"

#include <string.h>

/* Cells of the region that have data, as one document. */
struct region {
	struct cell_box box;
	struct assessment *items;
	size_t count;
};

static double row_latitude(const struct spatial_request *spatial, size_t row)
{
	return spatial->south + (double)row * spatial->resolution;
}

static double column_longitude(const struct spatial_request *spatial, size_t column)
{
	return spatial->west + (double)column * spatial->resolution;
}

static bool region_box(const struct spatial_request *spatial, const struct cell_box *coverage,
		       struct cell_box *out)
{
	struct cell_box all = {
		grid_cell(spatial->south, spatial->west),
		grid_cell(row_latitude(spatial, spatial->rows - 1),
			  column_longitude(spatial, spatial->columns - 1)),
	};

	return grid_clip(&all, coverage, out);
}

static int read_region(struct visit *visit, const struct common *common, struct region *region)
{
	AUTO_FREE struct cell *cells = xcalloc(region->count, sizeof *cells);
	AUTO_FREE struct window *climate = xcalloc(region->count, sizeof *climate);
	struct error err = ERROR_INIT;
	int64_t start_ns = clock_now_ns(), read_ns;

	for (size_t i = 0; i < region->count; i++)
		cells[i] = grid_box_cell(&region->box, i);
	if (store_read_cells(visit->api->store, cells, region->count, common->target_day, climate,
			     &err) < 0)
		return visit_unavailable(visit, &err);
	read_ns = clock_now_ns();
	visit->db_ns += read_ns - start_ns;
	metrics_observe(&visit->api->metrics.query, read_ns - start_ns);
	for (size_t i = 0; i < region->count; i++)
		model_assess(&visit->api->models, common->model, &climate[i], &region->items[i]);
	visit->model_ns += clock_now_ns() - read_ns;
	return 0;
}

static enum cache_status look_up(struct visit *visit, const char *key, struct region *region)
{
	int64_t start_ns = clock_now_ns();
	enum cache_status status =
		cache_read_document(visit->api->cache, key, region->items, region->count,
				    visit->api->inject.count ? visit_forgets : NULL, visit);

	visit->cache_ns += clock_now_ns() - start_ns;
	visit->hits = status == CACHE_HIT;
	visit->misses = status == CACHE_MISS;
	visit->errors = status == CACHE_ERROR;
	return status;
}

static int compute_region(struct visit *visit, const struct common *common, const char *key,
			  struct region *region)
{
	int64_t start_ns;

	if (read_region(visit, common, region) < 0)
		return -1;
	if (visit->misses) {
		start_ns = clock_now_ns();
		cache_write_document(visit->api->cache, CACHE_SPATIAL, key, region->items,
				     region->count);
		visit->cache_ns += clock_now_ns() - start_ns;
	}
	return 0;
}

/* Another process may have filled it meanwhile. */
static int compute_first(struct visit *visit, const struct common *common, const char *key,
			 struct region *region)
{
	struct cache *cache = visit->api->cache;

	if (visit->misses &&
	    cache_await_document(cache, key, region->items, region->count, !visit->forgot))
		return 0;
	if (compute_region(visit, common, key, region) == 0)
		return 0;
	if (visit->misses)
		cache_release_document(cache, key);
	return -1;
}

static int fill_region(struct visit *visit, const struct spatial_request *spatial,
		       struct region *region)
{
	struct flights *flights = visit->api->flights;
	const struct common *common = &spatial->common;
	size_t size = region->count * sizeof *region->items;
	char key[CACHE_KEY_SIZE];
	struct flight *flight;
	enum flight_role role;
	int status;

	cache_spatial_key(key, &region->box, common->target_day, spatial->resolution,
			  visit->api->models.labels[common->model]);
	if (look_up(visit, key, region) == CACHE_HIT)
		return 0;
	role = flight_join(flights, key, strlen(key), region->items, size, FLIGHT_WAIT_NS, &flight);
	if (role == FLIGHT_SHARED)
		return 0;
	if (role == FLIGHT_ALONE)
		return compute_region(visit, common, key, region);
	status = compute_first(visit, common, key, region);
	flight_land(flights, flight, status == 0 ? region->items : NULL, size);
	return status;
}

static void put_grid_point(struct strbuf *out, double latitude, double longitude,
			   const struct assessment *item, int horizon, bool first)
{
	strbuf_puts(out, first ? "{\"latitude\": " : ", {\"latitude\": ");
	put_degrees(out, latitude);
	strbuf_puts(out, ", \"longitude\": ");
	put_degrees(out, longitude);
	strbuf_puts(out, ", ");
	put_risk(out, item, horizon);
	strbuf_putc(out, '}');
}

/* The points that have data; their number is returned. */
static size_t put_grid(struct strbuf *out, const struct spatial_request *spatial,
		       const struct region *region)
{
	size_t count = 0;

	for (size_t row = 0; row < spatial->rows; row++)
		for (size_t column = 0; column < spatial->columns; column++) {
			double latitude = row_latitude(spatial, row);
			double longitude = column_longitude(spatial, column);
			struct cell cell = grid_cell(latitude, longitude);

			if (grid_covers(&region->box, cell))
				put_grid_point(
					out, latitude, longitude,
					&region->items[grid_box_position(&region->box, cell)],
					spatial->common.horizon, count++ == 0);
		}
	return count;
}

static void put_bounds(struct strbuf *out, const struct spatial_request *spatial)
{
	strbuf_puts(out, "{\"north\": ");
	put_degrees(out, spatial->north);
	strbuf_puts(out, ", \"south\": ");
	put_degrees(out, spatial->south);
	strbuf_puts(out, ", \"east\": ");
	put_degrees(out, spatial->east);
	strbuf_puts(out, ", \"west\": ");
	put_degrees(out, spatial->west);
	strbuf_putc(out, '}');
}

static void put_spatial(struct strbuf *out, const struct spatial_request *spatial,
			const struct region *region)
{
	const struct common *common = &spatial->common;
	size_t count;

	strbuf_puts(out, "{\"predictions\": [");
	count = put_grid(out, spatial, region);
	strbuf_puts(out, "], \"grid_info\": {\"bounds\": ");
	put_bounds(out, spatial);
	strbuf_puts(out, ", \"resolution\": ");
	put_degrees(out, spatial->resolution);
	strbuf_printf(out,
		      ", \"dimensions\": {\"lat_points\": %zu, \"lon_points\": %zu}, "
		      "\"total_points\": %zu, \"successful_points\": %zu}, "
		      "\"metadata\": {\"target_date\": ",
		      spatial->rows, spatial->columns, spatial->rows * spatial->columns, count);
	put_day(out, common->target_day);
	strbuf_printf(out,
		      ", \"model_used\": \"%s\", \"prediction_horizon\": %d, "
		      "\"cell_degrees\": 0.25, \"cells\": %zu}}",
		      model_names[common->model], model_horizons[common->horizon], region->count);
}

void predict_spatial(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct visit visit = visit_begin(request, reply, arg);
	struct spatial_request spatial;
	struct region region = {0};
	struct problem problem;
	AUTO(body) struct body body = {0};

	if (visit_parse(&visit, &body) < 0)
		return;
	if (request_spatial(body.values, &spatial, &problem) < 0) {
		visit_problem(&visit, &problem);
		return;
	}
	if (!region_box(&spatial, &visit.api->data->coverage, &region.box)) {
		visit_no_data(&visit);
		return;
	}
	region.count = grid_box_cells(&region.box);
	region.items = xcalloc(region.count, sizeof *region.items);
	if (fill_region(&visit, &spatial, &region) == 0) {
		put_spatial(&reply->body, &spatial, &region);
		visit_finish(&visit, spatial.common.model);
	}
	free(region.items);
}
