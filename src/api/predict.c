#include "internal.h"

#include "perfgate/base/clock.h"

/* About what one takes as JSON. */
#define PREDICTION_BYTES 400

/* A single prediction on its way. */
struct single {
	struct visit visit;
	struct single_request asked;
	struct body body;
};

static void single_release(struct single *single)
{
	body_release(&single->body);
}
DEFINE_AUTO_VALUE(single, struct single, single_release)

/* The point that is asked for; false when the answer is made. */
static bool read_single(struct single *single, struct cache_point *out)
{
	struct visit *visit = &single->visit;
	const struct location *place = &single->asked.location;
	struct problem problem;

	if (visit_parse(visit, &single->body) < 0)
		return false;
	if (request_single(single->body.values, &single->asked, &problem) < 0) {
		visit_problem(visit, &problem);
		return false;
	}
	if (!grid_covers(&visit->api->data->coverage, place->cell)) {
		visit_no_data(visit);
		return false;
	}
	*out = (struct cache_point){.cell = place->cell,
				    .day = single->asked.common.target_day,
				    .model = single->asked.common.model};
	return true;
}

static void answer_single(struct single *single, const struct assessment *found)
{
	struct strbuf *out = &single->visit.reply->body;

	strbuf_putc(out, '{');
	put_prediction(out, &single->asked.location, found, &single->asked.common);
	strbuf_putc(out, '}');
	visit_finish(&single->visit, single->asked.common.model);
}

/* What the handler has to know of the look-up. */
struct looked_up {
	enum cache_status status;
	bool forgot;
	int64_t cache_ns;
};

static void leave_single(struct web_call *call, const struct looked_up *looked_up)
{
	struct looked_up *kept = xcalloc(1, sizeof *kept);

	*kept = *looked_up;
	call->request->kept = kept;
	call->reply->status = WEB_LATER;
}

/* All in one question to the cache; what is not there is left to predict_single(). */
void predict_singles(struct web_call *calls, size_t count, void *arg)
{
	struct single singles[WEB_BATCH_MAX];
	struct cache_point points[WEB_BATCH_MAX];
	struct web_call *asking[WEB_BATCH_MAX];
	int64_t cache_ns = 0;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct single *single = &singles[used];

		single->visit = visit_begin(calls[i].request, calls[i].reply, arg);
		single->body = (struct body){0};
		if (read_single(single, &points[used]))
			asking[used++] = &calls[i];
		else
			single_release(single);
	}
	if (used)
		cache_ns = visit_look_up(&singles[0].visit, points, used);
	for (size_t i = 0; i < used; i++) {
		visit_count(&singles[i].visit, &points[i], 1, cache_ns);
		if (points[i].status == CACHE_HIT)
			answer_single(&singles[i], &points[i].found);
		else
			leave_single(asking[i],
				     &(struct looked_up){points[i].status, singles[0].visit.forgot,
							 cache_ns});
		single_release(&singles[i]);
	}
}

void predict_single(const struct web_request *request, struct web_reply *reply, void *arg)
{
	const struct looked_up *before = request->kept;
	AUTO(single) struct single single = {.visit = visit_begin(request, reply, arg)};
	struct cache_point point;

	if (!read_single(&single, &point))
		return;
	point.status = before->status;
	single.visit.forgot = before->forgot;
	visit_count(&single.visit, &point, 1, before->cache_ns);
	if (visit_missing(&single.visit, &point, 1, false) == 0)
		answer_single(&single, &point.found);
}

static size_t covered_points(const struct batch_request *batch, const struct cell_box *coverage,
			     struct cache_point *out)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		if (grid_covers(coverage, batch->locations[i].cell))
			out[count++] = (struct cache_point){.cell = batch->locations[i].cell,
							    .day = batch->common.target_day,
							    .model = batch->common.model};
	return count;
}

static void put_batch(struct strbuf *out, const struct batch_request *batch,
		      const struct cell_box *coverage, const struct cache_point *points,
		      size_t found)
{
	strbuf_reserve(out, batch->count * PREDICTION_BYTES);
	strbuf_puts(out, "{\"predictions\": [");
	for (size_t i = 0; i < batch->count; i++) {
		const struct location *location = &batch->locations[i];

		strbuf_puts(out, i ? ", {" : "{");
		if (grid_covers(coverage, location->cell)) {
			put_prediction(out, location, &points++->found, &batch->common);
		} else {
			put_location(out, location);
			strbuf_puts(out, ", \"error\": \"no_climate_data\"");
		}
		strbuf_putc(out, '}');
	}
	strbuf_printf(out,
		      "], \"total_locations\": %zu, \"successful_predictions\": %zu, "
		      "\"failed_predictions\": %zu, \"processing_time_ms\": ",
		      batch->count, found, batch->count - found);
}

