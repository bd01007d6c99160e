/* What only makes sense together. */
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"
#include "perfgate/config/table.h"

#include <math.h>

/* The row that stores into `member`, a part of *settings. */
static const struct setting_row *row_of(const struct settings *settings, const void *member)
{
	size_t offset = (size_t)((const char *)member - (const char *)settings);
	const struct setting_row *row = setting_table;
	while (row < setting_table + setting_table_count && row->offset != offset)
		row++;
	return row < setting_table + setting_table_count ? row : NULL;
}

/* Who set `member`; NULL when nobody did. */
static const char *origin_of(const struct settings *settings, const void *member)
{
	const struct setting_row *row = row_of(settings, member);
	return row != NULL ? setting_origin(settings, row) : NULL;
}

static bool is_default(const struct settings *settings, const void *member)
{
	const char *origin = origin_of(settings, member);
	return origin != NULL && text_equal(origin, "default");
}

static void resolve_gate(struct settings *settings, enum metric metric)
{
	struct gate_limits *gates = &settings->gates;
	struct gate_limits *env_gates = &settings->env_gates;
	bool own = origin_of(settings, &settings->gate_enforce[metric]) != NULL;
	bool warn = (own ? settings->gate_enforce[metric] : settings->enforce) == ENFORCE_WARN;
	gates->warn[metric] = warn;
	gates->origin[metric] = is_default(settings, &gates->limit[metric])
					? NULL
					: origin_of(settings, &gates->limit[metric]);
	env_gates->warn[metric] = warn;
	env_gates->origin[metric] = origin_of(settings, &env_gates->limit[metric]);
}

bool settings_measures_reference(const struct settings *settings)
{
	const struct target_settings *target = &settings->target;
	return target->kind == TARGET_REFERENCE ||
	       (target->kind == TARGET_URL && target->reference) ||
	       (target->kind == TARGET_COMMAND &&
		text_starts_with(target->command, "perfgate serve "));
}

/* As a gate: its own word, else that of `enforce`. */
static void resolve_regression(struct settings *settings)
{
	if (origin_of(settings, &settings->regression_enforce) == NULL)
		settings->regression_enforce = settings->enforce;
}

/* Somebody else's API need not have a cache: the default must not demand one. */
static void resolve_cache_gate(struct settings *settings)
{
	double *limit = &settings->gates.limit[METRIC_CACHE_HIT_RATE];
	bool has_cache = settings_measures_reference(settings) ||
			 !is_default(settings, &settings->target.cache_from);
	const char *why = NULL;
	if (!is_default(settings, limit))
		return;
	if (!has_cache || units_parse_number(row_of(settings, limit)->fallback, limit, &why) != 0)
		*limit = NAN;
}

static void resolve_ready(struct settings *settings)
{
	struct target_settings *target = &settings->target;
	const char **origin =
		&settings->store->origins[row_of(settings, &target->ready) - setting_table];
	target->ready_given = *origin != NULL && !text_equal(*origin, "default");
	if (target->ready_given)
		return;
	target->ready = settings_measures_reference(settings) ? "/health/readiness" : "/";
	*origin = "default";
}

void settings_resolve(struct settings *settings)
{
	resolve_ready(settings);
	for (size_t i = 0; i < METRIC_COUNT; i++)
		resolve_gate(settings, (enum metric)i);
	resolve_cache_gate(settings);
	resolve_regression(settings);
}

static bool has_limit(const struct gate_limits *limits)
{
	for (size_t i = 0; i < METRIC_COUNT; i++)
		if (!isnan(limits->limit[i]))
			return true;
	return false;
}

static bool sets_something(const struct yaml_node *mapping)
{
	if (mapping == NULL || mapping->kind != YAML_MAPPING)
		return false;
	for (size_t i = 0; i < mapping->count; i++)
		if (!extyaml_is_null(mapping->items[i]))
			return true;
	return false;
}

static bool scenario_has_gate(const struct settings *settings)
{
	const struct yaml_node *scenarios = settings->scenarios;
	for (size_t i = 0; scenarios != NULL && i < scenarios->count; i++)
		if (sets_something(extyaml_get(scenarios->items[i], "gates")) ||
		    sets_something(extyaml_get(scenarios->items[i], "endpoints")))
			return true;
	return false;
}

static int check_service(const struct settings *settings, const char *const *url,
			 const char *(*check)(const char *text), struct error *err)
{
	const struct setting_row *row = row_of(settings, url);
	const char *why = *url != NULL ? check(*url) : NULL;
	if (why == NULL)
		return 0;
	return error_set(err, ERROR_USAGE, "%s: %s: %s", setting_origin(settings, row), row->key,
			 why);
}

static const char *target_name(const struct target_settings *target)
{
	return target->kind == TARGET_URL ? target->url_shown : "command";
}

int settings_validate(const struct settings *settings, struct error *err)
{
	const char *file = settings->file != NULL ? settings->file : "ci_cd_config.yml";
	if (!has_limit(&settings->gates) && !has_limit(&settings->env_gates) &&
	    !scenario_has_gate(settings))
		return error_set(err, ERROR_USAGE,
				 "%s: no gate configured: everything would pass; add "
				 "`performance_gates:` and `  max_p95_response_time: 2000`",
				 file);
	/* Only the reference API uses them: a DATABASE_URL of anything else does not concern us. */
	if (settings->target.kind == TARGET_REFERENCE) {
		if (check_service(settings, &settings->database_url, check_database, err) != 0)
			return -1;
		return check_service(settings, &settings->redis_url, check_redis, err);
	}
	if (settings->requests.count == 0 && settings->profiles == NULL &&
	    !settings_measures_reference(settings))
		return error_set(err, ERROR_USAGE,
				 "target %s: which requests should it get? Add to %s the two lines "
				 "`requests:` and `  - GET /`, or give --requests 'GET /'",
				 target_name(&settings->target), file);
	return 0;
}
