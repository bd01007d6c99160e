/* A load run against a port of this machine, from the YAML of its suite; the scenario is `t`. */
#ifndef TESTS_UNIT_LOAD_LOAD_CASE_H
#define TESTS_UNIT_LOAD_LOAD_CASE_H

#include "../scenario/suite_helper.h"

#include "peer.h"

#include "perfgate/base/clock.h"
#include "perfgate/load/engine.h"

/* A test by its title, such as "NET-47: …"; and one for each transport (its state). */
#define NAMED(title, test)                                                                         \
	{                                                                                          \
		title, test, NULL, NULL, NULL                                                      \
	}
#define WITH_BOTH(title, test)                                                                     \
	{title ", native", test, NULL, NULL, &native},                                             \
	{                                                                                          \
		title ", curl", test, NULL, NULL, &curl                                            \
	}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/* One user without think time and a task GET /; `t` takes the members of its scenario. */
#define SUITE_GET(scenario)                                                                        \
	"profiles: {p: {weight: 1, wait: 1s..1s, tasks: {get: 1}}}\n"                              \
	"tasks: {get: {request: GET /}}\n"                                                         \
	"scenarios: {t: {" scenario ", warmup: 0s, pause: 0s}}\n"

struct load_case {
	struct suite_case suite;
	struct load_options options;
	struct load_target target;
	struct run *run;
	struct scenario_result *result;
	struct error err;
	int status;
};

static inline void load_case_init(struct load_case *c, const char *yaml, uint16_t port)
{
	memset(c, 0, sizeof *c);
	suite_case_init(&c->suite, yaml);
	suite_case_load(&c->suite);
	c->options = (struct load_options){.seed = 1, .user_agent = "test"};
	c->target = (struct load_target){.host = "localhost",
					 .address = "127.0.0.1",
					 .port = port,
					 .prefix = ""};
	c->run = run_new();
	c->result = run_add_scenario(c->run);
}

static inline void load_case_choose_transport(struct load_case *c, void **state)
{
	const enum transport_kind *kind = *state;
	c->options.transport = *kind;
}

/* Did the machine give us no time at all? Then nothing was sent, and nothing tested. */
static inline bool load_case_was_starved(const struct load_case *c)
{
	const struct scenario_result *r = c->result;
	uint64_t requests = r->generator.censored + r->generator.unsent;
	for (size_t i = 0; i < r->n_series; i++)
		requests += r->series[i].requests;
	return c->status == 0 && requests == 0 && !r->interrupted;
}

static inline void load_case_run(struct load_case *c)
{
	for (int tries = 0; tries < 5; tries++) {
		c->status = load_run(c->suite.suite, suite_case_scenario(&c->suite, "t"),
				     &c->target, &c->options, &c->run->arena, c->result, &c->err);
		if (!load_case_was_starved(c))
			return;
		scenario_result_release(c->result);
	}
	fail_msg("the machine left no time for a single request, five times");
}

static inline void load_case_release(struct load_case *c)
{
	run_free(c->run);
	suite_case_release(&c->suite);
}

/* Whatever happened, the books balance. */
static inline void load_case_check_books(const struct load_case *c)
{
	const struct scenario_result *r = c->result;
	uint64_t classes = 0, requests = 0, timed = 0;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		classes += r->total.classes[i];
	for (size_t i = 0; i < r->n_endpoints; i++)
		requests += r->endpoints[i].requests;
	timed = r->total.classes[CLASS_OK] + r->total.classes[CLASS_TIMEOUT];
	assert_int_equal(classes, r->total.requests);
	assert_int_equal(requests, r->total.requests);
	assert_int_equal(histogram_count(r->total.latency), timed);
	assert_int_equal(histogram_count(r->total.service), timed);
	assert_int_equal(r->n_samples, r->total.requests < 10000 ? r->total.requests : 10000);
}

#endif