void predict_batch(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct visit visit = visit_begin(request, reply, arg);
	struct batch_request batch;
	struct cache_point points[REQUEST_MAX_LOCATIONS];
	const struct cell_box *coverage;
	struct problem problem;
	AUTO(body) struct body body = {0};
	size_t found;

	if (visit_parse(&visit, &body) < 0)
		return;
	if (request_batch(body.values, &batch, &problem) < 0) {
		visit_problem(&visit, &problem);
		return;
	}
	coverage = &visit.api->data->coverage;
	found = covered_points(&batch, coverage, points);
	if (found == 0) {
		visit_no_data(&visit);
		return;
	}
	if (visit_points(&visit, points, found, false) < 0)
		return;
	put_batch(&reply->body, &batch, coverage, points, found);
	web_put_decimal(&reply->body, (clock_now_ns() - request->start_ns) / NS_PER_US, 3);
	strbuf_putc(&reply->body, '}');
	visit_finish(&visit, batch.common.model);
}

static size_t series_points(const struct series_request *series, struct cache_point *out)
{
	size_t count = 0;

	for (int32_t day = series->common.target_day; day <= series->last_day;
	     day += series->interval_days)
		out[count++] = (struct cache_point){.cell = series->location.cell,
						    .day = day,
						    .model = series->common.model};
	return count;
}

static void put_summary(struct strbuf *out, const struct cache_point *points, size_t count)
{
	int least = MODEL_SCALE, most = 0;
	int64_t sum = 0;
	size_t high = 0;

	for (size_t i = 0; i < count; i++) {
		int risk = points[i].found.risk;

		least = risk < least ? risk : least;
		most = risk > most ? risk : most;
		sum += risk;
		high += risk >= MODEL_SCALE / 2;
	}
	strbuf_puts(out, ", \"summary_statistics\": {\"mean_risk\": ");
	put_scaled(out, (int)((sum + (int64_t)count / 2) / (int64_t)count));
	strbuf_puts(out, ", \"min_risk\": ");
	put_scaled(out, least);
	strbuf_puts(out, ", \"max_risk\": ");
	put_scaled(out, most);
	strbuf_printf(out, ", \"points\": %zu, \"high_risk_points\": %zu}", count, high);
}

static void put_series(struct strbuf *out, const struct series_request *series,
		       const struct cache_point *points, size_t count)
{
	strbuf_putc(out, '{');
	put_location(out, &series->location);
	strbuf_puts(out, ", \"time_series\": [");
	for (size_t i = 0; i < count; i++) {
		strbuf_puts(out, i ? ", {\"date\": " : "{\"date\": ");
		put_day(out, points[i].day);
		strbuf_puts(out, ", ");
		put_risk(out, &points[i].found, series->common.horizon);
		strbuf_putc(out, '}');
	}
	strbuf_printf(out, "], \"model_used\": \"%s\"", model_names[series->common.model]);
	put_summary(out, points, count);
	strbuf_putc(out, '}');
}

void predict_series(const struct web_request *request, struct web_reply *reply, void *arg)
{
	struct visit visit = visit_begin(request, reply, arg);
	struct series_request series;
	AUTO_FREE struct cache_point *points = NULL;
	struct problem problem;
	AUTO(body) struct body body = {0};
	size_t count;

	if (visit_parse(&visit, &body) < 0)
		return;
	if (request_series(body.values, &series, &problem) < 0) {
		visit_problem(&visit, &problem);
		return;
	}
	if (!grid_covers(&visit.api->data->coverage, series.location.cell)) {
		visit_no_data(&visit);
		return;
	}
	points = xcalloc(REQUEST_MAX_SERIES_DAYS + 1, sizeof *points);
	count = series_points(&series, points);
	if (visit_points(&visit, points, count, true) < 0)
		return;
	put_series(&reply->body, &series, points, count);
	visit_finish(&visit, series.common.model);
}
