#include "perfgate/scenario/store.h"

#include "perfgate/base/clock.h"
#include "perfgate/base/units.h"

#include <math.h>
#include <string.h>

#define DEFAULT_TIMEOUT_NS (30 * NS_PER_S)
#define DEFAULT_PAUSE_NS (30 * NS_PER_S)
#define MAX_TIMEOUT_NS (3600 * NS_PER_S)
#define MAX_ABORT_WINDOW_NS (600 * NS_PER_S)

static const char *const scenario_keys[] = {"purpose",	"users",   "rate",	"spawn_rate",
					    "duration", "stages",  "warmup",	"pause",
					    "timeout",	"gates",   "endpoints", "think_scale",
					    "abort_on", "arrival", "max_users", NULL};

static int check_keys(const struct yaml_node *node, const char *name, struct error *err)
{
	if (!node)
		return 0;
	if (extyaml_expect(node, YAML_MAPPING, name, err))
		return -1;
	return extyaml_check_keys(node, scenario_keys, name, err);
}

/* `{error_rate: 50% for 10s}` */
static int read_abort(struct arena *arena, const struct yaml_node *node, struct scenario *out,
		      struct error *err)
{
	static const char *const keys[] = {"error_rate", NULL};
	const struct yaml_node *rule;
	const char *middle, *why = "";

	if (extyaml_expect(node, YAML_MAPPING, "abort_on", err) ||
	    extyaml_check_keys(node, keys, "abort_on", err))
		return -1;
	rule = extyaml_get(node, "error_rate");
	if (!rule)
		return extyaml_error(node, err, "abort_on: name error_rate:");
	if (extyaml_expect(rule, YAML_SCALAR, "error_rate", err))
		return -1;
	middle = strstr(rule->text, " for ");
	if (!middle)
		return extyaml_error(rule, err,
				     "error_rate: write a limit and for how long: "
				     "50%% for 10s");
	if (units_parse_fraction(value_trim(arena, rule->text, (size_t)(middle - rule->text)),
				 &out->abort_error_rate, &why) ||
	    units_parse_duration_ns(value_trim(arena, middle + 5, strlen(middle + 5)), 0,
				    &out->abort_window_ns, &why))
		return extyaml_error(rule, err, "error_rate: `%s`: %s", rule->text, why);
	if (!(out->abort_error_rate >= 0 && out->abort_error_rate < 1))
		return extyaml_error(rule, err, "error_rate: a limit from 0 to below 100%%");
	if (out->abort_window_ns < NS_PER_S || out->abort_window_ns > MAX_ABORT_WINDOW_NS ||
	    out->abort_window_ns % NS_PER_S)
		return extyaml_error(rule, err, "error_rate: whole seconds, from 1s to 10m");
	return 0;
}

/* The plain values of one layer; later layers win key by key. */
static int read_values(struct arena *arena, const struct yaml_node *layer, struct scenario *out,
		       struct error *err)
{
	const struct yaml_node *purpose = extyaml_get(layer, "purpose");
	const struct yaml_node *pause = extyaml_get(layer, "pause");
	const struct yaml_node *timeout = extyaml_get(layer, "timeout");
	const struct yaml_node *think = extyaml_get(layer, "think_scale");
	const struct yaml_node *abort_on = extyaml_get(layer, "abort_on");

	if (purpose) {
		if (extyaml_expect(purpose, YAML_SCALAR, "purpose", err))
			return -1;
		out->purpose = arena_strdup(arena, purpose->text);
	}
	if ((pause && value_duration(pause, "pause", MAX_TIMEOUT_NS, &out->pause_ns, err)) ||
	    (timeout &&
	     value_duration(timeout, "timeout", MAX_TIMEOUT_NS, &out->timeout_ns, err)) ||
	    (think && value_number(think, "think_scale", 0, 1000, &out->think_scale, err)) ||
	    (abort_on && read_abort(arena, abort_on, out, err)))
		return -1;
	if (timeout && !out->timeout_ns)
		return extyaml_error(timeout, err, "timeout: must be above 0");
	return 0;
}

int scenario_compile(struct suite *suite, const char *name, const struct yaml_node *builtin,
		     const struct yaml_node *user, struct scenario *out, struct error *err)
{
	struct arena *arena = &suite->store->arena;
	struct scenario scenario = {.name = name,
				    .purpose = "",
				    .pause_ns = DEFAULT_PAUSE_NS,
				    .timeout_ns = DEFAULT_TIMEOUT_NS,
				    .think_scale = 1,
				    .abort_error_rate = NAN};
	const struct yaml_node *gates = extyaml_get(user, "gates");
	const struct yaml_node *own_gates = extyaml_get(builtin, "gates");

	gate_limits_init(&scenario.own_gates);
	gate_limits_init(&scenario.user_gates);
	if (check_keys(builtin, name, err) || check_keys(user, name, err) ||
	    read_values(arena, builtin, &scenario, err) ||
	    read_values(arena, user, &scenario, err) ||
	    stages_compile(suite->store, arena, builtin, user, &scenario, err) ||
	    (own_gates &&
	     gates_compile(arena, own_gates, "built-in suite", &scenario.own_gates, err)) ||
	    (gates && gates_compile(arena, gates, NULL, &scenario.user_gates, err)) ||
	    endpoint_gates_compile(suite, extyaml_get(user, "endpoints"), &scenario, err))
		return -1;
	*out = scenario;
	return 0;
}
