#include "perfgate/api/inject.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/mem.h"
#include "perfgate/base/rng.h"
#include "perfgate/base/text.h"
#include "perfgate/base/units.h"

#include <assert.h>
#include <string.h>

#define SEED 20130101

static int parse_share(const char *text, double *out, const char **why)
{
	if (!text_ends_with(text, "%")) {
		*why = "write a percentage such as 5%";
		return -1;
	}
	if (units_parse_fraction(text, out, why) < 0)
		return -1;
	if (*out < 0 || *out > 1) {
		*why = "write 0%..100%";
		return -1;
	}
	return 0;
}

static int parse_latency(const char *value, struct inject_rule *rule, const char **why)
{
	if (text_ends_with(value, "%"))
		return units_parse_fraction(value, &rule->share, why) < 0 || rule->share < 0 ? -1
											     : 0;
	return units_parse_duration_ns(value, 0, &rule->delay_ns, why) < 0 || rule->delay_ns < 0
		       ? -1
		       : 0;
}

static int parse_tail(const char *value, struct inject_rule *rule, const char **why)
{
	const char *colon = strchr(value, ':');
	AUTO_FREE char *share = NULL, *factor = NULL;

	*why = "write SHARE:FACTOR as in 5%:2x";
	if (!colon || !text_ends_with(colon, "x"))
		return -1;
	share = xstrndup(value, (size_t)(colon - value));
	factor = xstrndup(colon + 1, strlen(colon) - 2);
	if (parse_share(share, &rule->share, why) < 0 ||
	    units_parse_number(factor, &rule->factor, why) < 0)
		return -1;
	if (rule->factor < 1) {
		*why = "the factor must be at least 1";
		return -1;
	}
	return 0;
}

static int parse_probability(const char *value, struct inject_rule *rule, const char **why)
{
	return parse_share(value, &rule->share, why);
}

static const struct {
	const char *name;
	int (*parse)(const char *value, struct inject_rule *rule, const char **why);
} kinds[] = {
	[INJECT_LATENCY] = {"latency", parse_latency},
	[INJECT_TAIL] = {"tail", parse_tail},
	[INJECT_ERRORS] = {"errors", parse_probability},
	[INJECT_CACHE_MISS] = {"cache-miss", parse_probability},
};
static_assert(ARRAY_SIZE(kinds) == INJECT_KIND_COUNT, "one row per kind");

static int find_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (int)i;
	return -1;
}

static bool same_route(const char *given, const char *path)
{
	size_t a = strlen(given), b = strlen(path);

	a -= a > 1 && given[a - 1] == '/';
	b -= b > 1 && path[b - 1] == '/';
	return a == b && memcmp(given, path, a) == 0;
}

static int find_route(const char *given, const char *const *paths, int *out, struct error *err)
{
	const char *close;

	for (int i = 0; paths[i]; i++)
		if (same_route(given, paths[i])) {
			*out = i;
			return 0;
		}
	close = text_suggest(given, paths);
	return error_set(err, ERROR_USAGE, "the API has no route %s%s%s%s", given,
			 close ? ": did you mean " : "", close ? close : "", close ? "?" : "");
}

int inject_add(struct inject *inject, const char *text, const char *const *paths, struct error *err)
{
	const char *equals = strchr(text, '=');
	const char *at = strchr(text, '@');
	struct inject_rule rule = {.route = -1};
	const char *why = "out of range";
	AUTO_FREE char *name = NULL, *value = NULL;
	int kind;

	if (inject->count == INJECT_MAX)
		return error_set(err, ERROR_USAGE, "--inject may be given %d times", INJECT_MAX);
	if (!equals || (at && at < equals))
		return error_set(err, ERROR_USAGE,
				 "--inject %s: write KIND=VALUE[@ROUTE], as in latency=20%%", text);
	name = xstrndup(text, (size_t)(equals - text));
	value = at ? xstrndup(equals + 1, (size_t)(at - equals) - 1) : xstrdup(equals + 1);
	kind = find_kind(name);
	if (kind < 0)
		return error_set(err, ERROR_USAGE,
				 "--inject %s: there are latency, tail, errors and cache-miss",
				 text);
	rule.kind = (enum inject_kind)kind;
	if (kinds[kind].parse(value, &rule, &why) < 0)
		return error_set(err, ERROR_USAGE, "--inject %s: %s", text, why);
	if (at && find_route(at + 1, paths, &rule.route, err) < 0)
		return error_wrap(err, "--inject %s", text);
	inject->rules[inject->count++] = rule;
	return 0;
}

static bool applies(const struct inject_rule *rule, int route, const char *path)
{
	return rule->route < 0 ? text_starts_with(path, "/predict/") : rule->route == route;
}

static bool draw(struct inject *inject, double probability)
{
	struct rng rng;

	rng_seed(&rng, SEED, atomic_fetch_add(&inject->draws, 1));
	return rng_double(&rng) < probability;
}

int64_t inject_draw_delay_ns(struct inject *inject, int route, const char *path, int64_t own_ns)
{
	double total_ns = 0;

	for (size_t i = 0; i < inject->count; i++) {
		const struct inject_rule *rule = &inject->rules[i];

		if (!applies(rule, route, path))
			continue;
		if (rule->kind == INJECT_LATENCY)
			total_ns += (double)rule->delay_ns + rule->share * (double)own_ns;
		else if (rule->kind == INJECT_TAIL && draw(inject, rule->share))
			total_ns += (rule->factor - 1) * (double)own_ns;
	}
	return (int64_t)total_ns;
}

static bool draw_kind(struct inject *inject, enum inject_kind kind, int route, const char *path)
{
	bool hit = false;

	for (size_t i = 0; i < inject->count; i++)
		if (inject->rules[i].kind == kind && applies(&inject->rules[i], route, path))
			hit |= draw(inject, inject->rules[i].share);
	return hit;
}

bool inject_draw_error(struct inject *inject, int route, const char *path)
{
	return draw_kind(inject, INJECT_ERRORS, route, path);
}

bool inject_draw_cache_miss(struct inject *inject, int route, const char *path)
{
	return draw_kind(inject, INJECT_CACHE_MISS, route, path);
}
