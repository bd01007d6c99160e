#include "internal.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/log.h"

#include <string.h>

struct visit visit_begin(const struct web_request *request, struct web_reply *reply, void *arg)
{
	return (struct visit){.api = arg, .request = request, .reply = reply};
}

int visit_parse(struct visit *visit, struct body *out)
{
	struct problem problem;

	if (!atomic_load(&visit->api->ready)) {
		web_error(visit->request, visit->reply, 503, "starting",
			  "the data set is being prepared; see /health/readiness");
		return -1;
	}
	if (request_parse(visit->request->body, visit->request->body_length, out, &problem) < 0)
		return visit_problem(visit, &problem);
	return 0;
}

int visit_problem(struct visit *visit, const struct problem *problem)
{
	web_error(visit->request, visit->reply, problem->status, problem->code, "%s",
		  problem->message);
	return -1;
}

int visit_unavailable(struct visit *visit, const struct error *err)
{
	log_debug("request %s: %s", visit->request->id, err->message);
	web_error(visit->request, visit->reply, 503, "database_unavailable",
		  "the climate store cannot be read; try again later");
	return -1;
}

int visit_no_data(struct visit *visit)
{
	const struct cell_box *box = &visit->api->data->coverage;

	web_error(visit->request, visit->reply, 404, "no_climate_data",
		  "there is climate data for latitude %g..%g and longitude %g..%g only",
		  box->south_west.latitude * GRID_STEP, box->north_east.latitude * GRID_STEP,
		  box->south_west.longitude * GRID_STEP, box->north_east.longitude * GRID_STEP);
	return -1;
}

bool visit_forgets(void *arg)
{
	struct visit *visit = arg;
	bool forgets = inject_draw_cache_miss(&visit->api->inject, visit->request->route,
					      visit->request->path);

	visit->forgot |= forgets;
	return forgets;
}

static const char *cache_word(const struct visit *visit)
{
	if (visit->errors)
		return "error";
	if (visit->misses == 0)
		return "hit";
	return visit->hits == 0 ? "miss" : "partial";
}

static void put_part(struct strbuf *out, const char *name, int64_t ns)
{
	strbuf_puts(out, name);
	strbuf_puts(out, ";dur=");
	web_put_decimal(out, ns / NS_PER_US, 3);
}

static void put_headers(const struct visit *visit)
{
	AUTO(strbuf) struct strbuf timing = {.max_bytes = WEB_HEADER_VALUE_SIZE - 1};
	const char *word = cache_word(visit);

	strbuf_printf(&timing, "cache;desc=%s", word);
	if (visit->hits + visit->misses > 1)
		strbuf_printf(&timing, ";hits=%zu;misses=%zu", visit->hits, visit->misses);
	put_part(&timing, "", visit->cache_ns);
	if (visit->db_ns)
		put_part(&timing, ", db", visit->db_ns);
	put_part(&timing, ", model", visit->model_ns);
	web_reply_header(visit->reply, "Server-Timing", "%s", strbuf_text(&timing));
	if (!visit->errors)
		web_reply_header(visit->reply, "X-Cache", "%s",
				 visit->misses == 0 ? "HIT"
				 : visit->hits	    ? "PARTIAL"
						    : "MISS");
}

void visit_finish(struct visit *visit, enum model_type model)
{
	put_headers(visit);
	strbuf_putc(&visit->reply->body, '\n');
	metrics_observe(&visit->api->metrics.prediction[model],
			clock_now_ns() - visit->request->start_ns);
}

int64_t visit_look_up(struct visit *visit, struct cache_point *points, size_t count)
{
	int64_t start_ns = clock_now_ns();

	cache_read_points(visit->api->cache, points, count,
			  visit->api->inject.count ? visit_forgets : NULL, visit);
	return clock_now_ns() - start_ns;
}

void visit_count(struct visit *visit, const struct cache_point *points, size_t count,
		 int64_t cache_ns)
{
	for (size_t i = 0; i < count; i++) {
		visit->hits += points[i].status == CACHE_HIT;
		visit->misses += points[i].status == CACHE_MISS;
		visit->errors += points[i].status == CACHE_ERROR;
	}
	visit->cache_ns += cache_ns;
}

static int compare_cells(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;

	if (x->latitude != y->latitude)
		return x->latitude < y->latitude ? -1 : 1;
	return (x->longitude > y->longitude) - (x->longitude < y->longitude);
}

/* What the store has to be asked: the missing points, each place or day once. */
struct question {
	struct cell *cells;
	int32_t *days;
	struct window *answers;
	size_t count;
};

static void question_release(struct question *question)
{
	free(question->cells);
	free(question->days);
	free(question->answers);
}
DEFINE_AUTO_VALUE(question, struct question, question_release)

static struct question make_question(const struct cache_point *points, size_t count, size_t missing,
				     bool same_cell)
{
	struct question q = {xcalloc(missing, sizeof *q.cells), xcalloc(missing, sizeof *q.days),
			     xcalloc(missing, sizeof *q.answers), 0};
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (points[i].status == CACHE_HIT)
			continue;
		q.cells[q.count] = points[i].cell;
		q.days[q.count++] = points[i].day;
	}
	if (same_cell || q.count < 2)
		return q;
	qsort(q.cells, q.count, sizeof *q.cells, compare_cells);
	for (size_t i = 1; i < q.count; i++)
		if (compare_cells(&q.cells[kept], &q.cells[i]) != 0)
			q.cells[++kept] = q.cells[i];
	q.count = kept + 1;
	return q;
}

