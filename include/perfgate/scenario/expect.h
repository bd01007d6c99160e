/*
 * Expectations: what a task says about its answers.
 *
 *   expect: {status: [200, 404], json: {risk_score: 0..1, items: array}}
 *
 * status: a number, "2xx", or a list of them; 2xx when absent. json: dotted
 * paths (or nested mappings; numbers index lists) to a range, a type name
 * (string, integer, number, boolean, array, object) or a value; quoted text is always a value.
 */
#ifndef PERFGATE_SCENARIO_EXPECT_H
#define PERFGATE_SCENARIO_EXPECT_H

#include "perfgate/base/arena.h"
#include "perfgate/ext/json.h"
#include "perfgate/ext/yaml.h"

struct expectation {
	bool status[600]; /* by status code */
	struct expect_rule *rules;
	size_t n_rules;
};

/* `node` NULL: 2xx. */
PG_MUST_CHECK int expect_compile(struct arena *arena, const struct yaml_node *node,
				 struct expectation *out, struct error *err);

/* False with the reason in `why`. */
bool expect_check(const struct expectation *expectation, const char *body, size_t length, char *why,
		  size_t why_size);

#endif
