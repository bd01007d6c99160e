#include "perfgate/scenario/suite.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/text.h"
#include "perfgate/scenario/store.h"
#include "perfgate/template/template.h"

#include <math.h>
#include <string.h>

#define BUILTIN_NAME "config/suite.yml"
#define NS_PER_DAY (24 * 3600 * NS_PER_S)

static int load_builtin(struct suite_store *store, struct error *err)
{
	const struct embedded_file *file = template_embedded(BUILTIN_NAME);

	if (!file)
		return error_set(err, ERROR_INTERNAL, "%s is not embedded", BUILTIN_NAME);
	return extyaml_parse(file->data, file->length, "built-in suite.yml", &store->builtin, err);
}

static const char *folder_of(struct arena *arena, const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (!slash)
		return ".";
	return slash == file ? "/" : arena_strndup(arena, file, (size_t)(slash - file));
}

/* --- data: the user's sets replace built-in ones of the same name --- */

static int add_set(struct suite_store *store, const struct yaml_node *key,
		   const struct yaml_node *node, struct error *err)
{
	if (text_equal(key->text, "user"))
		return extyaml_error(key, err,
				     "data: 'user' means the virtual user; choose another "
				     "name");
	if (text_equal(key->text, "capture"))
		return extyaml_error(key, err,
				     "data: 'capture' means what a journey captured; choose "
				     "another name");
	if (!*key->text || strpbrk(key->text, ".()}, \t"))
		return extyaml_error(key, err, "data: `%s` is no name for ${…}", key->text);
	return data_compile(&store->arena, key->text, node, store->folder,
			    &store->sets[store->n_sets++], err);
}

static int load_data(struct suite_store *store, const struct yaml_node *user, struct error *err)
{
	const struct yaml_node *builtin = extyaml_get(extyaml_root(store->builtin), "data");
	size_t i, user_count = user ? user->count : 0;

	if (user && extyaml_expect(user, YAML_MAPPING, "data", err))
		return -1;
	store->sets = arena_alloc(&store->arena, user_count + (builtin ? builtin->count : 0),
				  sizeof(*store->sets));
	for (i = 0; i < user_count; i++)
		if (add_set(store, user->keys[i], user->items[i], err))
			return -1;
	for (i = 0; builtin && i < builtin->count; i++)
		if (!extyaml_get(user, builtin->keys[i]->text) &&
		    add_set(store, builtin->keys[i], builtin->items[i], err))
			return -1;
	return 0;
}

/* --- profiles --- */

static int load_profiles(struct suite *suite, const struct settings *settings, struct error *err)
{
	const struct yaml_node *builtin = extyaml_root(suite->store->builtin);

	if (settings->profiles && settings->requests.count)
		return extyaml_error(settings->profiles, err,
				     "profiles: and requests: are two ways to say it; keep one");
	if (settings->profiles)
		return profiles_compile(suite, settings->profiles, err);
	if (settings->requests.count)
		return profiles_from_requests(suite, settings, err);
	if (settings_measures_reference(settings))
		return profiles_compile(suite, extyaml_get(builtin, "profiles"), err);
	return error_set(err, ERROR_USAGE,
			 "no requests for this target: add the line `requests: [GET /]` (or "
			 "profiles:) to %s, or give --requests 'GET /'",
			 settings->file ? settings->file : "ci_cd_config.yml");
}

/* --- scenarios --- */

/* "smoke_test" is "smoke". */
static const char *plain_name(struct arena *arena, const char *name)
{
	size_t length = strlen(name);

	if (length > 5 && text_ends_with(name, "_test"))
		return arena_strndup(arena, name, length - 5);
	return name;
}

static bool same_scenario(const char *a, const char *b)
{
	AUTO(arena) struct arena arena = {0};

	return text_equal(plain_name(&arena, a), plain_name(&arena, b));
}

static const struct yaml_node *find_override(const struct yaml_node *user, const char *name)
{
	size_t i;

	for (i = 0; user && i < user->count; i++)
		if (same_scenario(user->keys[i]->text, name))
			return user->items[i];
	return NULL;
}

