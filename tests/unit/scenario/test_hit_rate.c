/*
 * The built-in suite must reach the default gate's cache hits from a cold cache, in `--quick` too.
 *
 * The requests of a quick run are rendered and counted against the cache keys of the reference
 * API: (cell, date, model) for each point, (bounds, date, resolution) for each region.
 */
#include "suite_helper.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/date.h"
#include "perfgate/scenario/substitute.h"

#include <stdio.h>

#define STEP 0.25
/* A slow machine: more requests only raise the rate. */
#define ANSWER_S 0.02
#define CAPACITY_REQUESTS 1000

struct simulation {
	json_t *cache; /* a set of keys */
	size_t hits, misses;
	bool judged;
	struct rendered_request rendered;
};

static void look_up(struct simulation *sim, const char *key)
{
	bool hit = json_object_get(sim->cache, key) != NULL;

	if (!hit)
		extjson_set(sim->cache, key, json_true());
	if (sim->judged)
		*(hit ? &sim->hits : &sim->misses) += 1;
}

static void look_up_point(struct simulation *sim, const json_t *location, const char *date,
			  const char *model)
{
	double lat = json_number_value(json_object_get(location, "latitude"));
	double lon = json_number_value(json_object_get(location, "longitude"));
	long row = lround(lat / STEP), column = lround(lon / STEP);
	char key[128];

	/* The quick data set covers -3..2 and 34..38. */
	assert_in_range(row + 12, 0, 20);
	assert_in_range(column, 136, 152);
	snprintf(key, sizeof(key), "%ld:%ld:%s:%s", row, column, date, model);
	look_up(sim, key);
}

static void look_up_series(struct simulation *sim, const json_t *body, const char *model)
{
	int64_t day, end, step = extjson_get_integer(body, "interval_days", 7);
	char date[11];

	assert_int_equal(date_parse(extjson_get_string(body, "start_date", ""), &day), 0);
	assert_int_equal(date_parse(extjson_get_string(body, "end_date", ""), &end), 0);
	assert_true(day < end);
	for (; day <= end; day += step) {
		date_format(day, date);
		look_up_point(sim, json_object_get(body, "location"), date, model);
	}
}

static void look_up_region(struct simulation *sim, const json_t *body, const char *date)
{
	const json_t *bounds = json_object_get(body, "bounds");
	double north = json_number_value(json_object_get(bounds, "north"));
	double south = json_number_value(json_object_get(bounds, "south"));
	double east = json_number_value(json_object_get(bounds, "east"));
	double west = json_number_value(json_object_get(bounds, "west"));
	double resolution = extjson_get_number(body, "resolution", 0);
	double points = (floor((north - south) / resolution + 1.5)) *
			(floor((east - west) / resolution + 1.5));
	char key[128];

	assert_true(south >= -3 && north <= 2 && west >= 34 && east <= 38);
	assert_true(points >= 100 && points <= 400);
	snprintf(key, sizeof(key), "%g:%g:%g:%g:%s:%g", north, south, east, west, date, resolution);
	look_up(sim, key);
}

static void send(struct simulation *sim, const struct request *request, struct user_state *user)
{
	struct error err = ERROR_INIT;
	AUTO_JSON json_t *body = NULL;
	const char *date, *model;
	const json_t *locations;
	size_t i;

	request_render(request, user, &sim->rendered);
	if (!sim->rendered.body.length)
		return;
	if (extjson_parse(strbuf_text(&sim->rendered.body), sim->rendered.body.length, 1 << 20,
			  ERROR_INTERNAL, &body, &err))
		fail_msg("%s", err.message);
	date = extjson_get_string(body, "target_date", "");
	model = extjson_get_string(body, "model_type", "");
	locations = json_object_get(body, "locations");
	if (json_object_get(body, "bounds"))
		look_up_region(sim, body, date);
	else if (json_object_get(body, "start_date"))
		look_up_series(sim, body, model);
	else if (!locations)
		look_up_point(sim, json_object_get(body, "location"), date, model);
	for (i = 0; i < json_array_size(locations); i++)
		look_up_point(sim, json_array_get(locations, i), date, model);
}

static const struct request *draw(const struct task_weight *weights, size_t n, struct rng *rng)
{
	double drawn = rng_double(rng);
	size_t i;

	for (i = 0; i + 1 < n && drawn >= weights[i].weight; i++)
		drawn -= weights[i].weight;
	return weights[i].task->requests[0];
}

static void run_paced(struct simulation *sim, const struct suite *suite,
		      const struct scenario *scenario, struct user_state *users)
{
	AUTO_FREE size_t *profiles = xcalloc(scenario->users, sizeof(*profiles));
	AUTO_FREE double *due = xcalloc(scenario->users, sizeof(*due));
	size_t i, next;

	suite_assign_profiles(suite, scenario->users, profiles);
	for (;;) {
		const struct profile *profile;
		double wait;

		for (i = next = 0; i < scenario->users; i++)
			if (due[i] < due[next])
				next = i;
		if (due[next] >= seconds(scenario->duration_ns))
			return;
		profile = &suite->profiles[profiles[next]];
		sim->judged = due[next] >= seconds(scenario->warmup_ns);
		send(sim, draw(profile->tasks, profile->n_tasks, &users[next].rng), &users[next]);
		wait = seconds(profile->wait_min_ns) +
		       rng_double(&users[next].rng) *
			       seconds(profile->wait_max_ns - profile->wait_min_ns);
		due[next] += ANSWER_S + wait * scenario->think_scale;
	}
}

static double quick_hit_rate(uint64_t seed)
{
	struct simulation sim = {.cache = extjson_object()};
	struct suite_case c;
	const struct scenario *smoke, *capacity;
	struct user_state users[5];
	double rate;
	size_t i;

	suite_case_init(&c, NULL);
	c.options.quick = true;
	suite_case_load(&c);
	smoke = suite_case_scenario(&c, "smoke");
	capacity = suite_capacity(c.suite, smoke, 50);
	assert_int_equal(smoke->users, ARRAY_SIZE(users));
	for (i = 0; i < ARRAY_SIZE(users); i++)
		user_state_init(&users[i], seed, i + 1);
	run_paced(&sim, c.suite, smoke, users);
	/* The gate's error rates need some requests as well. */
	assert_true(sim.hits + sim.misses > 200);
	for (i = 0; i < CAPACITY_REQUESTS; i++) {
		sim.judged = i >= CAPACITY_REQUESTS / 10;
		send(&sim, draw(capacity->mix, capacity->n_mix, &users[i % 5].rng), &users[i % 5]);
	}
	rate = (double)sim.hits / (double)(sim.hits + sim.misses);
	json_decref(sim.cache);
	rendered_request_release(&sim.rendered);
	suite_case_release(&c);
	return rate;
}

static void quick_reaches_the_cache_hit_gate_from_a_cold_cache(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 12; seed++) {
		double rate = quick_hit_rate(seed);

		print_message("seed %d: %.3f\n", (int)seed, rate);
		if (rate < 0.75)
			fail_msg("seed %d: hit rate %.3f", (int)seed, rate);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_reaches_the_cache_hit_gate_from_a_cold_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
