/*
 * The requests of an OpenAPI document (3.x, or Swagger 2.0): https://spec.openapis.org
 *
 * Every operation becomes one request with values for what it must be given (sample.h), or is left
 * out with a reason: deletions, because a load of them empties the service; deprecated ones; bodies
 * other than JSON and forms; values that cannot be made up. Documents are input: what is
 * malformed is left out, never trusted.
 */
#ifndef PERFGATE_DISCOVER_OPENAPI_H
#define PERFGATE_DISCOVER_OPENAPI_H

#include "perfgate/base/arena.h"
#include "perfgate/ext/json.h"

#include <stdbool.h>

/* Requests that are kept; a suite of more is nothing to begin with. */
#define OPENAPI_OPERATIONS_MAX 30

struct operation {
	const char *name; /* of letters, digits and _, unique: "list_items" */
	const char *line; /* "GET /items/${int(1..100)}?page=1" */
	json_t *json, *form; /* the body, one of them or none; sample.h says how text is written */
	bool writes; /* POST, PUT or PATCH */
	bool probe; /* tells whether the API is well: /health, /ping … */
};

struct left_out {
	const char *line; /* "DELETE /items/{id}" */
	const char *why; /* "deletes" */
};

struct openapi {
	const char *path;
	struct operation *operations; /* in the document's order */
	size_t n_operations, operations_capacity;
	struct left_out *left_out;
	size_t n_left_out, left_out_capacity;
	const char *ready; /* path of the probe that says most about readiness; NULL = none */
	const char *header; /* that requests must bear: "Authorization: Bearer TOKEN"; or NULL */
	struct arena arena;
};

/*
 * ERROR_USAGE when it cannot be read or is no such document. One without a usable operation is no
 * error.
 */
PG_MUST_CHECK int openapi_read(const char *path, struct openapi *out, struct error *err);
void openapi_release(struct openapi *openapi);
DEFINE_AUTO_VALUE(openapi, struct openapi, openapi_release)

#endif