static int check_names(const struct yaml_node *user, struct error *err)
{
	size_t i, j;

	if (extyaml_expect(user, YAML_MAPPING, "scenarios", err))
		return -1;
	for (i = 0; i < user->count; i++) {
		const char *name = user->keys[i]->text;

		if (!*name || strlen(name) > 64 ||
		    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-")])
			return extyaml_error(user->keys[i], err,
					     "scenario `%s`: letters, digits, _ and - make a name",
					     name);
		if (text_ends_with(name, "-capacity"))
			return extyaml_error(user->keys[i], err,
					     "scenario `%s`: -capacity is kept for the phase that "
					     "perfgate adds",
					     name);
		for (j = 0; j < i; j++)
			if (same_scenario(name, user->keys[j]->text))
				return extyaml_error(user->keys[i], err,
						     "scenario `%s` is given twice (with and "
						     "without _test)",
						     name);
	}
	return 0;
}

static int load_scenarios(struct suite *suite, const struct yaml_node *user, struct error *err)
{
	struct arena *arena = &suite->store->arena;
	const struct yaml_node *builtin =
		extyaml_get(extyaml_root(suite->store->builtin), "scenarios");
	size_t i, most = builtin->count + (user ? user->count : 0);

	if (user && check_names(user, err))
		return -1;
	suite->scenarios = arena_alloc(arena, most, sizeof(*suite->scenarios));
	for (i = 0; i < builtin->count; i++) {
		const char *name = builtin->keys[i]->text;

		if (scenario_compile(suite, name, builtin->items[i], find_override(user, name),
				     &suite->scenarios[suite->n_scenarios], err))
			return -1;
		suite->n_scenarios++;
	}
	for (i = 0; user && i < user->count; i++) {
		const char *name = plain_name(arena, user->keys[i]->text);

		if (find_override(builtin, name))
			continue;
		if (scenario_compile(suite, name, NULL, user->items[i],
				     &suite->scenarios[suite->n_scenarios], err))
			return -1;
		suite->n_scenarios++;
	}
	return 0;
}

/* --- the whole --- */

int suite_load(const struct settings *settings, const struct suite_options *options,
	       struct suite **out, struct error *err)
{
	AUTO(suite) struct suite *suite = xcalloc(1, sizeof(*suite));
	struct suite_store *store = suite->store = xcalloc(1, sizeof(*store));

	store->options = *options;
	if (!(store->options.duration_scale > 0))
		store->options.duration_scale = 1;
	store->spawn_rate = settings->load_spawn_rate;
	store->folder = folder_of(&store->arena, settings->file);
	store->today = clock_wall_ns() / NS_PER_DAY;
	store->tasks = extjson_object();
	if (load_builtin(store, err) || load_data(store, settings->data, err) ||
	    suite_collect_tasks(suite, settings, err) || load_profiles(suite, settings, err) ||
	    suite_check_tasks(suite, settings, err) ||
	    load_scenarios(suite, settings->scenarios, err))
		return -1;
	suite->n_captures = store->captures.n;
	*out = TAKE(suite);
	return 0;
}

void suite_free(struct suite *suite)
{
	if (!suite)
		return;
	json_decref(suite->store->tasks);
	extyaml_free(suite->store->builtin);
	arena_release(&suite->store->arena);
	free(suite->store);
	free(suite);
}

const struct scenario *suite_find(const struct suite *suite, const char *name, struct error *err)
{
	const char *names[64] = {0}, *near;
	size_t i;

	for (i = 0; i < suite->n_scenarios; i++)
		if (same_scenario(suite->scenarios[i].name, name))
			return &suite->scenarios[i];
	for (i = 0; i < suite->n_scenarios && i + 1 < ARRAY_SIZE(names); i++)
		names[i] = suite->scenarios[i].name;
	near = text_suggest(name, names);
	if (near)
		error_set(err, ERROR_USAGE, "unknown scenario `%s`: did you mean `%s`?", name,
			  near);
	else
		error_set(err, ERROR_USAGE,
			  "unknown scenario `%s`; there are smoke, load, stress, spike, endurance "
			  "and those of scenarios:",
			  name);
	return NULL;
}
