/* What a run was measured on, beside what its baseline was measured on. */
#include "perfgate/report/view.h"

#include "perfgate/base/text.h"
#include "perfgate/report/figures.h"

#include <stdio.h>

#define DEPTH 4

/* Every leaf of the object as text, by its path: "postgres.version". */
static void flatten(json_t *out, const char *path, json_t *value, int depth)
{
	AUTO(strbuf) struct strbuf text = {0};
	const char *key;
	json_t *member;

	if (json_is_object(value) && depth < DEPTH) {
		json_object_foreach (value, key, member) {
			AUTO_FREE char *name =
				path != NULL ? xasprintf("%s.%s", path, key) : xstrdup(key);

			flatten(out, name, member, depth + 1);
		}
	} else if (json_is_string(value)) {
		extjson_set(out, path, view_name(json_string_value(value)));
	} else if (path != NULL && !json_is_null(value)) {
		extjson_dump_canonical(value, &text);
		extjson_set(out, path, view_name(strbuf_text(&text)));
	}
}

static void add_row(json_t *rows, const char *name, const json_t *here, const json_t *there,
		    bool differs)
{
	json_t *row = extjson_object();

	extjson_set(row, "name", view_name(name));
	extjson_set(row, "value", here ? json_incref((json_t *)(uintptr_t)here) : json_null());
	extjson_set(row, "base", there ? json_incref((json_t *)(uintptr_t)there) : json_null());
	extjson_set(row, "differs", json_boolean(differs));
	extjson_append(rows, row);
}

/* Of the run alone: what is no property of the machine. */
static void add_own(json_t *rows, const struct run *run)
{
	AUTO_FREE char *seed = xasprintf("%llu", (unsigned long long)run->seed);
	const char *const own[][2] = {{"seed", seed},
				      {"config_digest", run->config_digest},
				      {"run_id", run->run_id}};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		AUTO_JSON json_t *value = view_name(own[i][1]);

		if (json_string_length(value) > 0)
			add_row(rows, own[i][0], value, NULL, false);
	}
}

static size_t compare(json_t *rows, json_t *here, json_t *there, bool has_base)
{
	size_t differences = 0;
	const char *name;
	json_t *value;

	json_object_foreach (here, name, value) {
		const json_t *other = json_object_get(there, name);
		/* A record names the fingerprint elsewhere: it is made of the other members. */
		bool differs =
			has_base && !text_equal(name, "fingerprint") && !json_equal(value, other);

		add_row(rows, name, value, other, differs);
		differences += differs;
	}
	json_object_foreach (there, name, value) {
		if (json_object_get(here, name) != NULL)
			continue;
		add_row(rows, name, NULL, value, true);
		differences++;
	}
	return differences;
}

static json_t *differences_text(size_t count)
{
	AUTO_FREE char *text = NULL;

	if (count == 0)
		return extjson_string("as the baseline's");
	text = xasprintf("%zu %s to the baseline's", count,
			 count == 1 ? "difference" : "differences");
	return extjson_string(text);
}

void view_environment(json_t *view, const struct run *run)
{
	AUTO_JSON json_t *here = extjson_object(), *there = extjson_object();
	json_t *rows = extjson_array();
	bool has_base = run->past.environment != NULL;
	size_t differences;

	flatten(here, NULL, run->environment, 0);
	flatten(there, NULL, run->past.environment, 0);
	differences = compare(rows, here, there, has_base);
	add_own(rows, run);
	extjson_set(view, "has_environment", json_boolean(json_array_size(rows) > 0));
	extjson_set(view, "environment_base", json_boolean(has_base));
	extjson_set(view, "differs", json_boolean(differences > 0));
	extjson_set(view, "differences", has_base ? differences_text(differences) : json_null());
	extjson_set(view, "environment", rows);
}
