/*
 * From a task's YAML, or from one line, to a compiled request.
 *
 *   request: POST /orders?fast=1     headers:, query:, form: | json: | body:, timeout:, expect:,
 *   capture:, think:
 *   GET /items, POST /orders @order.json
 */
#ifndef PERFGATE_SCENARIO_COMPILE_H
#define PERFGATE_SCENARIO_COMPILE_H

#include "perfgate/ext/json.h"
#include "perfgate/scenario/expect.h"
#include "perfgate/scenario/request.h"
#include "perfgate/scenario/substitute.h"

#define COMPILE_MAX_BODY ((size_t)10 << 20) /* bytes of a body file */

struct request {
	const char *name;
	const char *method;
	size_t endpoint; /* set by the suite */
	int64_t timeout_ns;
	int64_t think_min_ns, think_max_ns;
	bool fixed, captured_target;
	struct substitution target, headers, body;
	struct expectation expect;
	struct capture_rules captures;
	char body_digest[65]; /* sha256 of a body file, "" without one */
};

/* From a task's or step's mapping, or a scalar line. `compile` is fresh for each request. */
PG_MUST_CHECK int request_compile(struct compile *compile, const struct yaml_node *node,
				  struct request *out, struct error *err);
PG_MUST_CHECK int request_compile_line(struct compile *compile, const char *line,
				       const struct place *place, struct request *out,
				       struct error *err);

/* body.c: fill out->body and, in *out_type, its Content-Type (NULL: none). */
PG_MUST_CHECK int body_compile_json(struct compile *compile, const struct yaml_node *node,
				    struct substitution *out, struct error *err);
PG_MUST_CHECK int body_compile_form(struct compile *compile, const struct yaml_node *node,
				    struct substitution *out, struct error *err);
/* Text in place, or "@file". */
PG_MUST_CHECK int body_compile_text(struct compile *compile, const char *text,
				    const struct place *place, struct request *request,
				    const char **out_type, struct error *err);
/* name=value&…, percent-encoded; for forms and queries. */
PG_MUST_CHECK int body_build_pairs(struct text_builder *builder, const struct yaml_node *node,
				   const char *what, struct error *err);

#endif
