#include "perfgate/scenario/json_path.h"

#include "perfgate/base/units.h"

#include <string.h>

void json_path_compile(struct arena *arena, const char *text, struct json_path *out)
{
	const char *at = text, *dot;

	out->keys = arena_alloc(arena, strlen(text) + 1, sizeof(*out->keys));
	out->n_keys = 0;
	for (; (dot = strchr(at, '.')); at = dot + 1)
		out->keys[out->n_keys++] = arena_strndup(arena, at, (size_t)(dot - at));
	out->keys[out->n_keys++] = arena_strdup(arena, at);
}

const json_t *json_path_find(const struct json_path *path, const json_t *root)
{
	const json_t *at = root;
	const char *why;
	int64_t index;
	size_t i;

	for (i = 0; at && i < path->n_keys; i++) {
		if (json_is_array(at))
			at = !units_parse_integer(path->keys[i], &index, &why) && index >= 0
				     ? json_array_get(at, (size_t)index)
				     : NULL;
		else
			at = json_object_get(at, path->keys[i]);
	}
	return at;
}
