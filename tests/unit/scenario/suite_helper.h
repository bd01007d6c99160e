/* A suite from YAML text, without files: the sections as settings_load() would hand them over. */
#ifndef TESTS_UNIT_SCENARIO_SUITE_HELPER_H
#define TESTS_UNIT_SCENARIO_SUITE_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "perfgate/scenario/suite.h"

#include <math.h>
#include <string.h>

struct suite_case {
	struct settings settings;
	struct yaml_document *document;
	struct suite_options options;
	struct suite *suite;
	struct error err;
};

/* `yaml` NULL: the built-in suite on the reference API, with the seed's gates. */
static inline void suite_case_init(struct suite_case *c, const char *yaml)
{
	const struct yaml_node *root;

	memset(c, 0, sizeof(*c));
	gate_limits_init(&c->settings.gates);
	gate_limits_init(&c->settings.env_gates);
	c->settings.load_spawn_rate = NAN;
	c->settings.gates.limit[METRIC_P95] = 2000;
	c->settings.gates.limit[METRIC_THROUGHPUT] = 50;
	c->settings.gates.limit[METRIC_ERROR_RATE] = 0.01;
	c->settings.gates.limit[METRIC_CACHE_HIT_RATE] = 0.7;
	c->settings.target.kind = TARGET_REFERENCE;
	c->options.duration_scale = 1;
	if (!yaml)
		return;
	if (extyaml_parse(yaml, strlen(yaml), "t.yml", &c->document, &c->err))
		fail_msg("%s", c->err.message);
	root = extyaml_root(c->document);
	c->settings.profiles = extyaml_get(root, "profiles");
	c->settings.tasks = extyaml_get(root, "tasks");
	c->settings.data = extyaml_get(root, "data");
	c->settings.scenarios = extyaml_get(root, "scenarios");
}

static inline int suite_case_try(struct suite_case *c)
{
	return suite_load(&c->settings, &c->options, &c->suite, &c->err);
}

static inline struct suite *suite_case_load(struct suite_case *c)
{
	if (suite_case_try(c))
		fail_msg("%s", c->err.message);
	return c->suite;
}

static inline void suite_case_release(struct suite_case *c)
{
	suite_free(c->suite);
	extyaml_free(c->document);
}

static inline const struct scenario *suite_case_scenario(struct suite_case *c, const char *name)
{
	const struct scenario *scenario = suite_find(c->suite, name, &c->err);

	if (!scenario)
		fail_msg("%s", c->err.message);
	return scenario;
}

static inline double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

#define assert_near(a, b)                                                                          \
	do {                                                                                       \
		double near_a_ = (a), near_b_ = (b);                                               \
		if (!(fabs(near_a_ - near_b_) < 1e-9 * (1 + fabs(near_b_))))                       \
			fail_msg("%s is %.12g, not %.12g", #a, near_a_, near_b_);                  \
	} while (0)

#endif
