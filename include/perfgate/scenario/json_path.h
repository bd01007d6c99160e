/*
 * Dotted paths into a JSON value: "data.items.0.id"; numbers index lists.
 */
#ifndef PERFGATE_SCENARIO_JSON_PATH_H
#define PERFGATE_SCENARIO_JSON_PATH_H

#include "perfgate/base/arena.h"
#include "perfgate/ext/json.h"

#define JSON_PATH_BODY_MAX ((size_t)10 << 20) /* bytes of a body that is looked into */

struct json_path {
	const char **keys;
	size_t n_keys;
};

/* Copies into `arena`. */
void json_path_compile(struct arena *arena, const char *text, struct json_path *out);

/* The value, borrowed from `root`; NULL when there is none. */
const json_t *json_path_find(const struct json_path *path, const json_t *root);

#endif