static int ask_store(struct visit *visit, struct question *question, bool same_cell)
{
	struct error err = ERROR_INIT;
	int64_t start_ns = clock_now_ns();
	struct store *store = visit->api->store;
	int status = same_cell ? store_read_series(store, question->cells[0], question->days,
						   question->count, question->answers, &err)
			       : store_read_cells(store, question->cells, question->count,
						  question->days[0], question->answers, &err);

	visit->db_ns += clock_now_ns() - start_ns;
	metrics_observe(&visit->api->metrics.query, clock_now_ns() - start_ns);
	return status < 0 ? visit_unavailable(visit, &err) : 0;
}

static void assess_missing(struct visit *visit, const struct question *question,
			   struct cache_point *points, size_t count, bool same_cell)
{
	int64_t start_ns = clock_now_ns();
	size_t next = 0;

	for (size_t i = 0; i < count; i++) {
		size_t at = next;

		if (points[i].status == CACHE_HIT)
			continue;
		if (!same_cell) {
			const struct cell *place =
				bsearch(&points[i].cell, question->cells, question->count,
					sizeof *question->cells, compare_cells);

			at = (size_t)(place - question->cells);
		}
		model_assess(&visit->api->models, points[i].model, &question->answers[at],
			     &points[i].found);
		next++;
	}
	visit->model_ns += clock_now_ns() - start_ns;
}

/* Read the store, run the model, fill the cache. */
static int compute_points(struct visit *visit, struct cache_point *points, size_t count,
			  bool same_cell)
{
	size_t missing = visit->misses + visit->errors;
	int64_t start_ns;
	AUTO(question) struct question question = make_question(points, count, missing, same_cell);

	if (ask_store(visit, &question, same_cell) < 0)
		return -1;
	assess_missing(visit, &question, points, count, same_cell);
	if (visit->misses) {
		start_ns = clock_now_ns();
		cache_write_points(visit->api->cache, points, count);
		visit->cache_ns += clock_now_ns() - start_ns;
	}
	return 0;
}

/* A single point may be filled by another process meanwhile; -1 when the answer is made. */
static int compute_first(struct visit *visit, struct cache_point *points, size_t count,
			 bool same_cell)
{
	bool locks = count == 1 && visit->misses;
	int64_t start_ns = clock_now_ns();
	bool filled = locks && cache_await_point(visit->api->cache, points, !visit->forgot);

	visit->cache_ns += clock_now_ns() - start_ns;
	if (filled)
		return 0;
	if (compute_points(visit, points, count, same_cell) == 0)
		return 0;
	if (locks)
		cache_release_point(visit->api->cache, points);
	return -1;
}

/* What a flight is named by: exactly what is to be computed. */
static size_t name_missing(const struct cache_point *points, size_t count, int32_t *name)
{
	size_t used = 0;

	name[used++] = (int32_t)points[0].model;
	for (size_t i = 0; i < count; i++) {
		if (points[i].status == CACHE_HIT)
			continue;
		name[used++] = points[i].cell.latitude;
		name[used++] = points[i].cell.longitude;
		name[used++] = points[i].day;
	}
	return used * sizeof *name;
}

static void copy_missing(struct cache_point *points, size_t count, struct assessment *results,
			 bool in)
{
	for (size_t i = 0; i < count; i++) {
		if (points[i].status == CACHE_HIT)
			continue;
		if (in)
			points[i].found = *results++;
		else
			*results++ = points[i].found;
	}
}

int visit_missing(struct visit *visit, struct cache_point *points, size_t count, bool same_cell)
{
	struct flights *flights = visit->api->flights;
	AUTO_FREE struct assessment *results = NULL;
	AUTO_FREE int32_t *name = NULL;
	struct flight *flight;
	enum flight_role role;
	size_t missing, size;
	int status;

	missing = visit->misses + visit->errors;
	if (missing == 0)
		return 0;
	name = xcalloc(1 + 3 * missing, sizeof *name);
	results = xcalloc(missing, sizeof *results);
	size = missing * sizeof *results;
	role = flight_join(flights, name, name_missing(points, count, name), results, size,
			   FLIGHT_WAIT_NS, &flight);
	if (role == FLIGHT_SHARED) {
		copy_missing(points, count, results, true);
		return 0;
	}
	if (role == FLIGHT_ALONE)
		return compute_points(visit, points, count, same_cell);
	status = compute_first(visit, points, count, same_cell);
	copy_missing(points, count, results, false);
	flight_land(flights, flight, status == 0 ? results : NULL, size);
	return status;
}

int visit_points(struct visit *visit, struct cache_point *points, size_t count, bool same_cell)
{
	visit_count(visit, points, count, visit_look_up(visit, points, count));
	return visit_missing(visit, points, count, same_cell);
}
